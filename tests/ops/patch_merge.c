/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Patch merging with its norm against plain C in double.
 */
#include "check.h"

#include <math.h>

typedef struct {
  uint32_t height, width, columns;
} Case;

/* Four pixels side by side, missing ones zero. */
static void
gather (const Case *t, const float *x, uint32_t cell_row, uint32_t cell_column, double *row)
{
  static const uint32_t row_of[] = { 0, 1, 0, 1 }, column_of[] = { 0, 0, 1, 1 };
  for (uint32_t part = 0; part < 4; part++) {
    const uint32_t i = 2 * cell_row + row_of[part], j = 2 * cell_column + column_of[part];
    for (uint32_t c = 0; c < t->columns; c++)
      row[part * t->columns + c] = i < t->height && j < t->width
          ? x[((size_t) i * t->width + j) * t->columns + c]
          : 0;
  }
}

static void
normalise (const double *row, uint32_t n, const float *weight, const float *bias, float *y)
{
  double mean = 0, variance = 0;
  for (uint32_t i = 0; i < n; i++)
    mean += row[i] / n;
  for (uint32_t i = 0; i < n; i++)
    variance += (row[i] - mean) * (row[i] - mean) / n;
  for (uint32_t i = 0; i < n; i++)
    y[i] = (float) ((row[i] - mean) / sqrt (variance + 1e-5) * weight[i] + bias[i]);
}

static void
test_patch_merge (gconstpointer data)
{
  const Case *t = data;
  const uint32_t height = (t->height + 1) / 2, width = (t->width + 1) / 2;
  const uint32_t columns = 4 * t->columns;
  g_autofree float *x = check_random ((size_t) t->height * t->width * t->columns, 1);
  g_autofree float *weight = check_random (columns, 1), *bias = check_random (columns, 1);

  GlipGraph *graph = check_graph ();
  GlipTensor map = glip_tensor_as_map (
      check_upload (x, t->height * t->width, t->columns), t->height, t->width);
  const GlipNorm norm = { check_upload (weight, 1, columns), check_upload (bias, 1, columns),
    1e-5f };
  GlipTensor y = glip_patch_merge (graph, map, &norm);
  g_assert_cmpuint (y.height, ==, height);
  g_assert_cmpuint (y.width, ==, width);
  g_assert_cmpuint (y.columns, ==, columns);
  check_keep (graph, y);
  check_run (graph);
  g_autofree float *actual = check_read (y);

  g_autofree float *expected = g_new (float, (size_t) height * width * columns);
  g_autofree double *row = g_new (double, columns);
  for (uint32_t i = 0; i < height; i++)
    for (uint32_t j = 0; j < width; j++) {
      gather (t, x, i, j, row);
      normalise (row, columns, weight, bias, expected + ((size_t) i * width + j) * columns);
    }
  check_close (
      "patch merge", actual, expected, (size_t) height * width * columns, TOLERANCE_FUNCTION);
}

static void
test_all_kernels (gconstpointer data)
{
  check_all_kernels (test_patch_merge, data);
}

static void
add_tests (void)
{
  static const Case cases[] = {
    { 1, 1, 3 },
    { 2, 2, 32 },
    { 1, 6, 96 },
    { 5, 1, 33 },
    { 3, 5, 34 },
    { 7, 11, 192 },
    { 20, 14, 96 },
    { 530, 531, 4 }, /* more cells than one axis of a grid has */
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/ops/patch_merge/%ux%ux%u", cases[i].height,
        cases[i].width, cases[i].columns);
    g_test_add_data_func (path, &cases[i], test_all_kernels);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
