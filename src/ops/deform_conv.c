/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"
#include "ops/lanes.h"
#include "ops/product.h"

_Static_assert (sizeof (struct DeformColumnsArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");
_Static_assert (sizeof (struct DeformConvArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");

enum {
  TAPS = 9,
  OFFSET_CHANNELS = 27,
  LANES = 32, /* along channels */
  PIXELS = 8, /* of a workgroup */
  STEP = 64,  /* rows of a strip are a multiple of it */
  BRANCHES = 3,
  WHOLE_COLUMNS = 64, /* rows of so many floats begin on an aligned byte */
  MOST_GROUPS = 65535,
};

GlipBranches
glip_branches_new (GlipGraph *graph, GlipTensor x, uint32_t columns)
{
  g_assert (x.levels > 1);
  const uint32_t height = (x.height + 1) / 2, width = (x.width + 1) / 2;
  const uint32_t rows = x.rows - x.height * x.width; /* of low, and of high */
  GlipBranches branches = { .all = glip_tensor_new (graph, x.rows + 2 * rows, columns) };
  branches.mid = glip_tensor_as_pyramid (
      glip_tensor_rows (branches.all, 0, x.rows), x.height, x.width, x.levels);
  branches.low = glip_tensor_as_pyramid (
      glip_tensor_rows (branches.all, x.rows, rows), height, width, x.levels - 1);
  branches.high = glip_tensor_as_pyramid (
      glip_tensor_rows (branches.all, x.rows + rows, rows), height, width, x.levels - 1);
  return branches;
}

typedef struct {
  GlipTensor x, offsets;
  const GlipConv *convs;
  const GlipBranches *branches;
} Layer;

/* Rows [first, first + rows) of each of `n` branches. */
typedef struct {
  uint32_t branch, n; /* the first branch */
  uint32_t first, rows;
} Strip;

static void
sample (GlipGraph *graph, const Layer *layer, const Strip *strip, GlipTensor columns)
{
  const struct DeformColumnsArgs args = {
    .height = layer->x.height,
    .width = layer->x.width,
    .channels = layer->x.columns,
    .branch = strip->branch,
    .first = strip->first,
    .rows = strip->rows,
  };
  const gboolean lanes = args.channels % 16 == 0;
  const char *shader = "deform_columns";
  if (lanes)
    shader = glip_lanes_are_used (graph) ? "deform_columns_lanes" : "deform_columns_broadcast";
  const GlipDispatch dispatch = {
    .shader = shader,
    .addressed = lanes,
    .n_bindings = 3,
    .bindings = { { columns.region, GLIP_WRITE }, { layer->x.region, GLIP_READ },
        { layer->offsets.region, GLIP_READ } },
    .n_specialisations = 2,
    .specialisations = { lanes ? 8 : LANES, PIXELS },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { (strip->rows + PIXELS - 1) / PIXELS, lanes ? 1 : TAPS, strip->n },
    .macs = 4.0 * columns.rows * columns.columns,
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
}

/* A batch a branch: columns, weights, biases and results of each lie at even distances. */
static void
multiply (GlipGraph *graph, const Layer *layer, const Strip *strip, GlipTensor columns)
{
  const GlipBranches *branches = layer->branches;
  const uint32_t outputs = branches->all.columns, k = columns.columns;
  const uint32_t branch_rows = branches->low.rows; /* from a result to the next */
  const uint32_t first = strip->first + (strip->branch == BRANCH_MID ? 0 : branches->mid.rows);
  const GlipGemm gemm = {
    .a = columns,
    .b = glip_tensor_part (layer->convs->weight, (size_t) strip->branch * outputs * k,
        strip->n * outputs, k),
    .c = glip_tensor_rows (
        branches->all, first, (strip->n - 1) * branch_rows + strip->rows),
    .bias = glip_tensor_part (
        layer->convs->bias, (size_t) strip->branch * outputs, strip->n, outputs),
    .batches = strip->n,
    .args = {
        .m = strip->rows,
        .n = outputs,
        .k = k,
        .a_row = k,
        .a_column = 1,
        .a_batch = strip->rows * k,
        .b_row = GLIP_PANEL,
        .b_panel = GLIP_PANEL * k,
        .b_batch = outputs * k,
        .b_columns = outputs,
        .c_row = outputs,
        .c_column = 1,
        .c_batch = branch_rows * outputs,
        .bias_batch = outputs,
        .splits = 1,
        .k_split = k,
        .flags = EPILOGUE_BIAS,
    },
  };
  glip_gemm (graph, &gemm);
}

/* `n` branches of as many rows by strips: sampled columns, then a product.  As few strips
 * as fit, all about as long. */
static void
convolve_in_strips (GlipGraph *graph, const Layer *layer, uint32_t branch, uint32_t n)
{
  const uint32_t rows =
      branch == BRANCH_MID ? layer->branches->mid.rows : layer->branches->low.rows;
  const uint32_t row_floats = TAPS * layer->convs->inputs;
  const uint32_t most =
      MIN (glip_strip_rows (graph, n * row_floats, STEP), MOST_GROUPS * PIXELS / STEP * STEP);
  const uint32_t strips = (rows + most - 1) / most;
  const uint32_t even = ((rows + strips - 1) / strips + STEP - 1) / STEP * STEP;
  const GlipTensor columns = glip_tensor_new (graph, n * MIN (even, rows), row_floats);
  for (uint32_t first = 0; first < rows; first += even) {
    const Strip strip = { branch, n, first, MIN (even, rows - first) };
    const GlipTensor filled = glip_tensor_rows (columns, 0, n * strip.rows);
    sample (graph, layer, &strip, filled);
    multiply (graph, layer, &strip, filled);
  }
}

/* At once, sampling on the way. */
static void
convolve_fused (GlipGraph *graph, const Layer *layer)
{
  const GlipTensor x = layer->x, all = layer->branches->all;
  const GlipTensor weight = layer->convs->weight;
  const uint32_t mid_rows = layer->branches->mid.rows, low_rows = layer->branches->low.rows;
  const struct DeformConvArgs args = {
    .height = x.height,
    .width = x.width,
    .channels = x.columns,
    .mid_rows = mid_rows,
    .low_rows = low_rows,
    .outputs = all.columns,
  };
  GlipDispatch dispatch = {
    .n_bindings = 5,
    .bindings = { { all.region, GLIP_WRITE }, { x.region, GLIP_READ },
        { weight.region, GLIP_READ }, { layer->convs->bias.region, GLIP_READ },
        { layer->offsets.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
    .macs = (double) all.rows * TAPS * x.columns * (all.columns + 4),
  };
  const GlipProduct product = {
    .tiles = "deform_conv_tiles",
    .matrix = "deform_conv_matrix",
    .m = { mid_rows, low_rows, low_rows },
    .n = all.columns,
    .layers = 1,
    .form = glip_product_convolution_form (x, weight, all),
    .epilogue = EPILOGUE_BIAS,
    .inputs = x.columns,
    .wide = TRUE,
  };
  glip_product_dispatch (graph, &product, &dispatch);
}

void
glip_deform_conv (GlipGraph *graph, GlipTensor x, GlipTensor offsets, const GlipConv *convs,
    const GlipBranches *branches)
{
  const GlipTensor all = branches->all;
  g_assert (x.levels > 1 && x.columns == convs->inputs);
  g_assert (offsets.rows == x.rows && offsets.columns == OFFSET_CHANNELS);
  g_assert (offsets.type == GLIP_F32);
  g_assert (all.columns % WHOLE_COLUMNS == 0 && BRANCHES * all.columns == convs->outputs);
  g_assert (convs->bias.columns == convs->outputs);
  g_assert (branches->mid.rows == x.rows);
  g_assert (branches->low.rows == x.rows - x.height * x.width);
  g_assert (all.rows == x.rows + 2 * branches->low.rows);

  const Layer layer = { x, offsets, convs, branches };
  if (graph->recorder->device->tuning.kernels == GLIP_KERNELS_LANES) {
    convolve_in_strips (graph, &layer, BRANCH_MID, 1);
    convolve_in_strips (graph, &layer, BRANCH_LOW, 2);
  } else {
    convolve_fused (graph, &layer);
  }
}
