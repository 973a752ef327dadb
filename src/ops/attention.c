/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"

GlipTensor
glip_attention (GlipGraph *graph, GlipTensor q, GlipTensor k, GlipTensor v, uint32_t heads,
    GlipTensor real_tokens, float limit)
{
  g_assert (q.columns % heads == 0);
  g_assert (k.rows == q.rows && k.columns == q.columns);
  g_assert (v.rows == q.rows && v.columns == q.columns);
  const struct AttentionArgs args = { .tokens = q.rows, .columns = q.columns, .limit = limit };
  GlipTensor out = glip_tensor_new (graph, q.rows, q.columns);
  const GlipDispatch dispatch = {
    .shader = "attention",
    .n_bindings = 5,
    .bindings = { { out.region, GLIP_WRITE }, { q.region, GLIP_READ }, { k.region, GLIP_READ },
        { v.region, GLIP_READ }, { real_tokens.region, GLIP_READ } },
    .n_specialisations = 1,
    .specialisations = { q.columns / heads },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { (q.rows + ATTENTION_QUERIES - 1) / ATTENTION_QUERIES, heads, 1 },
    .macs = 2.0 * q.rows * q.rows * q.columns,
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return out;
}
