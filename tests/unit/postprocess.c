/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Post-processing against hand-computed vectors, against stored runs of the
 * reference under every score rule, and against hostile numbers.
 */
#include "golden.h"
#include "model/postprocess.h"

#include <math.h>

/* What post-processing reads of the released configuration. */
static const GlipConfig config = {
  .anchor_sizes = { 64, 128, 256, 512, 1024 },
  .strides = { 8, 16, 32, 64, 128 },
  .score_agg = GLIP_SCORE_MEAN,
  .pre_nms_thresh = 0.05,
  .pre_nms_top_n = 1000,
  .nms_thresh = 0.6,
  .detections = 100,
};

/* A picture so large that nothing is clipped at its far side. */
static const GlipPostprocess roomy = {
  .width = 16384,
  .height = 16384,
  .level_width = { 2048, 1024, 512, 256, 128 },
  .level_height = { 2048, 1024, 512, 256, 128 },
  .nms_threshold = 0.6,
  .max_detections = 100,
};

static const GlipBox *
at (const GArray *boxes, guint index)
{
  g_assert_cmpuint (index, <, boxes->len);
  return &g_array_index (boxes, GlipBox, index);
}

static void
assert_box (const GlipBox *box, float x0, float y0, float x1, float y1, float tolerance)
{
  const float expected[4] = { x0, y0, x1, y1 };
  for (int i = 0; i < 4; i++)
    g_assert_cmpfloat (fabsf (box->box[i] - expected[i]), <=, tolerance);
}

static uint32_t
place (int level, int x, int y)
{
  return (uint32_t) (y * roomy.level_width[level] + x);
}

static void
test_decode (void)
{
  /* The hand-computed vectors of location (2, 3), moved by 250 and 300 cells so
   * that the picture's border cuts none of them. */
  const float dx = 250 * 8, dy = 300 * 8;
  static const struct {
    float delta[4], box[4];
  } cases[] = {
    { { 0, 0, 0, 0 }, { -4, -12, 59, 51 } },
    { { 1, -0.5f, 2, -1 }, { -13.33839f, -9.39938f, 81.13839f, 41.99938f } },
    { { 0, 0, 100, 0 }, { -1972, -12, 2027, 51 } },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    const float *delta = cases[i].delta, *box = cases[i].box;
    GlipCandidate candidate = { 0, place (0, 253, 302), 7, 0.25f,
      { delta[0], delta[1], delta[2], delta[3] } };
    g_autoptr (GArray) boxes = glip_postprocess (&config, &roomy, &candidate, 1);
    assert_box (at (boxes, 0), box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy, 1e-2f);
    g_assert_cmpfloat_with_epsilon (at (boxes, 0)->score, 0.5, 1e-6);
    g_assert_cmpuint (at (boxes, 0)->label, ==, 7);
    g_assert_cmpuint (at (boxes, 0)->position, ==, place (0, 253, 302));
  }
}

static void
test_levels_and_clip (void)
{
  GlipPostprocess geometry = { .width = 100, .height = 60, .nms_threshold = 0.6,
    .level_width = { 16, 8, 4, 2, 1 }, .level_height = { 8, 4, 2, 1, 1 } };
  GlipCandidate candidates[] = {
    { 4, 0, 0, 0.9f, { 0 } },
    { 1, 9, 1, 0.5f, { 0 } },
  };
  g_autoptr (GArray) boxes = glip_postprocess (&config, &geometry, candidates, 2);
  g_assert_cmpuint (boxes->len, ==, 2);
  assert_box (at (boxes, 0), 0, 0, 99, 59, 0);
  g_assert_cmpuint (at (boxes, 0)->position, ==, 128 + 32 + 8 + 2);
  /* Location (1, 1) of stride 16: [16 - 56, 16 + 71]. */
  assert_box (at (boxes, 1), 0, 0, 87, 59, 0);
  g_assert_cmpuint (at (boxes, 1)->position, ==, 128 + 9);
}

/* A candidate of level 0 that decodes to a given box. */
static GlipCandidate
make_candidate (float x0, float y0, float x1, float y1, uint32_t label, float score)
{
  float centre = 100 * 8 + 3.5f;
  return (GlipCandidate) { 0, place (0, 100, 100), label, score,
    { ((x0 + x1) / 2 + 800 - centre) / 64 * 10, ((y0 + y1) / 2 + 800 - centre) / 64 * 10,
        5 * logf ((x1 - x0 + 1) / 64), 5 * logf ((y1 - y0 + 1) / 64) } };
}

