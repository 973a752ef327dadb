/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Weighted sums of chunks against the softmax over all rows, taken literally in double.
 */
#include "check.h"

#include <math.h>

typedef struct {
  uint32_t rows, heads, tokens, channels;
  double deviation;
} Case;

/* What a column of scores, its rows' values weighed by softmax, gives one channel. */
static float
expect (const Case *t, const float *scores, const float *values, uint32_t column,
    uint32_t channel)
{
  uint32_t columns = t->heads * t->tokens;
  double largest = -INFINITY, total = 0, sum = 0;
  for (uint32_t r = 0; r < t->rows; r++)
    largest = fmax (largest, scores[r * columns + column]);
  for (uint32_t r = 0; r < t->rows; r++) {
    double weight = exp (scores[r * columns + column] - largest);
    total += weight;
    sum += weight * values[r * t->channels + channel];
  }
  return (float) (sum / total);
}

/* The chunks of rows, each as if it were all there is. */
static void
cut (const Case *t, const float *scores, const float *values, float *chunks, float *partials)
{
  uint32_t columns = t->heads * t->tokens, width = t->heads * t->channels;
  for (uint32_t first = 0, i = 0; first < t->rows; first += FUSION_CHUNK, i++) {
    uint32_t end = MIN (first + FUSION_CHUNK, t->rows);
    for (uint32_t column = 0; column < columns; column++) {
      double largest = -INFINITY, total = 0;
      for (uint32_t r = first; r < end; r++)
        largest = fmax (largest, scores[r * columns + column]);
      for (uint32_t r = first; r < end; r++)
        total += exp (scores[r * columns + column] - largest);
      chunks[2 * i * columns + column] = (float) largest;
      chunks[(2 * i + 1) * columns + column] = (float) total;
      uint32_t head = column / t->tokens, token = column % t->tokens;
      for (uint32_t c = 0; c < t->channels; c++) {
        double sum = 0;
        for (uint32_t r = first; r < end; r++)
          sum += exp (scores[r * columns + column] - largest) * values[r * t->channels + c];
        partials[(i * t->tokens + token) * width + head * t->channels + c] = (float) sum;
      }
    }
  }
}

static void
test_fusion_gather (gconstpointer data)
{
  const Case *t = data;
  uint32_t columns = t->heads * t->tokens, width = t->heads * t->channels;
  uint32_t n_chunks = (t->rows + FUSION_CHUNK - 1) / FUSION_CHUNK;
  g_autofree float *scores = check_random ((size_t) t->rows * columns, t->deviation);
  g_autofree float *values = check_random ((size_t) t->rows * t->channels, 1);
  g_autofree float *chunks = g_new (float, 2 * n_chunks * columns);
  g_autofree float *partials = g_new (float, n_chunks * t->tokens * width);
  cut (t, scores, values, chunks, partials);

  GlipGraph *graph = check_graph ();
  GlipTensor out =
      glip_fusion_gather (graph, check_upload (partials, n_chunks, t->tokens * width),
          check_upload (chunks, 2 * n_chunks, columns), t->heads);
  g_assert_cmpuint (out.rows, ==, t->tokens);
  g_assert_cmpuint (out.columns, ==, width);
  check_keep (graph, out);
  check_run (graph);
  g_autofree float *actual = check_read (out);
  g_autofree float *expected = g_new (float, t->tokens * width);
  for (uint32_t token = 0; token < t->tokens; token++)
    for (uint32_t i = 0; i < width; i++)
      expected[token * width + i] = expect (
          t, scores, values, i / t->channels * t->tokens + token, i % t->channels);
  check_close ("gather", actual, expected, t->tokens * width, TOLERANCE_FUNCTION);
}

static void
add_tests (void)
{
  static const Case cases[] = {
    { 1, 1, 1, 1, 1 },
    { 100, 2, 8, 33, 3 },
    { 512, 4, 3, 64, 1 },
    { 1500, 3, 8, 70, 50 },
    { 513, 1, 16, 256, 20000 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/ops/fusion_gather/%ux%ux%ux%u", cases[i].rows,
        cases[i].heads, cases[i].tokens, cases[i].channels);
    g_test_add_data_func (path, &cases[i], test_fusion_gather);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
