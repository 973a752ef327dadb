/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"
#include "ops/rows.h"

_Static_assert (sizeof (struct PatchMergeArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");

GlipTensor
glip_patch_merge (GlipGraph *graph, GlipTensor x)
{
  g_assert (x.height > 0 && x.width > 0);
  GlipTensor y = glip_tensor_new_map (
      graph, (x.height + 1) / 2, (x.width + 1) / 2, 4 * x.columns);

  const struct PatchMergeArgs args = {
    .height = x.height,
    .width = x.width,
    .columns = x.columns,
  };
  GlipDispatch dispatch = {
    .shader = "patch_merge",
    .n_bindings = 2,
    .bindings = { { y.region, GLIP_WRITE }, { x.region, GLIP_READ } },
    .n_specialisations = 1,
    .specialisations = { glip_row_lanes (graph, x.columns) },
    .args = &args,
    .args_bytes = sizeof args,
  };
  glip_row_groups (dispatch.groups, y.rows);
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return y;
}
