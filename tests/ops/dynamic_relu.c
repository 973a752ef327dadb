/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The coefficients of DyConv's tail against plain C in double, from given moments.
 */
#include "check.h"

#include <math.h>

typedef struct {
  uint32_t columns, groups;
  gboolean low, high;
  double mean;
} Case;

typedef struct {
  float *moments[3], *norm_weight[3], *norm_bias[3];
  float *attention_weight, *attention_bias, *fc0_weight, *fc0_bias, *fc2_weight, *fc2_bias;
} Data;

static void
clear (Data *data)
{
  for (int k = 0; k < 3; k++) {
    g_free (data->moments[k]);
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
  return branch == 0 || (branch == 1 ? t->low : t->high);
}

static void
fill (Data *data, const Case *t)
{
  const uint32_t c = t->columns, hidden = c / 4;
  for (int k = 0; k < 3; k++) {
    data->moments[k] = check_random (3 * c, 1);
    data->norm_weight[k] = check_random (c, 1);
    data->norm_bias[k] = check_random (c, 1);
    for (uint32_t i = 0; i < c; i++) {
      data->moments[k][i] += (float) t->mean;
      data->moments[k][c + i] = fabsf (data->moments[k][c + i]) + 0.01f;
      data->moments[k][2 * c + i] += (float) t->mean;
    }
  }
  data->attention_weight = check_random (c, 1 / sqrt (c));
  data->attention_bias = check_random (1, 1);
  data->fc0_weight = check_random (hidden * c, 2 / sqrt (c));
  data->fc0_bias = check_random (hidden, 1);
  data->fc2_weight = check_random (4 * c * hidden, 2 / sqrt (hidden));
  data->fc2_bias = check_random (4 * c, 1);
}

static double
hard_sigmoid_of (double x)
{
  return fmin (fmax (x + 3, 0), 6) / 6;
}

/* scale, shift, and the normalised mean of a branch, without its attention. */
static void
normalise (const Case *t, const Data *data, int k, double *scale, double *shift, double *mean)
{
  const uint32_t channels = t->columns / t->groups;
  const float *means = data->moments[k], *variances = means + t->columns;
  for (uint32_t i = 0; i < t->columns; i++) {
    const uint32_t first = i / channels * channels;
    double mu = 0, variance = 0;
    for (uint32_t j = first; j < first + channels; j++)
      mu += (double) means[j] / channels;
    for (uint32_t j = first; j < first + channels; j++)
      variance += (variances[j] + pow (means[j] - mu, 2)) / channels;
    scale[i] = data->norm_weight[k][i] / sqrt (variance + 1e-5);
    shift[i] = data->norm_bias[k][i] - scale[i] * mu;
    mean[i] = scale[i] * means[2 * t->columns + i] + shift[i];
  }
}

static void
expect_mlp (const Case *t, const Data *data, const double *z, float *expected)
{
  const uint32_t c = t->columns, hidden = c / 4;
  g_autofree double *h = g_new (double, hidden);
  for (uint32_t i = 0; i < hidden; i++) {
    h[i] = data->fc0_bias[i];
    for (uint32_t j = 0; j < c; j++)
      h[i] += data->fc0_weight[i * c + j] * z[j];
    h[i] = fmax (h[i], 0);
  }
  for (uint32_t o = 0; o < 4 * c; o++) {
    double q = data->fc2_bias[o];
    for (uint32_t i = 0; i < hidden; i++)
      q += data->fc2_weight[o * hidden + i] * h[i];
    q = hard_sigmoid_of (q) - 0.5;
    expected[o] = (float) (o < c ? 2 * q + 1 : o / c == 2 ? 2 * q : q);
  }
}

static float *
expect (const Case *t, const Data *data)
{
  const uint32_t c = t->columns, n = 1 + t->low + t->high;
  g_autofree double *scale = g_new (double, c), *shift = g_new (double, c);
  g_autofree double *mean = g_new (double, c), *z = g_new0 (double, c);
  float *expected = g_new0 (float, 8 * (size_t) c);
  g_autofree double *constant = g_new0 (double, c);
  for (int k = 0; k < 3; k++) {
    if (!exists (t, k))
      continue;
    normalise (t, data, k, scale, shift, mean);
    double sum = data->attention_bias[0];
    for (uint32_t i = 0; i < c; i++)
      sum += data->attention_weight[i] * mean[i];
    const double attention = hard_sigmoid_of (fmax (sum, 0));
    for (uint32_t i = 0; i < c; i++) {
      expected[(uint32_t) k * c + i] = (float) (attention * scale[i] / n);
      constant[i] += attention * shift[i] / n;
      z[i] += attention * mean[i] / n;
    }
  }
  for (uint32_t i = 0; i < c; i++)
    expected[3 * c + i] = (float) constant[i];
  expect_mlp (t, data, z, expected + 4 * (size_t) c);
  return expected;
}

static float *
compute (const Case *t, const Data *data)
{
  const uint32_t c = t->columns;
  GlipGraph *graph = check_graph ();
  GlipBranch branches[3] = { 0 };
  for (int k = 0; k < 3; k++)
    if (exists (t, k))
      branches[k] = (GlipBranch){
        .x = glip_tensor_new_map (graph, 1, 1, c), /* only its presence counts */
        .moments = check_upload (data->moments[k], 3, c),
        .norm_weight = check_upload (data->norm_weight[k], 1, c),
        .norm_bias = check_upload (data->norm_bias[k], 1, c),
      };
  const GlipDynamicRelu dynamic_relu = {
    .groups = t->groups,
    .attention_weight = check_upload (data->attention_weight, 1, c),
    .attention_bias = check_upload (data->attention_bias, 1, 1),
    .fc0_weight = check_upload (data->fc0_weight, c / 4, c),
    .fc0_bias = check_upload (data->fc0_bias, 1, c / 4),
    .fc2_weight = check_upload (data->fc2_weight, 4 * c, c / 4),
    .fc2_bias = check_upload (data->fc2_bias, 1, 4 * c),
  };
  GlipTensor coefficients = glip_dynamic_relu (graph, branches, &dynamic_relu);
  g_assert_cmpuint (coefficients.rows, ==, 8);
  check_keep (graph, coefficients);
  check_run (graph);
  return check_read (coefficients);
}

static void
test_random (gconstpointer user_data)
{
  const Case *t = user_data;
  const size_t c = t->columns;
  g_auto (Data) data = { 0 };
  fill (&data, t);
  g_autofree float *expected = expect (t, &data);
  g_autofree float *actual = compute (t, &data);
  check_close ("factors", actual, expected, 3 * c, TOLERANCE_FUNCTION);
  check_close ("constant", actual + 3 * c, expected + 3 * c, c, TOLERANCE_FUNCTION);
  check_close ("dynamic relu", actual + 4 * c, expected + 4 * c, 4 * c, TOLERANCE_FUNCTION);
}

/* Layers of zeros make an ordinary ReLU; 3 in the first quarter of the last bias makes
 * a1 = 2. */
static void
test_known (void)
{
  const Case t = { 64, 16, TRUE, FALSE, 0 };
  g_auto (Data) data = { 0 };
  fill (&data, &t);
  for (int i = 0; i < 16 * 64; i++)
    data.fc0_weight[i] = 0;
  for (int i = 0; i < 256 * 16; i++)
    data.fc2_weight[i] = 0;
  for (int i = 0; i < 256; i++)
    data.fc2_bias[i] = 0;
  for (int round = 0; round < 2; round++) {
    g_autofree float *actual = compute (&t, &data);
    for (int i = 0; i < 64; i++) {
      g_assert_cmpfloat (actual[4 * 64 + i], ==, (float) (1 + round));
      for (int j = 5; j < 8; j++)
        g_assert_cmpfloat (actual[j * 64 + i], ==, 0);
      g_assert_cmpfloat (actual[2 * 64 + i], ==, 0); /* there is no branch high */
      data.fc2_bias[i] = 3;
    }
  }
}

static void
add_tests (void)
{
  static const Case cases[] = {
    { 64, 16, TRUE, TRUE, 0 },
    { 64, 64, FALSE, FALSE, 1 },
    { 192, 16, TRUE, FALSE, 0 },
    { 256, 16, TRUE, TRUE, 0 },
    { 256, 16, FALSE, TRUE, 1000 },
    { 320, 1, TRUE, TRUE, -5 },
    { 1024, 1024, TRUE, TRUE, 0 },
    { 1024, 32, FALSE, TRUE, 3 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/ops/dynamic_relu/%u-%u-%u", cases[i].columns,
        cases[i].groups, 1 + cases[i].low + cases[i].high);
    g_test_add_data_func (path, &cases[i], test_random);
  }
  g_test_add_func ("/ops/dynamic_relu/known", test_known);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
