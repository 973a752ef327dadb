/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The selection against sorting, ties included; then the way from logits to entries as
 * a whole, against plain C and against the stored detections.
 */
#include "golden.h"
#include "labels.h"

#include <math.h>
#include <string.h>

typedef struct {
  uint32_t at;
  float score;
} Candidate;

/* Best first; among equals the lower index. */
static int
compare_candidates (const void *a, const void *b)
{
  const Candidate *x = a, *y = b;
  if (x->score != y->score)
    return x->score > y->score ? -1 : 1;
  return x->at < y->at ? -1 : x->at > y->at;
}

static int
compare_entries (const void *a, const void *b)
{
  const GlipTopEntry *x = a, *y = b;
  if (x->level != y->level)
    return x->level < y->level ? -1 : 1;
  const Candidate u = { x->position * LABELS_MAX + x->label, x->score };
  const Candidate v = { y->position * LABELS_MAX + y->label, y->score };
  return compare_candidates (&u, &v);
}

/* The sorted candidates' first `n` are the level's entries. */
static void
check_entries (const GlipScored *scored, const float *regression, uint32_t capacity,
    uint32_t level, const Candidate *expected, const GlipTopEntry *entries, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    uint32_t row = expected[i].at / capacity;
    g_assert_cmpuint (entries[i].level, ==, level);
    g_assert_cmpuint (entries[i].position, ==, row - scored->level_starts[level]);
    g_assert_cmpuint (entries[i].label, ==, expected[i].at % capacity);
    g_assert_cmpmem (&entries[i].score, sizeof (float), &expected[i].score, sizeof (float));
    g_assert_cmpmem (entries[i].delta, 4 * sizeof (float), regression + row * 5,
        4 * sizeof (float));
  }
}

/* ---------------------------------------------------------- the selection */

typedef enum { SPREAD, EQUAL, TWO_VALUES, FEW_BITS, ZERO } Values;

typedef struct {
  uint32_t counts[SCORE_LEVELS];
  uint32_t top_n;
  Values values;
} Case;

static float
make_value (Values values, uint32_t i)
{
  switch (values) {
  case EQUAL:
    return 0.25f;
  case TWO_VALUES:
    return i % 3 ? 0.125f : 0.75f;
  case FEW_BITS: { /* apart in the lowest bits only */
    uint32_t bits = 0x3e800000 + i * 2654435761u % 600;
    float value;
    memcpy (&value, &bits, sizeof value);
    return value;
  }
  case ZERO:
    return i % 5 ? 0.0f : 1e-40f; /* a subnormal */
  default:
    return (float) (i * 2654435761u % 16777216u) / 16777216.0f;
  }
}

/* Candidates in a scrambled order; a level has twice the places it needs. */
static void
make_level (const Case *t, uint32_t first, uint32_t places, uint32_t count, Candidate *list)
{
  uint32_t step = 7919; /* prime, and no divisor of any `places` here */
  for (uint32_t i = 0; i < count; i++) {
    list[i].at = first + (uint32_t) ((uint64_t) i * step % places);
    list[i].score = make_value (t->values, i);
  }
}

static void
test_selection (gconstpointer data)
{
  enum { CAPACITY = 16 };
  const Case *t = data;
  GlipScored scored = { 0 };
  uint32_t counters[SCORE_COUNTERS] = { 0 }, rows = 0;
  for (int level = 0; level < SCORE_LEVELS; level++) {
    counters[level] = t->counts[level];
    scored.level_starts[level] = rows;
    rows += t->counts[level] * 2 / CAPACITY + 1;
  }
  scored.level_starts[SCORE_LEVELS] = rows;
  g_autofree Candidate *list = g_new0 (Candidate, (size_t) rows * CAPACITY);
  g_autofree float *regression = check_random ((size_t) rows * 5, 1);
  g_autofree float *scores = g_new0 (float, (size_t) rows * CAPACITY);
  for (int level = 0; level < SCORE_LEVELS; level++) {
    uint32_t first = scored.level_starts[level] * CAPACITY;
    make_level (t, first, scored.level_starts[level + 1] * CAPACITY - first, t->counts[level],
        list + first);
  }

  GlipGraph *graph = check_graph ();
  scored.scores = check_upload (scores, rows, CAPACITY);
  scored.regression = check_upload (regression, rows, 5);
  scored.counters = upload_words (counters, 1, SCORE_COUNTERS);
  GlipTensor result = glip_top_k (graph, &scored,
      upload_words ((const uint32_t *) list, rows * CAPACITY, 2), t->top_n, (GlipTensor){ 0 });
  g_assert_cmpuint (glip_tensor_bytes (result), ==, glip_top_k_bytes (t->top_n));
  check_keep (graph, result);
  check_run (graph);

  g_autofree float *words = check_read (result);
  g_autofree GlipTopEntry *entries = g_new (GlipTopEntry, SCORE_LEVELS * t->top_n);
  size_t n = glip_top_k_read (words, t->top_n, entries), at = 0;
  qsort (entries, n, sizeof *entries, compare_entries);
  for (uint32_t level = 0; level < SCORE_LEVELS; level++) {
    Candidate *expected = list + scored.level_starts[level] * CAPACITY;
    size_t kept = MIN (t->counts[level], t->top_n);
    qsort (expected, t->counts[level], sizeof *expected, compare_candidates);
    check_entries (&scored, regression, CAPACITY, level, expected, entries + at, kept);
    g_assert_cmpuint (((const uint32_t *) words)[TOP_K_FOUND + level], ==, t->counts[level]);
    at += kept;
  }
  g_assert_cmpuint (at, ==, n);
}

