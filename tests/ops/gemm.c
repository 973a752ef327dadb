/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Matrix products against plain C in double, by every family of kernels.
 */
#include "check.h"

#include <math.h>

static double
gelu_of (double x)
{
  return 0.5 * x * (1 + erf (x / sqrt (2)));
}

static double
clamped (double x, double limit)
{
  return fmin (fmax (x, -limit), limit);
}

typedef struct {
  uint32_t m, n, k;
  gboolean bias, gelu, residual;
  float limit;
} LinearCase;

static void
check_linear (gconstpointer data)
{
  const LinearCase *t = data;
  g_autofree float *x = check_random ((size_t) t->m * t->k, 1);
  g_autofree float *w = check_random ((size_t) t->n * t->k, 1 / sqrt (t->k));
  g_autofree float *bias = check_random (t->n, 1);
  g_autofree float *residual = check_random ((size_t) t->m * t->n, 1);
  g_autofree float *packed = g_new (float, glip_linear_packed_floats (t->n, t->k));
  glip_linear_pack (packed, w, t->n, t->k);

  GlipGraph *graph = check_graph ();
  GlipLinear linear = { .inputs = t->k, .outputs = t->n };
  linear.weight = check_upload (packed, (t->n + GLIP_PANEL - 1) / GLIP_PANEL, t->k * GLIP_PANEL);
  if (t->bias)
    linear.bias = check_upload (bias, 1, t->n);
  GlipLinearOptions options = { .gelu = t->gelu, .limit = t->limit };
  if (t->residual)
    options.residual = check_upload (residual, t->m, t->n);
  GlipTensor y = glip_linear (graph, check_upload (x, t->m, t->k), &linear, &options);
  check_keep (graph, y);
  check_run (graph);
  g_autofree float *actual = check_read (y);

  g_autofree float *expected = g_new (float, (size_t) t->m * t->n);
  for (uint32_t i = 0; i < t->m; i++)
    for (uint32_t j = 0; j < t->n; j++) {
      double sum = t->bias ? bias[j] : 0;
      for (uint32_t k = 0; k < t->k; k++)
        sum += (double) x[(size_t) i * t->k + k] * w[(size_t) j * t->k + k];
      if (t->limit > 0)
        sum = clamped (sum, t->limit);
      if (t->gelu)
        sum = gelu_of (sum);
      if (t->limit > 0)
        sum = clamped (sum, t->limit);
      if (t->residual)
        sum += residual[(size_t) i * t->n + j];
      expected[(size_t) i * t->n + j] = (float) sum;
    }
  check_close ("linear", actual, expected, (size_t) t->m * t->n,
      t->gelu ? TOLERANCE_FUNCTION : TOLERANCE_ROUNDING);
}

static void
test_linear (gconstpointer data)
{
  check_all_kernels (check_linear, data);
}

/* Batched, transposed a, plain b, transposed c, split k: the fusion block's needs. */
static void
check_strides (gconstpointer data G_GNUC_UNUSED)
{
  enum { M = 19, N = 37, K = 101, BATCHES = 3, SPLITS = 4, SPLIT = 29 };
  g_autofree float *a = check_random (BATCHES * K * M, 1); /* [batch][k][m] */
  g_autofree float *b = check_random (BATCHES * K * N, 1); /* [batch][k][n] */
  g_autofree float *bias = check_random (BATCHES * N, 1);
  GlipGraph *graph = check_graph ();
  GlipTensor c = glip_tensor_new (graph, SPLITS * BATCHES, N * M); /* [split][batch][n][m] */
  const GlipGemm gemm = {
    .a = check_upload (a, BATCHES * K, M),
    .b = check_upload (b, BATCHES * K, N),
    .c = c,
    .bias = check_upload (bias, BATCHES, N),
    .batches = BATCHES,
    .args = { .m = M, .n = N, .k = K, .a_row = 1, .a_column = M, .a_batch = K * M, .b_row = N,
        .b_panel = GLIP_PANEL, .b_batch = K * N, .b_columns = N, .c_row = 1, .c_column = M,
        .c_batch = N * M, .bias_batch = N, .splits = SPLITS, .k_split = SPLIT,
        .c_split = BATCHES * N * M, .flags = EPILOGUE_BIAS },
  };
  glip_gemm (graph, &gemm);
  check_keep (graph, c);
  check_run (graph);
  g_autofree float *actual = check_read (c);

  g_autofree float *expected = g_new (float, SPLITS * BATCHES * N * M);
  for (int s = 0; s < SPLITS; s++)
    for (int z = 0; z < BATCHES; z++)
      for (int n = 0; n < N; n++)
        for (int m = 0; m < M; m++) {
          double sum = bias[z * N + n];
          for (int k = s * SPLIT; k < MIN ((s + 1) * SPLIT, K); k++)
            sum += (double) a[(z * K + k) * M + m] * b[(z * K + k) * N + n];
          expected[((s * BATCHES + z) * N + n) * M + m] = (float) sum;
        }
  check_close ("strides", actual, expected, SPLITS * BATCHES * N * M, TOLERANCE_ROUNDING);
}

static void
test_strides (void)
{
  check_all_kernels (check_strides, NULL);
}

static void
add_tests (void)
{
  static const LinearCase cases[] = {
    { 1, 1, 1, FALSE, FALSE, FALSE, 0 },
    { 7, 5, 3, TRUE, FALSE, FALSE, 0 },
    { 8, 32, 96, TRUE, FALSE, TRUE, 0 },
    { 65, 33, 48, TRUE, TRUE, TRUE, 0 },
    { 130, 100, 257, TRUE, TRUE, FALSE, 0.5f },
    { 1000, 64, 64, FALSE, FALSE, TRUE, 0 },
    { 3, 1024, 512, TRUE, FALSE, FALSE, 1 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf (
        "/ops/gemm/linear/%ux%ux%u", cases[i].m, cases[i].n, cases[i].k);
    g_test_add_data_func (path, &cases[i], test_linear);
  }
  g_test_add_func ("/ops/gemm/strides", test_strides);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
