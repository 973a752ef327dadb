/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The tile of products that a subgroup keeps in registers (and on its stack) on a CPU
 * driver for which a load that all lanes share costs as much as one for each (Mesa before
 * 26.1): 12 rows x 32 columns, a lane having two neighbours of every 16 columns.  So
 * loads are of pairs (addresses.glsl): a row's values of 16 numbers of k are one load,
 * handed around by subgroupBroadcast, and a step of k is two loads of weights and 48
 * multiply-adds.  The 16 steps are one round, whose sum then joins the total (see
 * tiles.glsl).
 */
#ifndef GLIP_BROADCAST_TILE_GLSL
#define GLIP_BROADCAST_TILE_GLSL

#include "addresses.glsl"
#include "lanes_flags.glsl"

#extension GL_KHR_shader_subgroup_ballot : require

const uint ROWS = BROADCAST_TILE_ROWS;
const uint PAIRS = BROADCAST_TILE_COLUMNS / LANES / 2; /* of vectors */
const uint VECTORS = 2 * PAIRS;

void
prepare_tile ()
{
}

/* This lane's column of a vector. */
uint
column_of (uint vector)
{
  return vector / 2 * 2 * LANES + 2 * gl_SubgroupInvocationID + vector % 2;
}

/* Vectors 2 pair and 2 pair + 1 of the tile whose row begins at float `at` from `base`. */
vec2
load_pair (uint64_t base, uint at, uint pair)
{
  return unpack_pair (
      InPairs (base + floats (at + 2 * pair * LANES)).at[gl_SubgroupInvocationID]);
}

void
store_pair (uint64_t base, uint at, uint pair, vec2 value)
{
  OutPairs (base + floats (at + 2 * pair * LANES)).at[gl_SubgroupInvocationID] =
      pack_pair (value);
}

/* Two neighbours along k of a row of a, in every lane others. */
vec2
load_values (uint64_t a_at, uint k, uint k_end, uint a_stride)
{
  const uint own = k + 2 * gl_SubgroupInvocationID;
  vec2 values;
  if (has (LANES_A_TAIL))
    values = vec2 (In (a_at).at[min (own, k_end - 1) * a_stride],
        In (a_at).at[min (own + 1, k_end - 1) * a_stride]);
  else
    values = unpack_pair (InPairs (a_at).at[own / 2]);
  if (has (LANES_RELU))
    values = mix (values, vec2 (0.0), lessThan (values, vec2 (0.0))); /* which keeps a NaN */
  return values;
}

/* One round: the STEPS products from k on, of values at `a_at` and weights at `b_at`, or
 * in each lane at `b_own` from there where columns are missing (LANES_B_TAIL). */
void
add_round (inout float sum[ROWS][VECTORS], uint k, uint k_end, const uint64_t a_at[ROWS],
    uint a_stride, uint64_t b_at, uint b_stride, const uint b_own[VECTORS])
{
  vec2 own[ROWS];
  [[unroll]] for (uint i = 0; i < ROWS; i++)
    own[i] = load_values (a_at[i], k, k_end, a_stride);
  float part[ROWS][VECTORS];
  [[unroll]] for (uint step = 0; step < STEPS; step++) {
    const uint at = has (LANES_K_TAIL) ? min (k + step, k_end - 1) : k + step;
    const uint64_t b_step = b_at + floats (at * b_stride);
    float weight[VECTORS];
    [[unroll]] for (uint p = 0; p < PAIRS; p++) {
      vec2 pair = has (LANES_B_TAIL)
          ? vec2 (In (b_step).at[b_own[2 * p]], In (b_step).at[b_own[2 * p + 1]])
          : load_pair (b_step, 0, p);
      if (has (LANES_K_TAIL))
        pair = mix (vec2 (0.0), pair, bvec2 (k + step < k_end));
      weight[2 * p] = pair.x;
      weight[2 * p + 1] = pair.y;
    }
    [[unroll]] for (uint i = 0; i < ROWS; i++) {
      const float value = subgroupBroadcast (own[i][step % 2], step / 2);
      [[unroll]] for (uint j = 0; j < VECTORS; j++)
        part[i][j] = step == 0 ? value * weight[j] : fma (value, weight[j], part[i][j]);
    }
  }
  [[unroll]] for (uint i = 0; i < ROWS; i++)
    [[unroll]] for (uint j = 0; j < VECTORS; j++)
      sum[i][j] += part[i][j];
}

#endif /* GLIP_BROADCAST_TILE_GLSL */
