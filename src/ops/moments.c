/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"

_Static_assert (sizeof (struct MomentsArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");
_Static_assert (sizeof (struct UpsampleWeightsArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");

enum {
  LANES = 32, /* along channels */
  RUNS = 8,   /* rows of invocations */
  FEWEST_CHUNK_ROWS = 32,
  MOST_CHUNKS = 256,
  PARTIALS = 4, /* numbers of a chunk and channel */
  WEIGHT_LANES = 64,
};

static GlipTensor
find_weights (GlipGraph *graph, GlipTensor x, uint32_t target_height, uint32_t target_width)
{
  const struct UpsampleWeightsArgs args = {
    .height = x.height,
    .width = x.width,
    .target_height = target_height,
    .target_width = target_width,
    .ratio_y = glip_upsample_ratio (x.height, target_height),
    .ratio_x = glip_upsample_ratio (x.width, target_width),
  };
  const GlipTensor weights = glip_tensor_new (graph, 1, x.height + x.width);
  const GlipDispatch dispatch = {
    .shader = "upsample_weights",
    .n_bindings = 1,
    .bindings = { { weights.region, GLIP_WRITE } },
    .n_specialisations = 1,
    .specialisations = { WEIGHT_LANES },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { (weights.columns + WEIGHT_LANES - 1) / WEIGHT_LANES, 1, 1 },
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return weights;
}

static void
merge_chunks (GlipGraph *graph, const struct MomentsArgs *args, GlipTensor x,
    GlipTensor partials, GlipTensor moments)
{
  const GlipDispatch dispatch = {
    .shader = "moments_merge",
    .n_bindings = 3,
    .bindings = { { moments.region, GLIP_WRITE }, { partials.region, GLIP_READ },
        { x.region, GLIP_READ } },
    .n_specialisations = 2,
    .specialisations = { LANES, RUNS },
    .args = args,
    .args_bytes = sizeof *args,
    .groups = { (args->columns + LANES - 1) / LANES, 1, 1 },
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
}

GlipTensor
glip_moments (GlipGraph *graph, GlipTensor x, uint32_t target_height, uint32_t target_width)
{
  g_assert (x.height > 0 && (target_height > 0) == (target_width > 0));
  const gboolean weighted = target_height > 0;
  struct MomentsArgs args = {
    .rows = x.rows,
    .columns = x.columns,
    .height = x.height,
    .width = x.width,
    .chunk_rows = MAX (FEWEST_CHUNK_ROWS, (x.rows + MOST_CHUNKS - 1) / MOST_CHUNKS),
    .weighted = weighted,
  };
  args.chunks = (x.rows + args.chunk_rows - 1) / args.chunk_rows;

  const GlipTensor weights =
      weighted ? find_weights (graph, x, target_height, target_width) : x;
  const GlipTensor partials = glip_tensor_new (graph, args.chunks, PARTIALS * x.columns);
  const GlipTensor moments = glip_tensor_new (graph, 3, x.columns);
  const GlipDispatch dispatch = {
    .shader = "moments",
    .n_bindings = 3,
    .bindings = { { partials.region, GLIP_WRITE }, { x.region, GLIP_READ },
        { weights.region, GLIP_READ } },
    .n_specialisations = 2,
    .specialisations = { LANES, RUNS },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { (x.columns + LANES - 1) / LANES, (args.chunks + RUNS - 1) / RUNS, 1 },
    .macs = 3.0 * x.rows * x.columns,
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
  merge_chunks (graph, &args, x, partials, moments);
  return moments;
}
