/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The slabs of product.glsl as floats, and the sums in registers: an invocation owns
 * OWN_M rows and OWN_N columns.  Rows are a tile's TILE_M / OWN_M apart, columns come
 * in fours that are TILE_N / OWN_N fours apart, so that the lanes of a subgroup read
 * neighbouring words.  Four steps of k read four k of each own row at once, and four
 * columns of b at once: OWN_M + OWN_N loads of 128 bits for 4 OWN_M OWN_N products.
 *
 * 64 products are summed up before they join the total: the error of a long sum grows
 * with the additions to one accumulator, and the head amplifies what it gets.  With single
 * sums of 2304 products the last block of GLIP-L strayed twice as far.
 */
#ifndef GLIP_TILES_GLSL
#define GLIP_TILES_GLSL

const uint PART_SUM = 64;

/* Words of 128 bits: a row of a is TILE_K / 4 and one that keeps rows apart in the
 * banks of shared memory, a row of b TILE_N / 4. */
const uint A_STRIDE = TILE_K / 4 + 1;
const uint B_STRIDE = TILE_N / 4;
const uint A_SLAB = TILE_M * A_STRIDE;
const uint SLAB = A_SLAB + TILE_K * B_STRIDE;

shared vec4 pool[STAGES * SLAB];

const uint FOURS = OWN_N / 4;
const uint ACROSS = TILE_N / OWN_N; /* invocations along a row of the tile */
const uint DOWN = TILE_M / OWN_M;

vec4 sum[OWN_M * FOURS], part[OWN_M * FOURS];

void
stage_a (uint stage, uint row, uint k, Eight piece, bool halves)
{
  vec4 low, high;
  unpack (piece, halves, low, high);
  if (A_ACROSS) {
    [[unroll]] for (uint i = 0; i < 4; i++) {
      pool[stage * SLAB + (row + i) * A_STRIDE + k / 4][k % 4] = low[i];
      pool[stage * SLAB + (row + 4 + i) * A_STRIDE + k / 4][k % 4] = high[i];
    }
  } else {
    const uint at = stage * SLAB + row * A_STRIDE + k / 4;
    pool[at] = low;
    pool[at + 1] = high;
  }
}

void
stage_b (uint stage, uint k, uint eight, Eight piece, bool halves)
{
  vec4 low, high;
  unpack (piece, halves, low, high);
  const uint at = stage * SLAB + A_SLAB + k * B_STRIDE + 2 * eight;
  pool[at] = low;
  pool[at + 1] = high;
}

void
begin_sums ()
{
  [[unroll]] for (uint i = 0; i < OWN_M * FOURS; i++)
    sum[i] = part[i] = vec4 (0.0);
}

void
add_parts ()
{
  [[unroll]] for (uint i = 0; i < OWN_M * FOURS; i++) {
    sum[i] += part[i];
    part[i] = vec4 (0.0);
  }
}

void
multiply_slab (uint stage, uint k_done)
{
  const uint a_at = stage * SLAB + gl_LocalInvocationIndex / ACROSS * A_STRIDE;
  const uint b_at = stage * SLAB + A_SLAB + gl_LocalInvocationIndex % ACROSS;
  [[dont_unroll]] for (uint k = 0; k < TILE_K; k += 4) {
    vec4 rows[OWN_M];
    [[unroll]] for (uint i = 0; i < OWN_M; i++)
      rows[i] = pool[a_at + i * DOWN * A_STRIDE + k / 4];
    [[unroll]] for (uint step = 0; step < 4; step++)
      [[unroll]] for (uint j = 0; j < FOURS; j++) {
        const vec4 columns = pool[b_at + (k + step) * B_STRIDE + j * ACROSS];
        [[unroll]] for (uint i = 0; i < OWN_M; i++)
          part[i * FOURS + j] = fma (vec4 (rows[i][step]), columns, part[i * FOURS + j]);
      }
  }
  if ((k_done + TILE_K) % PART_SUM == 0)
    add_parts ();
}

void store_four (uint row, uint column, vec4 value);

void
store_sums ()
{
  add_parts ();
  const uint row = product.row + gl_LocalInvocationIndex / ACROSS;
  const uint column = product.column + gl_LocalInvocationIndex % ACROSS * 4;
  [[unroll]] for (uint i = 0; i < OWN_M; i++)
    [[unroll]] for (uint j = 0; j < FOURS; j++)
      store_four (row + i * DOWN, column + j * ACROSS * 4, sum[i * FOURS + j]);
}

#endif /* GLIP_TILES_GLSL */
