/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"

enum { LOCAL_SIZE = 64 };

GlipTensor
glip_label_scores (GlipGraph *graph, GlipTensor logits, GlipTensor labels, uint32_t capacity,
    uint32_t aggregate, GlipTensor counters)
{
  g_assert (capacity > 0 && capacity <= LABELS_MAX && aggregate <= AGGREGATE_ONEHOT);
  g_assert (glip_tensor_bytes (labels) >= LABELS_WORDS * sizeof (uint32_t));
  g_assert (counters.columns == SCORE_COUNTERS);
  GlipTensor scores = glip_tensor_new (graph, logits.rows, capacity);
  const struct LabelScoresArgs args = {
    .rows = logits.rows,
    .tokens = logits.columns,
    .capacity = capacity,
    .aggregate = aggregate,
  };
  uint32_t groups = (logits.rows * capacity + LOCAL_SIZE - 1) / LOCAL_SIZE;
  const GlipDispatch dispatch = {
    .shader = "label_scores",
    .n_bindings = 4,
    .bindings = { { scores.region, GLIP_WRITE }, { logits.region, GLIP_READ },
        { labels.region, GLIP_READ }, { counters.region, GLIP_WRITE } },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { MIN (groups, LONG_GRID), (groups + LONG_GRID - 1) / LONG_GRID, 1 },
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return scores;
}
