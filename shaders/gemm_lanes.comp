/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The matrix product of gemm_tiles.comp for CPU drivers (lanes_tile.glsl).  A workgroup
 * is local_size_y tiles below one another that share the columns of `b`, which so stay in
 * the cache; the grid is column tiles x blocks of rows x (batch, split).  Rows past the
 * end repeat the last one and are not stored.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "lanes_tile.glsl"
#include "types.glsl"

layout (local_size_x = 8, local_size_y_id = SPEC_LOCAL_Y) in;

layout (push_constant) uniform Push {
  uint64_t c, a, b, bias, residual;
  GemmArgs args;
};

float
finish (float value, float constant, float residue)
{
  if (has (EPILOGUE_BIAS))
    value += constant;
  if (has (EPILOGUE_CLAMP))
    value = clamp (value, -args.limit, args.limit);
  if (has (EPILOGUE_GELU)) {
    value = gelu (value);
    if (has (EPILOGUE_CLAMP))
      value = clamp (value, -args.limit, args.limit);
  }
  return has (EPILOGUE_RESIDUAL) ? value + residue : value;
}

void
main ()
{
  find_lane ();
  const uint lane = gl_SubgroupInvocationID;
  const uint row0 = (gl_WorkGroupID.y * gl_WorkGroupSize.y + gl_SubgroupID) * ROWS;
  const uint column0 = gl_WorkGroupID.x * LANES_TILE_COLUMNS;
  const uint split = gl_WorkGroupID.z % args.splits, batch = gl_WorkGroupID.z / args.splits;
  const uint k_end = min ((split + 1) * args.k_split, args.k);
  const uint a_column = has (LANES_LINEAR) ? 1 : args.a_column;
  const uint b_row = has (LANES_LINEAR) ? GLIP_PANEL : args.b_row;

  uint64_t a_at[ROWS];
  [[unroll]] for (uint i = 0; i < ROWS; i++)
    a_at[i] = a + floats (batch * args.a_batch + min (row0 + i, args.m - 1) * args.a_row);
  const uint64_t b_at = b + floats (batch * args.b_batch + column0 / GLIP_PANEL * args.b_panel +
      column0 % GLIP_PANEL);
  /* Columns of this lane, counted from the tile's first. */
  uint b_own[VECTORS], own[VECTORS];
  [[unroll]] for (uint j = 0; j < VECTORS; j++) {
    const uint column = column0 + j * LANES + lane;
    b_own[j] = min (column, args.b_columns - 1) - column0;
    own[j] = min (column, args.n - 1) - column0;
  }

  float sum[ROWS][VECTORS];
  clear (sum);
  uint k = split * args.k_split;
  [[dont_unroll]] do {
    add_round (sum, k, k_end, a_at, a_column, b_at, b_row, b_own);
    k += STEPS;
  } while (k < k_end);

  [[unroll]] for (uint j = 0; j < VECTORS; j++) {
    const uint bias_at = batch * args.bias_batch + column0;
    const float constant = has (EPILOGUE_BIAS)
        ? load_result (bias, bias_at + j * LANES, bias_at + own[j]) : 0.0;
    const bool exists = !has (LANES_RESULT_TAIL) || own[j] == j * LANES + lane;
    [[unroll]] for (uint i = 0; i < ROWS; i++) {
      const uint at = args.c_base + batch * args.c_batch + split * args.c_split +
          min (row0 + i, args.m - 1) * args.c_row + column0 * args.c_column;
      const uint own_at = at +
          (has (LANES_RESULT_TAIL) ? own[j] * args.c_column : j * LANES + lane);
      const float residue =
          has (EPILOGUE_RESIDUAL) ? load_result (residual, at + j * LANES, own_at) : 0.0;
      const float value = finish (sum[i][j], constant, residue);
      if (row0 + i < args.m && exists)
        Out (c).at[own_at] = value;
    }
  }
}
