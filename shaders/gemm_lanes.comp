/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The matrix product of CPU drivers, over a tile for those with scalar loads or, compiled
 * with BROADCAST, for those whose lanes load for one another.  A workgroup is local_size_y
 * tiles below one another that share the columns of `b`, which so stay in the cache; the
 * grid is column tiles x blocks of rows x (batch, split).  Rows past the end repeat the last
 * one and are not stored.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#ifdef BROADCAST
#include "broadcast_tile.glsl"
#else
#include "lanes_tile.glsl"
#endif
#include "epilogue.glsl"
#include "lanes_result.glsl"

layout (local_size_x = 8, local_size_y_id = SPEC_LOCAL_Y) in;

layout (push_constant) uniform Push {
  uint64_t c, a, b, bias, residual;
  GemmArgs args;
};

void
main ()
{
  prepare_tile ();
  const uint row0 = (gl_WorkGroupID.y * gl_WorkGroupSize.y + gl_SubgroupID) * ROWS;
  const uint column0 = gl_WorkGroupID.x * LANES * VECTORS;
  const uint split = gl_WorkGroupID.z % args.splits, batch = gl_WorkGroupID.z / args.splits;
  const uint k_end = min ((split + 1) * args.k_split, args.k);
  const uint a_column = has (LANES_LINEAR) ? 1 : args.a_column;
  const uint b_row = has (LANES_LINEAR) ? GLIP_PANEL : args.b_row;

  uint64_t a_at[ROWS];
  [[unroll]] for (uint i = 0; i < ROWS; i++)
    a_at[i] = a + floats (batch * args.a_batch + min (row0 + i, args.m - 1) * args.a_row);
  const uint64_t b_at = b + floats (batch * args.b_batch + column0 / GLIP_PANEL * args.b_panel +
      column0 % GLIP_PANEL);
  uint b_own[VECTORS], own[VECTORS];
  find_columns (b_own, column0, args.b_columns);
  find_columns (own, column0, args.n);

  float sum[ROWS][VECTORS];
  clear (sum);
  uint k = split * args.k_split;
  [[dont_unroll]] do {
    add_round (sum, k, k_end, a_at, a_column, b_at, b_row, b_own);
    k += STEPS;
  } while (k < k_end);

  const uint bias_at = batch * args.bias_batch + column0;
  const uint c_at = args.c_base + batch * args.c_batch + split * args.c_split +
      column0 * args.c_column;
  [[unroll]] for (uint p = 0; p < PAIRS; p++) {
    vec2 constant = vec2 (0.0);
    if (has (EPILOGUE_BIAS))
      constant = load_result (bias, bias_at, 1, p, own);
    [[unroll]] for (uint i = 0; i < ROWS; i++) {
      const uint at = c_at + min (row0 + i, args.m - 1) * args.c_row;
      vec2 value = vec2 (sum[i][2 * p], sum[i][2 * p + 1]) + constant;
      value = vec2 (activate (value.x, FLAGS, args.limit), activate (value.y, FLAGS, args.limit));
      if (has (EPILOGUE_RESIDUAL))
        value += load_result (residual, at, args.c_column, p, own);
      if (row0 + i < args.m)
        store_result (c, at, args.c_column, p, own, value);
    }
  }
}
