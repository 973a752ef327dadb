/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The deformable convolution against plain C that follows the definition: offsets and
 * masks as planar memory, read with the output's strides.
 */
#include "check.h"

#include <math.h>
#include <string.h>

enum { TAPS = 9, OFFSETS = 18, ALL = 27 };

/* [outputs][inputs][3][3] to [panels][9][inputs][GLIP_PANEL]. */
static float *
pack (const float *weight, uint32_t outputs, uint32_t inputs)
{
  const uint32_t panels = (outputs + GLIP_PANEL - 1) / GLIP_PANEL;
  float *packed = g_new0 (float, (size_t) panels * TAPS * inputs * GLIP_PANEL);
  for (uint32_t o = 0; o < outputs; o++)
    for (uint32_t i = 0; i < inputs; i++)
      for (uint32_t tap = 0; tap < TAPS; tap++)
        packed[(((size_t) o / GLIP_PANEL * TAPS + tap) * inputs + i) * GLIP_PANEL +
            o % GLIP_PANEL] = weight[((size_t) o * inputs + i) * TAPS + tap];
  return packed;
}

typedef struct {
  uint32_t height, width, inputs, outputs, stride;
  uint32_t grid_height, grid_width; /* of the offsets */
  double deviation;                 /* of the offsets, in pixels */
  gboolean quarters;                /* offsets are multiples of 1/4: borders are hit */
  gboolean no_bias;
} Case;

typedef struct {
  float *x, *offsets, *weight, *bias;
  uint32_t out_height, out_width;
} Data;

static void
clear (Data *data)
{
  g_free (data->x);
  g_free (data->offsets);
  g_free (data->weight);
  g_free (data->bias);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Data, clear)

static void
fill (Data *data, const Case *t)
{
  const size_t n_offsets = (size_t) t->grid_height * t->grid_width * ALL;
  data->out_height = (t->height - 1) / t->stride + 1;
  data->out_width = (t->width - 1) / t->stride + 1;
  data->x = check_random ((size_t) t->height * t->width * t->inputs, 1);
  data->offsets = check_random (n_offsets, t->deviation);
  data->weight =
      check_random ((size_t) t->outputs * t->inputs * TAPS, 1 / sqrt (t->inputs * 9.0));
  data->bias = check_random (t->outputs, 1);
  if (t->quarters)
    for (size_t i = 0; i < n_offsets; i++)
      data->offsets[i] = roundf (data->offsets[i] * 4) / 4;
}

static double
pixel (const Case *t, const float *x, int row, int column, uint32_t channel)
{
  if (row < 0 || column < 0 || row >= (int) t->height || column >= (int) t->width)
    return 0;
  return x[((size_t) row * t->width + (size_t) column) * t->inputs + channel];
}

static double
bilinear (const Case *t, const float *x, float y, float x_position, uint32_t channel)
{
  if (!(y > -1 && x_position > -1 && y < (float) t->height && x_position < (float) t->width))
    return 0;
  const int y0 = (int) floorf (y), x0 = (int) floorf (x_position);
  const double fy = (double) y - y0, fx = (double) x_position - x0;
  return (1 - fy) * (1 - fx) * pixel (t, x, y0, x0, channel) +
      (1 - fy) * fx * pixel (t, x, y0, x0 + 1, channel) +
      fy * (1 - fx) * pixel (t, x, y0 + 1, x0, channel) +
      fy * fx * pixel (t, x, y0 + 1, x0 + 1, channel);
}

/* Channels last to planes, the masks through the sigmoid. */
static void
to_planes (const Case *t, const float *offsets, float *of, float *mf)
{
  const size_t grid = (size_t) t->grid_height * t->grid_width;
  for (size_t p = 0; p < grid; p++) {
    for (size_t c = 0; c < OFFSETS; c++)
      of[c * grid + p] = offsets[p * ALL + c];
    for (size_t c = 0; c < TAPS; c++)
      mf[c * grid + p] = (float) (1 / (1 + exp (-(double) offsets[p * ALL + OFFSETS + c])));
  }
}

