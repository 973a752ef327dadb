/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Layer norm against plain C in double.
 */
#include "check.h"

#include <math.h>

typedef struct {
  uint32_t rows, columns;
  float mean, epsilon, limit;
} Case;

static void
normalise (float *y, const float *x, const float *weight, const float *bias, const Case *t)
{
  double mean = 0, variance = 0;
  for (uint32_t i = 0; i < t->columns; i++)
    mean += x[i];
  mean /= t->columns;
  for (uint32_t i = 0; i < t->columns; i++)
    variance += (x[i] - mean) * (x[i] - mean);
  variance /= t->columns;
  for (uint32_t i = 0; i < t->columns; i++) {
    double value = (x[i] - mean) / sqrt (variance + t->epsilon) * weight[i] + bias[i];
    if (t->limit > 0)
      value = fmin (fmax (value, -t->limit), t->limit);
    y[i] = (float) value;
  }
}

/* Is the result of `columns`, asked for as an operand, stored as halves? */
static GlipType
operand_type (uint32_t columns)
{
  return check_device ()->tuning.half_operands && columns % 4 == 0 ? GLIP_F16 : GLIP_F32;
}

static void
compare_storage (const Case *t, gboolean operand)
{
  const size_t n = (size_t) t->rows * t->columns;
  g_autofree float *x = check_random (n, 1);
  g_autofree float *weight = check_random (t->columns, 1);
  g_autofree float *bias = check_random (t->columns, 1);
  for (size_t i = 0; i < n; i++)
    x[i] += t->mean;

  GlipGraph *graph = check_graph ();
  const GlipNorm norm = {
    .weight = check_upload (weight, 1, t->columns),
    .bias = check_upload (bias, 1, t->columns),
    .epsilon = t->epsilon,
  };
  GlipTensor input = glip_tensor_as_map (check_upload (x, t->rows, t->columns), 1, t->rows);
  const GlipNormOptions options = { .limit = t->limit, .operand = operand };
  GlipTensor y = glip_layer_norm (graph, input, &norm, &options);
  g_assert_cmpint (y.type, ==, operand ? operand_type (t->columns) : GLIP_F32);
  g_assert_cmpuint (y.height, ==, 1);
  g_assert_cmpuint (y.width, ==, t->rows);
  check_keep (graph, y);
  check_run (graph);
  g_autofree float *actual = check_read (y);

  g_autofree float *expected = g_new (float, n);
  for (uint32_t row = 0; row < t->rows; row++)
    normalise (expected + (size_t) row * t->columns, x + (size_t) row * t->columns, weight, bias,
        t);
  check_close ("layer norm", actual, expected, n,
      y.type == GLIP_F16 ? TOLERANCE_HALF : TOLERANCE_FUNCTION);
}

static void
compare (gconstpointer data)
{
  compare_storage (data, FALSE);
  compare_storage (data, TRUE);
}

static void
test_layer_norm (gconstpointer data)
{
  check_all_kernels (compare, data);
}

/* Rows without any variance are pure bias: epsilon keeps the scale finite. */
static void
test_constant_rows (void)
{
  enum { ROWS = 3, COLUMNS = 96 };
  float x[ROWS * COLUMNS], ones[COLUMNS];
  for (int i = 0; i < ROWS * COLUMNS; i++)
    x[i] = i < COLUMNS ? 0 : i < 2 * COLUMNS ? 1 : -4096;
  for (int i = 0; i < COLUMNS; i++)
    ones[i] = 1;
  g_autofree float *bias = check_random (COLUMNS, 1);
  GlipGraph *graph = check_graph ();
  const GlipNorm norm = {
    .weight = check_upload (ones, 1, COLUMNS),
    .bias = check_upload (bias, 1, COLUMNS),
    .epsilon = 1e-12f,
  };
  GlipTensor y = glip_layer_norm (graph, check_upload (x, ROWS, COLUMNS), &norm, NULL);
  check_keep (graph, y);
  check_run (graph);
  g_autofree float *actual = check_read (y);
  for (int row = 0; row < ROWS; row++)
    check_close ("constant row", actual + row * COLUMNS, bias, COLUMNS, TOLERANCE_EXACT);
}

static void
add_tests (void)
{
  static const Case cases[] = {
    { 1, 1, 0, 1e-5f, 0 },
    { 5, 3, 1, 1e-5f, 0 },
    { 3, 32, 0, 1e-5f, 0 },
    { 7, 33, -2, 1e-12f, 0 },
    { 100, 96, 0, 1e-5f, 0 },
    { 17, 255, 10, 1e-5f, 0 },
    { 64, 256, 0, 1e-5f, 0.75f },
    { 11, 768, 0, 1e-12f, 0 },
    { 130, 36, 5, 1e-5f, 2 },
    { 9, 98, 0, 1e-5f, 0 }, /* even, but not in fours */
    { 2, 6143, 3, 1e-5f, 0 },
    { 3, 6144, 0, 1e-5f, 0 },
    { 70000, 32, 0, 1e-5f, 0 }, /* more rows than one axis of a grid has */
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path =
        g_strdup_printf ("/ops/layer_norm/%ux%u", cases[i].rows, cases[i].columns);
    g_test_add_data_func (path, &cases[i], test_layer_norm);
  }
  g_test_add_func ("/ops/layer_norm/constant", test_constant_rows);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
