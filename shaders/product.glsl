/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The matrix product of GPUs, c = epilogue (a b), for every operator that is one.  A
 * workgroup computes TILE_M x TILE_N results.  It walks along k in slabs of TILE_K:
 * while one slab, in shared memory, is multiplied, the next is on its way from memory
 * to registers.  Everything moves in pieces of eight elements, 128-bit loads of two
 * (floats) or one (halves) where addresses allow, single elements else.
 *
 *   memory -> registers (fetch) -> shared [row][k], [k][column] (stage) -> multiply
 *
 * Operators differ in fetch_a alone: rows of a matrix, neighbours of pixels, bilinear
 * samples.  What multiplies is tiles.glsl (floats, any device) or matrix.glsl (halves,
 * cooperative matrices).
 */
#ifndef GLIP_PRODUCT_GLSL
#define GLIP_PRODUCT_GLSL

#include "epilogue.glsl"
#include "pieces.glsl"

layout (local_size_x_id = SPEC_LOCAL_X) in;
layout (constant_id = SPEC_TILE_M) const uint TILE_M = 64;
layout (constant_id = SPEC_TILE_N) const uint TILE_N = 64;
layout (constant_id = SPEC_TILE_K) const uint TILE_K = 16;
layout (constant_id = SPEC_OWN_M) const uint OWN_M = 4;
layout (constant_id = SPEC_OWN_N) const uint OWN_N = 4;
layout (constant_id = SPEC_FORM) const uint FORM = 0;
layout (constant_id = SPEC_EPILOGUE) const uint EPILOGUE = 0;

const bool A_HALF = (FORM & FORM_A_HALF) != 0;
const bool A_WHOLE = (FORM & FORM_A_WHOLE) != 0;
const bool A_ACROSS = (FORM & FORM_A_ACROSS) != 0;
const bool B_HALF = (FORM & FORM_B_HALF) != 0;
const bool B_WHOLE = (FORM & FORM_B_WHOLE) != 0;
const bool C_HALF = (FORM & FORM_C_HALF) != 0;
const bool C_WHOLE = (FORM & FORM_C_WHOLE) != 0;
const uint STAGES = (FORM & FORM_TWO_STAGES) != 0 ? 2 : 1;

layout (set = 0, binding = 0) writeonly buffer C1 { uint c1[]; };
layout (set = 0, binding = 0) writeonly buffer C2 { uvec2 c2[]; };
layout (set = 0, binding = 0) writeonly buffer C4 { uvec4 c4[]; };
layout (set = 0, binding = 1) readonly buffer A1 { uint a1[]; };
layout (set = 0, binding = 1) readonly buffer A4 { uvec4 a4[]; };
layout (set = 0, binding = 2) readonly buffer B1 { uint b1[]; };
layout (set = 0, binding = 2) readonly buffer B4 { uvec4 b4[]; };
layout (set = 0, binding = 3) readonly buffer Bias { float bias[]; };
#ifdef RESIDUAL
layout (set = 0, binding = 4) readonly buffer Residual { float residual[]; };
#endif

/* What the workgroup multiplies; set by main before run. */
struct Product {
  uint m, n;                          /* of the whole result */
  uint row, column;                   /* first of the tile */
  uint k_begin, k_end;
  uint b_at, b_row, b_panel, b_columns; /* element [k][panel][column in panel] */
  uint c_at, c_row, c_column;
  uint bias_at;
  float limit;
};
Product product;

#ifdef COOPERATIVE_MATRIX
#include "matrix.glsl"
#else
#include "tiles.glsl"
#endif

const uint THREADS = gl_WorkGroupSize.x;
/* Pieces of eight that an invocation brings for a slab. */
const uint A_PIECES = (TILE_M * TILE_K / 8 + THREADS - 1) / THREADS;
const uint B_PIECES = (TILE_N * TILE_K / 8 + THREADS - 1) / THREADS;

/* What is held of a piece of a that is on its way. */
#ifdef INTERPOLATED
struct Held { /* of four pieces, a weighted sum */
  Eight pieces[4];
  vec4 factors;
};
#else
#define Held Eight
#endif

