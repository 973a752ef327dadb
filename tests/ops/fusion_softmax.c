/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Both softmaxes of the bidirectional attention against plain C in double, with scores
 * up to the clamp and masked tokens.
 */
#include "check.h"

#include <math.h>

typedef struct {
  uint32_t rows, heads, tokens, real;
  double deviation;
} Case;

static void
expect (const Case *t, const float *s, float *to_image, float *to_text)
{
  uint32_t columns = t->heads * t->tokens;
  for (uint32_t r = 0; r < t->rows; r++)
    for (uint32_t h = 0; h < t->heads; h++) {
      const float *score = s + r * columns + h * t->tokens;
      double largest = -INFINITY, total = 0;
      for (uint32_t i = 0; i < t->real; i++)
        largest = fmax (largest, score[i]);
      for (uint32_t i = 0; i < t->real; i++)
        total += exp (score[i] - largest);
      for (uint32_t i = 0; i < t->tokens; i++)
        to_image[r * columns + h * t->tokens + i] =
            i < t->real ? (float) (exp (score[i] - largest) / total) : 0;
    }
  for (uint32_t c = 0; c < columns; c++) {
    double largest = -INFINITY, total = 0;
    for (uint32_t r = 0; r < t->rows; r++)
      largest = fmax (largest, s[r * columns + c]);
    for (uint32_t r = 0; r < t->rows; r++)
      total += exp (s[r * columns + c] - largest);
    for (uint32_t r = 0; r < t->rows; r++)
      to_text[r * columns + c] = (float) (exp (s[r * columns + c] - largest) / total);
  }
}

static void
test_fusion_softmax (gconstpointer data)
{
  const Case *t = data;
  uint32_t columns = t->heads * t->tokens;
  size_t n = (size_t) t->rows * columns;
  g_autofree float *scores = check_random (n, t->deviation);
  GlipGraph *graph = check_graph ();
  GlipTensor to_image, to_text;
  glip_fusion_softmax (graph, check_upload (scores, t->rows, columns), t->heads,
      check_upload ((const float *) &t->real, 1, 1), &to_image, &to_text);
  check_keep (graph, to_image);
  check_keep (graph, to_text);
  check_run (graph);
  g_autofree float *image = check_read (to_image), *text = check_read (to_text);
  g_autofree float *expected_image = g_new (float, n), *expected_text = g_new (float, n);
  expect (t, scores, expected_image, expected_text);
  check_close ("to image", image, expected_image, n, TOLERANCE_FUNCTION);
  check_close ("to text", text, expected_text, n, TOLERANCE_FUNCTION);
}

static void
add_tests (void)
{
  static const Case cases[] = {
    { 1, 1, 8, 1, 1 },
    { 3, 8, 16, 5, 2 },
    { 256, 4, 8, 8, 1 },
    { 257, 8, 24, 17, 4 },
    { 1000, 3, 32, 31, 20000 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/ops/fusion_softmax/%u", cases[i].rows);
    g_test_add_data_func (path, &cases[i], test_fusion_softmax);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
