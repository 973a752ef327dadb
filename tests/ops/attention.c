/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Masked multi-head attention against plain C in double.
 */
#include "check.h"

#include <math.h>

typedef struct {
  uint32_t tokens, heads, head_dim, real;
  float limit;
  double deviation; /* of q: large ones make the softmax pick one key */
} Case;

static void
expect (const Case *t, const float *q, const float *k, const float *v, float *out)
{
  uint32_t columns = t->heads * t->head_dim;
  g_autofree double *score = g_new (double, t->tokens);
  for (uint32_t i = 0; i < t->tokens; i++)
    for (uint32_t h = 0; h < columns; h += t->head_dim) {
      double largest = -INFINITY, total = 0;
      for (uint32_t j = 0; j < t->real; j++) {
        score[j] = 0;
        for (uint32_t c = h; c < h + t->head_dim; c++)
          score[j] += (double) q[i * columns + c] * k[j * columns + c];
        if (t->limit > 0)
          score[j] = fmin (fmax (score[j], -t->limit), t->limit);
        largest = fmax (largest, score[j]);
      }
      for (uint32_t j = 0; j < t->real; j++)
        total += score[j] = exp (score[j] - largest);
      for (uint32_t c = h; c < h + t->head_dim; c++) {
        double sum = 0;
        for (uint32_t j = 0; j < t->real; j++)
          sum += score[j] / total * v[j * columns + c];
        out[i * columns + c] = (float) sum;
      }
    }
}

static void
test_attention (gconstpointer data)
{
  const Case *t = data;
  uint32_t columns = t->heads * t->head_dim;
  size_t n = (size_t) t->tokens * columns;
  g_autofree float *q = check_random (n, t->deviation), *k = check_random (n, 1),
                   *v = check_random (n, 1);
  GlipGraph *graph = check_graph ();
  g_autofree float *qkv = check_side_by_side ((float *[]){ q, k, v }, 3, t->tokens, columns);
  GlipTensor out = glip_attention (graph, check_upload (qkv, t->tokens, 3 * columns), t->heads,
      check_upload ((const float *) &t->real, 1, 1), t->limit);
  check_keep (graph, out);
  check_run (graph);
  g_autofree float *actual = check_read (out);
  g_autofree float *expected = g_new (float, n);
  expect (t, q, k, v, expected);
  check_close ("attention", actual, expected, n, TOLERANCE_FUNCTION);
}

static void
add_tests (void)
{
  static const Case cases[] = {
    { 1, 1, 64, 1, 0, 0.1 },
    { 8, 2, 64, 5, 0, 0.1 },
    { 48, 12, 64, 41, 50000, 0.2 },
    { 256, 3, 32, 256, 0, 0.3 },
    { 40, 2, 16, 33, 2, 3 },
    { 17, 1, 128, 16, 0, 30 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf (
        "/ops/attention/%u-%u-%u", cases[i].tokens, cases[i].heads, cases[i].head_dim);
    g_test_add_data_func (path, &cases[i], test_attention);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
