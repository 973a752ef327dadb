/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * 3x3 convolution, of single maps and of pyramids, against plain C in double.
 */
#include "check.h"

#include <math.h>

typedef struct {
  uint32_t height, width, inputs, outputs, stride;
  gboolean relu_input, out;
} Case;

static double
convolve (const Case *t, const float *x, const float *weight, uint32_t row, uint32_t column,
    uint32_t output)
{
  double sum = 0;
  for (uint32_t tap = 0; tap < 9; tap++) {
    const int64_t i = (int64_t) row * t->stride + tap / 3 - 1;
    const int64_t j = (int64_t) column * t->stride + tap % 3 - 1;
    if (i < 0 || i >= t->height || j < 0 || j >= t->width)
      continue;
    for (uint32_t c = 0; c < t->inputs; c++) {
      const double value = x[(size_t) (i * t->width + j) * t->inputs + c];
      sum += (t->relu_input ? fmax (value, 0) : value) *
          weight[((size_t) output * t->inputs + c) * 9 + tap];
    }
  }
  return sum;
}

/* Random weights, packed and on the device. */
static GlipConv
make_conv (const Case *t, float **weight, float **bias)
{
  const size_t floats = glip_conv_packed_floats (t->outputs, t->inputs);
  g_autofree float *packed = g_new (float, floats);
  *weight = check_random ((size_t) t->outputs * t->inputs * 9, 1 / sqrt (9.0 * t->inputs));
  *bias = check_random (t->outputs, 1);
  check_round_operand (*weight, (size_t) t->outputs * t->inputs * 9);
  glip_conv_pack (packed, *weight, t->outputs, t->inputs);
  return (GlipConv){
    .weight = check_upload_operand (
        packed, (uint32_t) (floats / GLIP_PANEL), GLIP_PANEL, GLIP_F16),
    .bias = check_upload (*bias, 1, t->outputs),
    .inputs = t->inputs,
    .outputs = t->outputs,
  };
}

static void
expect (const Case *t, const float *x, const float *weight, const float *bias, float *y)
{
  const uint32_t height = (t->height + t->stride - 1) / t->stride;
  const uint32_t width = (t->width + t->stride - 1) / t->stride;
  for (uint32_t pixel = 0; pixel < height * width; pixel++)
    for (uint32_t output = 0; output < t->outputs; output++)
      y[(size_t) pixel * t->outputs + output] = (float) (bias[output] +
          convolve (t, x, weight, pixel / width, pixel % width, output));
}

/* `operand` is how x is stored, `result` y. */
static void
check_storage (const Case *t, GlipType operand, GlipType result)
{
  const uint32_t height = (t->height + t->stride - 1) / t->stride;
  const uint32_t width = (t->width + t->stride - 1) / t->stride;
  const size_t n = (size_t) height * width * t->outputs;
  g_autofree float *x = check_random ((size_t) t->height * t->width * t->inputs, 1);
  g_autofree float *weight = NULL, *bias = NULL;
  GlipGraph *graph = check_graph ();
  const GlipConv conv = make_conv (t, &weight, &bias);
  /* Stride 1 is also what no options mean. */
  GlipConvOptions options = {
    .stride = t->stride == 1 ? 0 : t->stride,
    .relu_input = t->relu_input,
  };
  if (result == GLIP_F16)
    options.out = glip_tensor_new_operand (graph, height * width, t->outputs);
  else if (t->out)
    options.out = glip_tensor_new (graph, height * width, t->outputs);
  const gboolean out = glip_tensor_exists (options.out);
  GlipTensor map = glip_tensor_as_map (
      check_upload_operand (x, t->height * t->width, t->inputs, operand), t->height, t->width);
  GlipTensor y = glip_conv2d (
      graph, map, &conv, t->stride == 1 && !t->relu_input && !out ? NULL : &options);
  g_assert_cmpuint (y.height, ==, height);
  g_assert_cmpuint (y.width, ==, width);
  if (out)
    g_assert_cmpuint (y.region.transient, ==, options.out.region.transient);
  check_keep (graph, y);
  check_run (graph);
  g_autofree float *actual = check_read (y);

  g_autofree float *expected = g_new (float, n);
  expect (t, x, weight, bias, expected);
  check_close ("conv2d", actual, expected, n,
      y.type == GLIP_F16 ? TOLERANCE_HALF : TOLERANCE_ROUNDING);
}