/* The operator's: note all that does not depend on k about the row (the first of
 * eight, when A_ACROSS) of the i-th own piece; load eight elements of it, at k and along
 * k (A_ACROSS: across rows), by 128 bits; give one. */
void begin_row (uint i, uint row);
Held fetch_eight (uint i, uint k);
float fetch_one (uint i, uint k);

Held
hold (Eight piece)
{
#ifdef INTERPOLATED
  const Eight none = Eight (uvec4 (0), uvec4 (0));
  return Held (Eight[4] (piece, none, none, none), vec4 (1.0, 0.0, 0.0, 0.0));
#else
  return piece;
#endif
}

/* Halves stay halves, but for a weighted sum.  Fetched one by one, elements are floats. */
#ifdef INTERPOLATED
const bool A_STAGED_HALF = false;
#else
const bool A_STAGED_HALF = A_HALF && A_WHOLE;
#endif

Eight
complete (Held held)
{
#ifdef INTERPOLATED
  vec4 low = vec4 (0.0), high = vec4 (0.0);
  [[unroll]] for (uint i = 0; i < 4; i++) {
    vec4 low_part, high_part;
    unpack (held.pieces[3 - i], A_HALF && A_WHOLE, low_part, high_part);
    low = fma (vec4 (held.factors[3 - i]), low_part, low);
    high = fma (vec4 (held.factors[3 - i]), high_part, high);
  }
  return Eight (floatBitsToUint (low), floatBitsToUint (high));
#else
  return held;
#endif
}

Held held_a[A_PIECES];
Eight held_b[B_PIECES];
uint own_b[B_PIECES]; /* where the columns of own pieces of b are, but for k */

/* Which piece of a is the i-th own: the row (the first of eight) and k in the slab. */
uint
row_of_piece (uint i)
{
  const uint piece = gl_LocalInvocationIndex + i * THREADS;
  return A_ACROSS ? piece % (TILE_M / 8) * 8 : piece / (TILE_K / 8);
}

uint
k_of_piece (uint i)
{
  const uint piece = gl_LocalInvocationIndex + i * THREADS;
  return A_ACROSS ? piece / (TILE_M / 8) : piece % (TILE_K / 8) * 8;
}

/* When pieces do not come out even, the last ones of some invocations are none. */
bool
is_piece (uint i, uint size)
{
  return size / 8 % THREADS == 0 || gl_LocalInvocationIndex + i * THREADS < size / 8;
}

void
begin_slabs ()
{
  [[unroll]] for (uint i = 0; i < A_PIECES; i++)
    begin_row (i, product.row + row_of_piece (i));
  [[unroll]] for (uint i = 0; i < B_PIECES; i++) {
    const uint piece = gl_LocalInvocationIndex + i * THREADS;
    /* Columns past the end repeat the last one, or eight, and are not stored. */
    const uint column = min (product.column + piece % (TILE_N / 8) * 8,
        product.b_columns - (B_WHOLE ? 8 : 1));
    own_b[i] = product.b_at + column / GLIP_PANEL * product.b_panel + column % GLIP_PANEL;
  }
}

/* Where k is past the end, a counts as zero and b as its last row. */
void
fetch_a (uint slab)
{
  [[unroll]] for (uint i = 0; i < A_PIECES; i++) {
    const uint k = slab + k_of_piece (i);
    held_a[i] = hold (Eight (uvec4 (0), uvec4 (0)));
    if (!is_piece (i, TILE_M * TILE_K))
      continue;
    if (A_WHOLE) {
      if (k < product.k_end)
        held_a[i] = fetch_eight (i, k);
    } else {
      float f[8];
      [[unroll]] for (uint j = 0; j < 8; j++)
        f[j] = k + j < product.k_end ? fetch_one (i, k + j) : 0.0;
      held_a[i] = hold (floats_to_eight (f));
    }
  }
}