/* --------------------------------------------------------- all three steps */

typedef struct {
  uint32_t rows, tokens, n_labels, sizes[SCORE_LEVELS];
  GlipScored scored;
  Labels labels;
  float *logits, *regression;
} Golden;

/* The stored planar maps as the network's matrices. */
static void
read_golden (GlipGolden *file, Golden *golden)
{
  golden->tokens = (uint32_t) glip_golden_get (file, "logits.p3")->dims[2];
  for (int level = 0; level < SCORE_LEVELS; level++) {
    golden->sizes[level] = (uint32_t) glip_golden_getf (file, "logits.p%d", level + 3)->dims[1];
    golden->scored.level_starts[level] = golden->rows;
    golden->rows += golden->sizes[level];
  }
  golden->scored.level_starts[SCORE_LEVELS] = golden->rows;
  golden->logits = g_new (float, (size_t) golden->rows * golden->tokens);
  golden->regression = g_new (float, (size_t) golden->rows * 5);
  for (int level = 0; level < SCORE_LEVELS; level++) {
    const GlipGoldenTensor *logits = glip_golden_getf (file, "logits.p%d", level + 3);
    const float *box = glip_golden_getf (file, "bbox.p%d", level + 3)->f32;
    const float *center = glip_golden_getf (file, "centerness.p%d", level + 3)->f32;
    uint32_t first = golden->scored.level_starts[level], n = golden->sizes[level];
    memcpy (golden->logits + first * golden->tokens, logits->f32, logits->count * sizeof (float));
    for (uint32_t i = 0; i < n; i++) {
      for (uint32_t c = 0; c < 4; c++)
        golden->regression[(first + i) * 5 + c] = box[c * n + i];
      golden->regression[(first + i) * 5 + 4] = center[i];
    }
  }
  const GlipGoldenTensor *offsets = glip_golden_get (file, "label_offsets");
  const GlipGoldenTensor *tokens = glip_golden_get (file, "label_tokens");
  golden->n_labels = (uint32_t) offsets->count - 1;
  for (uint32_t label = 0; label < golden->n_labels; label++) {
    uint32_t list[LABELS_MAX], n = 0;
    for (int64_t i = offsets->i64[label]; i < offsets->i64[label + 1]; i++)
      list[n++] = (uint32_t) tokens->i64[i];
    labels_add (&golden->labels, n, list);
  }
}

static double
sigmoid_of (double x)
{
  return 1 / (1 + exp (-x));
}

static double
golden_score (const Golden *golden, uint32_t row, uint32_t label, uint32_t aggregate)
{
  const float *logits = golden->logits + (size_t) row * golden->tokens;
  const uint32_t *offsets = golden->labels.words + LABELS_OFFSETS;
  double sum = 0, largest = 0, product = 1, n = offsets[label + 1] - offsets[label];
  if (aggregate == AGGREGATE_ONEHOT)
    return sigmoid_of ((double) logits[label]);
  for (uint32_t i = offsets[label]; i < offsets[label + 1]; i++) {
    double value = sigmoid_of ((double) logits[golden->labels.words[LABELS_TOKENS + i]]);
    sum += value, product *= value, largest = fmax (largest, value);
  }
  return n == 0 ? 0
      : aggregate == AGGREGATE_MEAN ? sum / n
      : aggregate == AGGREGATE_MAX  ? largest
                                    : pow (product, 1 / n);
}

/* All candidates of a level, best first. */
static size_t
golden_candidates (
    const Golden *golden, int level, uint32_t capacity, uint32_t aggregate, Candidate *list)
{
  size_t n = 0;
  for (uint32_t row = golden->scored.level_starts[level];
       row < golden->scored.level_starts[level + 1]; row++)
    for (uint32_t label = 0; label < golden->n_labels; label++) {
      double score = golden_score (golden, row, label, aggregate);
      if (score > (double) golden->scored.threshold)
        list[n++] = (Candidate){ row * capacity + label,
          (float) (score * sigmoid_of ((double) golden->regression[row * 5 + 4])) };
    }
  qsort (list, n, sizeof *list, compare_candidates);
  return n;
}

/* Entries of one level against the plain computation, as sets: the last digit of a
 * score may turn the order of neighbours. */
