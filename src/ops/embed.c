/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"

GlipTensor
glip_embed (GlipGraph *graph, GlipTensor ids, GlipTensor words, GlipTensor positions,
    GlipTensor types)
{
  g_assert (ids.rows == 1);
  g_assert (positions.columns == words.columns && types.columns == words.columns);
  const struct EmbedArgs args = { ids.columns, words.columns, words.rows, positions.rows };
  GlipTensor out = glip_tensor_new (graph, args.tokens, args.columns);
  const GlipDispatch dispatch = {
    .shader = "embed",
    .n_bindings = 5,
    .bindings = { { out.region, GLIP_WRITE }, { ids.region, GLIP_READ },
        { words.region, GLIP_READ }, { positions.region, GLIP_READ },
        { types.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { (args.columns + 63) / 64, args.tokens, 1 },
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return out;
}