static void
check_map (gconstpointer data)
{
  const Case *t = data;
  check_storage (t, GLIP_F16, GLIP_F32);
  /* Results are stored as halves in fours. */
  if (check_device ()->tuning.half && t->outputs % 4 == 0)
    check_storage (t, GLIP_F32, GLIP_F16);
}

/* Every level of a pyramid is convolved for itself. */
static void
check_pyramid (gconstpointer data)
{
  enum { LEVELS = 5 };
  Case t = *(const Case *) data;
  const uint32_t rows = glip_pyramid_rows (t.height, t.width, LEVELS);
  g_autofree float *x = check_random ((size_t) rows * t.inputs, 1);
  g_autofree float *weight = NULL, *bias = NULL;
  GlipGraph *graph = check_graph ();
  const GlipConv conv = make_conv (&t, &weight, &bias);
  GlipTensor y = glip_conv2d (graph,
      glip_tensor_as_pyramid (
          check_upload_operand (x, rows, t.inputs, GLIP_F16), t.height, t.width, LEVELS),
      &conv, &(GlipConvOptions){ .relu_input = t.relu_input });
  g_assert_cmpuint (y.rows, ==, rows);
  g_assert_cmpuint (y.levels, ==, LEVELS);
  check_keep (graph, y);
  check_run (graph);
  g_autofree float *actual = check_read (y);

  g_autofree float *expected = g_new (float, (size_t) rows * t.outputs);
  size_t row = 0;
  for (int level = 0; level < LEVELS; level++) {
    expect (&t, x + row * t.inputs, weight, bias, expected + row * t.outputs);
    row += t.height * t.width;
    t.height = (t.height + 1) / 2;
    t.width = (t.width + 1) / 2;
  }
  check_close ("pyramid", actual, expected, rows * t.outputs, TOLERANCE_ROUNDING);
}

static void
test_map (gconstpointer data)
{
  check_all_kernels (check_map, data);
}

static void
test_pyramid (gconstpointer data)
{
  check_all_kernels (check_pyramid, data);
}

static void
add_tests (void)
{
  static const Case cases[] = {
    { 1, 1, 4, 1, 1, FALSE, FALSE },
    { 4, 5, 3, 7, 1, FALSE, FALSE },
    { 1, 1, 64, 33, 2, TRUE, FALSE },
    { 2, 3, 8, 5, 1, FALSE, TRUE },
    { 1, 17, 12, 32, 1, FALSE, FALSE },
    { 19, 1, 12, 31, 2, FALSE, FALSE },
    { 13, 21, 256, 27, 1, FALSE, FALSE },
    { 13, 21, 32, 64, 2, FALSE, FALSE },
    { 14, 20, 32, 40, 2, TRUE, TRUE },
    { 7, 11, 64, 100, 1, TRUE, FALSE },
    { 40, 43, 16, 36, 1, FALSE, FALSE },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    const Case *t = &cases[i];
    g_autofree char *path = g_strdup_printf ("/ops/conv2d/%ux%ux%u-%u-stride-%u", t->height,
        t->width, t->inputs, t->outputs, t->stride);
    g_test_add_data_func (path, t, test_map);
  }
  static const Case pyramids[] = {
    { 1, 1, 4, 3, 1, FALSE, FALSE },
    { 3, 2, 12, 33, 1, FALSE, FALSE },
    { 13, 21, 64, 27, 1, FALSE, FALSE },
    { 1, 67, 8, 64, 1, TRUE, FALSE },
    { 25, 42, 16, 27, 1, FALSE, FALSE },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (pyramids); i++) {
    const Case *t = &pyramids[i];
    g_autofree char *path = g_strdup_printf (
        "/ops/conv2d/pyramid/%ux%ux%u-%u", t->height, t->width, t->inputs, t->outputs);
    g_test_add_data_func (path, t, test_pyramid);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
