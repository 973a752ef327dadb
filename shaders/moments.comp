/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Moments of a chunk of a map's rows, an invocation per channel and chunk, lanes along
 * channels: [chunks][4][columns] of the mean, the sum of squared deviations from it,
 * the weighted sum of deviations from it, and the sum of weights.  Everything is
 * relative to the chunk's mean, and that to its first row, so that a map far from zero
 * loses no digits.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"

layout (local_size_x_id = SPEC_LOCAL_X, local_size_y_id = SPEC_LOCAL_Y) in;

layout (push_constant) uniform Push { MomentsArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Partials { float partials[]; };
layout (set = 0, binding = 1) readonly restrict buffer X { float x[]; };
layout (set = 0, binding = 2) readonly restrict buffer Weights { float weights[]; };

void
main ()
{
  const uint column = gl_WorkGroupID.x * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  const uint chunk = gl_WorkGroupID.y * gl_WorkGroupSize.y + gl_LocalInvocationID.y;
  if (column >= args.columns || chunk >= args.chunks)
    return;
  const uint first = chunk * args.chunk_rows;
  const uint end = min (first + args.chunk_rows, args.rows);
  const uint start = first * args.columns + column;

  const float origin = x[column];
  float sum = 0.0;
  uint at = start;
  for (uint i = first; i < end; i++, at += args.columns)
    sum += x[at] - origin;
  const float mean = sum / float (end - first);

  float squares = 0.0, weighted = 0.0, weight_sum = 0.0;
  at = start;
  if (args.weighted == 0) {
    for (uint i = first; i < end; i++, at += args.columns) {
      const float deviation = (x[at] - origin) - mean;
      squares = fma (deviation, deviation, squares);
    }
  } else {
    uint map_row = first / args.width, map_column = first % args.width;
    for (uint i = first; i < end; i++, at += args.columns) {
      const float deviation = (x[at] - origin) - mean;
      const float weight = weights[map_row] * weights[args.height + map_column];
      squares = fma (deviation, deviation, squares);
      weighted = fma (weight, deviation, weighted);
      weight_sum += weight;
      map_column++;
      if (map_column == args.width) {
        map_column = 0;
        map_row++;
      }
    }
  }

  const uint out_at = chunk * 4 * args.columns + column;
  partials[out_at] = mean;
  partials[out_at + args.columns] = squares;
  partials[out_at + 2 * args.columns] = weighted;
  partials[out_at + 3 * args.columns] = weight_sum;
}