void
fetch_b (uint slab)
{
  [[unroll]] for (uint i = 0; i < B_PIECES; i++) {
    const uint piece = gl_LocalInvocationIndex + i * THREADS;
    const uint k = min (slab + piece / (TILE_N / 8), product.k_end - 1);
    const uint at = own_b[i] + k * product.b_row;
    if (!is_piece (i, TILE_N * TILE_K))
      continue;
    if (B_WHOLE) {
      held_b[i] = LOAD_EIGHT (b4, B_HALF, at);
    } else {
      float f[8];
      [[unroll]] for (uint j = 0; j < 8; j++) {
        const uint column =
            min (product.column + piece % (TILE_N / 8) * 8 + j, product.b_columns - 1);
        const uint element = product.b_at + k * product.b_row +
            column / GLIP_PANEL * product.b_panel + column % GLIP_PANEL;
        f[j] = LOAD_ELEMENT (b1, B_HALF, element);
      }
      held_b[i] = floats_to_eight (f);
    }
  }
}

/* Held pieces to the slab in shared memory.  Pieces of single elements are floats. */
void
stage_slab (uint stage)
{
  [[unroll]] for (uint i = 0; i < A_PIECES; i++)
    if (is_piece (i, TILE_M * TILE_K))
      stage_a (stage, row_of_piece (i), k_of_piece (i), complete (held_a[i]), A_STAGED_HALF);
  [[unroll]] for (uint i = 0; i < B_PIECES; i++) {
    const uint piece = gl_LocalInvocationIndex + i * THREADS;
    if (is_piece (i, TILE_N * TILE_K))
      stage_b (stage, piece / (TILE_N / 8), piece % (TILE_N / 8), held_b[i],
          B_HALF && B_WHOLE);
  }
}

/* Four results of a row, from `column` of the result on. */
void
store_four (uint row, uint column, vec4 value)
{
  if (row >= product.m || column >= product.n)
    return;
  const uint at = product.c_at + row * product.c_row + column * product.c_column;
  [[unroll]] for (uint j = 0; j < 4; j++)
    if (C_WHOLE || column + j < product.n) {
      if ((EPILOGUE & EPILOGUE_BIAS) != 0)
        value[j] += bias[product.bias_at + column + j];
      value[j] = activate (value[j], EPILOGUE, product.limit);
#ifdef RESIDUAL
      if ((EPILOGUE & EPILOGUE_RESIDUAL) != 0)
        value[j] += residual[at + j * product.c_column];
#endif
      if (!C_WHOLE)
        c1[at + j * product.c_column] = floatBitsToUint (value[j]);
    }
  if (C_WHOLE && C_HALF)
    c2[at / 4] = pack_four (value);
  else if (C_WHOLE)
    c4[at / 4] = floatBitsToUint (value);
}

void
run ()
{
  begin_slabs ();
  begin_sums ();
  fetch_a (product.k_begin);
  fetch_b (product.k_begin);
  uint stage = 0;
  [[dont_unroll]] for (uint slab = product.k_begin; slab < product.k_end; slab += TILE_K) {
    stage_slab (stage);
    barrier (); /* the slab is complete */
    if (slab + TILE_K < product.k_end) {
      fetch_a (slab + TILE_K);
      fetch_b (slab + TILE_K);
    }
    multiply_slab (stage, slab - product.k_begin);
    if (STAGES == 2)
      stage = 1 - stage;
    else
      barrier (); /* the slab may be overwritten */
  }
  store_sums ();
}

/* The product of a 3x3 convolution: packed weights, results side by side. */
void
begin_convolution (uint rows, uint outputs, uint inputs)
{
  const uint k = 9 * inputs;
  product = Product (rows, outputs, gl_WorkGroupID.y * TILE_M, gl_WorkGroupID.x * TILE_N, 0, k,
      0, GLIP_PANEL, GLIP_PANEL * k, (outputs + GLIP_PANEL - 1) / GLIP_PANEL * GLIP_PANEL,
      0, outputs, 1, 0, 0.0);
}

#endif /* GLIP_PRODUCT_GLSL */
