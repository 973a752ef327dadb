/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The deformable convolution of one branch over the levels of a pyramid against plain C
 * that follows the definition: level by level, offsets and masks as planar memory that
 * is read with the strides of the output's level.
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
  uint32_t height, width, levels; /* of the pyramid; the first map's size */
  uint32_t branch, inputs, outputs;
  double deviation;  /* of the offsets, in pixels */
  gboolean quarters; /* offsets are multiples of 1/4: borders are hit */
} Case;

/* A map of the pyramid. */
typedef struct {
  uint32_t height, width, first;
} Map;

typedef struct {
  float *x, *offsets, *weight, *bias;
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

static Map
find_map (const Case *t, uint32_t level)
{
  Map map = { t->height, t->width, 0 };
  for (uint32_t i = 0; i < level; i++)
    map = (Map){ (map.height + 1) / 2, (map.width + 1) / 2,
      map.first + map.height * map.width };
  return map;
}

static uint32_t
first_level (const Case *t)
{
  return t->branch == BRANCH_MID ? 0 : 1;
}

static uint32_t
n_rows (const Case *t)
{
  return find_map (t, t->levels).first;
}

static uint32_t
n_out_rows (const Case *t)
{
  return n_rows (t) - find_map (t, first_level (t)).first;
}

static void
fill (Data *data, const Case *t)
{
  const size_t n_offsets = (size_t) n_rows (t) * ALL;
  data->x = check_random ((size_t) n_rows (t) * t->inputs, 1);
  data->offsets = check_random (n_offsets, t->deviation);
  data->weight =
      check_random ((size_t) t->outputs * t->inputs * TAPS, 1 / sqrt (t->inputs * 9.0));
  data->bias = check_random (t->outputs, 1);
  check_round_operand (data->x, (size_t) n_rows (t) * t->inputs);
  check_round_operand (data->weight, (size_t) t->outputs * t->inputs * TAPS);
  if (t->quarters)
    for (size_t i = 0; i < n_offsets; i++)
      data->offsets[i] = roundf (data->offsets[i] * 4) / 4;
}

static double
pixel (const Map *map, const float *x, uint32_t inputs, int row, int column, uint32_t channel)
{
  if (row < 0 || column < 0 || row >= (int) map->height || column >= (int) map->width)
    return 0;
  return x[((size_t) row * map->width + (size_t) column) * inputs + channel];
}

static double
bilinear (const Map *map, const float *x, uint32_t inputs, float y, float x_position,
    uint32_t channel)
{
  if (!(y > -1 && x_position > -1 && y < (float) map->height && x_position < (float) map->width))
    return 0;
  const int y0 = (int) floorf (y), x0 = (int) floorf (x_position);
  const double fy = (double) y - y0, fx = (double) x_position - x0;
  return (1 - fy) * (1 - fx) * pixel (map, x, inputs, y0, x0, channel) +
      (1 - fy) * fx * pixel (map, x, inputs, y0, x0 + 1, channel) +
      fy * (1 - fx) * pixel (map, x, inputs, y0 + 1, x0, channel) +
      fy * fx * pixel (map, x, inputs, y0 + 1, x0 + 1, channel);
}

/* Channels last to planes, the masks through the sigmoid. */
static void
to_planes (const float *offsets, size_t grid, float *of, float *mf)
{
  for (size_t p = 0; p < grid; p++) {
    for (size_t c = 0; c < OFFSETS; c++)
      of[c * grid + p] = offsets[p * ALL + c];
    for (size_t c = 0; c < TAPS; c++)
      mf[c * grid + p] = (float) (1 / (1 + exp (-(double) offsets[p * ALL + OFFSETS + c])));
  }
}

/* Matrix units take samples as halves. */
static double
round_sample (double sample)
{
  float rounded = (float) sample;
  if (check_device ()->tuning.kernels == GLIP_KERNELS_MATRIX)
    check_round_operand (&rounded, 1);
  return check_device ()->tuning.kernels == GLIP_KERNELS_MATRIX ? (double) rounded : sample;
}

/* A sample on the edge between two halves may be rounded to either. */
static double
find_tolerance (void)
{
  return check_device ()->tuning.kernels == GLIP_KERNELS_MATRIX ? TOLERANCE_HALF
                                                                : TOLERANCE_FUNCTION;
}

/* The output's map `out` from the map `in` with the offsets of the map `grid`. */
static void
expect_map (const Case *t, const Data *data, const Map *out, const Map *in, const Map *grid,
    float *expected)
{
  const size_t n = (size_t) out->height * out->width, stride = t->branch == BRANCH_LOW ? 2 : 1;
  const size_t n_grid = (size_t) grid->height * grid->width;
  const float *x = data->x + (size_t) in->first * t->inputs;
  g_autofree float *of = g_new (float, OFFSETS * n_grid);
  g_autofree float *mf = g_new (float, TAPS * n_grid);
  g_autofree double *samples = g_new (double, (size_t) TAPS * t->inputs);
  to_planes (data->offsets + (size_t) grid->first * ALL, n_grid, of, mf);
  for (size_t p = 0; p < n; p++) {
    const int row = (int) (p / out->width * stride), column = (int) (p % out->width * stride);
    for (size_t j = 0; j < TAPS; j++) {
      const float y = (float) (row - 1 + (int) j / 3) + of[2 * j * n + p];
      const float x_position = (float) (column - 1 + (int) j % 3) + of[(2 * j + 1) * n + p];
      for (uint32_t c = 0; c < t->inputs; c++)
        samples[c * TAPS + j] =
            round_sample (mf[j * n + p] * bilinear (in, x, t->inputs, y, x_position, c));
    }
    for (size_t o = 0; o < t->outputs; o++) {
      double sum = data->bias[o];
      for (size_t k = 0; k < (size_t) TAPS * t->inputs; k++)
        sum += data->weight[o * TAPS * t->inputs + k] * samples[k];
      expected[p * t->outputs + o] = (float) sum;
    }
  }
}

static float *
expect (const Case *t, const Data *data)
{
  float *expected = g_new (float, (size_t) n_out_rows (t) * t->outputs), *at = expected;
  for (uint32_t level = first_level (t); level < t->levels; level++) {
    const Map out = find_map (t, level), finer = find_map (t, MAX (level, 1) - 1);
    expect_map (t, data, &out, t->branch == BRANCH_LOW ? &finer : &out,
        t->branch == BRANCH_HIGH ? &finer : &out, at);
    at += (size_t) out.height * out.width * t->outputs;
  }
  return expected;
}

/* `operand` is how x is stored, `result` y. */
static float *
compute (const Case *t, const Data *data, GlipType operand, GlipType result)
{
  g_autofree float *packed = pack (data->weight, t->outputs, t->inputs);
  GlipGraph *graph = check_graph ();
  const GlipConv conv = {
    .inputs = t->inputs,
    .outputs = t->outputs,
    .weight = check_upload_operand (packed, (t->outputs + GLIP_PANEL - 1) / GLIP_PANEL,
        TAPS * t->inputs * GLIP_PANEL, GLIP_F16),
    .bias = check_upload (data->bias, 1, t->outputs),
  };
  GlipTensor x = glip_tensor_as_pyramid (
      check_upload_operand (data->x, n_rows (t), t->inputs, operand), t->height, t->width,
      t->levels);
  GlipTensor offsets = check_upload (data->offsets, n_rows (t), ALL);
  GlipTensor y = result == GLIP_F16
      ? glip_tensor_new_operand (graph, n_out_rows (t), t->outputs)
      : glip_tensor_new (graph, n_out_rows (t), t->outputs);
  glip_deform_conv (graph, x, offsets, &conv, t->branch, y);
  check_keep (graph, y);
  check_run (graph);
  return check_read (y);
}

static void
check_case (gconstpointer user_data)
{
  const Case *t = user_data;
  const size_t n = (size_t) n_out_rows (t) * t->outputs;
  g_auto (Data) data = { 0 };
  fill (&data, t);
  g_autofree float *expected = expect (t, &data);
  g_autofree float *actual = compute (t, &data, GLIP_F16, GLIP_F32);
  check_close ("deform_conv", actual, expected, n, find_tolerance ());
  /* Results are stored as halves in fours. */
  if (check_device ()->tuning.half && t->outputs % 4 == 0) {
    g_autofree float *halves = compute (t, &data, GLIP_F32, GLIP_F16);
    check_close ("halves", halves, expected, n, TOLERANCE_HALF);
  }
}

static void
test_case (gconstpointer data)
{
  check_all_kernels (check_case, data);
}

/* A layer of one channel whose output o is the sample of tap o alone; all masks 1/2. */
static void
fill_taps (Data *data, const Case *t)
{
  data->x = g_new0 (float, n_rows (t));
  data->offsets = g_new0 (float, (size_t) n_rows (t) * ALL);
  data->weight = g_new0 (float, TAPS * TAPS);
  data->bias = g_new0 (float, TAPS);
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
  const Case t = { .height = 2, .width = 3, .levels = 2, .branch = BRANCH_MID, .inputs = 1,
    .outputs = TAPS };
  g_auto (Data) data = { 0 };
  fill_taps (&data, &t);
  memcpy (data.x, x, sizeof x);
  for (int j = 0; j < TAPS; j++) {
    data.offsets[2 * j] = points[j].y - (float) (j / 3 - 1);
    data.offsets[2 * j + 1] = points[j].x - (float) (j % 3 - 1);
    data.offsets[OFFSETS + j] = 30; /* a mask of 1 */
  }
  g_autofree float *actual = compute (&t, &data, GLIP_F16, GLIP_F32);
  float expected[TAPS];
  for (int j = 0; j < TAPS; j++)
    expected[j] = points[j].value;
  check_close ("border", actual, expected, TAPS, TOLERANCE_ROUNDING);
}

/* Output pixel 30 of 7 x 11 finds dy of tap 5 in channel 2, row 12, column 2 of the
 * finer map of 13 x 21, and the mask of tap 5 in channel 1 of the masks, row 6, column
 * 16. */
static void
test_other_grid (void)
{
  const Case t = { .height = 13, .width = 21, .levels = 2, .branch = BRANCH_HIGH, .inputs = 1,
    .outputs = TAPS };
  g_auto (Data) data = { 0 };
  fill_taps (&data, &t);
  for (int i = 0; i < 7 * 11; i++)
    data.x[13 * 21 + i] = (float) (i / 11);
  data.offsets[(12 * 21 + 2) * ALL + 2] = 1.5f;
  data.offsets[(6 * 21 + 16) * ALL + OFFSETS + 1] = 30;
  g_autofree float *actual = compute (&t, &data, GLIP_F16, GLIP_F32);
  g_assert_cmpfloat_with_epsilon (actual[30 * TAPS + 5], 3.5f, 1e-5f);
  g_assert_cmpfloat_with_epsilon (actual[29 * TAPS + 5], 1, 1e-5f);
  g_assert_cmpfloat_with_epsilon (actual[31 * TAPS + 5], 1, 1e-5f);
}

/* Offsets that are no positions spoil their own pixels only. */
static void
check_wild (gconstpointer unused G_GNUC_UNUSED)
{
  static const float wild[] = { INFINITY, -INFINITY, 1e30f, -1e30f, NAN };
  const Case t = { 9, 10, 3, BRANCH_MID, 16, 5, 1, FALSE };
  g_auto (Data) data = { 0 };
  fill (&data, &t);
  for (size_t i = 0; i < G_N_ELEMENTS (wild); i++)
    for (size_t c = 0; c < OFFSETS; c++)
      data.offsets[(7 * i + 3) * ALL + c] = wild[i];
  g_autofree float *expected = expect (&t, &data);
  g_autofree float *actual = compute (&t, &data, GLIP_F16, GLIP_F32);
  const size_t nan_pixel = 7 * (G_N_ELEMENTS (wild) - 1) + 3;
  memcpy (actual + nan_pixel * t.outputs, expected + nan_pixel * t.outputs,
      t.outputs * sizeof (float));
  check_close (
      "wild", actual, expected, (size_t) n_out_rows (&t) * t.outputs, find_tolerance ());
}

static void
test_wild (void)
{
  check_all_kernels (check_wild, NULL);
}

static void
add_tests (void)
{
  static const Case cases[] = {
    { 1, 1, 5, BRANCH_MID, 1, 1, 1, FALSE },
    { 1, 1, 2, BRANCH_LOW, 16, 3, 1, FALSE },
    { 1, 2, 5, BRANCH_HIGH, 64, 16, 1, FALSE },
    { 5, 7, 2, BRANCH_MID, 3, 5, 2, FALSE },
    { 6, 9, 5, BRANCH_MID, 16, 27, 3, TRUE },
    { 13, 10, 5, BRANCH_LOW, 64, 64, 2, FALSE },
    { 12, 15, 3, BRANCH_LOW, 33, 40, 4, TRUE },
    { 5, 7, 5, BRANCH_HIGH, 32, 33, 2, FALSE },
    { 13, 21, 5, BRANCH_HIGH, 48, 32, 3, TRUE },
    { 1, 300, 4, BRANCH_LOW, 40, 20, 30, FALSE },
    { 3, 301, 4, BRANCH_HIGH, 40, 20, 30, FALSE },
    { 9, 8, 2, BRANCH_MID, 64, 256, 2, FALSE },
    { 9, 8, 3, BRANCH_LOW, 24, 300, 2, FALSE },
    { 68, 69, 2, BRANCH_MID, 600, 2, 2, FALSE }, /* more than one strip */
  };
  static const char *const names[] = { "mid", "low", "high" };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    const Case *t = &cases[i];
    g_autofree char *path = g_strdup_printf ("/ops/deform_conv/%s/%ux%ux%u-%u-%u",
        names[t->branch], t->height, t->width, t->levels, t->inputs, t->outputs);
    g_test_add_data_func (path, t, test_case);
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
