/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Rows to unit length: x / max (||x||, 1e-12).  A workgroup a row; partial sums of
 * squares meet in shared memory.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"

layout (local_size_x = 64) in;

layout (push_constant) uniform Push { RowsArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Output { float o[]; };
layout (set = 0, binding = 1) readonly restrict buffer Input { float x[]; };

shared float partial[64];

void
main ()
{
  const uint lane = gl_LocalInvocationID.x, row = gl_WorkGroupID.x * args.columns;
  float sum = 0.0;
  for (uint i = lane; i < args.columns; i += 64)
    sum = fma (x[row + i], x[row + i], sum);
  partial[lane] = sum;
  barrier ();
  float total = 0.0;
  for (uint i = 0; i < 64; i++)
    total += partial[i];
  const float scale = 1.0 / max (sqrt (total), 1e-12);
  for (uint i = lane; i < args.columns; i += 64)
    o[row + i] = x[row + i] * scale;
}
