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

/* Batched, transposed a, plain b, split k, and c transposed or not: the fusion block's
 * needs. */
typedef struct {
  uint32_t m, n, k, batches, split;
  gboolean transposed;
} StridesCase;

static void
check_strides (gconstpointer data)
{
  const StridesCase *t = data;
  const uint32_t m = t->m, n = t->n, k = t->k, batches = t->batches;
  const uint32_t splits = (k + t->split - 1) / t->split;
  const size_t size = (size_t) splits * batches * n * m;
  g_autofree float *a = check_random ((size_t) batches * k * m, 1); /* [batch][k][m] */
  g_autofree float *b = check_random ((size_t) batches * k * n, 1); /* [batch][k][n] */
  g_autofree float *bias = check_random ((size_t) batches * n, 1);
  GlipGraph *graph = check_graph ();
  /* [split][batch][m][n] or [split][batch][n][m] */
  GlipTensor c = glip_tensor_new (graph, splits * batches, n * m);
  const GlipGemm gemm = {
    .a = check_upload (a, batches * k, m),
    .b = check_upload (b, batches * k, n),
    .c = c,
    .bias = check_upload (bias, batches, n),
    .batches = batches,
    .args = { .m = m, .n = n, .k = k, .a_row = 1, .a_column = m, .a_batch = k * m, .b_row = n,
        .b_panel = GLIP_PANEL, .b_batch = k * n, .b_columns = n,
        .c_row = t->transposed ? 1 : n, .c_column = t->transposed ? m : 1, .c_batch = n * m,
        .bias_batch = n, .splits = splits, .k_split = t->split, .c_split = batches * n * m,
        .flags = EPILOGUE_BIAS },
  };
  glip_gemm (graph, &gemm);
  check_keep (graph, c);
  check_run (graph);
  g_autofree float *actual = check_read (c);

  g_autofree float *expected = g_new (float, size);
  for (uint32_t s = 0; s < splits; s++)
    for (uint32_t z = 0; z < batches; z++)
      for (uint32_t j = 0; j < n; j++)
        for (uint32_t i = 0; i < m; i++) {
          double sum = bias[z * n + j];
          for (uint32_t p = s * t->split; p < MIN ((s + 1) * t->split, k); p++)
            sum += (double) a[(z * k + p) * m + i] * b[(z * k + p) * n + j];
          const uint32_t at = t->transposed ? j * m + i : i * n + j;
          expected[(size_t) (s * batches + z) * n * m + at] = (float) sum;
        }
  check_close ("strides", actual, expected, size, TOLERANCE_ROUNDING);
}

static void
test_strides (gconstpointer data)
{
  check_all_kernels (check_strides, data);
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
    { 5, 48, 40, TRUE, FALSE, TRUE, 0 },
    { 1000, 64, 64, FALSE, FALSE, TRUE, 0 },
    { 3, 1024, 512, TRUE, FALSE, FALSE, 1 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf (
        "/ops/gemm/linear/%ux%ux%u", cases[i].m, cases[i].n, cases[i].k);
    g_test_add_data_func (path, &cases[i], test_linear);
  }
  static const StridesCase strides[] = {
    { 19, 37, 101, 3, 29, TRUE },
    { 24, 80, 70, 2, 32, FALSE },
    { 8, 16, 64, 1, 64, TRUE },
    { 3, 20, 17, 2, 17, FALSE },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (strides); i++) {
    g_autofree char *path = g_strdup_printf (
        "/ops/gemm/strides/%ux%ux%u", strides[i].m, strides[i].n, strides[i].k);
    g_test_add_data_func (path, &strides[i], test_strides);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
