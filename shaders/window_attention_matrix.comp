/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The windows' attention of GPUs by cooperative matrices of halves, with sums and softmax
 * in floats (window_attention.glsl).  A subgroup has UNIT_M queries, in matrices that it
 * loads once; a workgroup's subgroups share slabs of keys and values in shared memory.
 *
 *   keys, values [SLAB tokens][DEPTH channels]   halves, with zeros up to whole units
 *   a strip of each subgroup, UNIT_M rows:       its queries, then for every slab
 *     scores (floats) -> weights (halves) -> what the slab adds to the results (floats)
 *
 * Where an element of a matrix sits among the lanes is the driver's secret, so sums pass
 * through the strip, where lanes own fours of columns of known rows: what a row's softmax
 * and its results need besides is in the registers of its lanes.  The grid: heads x blocks
 * of queries, windows across, windows down.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#include "interface.h"

layout (local_size_x_id = SPEC_LOCAL_X) in;

#include "window_attention.glsl"

layout (constant_id = SPEC_SUBGROUP) const uint SUBGROUP = 32;
layout (constant_id = SPEC_UNIT_M) const uint UNIT_M = 16;
layout (constant_id = SPEC_UNIT_N) const uint UNIT_N = 16;
layout (constant_id = SPEC_UNIT_K) const uint UNIT_K = 16;

/* Channels are k of the first product and columns of the second, tokens the other way. */
const uint UNIT = UNIT_N > UNIT_K ? UNIT_N : UNIT_K;
const uint DEPTH = (CHANNELS + UNIT - 1) / UNIT * UNIT;

/* Lanes that share a row of the strip; rows of a lane, that many apart. */
const uint SHARING = SUBGROUP > UNIT_M ? SUBGROUP / UNIT_M : 1;
const uint ROWS = UNIT_M > SUBGROUP ? UNIT_M / SUBGROUP : 1;
const uint APART = SUBGROUP / SHARING;
const uint KEY_FOURS = (SLAB / 4 + SHARING - 1) / SHARING; /* of a lane in a row */
const uint CHANNEL_FOURS = (DEPTH / 4 + SHARING - 1) / SHARING;

/* Words of 128 bits.  Lanes read strips from as many banks as they can: rows are SHARING
 * words apart there. */
const uint SLAB_STRIDE = DEPTH / 8 + 1;
const uint VALUES_AT = SLAB * SLAB_STRIDE;
const uint STRIPS_AT = 2 * VALUES_AT;
const uint STRIP_WORDS = SLAB > DEPTH ? SLAB / 4 : DEPTH / 4;
const uint STRIP_STRIDE = STRIP_WORDS + (SHARING + 8 - STRIP_WORDS % 8) % 8;
const uint STRIP = UNIT_M * STRIP_STRIDE;
const uint STRIPS = gl_WorkGroupSize.x / SUBGROUP;

shared uvec4 pool[STRIPS_AT + STRIPS * STRIP];

coopmat<float16_t, gl_ScopeSubgroup, UNIT_M, UNIT_K, gl_MatrixUseA> query[DEPTH / UNIT_K];
coopmat<float16_t, gl_ScopeSubgroup, UNIT_M, UNIT_K, gl_MatrixUseA> weight[SLAB / UNIT_K];

/* Of the lane's rows; the total is of the lane's own weights. */
float highest[ROWS], total[ROWS], fade[ROWS];
vec4 result[ROWS * CHANNEL_FOURS];

uint strip_at;
uint first_row, first_four; /* the lane's in the strip */

/* The strip: queries, as matrices are loaded from it. */
void
stage_queries (uint first_query, uint head)
{
  const uint eights = DEPTH / 8;
  [[dont_unroll]] for (uint piece = gl_SubgroupInvocationID; piece < UNIT_M * eights;
       piece += SUBGROUP) {
    const uint row = piece / eights, eight = piece % eights;
    bool halves;
    const Eight q = fetch_eight (first_query + row, QUERY, head, eight * 8, halves);
    pool[strip_at + row * STRIP_STRIDE + eight] = pack (q, halves);
  }
}

