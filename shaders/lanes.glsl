/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * For CPU drivers that have scalar instructions for what is the same in all lanes (llvmpipe
 * of Mesa 26.1):
 *
 * - A load at a uniform address is a scalar one.  load_lanes () is written as a choice
 *   among eight of them; LLVM sees that they are one vector load.
 * - Nothing is skipped: what an `if` or a loop that has ended encloses still loads, with
 *   its results ignored.  So a uniform load must stay inside its buffer whatever the
 *   condition, loops test at their end (do while), and there is no early return.
 * - Each variable that a loop changes is blended with the mask of active lanes in every
 *   round: loops are unrolled far and count one number.
 */
#ifndef GLIP_LANES_GLSL
#define GLIP_LANES_GLSL

#include "addresses.glsl"

#extension GL_KHR_shader_subgroup_shuffle : require

/* Whether this is lane i.  Set once, before any loop, or LLVM takes the comparisons for
 * something that changes. */
bool is_lane[LANES];

void
find_lane ()
{
  [[unroll]] for (uint i = 0; i < LANES; i++)
    is_lane[i] = gl_SubgroupInvocationID == i;
}

/* The float at `address`, the same for all lanes. */
float
load_uniform (uint64_t address)
{
  return In (address).at[0];
}

/* Floats `at` to `at` + 7 from `base`, one a lane; aligned to 16 bytes. */
float
load_lanes (uint64_t base, uint at)
{
  const vec4 low = In4 (base + floats (at)).at, high = In4 (base + floats (at + 4)).at;
  float own = low[0];
  [[unroll]] for (uint i = 1; i < 4; i++)
    own = mix (own, low[i], is_lane[i]);
  [[unroll]] for (uint i = 0; i < 4; i++)
    own = mix (own, high[i], is_lane[4 + i]);
  return own;
}

/* Stores `low` to floats `at` to `at` + 7 from `base` and `high` to the eight behind them,
 * `at` being even: as pairs of neighbours, even lanes' from `low`, odd ones' from `high`. */
void
store_lanes (uint64_t base, uint at, float low, float high)
{
  const bool odd = is_lane[1] || is_lane[3] || is_lane[5] || is_lane[7];
  const vec2 pair = mix (vec2 (low, subgroupShuffleXor (low, 1)),
      vec2 (subgroupShuffleXor (high, 1), high), bvec2 (odd));
  const uint place = gl_SubgroupInvocationID / 2 + mix (0, LANES / 2, odd);
  OutPairs (base + floats (at)).at[place] = pack_pair (pair);
}

#endif /* GLIP_LANES_GLSL */
