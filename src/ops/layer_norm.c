/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"
#include "ops/rows.h"

_Static_assert (sizeof (struct LayerNormArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");

GlipTensor
glip_layer_norm (GlipGraph *graph, GlipTensor x, const GlipNorm *norm, float limit)
{
  g_assert (norm->weight.columns == x.columns && norm->bias.columns == x.columns);
  GlipTensor y = glip_tensor_new_like (graph, x, x.columns);

  const struct LayerNormArgs args = {
    .rows = x.rows,
    .columns = x.columns,
    .epsilon = norm->epsilon,
    .limit = limit,
  };
  GlipDispatch dispatch = {
    .shader = "layer_norm",
    .n_bindings = 4,
    .bindings = { { y.region, GLIP_WRITE }, { x.region, GLIP_READ },
        { norm->weight.region, GLIP_READ }, { norm->bias.region, GLIP_READ } },
    .n_specialisations = 2,
    .args = &args,
    .args_bytes = sizeof args,
  };
  glip_norm_workgroup (graph, x.columns, dispatch.specialisations);
  const uint32_t rows = dispatch.specialisations[SPEC_LOCAL_Y];
  glip_row_groups (dispatch.groups, (x.rows + rows - 1) / rows);
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return y;
}
