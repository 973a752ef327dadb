/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"

/* Maximum and reciprocal sum of every column over all rows: [2, columns]. */
static GlipTensor
reduce_columns (GlipGraph *graph, GlipTensor scores, const struct FusionArgs *args)
{
  GlipTensor partials = glip_tensor_new (graph, args->chunks * 2, scores.columns);
  GlipTensor merged = glip_tensor_new (graph, 2, scores.columns);
  uint32_t lanes = (scores.columns + 31) / 32;
  const GlipDispatch partial = {
    .shader = "column_partials",
    .n_bindings = 2,
    .bindings = { { partials.region, GLIP_WRITE }, { scores.region, GLIP_READ } },
    .args = args,
    .args_bytes = sizeof *args,
    .groups = { lanes, args->chunks, 1 },
  };
  const GlipDispatch merge = {
    .shader = "column_merge",
    .n_bindings = 2,
    .bindings = { { merged.region, GLIP_WRITE }, { partials.region, GLIP_READ } },
    .args = args,
    .args_bytes = sizeof *args,
    .groups = { lanes, 1, 1 },
  };
  glip_recorder_dispatch (graph->recorder, &partial);
  glip_recorder_dispatch (graph->recorder, &merge);
  return merged;
}

void
glip_fusion_softmax (GlipGraph *graph, GlipTensor scores, uint32_t heads, GlipTensor real_tokens,
    GlipTensor *to_image, GlipTensor *to_text)
{
  g_assert (scores.columns % heads == 0);
  const struct FusionArgs args = {
    .rows = scores.rows,
    .heads = heads,
    .tokens = scores.columns / heads,
    .chunks = (scores.rows + FUSION_CHUNK - 1) / FUSION_CHUNK,
  };
  GlipTensor merged = reduce_columns (graph, scores, &args);
  *to_image = glip_tensor_new (graph, scores.rows, scores.columns);
  *to_text = glip_tensor_new (graph, scores.rows, scores.columns);
  GlipDispatch dispatch = {
    .shader = "fusion_softmax",
    .n_bindings = 5,
    .bindings = { { to_image->region, GLIP_WRITE }, { to_text->region, GLIP_WRITE },
        { scores.region, GLIP_READ }, { merged.region, GLIP_READ },
        { real_tokens.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
  };
  glip_fold_groups ((args.rows * heads + 63) / 64, dispatch.groups);
  glip_recorder_dispatch (graph->recorder, &dispatch);
}
