/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The elementwise merge with given coefficients, and the whole tail of DyConv
 * (moments, coefficients, merge) against the definition taken literally: group norm,
 * enlarging, scale attention, mean and dynamic ReLU on whole maps in double.
 */
#include "check.h"

#include <math.h>

typedef struct {
  uint32_t height, width, levels, columns;
  float mean;
  double tolerance; /* of the whole tail */
} Case;

enum { GROUPS = 16 };

typedef struct {
  float *x; /* all branches of all levels */
  float *norms, *attention, *fc0_weight, *fc0_bias, *fc2_weight, *fc2_bias;
} Data;

/* A level and its branches' maps; NULL for one that does not exist. */
typedef struct {
  uint32_t height, width, high_height, high_width, columns;
  const float *x[3];
} Level;

static void
clear (Data *data)
{
  g_free (data->x);
  g_free (data->norms);
  g_free (data->attention);
  g_free (data->fc0_weight);
  g_free (data->fc0_bias);
  g_free (data->fc2_weight);
  g_free (data->fc2_bias);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Data, clear)

/* Of mid, and of low or high. */
static uint32_t
n_rows (const Case *t, int branch)
{
  uint32_t rows = glip_pyramid_rows (t->height, t->width, t->levels);
  return branch == BRANCH_MID ? rows : rows - t->height * t->width;
}

static void
fill (Data *data, const Case *t)
{
  const uint32_t c = t->columns, hidden = c / 4;
  const size_t n = (size_t) (n_rows (t, BRANCH_MID) + 2 * n_rows (t, BRANCH_LOW)) * c;
  data->x = check_random (n, 1);
  for (size_t i = 0; i < n; i++)
    data->x[i] += t->mean;
  data->norms = check_random (6 * c, 1);
  data->attention = check_random (c + 1, 1 / sqrt (c));
  data->fc0_weight = check_random (hidden * c, 2 / sqrt (c));
  data->fc0_bias = check_random (hidden, 1);
  data->fc2_weight = check_random (4 * c * hidden, 2 / sqrt (hidden));
  data->fc2_bias = check_random (4 * c, 1);
}

static Level
find_level (const Case *t, const Data *data, uint32_t index)
{
  const size_t c = t->columns, finest = (size_t) t->height * t->width;
  const float *low = data->x + n_rows (t, BRANCH_MID) * c;
  const float *high = low + n_rows (t, BRANCH_LOW) * c;
  const size_t first = glip_pyramid_rows (t->height, t->width, index);
  Level level = { t->height, t->width, .columns = t->columns };
  for (uint32_t i = 0; i < index; i++) {
    level.height = (level.height + 1) / 2;
    level.width = (level.width + 1) / 2;
  }
  level.high_height = (level.height + 1) / 2;
  level.high_width = (level.width + 1) / 2;
  level.x[BRANCH_MID] = data->x + first * c;
  if (index > 0)
    level.x[BRANCH_LOW] = low + (first - finest) * c;
  if (index + 1 < t->levels)
    level.x[BRANCH_HIGH] =
        high + (glip_pyramid_rows (t->height, t->width, index + 1) - finest) * c;
  return level;
}

static size_t
pixels_of (const Level *t, int branch)
{
  return branch == BRANCH_HIGH ? (size_t) t->high_height * t->high_width
                               : (size_t) t->height * t->width;
}

/* ------------------------------------------------------ the definition, literally */

static double
hard_sigmoid_of (double x)
{
  return fmin (fmax (x + 3, 0), 6) / 6;
}

