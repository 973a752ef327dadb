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

/* `operand` is how x is stored, `result` y: whatever it is, x and w have the values of
 * halves where the tuning asks for half. */
static void
check_storage (const LinearCase *t, GlipType operand, GlipType result)
{
  g_autofree float *x = check_random ((size_t) t->m * t->k, 1);
  g_autofree float *w = check_random ((size_t) t->n * t->k, 1 / sqrt (t->k));
  g_autofree float *bias = check_random (t->n, 1);
  g_autofree float *residual = check_random ((size_t) t->m * t->n, 1);
  g_autofree float *packed = g_new (float, glip_linear_packed_floats (t->n, t->k));
  check_round_operand (w, (size_t) t->n * t->k);
  glip_linear_pack (packed, w, t->n, t->k);

  GlipGraph *graph = check_graph ();
  GlipLinear linear = { .inputs = t->k, .outputs = t->n };
  linear.weight = check_upload_operand (
      packed, (t->n + GLIP_PANEL - 1) / GLIP_PANEL, t->k * GLIP_PANEL, GLIP_F16);
  if (t->bias)
    linear.bias = check_upload (bias, 1, t->n);
  GlipLinearOptions options = {
    .gelu = t->gelu,
    .limit = t->limit,
    .operand = result == GLIP_F16,
  };
  if (t->residual)
    options.residual = check_upload (residual, t->m, t->n);
  GlipTensor y =
      glip_linear (graph, check_upload_operand (x, t->m, t->k, operand), &linear, &options);
  g_assert_cmpint (y.type, ==, result);
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
      result == GLIP_F16 ? TOLERANCE_HALF
          : t->gelu      ? TOLERANCE_FUNCTION
                         : TOLERANCE_ROUNDING);
}

static void
check_linear (gconstpointer data)
{
  const LinearCase *t = data;
  check_storage (t, GLIP_F16, GLIP_F32);
  /* Results are stored as halves in fours. */
  if (check_device ()->tuning.half && t->n % 4 == 0)
    check_storage (t, GLIP_F32, GLIP_F16);
}

static void
test_linear (gconstpointer data)
{
  check_all_kernels (check_linear, data);
}

/* The fusion block's needs: batches, a transposed, b plain, c transposed, k split. */
typedef struct {
  uint32_t m, n, k, batches, split;
  gboolean a_across, c_across; /* stored [k][m], [n][m] */
} StridesCase;

static double
multiply (const StridesCase *t, const float *a, const float *b, uint32_t batch, uint32_t split,
    uint32_t m, uint32_t n)
{
  double sum = 0;
  for (uint32_t k = split * t->split; k < MIN ((split + 1) * t->split, t->k); k++)
    sum += (double) a[batch * t->k * t->m + (t->a_across ? k * t->m + m : m * t->k + k)] *
        b[(batch * t->k + k) * t->n + n];
  return sum;
}

static void
check_strides (gconstpointer data)
{
  const StridesCase *t = data;
  const uint32_t results = t->n * t->m, splits = (t->k + t->split - 1) / t->split;
  g_autofree float *a = check_random (t->batches * t->k * t->m, 1);
  g_autofree float *b = check_random (t->batches * t->k * t->n, 1); /* [batch][k][n] */
  g_autofree float *bias = check_random (t->batches * t->n, 1);
  GlipGraph *graph = check_graph ();
  GlipTensor c = glip_tensor_new (graph, splits * t->batches, results);
  const GlipGemm gemm = {
    .a = check_upload_operand (a, t->batches * t->k, t->m, GLIP_F16),
    .b = check_upload_operand (b, t->batches * t->k, t->n, GLIP_F16),
    .c = c,
    .bias = check_upload (bias, t->batches, t->n),
    .batches = t->batches,
    .args = { .m = t->m, .n = t->n, .k = t->k, .a_row = t->a_across ? 1 : t->k,
        .a_column = t->a_across ? t->m : 1, .a_batch = t->k * t->m, .b_row = t->n,
        .b_panel = GLIP_PANEL, .b_batch = t->k * t->n, .b_columns = t->n,
        .c_row = t->c_across ? 1 : t->n, .c_column = t->c_across ? t->m : 1,
        .c_batch = results, .bias_batch = t->n, .splits = splits, .k_split = t->split,
        .c_split = t->batches * results, .flags = EPILOGUE_BIAS },
  };
  glip_gemm (graph, &gemm);
  check_keep (graph, c);
  check_run (graph);
  g_autofree float *actual = check_read (c);

  g_autofree float *expected = g_new (float, splits * t->batches * results);
  for (uint32_t s = 0; s < splits; s++)
    for (uint32_t z = 0; z < t->batches; z++)
      for (uint32_t n = 0; n < t->n; n++)
        for (uint32_t m = 0; m < t->m; m++)
          expected[(s * t->batches + z) * results +
              (t->c_across ? n * t->m + m : m * t->n + n)] =
              (float) (bias[z * t->n + n] + multiply (t, a, b, z, s, m, n));
  check_close ("strides", actual, expected, splits * t->batches * results,
      TOLERANCE_ROUNDING);
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
    { 1030, 1100, 40, TRUE, FALSE, TRUE, 0 },  /* large enough for tiles of 128 x 64 */
    { 1800, 1800, 16, FALSE, FALSE, FALSE, 0 }, /* and 128 x 128 */
  };
  static const StridesCase strides[] = {
    { 19, 37, 101, 3, 29, TRUE, TRUE },
    { 24, 80, 70, 2, 32, TRUE, FALSE },
    { 24, 40, 101, 2, 37, TRUE, FALSE },
    { 24, 40, 104, 2, 56, FALSE, TRUE },
    { 8, 16, 64, 1, 64, TRUE, TRUE },
    { 3, 20, 17, 2, 17, TRUE, FALSE },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf (
        "/ops/gemm/linear/%ux%ux%u", cases[i].m, cases[i].n, cases[i].k);
    g_test_add_data_func (path, &cases[i], test_linear);
  }
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
