/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The matrix product of gemm.comp for CPU drivers (lanes.glsl).  A subgroup keeps 4 rows
 * x 16 columns of the result in 8 vector registers, lanes along columns; a step of k is
 * two vector loads of `b`, four scalar loads of `a` and 8 multiply-adds.  STEPS of them
 * are unrolled into one round of the loop, whose sum then joins the total: few additions to
 * one accumulator (see tile.glsl).  A workgroup is local_size_y row tiles that share
 * the columns of `b`, which so stay in the cache; the grid is column tiles x blocks of
 * rows x (batch, split).
 *
 * A last round that is not full repeats the last product with a factor of zero; rows
 * past the end repeat the last one and are not stored.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "lanes.glsl"
#include "types.glsl"

layout (local_size_x = 8, local_size_y_id = SPEC_LOCAL_Y) in;
layout (constant_id = SPEC_LANES_STEPS) const uint STEPS = 32;
layout (constant_id = SPEC_LANES_FLAGS) const uint FLAGS = 0; /* of EPILOGUE_, LANES_ */

layout (push_constant) uniform Push {
  uint64_t c, a, b, bias, residual;
  GemmArgs args;
};

const uint ROWS = LANES_TILE_ROWS;
const uint VECTORS = LANES_TILE_COLUMNS / LANES;

bool
has (uint flag)
{
  return (FLAGS & flag) != 0;
}

/* What belongs to the lane's column of the result: floats `at` to `at` + 7 from `base` or,
 * where columns are missing or lie apart, the one at `own`. */
float
load_result (uint64_t base, uint at, uint own)
{
  return has (LANES_RESULT_TAIL) ? In (base).at[own] : load_lanes (base, at);
}

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

/* Floats from the start of a row of k to k + step. */
uint64_t
offset_of (uint k, uint step, uint k_end, uint stride)
{
  if (has (LANES_K_TAIL))
    return floats (min (k + step, k_end - 1) * stride);
  return floats (k * stride) + floats (step * stride);
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
  [[unroll]] for (uint i = 0; i < ROWS; i++)
    [[unroll]] for (uint j = 0; j < VECTORS; j++)
      sum[i][j] = 0.0;
  uint k = split * args.k_split;
  [[dont_unroll]] do {
    float part[ROWS][VECTORS];
    [[unroll]] for (uint step = 0; step < STEPS; step++) {
      const uint64_t a_step = offset_of (k, step, k_end, a_column);
      const uint64_t b_step = b_at + offset_of (k, step, k_end, b_row);
      float weight[VECTORS];
      [[unroll]] for (uint j = 0; j < VECTORS; j++) {
        weight[j] = has (LANES_B_TAIL) ? In (b_step).at[b_own[j]]
                                       : load_lanes (b_step, j * LANES);
        if (has (LANES_K_TAIL))
          weight[j] = mix (0.0, weight[j], k + step < k_end);
      }
      [[unroll]] for (uint i = 0; i < ROWS; i++) {
        const float value = load_uniform (a_at[i] + a_step);
        [[unroll]] for (uint j = 0; j < VECTORS; j++)
          part[i][j] = step == 0 ? value * weight[j] : fma (value, weight[j], part[i][j]);
      }
    }
    [[unroll]] for (uint i = 0; i < ROWS; i++)
      [[unroll]] for (uint j = 0; j < VECTORS; j++)
        sum[i][j] += part[i][j];
    k += STEPS;
  } while (k < k_end);

  [[unroll]] for (uint j = 0; j < VECTORS; j++) {
    const uint bias_at = batch * args.bias_batch + column0;
    const float constant = has (EPILOGUE_BIAS)
        ? load_result (bias, bias_at + j * LANES, bias_at + own[j]) : 0.0;
    [[unroll]] for (uint i = 0; i < ROWS; i++) {
      const uint at = args.c_base + batch * args.c_batch + split * args.c_split +
          min (row0 + i, args.m - 1) * args.c_row + column0 * args.c_column;
      const uint own_at = at +
          (has (LANES_RESULT_TAIL) ? own[j] * args.c_column : j * LANES + lane);
      const float residue =
          has (EPILOGUE_RESIDUAL) ? load_result (residual, at + j * LANES, own_at) : 0.0;
      const float value = finish (sum[i][j], constant, residue);
      if (row0 + i < args.m && (!has (LANES_RESULT_TAIL) || own[j] == j * LANES + lane))
        Out (c).at[own_at] = value;
    }
  }
}