/* (Unrolled, CPU drivers compile it for long.) */
void
stage_slab (uint first_key, uint head)
{
  const uint eights = DEPTH / 8;
  [[dont_unroll]] for (uint piece = gl_LocalInvocationIndex; piece < SLAB * eights;
       piece += gl_WorkGroupSize.x) {
    const uint row = piece / eights, eight = piece % eights;
    bool k_halves, v_halves;
    const Eight k = fetch_eight (first_key + row, KEY, head, eight * 8, k_halves);
    const Eight v = fetch_eight (first_key + row, VALUE, head, eight * 8, v_halves);
    pool[row * SLAB_STRIDE + eight] = pack (k, k_halves);
    pool[VALUES_AT + row * SLAB_STRIDE + eight] = pack (v, v_halves);
  }
}

void
load_queries ()
{
  [[unroll]] for (uint k = 0; k < DEPTH / UNIT_K; k++)
    coopMatLoad (query[k], pool, strip_at + k * UNIT_K / 8, STRIP_STRIDE,
        gl_CooperativeMatrixLayoutRowMajor);
}

/* The strip: products of queries with the slab's keys. */
void
multiply_keys ()
{
  for (uint key = 0; key < SLAB; key += UNIT_N) {
    coopmat<float, gl_ScopeSubgroup, UNIT_M, UNIT_N, gl_MatrixUseAccumulator> sum =
        coopmat<float, gl_ScopeSubgroup, UNIT_M, UNIT_N, gl_MatrixUseAccumulator> (0.0);
    [[unroll]] for (uint k = 0; k < DEPTH / UNIT_K; k++) {
      coopmat<float16_t, gl_ScopeSubgroup, UNIT_K, UNIT_N, gl_MatrixUseB> keys;
      coopMatLoad (keys, pool, key * SLAB_STRIDE + k * UNIT_K / 8, SLAB_STRIDE,
          gl_CooperativeMatrixLayoutColumnMajor);
      sum = coopMatMulAdd (query[k], keys, sum);
    }
    coopMatStore (sum, pool, strip_at + key / 4, STRIP_STRIDE,
        gl_CooperativeMatrixLayoutRowMajor);
  }
}

/* A row of the strip from products to weights, relative to the highest score so far. */
void
weigh_row (uint i, uint first_query, uint first_key, uint head)
{
  const uint row = first_row + i * APART;
  const uint row_at = strip_at + row * STRIP_STRIDE;
  const uint place = find_query (first_query + row);
  vec4 score[KEY_FOURS];
  float raised = highest[i];
  [[unroll]] for (uint j = 0; j < KEY_FOURS; j++) {
    const uint four = first_four + j * SHARING;
    score[j] = vec4 (LOWEST);
    if (four < SLAB / 4) {
      const vec4 product = uintBitsToFloat (pool[row_at + four]);
      [[unroll]] for (uint k = 0; k < 4; k++) {
        score[j][k] = find_score (product[k], head, place, first_key + four * 4 + k);
        raised = max (raised, score[j][k]);
      }
    }
  }
  [[unroll]] for (uint mask = 1; mask < SHARING; mask *= 2)
    raised = max (raised, subgroupShuffleXor (raised, mask));
  fade[i] = exp (highest[i] - raised);
  highest[i] = raised;
  total[i] *= fade[i];

  subgroupBarrier (); /* the row has been read */
  [[unroll]] for (uint j = 0; j < KEY_FOURS; j++) {
    const uint four = first_four + j * SHARING;
    if (four < SLAB / 4) {
      const uvec2 packed = pack_four (exp (score[j] - raised));
      pool[row_at + four / 2][four % 2 * 2] = packed.x;
      pool[row_at + four / 2][four % 2 * 2 + 1] = packed.y;
      /* What counts is what is multiplied, rounded as it is. */
      const vec2 pairs = unpackHalf2x16 (packed.x) + unpackHalf2x16 (packed.y);
      total[i] += pairs.x + pairs.y;
    }
  }
}

