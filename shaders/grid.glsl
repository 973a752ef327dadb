/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Operators that give every row (token, pixel) a workgroup, lanes running along its
 * channels: one axis of a grid ends at 65535, so the rows are folded into two
 * (src/ops/rows.h), and the last line may have groups to spare.
 */
#ifndef GLIP_GRID_GLSL
#define GLIP_GRID_GLSL

uint
row_of_group ()
{
  return gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
}

#endif /* GLIP_GRID_GLSL */
