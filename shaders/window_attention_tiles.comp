/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The windows' attention of GPUs in floats (window_attention.glsl).  A workgroup has SLAB
 * queries; of 7 x 7 windows that is all of them, so that a token is read once.  Its 64
 * invocations are 8 x 8 for the two products, and one a query for the softmax.
 *
 *   queries, keys [token][CHUNK of channels]   two tiles in shared memory, of which
 *     -> products, in registers                OWN queries and OWN keys of an invocation,
 *                                              each 8 apart, make 4 OWN OWN at a time
 *     -> scores -> weights [query][key]        in shared memory, where the tiles were
 *   values [key][VALUES channels] -> results, in registers, fours of channels 8 fours apart
 *
 * Rows in shared memory are an odd number of 128 bits long, to lie apart in its banks.  A
 * head of more than VALUES channels has several workgroups, which all find the same weights.
 * The grid: heads x blocks of queries x parts of channels, windows across, windows down.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"

layout (local_size_x = WINDOW_SIDE * WINDOW_SIDE) in;

#include "window_attention.glsl"

const uint SIDE = WINDOW_SIDE;
const uint OWN = SLAB / SIDE;
const uint CHUNK = CHANNELS < 32 ? (CHANNELS + 7) / 8 * 8 : 32;
const uint VALUES = CHANNELS > 32 ? 64 : 32;
const uint BLOCKS = (TOKENS + SLAB - 1) / SLAB;

/* Words of 128 bits. */
const uint TILE_STRIDE = CHUNK / 4 + 1;
const uint TILE = SLAB * TILE_STRIDE;
const uint WEIGHTS_STRIDE = SLAB / 4 + 1;
const uint WEIGHTS = SLAB * WEIGHTS_STRIDE;
const uint VALUES_AT = 2 * TILE > WEIGHTS ? 2 * TILE : WEIGHTS;
const uint FOURS = VALUES / 4 / SIDE; /* fours of channels of an invocation */

shared vec4 pool[VALUES_AT + SLAB * VALUES / 4];
shared float factors[SLAB]; /* of the queries: what results fade by, or are scaled by */

uvec2 lane; /* column and row of the invocation */
vec4 result[OWN * FOURS];

void
put (uint at, Eight piece, bool halves)
{
  vec4 low, high;
  unpack (piece, halves, low, high);
  pool[at] = low;
  pool[at + 1] = high;
}

/* CHUNK channels of queries, keys and, as long as there is room for them, values to shared
 * memory.  Three pieces are on their way at a time; unrolled, this loop takes a CPU driver
 * 15 seconds to compile.  Values past the last channel are anything, and are not stored. */
void
stage_tokens (uint first_query, uint first_key, uint head, uint channel, uint first_value)
{
  const uint eights = CHUNK / 8;
  [[dont_unroll]] for (uint piece = gl_LocalInvocationIndex; piece < SLAB * eights;
       piece += SIDE * SIDE) {
    const uint row = piece / eights, eight = piece % eights;
    bool q_halves, k_halves, v_halves;
    const Eight q = fetch_eight (first_query + row, QUERY, head, channel + eight * 8, q_halves);
    const Eight k = fetch_eight (first_key + row, KEY, head, channel + eight * 8, k_halves);
    const Eight v = fetch_eight (
        first_key + row, VALUE, head, first_value + channel + eight * 8, v_halves);
    put (row * TILE_STRIDE + eight * 2, q, q_halves);
    put (TILE + row * TILE_STRIDE + eight * 2, k, k_halves);
    if (channel < VALUES)
      put (VALUES_AT + (row * VALUES + channel) / 4 + eight * 2, v, v_halves);
  }
}

