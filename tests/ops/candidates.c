/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The candidates' lists against plain C: exactly the pairs above the threshold.
 */
#include "labels.h"

#include <math.h>
#include <string.h>

typedef struct {
  uint32_t level_starts[SCORE_LEVELS + 1];
  uint32_t labels, capacity;
  float threshold;
} Case;

typedef struct {
  uint32_t at;
  float score;
} Candidate;

static int
compare (const void *a, const void *b)
{
  const Candidate *x = a, *y = b;
  return x->at < y->at ? -1 : x->at > y->at;
}

/* The pairs of rows [first, end) that must be there, in their order. */
static size_t
expect (const Case *t, const float *scores, const float *regression, uint32_t first,
    uint32_t end, Candidate *expected)
{
  size_t n = 0;
  for (uint32_t row = first; row < end; row++)
    for (uint32_t label = 0; label < MIN (t->labels, t->capacity); label++) {
      uint32_t at = row * t->capacity + label;
      double r = (double) scores[at] / (1 + exp (-(double) regression[row * 5 + 4]));
      if (scores[at] > t->threshold && !isnan (r))
        expected[n++] = (Candidate){ at, (float) r };
    }
  return n;
}

static void
check_level (Candidate *actual, const Candidate *expected, size_t n)
{
  g_autofree float *r = g_new (float, n + 1), *expected_r = g_new (float, n + 1);
  qsort (actual, n, sizeof *actual, compare);
  for (size_t i = 0; i < n; i++) {
    g_assert_cmpuint (actual[i].at, ==, expected[i].at);
    r[i] = actual[i].score;
    expected_r[i] = expected[i].score;
  }
  check_close ("score times centerness", r, expected_r, n, TOLERANCE_FUNCTION);
}

/* Scores of 0 to 1; every seventh is the threshold itself, some are no numbers. */
static float *
make_scores (const Case *t, size_t n)
{
  float *scores = check_random (n, 0.25);
  for (size_t i = 0; i < n; i++) {
    scores[i] = i % 7 == 3 ? t->threshold : CLAMP (scores[i] + 0.5f, 0.0f, 1.0f);
    if (i % 101 == 50)
      scores[i] = i % 2 ? NAN : -NAN;
  }
  return scores;
}

static void
test_candidates (gconstpointer data)
{
  const Case *t = data;
  uint32_t rows = t->level_starts[SCORE_LEVELS];
  size_t n = (size_t) rows * t->capacity;
  static const uint32_t zeros[SCORE_COUNTERS];
  g_autofree Labels *labels = g_new0 (Labels, 1);
  g_autofree float *scores = make_scores (t, n);
  g_autofree float *regression = check_random ((size_t) rows * 5, 2);
  for (uint32_t i = 0; i < t->labels; i++)
    labels_add (labels, 0, NULL);
  regression[(rows / 2) * 5 + 4] = NAN;
  regression[(rows / 3) * 5 + 4] = -500;

  GlipGraph *graph = check_graph ();
  GlipScored scored = {
    .scores = check_upload (scores, rows, t->capacity),
    .regression = check_upload (regression, rows, 5),
    .labels = upload_words (labels->words, 1, LABELS_WORDS),
    .counters = upload_words (zeros, 1, SCORE_COUNTERS),
    .threshold = t->threshold,
  };
  memcpy (scored.level_starts, t->level_starts, sizeof scored.level_starts);
  GlipTensor list = glip_candidates (graph, &scored);
  check_keep (graph, list);
  check_run (graph);

  g_autofree uint32_t *counters = (uint32_t *) check_read (scored.counters);
  g_autofree Candidate *all = (Candidate *) check_read (list);
  g_autofree Candidate *expected = g_new (Candidate, n + 1);
  for (int level = 0; level < SCORE_LEVELS; level++) {
    uint32_t first = t->level_starts[level], end = t->level_starts[level + 1];
    size_t wanted = expect (t, scores, regression, first, end, expected);
    g_assert_cmpuint (counters[level], ==, wanted);
    check_level (all + (size_t) first * t->capacity, expected, wanted);
  }
}

static void
add_tests (void)
{
  static const Case cases[] = {
    { { 0, 1, 2, 3, 4, 5 }, 1, 1, 0.25f },
    { { 0, 120, 150, 158, 160, 161 }, 40, 48, 0.5f },
    { { 0, 120, 150, 158, 160, 161 }, 40, 40, 0.95f },
    { { 0, 120, 150, 158, 160, 161 }, 48, 48, -1 },   /* everything */
    { { 0, 120, 150, 158, 160, 161 }, 40, 48, 1 },    /* nothing */
    { { 0, 120, 150, 158, 160, 161 }, 0, 48, 0.5f },  /* no label */
    { { 0, 20, 30, 31, 32, 33 }, 20, 16, 0.5f },      /* more labels than columns */
    { { 0, 0, 30, 30, 30, 30 }, 3, 4, 0.5f },         /* empty levels */
    { { 0, 6000, 8000, 8800, 8990, 9000 }, 3, 256, 0.05f }, /* a folded grid */
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/ops/candidates/%zu", i);
    g_test_add_data_func (path, &cases[i], test_candidates);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
