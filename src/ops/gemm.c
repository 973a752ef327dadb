/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"
#include "ops/lanes.h"
#include "ops/product.h"

#include <string.h>

_Static_assert (sizeof (struct GemmArgs) + 5 * sizeof (uint64_t) <= GLIP_MAX_ARGS_BYTES,
    "push constants");

/* Vector loads want whole tiles of columns, side by side, aligned to four floats, and
 * pairs of values aligned to two. */
static uint32_t
choose_lanes_flags (const struct GemmArgs *args, const GlipLanesTile *tile)
{
  const gboolean linear = args->a_column == 1 && args->b_row == GLIP_PANEL;
  const gboolean whole_k = args->k % tile->steps == 0 && args->k_split % tile->steps == 0;
  const gboolean whole_a =
      whole_k && args->a_column == 1 && (args->a_row | args->a_batch) % 2 == 0;
  const gboolean whole_b = args->b_columns % tile->columns == 0 &&
      (args->b_row | args->b_panel | args->b_batch) % 4 == 0;
  const gboolean whole_result = args->n % tile->columns == 0 && args->c_column == 1 &&
      (args->c_base | args->c_row | args->c_batch | args->c_split | args->bias_batch) % 4 == 0;
  return args->flags | (linear ? LANES_LINEAR : 0) | (whole_k ? 0 : LANES_K_TAIL) |
      (whole_a ? 0 : LANES_A_TAIL) | (whole_b ? 0 : LANES_B_TAIL) |
      (whole_result ? 0 : LANES_RESULT_TAIL);
}

static void
choose_lanes (GlipGraph *graph, const GlipGemm *gemm, GlipDispatch *dispatch)
{
  const struct GemmArgs *args = &gemm->args;
  const GlipLanesTile tile = glip_lanes_tile (graph, args->k);
  dispatch->shader = glip_lanes_are_used (graph) ? "gemm_lanes" : "gemm_broadcast";
  glip_lanes_specialise (dispatch, &tile, choose_lanes_flags (args, &tile));
  dispatch->groups[0] = glip_divide_up (args->n, tile.columns);
  dispatch->groups[1] = glip_divide_up (args->m, tile.rows * tile.together);
  dispatch->groups[2] = MAX (gemm->batches, 1) * args->splits;
}

/* How the operands can be read and the result be written, as FORM_ bits. */
static uint32_t
find_form (const GlipGemm *gemm)
{
  const struct GemmArgs *args = &gemm->args;
  const uint32_t a_along[] = { args->a_row, args->a_batch };
  const uint32_t a_across[] = { args->a_column, args->a_batch };
  const uint32_t b[] = { args->b_row, args->b_panel, args->b_batch };
  const uint32_t c[] = { args->n, args->c_base, args->c_row, args->c_batch, args->c_split };
  const uint32_t a_word = glip_product_word (gemm->a), b_word = glip_product_word (gemm->b);
  uint32_t form = (gemm->a.type == GLIP_F16 ? FORM_A_HALF : 0) |
      (gemm->b.type == GLIP_F16 ? FORM_B_HALF : 0) | (gemm->c.type == GLIP_F16 ? FORM_C_HALF : 0);
  if (args->a_column == 1 && args->k % 8 == 0 && args->k_split % 8 == 0 &&
      glip_product_keeps_step (gemm->a, a_word, G_N_ELEMENTS (a_along), a_along))
    form |= FORM_A_WHOLE;
  else if (args->a_row == 1 && args->m % 8 == 0 &&
      glip_product_keeps_step (gemm->a, a_word, G_N_ELEMENTS (a_across), a_across))
    form |= FORM_A_WHOLE | FORM_A_ACROSS;
  if (args->b_columns % 8 == 0 &&
      glip_product_keeps_step (gemm->b, b_word, G_N_ELEMENTS (b), b))
    form |= FORM_B_WHOLE;
  if (args->c_column == 1 && glip_product_keeps_step (gemm->c, 4, G_N_ELEMENTS (c), c))
    form |= FORM_C_WHOLE;
  g_assert (gemm->c.type == GLIP_F32 || form & FORM_C_WHOLE);
  return form;
}

void
glip_gemm (GlipGraph *graph, const GlipGemm *gemm)
{
  const struct GemmArgs *args = &gemm->args;
  const uint32_t batches = MAX (gemm->batches, 1);
  g_assert (args->m > 0 && args->n > 0 && args->k > 0 && args->splits > 0);
  g_assert (args->splits * args->k_split >= args->k);
  g_assert ((args->splits - 1) * args->k_split < args->k);
  g_assert (args->b_columns >= args->n);
  g_assert (!(args->flags & EPILOGUE_BIAS) || glip_tensor_exists (gemm->bias));
  g_assert (!(args->flags & EPILOGUE_RESIDUAL) || glip_tensor_exists (gemm->residual));
  g_assert (gemm->bias.type == GLIP_F32 && gemm->residual.type == GLIP_F32);

  /* Absent tensors are bound to something harmless. */
  GlipTensor bias = args->flags & EPILOGUE_BIAS ? gemm->bias : gemm->b;
  GlipTensor residual = args->flags & EPILOGUE_RESIDUAL ? gemm->residual : gemm->b;
  GlipDispatch dispatch = {
    .n_bindings = 5,
    .bindings = { { gemm->c.region, GLIP_WRITE }, { gemm->a.region, GLIP_READ },
        { gemm->b.region, GLIP_READ }, { bias.region, GLIP_READ },
        { residual.region, GLIP_READ } },
    .args = args,
    .args_bytes = sizeof *args,
    .macs = (double) args->m * args->n * args->k * batches,
  };
  if (graph->recorder->device->tuning.kernels != GLIP_KERNELS_LANES) {
    const GlipProduct product = {
      .tiles = "gemm_tiles",
      .matrix = "gemm_matrix",
      .m = { args->m },
      .n = args->n,
      .layers = batches * args->splits,
      .form = find_form (gemm),
      .epilogue = args->flags,
    };
    glip_product_dispatch (graph, &product, &dispatch);
    return;
  }
  choose_lanes (graph, gemm, &dispatch);
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
    y = options->operand ? glip_tensor_new_operand (graph, x.rows, linear->outputs)
                         : glip_tensor_new (graph, x.rows, linear->outputs);
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
