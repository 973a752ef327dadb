/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Moments of the raw branches of DyConv, by chunks of MOMENTS_CHUNK rows of one map of
 * one branch: [chunks][MOMENTS_NUMBERS][columns] of the mean, the sum of squared
 * deviations from it, the weighted sum of deviations from it, the sum of weights and
 * the origin, the channel's value at the map's first pixel, which the mean counts from.
 * The chunks of mid come first, then those of low, then those of high.
 *
 * The mean of an enlarged map is a weighted mean of the small one, and the weight of a
 * pixel is a product of one number an axis; only high has such weights.
 *
 * A workgroup has 32 channels of a chunk: each row of invocations takes a run of the
 * chunk's rows in two passes, then the first row merges the runs.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "moments.glsl"
#include "pyramid.glsl"
#include "upsample.glsl"

layout (local_size_x = 32, local_size_y = 8) in;

layout (push_constant) uniform Push { MomentsArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Partials { float partials[]; };
layout (set = 0, binding = 1) readonly restrict buffer X { float x[]; };

const uint LANES = 32, RUNS = 8;
const uint RUN_ROWS = MOMENTS_CHUNK / RUNS;

shared Moments runs[RUNS * LANES];
shared float weights[MOMENTS_CHUNK];

/* A chunk's rows are [first, end) of the map that begins at row `map` of x. */
struct Chunk {
  bool weighted;
  Level level;
  uint map, first, end;
};

Chunk
find_chunk (uint chunk)
{
  const Level finest = first_level (args.height, args.width), second = next_level (finest);
  Chunk found;
  uint tile = chunk, rows = 0;
  found.weighted = false;
  if (chunk < args.mid_chunks) {
    found.level = level_of_tile (finest, tile, MOMENTS_CHUNK);
    found.map = found.level.first;
  } else {
    tile -= args.mid_chunks;
    found.map = args.mid_rows;
    if (tile >= args.low_chunks) {
      tile -= args.low_chunks;
      found.map += args.mid_rows - second.first;
      found.weighted = true;
    }
    found.level = level_of_tile (second, tile, MOMENTS_CHUNK);
    found.map += found.level.first - second.first;
  }
  found.first = tile * MOMENTS_CHUNK;
  found.end = min (found.first + MOMENTS_CHUNK, count_pixels (found.level));
  return found;
}

/* A lane a pixel: how much of the enlarged map's mean the chunk's pixels are. */
void
find_weights (Chunk chunk)
{
  const Level target = find_level (args.height, args.width, chunk.level.index - 1);
  for (uint i = gl_LocalInvocationIndex; i < chunk.end - chunk.first; i += LANES * RUNS) {
    const uint pixel = chunk.first + i;
    const uint row = pixel / chunk.level.width, column = pixel % chunk.level.width;
    weights[i] = enlarged_share (row, chunk.level.height, target.height) *
        enlarged_share (column, chunk.level.width, target.width);
  }
}

Moments
take_run (Chunk chunk, uint run, uint column, float origin)
{
  const uint first = min (chunk.first + run * RUN_ROWS, chunk.end);
  const uint end = min (first + RUN_ROWS, chunk.end);
  if (first == end)
    return NO_MOMENTS;
  const uint start = (chunk.map + first) * args.columns + column;
  float sum = 0.0;
  uint at = start;
  for (uint i = first; i < end; i++, at += args.columns)
    sum += x[at] - origin;
  Moments moments = NO_MOMENTS;
  moments.count = float (end - first);
  moments.mean = sum / moments.count;
  at = start;
  for (uint i = first; i < end; i++, at += args.columns) {
    const float deviation = (x[at] - origin) - moments.mean;
    moments.squares = fma (deviation, deviation, moments.squares);
    if (chunk.weighted) {
      const float weight = weights[i - chunk.first];
      moments.weighted = fma (weight, deviation, moments.weighted);
      moments.weight_sum += weight;
    }
  }
  return moments;
}

void
main ()
{
  const uint lane = gl_LocalInvocationID.x, run = gl_LocalInvocationID.y;
  const uint column = gl_WorkGroupID.x * LANES + lane;
  const Chunk chunk = find_chunk (gl_WorkGroupID.y);
  if (chunk.weighted)
    find_weights (chunk);
  barrier (); /* everybody reads the weights */

  const uint column_inside = min (column, args.columns - 1);
  const float origin = x[chunk.map * args.columns + column_inside];
  Moments sum = take_run (chunk, run, column_inside, origin);
  runs[run * LANES + lane] = sum;
  barrier (); /* the first row reads what the others took */

  if (run > 0 || column >= args.columns)
    return;
  for (uint i = 1; i < RUNS; i++)
    sum = merge (sum, runs[i * LANES + lane]);
  const uint out_at = gl_WorkGroupID.y * MOMENTS_NUMBERS * args.columns + column;
  partials[out_at] = sum.mean;
  partials[out_at + args.columns] = sum.squares;
  partials[out_at + 2 * args.columns] = sum.weighted;
  partials[out_at + 3 * args.columns] = sum.weight_sum;
  partials[out_at + 4 * args.columns] = origin;
}
