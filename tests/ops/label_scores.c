/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Label scores against plain C in double.
 */
#include "labels.h"

#include <math.h>

typedef struct {
  uint32_t rows, tokens, labels, capacity;
} Case;

static double
probability (const float *row, uint32_t tokens, uint32_t token)
{
  return token < tokens ? 1 / (1 + exp (-(double) row[token])) : 0;
}

static double
score (const float *row, uint32_t tokens, const Labels *labels, uint32_t label, int aggregate)
{
  const uint32_t *offsets = labels->words + LABELS_OFFSETS;
  uint32_t begin = offsets[label], end = offsets[label + 1];
  double sum = 0, largest = 0, product = 1, n = end - begin;
  if (aggregate == AGGREGATE_ONEHOT)
    return probability (row, tokens, label);
  if (n == 0)
    return 0;
  for (uint32_t i = begin; i < end; i++) {
    double value = probability (row, tokens, labels->words[LABELS_TOKENS + i]);
    sum += value;
    largest = fmax (largest, value);
    product *= value;
  }
  return aggregate == AGGREGATE_MEAN ? sum / n
      : aggregate == AGGREGATE_MAX   ? largest
                                     : pow (product, 1 / n);
}

/* Labels of 0 to 4 tokens, some of them beyond the last column. */
static void
make_labels (const Case *t, Labels *labels)
{
  for (uint32_t label = 0; label < t->labels; label++) {
    uint32_t tokens[4];
    for (uint32_t i = 0; i < 4; i++)
      tokens[i] = (label * 7 + i * 5 + 1) % (t->tokens + 1);
    labels_add (labels, label % 5, tokens);
  }
}

static void
check_scores (const Case *t, uint32_t aggregate)
{
  static const uint32_t dirty[SCORE_COUNTERS] = { 1, 2, 3, 4, 5, 6, 7, 8 };
  g_autofree Labels *labels = g_new0 (Labels, 1);
  g_autofree float *logits = check_random ((size_t) t->rows * t->tokens, 3);
  make_labels (t, labels);
  logits[0] = -200; /* exp overflows */
  logits[(size_t) t->rows * t->tokens - 1] = 200;

  GlipGraph *graph = check_graph ();
  GlipTensor counters = upload_words (dirty, 1, SCORE_COUNTERS);
  GlipTensor scores = glip_label_scores (graph, check_upload (logits, t->rows, t->tokens),
      upload_words (labels->words, 1, LABELS_WORDS), t->capacity, aggregate, counters);
  g_assert_cmpuint (scores.rows, ==, t->rows);
  g_assert_cmpuint (scores.columns, ==, t->capacity);
  check_keep (graph, scores);
  check_run (graph);

  g_autofree float *zeros = check_read (counters);
  g_autofree float *all = check_read (scores);
  uint32_t seen = MIN (t->labels, t->capacity);
  size_t n = (size_t) t->rows * seen, at = 0;
  g_autofree float *actual = g_new (float, n + 1), *expected = g_new (float, n + 1);
  for (uint32_t row = 0; row < t->rows; row++)
    for (uint32_t label = 0; label < seen; label++, at++) {
      actual[at] = all[(size_t) row * t->capacity + label];
      expected[at] = (float) score (
          logits + (size_t) row * t->tokens, t->tokens, labels, label, (int) aggregate);
    }
  check_close ("scores", actual, expected, n, TOLERANCE_FUNCTION);
  static const uint32_t clean[SCORE_COUNTERS];
  g_assert_cmpmem (zeros, sizeof clean, clean, sizeof clean);
}

static void
test_scores (gconstpointer data)
{
  for (uint32_t aggregate = AGGREGATE_MEAN; aggregate <= AGGREGATE_ONEHOT; aggregate++)
    check_scores (data, aggregate);
}

static void
add_tests (void)
{
  static const Case cases[] = {
    { 1, 1, 1, 1 },
    { 3, 5, 2, 8 },
    { 37, 64, 40, 64 },
    { 10, 16, 30, 24 }, /* more labels than columns */
    { 20, 16, 0, 8 },
    { 300, 256, 256, 256 },
    { 9000, 4, 2, 256 }, /* a folded grid */
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/ops/label_scores/%ux%u/%u-in-%u", cases[i].rows,
        cases[i].tokens, cases[i].labels, cases[i].capacity);
    g_test_add_data_func (path, &cases[i], test_scores);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