static float *
expect (const Case *t, const Data *data)
{
  const size_t grid = (size_t) t->grid_height * t->grid_width;
  const size_t n = (size_t) data->out_height * data->out_width;
  g_autofree float *of = g_new (float, OFFSETS * grid);
  g_autofree float *mf = g_new (float, TAPS * grid);
  g_autofree double *samples = g_new (double, (size_t) TAPS * t->inputs);
  float *expected = g_new (float, n * t->outputs);
  to_planes (t, data->offsets, of, mf);
  for (size_t p = 0; p < n; p++) {
    const int row = (int) (p / data->out_width * t->stride);
    const int column = (int) (p % data->out_width * t->stride);
    for (size_t j = 0; j < TAPS; j++) {
      const float y = (float) (row - 1 + (int) j / 3) + of[2 * j * n + p];
      const float x_position = (float) (column - 1 + (int) j % 3) + of[(2 * j + 1) * n + p];
      for (uint32_t c = 0; c < t->inputs; c++)
        samples[c * TAPS + j] = mf[j * n + p] * bilinear (t, data->x, y, x_position, c);
    }
    for (size_t o = 0; o < t->outputs; o++) {
      double sum = t->no_bias ? 0 : data->bias[o];
      for (size_t k = 0; k < (size_t) TAPS * t->inputs; k++)
        sum += data->weight[o * TAPS * t->inputs + k] * samples[k];
      expected[p * t->outputs + o] = (float) sum;
    }
  }
  return expected;
}

static float *
compute (const Case *t, const Data *data)
{
  g_autofree float *packed = pack (data->weight, t->outputs, t->inputs);
  GlipGraph *graph = check_graph ();
  GlipConv conv = { .inputs = t->inputs, .outputs = t->outputs };
  conv.weight = check_upload (packed, (t->outputs + GLIP_PANEL - 1) / GLIP_PANEL,
      TAPS * t->inputs * GLIP_PANEL);
  if (!t->no_bias)
    conv.bias = check_upload (data->bias, 1, t->outputs);
  GlipTensor x = glip_tensor_as_map (
      check_upload (data->x, t->height * t->width, t->inputs), t->height, t->width);
  GlipTensor offsets = glip_tensor_as_map (
      check_upload (data->offsets, t->grid_height * t->grid_width, ALL), t->grid_height,
      t->grid_width);
  GlipTensor y = glip_deform_conv (graph, x, offsets, &conv, t->stride);
  g_assert_cmpuint (y.height, ==, data->out_height);
  g_assert_cmpuint (y.width, ==, data->out_width);
  g_assert_cmpuint (y.columns, ==, t->outputs);
  check_keep (graph, y);
  check_run (graph);
  return check_read (y);
}

static void
test_random (gconstpointer user_data)
{
  const Case *t = user_data;
  g_auto (Data) data = { 0 };
  fill (&data, t);
  g_autofree float *expected = expect (t, &data);
  g_autofree float *actual = compute (t, &data);
  check_close ("deform_conv", actual, expected,
      (size_t) data.out_height * data.out_width * t->outputs, TOLERANCE_FUNCTION);
}

/* A layer of one channel whose output o is the sample of tap o alone. */
static void
fill_taps (Data *data, const Case *t, const float *x)
{
  const size_t n_offsets = (size_t) t->grid_height * t->grid_width * ALL;
  data->out_height = t->height;
  data->out_width = t->width;
  data->x = g_memdup2 (x, (size_t) t->height * t->width * sizeof (float));
  data->offsets = g_new0 (float, n_offsets);
  data->weight = g_new0 (float, TAPS * TAPS);
  for (int o = 0; o < TAPS; o++)
    data->weight[o * TAPS + o] = 1;
}

/* Known samples of a map of 2 x 3, one a tap. */
static void
test_border (void)
{
  static const float x[] = { 1, 2, 3, 4, 5, 6 };
  static const struct {
    float y, x, value;
  } points[TAPS] = {
    { 0.5f, 0.5f, 3 }, { -0.5f, 0, 0.5f }, { -0.25f, -0.25f, 0.5625f }, { 1.5f, 2.5f, 1.5f },
    { 1.75f, 1, 1.25f }, { -1, 0, 0 }, { 2, 0, 0 }, { 0, 3, 0 }, { 1, 2, 6 },
  };
  const Case t = { .height = 2, .width = 3, .inputs = 1, .outputs = TAPS, .stride = 1,
    .grid_height = 2, .grid_width = 3, .no_bias = TRUE };
  g_auto (Data) data = { 0 };
  fill_taps (&data, &t, x);
  for (int j = 0; j < TAPS; j++) {
    data.offsets[2 * j] = points[j].y - (float) (j / 3 - 1);
    data.offsets[2 * j + 1] = points[j].x - (float) (j % 3 - 1);
    data.offsets[OFFSETS + j] = 30; /* a mask of 1 */
  }
  g_autofree float *actual = compute (&t, &data);
  float expected[TAPS];
  for (int j = 0; j < TAPS; j++)
    expected[j] = points[j].value;
  check_close ("border", actual, expected, TAPS, TOLERANCE_ROUNDING);
}

