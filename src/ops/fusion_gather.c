/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"

GlipTensor
glip_fusion_gather (GlipGraph *graph, GlipTensor partials, GlipTensor chunks, uint32_t heads)
{
  const uint32_t tokens = chunks.columns / heads, width = partials.columns / tokens;
  g_assert (chunks.rows == 2 * partials.rows && partials.rows <= FUSION_MOST_CHUNKS);
  g_assert (chunks.columns % heads == 0 && partials.columns % chunks.columns == 0);
  const struct FusionGatherArgs args = {
    .tokens = tokens,
    .heads = heads,
    .channels = width / heads,
    .chunks = partials.rows,
  };
  GlipTensor out = glip_tensor_new (graph, tokens, width);
  const GlipDispatch dispatch = {
    .shader = "fusion_gather",
    .n_bindings = 3,
    .bindings = { { out.region, GLIP_WRITE }, { partials.region, GLIP_READ },
        { chunks.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { tokens, heads, 1 },
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return out;
}
