/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"

GlipTensor
glip_attention (GlipGraph *graph, GlipTensor qkv, uint32_t heads, GlipTensor real_tokens,
    float limit)
{
  g_assert (qkv.columns % (3 * heads) == 0);
  const uint32_t tokens = qkv.rows, columns = qkv.columns / 3;
  const struct AttentionArgs args = { .tokens = tokens, .columns = columns, .limit = limit };
  GlipTensor out = glip_tensor_new (graph, tokens, columns);
  const GlipDispatch dispatch = {
    .shader = "attention",
    .n_bindings = 3,
    .bindings = { { out.region, GLIP_WRITE }, { qkv.region, GLIP_READ },
        { real_tokens.region, GLIP_READ } },
    .n_specialisations = 1,
    .specialisations = { columns / heads },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { (tokens + ATTENTION_QUERIES - 1) / ATTENTION_QUERIES, heads, 1 },
    .macs = 2.0 * tokens * tokens * columns,
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return out;
}