static double *
group_norm (const float *x, size_t pixels, uint32_t columns, const float *weight,
    const float *bias)
{
  const uint32_t channels = columns / GROUPS;
  double *y = g_new (double, pixels * columns);
  for (uint32_t group = 0; group < GROUPS; group++) {
    const double count = (double) pixels * channels;
    double mean = 0, variance = 0;
    for (size_t p = 0; p < pixels; p++)
      for (uint32_t i = group * channels; i < (group + 1) * channels; i++)
        mean += x[p * columns + i] / count;
    for (size_t p = 0; p < pixels; p++)
      for (uint32_t i = group * channels; i < (group + 1) * channels; i++)
        variance += pow (x[p * columns + i] - mean, 2) / count;
    for (size_t p = 0; p < pixels; p++)
      for (uint32_t i = group * channels; i < (group + 1) * channels; i++)
        y[p * columns + i] =
            (x[p * columns + i] - mean) / sqrt (variance + 1e-5) * weight[i] + bias[i];
  }
  return y;
}

/* The positions are those of float arithmetic, as in the original. */
static void
find_between (uint32_t at, uint32_t small, uint32_t large, size_t *low, size_t *high,
    double *fraction)
{
  const float ratio = large > 1 ? (float) (small - 1) / (float) (large - 1) : 0;
  const float source = ratio * (float) at;
  *low = MIN ((size_t) source, small - 1);
  *high = MIN (*low + 1, small - 1);
  *fraction = (double) source - (double) *low;
}

static double *
upsample (const Level *t, const double *x)
{
  const size_t c = t->columns;
  double *y = g_new (double, pixels_of (t, 0) * c);
  for (uint32_t row = 0; row < t->height; row++)
    for (uint32_t column = 0; column < t->width; column++) {
      size_t y0, y1, x0, x1;
      double fy, fx;
      find_between (row, t->high_height, t->height, &y0, &y1, &fy);
      find_between (column, t->high_width, t->width, &x0, &x1, &fx);
      for (size_t i = 0; i < c; i++)
        y[((size_t) row * t->width + column) * c + i] =
            (1 - fy) * (1 - fx) * x[(y0 * t->high_width + x0) * c + i] +
            (1 - fy) * fx * x[(y0 * t->high_width + x1) * c + i] +
            fy * (1 - fx) * x[(y1 * t->high_width + x0) * c + i] +
            fy * fx * x[(y1 * t->high_width + x1) * c + i];
    }
  return y;
}

static double *
mean_over_space (const double *x, size_t pixels, uint32_t columns)
{
  double *mean = g_new0 (double, columns);
  for (size_t p = 0; p < pixels; p++)
    for (uint32_t i = 0; i < columns; i++)
      mean[i] += x[p * columns + i] / (double) pixels;
  return mean;
}

static double *
mean_of_branches (const Level *t, const Data *data)
{
  const size_t n = pixels_of (t, 0) * t->columns;
  const uint32_t c = t->columns;
  const int branches = 1 + (t->x[BRANCH_LOW] != NULL) + (t->x[BRANCH_HIGH] != NULL);
  double *f = g_new0 (double, n);
  for (int k = 0; k < 3; k++) {
    if (!t->x[k])
      continue;
    g_autofree double *y = group_norm (
        t->x[k], pixels_of (t, k), c, data->norms + 2 * k * c, data->norms + (2 * k + 1) * c);
    g_autofree double *large = k == BRANCH_HIGH ? upsample (t, y) : g_steal_pointer (&y);
    g_autofree double *mean = mean_over_space (large, pixels_of (t, 0), c);
    double sum = data->attention[c];
    for (uint32_t i = 0; i < c; i++)
      sum += data->attention[i] * mean[i];
    const double attention = hard_sigmoid_of (fmax (sum, 0));
    for (size_t i = 0; i < n; i++)
      f[i] += attention * large[i] / branches;
  }
  return f;
}

