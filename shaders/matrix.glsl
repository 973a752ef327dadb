/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The slabs of product.glsl as halves, and the sums in cooperative matrices of floats:
 * a subgroup owns OWN_M x OWN_N results as a grid of matrices of UNIT_M x UNIT_N, and
 * takes UNIT_K of k at a time.  Which units a device has is the host's to ask; nothing
 * here knows a size.
 *
 * Where an element of a matrix sits among the lanes is the driver's secret, so sums
 * leave through shared memory: UNIT_M rows at a time, each subgroup in its own corner
 * of the memory that held the slabs, from where lanes pick fours of columns for the
 * epilogue.
 */
#ifndef GLIP_MATRIX_GLSL
#define GLIP_MATRIX_GLSL

#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require

layout (constant_id = SPEC_SUBGROUP) const uint SUBGROUP = 32;
layout (constant_id = SPEC_UNIT_M) const uint UNIT_M = 16;
layout (constant_id = SPEC_UNIT_N) const uint UNIT_N = 16;
layout (constant_id = SPEC_UNIT_K) const uint UNIT_K = 16;

/* Words of 128 bits; every row has one more than its halves need, to keep rows apart
 * in the banks of shared memory.  Fetched across rows, a lies there [k][row]. */
const uint A_STRIDE = (A_ACROSS ? TILE_M : TILE_K) / 8 + 1;
const uint B_STRIDE = TILE_N / 8 + 1;
const uint A_SLAB = (A_ACROSS ? TILE_K : TILE_M) * A_STRIDE;
const uint SLAB = A_SLAB + TILE_K * B_STRIDE;
const uint CORNER_STRIDE = OWN_N / 4 + 1;
const uint CORNER = UNIT_M * CORNER_STRIDE; /* floats */
const uint CORNERS = gl_WorkGroupSize.x / SUBGROUP * CORNER;

shared uvec4 pool[STAGES * SLAB > CORNERS ? STAGES * SLAB : CORNERS];

const uint UNITS_M = OWN_M / UNIT_M;
const uint UNITS_N = OWN_N / UNIT_N;

coopmat<float, gl_ScopeSubgroup, UNIT_M, UNIT_N, gl_MatrixUseAccumulator> sum[UNITS_M * UNITS_N];

void
stage_a (uint stage, uint row, uint k, Eight piece, bool halves)
{
  pool[stage * SLAB + (A_ACROSS ? k * A_STRIDE + row / 8 : row * A_STRIDE + k / 8)] =
      pack (piece, halves);
}

void
stage_b (uint stage, uint k, uint eight, Eight piece, bool halves)
{
  pool[stage * SLAB + A_SLAB + k * B_STRIDE + eight] = pack (piece, halves);
}

void
begin_sums ()
{
  [[unroll]] for (uint i = 0; i < UNITS_M * UNITS_N; i++)
    sum[i] = coopmat<float, gl_ScopeSubgroup, UNIT_M, UNIT_N, gl_MatrixUseAccumulator> (0.0);
}

/* The subgroup's place in the tile. */
uvec2
find_corner ()
{
  const uint across = TILE_N / OWN_N;
  return uvec2 (gl_SubgroupID % across * OWN_N, gl_SubgroupID / across * OWN_M);
}

void
multiply_slab (uint stage, uint k_done)
{
  const uvec2 corner = find_corner ();
  const uint a_at = stage * SLAB, b_at = a_at + A_SLAB + corner.x / 8;
  for (uint k = 0; k < TILE_K; k += UNIT_K) {
    coopmat<float16_t, gl_ScopeSubgroup, UNIT_M, UNIT_K, gl_MatrixUseA> a[UNITS_M];
    [[unroll]] for (uint i = 0; i < UNITS_M; i++) {
      const uint row = corner.y + i * UNIT_M;
      if (A_ACROSS)
        coopMatLoad (a[i], pool, a_at + k * A_STRIDE + row / 8, A_STRIDE,
            gl_CooperativeMatrixLayoutColumnMajor);
      else
        coopMatLoad (a[i], pool, a_at + row * A_STRIDE + k / 8, A_STRIDE,
            gl_CooperativeMatrixLayoutRowMajor);
    }
    [[unroll]] for (uint j = 0; j < UNITS_N; j++) {
      coopmat<float16_t, gl_ScopeSubgroup, UNIT_K, UNIT_N, gl_MatrixUseB> b;
      coopMatLoad (b, pool, b_at + k * B_STRIDE + j * UNIT_N / 8, B_STRIDE,
          gl_CooperativeMatrixLayoutRowMajor);
      [[unroll]] for (uint i = 0; i < UNITS_M; i++)
        sum[i * UNITS_N + j] = coopMatMulAdd (a[i], b, sum[i * UNITS_N + j]);
    }
  }
}

void store_four (uint row, uint column, vec4 value);

void
store_sums ()
{
  const uvec2 corner = find_corner ();
  const uint at = gl_SubgroupID * CORNER;
  barrier (); /* nobody reads slabs any more */
  [[unroll]] for (uint i = 0; i < UNITS_M; i++) {
    [[unroll]] for (uint j = 0; j < UNITS_N; j++)
      coopMatStore (sum[i * UNITS_N + j], pool, at + j * UNIT_N / 4, CORNER_STRIDE,
          gl_CooperativeMatrixLayoutRowMajor);
    barrier ();
    for (uint four = gl_SubgroupInvocationID; four < UNIT_M * OWN_N / 4; four += SUBGROUP) {
      const uint row = four / (OWN_N / 4), column = four % (OWN_N / 4);
      store_four (product.row + corner.y + i * UNIT_M + row, product.column + corner.x + column * 4,
          uintBitsToFloat (pool[at + row * CORNER_STRIDE + column]));
    }
    barrier ();
  }
}

#endif /* GLIP_MATRIX_GLSL */
