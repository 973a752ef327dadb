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
  STEP = 64,  /* rows of a strip: 64 rows of any width end on an aligned byte */
  MOST_GROUPS = 65535,
};

typedef struct {
  GlipTensor x, offsets, out;
  const GlipConv *conv;
  uint32_t branch;
} Layer;

static void
sample (GlipGraph *graph, const Layer *layer, uint32_t first, GlipTensor columns)
{
  const struct DeformColumnsArgs args = {
    .height = layer->x.height,
    .width = layer->x.width,
    .channels = layer->x.columns,
    .branch = layer->branch,
    .first = first,
    .rows = columns.rows,
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
    .groups = { (columns.rows + PIXELS - 1) / PIXELS, lanes ? 1 : TAPS, 1 },
    .macs = 4.0 * columns.rows * columns.columns,
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
}

static void
multiply (GlipGraph *graph, const Layer *layer, uint32_t first, GlipTensor columns)
{
  const GlipConv *conv = layer->conv;
  const GlipGemm gemm = {
    .a = columns,
    .b = conv->weight,
    .c = glip_tensor_rows (layer->out, first, columns.rows),
    .bias = conv->bias,
    .args = {
        .m = columns.rows,
        .n = conv->outputs,
        .k = columns.columns,
        .a_row = columns.columns,
        .a_column = 1,
        .b_row = GLIP_PANEL,
        .b_panel = GLIP_PANEL * columns.columns,
        .b_columns = (conv->outputs + GLIP_PANEL - 1) / GLIP_PANEL * GLIP_PANEL,
        .c_row = conv->outputs,
        .c_column = 1,
        .splits = 1,
        .k_split = columns.columns,
        .flags = EPILOGUE_BIAS,
    },
  };
  glip_gemm (graph, &gemm);
}

/* By strips: sampled columns, then a product.  As few strips as fit, all about as long. */
static void
convolve_in_strips (GlipGraph *graph, const Layer *layer)
{
  const GlipTensor out = layer->out;
  const uint32_t row_floats = TAPS * layer->conv->inputs;
  const uint32_t most =
      MIN (glip_strip_rows (graph, row_floats, STEP), MOST_GROUPS * PIXELS / STEP * STEP);
  const uint32_t strips = (out.rows + most - 1) / most;
  const uint32_t even = ((out.rows + strips - 1) / strips + STEP - 1) / STEP * STEP;
  const GlipTensor columns = glip_tensor_new (graph, MIN (even, out.rows), row_floats);
  for (uint32_t first = 0; first < out.rows; first += even) {
    GlipTensor strip = glip_tensor_rows (columns, 0, MIN (even, out.rows - first));
    sample (graph, layer, first, strip);
    multiply (graph, layer, first, strip);
  }
}

/* At once, sampling on the way. */
static void
convolve_fused (GlipGraph *graph, const Layer *layer)
{
  const GlipTensor x = layer->x, out = layer->out;
  const struct DeformConvArgs args = {
    .height = x.height,
    .width = x.width,
    .channels = x.columns,
    .branch = layer->branch,
    .rows = out.rows,
    .outputs = out.columns,
  };
  GlipDispatch dispatch = {
    .n_bindings = 5,
    .bindings = { { out.region, GLIP_WRITE }, { x.region, GLIP_READ },
        { layer->conv->weight.region, GLIP_READ }, { layer->conv->bias.region, GLIP_READ },
        { layer->offsets.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
    .macs = (double) out.rows * TAPS * x.columns * (out.columns + 4),
  };
  const GlipProduct product = {
    .tiles = "deform_conv_tiles",
    .matrix = "deform_conv_matrix",
    .m = out.rows,
    .n = out.columns,
    .layers = 1,
    .form = glip_product_convolution_form (x, layer->conv->weight, out),
    .epilogue = EPILOGUE_BIAS,
    .inputs = x.columns,
    .wide = TRUE,
  };
  glip_product_dispatch (graph, &product, &dispatch);
}

void
glip_deform_conv (GlipGraph *graph, GlipTensor x, GlipTensor offsets, const GlipConv *conv,
    uint32_t branch, GlipTensor out)
{
  g_assert (x.levels > 1 && x.columns == conv->inputs);
  g_assert (offsets.rows == x.rows && offsets.columns == OFFSET_CHANNELS);
  g_assert (conv->bias.columns == conv->outputs && out.columns == conv->outputs);
  g_assert (out.rows == (branch == BRANCH_MID ? x.rows : x.rows - x.height * x.width));
  g_assert (offsets.type == GLIP_F32);

  const Layer layer = { x, offsets, out, conv, branch };
  if (graph->recorder->device->tuning.kernels == GLIP_KERNELS_LANES)
    convolve_in_strips (graph, &layer);
  else
    convolve_fused (graph, &layer);
}
