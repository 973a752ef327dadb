/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The elementwise end of DyConv: the branches' weighted sum f, the coarse branch
 * enlarged on the fly, then max (a1 f + b1, a2 f + b2).  Lanes run along channels; an
 * invocation keeps its channel's eight coefficients for PIXELS pixels in a row, which
 * are all of one level.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "interface.h"
#include "pyramid.glsl"
#include "upsample.glsl"

layout (local_size_x_id = SPEC_LOCAL_X, local_size_y_id = SPEC_LOCAL_Y) in;

layout (push_constant) uniform Push { DyheadMergeArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Out { float merged[]; };
layout (set = 0, binding = 1) readonly restrict buffer Coefficients { float coefficients[]; };
layout (set = 0, binding = 2) readonly restrict buffer Branches { float branches[]; };

/* `map` is the row of `branches` at which the coarse map begins. */
float
enlarged (Between y, Between x, uint map, uint width, uint column)
{
  const uint row0 = map + y.low * width, row1 = map + y.high * width;
  const float value00 = branches[(row0 + x.low) * args.columns + column];
  const float value01 = branches[(row0 + x.high) * args.columns + column];
  const float value10 = branches[(row1 + x.low) * args.columns + column];
  const float value11 = branches[(row1 + x.high) * args.columns + column];
  const float above = value00 + x.fraction * (value01 - value00);
  const float below = value10 + x.fraction * (value11 - value10);
  return above + y.fraction * (below - above);
}

void
main ()
{
  const uint column = gl_WorkGroupID.x * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  uint tile = gl_WorkGroupID.y * gl_WorkGroupSize.y + gl_LocalInvocationID.y;
  const Level finest = first_level (args.height, args.width), second = next_level (finest);
  const Level level = level_of_tile (finest, tile, MERGE_PIXELS), coarse = next_level (level);
  if (column >= args.columns || level.index >= args.levels)
    return;
  const bool has_low = level.index > 0, has_high = level.index + 1 < args.levels;
  float coefficient[COEFFICIENTS];
  [[unroll]] for (uint i = 0; i < COEFFICIENTS; i++)
    coefficient[i] = coefficients[(level.index * COEFFICIENTS + i) * args.columns + column];

  /* Branch low begins after mid, high after low; both begin with the second level. */
  const uint low_at = args.rows + level.first - second.first;
  const uint high_at = 2 * args.rows + coarse.first - 2 * second.first;
  const float ratio_y = enlargement_ratio (coarse.height, level.height);
  const float ratio_x = enlargement_ratio (coarse.width, level.width);
  const uint begin = tile * MERGE_PIXELS;
  const uint end = min (begin + MERGE_PIXELS, count_pixels (level));
  uint map_row = begin / level.width, map_column = begin % level.width;
  Between y = enlarge (map_row, ratio_y, coarse.height);
  for (uint pixel = begin; pixel < end; pixel++) {
    const uint at = (level.first + pixel) * args.columns + column;
    float f = fma (coefficient[0], branches[at], coefficient[3]);
    if (has_low)
      f = fma (coefficient[1], branches[(low_at + pixel) * args.columns + column], f);
    if (has_high) {
      const Between x = enlarge (map_column, ratio_x, coarse.width);
      f = fma (coefficient[2], enlarged (y, x, high_at, coarse.width, column), f);
    }
    merged[at] = max (
        fma (coefficient[4], f, coefficient[5]), fma (coefficient[6], f, coefficient[7]));
    map_column++;
    if (map_column == level.width) {
      map_column = 0;
      map_row++;
      y = enlarge (map_row, ratio_y, coarse.height);
    }
  }
}
