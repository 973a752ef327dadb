/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Unit length against plain C; a row of zeros stays zero.
 */
#include "check.h"

#include <math.h>

static void
test_l2_normalize (gconstpointer data)
{
  uint32_t columns = GPOINTER_TO_UINT (data), rows = 5;
  g_autofree float *x = check_random (rows * columns, 3);
  for (uint32_t i = 0; i < columns; i++)
    x[columns + i] = 0;
  GlipGraph *graph = check_graph ();
  GlipTensor out = glip_l2_normalize (graph, check_upload (x, rows, columns));
  check_keep (graph, out);
  check_run (graph);
  g_autofree float *actual = check_read (out);
  g_autofree float *expected = g_new (float, rows * columns);
  for (uint32_t r = 0; r < rows; r++) {
    double sum = 0;
    for (uint32_t i = 0; i < columns; i++)
      sum += (double) x[r * columns + i] * x[r * columns + i];
    for (uint32_t i = 0; i < columns; i++)
      expected[r * columns + i] = (float) (x[r * columns + i] / fmax (sqrt (sum), 1e-12));
  }
  check_close ("l2_normalize", actual, expected, rows * columns, TOLERANCE_ROUNDING);
}

static void
add_tests (void)
{
  g_test_add_data_func ("/ops/l2_normalize/1", GUINT_TO_POINTER (1), test_l2_normalize);
  g_test_add_data_func ("/ops/l2_normalize/128", GUINT_TO_POINTER (128), test_l2_normalize);
  g_test_add_data_func ("/ops/l2_normalize/771", GUINT_TO_POINTER (771), test_l2_normalize);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
