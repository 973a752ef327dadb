/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"
#include "ops/lanes.h"

#include <string.h>

_Static_assert (sizeof (struct GemmArgs) + 5 * sizeof (uint64_t) <= GLIP_MAX_ARGS_BYTES,
    "push constants");

/* Row tiles of a workgroup: 8 x 8 invocations on a GPU; on a CPU driver, which runs one
 * subgroup after another, they find the columns of b in the cache. */
enum { ROW_TILES = 8 };

static uint32_t
divide_up (uint32_t a, uint32_t b)
{
  return (a + b - 1) / b;
}

/* The grid of a kernel whose workgroups compute ROW_TILES tiles below one another. */
static void
set_grid (GlipDispatch *dispatch, const GlipGemm *gemm, uint32_t tile_rows,
    uint32_t tile_columns)
{
  const struct GemmArgs *args = &gemm->args;
  dispatch->specialisations[1] = ROW_TILES;
  dispatch->groups[0] = divide_up (args->n, tile_columns);
  dispatch->groups[1] = divide_up (args->m, tile_rows * ROW_TILES);
  dispatch->groups[2] = MAX (gemm->batches, 1) * args->splits;
}

/* Vector loads want whole tiles of columns, side by side, aligned to four floats. */
static uint32_t
choose_flags (const struct GemmArgs *args, uint32_t steps)
{
  const gboolean linear = args->a_column == 1 && args->b_row == GLIP_PANEL;
  const gboolean whole_b = args->b_columns % LANES_TILE_COLUMNS == 0 &&
      (args->b_row | args->b_panel | args->b_batch) % 4 == 0;
  const gboolean whole_result = args->n % LANES_TILE_COLUMNS == 0 && args->c_column == 1 &&
      (args->c_base | args->c_row | args->c_batch | args->c_split | args->bias_batch) % 4 == 0;
  return args->flags | (linear ? LANES_LINEAR : 0) |
      (args->k % steps || args->k_split % steps ? LANES_K_TAIL : 0) |
      (whole_b ? 0 : LANES_B_TAIL) | (whole_result ? 0 : LANES_RESULT_TAIL);
}

void
glip_gemm (GlipGraph *graph, const GlipGemm *gemm)
{
  const struct GemmArgs *args = &gemm->args;
  g_assert (args->m > 0 && args->n > 0 && args->k > 0 && args->splits > 0);
  g_assert (args->splits * args->k_split >= args->k);
  g_assert ((args->splits - 1) * args->k_split < args->k);
  g_assert (args->b_columns >= args->n);
  g_assert (!(args->flags & EPILOGUE_BIAS) || glip_tensor_exists (gemm->bias));
  g_assert (!(args->flags & EPILOGUE_RESIDUAL) || glip_tensor_exists (gemm->residual));

  /* Absent tensors are bound to something harmless. */
  GlipTensor bias = args->flags & EPILOGUE_BIAS ? gemm->bias : gemm->b;
  GlipTensor residual = args->flags & EPILOGUE_RESIDUAL ? gemm->residual : gemm->b;
  GlipDispatch dispatch = {
    .n_bindings = 5,
    .bindings = { { gemm->c.region, GLIP_WRITE }, { gemm->a.region, GLIP_READ },
        { gemm->b.region, GLIP_READ }, { bias.region, GLIP_READ },
        { residual.region, GLIP_READ } },
    .n_specialisations = 2,
    .specialisations = { 8 },
    .args = args,
    .args_bytes = sizeof *args,
    .macs = (double) args->m * args->n * args->k * MAX (gemm->batches, 1),
  };
  if (glip_lanes_are_used (graph)) {
    dispatch.shader = "gemm_lanes";
    dispatch.addressed = TRUE;
    const uint32_t steps = glip_lanes_steps (args->k);
    dispatch.specialisations[SPEC_LANES_STEPS] = steps;
    dispatch.specialisations[SPEC_LANES_FLAGS] = choose_flags (args, steps);
    dispatch.n_specialisations = SPEC_LANES_FLAGS + 1;
    set_grid (&dispatch, gemm, LANES_TILE_ROWS, LANES_TILE_COLUMNS);
  } else {
    dispatch.addressed = graph->recorder->device->tuning.kernels == GLIP_KERNELS_LANES;
    dispatch.shader = dispatch.addressed ? "gemm_addressed" : "gemm";
    set_grid (&dispatch, gemm, GLIP_TILE_ROWS, GLIP_PANEL);
  }
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
