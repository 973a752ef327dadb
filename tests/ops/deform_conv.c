/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The deformable convolutions of all branches over the levels of a pyramid against plain
 * C that follows the definition: level by level, offsets and masks as planar memory that
 * is read with the strides of the output's level.
 */
#include "check.h"

#include <math.h>
#include <string.h>

enum { TAPS = 9, OFFSETS = 18, ALL = 27, BRANCHES = 3 };

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
  uint32_t inputs, outputs;       /* outputs of a branch */
  double deviation;  /* of the offsets, in pixels */
  gboolean quarters; /* offsets are multiples of 1/4: borders are hit */
  uint32_t most_bytes; /* a binding can have, so that work is cut into strips; 0: no limit */
} Case;

/* A map of the pyramid. */
typedef struct {
  uint32_t height, width, first;
} Map;

/* Weights and biases of the branches one after another. */
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
first_level (uint32_t branch)
{
  return branch == BRANCH_MID ? 0 : 1;
}

static uint32_t
n_rows (const Case *t)
{
  return find_map (t, t->levels).first;
}

/* First row of a branch in the result; of branch BRANCHES: rows of the result. */
static uint32_t
first_row (const Case *t, uint32_t branch)
{
  const uint32_t low_rows = n_rows (t) - find_map (t, 1).first;
  return branch == BRANCH_MID ? 0 : n_rows (t) + (branch - 1) * low_rows;
}

static size_t
n_results (const Case *t)
{
  return (size_t) first_row (t, BRANCHES) * t->outputs;
}

/* Weights of a branch. */
static size_t
n_weights (const Case *t)
{
  return (size_t) t->outputs * t->inputs * TAPS;
}

static void
fill (Data *data, const Case *t)
{
  const size_t n_offsets = (size_t) n_rows (t) * ALL;
  data->x = check_random ((size_t) n_rows (t) * t->inputs, 1);
  data->offsets = check_random (n_offsets, t->deviation);
  data->weight = check_random (BRANCHES * n_weights (t), 1 / sqrt (t->inputs * 9.0));
  data->bias = check_random (BRANCHES * t->outputs, 1);
  check_round_operand (data->x, (size_t) n_rows (t) * t->inputs);
  check_round_operand (data->weight, BRANCHES * n_weights (t));
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
  if (isnan (y) || isnan (x_position))
    return NAN; /* anything may come of it */
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

/* A branch's map `out` from the map `in` with the offsets of the map `grid`. */
static void
expect_map (const Case *t, const Data *data, uint32_t branch, const Map *out, const Map *in,
    const Map *grid, float *expected)
{
  const size_t n = (size_t) out->height * out->width, stride = branch == BRANCH_LOW ? 2 : 1;
  const float *weight = data->weight + branch * n_weights (t);
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
      double sum = data->bias[branch * t->outputs + o];
      for (size_t k = 0; k < (size_t) TAPS * t->inputs; k++)
        sum += weight[o * TAPS * t->inputs + k] * samples[k];
      expected[p * t->outputs + o] = (float) sum;
    }
  }
}

static float *
expect (const Case *t, const Data *data)
{
  float *expected = g_new (float, n_results (t)), *at = expected;
  for (uint32_t branch = 0; branch < BRANCHES; branch++)
    for (uint32_t level = first_level (branch); level < t->levels; level++) {
      const Map out = find_map (t, level), finer = find_map (t, MAX (level, 1) - 1);
      expect_map (t, data, branch, &out, branch == BRANCH_LOW ? &finer : &out,
          branch == BRANCH_HIGH ? &finer : &out, at);
      at += (size_t) out.height * out.width * t->outputs;
    }
  return expected;
}

/* `operand` is how x is stored, `result` what comes out. */
static float *
compute (const Case *t, const Data *data, GlipType operand, GlipType result)
{
  const uint32_t outputs = BRANCHES * t->outputs;
  g_autofree float *packed = pack (data->weight, outputs, t->inputs);
  GlipGraph *graph = check_graph ();
  const GlipConv convs = {
    .inputs = t->inputs,
    .outputs = outputs,
    .weight = check_upload_operand (
        packed, outputs / GLIP_PANEL, TAPS * t->inputs * GLIP_PANEL, GLIP_F16),
    .bias = check_upload (data->bias, 1, outputs),
  };
  GlipTensor x = glip_tensor_as_pyramid (
      check_upload_operand (data->x, n_rows (t), t->inputs, operand), t->height, t->width,
      t->levels);
  GlipTensor offsets = check_upload (data->offsets, n_rows (t), ALL);
  GlipBranches branches = glip_branches_new (graph, x, t->outputs);
  if (result == GLIP_F16)
    branches.all = glip_tensor_new_operand (graph, branches.all.rows, t->outputs);
  glip_deform_conv (graph, x, offsets, &convs, &branches);
  check_keep (graph, branches.all);
  check_run (graph);
  return check_read (branches.all);
}

