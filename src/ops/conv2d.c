/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"
#include "ops/lanes.h"
#include "ops/product.h"

#include <string.h>

_Static_assert (sizeof (struct Conv2dArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");

enum { TAPS = 9 };

static void
choose_lanes (GlipGraph *graph, GlipDispatch *dispatch, const GlipConv *conv, GlipTensor y,
    gboolean relu_input)
{
  const GlipLanesTile tile = glip_lanes_tile (graph, conv->inputs);
  const gboolean whole_k = conv->inputs % tile.steps == 0;
  const uint32_t flags = LANES_LINEAR | (whole_k ? 0 : LANES_K_TAIL | LANES_A_TAIL) |
      (relu_input ? LANES_RELU : 0) | (conv->outputs % tile.columns ? LANES_RESULT_TAIL : 0);
  dispatch->shader = glip_lanes_are_used (graph) ? "conv2d_lanes" : "conv2d_broadcast";
  glip_lanes_specialise (dispatch, &tile, flags);
  const uint32_t tiles = glip_pyramid_tiles (y, 0, tile.rows);
  dispatch->groups[0] = (y.columns + tile.columns - 1) / tile.columns;
  dispatch->groups[1] = (tiles + tile.together - 1) / tile.together;
  dispatch->groups[2] = 1;
}

GlipTensor
glip_conv2d (
    GlipGraph *graph, GlipTensor x, const GlipConv *conv, const GlipConvOptions *options)
{
  static const GlipConvOptions defaults = { 0 };
  if (!options)
    options = &defaults;
  const uint32_t stride = MAX (options->stride, 1), levels = MAX (x.levels, 1);
  g_assert (x.height > 0 && x.width > 0 && x.columns == conv->inputs);
  g_assert (stride == 1 || (stride == 2 && levels == 1));
  g_assert (conv->bias.columns == conv->outputs);

  const uint32_t height = (x.height + stride - 1) / stride;
  const uint32_t width = (x.width + stride - 1) / stride;
  GlipTensor y = options->out;
  if (!glip_tensor_exists (y))
    y = glip_tensor_new (graph, glip_pyramid_rows (height, width, levels), conv->outputs);
  g_assert (y.columns == conv->outputs);
  y = glip_tensor_as_pyramid (y, height, width, levels);

  const struct Conv2dArgs args = {
    .height = x.height,
    .width = x.width,
    .inputs = conv->inputs,
    .out_height = height,
    .out_width = width,
    .outputs = conv->outputs,
    .stride = stride,
    .levels = levels,
    .rows = y.rows,
  };
  GlipDispatch dispatch = {
    .n_bindings = 4,
    .bindings = { { y.region, GLIP_WRITE }, { x.region, GLIP_READ },
        { conv->weight.region, GLIP_READ }, { conv->bias.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
    .macs = (double) y.rows * TAPS * conv->inputs * conv->outputs,
  };
  if (graph->recorder->device->tuning.kernels == GLIP_KERNELS_LANES) {
    choose_lanes (graph, &dispatch, conv, y, options->relu_input);
    glip_recorder_dispatch (graph->recorder, &dispatch);
  } else {
    const GlipProduct product = {
      .tiles = "conv2d_tiles",
      .matrix = "conv2d_matrix",
      .m = { y.rows },
      .n = y.columns,
      .layers = 1,
      .form = glip_product_convolution_form (x, conv->weight, y) |
          (options->relu_input ? FORM_A_RELU : 0),
      .epilogue = EPILOGUE_BIAS,
      .inputs = x.columns,
    };
    glip_product_dispatch (graph, &product, &dispatch);
  }
  y.levels = x.levels;
  return y;
}

size_t
glip_conv_packed_floats (uint32_t outputs, uint32_t inputs)
{
  const size_t zeros = (size_t) (inputs + GLIP_PANEL - 1) / GLIP_PANEL * GLIP_PANEL;
  return TAPS * glip_linear_packed_floats (outputs, inputs) + zeros;
}

void
glip_conv_pack (float *packed, const float *weight, uint32_t outputs, uint32_t inputs)
{
  const size_t panel_floats = (size_t) TAPS * inputs * GLIP_PANEL;
  memset (packed, 0, glip_conv_packed_floats (outputs, inputs) * sizeof (float));
  for (uint32_t o = 0; o < outputs; o++) {
    float *column = packed + o / GLIP_PANEL * panel_floats + o % GLIP_PANEL;
    for (uint32_t i = 0; i < inputs; i++)
      for (uint32_t tap = 0; tap < TAPS; tap++)
        column[((size_t) tap * inputs + i) * GLIP_PANEL] =
            weight[((size_t) o * inputs + i) * TAPS + tap];
  }
}
