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
#include "types.glsl"

layout (local_size_x = 8, local_size_y_id = SPEC_LOCAL_Y) in;

layout (push_constant) uniform Push { GemmArgs args; };

layout (set = 0, binding = 0) writeonly buffer C { float c[]; };
layout (set = 0, binding = 1) readonly restrict buffer A { float a[]; };
layout (set = 0, binding = 2) readonly restrict buffer B { float b[]; };
layout (set = 0, binding = 3) readonly restrict buffer Bias { float bias[]; };
layout (set = 0, binding = 4) readonly buffer Residual { float residual[]; };

const uint LANES = 8;
const uint COLUMNS = GLIP_PANEL / LANES;

float
finish (float value, uint column, uint batch, uint at)
{
  if ((args.flags & EPILOGUE_BIAS) != 0)
    value += bias[batch * args.bias_batch + column];
  if ((args.flags & EPILOGUE_CLAMP) != 0)
    value = clamp (value, -args.limit, args.limit);
  if ((args.flags & EPILOGUE_GELU) != 0) {
    value = gelu (value);
    if ((args.flags & EPILOGUE_CLAMP) != 0)
      value = clamp (value, -args.limit, args.limit);
  }
  if ((args.flags & EPILOGUE_RESIDUAL) != 0)
    value += residual[at];
  return value;
}

void
main ()
{
  const uint lane = gl_LocalInvocationID.x;
  const uint panel = gl_WorkGroupID.x;
  const uint row0 =
      (gl_WorkGroupID.y * gl_WorkGroupSize.y + gl_LocalInvocationID.y) * GLIP_TILE_ROWS;
  const uint split = gl_WorkGroupID.z % args.splits;
  const uint batch = gl_WorkGroupID.z / args.splits;
  if (row0 >= args.m)
    return;
  const uint k_begin = split * args.k_split;
  const uint k_end = min (k_begin + args.k_split, args.k);

  /* Rows past the end repeat the last one and are not stored. */
  uint a_at[GLIP_TILE_ROWS];
  [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++)
    a_at[i] = batch * args.a_batch + min (row0 + i, args.m - 1) * args.a_row +
        k_begin * args.a_column;
  uint b_at[COLUMNS];
  [[unroll]] for (uint j = 0; j < COLUMNS; j++) {
    const uint column = min (panel * GLIP_PANEL + lane + j * LANES, args.b_columns - 1);
    b_at[j] = batch * args.b_batch + panel * args.b_panel + (column - panel * GLIP_PANEL) +
        k_begin * args.b_row;
  }

  float sum[GLIP_TILE_ROWS][COLUMNS];
  [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++)
    [[unroll]] for (uint j = 0; j < COLUMNS; j++)
      sum[i][j] = 0.0;

  for (uint k = k_begin; k < k_end; k++) {
    float weight[COLUMNS];
    [[unroll]] for (uint j = 0; j < COLUMNS; j++) {
      weight[j] = b[b_at[j]];
      b_at[j] += args.b_row;
    }
    [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++) {
      const float value = a[a_at[i]];
      a_at[i] += args.a_column;
      [[unroll]] for (uint j = 0; j < COLUMNS; j++)
        sum[i][j] = fma (value, weight[j], sum[i][j]);
    }
  }

  [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++)
    [[unroll]] for (uint j = 0; j < COLUMNS; j++) {
      const uint row = row0 + i, column = panel * GLIP_PANEL + lane + j * LANES;
      if (row < args.m && column < args.n) {
        const uint at = args.c_base + batch * args.c_batch + split * args.c_split + row * args.c_row +
            column * args.c_column;
        c[at] = finish (sum[i][j], column, batch, at);
      }
    }
}
