/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Embedding sums against plain C; ids and positions beyond the tables stay inside.
 */
#include "check.h"

typedef struct {
  uint32_t tokens, columns, vocabulary, positions;
} Case;

static void
test_embed (gconstpointer data)
{
  const Case *t = data;
  g_autofree float *words = check_random ((size_t) t->vocabulary * t->columns, 1);
  g_autofree float *positions = check_random ((size_t) t->positions * t->columns, 1);
  g_autofree float *types = check_random (2 * t->columns, 1);
  g_autofree uint32_t *ids = g_new (uint32_t, t->tokens);
  for (uint32_t i = 0; i < t->tokens; i++)
    ids[i] = i % 5 == 4 ? t->vocabulary + i : (i * 7919u) % t->vocabulary;

  GlipGraph *graph = check_graph ();
  GlipTensor out = glip_embed (graph, check_upload ((const float *) ids, 1, t->tokens),
      check_upload (words, t->vocabulary, t->columns),
      check_upload (positions, t->positions, t->columns), check_upload (types, 2, t->columns));
  check_keep (graph, out);
  check_run (graph);
  g_autofree float *actual = check_read (out);
  g_autofree float *expected = g_new (float, (size_t) t->tokens * t->columns);
  for (uint32_t i = 0; i < t->tokens; i++)
    for (uint32_t c = 0; c < t->columns; c++) {
      uint32_t id = MIN (ids[i], t->vocabulary - 1), at = MIN (i, t->positions - 1);
      expected[i * t->columns + c] =
          words[id * t->columns + c] + types[c] + positions[at * t->columns + c];
    }
  check_close ("embed", actual, expected, (size_t) t->tokens * t->columns, TOLERANCE_ROUNDING);
}

static void
add_tests (void)
{
  static const Case cases[] = { { 1, 1, 1, 1 }, { 8, 128, 50, 20 }, { 33, 100, 7, 8 } };
  g_test_add_data_func ("/ops/embed/one", &cases[0], test_embed);
  g_test_add_data_func ("/ops/embed/plain", &cases[1], test_embed);
  g_test_add_data_func ("/ops/embed/beyond", &cases[2], test_embed);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
