/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Sum of two tensors, a lane per element.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"

layout (local_size_x = 64) in;

layout (push_constant) uniform Push { RowsArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Output { float o[]; };
layout (set = 0, binding = 1) readonly restrict buffer A { float a[]; };
layout (set = 0, binding = 2) readonly restrict buffer B { float b[]; };

void
main ()
{
  const uint column = gl_GlobalInvocationID.x, at = gl_WorkGroupID.y * args.columns + column;
  if (column < args.columns)
    o[at] = a[at] + b[at];
}
