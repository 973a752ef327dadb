/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The elementwise end of DyConv: the branches' weighted sum f, the coarse branch
 * enlarged on the fly, then max (a1 f + b1, a2 f + b2).  Lanes run along channels; an
 * invocation keeps its channel's eight coefficients for several pixels of a row.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "types.glsl"
#include "upsample.glsl"

layout (local_size_x_id = SPEC_LOCAL_X, local_size_y_id = SPEC_LOCAL_Y) in;

layout (push_constant) uniform Push { DyheadMergeArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Out { float merged[]; };
layout (set = 0, binding = 1) readonly restrict buffer Coefficients { float coefficients[]; };
layout (set = 0, binding = 2) readonly restrict buffer Mid { float mid[]; };
layout (set = 0, binding = 3) readonly restrict buffer Low { float low[]; };
layout (set = 0, binding = 4) readonly restrict buffer High { float high[]; };

const uint PIXELS = 4; /* of an invocation */

float
enlarged (Between y, Between x, uint column)
{
  const uint row0 = y.low * args.high_width, row1 = y.high * args.high_width;
  const float value00 = high[(row0 + x.low) * args.columns + column];
  const float value01 = high[(row0 + x.high) * args.columns + column];
  const float value10 = high[(row1 + x.low) * args.columns + column];
  const float value11 = high[(row1 + x.high) * args.columns + column];
  const float above = fma (x.fraction, value01 - value00, value00);
  const float below = fma (x.fraction, value11 - value10, value10);
  return fma (y.fraction, below - above, above);
}

void
main ()
{
  const uint column = gl_WorkGroupID.x * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  const uint map_row = gl_WorkGroupID.z;
  if (column >= args.columns)
    return;
  const bool has_low = (args.branches & BRANCH_LOW) != 0;
  const bool has_high = (args.branches & BRANCH_HIGH) != 0;
  float coefficient[8];
  [[unroll]] for (uint i = 0; i < 8; i++)
    coefficient[i] = coefficients[i * args.columns + column];

  const Between y = enlarge (map_row, args.ratio_y, args.high_height);
  uint map_column =
      gl_WorkGroupID.y * gl_WorkGroupSize.y * PIXELS + gl_LocalInvocationID.y;
  for (uint i = 0; i < PIXELS && map_column < args.width; i++) {
    const uint at = (map_row * args.width + map_column) * args.columns + column;
    float f = fma (coefficient[0], mid[at], coefficient[3]);
    if (has_low)
      f = fma (coefficient[1], low[at], f);
    if (has_high) {
      const Between x = enlarge (map_column, args.ratio_x, args.high_width);
      f = fma (coefficient[2], enlarged (y, x, column), f);
    }
    merged[at] = max (
        fma (coefficient[4], f, coefficient[5]), fma (coefficient[6], f, coefficient[7]));
    map_column += gl_WorkGroupSize.y;
  }
}
