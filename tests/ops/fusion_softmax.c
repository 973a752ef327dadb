/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Both softmaxes of the bidirectional attention against plain C in double, with scores
 * up to the clamp and masked tokens; that over all rows by its chunks.
 */
#include "check.h"

#include <math.h>

typedef struct {
  uint32_t rows, heads, tokens, real;
  double deviation;
} Case;

static void
expect (const Case *t, const float *s, float *to_image)
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
}

/* A column's share of a chunk: weights, their maximum and sum. */
static void
expect_column (const Case *t, const float *s, uint32_t length, uint32_t chunk, uint32_t c,
    float *to_text, float *chunks)
{
  uint32_t columns = t->heads * t->tokens, first = chunk * length;
  uint32_t end = MIN (first + length, t->rows);
  double largest = -INFINITY, total = 0;
  for (uint32_t r = first; r < end; r++)
    largest = fmax (largest, s[r * columns + c]);
  for (uint32_t r = first; r < end; r++) {
    to_text[r * columns + c] = (float) exp (s[r * columns + c] - largest);
    total += exp (s[r * columns + c] - largest);
  }
  chunks[2 * chunk * columns + c] = (float) largest;
  chunks[(2 * chunk + 1) * columns + c] = (float) total;
}

static void
test_fusion_softmax (gconstpointer data)
{
  const Case *t = data;
  uint32_t columns = t->heads * t->tokens;
  size_t n = (size_t) t->rows * columns;
  g_autofree float *scores = check_random (n, t->deviation);
  GlipGraph *graph = check_graph ();
  GlipSoftmaxPair weights = glip_fusion_softmax (graph,
      check_upload (scores, t->rows, columns), t->heads,
      check_upload ((const float *) &t->real, 1, 1));
  uint32_t n_chunks = (t->rows + weights.chunk - 1) / weights.chunk;
  g_assert_cmpuint (weights.chunk % FUSION_CHUNK, ==, 0);
  g_assert_cmpuint (n_chunks, <=, FUSION_MOST_CHUNKS);
  g_assert_cmpuint (weights.chunks.rows, ==, 2 * n_chunks);
  check_keep (graph, weights.to_image);
  check_keep (graph, weights.to_text);
  check_keep (graph, weights.chunks);
  check_run (graph);
  g_autofree float *to_image = check_read (weights.to_image);
  g_autofree float *to_text = check_read (weights.to_text);
  g_autofree float *chunks = check_read (weights.chunks);

  g_autofree float *image = g_new (float, n), *text = g_new (float, n);
  g_autofree float *numbers = g_new (float, 2 * n_chunks * columns);
  expect (t, scores, image);
  for (uint32_t i = 0; i < n_chunks * columns; i++)
    expect_column (t, scores, weights.chunk, i / columns, i % columns, text, numbers);
  check_close ("to image", to_image, image, n, TOLERANCE_FUNCTION);
  check_close ("to text", to_text, text, n, TOLERANCE_FUNCTION);
  for (uint32_t i = 0; i < n_chunks; i++) {
    const float *actual = chunks + 2 * i * columns, *expected = numbers + 2 * i * columns;
    check_close ("maximum", actual, expected, columns, TOLERANCE_EXACT);
    check_close ("sum", actual + columns, expected + columns, columns, TOLERANCE_FUNCTION);
  }
}

static void
add_tests (void)
{
  static const Case cases[] = {
    { 1, 1, 8, 1, 1 },
    { 3, 8, 16, 5, 2 },
    { 512, 4, 8, 8, 1 },
    { 513, 8, 24, 17, 4 },
    { 1300, 3, 40, 31, 20000 },
    { 70, 2, 256, 200, 3 },
    { FUSION_CHUNK * FUSION_MOST_CHUNKS + 1, 1, 1, 1, 2 },
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
