/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The tile of products that a subgroup keeps in registers on a CPU driver (lanes.glsl):
 * 4 rows x 16 columns in 8 vectors, lanes along columns.  A step of k is two vector loads
 * of weights, four scalar loads of values and 8 multiply-adds.  STEPS of them are unrolled
 * into one round, whose sum then joins the total: few additions to one accumulator (see
 * tiles.glsl).  In a last round that is not full, the last product is repeated with a
 * weight of zero.
 */
#ifndef GLIP_LANES_TILE_GLSL
#define GLIP_LANES_TILE_GLSL

#include "lanes.glsl"
#include "lanes_flags.glsl"

const uint ROWS = LANES_TILE_ROWS;
const uint PAIRS = LANES_TILE_COLUMNS / LANES / 2; /* of vectors */
const uint VECTORS = 2 * PAIRS;

void
prepare_tile ()
{
  find_lane ();
}

/* This lane's column of a vector. */
uint
column_of (uint vector)
{
  return vector * LANES + gl_SubgroupInvocationID;
}

/* Vectors 2 pair and 2 pair + 1 of the tile whose row begins at float `at` from `base`. */
vec2
load_pair (uint64_t base, uint at, uint pair)
{
  const uint first = at + 2 * pair * LANES;
  return vec2 (load_lanes (base, first), load_lanes (base, first + LANES));
}

void
store_pair (uint64_t base, uint at, uint pair, vec2 value)
{
  store_lanes (base, at + 2 * pair * LANES, value.x, value.y);
}

/* Where k + step is, for numbers of k `stride` floats apart. */
uint64_t
offset_of (uint k, uint step, uint k_end, uint stride)
{
  if (has (LANES_K_TAIL))
    return floats (min (k + step, k_end - 1) * stride);
  return floats (k * stride) + floats (step * stride);
}

/* One round: the STEPS products from k on, of values at `a_at` and weights at `b_at`, or
 * in each lane at `b_own` from there where columns are missing (LANES_B_TAIL). */
void
add_round (inout float sum[ROWS][VECTORS], uint k, uint k_end, const uint64_t a_at[ROWS],
    uint a_stride, uint64_t b_at, uint b_stride, const uint b_own[VECTORS])
{
  float part[ROWS][VECTORS];
  [[unroll]] for (uint step = 0; step < STEPS; step++) {
    const uint64_t a_step = offset_of (k, step, k_end, a_stride);
    const uint64_t b_step = b_at + offset_of (k, step, k_end, b_stride);
    float weight[VECTORS];
    [[unroll]] for (uint j = 0; j < VECTORS; j++) {
      weight[j] = has (LANES_B_TAIL) ? In (b_step).at[b_own[j]]
                                     : load_lanes (b_step, j * LANES);
      if (has (LANES_K_TAIL))
        weight[j] = mix (0.0, weight[j], k + step < k_end);
    }
    [[unroll]] for (uint i = 0; i < ROWS; i++) {
      float value = load_uniform (a_at[i] + a_step);
      if (has (LANES_RELU))
        value = mix (value, 0.0, value < 0.0); /* which keeps a NaN */
      [[unroll]] for (uint j = 0; j < VECTORS; j++)
        part[i][j] = step == 0 ? value * weight[j] : fma (value, weight[j], part[i][j]);
    }
  }
  [[unroll]] for (uint i = 0; i < ROWS; i++)
    [[unroll]] for (uint j = 0; j < VECTORS; j++)
      sum[i][j] += part[i][j];
}

#endif /* GLIP_LANES_TILE_GLSL */
