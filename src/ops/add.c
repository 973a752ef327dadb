/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"

GlipTensor
glip_add (GlipGraph *graph, GlipTensor a, GlipTensor b)
{
  g_assert (a.rows == b.rows && a.columns == b.columns);
  const struct RowsArgs args = { a.rows, a.columns };
  GlipTensor out = glip_tensor_new (graph, a.rows, a.columns);
  const GlipDispatch dispatch = {
    .shader = "add",
    .n_bindings = 3,
    .bindings = { { out.region, GLIP_WRITE }, { a.region, GLIP_READ }, { b.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { (a.columns + 63) / 64, a.rows, 1 },
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return out;
}
