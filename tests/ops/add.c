/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Sums against plain C.
 */
#include "check.h"

static void
test_add (gconstpointer data)
{
  uint32_t columns = GPOINTER_TO_UINT (data), rows = 9;
  g_autofree float *a = check_random (rows * columns, 1), *b = check_random (rows * columns, 5);
  GlipGraph *graph = check_graph ();
  GlipTensor out =
      glip_add (graph, check_upload (a, rows, columns), check_upload (b, rows, columns));
  check_keep (graph, out);
  check_run (graph);
  g_autofree float *actual = check_read (out);
  g_autofree float *expected = g_new (float, rows * columns);
  for (uint32_t i = 0; i < rows * columns; i++)
    expected[i] = a[i] + b[i];
  check_close ("add", actual, expected, rows * columns, TOLERANCE_EXACT);
}

static void
add_tests (void)
{
  g_test_add_data_func ("/ops/add/1", GUINT_TO_POINTER (1), test_add);
  g_test_add_data_func ("/ops/add/64", GUINT_TO_POINTER (64), test_add);
  g_test_add_data_func ("/ops/add/769", GUINT_TO_POINTER (769), test_add);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
