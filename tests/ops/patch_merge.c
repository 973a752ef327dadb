/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Patch merging: every float must be the right one.
 */
#include "check.h"

typedef struct {
  uint32_t height, width, columns;
} Case;

static void
test_patch_merge (gconstpointer data)
{
  /* Where the four parts of a cell come from. */
  static const uint32_t row_of[] = { 0, 1, 0, 1 }, column_of[] = { 0, 0, 1, 1 };
  const Case *t = data;
  const uint32_t height = (t->height + 1) / 2, width = (t->width + 1) / 2;
  g_autofree float *x = check_random ((size_t) t->height * t->width * t->columns, 1);

  GlipGraph *graph = check_graph ();
  GlipTensor map = glip_tensor_as_map (
      check_upload (x, t->height * t->width, t->columns), t->height, t->width);
  GlipTensor y = glip_patch_merge (graph, map);
  g_assert_cmpuint (y.height, ==, height);
  g_assert_cmpuint (y.width, ==, width);
  g_assert_cmpuint (y.columns, ==, 4 * t->columns);
  check_keep (graph, y);
  check_run (graph);
  g_autofree float *actual = check_read (y);

  const size_t n = (size_t) height * width * 4 * t->columns;
  g_autofree float *expected = g_new0 (float, n);
  for (uint32_t i = 0; i < height; i++)
    for (uint32_t j = 0; j < width; j++)
      for (uint32_t part = 0; part < 4; part++)
        for (uint32_t c = 0; c < t->columns; c++) {
          const uint32_t row = 2 * i + row_of[part], column = 2 * j + column_of[part];
          if (row < t->height && column < t->width)
            expected[(((size_t) i * width + j) * 4 + part) * t->columns + c] =
                x[((size_t) row * t->width + column) * t->columns + c];
        }
  check_close ("patch merge", actual, expected, n, TOLERANCE_EXACT);
}

static void
add_tests (void)
{
  static const Case cases[] = {
    { 1, 1, 3 },
    { 2, 2, 32 },
    { 1, 6, 96 },
    { 5, 1, 33 },
    { 7, 11, 192 },
    { 20, 14, 96 },
    { 530, 531, 4 }, /* more cells than one axis of a grid has */
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/ops/patch_merge/%ux%ux%u", cases[i].height,
        cases[i].width, cases[i].columns);
    g_test_add_data_func (path, &cases[i], test_patch_merge);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
