/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What a matrix product of CPU drivers is made of: the tile an invocation owns, the
 * epilogue and the store.  The including shader defines BIAS (i), RESIDUAL (i) and
 * STORE (i, value), and pushes GemmArgs as `args`.
 */
#ifndef GLIP_GEMM_GLSL
#define GLIP_GEMM_GLSL

#include "epilogue.glsl"
#include "tile.glsl"

/* First row, panel, batch and split of this invocation. */
struct Tile {
  uint lane, panel, row, batch, split;
};

Tile
find_tile ()
{
  Tile tile;
  tile.lane = gl_LocalInvocationID.x;
  tile.panel = gl_WorkGroupID.x;
  tile.row = (gl_WorkGroupID.y * gl_WorkGroupSize.y + gl_LocalInvocationID.y) * GLIP_TILE_ROWS;
  tile.split = gl_WorkGroupID.z % args.splits;
  tile.batch = gl_WorkGroupID.z / args.splits;
  return tile;
}

/* Rows past the end repeat the last one and are not stored. */
uint
row_of_a (Tile tile, uint i)
{
  return tile.batch * args.a_batch + min (tile.row + i, args.m - 1) * args.a_row;
}

/* The place in its panel of a column, or of the last one there is in memory. */
uint
column_of_b (Tile tile, uint j)
{
  const uint first = tile.panel * GLIP_PANEL;
  return min (first + tile.lane + j * LANES, args.b_columns - 1) - first;
}

float
finish (float value, uint column, uint batch, uint at)
{
  if ((args.flags & EPILOGUE_BIAS) != 0)
    value += BIAS (batch * args.bias_batch + column);
  value = activate (value, args.flags, args.limit);
  if ((args.flags & EPILOGUE_RESIDUAL) != 0)
    value += RESIDUAL (at);
  return value;
}

void
store_tile (Tile tile, float sum[GLIP_TILE_ROWS][COLUMNS])
{
  [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++)
    [[unroll]] for (uint j = 0; j < COLUMNS; j++) {
      const uint row = tile.row + i;
      const uint column = tile.panel * GLIP_PANEL + tile.lane + j * LANES;
      if (row < args.m && column < args.n) {
        const uint at = args.c_base + tile.batch * args.c_batch + tile.split * args.c_split +
            row * args.c_row + column * args.c_column;
        STORE (at, finish (sum[i][j], column, tile.batch, at));
      }
    }
}

#endif /* GLIP_GEMM_GLSL */
