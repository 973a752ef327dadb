/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The matrix product of gemm_tiles.comp for CPU drivers with subgroups of 8.  An
 * invocation keeps 8 rows x 4 columns of the result in registers; lanes run along
 * columns; a workgroup is 8 lanes (one packed panel) x local_size_y row tiles.  Buffers
 * are device addresses, which such drivers turn into plain pointers, and rows of `a` are
 * loaded 8 values of k at a time, one a lane, and handed around by subgroupBroadcast,
 * because a load that is the same for all lanes costs them as much as a gather.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_buffer_reference : require
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
#extension GL_KHR_shader_subgroup_ballot : require
#include "interface.h"

layout (local_size_x = 8, local_size_y_id = SPEC_LOCAL_Y) in;

layout (buffer_reference, std430, buffer_reference_align = 4) readonly restrict buffer In {
  float at[];
};
layout (buffer_reference, std430, buffer_reference_align = 4) buffer Out {
  float at[];
};
layout (push_constant) uniform Push {
  uint64_t c, a, b, bias, residual;
  GemmArgs args;
};

#define BIAS(i) In (bias).at[i]
#define RESIDUAL(i) Out (residual).at[i]
#define STORE(i, value) Out (c).at[i] = value
#include "gemm.glsl"

uint64_t
floats (uint n)
{
  return 4 * uint64_t (n);
}

void
main ()
{
  const Tile tile = find_tile ();
  if (tile.row >= args.m)
    return;
  uint k = tile.split * args.k_split;
  const uint k_end = min (k + args.k_split, args.k);

  uint64_t a_at[GLIP_TILE_ROWS];
  [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++)
    a_at[i] = a + floats (row_of_a (tile, i) + k * args.a_column);
  uint64_t b_at =
      b + floats (tile.batch * args.b_batch + tile.panel * args.b_panel + k * args.b_row);
  uint column[COLUMNS];
  [[unroll]] for (uint j = 0; j < COLUMNS; j++)
    column[j] = column_of_b (tile, j);
  const uint a_lane = tile.lane * args.a_column;

  float sum[GLIP_TILE_ROWS][COLUMNS];
  clear (sum);
  while (k + LANES <= k_end) {
    float part[GLIP_TILE_ROWS][COLUMNS];
    clear (part);
    const uint part_end = min (k + PART_SUM, k_end);
    for (; k + LANES <= part_end; k += LANES) {
      float own[GLIP_TILE_ROWS];
      [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++) {
        own[i] = In (a_at[i]).at[a_lane];
        a_at[i] += floats (LANES * args.a_column);
      }
      [[unroll]] for (uint step = 0; step < LANES; step++) {
        float weight[COLUMNS];
        [[unroll]] for (uint j = 0; j < COLUMNS; j++)
          weight[j] = In (b_at).at[column[j]];
        b_at += floats (args.b_row);
        [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++) {
          const float value = subgroupBroadcast (own[i], step);
          [[unroll]] for (uint j = 0; j < COLUMNS; j++)
            part[i][j] = fma (value, weight[j], part[i][j]);
        }
      }
    }
    add (sum, part);
  }
  for (; k < k_end; k++) {
    float weight[COLUMNS];
    [[unroll]] for (uint j = 0; j < COLUMNS; j++)
      weight[j] = In (b_at).at[column[j]];
    b_at += floats (args.b_row);
    [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++) {
      const float value = In (a_at[i]).at[0];
      a_at[i] += floats (args.a_column);
      [[unroll]] for (uint j = 0; j < COLUMNS; j++)
        sum[i][j] = fma (value, weight[j], sum[i][j]);
    }
  }
  store_tile (tile, sum);
}
