/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * FPN's top-down path: the fine map plus the coarse map enlarged to its size by
 * nearest neighbours.  A workgroup has one pixel.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "grid.glsl"

layout (local_size_x_id = SPEC_LOCAL_X) in;

layout (push_constant) uniform Push { UpsampleAddArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Y { float y[]; };
layout (set = 0, binding = 1) readonly restrict buffer Fine { float fine[]; };
layout (set = 0, binding = 2) readonly restrict buffer Coarse { float coarse[]; };

void
main ()
{
  const uint pixel = row_of_group ();
  const uint row = pixel / args.width, column = pixel % args.width;
  if (row >= args.height)
    return;
  const uint source = row * args.coarse_height / args.height * args.coarse_width +
      column * args.coarse_width / args.width;
  for (uint i = gl_LocalInvocationID.x; i < args.columns; i += gl_WorkGroupSize.x)
    y[pixel * args.columns + i] =
        fine[pixel * args.columns + i] + coarse[source * args.columns + i];
}
