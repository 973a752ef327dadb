/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The coefficients of DyConv's tail against plain C in double, from given moments of
 * chunks.
 */
#include "check.h"

#include <math.h>
#include <string.h>

typedef struct {
  uint32_t height, width, levels, columns, groups;
  double mean;
} Case;

typedef struct {
  uint32_t n_chunks, low_chunks; /* all; of low */
  float *moments, *norms, *attention, *fc0_weight, *fc0_bias, *fc2_weight, *fc2_bias;
} Data;

/* Mean, variance and enlarged mean of the channels of a map. */
typedef struct {
  double *mean, *variance, *enlarged;
} Statistics;

static void
clear (Data *data)
{
  g_free (data->moments);
  g_free (data->norms);
  g_free (data->attention);
  g_free (data->fc0_weight);
  g_free (data->fc0_bias);
  g_free (data->fc2_weight);
  g_free (data->fc2_bias);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Data, clear)

static uint32_t
count_pixels (const Case *t, uint32_t level)
{
  return glip_pyramid_rows (t->height, t->width, level + 1) -
      glip_pyramid_rows (t->height, t->width, level);
}

static uint32_t
count_chunks (const Case *t, uint32_t level)
{
  return (count_pixels (t, level) + MOMENTS_CHUNK - 1) / MOMENTS_CHUNK;
}

static gboolean
exists (const Case *t, uint32_t branch, uint32_t level)
{
  return branch == BRANCH_LOW ? level > 0 : branch == BRANCH_MID || level + 1 < t->levels;
}

/* Random moments of `chunks` chunks of a map: one origin, weights that add up to 1. */
static void
fill_map (float *moments, const Case *t, uint32_t pixels, uint32_t chunks)
{
  const uint32_t c = t->columns;
  g_autofree float *values = check_random ((size_t) chunks * MOMENTS_NUMBERS * c, 1);
  for (uint32_t i = 0; i < chunks * c; i++) {
    float *number = moments + (size_t) (i / c) * MOMENTS_NUMBERS * c + i % c;
    const float *value = values + (size_t) (i / c) * MOMENTS_NUMBERS * c + i % c;
    const float count = (float) MIN (pixels - i / c * MOMENTS_CHUNK, MOMENTS_CHUNK);
    number[0] = value[0] * 0.3f;
    number[c] = count * (fabsf (value[c]) + 0.01f);
    number[2 * c] = value[2 * c] / (float) chunks;
    number[3 * c] = 1 / (float) chunks;
    number[4 * c] = (float) t->mean + values[4 * c + i % c];
  }
}

static void
fill (Data *data, const Case *t)
{
  const uint32_t c = t->columns, hidden = c / 4;
  for (uint32_t level = 0; level < t->levels; level++)
    data->low_chunks += level > 0 ? count_chunks (t, level) : 0;
  data->n_chunks = count_chunks (t, 0) + 3 * data->low_chunks;
  data->moments = g_new (float, (size_t) data->n_chunks * MOMENTS_NUMBERS * c);
  float *at = data->moments;
  for (uint32_t branch = 0; branch < 3; branch++)
    for (uint32_t level = branch == BRANCH_MID ? 0 : 1; level < t->levels; level++) {
      fill_map (at, t, count_pixels (t, level), count_chunks (t, level));
      at += (size_t) count_chunks (t, level) * MOMENTS_NUMBERS * c;
    }
  data->norms = check_random (6 * c, 1);
  data->attention = check_random (c + 1, 1 / sqrt (c));
  data->fc0_weight = check_random (hidden * c, 2 / sqrt (c));
  data->fc0_bias = check_random (hidden, 1);
  data->fc2_weight = check_random (4 * c * hidden, 2 / sqrt (hidden));
  data->fc2_bias = check_random (4 * c, 1);
}

