/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Nearest-neighbour enlargement and addition: one addition a float, so exact.
 */
#include "check.h"

typedef struct {
  uint32_t height, width, coarse_height, coarse_width, columns;
} Case;

static void
test_upsample_add (gconstpointer data)
{
  const Case *t = data;
  const uint32_t rows = t->height * t->width, coarse_rows = t->coarse_height * t->coarse_width;
  g_autofree float *fine = check_random ((size_t) rows * t->columns, 1);
  g_autofree float *coarse = check_random ((size_t) coarse_rows * t->columns, 1);

  GlipGraph *graph = check_graph ();
  GlipTensor y = glip_upsample_add (graph,
      glip_tensor_as_map (check_upload (fine, rows, t->columns), t->height, t->width),
      glip_tensor_as_map (
          check_upload (coarse, coarse_rows, t->columns), t->coarse_height, t->coarse_width));
  g_assert_cmpuint (y.height, ==, t->height);
  g_assert_cmpuint (y.width, ==, t->width);
  check_keep (graph, y);
  check_run (graph);
  g_autofree float *actual = check_read (y);

  g_autofree float *expected = g_new (float, (size_t) rows * t->columns);
  for (uint32_t i = 0; i < t->height; i++)
    for (uint32_t j = 0; j < t->width; j++) {
      const size_t to = ((size_t) i * t->width + j) * t->columns;
      const size_t from = ((size_t) (i * t->coarse_height / t->height) * t->coarse_width +
                              j * t->coarse_width / t->width) *
          t->columns;
      for (uint32_t c = 0; c < t->columns; c++)
        expected[to + c] = fine[to + c] + coarse[from + c];
    }
  check_close ("upsample", actual, expected, (size_t) rows * t->columns, TOLERANCE_EXACT);
}

static void
add_tests (void)
{
  static const Case cases[] = {
    { 1, 1, 1, 1, 5 },
    { 14, 20, 7, 10, 256 },
    { 25, 43, 13, 22, 64 },
    { 3, 7, 5, 2, 33 },
    { 260, 300, 130, 150, 4 }, /* more pixels than one axis of a grid has */
    { 100, 1, 37, 1, 8 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    const Case *t = &cases[i];
    g_autofree char *path = g_strdup_printf ("/ops/upsample_add/%ux%u-from-%ux%u", t->height,
        t->width, t->coarse_height, t->coarse_width);
    g_test_add_data_func (path, t, test_upsample_add);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
