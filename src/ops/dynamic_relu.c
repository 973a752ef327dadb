/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"

_Static_assert (sizeof (struct DynamicReluArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");

enum {
  MOST_COLUMNS = 1024, /* the shader's shared arrays */
  COLUMN_STEP = 64,    /* keeps views of rows aligned */
};

static void
check_shapes (const GlipDynamicRelu *dynamic_relu, uint32_t columns)
{
  const uint32_t hidden = columns / 4;
  g_assert (columns <= MOST_COLUMNS && columns % COLUMN_STEP == 0);
  g_assert (dynamic_relu->groups > 0 && columns % dynamic_relu->groups == 0);
  g_assert (dynamic_relu->norms.rows == 6 && dynamic_relu->norms.columns == columns);
  g_assert (dynamic_relu->attention.columns == columns + 1);
  g_assert (dynamic_relu->fc0_weight.rows == hidden);
  g_assert (dynamic_relu->fc0_weight.columns == columns);
  g_assert (dynamic_relu->fc0_bias.columns == hidden);
  g_assert (dynamic_relu->fc2_weight.rows == 4 * columns);
  g_assert (dynamic_relu->fc2_weight.columns == hidden);
  g_assert (dynamic_relu->fc2_bias.columns == 4 * columns);
}

GlipTensor
glip_dynamic_relu (GlipGraph *graph, const GlipBranches *branches, GlipTensor moments,
    const GlipDynamicRelu *dynamic_relu)
{
  const GlipTensor mid = branches->mid;
  const uint32_t columns = mid.columns;
  check_shapes (dynamic_relu, columns);
  const struct DynamicReluArgs args = {
    .height = mid.height,
    .width = mid.width,
    .columns = columns,
    .levels = mid.levels,
    .groups = dynamic_relu->groups,
    .mid_chunks = glip_pyramid_tiles (mid, 0, MOMENTS_CHUNK),
    .low_chunks = glip_pyramid_tiles (mid, 1, MOMENTS_CHUNK),
  };
  g_assert (moments.columns == columns);
  g_assert (moments.rows == (args.mid_chunks + 2 * args.low_chunks) * MOMENTS_NUMBERS);
  const GlipTensor coefficients =
      glip_tensor_new (graph, mid.levels * COEFFICIENTS, columns);
  const GlipDispatch dispatch = {
    .shader = "dynamic_relu",
    .n_bindings = 8,
    .bindings = { { coefficients.region, GLIP_WRITE }, { moments.region, GLIP_READ },
        { dynamic_relu->norms.region, GLIP_READ },
        { dynamic_relu->attention.region, GLIP_READ },
        { dynamic_relu->fc0_weight.region, GLIP_READ },
        { dynamic_relu->fc0_bias.region, GLIP_READ },
        { dynamic_relu->fc2_weight.region, GLIP_READ },
        { dynamic_relu->fc2_bias.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { mid.levels, 1, 1 },
    .macs = 1.25 * mid.levels * columns * columns,
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return coefficients;
}
