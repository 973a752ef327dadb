/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"

#include <string.h>

_Static_assert (sizeof (struct GemmArgs) + 5 * sizeof (uint64_t) <= GLIP_MAX_ARGS_BYTES,
    "push constants");

/* Row tiles of a workgroup: 8 x 8 invocations on a GPU; a CPU driver runs the
 * invocations of a workgroup one subgroup after another and gains nothing. */
enum { ROW_TILES = 8 };

void
glip_gemm (GlipGraph *graph, const GlipGemm *gemm)
{
  const struct GemmArgs *args = &gemm->args;
  uint32_t batches = MAX (gemm->batches, 1);
  g_assert (args->m > 0 && args->n > 0 && args->k > 0 && args->splits > 0);
  g_assert (args->splits * args->k_split >= args->k);
  g_assert (!(args->flags & EPILOGUE_BIAS) || glip_tensor_exists (gemm->bias));
  g_assert (!(args->flags & EPILOGUE_RESIDUAL) || glip_tensor_exists (gemm->residual));

  /* Absent tensors are bound to something harmless. */
  GlipTensor bias = args->flags & EPILOGUE_BIAS ? gemm->bias : gemm->b;
  GlipTensor residual = args->flags & EPILOGUE_RESIDUAL ? gemm->residual : gemm->b;
  uint32_t tiles = (args->m + GLIP_TILE_ROWS - 1) / GLIP_TILE_ROWS;
  gboolean addressed = graph->recorder->device->tuning.kernels == GLIP_KERNELS_LANES;
  const GlipDispatch dispatch = {
    .shader = addressed ? "gemm_addressed" : "gemm",
    .addressed = addressed,
    .n_bindings = 5,
    .bindings = { { gemm->c.region, GLIP_WRITE }, { gemm->a.region, GLIP_READ },
        { gemm->b.region, GLIP_READ }, { bias.region, GLIP_READ },
        { residual.region, GLIP_READ } },
    .n_specialisations = 2,
    .specialisations = { 8, ROW_TILES },
    .args = args,
    .args_bytes = sizeof *args,
    .groups = { (args->n + GLIP_PANEL - 1) / GLIP_PANEL, (tiles + ROW_TILES - 1) / ROW_TILES,
        batches * args->splits },
    .macs = (double) args->m * args->n * args->k * batches,
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
}

GlipTensor
glip_linear (
    GlipGraph *graph, GlipTensor x, const GlipLinear *linear, const GlipLinearOptions *options)
{
  static const GlipLinearOptions defaults = { 0 };
  if (!options)
    options = &defaults;
  g_assert (x.columns == linear->inputs);

  GlipTensor y = options->out;
  if (!glip_tensor_exists (y))
    y = glip_tensor_new (graph, x.rows, linear->outputs);
  g_assert (y.rows == x.rows && y.columns == linear->outputs);
  y.height = x.height;
  y.width = x.width;
  y.levels = x.levels;

  const GlipGemm gemm = {
    .a = x,
    .b = linear->weight,
    .c = y,
    .bias = linear->bias,
    .residual = options->residual,
    .args = {
        .m = x.rows,
        .n = linear->outputs,
        .k = linear->inputs,
        .a_row = linear->inputs,
        .a_column = 1,
        .b_row = GLIP_PANEL,
        .b_panel = GLIP_PANEL * linear->inputs,
        .b_columns = (linear->outputs + GLIP_PANEL - 1) / GLIP_PANEL * GLIP_PANEL,
        .c_row = linear->outputs,
        .c_column = 1,
        .splits = 1,
        .k_split = linear->inputs,
        .flags = (glip_tensor_exists (linear->bias) ? EPILOGUE_BIAS : 0) |
            (options->gelu ? EPILOGUE_GELU : 0) | (options->limit > 0 ? EPILOGUE_CLAMP : 0) |
            (glip_tensor_exists (options->residual) ? EPILOGUE_RESIDUAL : 0),
        .limit = options->limit,
    },
  };
  glip_gemm (graph, &gemm);
  return y;
}

size_t
glip_linear_packed_floats (uint32_t outputs, uint32_t inputs)
{
  return (size_t) (outputs + GLIP_PANEL - 1) / GLIP_PANEL * GLIP_PANEL * inputs;
}

void
glip_linear_pack (float *packed, const float *weight, uint32_t outputs, uint32_t inputs)
{
  memset (packed, 0, glip_linear_packed_floats (outputs, inputs) * sizeof (float));
  for (uint32_t o = 0; o < outputs; o++) {
    float *column = packed + (size_t) (o / GLIP_PANEL) * GLIP_PANEL * inputs + o % GLIP_PANEL;
    for (uint32_t i = 0; i < inputs; i++)
      column[(size_t) i * GLIP_PANEL] = weight[(size_t) o * inputs + i];
  }
}
