/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * All coefficients of DyConv's tail from the moments of its raw branches; a workgroup
 * has a level, a lane every 256th channel.  For each of up to three branches: the
 * chunks' moments merge, group norm becomes an affine map per channel, and the mean of
 * the normalised branch gives DyHead's scale attention, one number.  The mean of the
 * branches' average then goes through the two small layers of the dynamic ReLU (Chen
 * et al. 2020).  Out come, per level and channel, COEFFICIENTS numbers: the factors of
 * mid, low and high, the constant, a1, b1, a2, b2.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "moments.glsl"
#include "pyramid.glsl"
#include "types.glsl"

layout (local_size_x = 256) in;

layout (push_constant) uniform Push { DynamicReluArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Out { float coefficients[]; };
layout (set = 0, binding = 1) readonly restrict buffer Partials { float partials[]; };
/* Of mid, low, high: weight, bias. */
layout (set = 0, binding = 2) readonly restrict buffer Norms { float norms[]; };
/* Weight, then one bias. */
layout (set = 0, binding = 3) readonly restrict buffer Attention { float attention[]; };
layout (set = 0, binding = 4) readonly restrict buffer Weight0 { float fc0_weight[]; };
layout (set = 0, binding = 5) readonly restrict buffer Bias0 { float fc0_bias[]; };
layout (set = 0, binding = 6) readonly restrict buffer Weight2 { float fc2_weight[]; };
layout (set = 0, binding = 7) readonly restrict buffer Bias2 { float fc2_bias[]; };

const uint LOCAL = 256;
const uint MOST_COLUMNS = 1024;
const uint OWN = MOST_COLUMNS / LOCAL; /* channels of a lane, at most */
const float EPSILON = 1e-5;            /* of the group norm */

shared float means[MOST_COLUMNS];
shared float variances[MOST_COLUMNS];
shared float partial[LOCAL];
shared float hidden[LOCAL];

/* What a lane collects about its channels. */
struct Channel {
  float factor[3], constant, mean;
};

/* A branch's map for this level, and its first chunk. */
struct Map {
  uint pixels, chunk;
};

uint
count_chunks_before (Level first, uint index)
{
  uint chunks = 0;
  for (Level level = first; level.index < index; level = next_level (level))
    chunks += count_tiles (level, MOMENTS_CHUNK);
  return chunks;
}

Map
find_map (uint branch, uint level_index)
{
  const Level finest = first_level (args.height, args.width), second = next_level (finest);
  const uint grid = branch == BRANCH_HIGH ? level_index + 1 : level_index;
  const uint before = branch == BRANCH_MID ? count_chunks_before (finest, grid)
                                           : args.mid_chunks + count_chunks_before (second, grid);
  return Map (count_pixels (find_level (args.height, args.width, grid)),
      before + (branch == BRANCH_HIGH ? args.low_chunks : 0));
}

/* Mean and variance of a channel, and the mean that counts for the attention: the
 * enlarged map's, where there is one.  Means count from `base`, which is near them. */
float
merge_chunks (Map map, uint column, float base, bool weighted)
{
  Moments sum = NO_MOMENTS;
  uint at = map.chunk * MOMENTS_NUMBERS * args.columns + column;
  const float origin = partials[at + 4 * args.columns] - base;
  for (uint row = 0; row < map.pixels; row += MOMENTS_CHUNK) {
    const float count = float (min (map.pixels - row, MOMENTS_CHUNK));
    sum = merge (sum,
        Moments (count, partials[at], partials[at + args.columns],
            partials[at + 2 * args.columns], partials[at + 3 * args.columns]));
    at += MOMENTS_NUMBERS * args.columns;
  }
  means[column] = origin + sum.mean;
  variances[column] = sum.squares / float (map.pixels);
  return origin + (sum.mean + (weighted ? sum.weighted : 0.0));
}

/* Mean and factor of the group of a channel.  All channels of a group have as many
 * pixels, so the group's variance is the mean of their variances plus the variance of
 * their means. */
vec2
find_group (uint column)
{
  const uint channels = args.columns / args.groups;
  const uint first = column / channels * channels;
  float mean = 0.0, variance = 0.0;
  for (uint i = 0; i < channels; i++)
    mean += means[first + i];
  mean /= float (channels);
  for (uint i = 0; i < channels; i++) {
    const float deviation = means[first + i] - mean;
    variance += fma (deviation, deviation, variances[first + i]);
  }
  return vec2 (mean, 1.0 / sqrt (variance / float (channels) + EPSILON));
}

/* To be called by all lanes. */
float
sum_over_lanes (float value)
{
  const uint lane = gl_LocalInvocationID.x;
  partial[lane] = value;
  for (uint half_way = LOCAL / 2; half_way > 0; half_way /= 2) {
    barrier (); /* each step reads what the previous one wrote */
    if (lane < half_way)
      partial[lane] += partial[lane + half_way];
  }
  barrier ();
  const float sum = partial[0];
  barrier (); /* the next sum overwrites it */
  return sum;
}

/* Group norm and scale attention of one branch, added to the lane's channels. */
void
add_branch (uint branch, uint level, inout Channel own[OWN])
{
  const uint lane = gl_LocalInvocationID.x;
  const Map map = find_map (branch, level);
  const float base = partials[(map.chunk * MOMENTS_NUMBERS + 4) * args.columns];
  float mean[OWN], shift[OWN], sum = 0.0;
  [[unroll]] for (uint i = 0; i < OWN; i++) {
    const uint column = lane + i * LOCAL;
    if (column < args.columns)
      mean[i] = merge_chunks (map, column, base, branch == BRANCH_HIGH);
  }
  barrier (); /* a group is other lanes' channels, too */
  [[unroll]] for (uint i = 0; i < OWN; i++) {
    const uint column = lane + i * LOCAL;
    if (column < args.columns) {
      const vec2 group = find_group (column);
      const float weight = norms[2 * branch * args.columns + column];
      const float bias = norms[(2 * branch + 1) * args.columns + column];
      const float factor = weight * group.y;
      own[i].factor[branch] = factor;
      shift[i] = fma (-factor, base, fma (-factor, group.x, bias));
      mean[i] = fma (factor, mean[i] - group.x, bias);
      sum = fma (attention[column], mean[i], sum);
    }
  }
  const float scale = hard_sigmoid (max (sum_over_lanes (sum) + attention[args.columns], 0.0));
  [[unroll]] for (uint i = 0; i < OWN; i++) {
    own[i].factor[branch] *= scale;
    own[i].constant = fma (scale, shift[i], own[i].constant);
    own[i].mean = fma (scale, mean[i], own[i].mean);
  }
}

/* relu (W0 mean + b0), the means in `means`: several neighbouring lanes share a row. */
void
find_hidden ()
{
  const uint lane = gl_LocalInvocationID.x, rows = args.columns / 4;
  const uint parts = LOCAL / rows, row = lane / parts, part = lane % parts;
  float sum = 0.0;
  if (row < rows)
    for (uint i = part; i < args.columns; i += parts)
      sum = fma (fc0_weight[row * args.columns + i], means[i], sum);
  partial[lane] = sum;
  barrier (); /* a row's parts meet */
  if (lane < rows) {
    float total = fc0_bias[lane];
    for (uint i = 0; i < parts; i++)
      total += partial[lane * parts + i];
    hidden[lane] = max (total, 0.0);
  }
  barrier (); /* all hidden units enter every output */
}

/* Output `row` of the second layer, without its half. */
float
find_output (uint row)
{
  const uint units = args.columns / 4;
  float value = fc2_bias[row];
  for (uint i = 0; i < units; i++)
    value = fma (fc2_weight[row * units + i], hidden[i], value);
  return hard_sigmoid (value) - 0.5;
}

void
main ()
{
  const uint lane = gl_LocalInvocationID.x, level = gl_WorkGroupID.x;
  const bool has_low = level > 0, has_high = level + 1 < args.levels;
  Channel own[OWN];
  [[unroll]] for (uint i = 0; i < OWN; i++)
    own[i] = Channel (float[3] (0.0, 0.0, 0.0), 0.0, 0.0);
  add_branch (BRANCH_MID, level, own);
  if (has_low)
    add_branch (BRANCH_LOW, level, own);
  if (has_high)
    add_branch (BRANCH_HIGH, level, own);

  const float share = 1.0 / float (1 + uint (has_low) + uint (has_high));
  [[unroll]] for (uint i = 0; i < OWN; i++)
    if (lane + i * LOCAL < args.columns)
      means[lane + i * LOCAL] = share * own[i].mean;
  barrier (); /* all channels enter every hidden unit */
  find_hidden ();

  [[unroll]] for (uint i = 0; i < OWN; i++) {
    const uint column = lane + i * LOCAL;
    if (column >= args.columns)
      continue;
    const uint at = level * COEFFICIENTS * args.columns + column;
    [[unroll]] for (uint branch = 0; branch < 3; branch++)
      coefficients[at + branch * args.columns] = share * own[i].factor[branch];
    coefficients[at + 3 * args.columns] = share * own[i].constant;
    coefficients[at + 4 * args.columns] = 1.0 + 2.0 * find_output (column);
    coefficients[at + 5 * args.columns] = find_output (args.columns + column);
    coefficients[at + 6 * args.columns] = 2.0 * find_output (2 * args.columns + column);
    coefficients[at + 7 * args.columns] = find_output (3 * args.columns + column);
  }
}