static float *
expect_tail (const Level *t, const Data *data)
{
  const uint32_t c = t->columns, hidden = c / 4;
  g_autofree double *f = mean_of_branches (t, data);
  g_autofree double *z = mean_over_space (f, pixels_of (t, 0), c);
  g_autofree double *h = g_new (double, hidden), *q = g_new (double, 4 * (size_t) c);
  for (uint32_t i = 0; i < hidden; i++) {
    h[i] = data->fc0_bias[i];
    for (uint32_t j = 0; j < c; j++)
      h[i] += data->fc0_weight[i * c + j] * z[j];
    h[i] = fmax (h[i], 0);
  }
  for (uint32_t o = 0; o < 4 * c; o++) {
    q[o] = data->fc2_bias[o];
    for (uint32_t i = 0; i < hidden; i++)
      q[o] += data->fc2_weight[o * hidden + i] * h[i];
    q[o] = hard_sigmoid_of (q[o]);
  }
  float *expected = g_new (float, pixels_of (t, 0) * c);
  for (size_t p = 0; p < pixels_of (t, 0); p++)
    for (uint32_t i = 0; i < c; i++) {
      const double a1 = 2 * (q[i] - 0.5) + 1, b1 = q[c + i] - 0.5;
      const double a2 = 2 * (q[2 * c + i] - 0.5), b2 = q[3 * c + i] - 0.5;
      expected[p * c + i] = (float) fmax (a1 * f[p * c + i] + b1, a2 * f[p * c + i] + b2);
    }
  return expected;
}

/* ------------------------------------------------------------------------- tests */

static GlipBranches
upload (const Case *t, const Data *data)
{
  const uint32_t rows = n_rows (t, BRANCH_MID);
  GlipTensor all =
      check_upload (data->x, rows + 2 * n_rows (t, BRANCH_LOW), t->columns);
  GlipTensor mid = { .region = all.region, .rows = rows, .columns = t->columns };
  return (GlipBranches){
    .all = all,
    .mid = glip_tensor_as_pyramid (mid, t->height, t->width, t->levels),
  };
}

static void
test_tail (gconstpointer user_data)
{
  const Case *t = user_data;
  const uint32_t c = t->columns;
  g_auto (Data) data = { 0 };
  fill (&data, t);
  GlipGraph *graph = check_graph ();
  const GlipBranches branches = upload (t, &data);
  const GlipDynamicRelu dynamic_relu = {
    .groups = GROUPS,
    .norms = check_upload (data.norms, 6, c),
    .attention = check_upload (data.attention, 1, c + 1),
    .fc0_weight = check_upload (data.fc0_weight, c / 4, c),
    .fc0_bias = check_upload (data.fc0_bias, 1, c / 4),
    .fc2_weight = check_upload (data.fc2_weight, 4 * c, c / 4),
    .fc2_bias = check_upload (data.fc2_bias, 1, 4 * c),
  };
  GlipTensor moments = glip_moments (graph, &branches);
  GlipTensor coefficients = glip_dynamic_relu (graph, &branches, moments, &dynamic_relu);
  GlipTensor out = glip_dyhead_merge (graph, &branches, coefficients);
  check_keep (graph, out);
  check_run (graph);
  g_autofree float *actual = check_read (out);
  const float *at = actual;
  for (uint32_t i = 0; i < t->levels; i++) {
    const Level level = find_level (t, &data, i);
    g_autofree float *expected = expect_tail (&level, &data);
    check_close ("tail", at, expected, pixels_of (&level, BRANCH_MID) * c, t->tolerance);
    at += pixels_of (&level, BRANCH_MID) * c;
  }
}

static double
enlarged (const Level *t, uint32_t row, uint32_t column, uint32_t channel)
{
  size_t y0, y1, x0, x1;
  double fy, fx;
  find_between (row, t->high_height, t->height, &y0, &y1, &fy);
  find_between (column, t->high_width, t->width, &x0, &x1, &fx);
  const float *at = t->x[BRANCH_HIGH] + channel;
  return (1 - fy) * (1 - fx) * at[(y0 * t->high_width + x0) * t->columns] +
      (1 - fy) * fx * at[(y0 * t->high_width + x1) * t->columns] +
      fy * (1 - fx) * at[(y1 * t->high_width + x0) * t->columns] +
      fy * fx * at[(y1 * t->high_width + x1) * t->columns];
}

