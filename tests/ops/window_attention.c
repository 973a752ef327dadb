/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Shifted-window attention against plain C in double that really pads, rolls and labels
 * the regions of the whole map, and stores a window's scores.
 */
#include "check.h"

#include <math.h>
#include <string.h>

typedef struct {
  uint32_t height, width;
  uint32_t window, shift; /* at most 16 */
  uint32_t heads, channels; /* at most 130 channels */
  gboolean lanes_only; /* GPUs' kernels take seconds to compile for a CPU driver */
} Case;

/* The map padded with `pad` to whole windows, then rolled up and left. */
static float *
pad_and_roll (const Case *t, const float *map, const float *pad, uint32_t rows, uint32_t across)
{
  const uint32_t columns = t->heads * t->channels;
  float *rolled = g_new (float, (size_t) rows * across * columns);
  for (uint32_t i = 0; i < rows; i++)
    for (uint32_t j = 0; j < across; j++) {
      const uint32_t row = (i + t->shift) % rows, column = (j + t->shift) % across;
      const float *from = row < t->height && column < t->width
          ? map + (size_t) (row * t->width + column) * columns
          : pad;
      memcpy (rolled + (size_t) (i * across + j) * columns, from, columns * sizeof (float));
    }
  return rolled;
}

static uint32_t
band (const Case *t, uint32_t at, uint32_t size)
{
  return at < size - t->window ? 0 : at < size - t->shift ? 1 : 2;
}

/* One query at (i, j) of the rolled map against its window; channels of `head`. */
static void
attend (const Case *t, float *result, float *const qkv[3], const float *table, uint32_t i,
    uint32_t j, uint32_t rows, uint32_t across, uint32_t head)
{
  const uint32_t m = t->window, columns = t->heads * t->channels;
  const uint32_t top = i / m * m, left = j / m * m;
  const float *q = qkv[0] + (size_t) (i * across + j) * columns + head * t->channels;
  double scores[256], highest = -INFINITY, total = 0;
  for (uint32_t key = 0; key < m * m; key++) {
    const uint32_t y = top + key / m, x = left + key % m;
    const float *k = qkv[1] + (size_t) (y * across + x) * columns + head * t->channels;
    double score = table[head * (2 * m - 1) * (2 * m - 1) + (i - y + m - 1) * (2 * m - 1) +
        (j - x + m - 1)];
    for (uint32_t c = 0; c < t->channels; c++)
      score += (double) q[c] * k[c];
    if (t->shift &&
        (band (t, i, rows) != band (t, y, rows) || band (t, j, across) != band (t, x, across)))
      score -= 100;
    scores[key] = score;
    highest = fmax (highest, score);
  }
  double sum[130] = { 0 };
  for (uint32_t key = 0; key < m * m; key++) {
    const uint32_t y = top + key / m, x = left + key % m;
    const float *v = qkv[2] + (size_t) (y * across + x) * columns + head * t->channels;
    const double weight = exp (scores[key] - highest);
    total += weight;
    for (uint32_t c = 0; c < t->channels; c++)
      sum[c] += weight * v[c];
  }
  for (uint32_t c = 0; c < t->channels; c++)
    result[c] = (float) (sum[c] / total);
}

static float *
expect (const Case *t, float *const maps[3], const float *pad, const float *table)
{
  const uint32_t columns = t->heads * t->channels;
  const uint32_t rows = (t->height + t->window - 1) / t->window * t->window;
  const uint32_t across = (t->width + t->window - 1) / t->window * t->window;
  float *qkv[3];
  for (uint32_t i = 0; i < 3; i++)
    qkv[i] = pad_and_roll (t, maps[i], pad + i * columns, rows, across);
  float *result = g_new (float, (size_t) t->height * t->width * columns);
  for (uint32_t i = 0; i < rows; i++)
    for (uint32_t j = 0; j < across; j++) {
      const uint32_t row = (i + t->shift) % rows, column = (j + t->shift) % across;
      if (row >= t->height || column >= t->width)
        continue;
      for (uint32_t head = 0; head < t->heads; head++)
        attend (t, result + (size_t) (row * t->width + column) * columns + head * t->channels,
            qkv, table, i, j, rows, across, head);
    }
  for (uint32_t i = 0; i < 3; i++)
    g_free (qkv[i]);
  return result;
}

/* Queries and the bias table have their own deviations, the table also a mean.  Its
 * values are sixteenths, so that large ones cost the scores no digits.  `type` is how q, k
 * and v are stored; what pads has the values that they could have. */
