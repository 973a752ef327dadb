/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Swin's patch merging and its layer norm: the four pixels of a 2 x 2 cell side by side,
 * in the order (row, column) = (0,0), (1,0), (0,1), (1,1), normalised as one row
 * (layer_norm.comp).  Pixels that an odd map lacks are zero before the norm.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "grid.glsl"
#include "norm.glsl"

layout (push_constant) uniform Push { PatchMergeArgs args; };

const uint PARTS = 4;

/* Where the four pixels of the cell begin, and whether the map has them. */
uint from[PARTS];
bool inside[PARTS];

vec4
load_part (uint part, uint at)
{
  return inside[part] ? load_x (from[part] + at) : vec4 (0.0);
}

void
main ()
{
  const uint cell = row_of_group () * gl_WorkGroupSize.y + gl_LocalInvocationID.y;
  const uint cells_across = (args.width + 1) / 2;
  const uint top = cell / cells_across * 2, left = cell % cells_across * 2;
  /* Cells past the end take part in the sums with nothing. */
  const uint columns = top < args.height ? args.columns : 0;
  for (uint part = 0; part < PARTS; part++) {
    const uint row = top + part % 2, column = left + part / 2;
    inside[part] = row < args.height && column < args.width;
    from[part] = inside[part] ? (row * args.width + column) * args.columns : 0;
  }

  float sum = 0.0;
  for (uint part = 0; part < PARTS; part++)
    FOR_OWN_PIECES (i, columns)
      sum += sum_of_piece (load_part (part, i));
  const float mean = sum_over_lanes (sum) / float (PARTS * args.columns);

  /* Each pixel by itself: those of a missing one are all the same small number, and would
   * all round the same way when added to a large sum. */
  float squares = 0.0;
  for (uint part = 0; part < PARTS; part++) {
    float squares_of_part = 0.0;
    FOR_OWN_PIECES (i, columns)
      squares_of_part = add_squares (load_part (part, i), mean, squares_of_part);
    squares += squares_of_part;
  }
  const float variance = sum_over_lanes (squares) / float (PARTS * args.columns);
  const float scale = 1.0 / sqrt (variance + args.epsilon);

  for (uint part = 0; part < PARTS; part++)
    FOR_OWN_PIECES (i, columns) {
      const uint at = part * args.columns + i;
      store_y (cell * PARTS * args.columns + at, weigh ((load_part (part, i) - mean) * scale, at));
    }
}
