/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Taps in the layouts of PyTorch, whether the tensor is stored as floats or as halves.
 */
#include "check.h"
#include "model/trace.h"

enum { HEIGHT = 5, WIDTH = 7, ROWS = HEIGHT * WIDTH, COLUMNS = 12 };

/* Read a tap and compare it with its part of `x`, [ROWS, COLUMNS]. */
static void
check_tap (const GlipTap *tap, const float *x)
{
  GError *error = NULL;
  const uint32_t rows = tap->tensor.height * tap->tensor.width, n = rows * tap->n_columns;
  const gboolean by_column = tap->layout == GLIP_TAP_PLANAR;
  g_autofree float *actual = glip_tap_read (tap, NULL, &error);
  if (!actual)
    g_error ("%s", error->message);
  g_autofree float *expected = g_new (float, n);
  for (uint32_t i = 0; i < rows; i++)
    for (uint32_t j = 0; j < tap->n_columns; j++)
      expected[by_column ? j * rows + i : i * tap->n_columns + j] = tap->scale *
          x[(tap->first_row + i) * COLUMNS + tap->first_column + j];
  check_close ("tap", actual, expected, n, TOLERANCE_EXACT);
}

static void
check_types (gconstpointer data G_GNUC_UNUSED)
{
  static const GlipType types[] = { GLIP_F32, GLIP_F16 };
  static const GlipTapLayout layouts[] = { GLIP_TAP_MAP, GLIP_TAP_PLANAR };
  for (size_t i = 0; i < G_N_ELEMENTS (types); i++)
    for (size_t j = 0; j < G_N_ELEMENTS (layouts); j++) {
      g_autofree float *x = check_random (ROWS * COLUMNS, 1);
      GlipTap tap = { .layout = layouts[j], .n_columns = COLUMNS, .scale = 1 };
      tap.tensor = glip_tensor_as_map (
          check_upload_operand (x, ROWS, COLUMNS, types[i]), HEIGHT, WIDTH);
      check_tap (&tap, x);
      /* Some columns of a map that begins in the middle. */
      tap.tensor.height = 2;
      tap.first_row = 2 * WIDTH;
      tap.first_column = 5;
      tap.n_columns = 3;
      tap.scale = 2;
      check_tap (&tap, x);
    }
}

static void
test_types (void)
{
  check_all_kernels (check_types, NULL);
}

static void
add_tests (void)
{
  g_test_add_func ("/trace/types", test_types);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
