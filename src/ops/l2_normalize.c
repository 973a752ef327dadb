/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"

GlipTensor
glip_l2_normalize (GlipGraph *graph, GlipTensor x)
{
  const struct RowsArgs args = { x.rows, x.columns };
  GlipTensor out = glip_tensor_new (graph, x.rows, x.columns);
  const GlipDispatch dispatch = {
    .shader = "l2_normalize",
    .n_bindings = 2,
    .bindings = { { out.region, GLIP_WRITE }, { x.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { x.rows, 1, 1 },
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return out;
}