static void
test_suppression (void)
{
  static const struct {
    float second[4];
    double threshold;
    uint32_t label;
    guint kept;
  } cases[] = {
    { { 0, 0, 9, 5 }, 0.601, 0, 2 },    /* 60 / 100 */
    { { 0, 0, 9, 5 }, 0.599, 0, 1 },
    { { 0, 0, 9, 5 }, 0.599, 1, 2 },    /* another label */
    { { 5, 5, 14, 14 }, 0.1430, 0, 2 }, /* 25 / 175 = 0.142857 */
    { { 5, 5, 14, 14 }, 0.1427, 0, 1 },
    { { 10, 0, 19, 9 }, 0.0001, 0, 2 }, /* touching: nothing in common */
    { { 0, 0, 9, 9 }, 1.0, 0, 2 },      /* strictly above only */
    { { 0, 0, 9, 9 }, 0.999, 0, 1 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    const float *b = cases[i].second;
    GlipPostprocess geometry = roomy;
    geometry.nms_threshold = cases[i].threshold;
    GlipCandidate candidates[] = {
      make_candidate (b[0], b[1], b[2], b[3], cases[i].label, 0.3f),
      make_candidate (0, 0, 9, 9, 0, 0.5f),
    };
    if (cases[i].threshold == 1.0)
      candidates[0] = candidates[1], candidates[0].score = 0.3f;
    g_autoptr (GArray) boxes = glip_postprocess (&config, &geometry, candidates, 2);
    g_assert_cmpuint (boxes->len, ==, cases[i].kept);
    assert_box (at (boxes, 0), 800, 800, 809, 809, 1e-3f);
  }
}

/* Exactly 0.6 with numbers that floats hold: two cells of level 0 whose anchors of
 * 64 pixels overlap by 48 of 64 columns, 48 / 80 = 0.6. */
static void
test_suppression_is_strict (void)
{
  GlipPostprocess geometry = roomy;
  GlipCandidate candidates[] = {
    { 0, place (0, 100, 100), 0, 0.5f, { 0 } },
    { 0, place (0, 102, 100), 0, 0.4f, { 0 } },
  };
  g_autoptr (GArray) equal = glip_postprocess (&config, &geometry, candidates, 2);
  g_assert_cmpuint (equal->len, ==, 2);

  geometry.nms_threshold = 0.59;
  g_autoptr (GArray) above = glip_postprocess (&config, &geometry, candidates, 2);
  g_assert_cmpuint (above->len, ==, 1);
}

static void
test_order_and_caps (void)
{
  /* Far apart, so nothing is suppressed; the last three tie with the third. */
  GlipCandidate candidates[6];
  const float scores[6] = { 0.2f, 0.9f, 0.5f, 0.2f, 0.2f, 0.1f };
  GlipPostprocess geometry = roomy;
  GlipConfig limited = config;
  for (int i = 0; i < 6; i++)
    candidates[i] = (GlipCandidate) { 0, place (0, 20 * (6 - i), 40), 0, scores[i], { 0 } };

  geometry.max_detections = 3;
  g_autoptr (GArray) ties = glip_postprocess (&config, &geometry, candidates, 6);
  g_assert_cmpuint (ties->len, ==, 5);
  for (guint i = 1; i < ties->len; i++)
    g_assert_cmpfloat (at (ties, i - 1)->score, >=, at (ties, i)->score);
  g_assert_cmpuint (at (ties, 2)->position, <, at (ties, 3)->position);
  g_assert_cmpuint (at (ties, 3)->position, <, at (ties, 4)->position);

  geometry.max_detections = 0;
  g_autoptr (GArray) all = glip_postprocess (&config, &geometry, candidates, 6);
  g_assert_cmpuint (all->len, ==, 6);

  /* Per level: of three ties at the edge the lowest positions win. */
  limited.pre_nms_top_n = 3;
  candidates[5] = (GlipCandidate) { 1, 5, 0, 0.01f, { 0 } };
  g_autoptr (GArray) top = glip_postprocess (&limited, &geometry, candidates, 6);
  g_assert_cmpuint (top->len, ==, 4);
  g_assert_cmpuint (at (top, 2)->position, ==, place (0, 40, 40));
  g_assert_cmpfloat_with_epsilon (at (top, 3)->score, 0.1, 1e-6);
}

static void
test_equal_scores_by_label (void)
{
  GlipCandidate candidates[] = {
    { 0, place (0, 9, 9), 4, 0.3f, { 0 } },
    { 0, place (0, 9, 9), 2, 0.3f, { 0 } },
  };
  g_autoptr (GArray) boxes = glip_postprocess (&config, &roomy, candidates, 2);
  g_assert_cmpuint (boxes->len, ==, 2);
  g_assert_cmpuint (at (boxes, 0)->label, ==, 2);
  g_assert_cmpuint (at (boxes, 1)->label, ==, 4);
}

static void
test_hostile_numbers (void)
{
  static const struct {
    GlipCandidate candidate;
    gboolean kept;
  } cases[] = {
    { { 0, 9, 0, NAN, { 0 } }, FALSE },
    { { 0, 9, 0, -1, { 0 } }, FALSE },
    { { 0, 9, 0, 0.5f, { NAN, 0, 0, 0 } }, FALSE },
    { { 0, 9, 0, 0.5f, { 0, 0, 0, NAN } }, FALSE },
    { { 5, 0, 0, 0.5f, { 0 } }, FALSE },
    { { G_MAXUINT32, 0, 0, 0.5f, { 0 } }, FALSE },
    { { 4, 128 * 128, 0, 0.5f, { 0 } }, FALSE },
    { { 0, G_MAXUINT32, 0, 0.5f, { 0 } }, FALSE },
    { { 4, 128 * 128 - 1, G_MAXUINT32, 0.5f, { 0 } }, TRUE },
    { { 0, 9, 0, INFINITY, { 0 } }, TRUE },
    { { 0, 9, 0, 0, { 0 } }, TRUE },
    { { 0, 9, 0, 0.5f, { INFINITY, -INFINITY, INFINITY, -INFINITY } }, TRUE },
    { { 0, 9, 0, 0.5f, { 3e38f, -3e38f, 3e38f, -3e38f } }, TRUE },
    { { 0, 9, 0, 0.5f, { -INFINITY, INFINITY, -INFINITY, INFINITY } }, TRUE },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    GlipCandidate one = cases[i].candidate;
    g_autoptr (GArray) boxes = glip_postprocess (&config, &roomy, &one, 1);
    g_assert_cmpuint (boxes->len, ==, cases[i].kept);
    for (int j = 0; boxes->len && j < 4; j++) {
      g_assert_cmpfloat (at (boxes, 0)->box[j], >=, 0);
      g_assert_cmpfloat (at (boxes, 0)->box[j], <=, 16383);
    }
  }

  GlipCandidate many[G_N_ELEMENTS (cases)];
  guint kept = 0;
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    many[i] = cases[i].candidate, many[i].label = (uint32_t) i, kept += cases[i].kept;
  g_autoptr (GArray) boxes =
      glip_postprocess (&config, &roomy, many, G_N_ELEMENTS (many));
  g_assert_cmpuint (boxes->len, ==, kept);

  g_autoptr (GArray) none = glip_postprocess (&config, &roomy, NULL, 0);
  g_assert_cmpuint (none->len, ==, 0);
}

/* The worst that the per-level limits let through, without a cap. */
static void
test_many_candidates (void)
{
  enum { N = 20000 };
  g_autofree GlipCandidate *candidates = g_new0 (GlipCandidate, N);
  GlipPostprocess geometry = roomy;
  GRand *random = g_rand_new_with_seed (7);

  for (int i = 0; i < N; i++) {
    int level = i % GLIP_N_LEVELS, width = roomy.level_width[level];
    candidates[i] = (GlipCandidate) { (uint32_t) level,
      (uint32_t) g_rand_int_range (random, 0, width * width), 0,
      (float) g_rand_double (random), { 0, 0, -20, -20 } };
  }
  g_rand_free (random);

  geometry.max_detections = 0;
  gint64 start = g_get_monotonic_time ();
  g_autoptr (GArray) boxes = glip_postprocess (&config, &geometry, candidates, N);
  g_test_message ("%u of %d boxes in %.1f ms", boxes->len, N,
      (double) (g_get_monotonic_time () - start) / 1000);
  g_assert_cmpuint (boxes->len, >, 4000);
  g_assert_cmpuint (boxes->len, <=, 5000);
}

static float
score_label (GlipScoreAgg aggregate, const float *probabilities, int n_tokens,
    const int *tokens, int count)
{
  float sum = 0, best = 0, product = 1;
  int used = 0;

  for (int i = 0; i < count; i++) {
    if (tokens[i] < 0 || tokens[i] >= n_tokens)
      continue;
    float probability = probabilities[tokens[i]];
    sum += probability;
    product *= probability;
    best = used == 0 || probability > best ? probability : best;
    used++;
  }
  if (used == 0)
    return 0;
  switch (aggregate) {
    case GLIP_SCORE_MAX:
      return best;
    case GLIP_SCORE_POWER:
      return powf (product, 1.0f / (float) used);
    case GLIP_SCORE_MEAN:
    case GLIP_SCORE_ONEHOT:
      break;
  }
  return sum / (float) used;
}

/* Plain C of what the device does with probabilities before candidates are picked. */
static void
label_scores (GlipScoreAgg aggregate, const float *probabilities, size_t n_positions,
    int n_tokens, const int *label_offsets, const int *label_tokens, int n_labels,
    float *scores)
{
  for (size_t i = 0; i < n_positions; i++) {
    const float *row = probabilities + i * (size_t) n_tokens;
    for (int label = 0; label < n_labels; label++) {
      const int *tokens = label_tokens + label_offsets[label];
      int count = label_offsets[label + 1] - label_offsets[label];
      if (aggregate == GLIP_SCORE_ONEHOT)
        tokens = &label, count = 1;
      *scores++ = score_label (aggregate, row, n_tokens, tokens, count);
    }
  }
}

static float
sigmoid (float x)
{
  return 1.0f / (1.0f + expf (-x));
}

/* Two tokens with logits -1 and 0.5, centerness 0.3: 0.505993. */
static void
test_score_vector (void)
{
  const float probabilities[] = { sigmoid (-1), sigmoid (0.5f) };
  const int offsets[] = { 0, 2 }, tokens[] = { 0, 1 };
  float score;
  label_scores (GLIP_SCORE_MEAN, probabilities, 1, 2, offsets, tokens, 1, &score);
  g_assert_cmpfloat_with_epsilon (score, 0.445700, 1e-6);

  GlipCandidate candidate = { 2, 0, 0, score * sigmoid (0.3f), { 0 } };
  g_autoptr (GArray) boxes = glip_postprocess (&config, &roomy, &candidate, 1);
  g_assert_cmpfloat_with_epsilon (at (boxes, 0)->score, 0.505993, 1e-6);
}

/* ------------------------------------------------ stored runs of the reference */

static int *
to_ints (const GlipGoldenTensor *tensor)
{
  int *values = g_new (int, tensor->count);
  for (size_t i = 0; i < tensor->count; i++)
    values[i] = (int) tensor->i64[i];
  return values;
}

static void
add_level (GArray *candidates, GlipGolden *golden, GlipScoreAgg aggregate, int level,
    GlipPostprocess *geometry)
{
  const GlipGoldenTensor *logits = glip_golden_getf (golden, "logits.p%d", level + 3);
  const GlipGoldenTensor *bbox = glip_golden_getf (golden, "bbox.p%d", level + 3);
  const GlipGoldenTensor *ctr = glip_golden_getf (golden, "centerness.p%d", level + 3);
  const GlipGoldenTensor *table = glip_golden_get (golden, "label_offsets");
  g_autofree int *offsets = to_ints (table);
  g_autofree int *tokens = to_ints (glip_golden_get (golden, "label_tokens"));
  size_t n_places = ctr->count, n_labels = table->count - 1;
  g_autofree float *probabilities = g_new (float, logits->count);
  g_autofree float *scores = g_new (float, n_places * n_labels);

  geometry->level_height[level] = (int) bbox->dims[2];
  geometry->level_width[level] = (int) bbox->dims[3];
  for (size_t i = 0; i < logits->count; i++)
    probabilities[i] = sigmoid (logits->f32[i]);
  label_scores (aggregate, probabilities, n_places, (int) logits->dims[2], offsets,
      tokens, (int) n_labels, scores);

  /* Backwards: the result must not depend on the order the GPU appends in. */
  for (size_t i = n_places * n_labels; i-- > 0;) {
    size_t place_index = i / n_labels;
    GlipCandidate next = { (uint32_t) level, (uint32_t) place_index,
      (uint32_t) (i % n_labels), scores[i] * sigmoid (ctr->f32[place_index]), { 0 } };
    for (size_t j = 0; j < 4; j++)
      next.delta[j] = bbox->f32[j * n_places + place_index];
    if (scores[i] > (float) config.pre_nms_thresh)
      g_array_append_val (candidates, next);
  }
}

static void
test_golden (gconstpointer data)
{
  static const char *const names[] = { "mean", "max", "power", "onehot" };
  GlipScoreAgg aggregate = GPOINTER_TO_INT (data);
  g_autofree char *name = g_strconcat ("post/", names[aggregate], NULL);
  g_autoptr (GlipGolden) golden = glip_golden_open (name);
  const GlipGoldenTensor *size = glip_golden_get (golden, "size");
  const GlipGoldenTensor *boxes = glip_golden_get (golden, "det.boxes");
  const GlipGoldenTensor *scores = glip_golden_get (golden, "det.scores");
  const GlipGoldenTensor *labels = glip_golden_get (golden, "det.labels");
  const GlipGoldenTensor *positions = glip_golden_get (golden, "det.positions");
  g_autoptr (GArray) candidates = g_array_new (FALSE, FALSE, sizeof (GlipCandidate));
  GlipPostprocess geometry = { .width = (int) size->i64[1], .height = (int) size->i64[0],
    .nms_threshold = config.nms_thresh, .max_detections = config.detections };
  guint considered = 0;

  for (int level = 0; level < GLIP_N_LEVELS; level++) {
    guint before = candidates->len;
    add_level (candidates, golden, aggregate, level, &geometry);
    considered += MIN (candidates->len - before, (guint) config.pre_nms_top_n);
  }
  g_assert_cmpint (considered, ==, glip_golden_get (golden, "candidates")->i64[0]);

  g_autoptr (GArray) found = glip_postprocess (
      &config, &geometry, (GlipCandidate *) candidates->data, candidates->len);
  g_assert_cmpuint (found->len, ==, scores->count);
  g_assert_cmpuint (found->len, >=, 100);
  for (guint i = 0; i < found->len; i++) {
    const float *b = boxes->f32 + 4 * i;
    assert_box (at (found, i), b[0], b[1], b[2], b[3], 1e-2f);
    g_assert_cmpfloat_with_epsilon (at (found, i)->score, scores->f32[i], 1e-5f);
    g_assert_cmpint (at (found, i)->label + 1, ==, labels->i64[i]);
    g_assert_cmpint (at (found, i)->position, ==, positions->i64[i]);
  }
}

/* ------------------------------------------------------------------ size rule */

static void
test_resize_rule (void)
{
  static const struct {
    int width, height, min_size, max_size, expected_width, expected_height;
  } cases[] = {
    { 640, 480, 800, 1333, 1066, 800 },
    { 480, 640, 800, 1333, 800, 1066 },
    { 640, 427, 800, 1333, 1199, 800 },
    { 427, 640, 800, 1333, 800, 1199 },
    { 1333, 800, 800, 1333, 1333, 800 },
    { 1280, 720, 800, 1333, 1333, 750 },
    { 640, 360, 800, 1333, 1333, 750 },
    { 1920, 1080, 800, 1333, 1333, 750 },
    { 2000, 1000, 800, 1333, 1332, 666 }, /* 666.5: half to even */
    { 500, 375, 800, 1333, 1066, 800 },
    { 1, 1, 800, 1333, 800, 800 },
    { 16384, 16384, 800, 1333, 800, 800 },
    { 1, 16384, 800, 1333, 1, 1333 },
    { 16384, 1, 800, 1333, 1333, 1 },
    { 2, 16384, 800, 1333, 1, 1333 },
    { 16384, 3, 800, 1333, 1333, 1 },
    { 16384, 16384, 16384, 16384, 16384, 16384 },
    { 16384, 1, 16384, 16384, 16384, 1 },
    { 100, 50, 1, 1, 1, 1 },
    { 100, 50, 0, 0, 1, 1 },
    { 100, 50, -5, G_MININT, 1, 1 },
    { 0, 0, 800, 1333, 800, 800 },
    { 3, 2, G_MAXINT, G_MAXINT, G_MAXINT, 1431655765 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    int width, height;
    glip_resize_target (cases[i].width, cases[i].height, cases[i].min_size,
        cases[i].max_size, &width, &height);
    g_test_message ("%dx%d", cases[i].width, cases[i].height);
    g_assert_cmpint (width, ==, cases[i].expected_width);
    g_assert_cmpint (height, ==, cases[i].expected_height);
  }
}

/* The rounding of the short side is all that may take the long side past its limit:
 * by half a pixel of the short side's share, so to at most twice the limit. */
static void
test_resize_bounds (void)
{
  GRand *random = g_rand_new_with_seed (11);
  for (int i = 0; i < 200000; i++) {
    int width = g_rand_int_range (random, 1, 1 + (1 << g_rand_int_range (random, 1, 15)));
    int height = g_rand_int_range (random, 1, 1 + (1 << g_rand_int_range (random, 1, 15)));
    int limit = g_rand_int_range (random, 1, 3000);
    int to_width, to_height;
    glip_resize_target (width, height, g_rand_int_range (random, 1, 2000), limit,
        &to_width, &to_height);
    int low = MIN (to_width, to_height), high = MAX (to_width, to_height);
    g_assert_cmpint (low, >=, 1);
    g_assert_cmpint (2 * (high - limit) * low, <=, high + 2 * low);
    g_assert_true (width < height ? to_width <= to_height : to_width >= to_height);
  }
  g_rand_free (random);
}

static void
test_resize_golden (void)
{
  g_autoptr (GlipGolden) golden = glip_golden_open ("preprocess/cases");
  int n_cases = 0;
  for (;; n_cases++) {
    g_autofree char *name = g_strdup_printf ("%d.rgb", n_cases);
    const GlipGoldenTensor *rgb = glip_golden_lookup (golden, name);
    if (!rgb)
      break;
    const GlipGoldenTensor *rule = glip_golden_getf (golden, "%d.rule", n_cases);
    const GlipGoldenTensor *size = glip_golden_getf (golden, "%d.size", n_cases);
    int width, height;
    glip_resize_target ((int) rgb->dims[1], (int) rgb->dims[0], (int) rule->i64[0],
        (int) rule->i64[1], &width, &height);
    g_assert_cmpint (height, ==, size->i64[0]);
    g_assert_cmpint (width, ==, size->i64[1]);
  }
  g_assert_cmpint (n_cases, ==, 5);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/postprocess/decode", test_decode);
  g_test_add_func ("/postprocess/levels-and-clip", test_levels_and_clip);
  g_test_add_func ("/postprocess/suppression", test_suppression);
  g_test_add_func ("/postprocess/suppression-is-strict", test_suppression_is_strict);
  g_test_add_func ("/postprocess/order-and-caps", test_order_and_caps);
  g_test_add_func ("/postprocess/equal-scores", test_equal_scores_by_label);
  g_test_add_func ("/postprocess/hostile-numbers", test_hostile_numbers);
  g_test_add_func ("/postprocess/many-candidates", test_many_candidates);
  g_test_add_func ("/postprocess/score-vector", test_score_vector);
  g_test_add_data_func (
      "/postprocess/golden/mean", GINT_TO_POINTER (GLIP_SCORE_MEAN), test_golden);
  g_test_add_data_func (
      "/postprocess/golden/max", GINT_TO_POINTER (GLIP_SCORE_MAX), test_golden);
  g_test_add_data_func (
      "/postprocess/golden/power", GINT_TO_POINTER (GLIP_SCORE_POWER), test_golden);
  g_test_add_data_func (
      "/postprocess/golden/onehot", GINT_TO_POINTER (GLIP_SCORE_ONEHOT), test_golden);
  g_test_add_func ("/resize/rule", test_resize_rule);
  g_test_add_func ("/resize/bounds", test_resize_bounds);
  g_test_add_func ("/resize/golden", test_resize_golden);
  return g_test_run ();
}
