/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Matrix product with an epilogue, on GPUs: product.glsl says how.  The grid is tiles
 * of columns x tiles of rows x (batch, split).  All strides are free: `a` may be
 * transposed, `b` a packed weight or a plain matrix, `c` transposed; several splits of
 * k write partial sums to separate places.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"

#define RESIDUAL
#include "product.glsl"

layout (push_constant) uniform Push { GemmArgs args; };

uint own_a[A_PIECES];

void
begin_row (uint i, uint row)
{
  /* Rows past the end repeat the last one, or eight, and are not stored. */
  own_a[i] = gl_WorkGroupID.z / args.splits * args.a_batch +
      min (row, args.m - (A_ACROSS ? 8 : 1)) * args.a_row;
}

Eight
fetch_eight (uint i, uint k)
{
  const uint at = own_a[i] + k * args.a_column;
  return LOAD_EIGHT (a4, A_HALF, at);
}

float
fetch_one (uint i, uint k)
{
  const uint at = own_a[i] + k * args.a_column;
  return LOAD_ELEMENT (a1, A_HALF, at);
}

void
main ()
{
  const uint batch = gl_WorkGroupID.z / args.splits, split = gl_WorkGroupID.z % args.splits;
  product.m = args.m;
  product.n = args.n;
  product.row = gl_WorkGroupID.y * TILE_M;
  product.column = gl_WorkGroupID.x * TILE_N;
  product.k_begin = split * args.k_split;
  product.k_end = min (product.k_begin + args.k_split, args.k);
  product.b_at = batch * args.b_batch;
  product.b_row = args.b_row;
  product.b_panel = args.b_panel;
  product.b_columns = args.b_columns;
  product.c_at = args.c_base + batch * args.c_batch + split * args.c_split;
  product.c_row = args.c_row;
  product.c_column = args.c_column;
  product.bias_at = batch * args.bias_batch;
  product.limit = args.limit;
  run ();
}
