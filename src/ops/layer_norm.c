/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"
#include "ops/rows.h"

_Static_assert (sizeof (struct LayerNormArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");

GlipTensor
glip_layer_norm (
    GlipGraph *graph, GlipTensor x, const GlipNorm *norm, const GlipNormOptions *options)
{
  static const GlipNormOptions defaults = { 0 };
  if (!options)
    options = &defaults;
  g_assert (x.type == GLIP_F32);
  g_assert (norm->weight.columns == x.columns && norm->bias.columns == x.columns);
  GlipTensor y = options->operand ? glip_tensor_new_operand_like (graph, x, x.columns)
                                  : glip_tensor_new_like (graph, x, x.columns);

  const struct LayerNormArgs args = {
    .rows = x.rows,
    .columns = x.columns,
    .epsilon = norm->epsilon,
    .limit = options->limit,
  };
  GlipDispatch dispatch = {
    .shader = "layer_norm",
    .n_bindings = 4,
    .bindings = { { y.region, GLIP_WRITE }, { x.region, GLIP_READ },
        { norm->weight.region, GLIP_READ }, { norm->bias.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
  };
  glip_norm_specialise (graph, y, x.columns, &dispatch);
  const uint32_t rows = dispatch.specialisations[SPEC_LOCAL_Y];
  glip_row_groups (dispatch.groups, (x.rows + rows - 1) / rows);
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return y;
}
