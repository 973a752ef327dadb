/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The tile of products that a subgroup keeps in registers on a CPU driver (lanes.glsl):
 * 4 rows x 16 columns in 8 vectors, lanes along columns.  A step of k is two vector loads
 * of weights, four scalar loads of values and 8 multiply-adds.  STEPS of them are unrolled
 * into one round, whose sum then joins the total: few additions to one accumulator (see
 * tile.glsl).  In a last round that is not full, the last product is repeated with a
 * weight of zero.
 */
#ifndef GLIP_LANES_TILE_GLSL
#define GLIP_LANES_TILE_GLSL

#include "lanes.glsl"

layout (constant_id = SPEC_LANES_STEPS) const uint STEPS = 32;
layout (constant_id = SPEC_LANES_FLAGS) const uint FLAGS = 0; /* of EPILOGUE_, LANES_ */

const uint ROWS = LANES_TILE_ROWS;
const uint VECTORS = LANES_TILE_COLUMNS / LANES;

bool
has (uint flag)
{
  return (FLAGS & flag) != 0;
}

void
clear (out float sum[ROWS][VECTORS])
{
  [[unroll]] for (uint i = 0; i < ROWS; i++)
    [[unroll]] for (uint j = 0; j < VECTORS; j++)
      sum[i][j] = 0.0;
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

/* What belongs to the lane's column of the result: floats `at` to `at` + 7 from `base` or,
 * where columns are missing or lie apart, the one at `own`. */
float
load_result (uint64_t base, uint at, uint own)
{
  return has (LANES_RESULT_TAIL) ? In (base).at[own] : load_lanes (base, at);
}

#endif /* GLIP_LANES_TILE_GLSL */
