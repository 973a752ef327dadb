/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Layer norm over the columns of [rows, columns]; a workgroup has local_size_y rows of
 * local_size_x lanes.  The variance is taken in a second pass over the row (it is in
 * the nearest cache by then), so a large mean costs no digits.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "grid.glsl"

layout (local_size_x_id = SPEC_LOCAL_X, local_size_y_id = SPEC_LOCAL_Y) in;
#include "reduce.glsl"

layout (push_constant) uniform Push { LayerNormArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Y { float y[]; };
layout (set = 0, binding = 1) readonly restrict buffer X { float x[]; };
layout (set = 0, binding = 2) readonly restrict buffer Weight { float weight[]; };
layout (set = 0, binding = 3) readonly restrict buffer Bias { float bias[]; };

void
main ()
{
  const uint row = row_of_group () * gl_WorkGroupSize.y + gl_LocalInvocationID.y;
  /* Rows past the end take part in the sums with nothing. */
  const uint columns = row < args.rows ? args.columns : 0;
  const uint first = row * columns;

  float sum = 0.0;
  for (uint i = gl_LocalInvocationID.x; i < columns; i += gl_WorkGroupSize.x)
    sum += x[first + i];
  const float mean = sum_over_lanes (sum) / float (args.columns);

  float squares = 0.0;
  for (uint i = gl_LocalInvocationID.x; i < columns; i += gl_WorkGroupSize.x) {
    const float centred = x[first + i] - mean;
    squares = fma (centred, centred, squares);
  }
  const float variance = sum_over_lanes (squares) / float (args.columns);
  const float scale = 1.0 / sqrt (variance + args.epsilon);

  for (uint i = gl_LocalInvocationID.x; i < columns; i += gl_WorkGroupSize.x) {
    float value = (x[first + i] - mean) * scale * weight[i] + bias[i];
    if (args.limit > 0.0)
      value = clamp (value, -args.limit, args.limit);
    y[first + i] = value;
  }
}
