/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Sums of partial products against plain C.
 */
#include "check.h"

static void
test_sum_splits (gconstpointer data)
{
  uint32_t splits = GPOINTER_TO_UINT (data);
  enum { ROWS = 13, COLUMNS = 37, N = ROWS * COLUMNS };
  g_autofree float *partials = check_random (splits * N, 1);
  GlipGraph *graph = check_graph ();
  GlipTensor out = glip_sum_splits (graph, check_upload (partials, splits, N), ROWS, COLUMNS);
  g_assert_cmpuint (out.rows, ==, ROWS);
  check_keep (graph, out);
  check_run (graph);
  g_autofree float *actual = check_read (out);
  float expected[N];
  for (int i = 0; i < N; i++) {
    double sum = 0;
    for (uint32_t s = 0; s < splits; s++)
      sum += partials[s * N + i];
    expected[i] = (float) sum;
  }
  check_close ("sum_splits", actual, expected, N, TOLERANCE_ROUNDING);
}

static void
add_tests (void)
{
  g_test_add_data_func ("/ops/sum_splits/1", GUINT_TO_POINTER (1), test_sum_splits);
  g_test_add_data_func ("/ops/sum_splits/7", GUINT_TO_POINTER (7), test_sum_splits);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
