/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The moments of every chunk of every map of the three branches against plain C in
 * double; the weights against a map that is really enlarged.
 */
#include "check.h"

#include <float.h>
#include <math.h>
#include <string.h>

typedef struct {
  uint32_t height, width, levels, columns;
  float mean;
} Case;

/* A map of a branch: where its rows begin, and the size that it is enlarged to. */
typedef struct {
  uint32_t height, width, first, target_height, target_width; /* 0: is not enlarged */
} Map;

/* The rows of mid, low and high of all their levels, one after another. */
static uint32_t
list_maps (const Case *t, Map maps[32])
{
  uint32_t n = 0, row = 0;
  for (uint32_t branch = BRANCH_MID; branch <= BRANCH_HIGH; branch++) {
    uint32_t height = t->height, width = t->width;
    for (uint32_t level = 0; level < t->levels; level++) {
      if (branch == BRANCH_MID || level > 0) {
        maps[n++].first = row;
        maps[n - 1].height = height;
        maps[n - 1].width = width;
        row += height * width;
      }
      const uint32_t finer_height = height, finer_width = width;
      height = (height + 1) / 2;
      width = (width + 1) / 2;
      if (branch == BRANCH_HIGH) { /* of the map that comes next */
        maps[n].target_height = finer_height;
        maps[n].target_width = finer_width;
      }
    }
  }
  return n;
}

/* What position `source` of one axis contributes to the mean of the large side; the
 * positions are those of float arithmetic, as in the original. */
static double
share (uint32_t source, uint32_t small, uint32_t large)
{
  const float ratio = large > 1 ? (float) (small - 1) / (float) (large - 1) : 0;
  double sum = 0;
  for (uint32_t i = 0; i < large; i++) {
    const float at = ratio * (float) i;
    const uint32_t low = MIN ((uint32_t) at, small - 1), high = MIN (low + 1, small - 1);
    sum += (low == source ? 1 - ((double) at - low) : 0) +
        (high == source ? (double) at - low : 0);
  }
  return sum / large;
}

/* A sum of weighted deviations can be next to nothing: compare the weighted mean. */
static void
take_weighted_mean (float *weighted, const float *mean, const float *weights, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (weights[i] > 0)
      weighted[i] = mean[i] + weighted[i] / weights[i];
}

/* The MOMENTS_NUMBERS of a channel for rows [begin, end) of a map. */
static void
expect (const Case *t, const Map *map, const float *x, uint32_t begin, uint32_t end,
    double numbers[MOMENTS_NUMBERS])
{
  const float *at = x + (size_t) map->first * t->columns;
  const double origin = at[0], count = end - begin;
  memset (numbers, 0, MOMENTS_NUMBERS * sizeof *numbers);
  for (uint32_t i = begin; i < end; i++)
    numbers[0] += (at[(size_t) i * t->columns] - origin) / count;
  for (uint32_t i = begin; i < end; i++) {
    const double deviation = at[(size_t) i * t->columns] - origin - numbers[0];
    double weight = 0;
    if (map->target_height)
      weight = share (i / map->width, map->height, map->target_height) *
          share (i % map->width, map->width, map->target_width);
    numbers[1] += deviation * deviation;
    numbers[2] += weight * deviation;
    numbers[3] += weight;
  }
  numbers[4] = origin;
}

static float *
compute (const Case *t, const float *x, uint32_t *rows)
{
  GlipGraph *graph = check_graph ();
  const uint32_t n = glip_pyramid_rows (t->height, t->width, t->levels);
  const uint32_t coarse = n - t->height * t->width;
  const GlipBranches branches = {
    .all = check_upload (x, n + 2 * coarse, t->columns),
    .mid = { .rows = n, .height = t->height, .width = t->width, .levels = t->levels },
  };
  GlipTensor moments = glip_moments (graph, &branches);
  g_assert_cmpuint (moments.columns, ==, t->columns);
  *rows = moments.rows;
  check_keep (graph, moments);
  check_run (graph);
  return check_read (moments);
}

