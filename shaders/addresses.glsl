/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Memory reached by device addresses, which are plain pointers on a CPU driver, a subgroup
 * being one thread of vector instructions there.  A load or store whose address differs
 * between lanes is one for every lane, with a branch each, even if the lanes are
 * neighbours: for the price of eight floats there are eight pairs.
 */
#ifndef GLIP_ADDRESSES_GLSL
#define GLIP_ADDRESSES_GLSL

#extension GL_EXT_buffer_reference : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_KHR_shader_subgroup_basic : require

const uint LANES = 8;

layout (buffer_reference, std430, buffer_reference_align = 4) readonly buffer In {
  float at[];
};
layout (buffer_reference, std430, buffer_reference_align = 8) readonly buffer InPairs {
  uint64_t at[]; /* of two floats */
};
layout (buffer_reference, std430, buffer_reference_align = 16) readonly buffer In4 {
  vec4 at;
};
layout (buffer_reference, std430, buffer_reference_align = 4) buffer Out {
  float at[];
};
layout (buffer_reference, std430, buffer_reference_align = 8) writeonly buffer OutPairs {
  uint64_t at[];
};

/* Bytes of n floats. */
uint64_t
floats (uint n)
{
  return 4 * uint64_t (n);
}

uint64_t
pack_pair (vec2 pair)
{
  return packUint2x32 (floatBitsToUint (pair));
}

vec2
unpack_pair (uint64_t pair)
{
  return uintBitsToFloat (unpackUint2x32 (pair));
}

#endif /* GLIP_ADDRESSES_GLSL */