static void
check_case (gconstpointer user_data)
{
  const Case *t = user_data;
  g_auto (Data) data = { 0 };
  fill (&data, t);
  g_autofree float *expected = expect (t, &data);
  uint32_t *limit = &check_device ()->properties.limits.maxStorageBufferRange;
  const uint32_t own_limit = *limit;
  if (t->most_bytes)
    *limit = t->most_bytes;
  g_autofree float *actual = compute (t, &data, GLIP_F16, GLIP_F32);
  *limit = own_limit;
  check_close ("deform_conv", actual, expected, n_results (t), find_tolerance ());
  /* Few of them: each case is one more kernel to compile. */
  if (check_device ()->tuning.half && t->outputs >= 256) {
    g_autofree float *halves = compute (t, &data, GLIP_F32, GLIP_F16);
    check_close ("halves", halves, expected, n_results (t), TOLERANCE_HALF);
  }
}

static void
test_case (gconstpointer data)
{
  check_all_kernels (check_case, data);
}

enum { TAP_OUTPUTS = 64 };

/* Convolutions of one channel whose output o is the sample of tap o alone; all masks
 * 1/2. */
static void
fill_taps (Data *data, const Case *t)
{
  data->x = g_new0 (float, n_rows (t));
  data->offsets = g_new0 (float, (size_t) n_rows (t) * ALL);
  data->weight = g_new0 (float, BRANCHES * TAP_OUTPUTS * TAPS);
  data->bias = g_new0 (float, BRANCHES * TAP_OUTPUTS);
  for (int branch = 0; branch < BRANCHES; branch++)
    for (int o = 0; o < TAPS; o++)
      data->weight[(branch * TAP_OUTPUTS + o) * TAPS + o] = 1;
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
  const Case t = { .height = 2, .width = 3, .levels = 2, .inputs = 1, .outputs = TAP_OUTPUTS };
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

/* Pixel 30 of 7 x 11 of the branch high finds dy of tap 5 in channel 2, row 12, column 2 of the
 * finer map of 13 x 21, and the mask of tap 5 in channel 1 of the masks, row 6, column
 * 16. */
static void
test_other_grid (void)
{
  const Case t = { .height = 13, .width = 21, .levels = 2, .inputs = 1, .outputs = TAP_OUTPUTS };
  g_auto (Data) data = { 0 };
  fill_taps (&data, &t);
  for (int i = 0; i < 7 * 11; i++)
    data.x[13 * 21 + i] = (float) (i / 11);
  data.offsets[(12 * 21 + 2) * ALL + 2] = 1.5f;
  data.offsets[(6 * 21 + 16) * ALL + OFFSETS + 1] = 30;
  g_autofree float *actual = compute (&t, &data, GLIP_F16, GLIP_F32);
  const float *tap = actual + (size_t) first_row (&t, BRANCH_HIGH) * TAP_OUTPUTS + 5;
  g_assert_cmpfloat_with_epsilon (tap[30 * TAP_OUTPUTS], 3.5f, 1e-5f);
  g_assert_cmpfloat_with_epsilon (tap[29 * TAP_OUTPUTS], 1, 1e-5f);
  g_assert_cmpfloat_with_epsilon (tap[31 * TAP_OUTPUTS], 1, 1e-5f);
}

/* Offsets that are no positions spoil their own pixels only. */
static void
check_wild (gconstpointer unused G_GNUC_UNUSED)
{
  static const float wild[] = { INFINITY, -INFINITY, 1e30f, -1e30f, NAN };
  const Case t = { 9, 10, 3, 64, 64, 1, FALSE, 0 };
  g_auto (Data) data = { 0 };
  fill (&data, &t);
  for (size_t i = 0; i < G_N_ELEMENTS (wild); i++)
    for (size_t c = 0; c < OFFSETS; c++)
      data.offsets[(7 * i + 3) * ALL + c] = wild[i];
  g_autofree float *expected = expect (&t, &data);
  g_autofree float *actual = compute (&t, &data, GLIP_F16, GLIP_F32);
  size_t spoilt = 0;
  for (size_t i = 0; i < n_results (&t); i++)
    if (isnan (expected[i])) {
      actual[i] = expected[i] = 0;
      spoilt++;
    }
  /* A pixel each of mid and low, as many as there are offsets of high. */
  g_assert_cmpuint (spoilt, <=, (2 + OFFSETS) * t.outputs);
  check_close ("wild", actual, expected, n_results (&t), find_tolerance ());
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
    { 1, 1, 2, 1, 64, 1, FALSE, 0 },
    { 1, 2, 5, 64, 128, 1, FALSE, 0 },
    { 5, 7, 2, 3, 64, 2, FALSE, 0 },
    { 6, 9, 5, 64, 192, 3, TRUE, 0 },
    { 13, 10, 5, 64, 64, 2, FALSE, 0 },
    { 12, 15, 3, 33, 64, 4, TRUE, 0 },
    { 13, 21, 5, 64, 128, 3, TRUE, 0 },
    { 1, 300, 4, 40, 64, 30, FALSE, 0 },
    { 3, 301, 4, 40, 64, 30, FALSE, 0 },
    { 9, 8, 3, 64, 256, 2, FALSE, 0 },
    { 9, 8, 2, 24, 320, 2, FALSE, 0 },
    /* Several strips, also of low and high. */
    { 25, 18, 4, 40, 64, 2, FALSE, 300000 },
    { 25, 18, 4, 64, 64, 2, FALSE, 450000 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    const Case *t = &cases[i];
    g_autofree char *path = g_strdup_printf ("/ops/deform_conv/%ux%ux%u-%u-%u%s", t->height,
        t->width, t->levels, t->inputs, t->outputs, t->most_bytes ? "-strips" : "");
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
