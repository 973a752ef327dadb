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
  uint32_t height, width, high_height, high_width; /* high 0: absent */
  uint32_t columns;
  gboolean low;
  float mean;
  double tolerance; /* of the whole tail */
} Case;

enum { GROUPS = 16 };

typedef struct {
  float *x[3], *norm_weight[3], *norm_bias[3];
  float *attention_weight, *attention_bias, *fc0_weight, *fc0_bias, *fc2_weight, *fc2_bias;
} Data;

static void
clear (Data *data)
{
  for (int k = 0; k < 3; k++) {
    g_free (data->x[k]);
    g_free (data->norm_weight[k]);
    g_free (data->norm_bias[k]);
  }
  g_free (data->attention_weight);
  g_free (data->attention_bias);
  g_free (data->fc0_weight);
  g_free (data->fc0_bias);
  g_free (data->fc2_weight);
  g_free (data->fc2_bias);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Data, clear)

static gboolean
exists (const Case *t, int branch)
{
  return branch == 0 || (branch == 1 ? t->low : t->high_height > 0);
}

static size_t
pixels_of (const Case *t, int branch)
{
  return branch == 2 ? (size_t) t->high_height * t->high_width : (size_t) t->height * t->width;
}

static void
fill (Data *data, const Case *t)
{
  const uint32_t c = t->columns, hidden = c / 4;
  for (int k = 0; k < 3; k++) {
    if (!exists (t, k))
      continue;
    data->x[k] = check_random (pixels_of (t, k) * c, 1);
    for (size_t i = 0; i < pixels_of (t, k) * c; i++)
      data->x[k][i] += t->mean;
    data->norm_weight[k] = check_random (c, 1);
    data->norm_bias[k] = check_random (c, 1);
  }
  data->attention_weight = check_random (c, 1 / sqrt (c));
  data->attention_bias = check_random (1, 1);
  data->fc0_weight = check_random (hidden * c, 2 / sqrt (c));
  data->fc0_bias = check_random (hidden, 1);
  data->fc2_weight = check_random (4 * c * hidden, 2 / sqrt (hidden));
  data->fc2_bias = check_random (4 * c, 1);
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
upsample (const Case *t, const double *x)
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
mean_of_branches (const Case *t, const Data *data)
{
  const size_t n = pixels_of (t, 0) * t->columns;
  const int branches = 1 + t->low + (t->high_height > 0);
  double *f = g_new0 (double, n);
  for (int k = 0; k < 3; k++) {
    if (!exists (t, k))
      continue;
    g_autofree double *y = group_norm (
        data->x[k], pixels_of (t, k), t->columns, data->norm_weight[k], data->norm_bias[k]);
    g_autofree double *large = k == 2 ? upsample (t, y) : g_steal_pointer (&y);
    g_autofree double *mean = mean_over_space (large, pixels_of (t, 0), t->columns);
    double sum = data->attention_bias[0];
    for (uint32_t i = 0; i < t->columns; i++)
      sum += data->attention_weight[i] * mean[i];
    const double attention = hard_sigmoid_of (fmax (sum, 0));
    for (size_t i = 0; i < n; i++)
      f[i] += attention * large[i] / branches;
  }
  return f;
}

static float *
expect_tail (const Case *t, const Data *data)
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

static void
upload (const Case *t, const Data *data, GlipBranch branches[3])
{
  for (int k = 0; k < 3; k++)
    if (exists (t, k))
      branches[k] = (GlipBranch){
        .x = glip_tensor_as_map (
            check_upload (data->x[k], (uint32_t) pixels_of (t, k), t->columns),
            k == 2 ? t->high_height : t->height, k == 2 ? t->high_width : t->width),
        .norm_weight = check_upload (data->norm_weight[k], 1, t->columns),
        .norm_bias = check_upload (data->norm_bias[k], 1, t->columns),
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
  GlipBranch branches[3] = { 0 };
  upload (t, &data, branches);
  for (int k = 0; k < 3; k++)
    if (exists (t, k))
      branches[k].moments = glip_moments (
          graph, branches[k].x, k == 2 ? t->height : 0, k == 2 ? t->width : 0);
  const GlipDynamicRelu dynamic_relu = {
    .groups = GROUPS,
    .attention_weight = check_upload (data.attention_weight, 1, c),
    .attention_bias = check_upload (data.attention_bias, 1, 1),
    .fc0_weight = check_upload (data.fc0_weight, c / 4, c),
    .fc0_bias = check_upload (data.fc0_bias, 1, c / 4),
    .fc2_weight = check_upload (data.fc2_weight, 4 * c, c / 4),
    .fc2_bias = check_upload (data.fc2_bias, 1, 4 * c),
  };
  GlipTensor coefficients = glip_dynamic_relu (graph, branches, &dynamic_relu);
  GlipTensor out = glip_tensor_new_map (graph, t->height, t->width, c);
  glip_dyhead_merge (graph, branches, coefficients, out);
  check_keep (graph, out);
  check_run (graph);
  g_autofree float *actual = check_read (out);
  g_autofree float *expected = expect_tail (t, &data);
  check_close ("tail", actual, expected, pixels_of (t, 0) * c, t->tolerance);
}

static double
enlarged (const Case *t, const float *high, uint32_t row, uint32_t column, uint32_t channel)
{
  size_t y0, y1, x0, x1;
  double fy, fx;
  find_between (row, t->high_height, t->height, &y0, &y1, &fy);
  find_between (column, t->high_width, t->width, &x0, &x1, &fx);
  const float *at = high + channel;
  return (1 - fy) * (1 - fx) * at[(y0 * t->high_width + x0) * t->columns] +
      (1 - fy) * fx * at[(y0 * t->high_width + x1) * t->columns] +
      fy * (1 - fx) * at[(y1 * t->high_width + x0) * t->columns] +
      fy * fx * at[(y1 * t->high_width + x1) * t->columns];
}

static void
test_merge (gconstpointer user_data)
{
  const Case *t = user_data;
  const uint32_t c = t->columns;
  g_auto (Data) data = { 0 };
  fill (&data, t);
  g_autofree float *k = check_random (8 * (size_t) c, 1);
  GlipGraph *graph = check_graph ();
  GlipBranch branches[3] = { 0 };
  upload (t, &data, branches);
  GlipTensor out = glip_tensor_new_map (graph, t->height, t->width, c);
  glip_dyhead_merge (graph, branches, check_upload (k, 8, c), out);
  check_keep (graph, out);
  check_run (graph);
  g_autofree float *actual = check_read (out);

  g_autofree float *expected = g_new (float, pixels_of (t, 0) * c);
  for (uint32_t p = 0; p < pixels_of (t, 0); p++)
    for (uint32_t i = 0; i < c; i++) {
      double f = (double) k[i] * data.x[0][p * c + i] + k[3 * c + i];
      if (t->low)
        f += (double) k[c + i] * data.x[1][p * c + i];
      if (t->high_height)
        f += k[2 * c + i] * enlarged (t, data.x[2], p / t->width, p % t->width, i);
      expected[p * c + i] =
          (float) fmax (k[4 * c + i] * f + k[5 * c + i], k[6 * c + i] * f + k[7 * c + i]);
    }
  check_close ("merge", actual, expected, pixels_of (t, 0) * c, TOLERANCE_ROUNDING);
}

/* Maps with a mean of 1000 are themselves rounded to 6e-5 of their deviation, and the
 * factored form multiplies them before the constant takes the mean away. */
#define TOLERANCE_FAR 2e-4

static void
add_tests (void)
{
  static const Case cases[] = {
    { 5, 7, 3, 4, 64, TRUE, 0, TOLERANCE_FUNCTION },
    { 5, 7, 3, 4, 64, TRUE, 1000, TOLERANCE_FAR },
    { 1, 1, 0, 0, 64, TRUE, 0, TOLERANCE_FUNCTION },
    { 1, 1, 1, 1, 128, TRUE, 0, TOLERANCE_FUNCTION },
    { 1, 2, 1, 1, 192, FALSE, 0, TOLERANCE_FUNCTION },
    { 40, 56, 20, 28, 64, FALSE, 0, TOLERANCE_FUNCTION },
    { 40, 56, 20, 28, 64, TRUE, 1000, TOLERANCE_FAR },
    { 13, 21, 7, 11, 256, TRUE, 3, TOLERANCE_FUNCTION },
    { 3, 131, 2, 66, 64, FALSE, -1, TOLERANCE_FUNCTION },
    { 9, 4, 0, 0, 320, FALSE, 0, TOLERANCE_FUNCTION },
  };
  static const Case merges[] = {
    { 1, 1, 0, 0, 1, FALSE, 0, 0 },
    { 3, 5, 2, 3, 33, TRUE, 0, 0 },
    { 33, 70, 17, 35, 5, TRUE, 0, 0 },
    { 1, 6, 1, 3, 40, FALSE, 0, 0 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/ops/dyhead_merge/tail/%zu-%ux%ux%u", i,
        cases[i].height, cases[i].width, cases[i].columns);
    g_test_add_data_func (path, &cases[i], test_tail);
  }
  for (size_t i = 0; i < G_N_ELEMENTS (merges); i++) {
    g_autofree char *path = g_strdup_printf ("/ops/dyhead_merge/merge/%ux%ux%u",
        merges[i].height, merges[i].width, merges[i].columns);
    g_test_add_data_func (path, &merges[i], test_merge);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