void
load_weights ()
{
  [[unroll]] for (uint k = 0; k < SLAB / UNIT_K; k++)
    coopMatLoad (weight[k], pool, strip_at + k * UNIT_K / 8, STRIP_STRIDE,
        gl_CooperativeMatrixLayoutRowMajor);
}

/* The strip: products of weights with the slab's values. */
void
multiply_values ()
{
  for (uint channel = 0; channel < DEPTH; channel += UNIT_N) {
    coopmat<float, gl_ScopeSubgroup, UNIT_M, UNIT_N, gl_MatrixUseAccumulator> sum =
        coopmat<float, gl_ScopeSubgroup, UNIT_M, UNIT_N, gl_MatrixUseAccumulator> (0.0);
    [[unroll]] for (uint k = 0; k < SLAB / UNIT_K; k++) {
      coopmat<float16_t, gl_ScopeSubgroup, UNIT_K, UNIT_N, gl_MatrixUseB> values;
      coopMatLoad (values, pool, VALUES_AT + k * UNIT_K * SLAB_STRIDE + channel / 8, SLAB_STRIDE,
          gl_CooperativeMatrixLayoutRowMajor);
      sum = coopMatMulAdd (weight[k], values, sum);
    }
    coopMatStore (sum, pool, strip_at + channel / 4, STRIP_STRIDE,
        gl_CooperativeMatrixLayoutRowMajor);
  }
}

void
add_results ()
{
  [[unroll]] for (uint i = 0; i < ROWS; i++)
    [[unroll]] for (uint j = 0; j < CHANNEL_FOURS; j++) {
      const uint row = first_row + i * APART, four = first_four + j * SHARING;
      if (four < DEPTH / 4)
        result[i * CHANNEL_FOURS + j] = fma (result[i * CHANNEL_FOURS + j], vec4 (fade[i]),
            uintBitsToFloat (pool[strip_at + row * STRIP_STRIDE + four]));
    }
}

void
store_results (uint first_query, uint head)
{
  [[unroll]] for (uint i = 0; i < ROWS; i++) {
    [[unroll]] for (uint mask = 1; mask < SHARING; mask *= 2)
      total[i] += subgroupShuffleXor (total[i], mask);
    const float scale = 1.0 / total[i];
    [[unroll]] for (uint j = 0; j < CHANNEL_FOURS; j++)
      store_four (first_query + first_row + i * APART, head, (first_four + j * SHARING) * 4,
          result[i * CHANNEL_FOURS + j] * scale);
  }
}

void
main ()
{
  const uint head = gl_WorkGroupID.x % args.heads, block = gl_WorkGroupID.x / args.heads;
  const uint first_query = (block * STRIPS + gl_SubgroupID) * UNIT_M;
  strip_at = STRIPS_AT + gl_SubgroupID * STRIP;
  first_row = gl_SubgroupInvocationID / SHARING;
  first_four = gl_SubgroupInvocationID % SHARING;

  find_tokens ();
  stage_queries (first_query, head);
  subgroupBarrier (); /* the queries are complete */
  load_queries ();
  [[unroll]] for (uint i = 0; i < ROWS; i++) {
    highest[i] = LOWEST;
    total[i] = 0.0;
    [[unroll]] for (uint j = 0; j < CHANNEL_FOURS; j++)
      result[i * CHANNEL_FOURS + j] = vec4 (0.0);
  }

  [[dont_unroll]] for (uint first_key = 0; first_key < TOKENS; first_key += SLAB) {
    barrier (); /* slab and strips may be overwritten */
    stage_slab (first_key, head);
    barrier (); /* the slab is complete */
    multiply_keys ();
    subgroupBarrier (); /* products are complete */
    [[unroll]] for (uint i = 0; i < ROWS; i++)
      weigh_row (i, first_query, first_key, head);
    subgroupBarrier (); /* weights are complete */
    load_weights ();
    subgroupBarrier (); /* weights have been read */
    multiply_values ();
    subgroupBarrier (); /* sums are complete */
    add_results ();
  }
  store_results (first_query, head);
}
