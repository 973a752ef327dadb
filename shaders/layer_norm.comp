/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Layer norm over the columns of [rows, columns]; a workgroup has one row.  The
 * variance is taken in a second pass over the row (it is in the nearest cache by
 * then), so a large mean costs no digits.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "grid.glsl"

layout (local_size_x_id = SPEC_LOCAL_X) in;
#include "reduce.glsl"

layout (push_constant) uniform Push { LayerNormArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Y { float y[]; };
layout (set = 0, binding = 1) readonly restrict buffer X { float x[]; };
layout (set = 0, binding = 2) readonly restrict buffer Weight { float weight[]; };
layout (set = 0, binding = 3) readonly restrict buffer Bias { float bias[]; };

void
main ()
{
  const uint row = row_of_group ();
  if (row >= args.rows)
    return;
  const uint first = row * args.columns;

  float sum = 0.0;
  for (uint i = gl_LocalInvocationID.x; i < args.columns; i += gl_WorkGroupSize.x)
    sum += x[first + i];
  const float mean = workgroup_sum (sum) / float (args.columns);

  float squares = 0.0;
  for (uint i = gl_LocalInvocationID.x; i < args.columns; i += gl_WorkGroupSize.x) {
    const float centred = x[first + i] - mean;
    squares = fma (centred, centred, squares);
  }
  const float variance = workgroup_sum (squares) / float (args.columns);
  const float scale = 1.0 / sqrt (variance + args.epsilon);

  for (uint i = gl_LocalInvocationID.x; i < args.columns; i += gl_WorkGroupSize.x) {
    float value = (x[first + i] - mean) * scale * weight[i] + bias[i];
    if (args.limit > 0.0)
      value = clamp (value, -args.limit, args.limit);
    y[first + i] = value;
  }
}
