/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"

GlipTensor
glip_sum_splits (GlipGraph *graph, GlipTensor partials, uint32_t rows, uint32_t columns)
{
  g_assert (partials.columns == rows * columns);
  const struct SumSplitsArgs args = { .n = rows * columns, .splits = partials.rows };
  GlipTensor out = glip_tensor_new (graph, rows, columns);
  GlipDispatch dispatch = {
    .shader = "sum_splits",
    .n_bindings = 2,
    .bindings = { { out.region, GLIP_WRITE }, { partials.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
  };
  glip_fold_groups ((args.n + 63) / 64, dispatch.groups);
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return out;
}