static void
compare_stored (const Case *t, double query_deviation, double bias_deviation, double bias_mean,
    GlipType type)
{
  const uint32_t columns = t->heads * t->channels, rows = t->height * t->width;
  const uint32_t span = (2 * t->window - 1) * (2 * t->window - 1);
  float *maps[3];
  for (int i = 0; i < 3; i++)
    maps[i] = check_random ((size_t) rows * columns, i == 0 ? query_deviation : 1);
  g_autofree float *pad = check_random (3 * columns, 1);
  for (int i = 0; i < 3; i++)
    check_round_operand (maps[i], (size_t) rows * columns);
  check_round_operand (pad, 3 * columns);
  g_autofree float *table = check_random (t->heads * span, bias_deviation);
  for (uint32_t i = 0; i < t->heads * span; i++)
    table[i] = rintf (table[i] * 16) / 16 + (float) bias_mean;

  GlipGraph *graph = check_graph ();
  const GlipWindowAttention attention = {
    .window = t->window,
    .heads = t->heads,
    .shift = t->shift,
    .bias = check_upload (table, t->heads, span),
    .pad = check_upload (pad, 1, 3 * columns),
  };
  g_autofree float *qkv = check_side_by_side (maps, 3, rows, columns);
  GlipTensor y = glip_window_attention (graph,
      glip_tensor_as_map (
          check_upload_operand (qkv, rows, 3 * columns, type), t->height, t->width),
      &attention);
  g_assert_cmpuint (y.height, ==, t->height);
  g_assert_cmpuint (y.width, ==, t->width);
  g_assert_cmpuint (y.columns, ==, columns);
  check_keep (graph, y);
  check_run (graph);
  g_autofree float *actual = check_read (y);
  g_autofree float *expected = expect (t, maps, pad, table);
  /* Matrix units also round the weights. */
  const gboolean rounded = y.type == GLIP_F16 ||
      (type == GLIP_F16 && check_device ()->tuning.kernels == GLIP_KERNELS_MATRIX);
  check_close ("window attention", actual, expected, (size_t) rows * columns,
      rounded ? TOLERANCE_HALF : TOLERANCE_FUNCTION);
  for (int i = 0; i < 3; i++)
    g_free (maps[i]);
}

static void
compare (const Case *t, double query_deviation, double bias_deviation, double bias_mean)
{
  compare_stored (t, query_deviation, bias_deviation, bias_mean, GLIP_F32);
  if (check_device ()->tuning.half)
    compare_stored (t, query_deviation, bias_deviation, bias_mean, GLIP_F16);
}

static void
check_map (gconstpointer data)
{
  const Case *t = data;
  if (!t->lanes_only || check_device ()->tuning.kernels == GLIP_KERNELS_LANES)
    compare (t, 1 / sqrt (t->channels), 1, 0);
}

/* Scores far apart and far from zero, and biases as large as the -100 between regions:
 * it is no infinity. */
static void
check_extremes (gconstpointer data G_GNUC_UNUSED)
{
  static const Case t = { 10, 9, 7, 3, 2, 32, FALSE };
  compare (&t, 4, 1, 0);
  compare (&t, 0, 1, 300);
  compare (&t, 0, 1, -300);
  compare (&t, 0, 80, 0);
}

static void
test_map (gconstpointer data)
{
  check_all_kernels (check_map, data);
}

static void
test_extremes (void)
{
  check_all_kernels (check_extremes, NULL);
}

static void
add_tests (void)
{
  static const Case cases[] = {
    { 1, 1, 7, 0, 1, 32, FALSE },
    { 7, 7, 7, 0, 3, 32, FALSE },
    { 7, 7, 7, 3, 3, 32, FALSE },
    { 5, 9, 7, 0, 2, 32, FALSE },
    { 5, 9, 7, 3, 2, 32, FALSE },
    { 14, 21, 7, 3, 6, 32, FALSE },
    { 13, 20, 7, 3, 4, 32, FALSE },
    { 12, 12, 12, 0, 2, 32, FALSE },
    { 13, 25, 12, 6, 3, 32, FALSE },
    { 1, 1, 7, 3, 2, 4, FALSE },
    { 17, 15, 16, 8, 1, 8, FALSE },
    { 7, 8, 5, 2, 3, 5, FALSE },
    { 8, 6, 3, 1, 2, 130, FALSE },
    { 13, 20, 7, 0, 1, 64, TRUE },
    { 22, 3, 7, 3, 2, 64, TRUE },
    { 3, 4, 12, 6, 1, 4, TRUE },
    { 8, 9, 7, 3, 2, 72, TRUE },
    { 6, 5, 2, 1, 2, 12, TRUE },
    { 3, 5, 1, 0, 2, 16, TRUE },
    { 16, 17, 8, 4, 2, 32, TRUE },
    { 9, 10, 9, 4, 2, 24, TRUE },
    { 16, 14, 15, 7, 1, 30, TRUE },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    const Case *t = &cases[i];
    g_autofree char *path = g_strdup_printf (
        "/ops/window_attention/%ux%u-window-%u-shift-%u-%ux%u", t->height, t->width, t->window,
        t->shift, t->heads, t->channels);
    g_test_add_data_func (path, t, test_map);
  }
  g_test_add_func ("/ops/window_attention/extremes", test_extremes);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
