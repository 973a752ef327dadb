/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The register tile of the matrix kernels: an invocation holds GLIP_TILE_ROWS rows and
 * every eighth column of a panel.
 */
#ifndef GLIP_TILE_GLSL
#define GLIP_TILE_GLSL

#extension GL_EXT_control_flow_attributes : require

const uint LANES = 8;
const uint COLUMNS = GLIP_PANEL / LANES;

/* Products that are summed up before they join the total.  The error of a long sum
 * grows with the additions to one accumulator, and the head amplifies what it gets:
 * with single sums of 2304 products the last block of GLIP-L strayed twice as far. */
const uint PART_SUM = 64;

void
clear (out float sum[GLIP_TILE_ROWS][COLUMNS])
{
  [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++)
    [[unroll]] for (uint j = 0; j < COLUMNS; j++)
      sum[i][j] = 0.0;
}

void
add (inout float sum[GLIP_TILE_ROWS][COLUMNS], const float part[GLIP_TILE_ROWS][COLUMNS])
{
  [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++)
    [[unroll]] for (uint j = 0; j < COLUMNS; j++)
      sum[i][j] += part[i][j];
}

#endif /* GLIP_TILE_GLSL */