static void
expect_merge (const Level *t, const float *k, float *expected)
{
  const uint32_t c = t->columns;
  for (uint32_t p = 0; p < pixels_of (t, BRANCH_MID); p++)
    for (uint32_t i = 0; i < c; i++) {
      double f = (double) k[i] * t->x[BRANCH_MID][p * c + i] + k[3 * c + i];
      if (t->x[BRANCH_LOW])
        f += (double) k[c + i] * t->x[BRANCH_LOW][p * c + i];
      if (t->x[BRANCH_HIGH])
        f += k[2 * c + i] * enlarged (t, p / t->width, p % t->width, i);
      expected[p * c + i] =
          (float) fmax (k[4 * c + i] * f + k[5 * c + i], k[6 * c + i] * f + k[7 * c + i]);
    }
}

static void
test_merge (gconstpointer user_data)
{
  const Case *t = user_data;
  const size_t c = t->columns, n = n_rows (t, BRANCH_MID) * c;
  g_auto (Data) data = { 0 };
  fill (&data, t);
  g_autofree float *k = check_random (t->levels * COEFFICIENTS * c, 1);
  GlipGraph *graph = check_graph ();
  const GlipBranches branches = upload (t, &data);
  GlipTensor out = glip_dyhead_merge (
      graph, &branches, check_upload (k, t->levels * COEFFICIENTS, t->columns));
  g_assert_cmpuint (out.levels, ==, t->levels);
  check_keep (graph, out);
  check_run (graph);
  g_autofree float *actual = check_read (out);
  g_autofree float *expected = g_new (float, n);
  for (uint32_t i = 0; i < t->levels; i++) {
    const Level level = find_level (t, &data, i);
    expect_merge (&level, k + i * COEFFICIENTS * c,
        expected + glip_pyramid_rows (t->height, t->width, i) * c);
  }
  check_close ("merge", actual, expected, n, TOLERANCE_ROUNDING);
}

/* Maps with a mean of 1000 are themselves rounded to 6e-5 of their deviation, and the
 * factored form multiplies them before the constant takes the mean away. */
#define TOLERANCE_FAR 2e-4

static void
add_tests (void)
{
  static const Case cases[] = {
    { 5, 7, 2, 64, 0, TOLERANCE_FUNCTION },
    { 5, 7, 3, 64, 1000, TOLERANCE_FAR },
    { 1, 1, 5, 128, 0, TOLERANCE_FUNCTION },
    { 1, 2, 3, 192, 0, TOLERANCE_FUNCTION },
    { 40, 56, 5, 64, 0, TOLERANCE_FUNCTION },
    { 40, 56, 3, 64, 1000, TOLERANCE_FAR },
    { 26, 42, 5, 256, 3, TOLERANCE_FUNCTION },
    { 3, 131, 2, 64, -1, TOLERANCE_FUNCTION },
    { 9, 4, 5, 320, 0, TOLERANCE_FUNCTION },
  };
  static const Case merges[] = {
    { 1, 1, 5, 1, 0, 0 },
    { 3, 5, 2, 33, 0, 0 },
    { 33, 70, 5, 5, 0, 0 },
    { 1, 6, 4, 40, 0, 0 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/ops/dyhead_merge/tail/%zu-%ux%ux%u-%u", i,
        cases[i].height, cases[i].width, cases[i].levels, cases[i].columns);
    g_test_add_data_func (path, &cases[i], test_tail);
  }
  for (size_t i = 0; i < G_N_ELEMENTS (merges); i++) {
    g_autofree char *path = g_strdup_printf ("/ops/dyhead_merge/merge/%ux%ux%u-%u",
        merges[i].height, merges[i].width, merges[i].levels, merges[i].columns);
    g_test_add_data_func (path, &merges[i], test_merge);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
