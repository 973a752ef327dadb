/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * BERT's input: word + position + token type 0, a lane per channel.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"

layout (local_size_x = 64) in;

layout (push_constant) uniform Push { EmbedArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Output { float o[]; };
layout (set = 0, binding = 1) readonly restrict buffer Ids { uint ids[]; };
layout (set = 0, binding = 2) readonly restrict buffer Words { float words[]; };
layout (set = 0, binding = 3) readonly restrict buffer Positions { float positions[]; };
layout (set = 0, binding = 4) readonly restrict buffer Type { float type[]; };

void
main ()
{
  const uint column = gl_GlobalInvocationID.x, token = gl_WorkGroupID.y;
  if (column >= args.columns)
    return;
  const uint id = min (ids[token], args.vocabulary - 1);
  /* Only padding lies beyond the last position. */
  const uint position = min (token, args.positions - 1);
  o[token * args.columns + column] = words[id * args.columns + column] + type[column] +
      positions[position * args.columns + column];
}
