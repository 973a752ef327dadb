/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"

_Static_assert (sizeof (struct CandidatesArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");

enum { LOCAL_SIZE = 64 };

GlipTensor
glip_candidates (GlipGraph *graph, const GlipScored *scored)
{
  uint32_t rows = scored->scores.rows, capacity = scored->scores.columns;
  g_assert (scored->regression.rows == rows && scored->regression.columns == 5);
  g_assert (scored->level_starts[0] == 0 && scored->level_starts[SCORE_LEVELS] == rows);
  GlipTensor list = glip_tensor_new (graph, rows * capacity, 2);
  struct CandidatesArgs args = {
    .rows = rows,
    .capacity = capacity,
    .threshold = scored->threshold,
  };
  for (int level = 0; level < SCORE_LEVELS; level++) {
    g_assert (scored->level_starts[level] <= scored->level_starts[level + 1]);
    args.level_ends[level] = scored->level_starts[level + 1];
  }
  uint32_t groups = (rows * capacity + LOCAL_SIZE - 1) / LOCAL_SIZE;
  const GlipDispatch dispatch = {
    .shader = "candidates",
    .n_bindings = 5,
    .bindings = { { list.region, GLIP_WRITE }, { scored->scores.region, GLIP_READ },
        { scored->regression.region, GLIP_READ }, { scored->labels.region, GLIP_READ },
        { scored->counters.region, GLIP_READ | GLIP_WRITE } },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { MIN (groups, LONG_GRID), (groups + LONG_GRID - 1) / LONG_GRID, 1 },
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return list;
}
