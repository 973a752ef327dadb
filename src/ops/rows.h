/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Dispatching operators that give every row a workgroup, lanes running along its
 * columns (shaders/grid.glsl).
 */
#ifndef GLIP_ROWS_H
#define GLIP_ROWS_H

#include "interface.h"
#include "ops/tensor.h"

/* Lanes for rows of `columns`: a power of two up to 64.  A CPU driver runs the
 * subgroups of a workgroup one after another, so there one subgroup of 8 is best. */
static inline uint32_t
glip_row_lanes (const GlipGraph *graph, uint32_t columns)
{
  if (graph->recorder->device->tuning.kernels == GLIP_KERNELS_LANES)
    return 8;
  return columns <= 32 ? 32 : 64;
}

/* Specialise a dispatch that normalises rows into `y`, lanes running along `columns`
 * (shaders/norm.glsl).  A CPU driver loads and stores lane by lane, whatever the addresses:
 * a lane for every row saves it the sums over lanes.  A GPU moves 128 bits at a time where
 * columns come in fours, and has 64 lanes: so many a row that each has at most four loads
 * on their way, as long as they last. */
static inline void
glip_norm_specialise (
    const GlipGraph *graph, GlipTensor y, uint32_t columns, GlipDispatch *dispatch)
{
  const gboolean on_cpu = graph->recorder->device->tuning.kernels == GLIP_KERNELS_LANES;
  const gboolean fours = !on_cpu && columns % 4 == 0, half = y.type == GLIP_F16;
  g_assert (fours || !half);
  const uint32_t invocations = on_cpu ? 8 : 64, pieces = fours ? columns / 4 : columns;
  uint32_t lanes = 1;
  while (!on_cpu && lanes < invocations && 4 * lanes < pieces)
    lanes *= 2;
  dispatch->n_specialisations = SPEC_NORM_FORM + 1;
  dispatch->specialisations[SPEC_LOCAL_X] = lanes;
  dispatch->specialisations[SPEC_LOCAL_Y] = invocations / lanes;
  dispatch->specialisations[SPEC_NORM_FORM] =
      (fours ? NORM_FOURS : 0) | (half ? NORM_HALF : 0);
}

/* Fold `rows` workgroups into a grid whose axes stay within every device's limit. */
static inline void
glip_row_groups (uint32_t groups[3], uint32_t rows)
{
  const uint32_t limit = 65535;
  groups[1] = (rows + limit - 1) / limit;
  groups[0] = (rows + groups[1] - 1) / groups[1];
  groups[2] = 1;
}

#endif /* GLIP_ROWS_H */
