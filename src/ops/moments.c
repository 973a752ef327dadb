/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"

_Static_assert (sizeof (struct MomentsArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");

enum { LANES = 32 /* along channels */ };

GlipTensor
glip_moments (GlipGraph *graph, const GlipBranches *branches)
{
  const GlipTensor x = branches->all, mid = branches->mid;
  const struct MomentsArgs args = {
    .height = mid.height,
    .width = mid.width,
    .columns = x.columns,
    .mid_rows = mid.rows,
    .mid_chunks = glip_pyramid_tiles (mid, 0, MOMENTS_CHUNK),
    .low_chunks = glip_pyramid_tiles (mid, 1, MOMENTS_CHUNK),
  };
  const uint32_t chunks = args.mid_chunks + 2 * args.low_chunks;
  const GlipTensor partials = glip_tensor_new (graph, chunks * MOMENTS_NUMBERS, x.columns);
  const GlipDispatch dispatch = {
    .shader = "moments",
    .n_bindings = 2,
    .bindings = { { partials.region, GLIP_WRITE }, { x.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { (x.columns + LANES - 1) / LANES, chunks, 1 },
    .macs = 3.0 * x.rows * x.columns,
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return partials;
}