/* Output pixel 30 of 7 x 11 finds dy of tap 5 in channel 2, row 12, column 2 of a map
 * of 13 x 21, and the mask of tap 5 in channel 1 of the masks, row 6, column 16. */
static void
test_other_grid (void)
{
  float x[7 * 11];
  for (int i = 0; i < 7 * 11; i++)
    x[i] = (float) (i / 11);
  const Case t = { .height = 7, .width = 11, .inputs = 1, .outputs = TAPS, .stride = 1,
    .grid_height = 13, .grid_width = 21, .no_bias = TRUE };
  g_auto (Data) data = { 0 };
  fill_taps (&data, &t, x);
  data.offsets[(12 * 21 + 2) * ALL + 2] = 1.5f;
  data.offsets[(6 * 21 + 16) * ALL + OFFSETS + 1] = 30;
  g_autofree float *actual = compute (&t, &data);
  g_assert_cmpfloat_with_epsilon (actual[30 * TAPS + 5], 3.5f, 1e-5f);
  g_assert_cmpfloat_with_epsilon (actual[29 * TAPS + 5], 1, 1e-5f);
  g_assert_cmpfloat_with_epsilon (actual[31 * TAPS + 5], 1, 1e-5f);
}

/* Offsets that are no positions spoil their own pixels only. */
static void
test_wild (void)
{
  static const float wild[] = { INFINITY, -INFINITY, 1e30f, -1e30f, NAN };
  const Case t = { 9, 10, 8, 5, 1, 9, 10, 1, FALSE, FALSE };
  g_auto (Data) data = { 0 };
  fill (&data, &t);
  for (size_t i = 0; i < G_N_ELEMENTS (wild); i++)
    for (size_t c = 0; c < OFFSETS; c++)
      data.offsets[(7 * i + 3) * ALL + c] = wild[i];
  g_autofree float *expected = expect (&t, &data);
  g_autofree float *actual = compute (&t, &data);
  const size_t nan_pixel = 7 * (G_N_ELEMENTS (wild) - 1) + 3;
  memcpy (actual + nan_pixel * t.outputs, expected + nan_pixel * t.outputs,
      t.outputs * sizeof (float));
  check_close ("wild", actual, expected, 90 * t.outputs, TOLERANCE_FUNCTION);
}

static void
add_tests (void)
{
  static const Case cases[] = {
    { 1, 1, 1, 1, 1, 1, 1, 1, FALSE, FALSE },
    { 5, 7, 3, 5, 1, 5, 7, 2, FALSE, FALSE },
    { 6, 9, 16, 27, 1, 6, 9, 3, TRUE, FALSE },
    { 13, 10, 64, 64, 2, 7, 5, 2, FALSE, FALSE },
    { 12, 15, 33, 40, 2, 6, 8, 4, TRUE, TRUE },
    { 3, 4, 32, 33, 1, 5, 7, 2, FALSE, FALSE },
    { 7, 11, 48, 32, 1, 13, 21, 3, TRUE, FALSE },
    { 1, 1, 64, 16, 1, 1, 2, 1, FALSE, FALSE },
    { 1, 300, 40, 20, 2, 1, 150, 30, FALSE, FALSE },
    { 48, 49, 600, 7, 1, 48, 49, 2, FALSE, FALSE }, /* more than one strip */
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/ops/deform_conv/%ux%ux%u-%u/%u",
        cases[i].height, cases[i].width, cases[i].inputs, cases[i].outputs, cases[i].stride);
    g_test_add_data_func (path, &cases[i], test_random);
  }
  g_test_add_func ("/ops/deform_conv/border", test_border);
  g_test_add_func ("/ops/deform_conv/other-grid", test_other_grid);
  g_test_add_func ("/ops/deform_conv/wild", test_wild);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
