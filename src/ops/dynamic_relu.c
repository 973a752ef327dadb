/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"

_Static_assert (sizeof (struct ScaleAttentionArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");
_Static_assert (sizeof (struct DynamicReluArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");

enum {
  BRANCHES = 3,
  BRANCH_ROWS = 3,       /* factor, constant, mean */
  COEFFICIENT_ROWS = 8,
  MOST_COLUMNS = 1024,   /* the shaders' shared arrays */
  COLUMN_STEP = 64,      /* keeps views of rows aligned */
  WORKGROUP_COLUMNS = 64 /* dynamic_relu.comp */
};

static void
scale_attention (GlipGraph *graph, const GlipBranch *branch,
    const GlipDynamicRelu *dynamic_relu, GlipTensor out)
{
  const uint32_t columns = out.columns;
  g_assert (branch->moments.rows == 3 && branch->moments.columns == columns);
  g_assert (branch->norm_weight.columns == columns && branch->norm_bias.columns == columns);
  const struct ScaleAttentionArgs args = {
    .columns = columns,
    .groups = dynamic_relu->groups,
    .epsilon = 1e-5f,
  };
  const GlipDispatch dispatch = {
    .shader = "scale_attention",
    .n_bindings = 6,
    .bindings = { { out.region, GLIP_WRITE }, { branch->moments.region, GLIP_READ },
        { branch->norm_weight.region, GLIP_READ }, { branch->norm_bias.region, GLIP_READ },
        { dynamic_relu->attention_weight.region, GLIP_READ },
        { dynamic_relu->attention_bias.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { 1, 1, 1 },
    .macs = columns,
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
}

static void
check_shapes (const GlipDynamicRelu *dynamic_relu, uint32_t columns)
{
  const uint32_t hidden = columns / 4;
  g_assert (columns <= MOST_COLUMNS && columns % COLUMN_STEP == 0);
  g_assert (dynamic_relu->groups > 0 && columns % dynamic_relu->groups == 0);
  g_assert (dynamic_relu->attention_weight.columns == columns);
  g_assert (dynamic_relu->attention_bias.columns == 1);
  g_assert (dynamic_relu->fc0_weight.rows == hidden);
  g_assert (dynamic_relu->fc0_weight.columns == columns);
  g_assert (dynamic_relu->fc0_bias.columns == hidden);
  g_assert (dynamic_relu->fc2_weight.rows == 4 * columns);
  g_assert (dynamic_relu->fc2_weight.columns == hidden);
  g_assert (dynamic_relu->fc2_bias.columns == 4 * columns);
}

GlipTensor
glip_dynamic_relu (
    GlipGraph *graph, const GlipBranch branches[3], const GlipDynamicRelu *dynamic_relu)
{
  g_assert (glip_tensor_exists (branches[0].x));
  const uint32_t columns = branches[0].x.columns;
  check_shapes (dynamic_relu, columns);

  /* Rows of absent branches stay unwritten and unread. */
  const GlipTensor affine = glip_tensor_new (graph, BRANCHES * BRANCH_ROWS, columns);
  for (uint32_t i = 0; i < BRANCHES; i++)
    if (glip_tensor_exists (branches[i].x))
      scale_attention (graph, &branches[i], dynamic_relu,
          glip_tensor_rows (affine, i * BRANCH_ROWS, BRANCH_ROWS));

  const GlipTensor coefficients = glip_tensor_new (graph, COEFFICIENT_ROWS, columns);
  const struct DynamicReluArgs args = {
    .columns = columns,
    .hidden = columns / 4,
    .branches = (glip_tensor_exists (branches[1].x) ? BRANCH_LOW : 0) |
        (glip_tensor_exists (branches[2].x) ? BRANCH_HIGH : 0),
  };
  const GlipDispatch dispatch = {
    .shader = "dynamic_relu",
    .n_bindings = 6,
    .bindings = { { coefficients.region, GLIP_WRITE }, { affine.region, GLIP_READ },
        { dynamic_relu->fc0_weight.region, GLIP_READ },
        { dynamic_relu->fc0_bias.region, GLIP_READ },
        { dynamic_relu->fc2_weight.region, GLIP_READ },
        { dynamic_relu->fc2_bias.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { (columns + WORKGROUP_COLUMNS - 1) / WORKGROUP_COLUMNS, 1, 1 },
    .macs = 1.25 * columns * columns,
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return coefficients;
}
