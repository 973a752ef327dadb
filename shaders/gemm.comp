/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Matrix product with an epilogue.  An invocation keeps 8 rows x 4 columns of the
 * result in registers; lanes run along columns, so loads of `b` are contiguous and
 * loads of `a` are the same for all lanes of a row.  A workgroup is 8 lanes
 * (32 columns, one packed panel) x local_size_y row tiles; the grid is panels x row
 * blocks x (batch, split).  All strides are free: `a` may be transposed, `b` a packed
 * weight or a plain matrix, `c` transposed; several splits of k write partial sums to
 * separate places.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"

layout (local_size_x = 8, local_size_y_id = SPEC_LOCAL_Y) in;

layout (push_constant) uniform Push { GemmArgs args; };

layout (set = 0, binding = 0) writeonly buffer C { float c[]; };
layout (set = 0, binding = 1) readonly restrict buffer A { float a[]; };
layout (set = 0, binding = 2) readonly restrict buffer B { float b[]; };
layout (set = 0, binding = 3) readonly restrict buffer Bias { float bias[]; };
layout (set = 0, binding = 4) readonly buffer Residual { float residual[]; };

#define BIAS(i) bias[i]
#define RESIDUAL(i) residual[i]
#define STORE(i, value) c[i] = value
#include "gemm.glsl"

void
main ()
{
  const Tile tile = find_tile ();
  if (tile.row >= args.m)
    return;
  const uint k_begin = tile.split * args.k_split;
  const uint k_end = min (k_begin + args.k_split, args.k);

  uint a_at[GLIP_TILE_ROWS], b_at[COLUMNS];
  [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++)
    a_at[i] = row_of_a (tile, i) + k_begin * args.a_column;
  [[unroll]] for (uint j = 0; j < COLUMNS; j++)
    b_at[j] = tile.batch * args.b_batch + tile.panel * args.b_panel + column_of_b (tile, j) +
        k_begin * args.b_row;

  float sum[GLIP_TILE_ROWS][COLUMNS];
  clear (sum);
  for (uint k = k_begin; k < k_end;) {
    float part[GLIP_TILE_ROWS][COLUMNS];
    clear (part);
    const uint part_end = min (k + PART_SUM, k_end);
    for (; k < part_end; k++) {
      float weight[COLUMNS];
      [[unroll]] for (uint j = 0; j < COLUMNS; j++) {
        weight[j] = b[b_at[j]];
        b_at[j] += args.b_row;
      }
      [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++) {
        const float value = a[a_at[i]];
        a_at[i] += args.a_column;
        [[unroll]] for (uint j = 0; j < COLUMNS; j++)
          part[i][j] = fma (value, weight[j], part[i][j]);
      }
    }
    add (sum, part);
  }
  store_tile (tile, sum);
}
