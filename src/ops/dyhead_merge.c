/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"

_Static_assert (sizeof (struct DyheadMergeArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");

enum {
  LANES = 32, /* along channels */
  TILES = 8,  /* of pixels, in a workgroup */
};

GlipTensor
glip_dyhead_merge (GlipGraph *graph, const GlipBranches *branches, GlipTensor coefficients)
{
  const GlipTensor mid = branches->mid;
  g_assert (coefficients.rows == mid.levels * COEFFICIENTS);
  g_assert (coefficients.columns == mid.columns);
  const GlipTensor out = glip_tensor_new_like (graph, mid, mid.columns);
  const struct DyheadMergeArgs args = {
    .height = mid.height,
    .width = mid.width,
    .columns = mid.columns,
    .levels = mid.levels,
    .rows = mid.rows,
  };
  const uint32_t tiles = glip_pyramid_tiles (mid, 0, MERGE_PIXELS);
  const GlipDispatch dispatch = {
    .shader = "dyhead_merge",
    .n_bindings = 3,
    .bindings = { { out.region, GLIP_WRITE }, { coefficients.region, GLIP_READ },
        { branches->all.region, GLIP_READ } },
    .n_specialisations = 2,
    .specialisations = { LANES, TILES },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { (mid.columns + LANES - 1) / LANES, (tiles + TILES - 1) / TILES, 1 },
    .macs = 8.0 * mid.rows * mid.columns,
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return out;
}
