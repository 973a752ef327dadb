/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * For CPU drivers that run a subgroup of 8 as one thread of vector instructions, and
 * what is the same for all lanes as scalar ones (llvmpipe of Mesa 26.1):
 *
 * - Memory is reached by device addresses, which are plain pointers there.
 * - A load whose address differs between lanes becomes eight loads with a branch each,
 *   even if the lanes are neighbours.  load_lanes () is written as a choice among eight
 *   loads at uniform addresses instead; LLVM sees that they are one vector load.
 * - Nothing is skipped: what an `if` or a loop that has ended encloses still loads, with
 *   its results ignored.  So a uniform load must stay inside its buffer whatever the
 *   condition, loops test at their end (do while), and there is no early return.
 * - Each variable that a loop changes is blended with the mask of active lanes in every
 *   round: loops are unrolled far and count one number.
 */
#ifndef GLIP_LANES_GLSL
#define GLIP_LANES_GLSL

#extension GL_EXT_buffer_reference : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require

const uint LANES = 8;

layout (buffer_reference, std430, buffer_reference_align = 4) readonly buffer In {
  float at[];
};
layout (buffer_reference, std430, buffer_reference_align = 16) readonly buffer In4 {
  vec4 at;
};
layout (buffer_reference, std430, buffer_reference_align = 4) buffer Out {
  float at[];
};
layout (buffer_reference, std430, buffer_reference_align = 8) writeonly buffer OutPairs {
  uint64_t at[]; /* of two floats */
};

/* Whether this is lane i.  Set once, before any loop, or LLVM takes the comparisons for
 * something that changes. */
bool is_lane[LANES];

void
find_lane ()
{
  [[unroll]] for (uint i = 0; i < LANES; i++)
    is_lane[i] = gl_SubgroupInvocationID == i;
}

/* Bytes of n floats. */
uint64_t
floats (uint n)
{
  return 4 * uint64_t (n);
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
 * `at` being even.  A store is one for each lane, whatever their addresses: it takes half
 * of them when every lane has two neighbours to store, so even lanes take their pair
 * from `low`, odd ones from `high`. */
void
store_pairs (uint64_t base, uint at, float low, float high)
{
  const bool odd = is_lane[1] || is_lane[3] || is_lane[5] || is_lane[7];
  const float first = mix (low, subgroupShuffleXor (high, 1), odd);
  const float second = mix (subgroupShuffleXor (low, 1), high, odd);
  const uint pair = gl_SubgroupInvocationID / 2 + mix (0, LANES / 2, odd);
  OutPairs (base + floats (at)).at[pair] = packUint2x32 (
      uvec2 (floatBitsToUint (first), floatBitsToUint (second)));
}

#endif /* GLIP_LANES_GLSL */
