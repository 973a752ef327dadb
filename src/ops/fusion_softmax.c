/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"

/* Rows of a chunk. */
static uint32_t
choose_chunk (uint32_t rows)
{
  const uint32_t most = FUSION_CHUNK * FUSION_MOST_CHUNKS;
  return FUSION_CHUNK * ((rows + most - 1) / most);
}

GlipSoftmaxPair
glip_fusion_softmax (
    GlipGraph *graph, GlipTensor scores, uint32_t heads, GlipTensor real_tokens)
{
  g_assert (scores.columns % heads == 0);
  const uint32_t chunk = choose_chunk (scores.rows);
  const uint32_t chunks = (scores.rows + chunk - 1) / chunk;
  const struct FusionArgs args = {
    .rows = scores.rows,
    .heads = heads,
    .tokens = scores.columns / heads,
    .chunk = chunk,
  };
  const GlipSoftmaxPair weights = {
    .to_image = glip_tensor_new (graph, scores.rows, scores.columns),
    .to_text = glip_tensor_new (graph, scores.rows, scores.columns),
    .chunks = glip_tensor_new (graph, 2 * chunks, scores.columns),
    .chunk = chunk,
  };
  const GlipDispatch dispatch = {
    .shader = "fusion_softmax",
    .n_bindings = 5,
    .bindings = { { weights.to_image.region, GLIP_WRITE },
        { weights.to_text.region, GLIP_WRITE }, { weights.chunks.region, GLIP_WRITE },
        { scores.region, GLIP_READ }, { real_tokens.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { chunks, heads, 1 },
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return weights;
}
