/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Moments against plain C in double; the weighted mean against the mean of a map that
 * is really enlarged.
 */
#include "check.h"

#include <float.h>
#include <math.h>
#include <string.h>

typedef struct {
  uint32_t height, width, columns, target_height, target_width;
  float mean;
} Case;

/* The positions are those of float arithmetic, as in the original. */
static void
find_between (uint32_t at, uint32_t small, uint32_t large, uint32_t *low, double *fraction)
{
  const float ratio = large > 1 ? (float) (small - 1) / (float) (large - 1) : 0;
  const float source = ratio * (float) at;
  *low = MIN ((uint32_t) source, small - 1);
  *fraction = (double) source - *low;
}

static double
enlarged_mean (const Case *t, const float *x, uint32_t column)
{
  const uint32_t target_height = t->target_height ? t->target_height : t->height;
  const uint32_t target_width = t->target_width ? t->target_width : t->width;
  double sum = 0;
  for (uint32_t i = 0; i < target_height; i++)
    for (uint32_t j = 0; j < target_width; j++) {
      uint32_t y0, x0;
      double fy, fx;
      find_between (i, t->height, target_height, &y0, &fy);
      find_between (j, t->width, target_width, &x0, &fx);
      const uint32_t y1 = MIN (y0 + 1, t->height - 1), x1 = MIN (x0 + 1, t->width - 1);
      const float *at = x + column;
      sum += (1 - fy) * ((1 - fx) * at[((size_t) y0 * t->width + x0) * t->columns] +
                            fx * at[((size_t) y0 * t->width + x1) * t->columns]) +
          fy * ((1 - fx) * at[((size_t) y1 * t->width + x0) * t->columns] +
                   fx * at[((size_t) y1 * t->width + x1) * t->columns]);
    }
  return sum / ((double) target_height * target_width);
}

static void
expect (const Case *t, const float *x, float *expected)
{
  const size_t rows = (size_t) t->height * t->width;
  for (uint32_t c = 0; c < t->columns; c++) {
    double mean = 0, variance = 0;
    for (size_t i = 0; i < rows; i++)
      mean += x[i * t->columns + c];
    mean /= (double) rows;
    for (size_t i = 0; i < rows; i++)
      variance += pow (x[i * t->columns + c] - mean, 2);
    expected[c] = (float) mean;
    expected[t->columns + c] = (float) (variance / (double) rows);
    expected[2 * t->columns + c] = (float) enlarged_mean (t, x, c);
  }
}

static float *
compute (const Case *t, const float *x)
{
  GlipGraph *graph = check_graph ();
  GlipTensor map = glip_tensor_as_map (
      check_upload (x, t->height * t->width, t->columns), t->height, t->width);
  GlipTensor moments = glip_moments (graph, map, t->target_height, t->target_width);
  g_assert_cmpuint (moments.rows, ==, 3);
  g_assert_cmpuint (moments.columns, ==, t->columns);
  check_keep (graph, moments);
  check_run (graph);
  return check_read (moments);
}

/* A mean may be off by two steps of float at its size, and by the rounding of sums at
 * the size of the deviations. */
static void
test_random (gconstpointer user_data)
{
  const Case *t = user_data;
  const size_t rows = (size_t) t->height * t->width;
  g_autofree float *x = check_random (rows * t->columns, 1);
  for (size_t i = 0; i < rows * t->columns; i++)
    x[i] += t->mean * (float) (1 + (int) (i % t->columns) % 3);
  g_autofree float *expected = g_new (float, 3 * (size_t) t->columns);
  expect (t, x, expected);
  g_autofree float *actual = compute (t, x);
  g_autofree float *again = compute (t, x);

  check_close ("variance", actual + t->columns, expected + t->columns, t->columns,
      TOLERANCE_ROUNDING);
  for (size_t i = 0; i < 3 * (size_t) t->columns; i += (i == t->columns - 1 ? t->columns + 1 : 1)) {
    const double allowed =
        TOLERANCE_ROUNDING + 2 * (double) FLT_EPSILON * fabs ((double) expected[i]);
    if (!(fabs ((double) actual[i] - (double) expected[i]) <= allowed))
      g_error ("mean %zu: %.9g instead of %.9g", i, (double) actual[i], (double) expected[i]);
  }
  g_assert_cmpmem (actual, 3 * t->columns * sizeof (float), again,
      3 * t->columns * sizeof (float));
}

/* [1, 2, 4] to five and six positions: 1, 1.5, 2, 3, 4 and 1, 1.4, 1.8, 2.4, 3.2, 4. */
static void
test_known (void)
{
  static const float x[] = { 1, 2, 4 };
  const Case across = { 1, 3, 1, 1, 5, 0 }, down = { 3, 1, 1, 6, 1, 0 };
  g_autofree float *five = compute (&across, x);
  g_autofree float *six = compute (&down, x);
  g_assert_cmpfloat_with_epsilon (five[2], 11.5f / 5, 1e-6f);
  g_assert_cmpfloat_with_epsilon (six[2], 13.8f / 6, 1e-6f);
}

static void
add_tests (void)
{
  static const Case cases[] = {
    { 1, 1, 1, 0, 0, 0 },
    { 1, 1, 3, 2, 5, 7 },
    { 3, 4, 64, 5, 7, 0 },
    { 3, 4, 64, 5, 7, 1000 },
    { 5, 7, 33, 5, 7, 10 },
    { 7, 11, 256, 13, 21, 1000 },
    { 40, 56, 40, 0, 0, 1000 },
    { 25, 42, 40, 50, 84, -300 },
    { 100, 168, 20, 0, 0, 1 },
    { 101, 97, 5, 202, 1, 1000 },
    { 2, 3, 1024, 1, 1, 0 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/ops/moments/%zu-%ux%ux%u", i, cases[i].height,
        cases[i].width, cases[i].columns);
    g_test_add_data_func (path, &cases[i], test_random);
  }
  g_test_add_func ("/ops/moments/known", test_known);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
