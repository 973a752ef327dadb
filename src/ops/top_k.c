/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"

#include <string.h>

_Static_assert (
    sizeof (GlipTopEntry) == TOP_K_ENTRY * sizeof (uint32_t), "an entry is copied as it is");

GlipTensor
glip_top_k (GlipGraph *graph, const GlipScored *scored, GlipTensor candidates, uint32_t top_n,
    GlipTensor out)
{
  g_assert (top_n > 0);
  g_assert (candidates.rows == scored->scores.rows * scored->scores.columns);
  GlipTensor result = out;
  if (!glip_tensor_exists (result))
    result = glip_tensor_new (
        graph, TOP_K_HEADER / TOP_K_ENTRY + SCORE_LEVELS * top_n, TOP_K_ENTRY);
  g_assert (glip_tensor_bytes (result) >= glip_top_k_bytes (top_n));
  struct TopKArgs args = { .capacity = scored->scores.columns, .top_n = top_n };
  memcpy (args.level_starts, scored->level_starts, sizeof args.level_starts);
  const GlipDispatch dispatch = {
    .shader = "top_k",
    .n_bindings = 4,
    .bindings = { { result.region, GLIP_WRITE }, { candidates.region, GLIP_READ },
        { scored->regression.region, GLIP_READ }, { scored->counters.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { SCORE_LEVELS, 1, 1 },
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return result;
}

size_t
glip_top_k_read (const void *result, uint32_t top_n, GlipTopEntry *entries)
{
  const uint8_t *bytes = result;
  uint32_t kept[SCORE_LEVELS];
  size_t n = 0;
  memcpy (kept, bytes + TOP_K_KEPT * sizeof (uint32_t), sizeof kept);
  for (size_t level = 0; level < SCORE_LEVELS; level++) {
    size_t count = MIN (kept[level], top_n);
    size_t at = (TOP_K_HEADER + level * top_n * TOP_K_ENTRY) * sizeof (uint32_t);
    memcpy (entries + n, bytes + at, count * sizeof *entries);
    n += count;
  }
  return n;
}
