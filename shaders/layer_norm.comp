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
#include "norm.glsl"

layout (push_constant) uniform Push { LayerNormArgs args; };

void
main ()
{
  const uint row = row_of_group () * gl_WorkGroupSize.y + gl_LocalInvocationID.y;
  /* Rows past the end take part in the sums with nothing. */
  const uint columns = row < args.rows ? args.columns : 0;
  const uint first = row * columns;

  float sum = 0.0;
  FOR_OWN_PIECES (i, columns)
    sum += sum_of_piece (load_x (first + i));
  const float mean = sum_over_lanes (sum) / float (args.columns);

  float squares = 0.0;
  FOR_OWN_PIECES (i, columns)
    squares = add_squares (load_x (first + i), mean, squares);
  const float variance = sum_over_lanes (squares) / float (args.columns);
  const float scale = 1.0 / sqrt (variance + args.epsilon);

  FOR_OWN_PIECES (i, columns) {
    vec4 piece = weigh ((load_x (first + i) - mean) * scale, i);
    if (args.limit > 0.0)
      piece = clamp (piece, -args.limit, args.limit);
    store_y (first + i, piece);
  }
}