/* The moments of a branch's map for `level`, all chunks together. */
static void
find_statistics (const Case *t, const Data *data, uint32_t branch, uint32_t level,
    Statistics *statistics)
{
  const uint32_t c = t->columns, grid = branch == BRANCH_HIGH ? level + 1 : level;
  const uint32_t pixels = count_pixels (t, grid), chunks = count_chunks (t, grid);
  uint32_t first = branch == BRANCH_MID ? 0
                                        : data->n_chunks - (3 - branch) * data->low_chunks;
  for (uint32_t i = branch == BRANCH_MID ? 0 : 1; i < grid; i++)
    first += count_chunks (t, i);
  for (uint32_t i = 0; i < c; i++) {
    const float *at = data->moments + (size_t) first * MOMENTS_NUMBERS * c + i;
    double mean = 0, squares = 0, enlarged = 0;
    for (uint32_t k = 0; k < 2 * chunks; k++) { /* the mean first */
      const float *chunk = at + (size_t) (k % chunks) * MOMENTS_NUMBERS * c;
      const double count = MIN (pixels - k % chunks * MOMENTS_CHUNK, MOMENTS_CHUNK);
      if (k < chunks) {
        mean += count / pixels * chunk[0];
      } else {
        squares += chunk[c] + count * pow (chunk[0] - mean, 2);
        enlarged += (double) chunk[2 * c] + chunk[3 * c] * (chunk[0] - mean);
      }
    }
    statistics->mean[i] = at[4 * c] + mean;
    statistics->variance[i] = squares / pixels;
    statistics->enlarged[i] = at[4 * c] + mean + (branch == BRANCH_HIGH ? enlarged : 0);
  }
}

static double
hard_sigmoid_of (double x)
{
  return fmin (fmax (x + 3, 0), 6) / 6;
}

