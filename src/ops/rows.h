/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Dispatching operators that give every row a workgroup, lanes running along its
 * columns (shaders/grid.glsl).
 */
#ifndef GLIP_ROWS_H
#define GLIP_ROWS_H

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

/* Lanes and rows of a workgroup that normalises rows.  A CPU driver loads and stores lane
 * by lane, whatever the addresses: a lane for every row saves it the sums over lanes. */
static inline void
glip_norm_workgroup (const GlipGraph *graph, uint32_t columns, uint32_t size[2])
{
  const gboolean on_cpu = graph->recorder->device->tuning.kernels == GLIP_KERNELS_LANES;
  size[0] = on_cpu ? 1 : glip_row_lanes (graph, columns);
  size[1] = on_cpu ? 8 : 1;
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
