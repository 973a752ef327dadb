/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"
#include "ops/rows.h"

_Static_assert (sizeof (struct PatchMergeArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");

GlipTensor
glip_patch_merge (GlipGraph *graph, GlipTensor x, const GlipNorm *norm)
{
  g_assert (x.height > 0 && x.width > 0 && x.type == GLIP_F32);
  g_assert (norm->weight.columns == 4 * x.columns && norm->bias.columns == 4 * x.columns);
  const uint32_t height = (x.height + 1) / 2, width = (x.width + 1) / 2;
  GlipTensor y = glip_tensor_new_map (graph, height, width, 4 * x.columns);

  const struct PatchMergeArgs args = {
    .height = x.height,
    .width = x.width,
    .columns = x.columns,
    .epsilon = norm->epsilon,
  };
  GlipDispatch dispatch = {
    .shader = "patch_merge",
    .n_bindings = 4,
    .bindings = { { y.region, GLIP_WRITE }, { x.region, GLIP_READ },
        { norm->weight.region, GLIP_READ }, { norm->bias.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
  };
  glip_norm_specialise (graph, y, x.columns, &dispatch);
  const uint32_t rows = dispatch.specialisations[SPEC_LOCAL_Y];
  glip_row_groups (dispatch.groups, (y.rows + rows - 1) / rows);
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return y;
}