/* scale, shift, and the normalised mean of a branch, without its attention. */
static void
normalise (const Case *t, const Data *data, uint32_t branch, const Statistics *statistics,
    double *scale, double *shift, double *mean)
{
  const uint32_t c = t->columns, channels = c / t->groups;
  for (uint32_t i = 0; i < c; i++) {
    const uint32_t first = i / channels * channels;
    double mu = 0, variance = 0;
    for (uint32_t j = first; j < first + channels; j++)
      mu += statistics->mean[j] / channels;
    for (uint32_t j = first; j < first + channels; j++)
      variance += (statistics->variance[j] + pow (statistics->mean[j] - mu, 2)) / channels;
    scale[i] = data->norms[2 * branch * c + i] / sqrt (variance + 1e-5);
    shift[i] = data->norms[(2 * branch + 1) * c + i] - scale[i] * mu;
    mean[i] = scale[i] * statistics->enlarged[i] + shift[i];
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

static void
expect_level (const Case *t, const Data *data, uint32_t level, float *expected)
{
  const uint32_t c = t->columns, n = 1 + (level > 0) + (level + 1 < t->levels);
  g_autofree double *all = g_new0 (double, 8 * (size_t) c);
  double *scale = all, *shift = all + c, *mean = all + 2 * c, *z = all + 3 * c;
  double *constant = all + 4 * c;
  Statistics statistics = { all + 5 * c, all + 6 * c, all + 7 * c };
  for (uint32_t k = 0; k < 3; k++) {
    if (!exists (t, k, level))
      continue;
    find_statistics (t, data, k, level, &statistics);
    normalise (t, data, k, &statistics, scale, shift, mean);
    double sum = data->attention[c];
    for (uint32_t i = 0; i < c; i++)
      sum += data->attention[i] * mean[i];
    const double attention = hard_sigmoid_of (fmax (sum, 0));
    for (uint32_t i = 0; i < c; i++) {
      expected[k * c + i] = (float) (attention * scale[i] / n);
      constant[i] += attention * shift[i] / n;
      z[i] += attention * mean[i] / n;
    }
  }
  for (uint32_t i = 0; i < c; i++)
    expected[3 * c + i] = (float) constant[i];
  expect_mlp (t, data, z, expected + 4 * (size_t) c);
}

static float *
compute (const Case *t, const Data *data)
{
  const uint32_t c = t->columns;
  GlipGraph *graph = check_graph ();
  const GlipTensor x = { .rows = glip_pyramid_rows (t->height, t->width, t->levels),
    .columns = c, .height = t->height, .width = t->width, .levels = t->levels };
  const GlipBranches branches = { .mid = x }; /* only its shape counts */
  const GlipDynamicRelu dynamic_relu = {
    .groups = t->groups,
    .norms = check_upload (data->norms, 6, c),
    .attention = check_upload (data->attention, 1, c + 1),
    .fc0_weight = check_upload (data->fc0_weight, c / 4, c),
    .fc0_bias = check_upload (data->fc0_bias, 1, c / 4),
    .fc2_weight = check_upload (data->fc2_weight, 4 * c, c / 4),
    .fc2_bias = check_upload (data->fc2_bias, 1, 4 * c),
  };
  GlipTensor moments = check_upload (data->moments, data->n_chunks * MOMENTS_NUMBERS, c);
  GlipTensor coefficients = glip_dynamic_relu (graph, &branches, moments, &dynamic_relu);
  g_assert_cmpuint (coefficients.rows, ==, COEFFICIENTS * t->levels);
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
  g_autofree float *all = compute (t, &data);
  g_autofree float *expected = g_new0 (float, COEFFICIENTS * c);
  for (uint32_t level = 0; level < t->levels; level++) {
    const float *actual = all + level * COEFFICIENTS * c;
    memset (expected, 0, COEFFICIENTS * c * sizeof (float));
    expect_level (t, &data, level, expected);
    check_close ("factors", actual, expected, 3 * c, TOLERANCE_FUNCTION);
    check_close ("constant", actual + 3 * c, expected + 3 * c, c, TOLERANCE_FUNCTION);
    check_close ("dynamic relu", actual + 4 * c, expected + 4 * c, 4 * c, TOLERANCE_FUNCTION);
  }
}

/* Layers of zeros make an ordinary ReLU; 3 in the first quarter of the last bias makes
 * a1 = 2. */
static void
test_known (void)
{
  const Case t = { 4, 4, 2, 64, 16, 0 };
  g_auto (Data) data = { 0 };
  fill (&data, &t);
  memset (data.fc0_weight, 0, 16 * 64 * sizeof (float));
  memset (data.fc2_weight, 0, 256 * 16 * sizeof (float));
  memset (data.fc2_bias, 0, 256 * sizeof (float));
  for (int round = 0; round < 2; round++) {
    g_autofree float *actual = compute (&t, &data);
    for (int i = 0; i < 64; i++) {
      g_assert_cmpfloat (actual[4 * 64 + i], ==, (float) (1 + round));
      for (int j = 5; j < 8; j++)
        g_assert_cmpfloat (actual[j * 64 + i], ==, 0);
      g_assert_cmpfloat (actual[BRANCH_LOW * 64 + i], ==, 0); /* the finest has none */
      g_assert_cmpfloat (actual[(COEFFICIENTS + BRANCH_HIGH) * 64 + i], ==, 0);
      data.fc2_bias[i] = 3;
    }
  }
}

static void
add_tests (void)
{
  static const Case cases[] = {
    { 1, 1, 5, 64, 16, 0 },
    { 3, 2, 2, 64, 64, 1 },
    { 13, 21, 5, 192, 16, 0 },
    { 50, 84, 5, 256, 16, 0 },
    { 17, 31, 3, 256, 16, 1000 },
    { 16, 16, 2, 320, 1, -5 },
    { 33, 35, 3, 1024, 1024, 0 },
    { 1, 515, 5, 1024, 32, 3 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/ops/dynamic_relu/%ux%ux%u-%u-%u",
        cases[i].height, cases[i].width, cases[i].levels, cases[i].columns, cases[i].groups);
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