static void
check_set (const Golden *golden, uint32_t capacity, const Candidate *expected,
    const GlipTopEntry *entries, size_t n)
{
  g_autoptr (GHashTable) scores = g_hash_table_new (NULL, NULL);
  for (size_t i = 0; i < n; i++)
    g_hash_table_insert (
        scores, GUINT_TO_POINTER (expected[i].at + 1), (gpointer) &expected[i]);
  for (size_t i = 0; i < n; i++) {
    uint32_t row = golden->scored.level_starts[entries[i].level] + entries[i].position;
    uint32_t at = row * capacity + entries[i].label;
    const Candidate *match = g_hash_table_lookup (scores, GUINT_TO_POINTER (at + 1));
    if (!match)
      g_error ("location %u label %u is not among the best", row, entries[i].label);
    check_close ("score", &entries[i].score, &match->score, 1, TOLERANCE_FUNCTION);
    g_hash_table_remove (scores, GUINT_TO_POINTER (at + 1));
  }
}

/* Every stored detection comes from an entry with its score. */
static void
check_detections (GlipGolden *file, const Golden *golden, const GlipTopEntry *entries, size_t n)
{
  const GlipGoldenTensor *scores = glip_golden_get (file, "det.scores");
  const GlipGoldenTensor *labels = glip_golden_get (file, "det.labels");
  const GlipGoldenTensor *positions = glip_golden_get (file, "det.positions");
  for (size_t i = 0; i < scores->count; i++) {
    size_t j = 0;
    while (j < n &&
        (entries[j].label + 1 != labels->i64[i] ||
            golden->scored.level_starts[entries[j].level] + entries[j].position !=
                positions->i64[i]))
      j++;
    g_assert_cmpuint (j, <, n);
    float score = sqrtf (entries[j].score);
    check_close ("detection", &score, &scores->f32[i], 1, TOLERANCE_FUNCTION);
  }
}

static void
test_golden (gconstpointer data)
{
  enum { CAPACITY = 48, TOP_N = 1000 };
  static const char *const names[] = { "mean", "max", "power", "onehot" };
  uint32_t aggregate = GPOINTER_TO_UINT (data);
  g_autofree char *name = g_strdup_printf ("post/%s", names[aggregate]);
  g_autoptr (GlipGolden) file = glip_golden_open (name);
  g_autofree Golden *golden = g_new0 (Golden, 1);
  read_golden (file, golden);

  GlipGraph *graph = check_graph ();
  GlipScored *scored = &golden->scored;
  scored->threshold = 0.05f;
  scored->labels = upload_words (golden->labels.words, 1, LABELS_WORDS);
  scored->counters = glip_tensor_new (graph, 1, SCORE_COUNTERS);
  scored->scores = glip_label_scores (graph,
      check_upload (golden->logits, golden->rows, golden->tokens), scored->labels, CAPACITY,
      aggregate, scored->counters);
  scored->regression = check_upload (golden->regression, golden->rows, 5);
  GlipTensor list = glip_candidates (graph, scored);
  g_autofree float *nothing = g_new0 (float, glip_top_k_bytes (TOP_N) / sizeof (float));
  GlipTensor out = check_upload (nothing, 2 + SCORE_LEVELS * TOP_N, 8);
  glip_top_k (graph, scored, list, TOP_N, out);
  check_run (graph);

  g_autofree float *words = check_read (out);
  g_autofree GlipTopEntry *entries = g_new (GlipTopEntry, SCORE_LEVELS * TOP_N);
  g_autofree Candidate *expected = g_new (Candidate, golden->rows * CAPACITY);
  size_t n = glip_top_k_read (words, TOP_N, entries), at = 0;
  g_assert_cmpuint (n, ==, (guint64) glip_golden_get (file, "candidates")->i64[0]);
  for (int level = 0; level < SCORE_LEVELS; level++) {
    size_t found = golden_candidates (golden, level, CAPACITY, aggregate, expected);
    g_assert_cmpuint (((const uint32_t *) words)[TOP_K_FOUND + level], ==, found);
    check_set (golden, CAPACITY, expected, entries + at, MIN (found, TOP_N));
    at += MIN (found, TOP_N);
  }
  check_detections (file, golden, entries, n);
  g_free (golden->logits);
  g_free (golden->regression);
}

static void
add_tests (void)
{
  static const Case cases[] = {
    { { 0, 0, 0, 0, 0 }, 1000, SPREAD },
    { { 1, 999, 1000, 1001, 0 }, 1000, SPREAD },
    { { 5000, 20000, 3, 1500, 1200 }, 1000, SPREAD },
    { { 5000, 1001, 1000, 999, 2 }, 1000, EQUAL },
    { { 1400, 2000, 3000, 9000, 7 }, 1000, TWO_VALUES },
    { { 5000, 2000, 1001, 9000, 7 }, 1000, FEW_BITS },
    { { 5000, 1300, 4990, 4999, 10 }, 1000, ZERO },
    { { 300, 2, 1, 0, 257 }, 1, FEW_BITS },
    { { 300, 2, 1, 0, 257 }, 1, EQUAL },
    { { 3000, 12, 13, 14, 900 }, 13, TWO_VALUES },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/ops/top_k/selection/%zu", i);
    g_test_add_data_func (path, &cases[i], test_selection);
  }
  for (guint i = AGGREGATE_MEAN; i <= AGGREGATE_ONEHOT; i++) {
    g_autofree char *path = g_strdup_printf ("/ops/top_k/golden/%u", i);
    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_golden);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