static void
test_random (gconstpointer user_data)
{
  const Case *t = user_data;
  Map maps[32] = { 0 };
  const uint32_t n_maps = list_maps (t, maps), c = t->columns;
  const Map *last = &maps[n_maps - 1];
  const size_t n = (size_t) (last->first + last->height * last->width) * c;
  g_autofree float *x = check_random (n, 1);
  for (size_t i = 0; i < n; i++)
    x[i] += t->mean * (float) (1 + (int) (i % c) % 3);
  uint32_t rows, row = 0;
  g_autofree float *actual = compute (t, x, &rows);
  g_autofree float *again = compute (t, x, &rows);
  g_autofree float *expected = g_new (float, (size_t) rows * c);
  for (uint32_t m = 0; m < n_maps; m++) {
    const uint32_t pixels = maps[m].height * maps[m].width;
    for (uint32_t begin = 0; begin < pixels; begin += MOMENTS_CHUNK, row += MOMENTS_NUMBERS)
      for (uint32_t i = 0; i < c; i++) {
        double numbers[MOMENTS_NUMBERS];
        expect (t, &maps[m], x + i, begin, MIN (begin + MOMENTS_CHUNK, pixels), numbers);
        for (uint32_t k = 0; k < MOMENTS_NUMBERS; k++)
          expected[(size_t) (row + k) * c + i] = (float) numbers[k];
      }
  }
  g_assert_cmpmem (actual, (size_t) rows * c * sizeof (float), again,
      (size_t) rows * c * sizeof (float));
  for (size_t i = 0; i < rows; i += MOMENTS_NUMBERS) {
    float *a = actual + i * c, *e = expected + i * c;
    take_weighted_mean (a + 2 * c, a, a + 3 * c, c);
    take_weighted_mean (e + 2 * c, e, e + 3 * c, c);
  }
  g_assert_cmpuint (row, ==, rows);
  for (uint32_t k = 0; k < MOMENTS_NUMBERS; k++) {
    static const char *const names[] = { "mean", "squares", "weighted mean", "weights",
      "origin" };
    const size_t chunks = rows / MOMENTS_NUMBERS;
    g_autofree float *some = g_new (float, chunks * c), *right = g_new (float, chunks * c);
    for (size_t i = 0; i < chunks; i++) {
      memcpy (some + i * c, actual + (i * MOMENTS_NUMBERS + k) * c, c * sizeof (float));
      memcpy (right + i * c, expected + (i * MOMENTS_NUMBERS + k) * c, c * sizeof (float));
    }
    check_close (names[k], some, right, chunks * c, k == 4 ? TOLERANCE_EXACT : TOLERANCE_ROUNDING);
  }
}

/* [1, 2, 4] to five and six positions: 1, 1.5, 2, 3, 4 and 1, 1.4, 1.8, 2.4, 3.2, 4. */
static void
test_known (void)
{
  static const float x[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4 };
  const Case across = { 1, 5, 2, 1, 0 }, down = { 6, 1, 2, 1, 0 };
  uint32_t rows;
  g_autofree float *five = compute (&across, x + 1, &rows);
  g_assert_cmpuint (rows, ==, 4 * MOMENTS_NUMBERS);
  g_autofree float *six = compute (&down, x, &rows);
  const float *high = five + 3 * MOMENTS_NUMBERS;
  g_assert_cmpfloat_with_epsilon (high[4] + high[0] + high[2], 11.5f / 5, 1e-6f);
  high = six + 3 * MOMENTS_NUMBERS;
  g_assert_cmpfloat_with_epsilon (high[4] + high[0] + high[2], 13.8f / 6, 1e-6f);
}

static void
add_tests (void)
{
  static const Case cases[] = {
    { 1, 1, 5, 1, 0 },
    { 1, 1, 5, 64, 1000 },
    { 5, 7, 3, 33, 0 },
    { 5, 7, 2, 64, 1000 },
    { 13, 21, 5, 256, 1000 },
    { 50, 84, 5, 40, -300 },
    { 101, 97, 4, 20, 1 },
    { 1, 600, 5, 33, 1000 },
    { 515, 2, 5, 5, 0 },
    { 3, 2, 2, 1024, 0 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/ops/moments/%zu-%ux%ux%u-%u", i,
        cases[i].height, cases[i].width, cases[i].levels, cases[i].columns);
    g_test_add_data_func (path, &cases[i], test_random);
  }
  g_test_add_func ("/ops/moments/known", test_known);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