/* Products of queries and keys, in shared memory [query][key]. */
void
multiply_keys (uint first_query, uint first_key, uint head, uint first_value)
{
  float sum[OWN * OWN];
  [[unroll]] for (uint i = 0; i < OWN * OWN; i++)
    sum[i] = 0.0;
  [[dont_unroll]] for (uint channel = 0; channel < CHANNELS; channel += CHUNK) {
    stage_tokens (first_query, first_key, head, channel, first_value);
    barrier (); /* the tiles are complete */
    [[dont_unroll]] for (uint c = 0; c < CHUNK / 4; c++) {
      vec4 query[OWN];
      [[unroll]] for (uint i = 0; i < OWN; i++)
        query[i] = pool[(lane.y + i * SIDE) * TILE_STRIDE + c];
      [[unroll]] for (uint j = 0; j < OWN; j++) {
        const vec4 key = pool[TILE + (lane.x + j * SIDE) * TILE_STRIDE + c];
        [[unroll]] for (uint i = 0; i < OWN; i++)
          [[unroll]] for (uint step = 0; step < 4; step++)
            sum[i * OWN + j] = fma (query[i][step], key[step], sum[i * OWN + j]);
      }
    }
    barrier (); /* the tiles may be overwritten */
  }
  [[unroll]] for (uint i = 0; i < OWN; i++)
    [[unroll]] for (uint j = 0; j < OWN; j++) {
      const uint key = lane.x + j * SIDE;
      pool[(lane.y + i * SIDE) * WEIGHTS_STRIDE + key / 4][key % 4] = sum[i * OWN + j];
    }
}

/* The invocation's query: from products to weights, relative to the highest score so far,
 * and what they add to the total. */
void
weigh (uint first_query, uint first_key, uint head, inout float highest, inout float total)
{
  const uint row = gl_LocalInvocationIndex, row_at = row * WEIGHTS_STRIDE;
  const uint place = find_query (first_query + row);
  float raised = highest;
  [[dont_unroll]] for (uint four = 0; four < SLAB / 4; four++) {
    vec4 score = pool[row_at + four];
    for (uint i = 0; i < 4; i++) {
      score[i] = find_score (score[i], head, place, first_key + four * 4 + i);
      raised = max (raised, score[i]);
    }
    pool[row_at + four] = score;
  }
  vec4 sum = vec4 (0.0);
  [[dont_unroll]] for (uint four = 0; four < SLAB / 4; four++) {
    const vec4 weight = exp (pool[row_at + four] - raised);
    pool[row_at + four] = weight;
    sum += weight;
  }
  factors[row] = exp (highest - raised);
  total = total * factors[row] + sum.x + sum.y + sum.z + sum.w;
  highest = raised;
}

void
add_values ()
{
  [[unroll]] for (uint i = 0; i < OWN; i++)
    [[unroll]] for (uint j = 0; j < FOURS; j++)
      result[i * FOURS + j] *= factors[lane.y + i * SIDE];
  [[dont_unroll]] for (uint four = 0; four < SLAB / 4; four++) {
    vec4 weight[OWN];
    [[unroll]] for (uint i = 0; i < OWN; i++)
      weight[i] = pool[(lane.y + i * SIDE) * WEIGHTS_STRIDE + four];
    [[unroll]] for (uint step = 0; step < 4; step++)
      [[unroll]] for (uint j = 0; j < FOURS; j++) {
        const vec4 value =
            pool[VALUES_AT + (four * 4 + step) * VALUES / 4 + lane.x + j * SIDE];
        [[unroll]] for (uint i = 0; i < OWN; i++)
          result[i * FOURS + j] = fma (vec4 (weight[i][step]), value, result[i * FOURS + j]);
      }
  }
}

void
main ()
{
  const uint head = gl_WorkGroupID.x % args.heads, rest = gl_WorkGroupID.x / args.heads;
  const uint first_query = rest % BLOCKS * SLAB, first_value = rest / BLOCKS * VALUES;
  const bool has_query = gl_LocalInvocationIndex < SLAB;
  float highest = LOWEST, total = 0.0;

  lane = uvec2 (gl_LocalInvocationIndex % SIDE, gl_LocalInvocationIndex / SIDE);
  [[unroll]] for (uint i = 0; i < OWN * FOURS; i++)
    result[i] = vec4 (0.0);
  find_tokens ();
  [[dont_unroll]] for (uint first_key = 0; first_key < TOKENS; first_key += SLAB) {
    multiply_keys (first_query, first_key, head, first_value);
    barrier (); /* products are complete */
    if (has_query)
      weigh (first_query, first_key, head, highest, total);
    barrier (); /* weights are complete */
    add_values ();
    barrier (); /* weights and values may be overwritten */
  }
  if (has_query)
    factors[gl_LocalInvocationIndex] = 1.0 / total;
  barrier (); /* the scales are complete */
  [[unroll]] for (uint i = 0; i < OWN; i++) {
    const uint row = lane.y + i * SIDE;
    [[unroll]] for (uint j = 0; j < FOURS; j++)
      store_four (first_query + row, head, first_value + (lane.x + j * SIDE) * 4,
          result[i * FOURS + j] * factors[row]);
  }
}
