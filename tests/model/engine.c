/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The public interface with a small network of generated weights: prompts, options,
 * lifetimes and what it refuses.  That the numbers are right is the business of
 * network.c; here, two ways to the same thing must give the same thing.
 */
#include "check.h"
#include "engines.h"

#include <glib/gstdio.h>
#include <string.h>

/* All tests look at small pictures as they are. */
static const GlipDetectOptions small = { .min_size = 96, .max_size = 128 };

static GlipTestPicture *
make_picture (uint32_t seed)
{
  return glip_test_picture_new (128, 96, seed);
}

/* ---------------------------------------------------------------- prompts */

static GlipPrompt *
make_names (const char *const *names, size_t n, GlipListStyle style)
{
  g_autoptr (GError) error = NULL;
  GlipPrompt *prompt =
      glip_prompt_new_from_names (glip_test_engine (), names, n, style, &error);
  g_assert_no_error (error);
  return prompt;
}

/* Detect with two prompts; the results are the same in every bit. */
static void
assert_equivalent (GlipPrompt *a, GlipPrompt *b)
{
  g_autoptr (GlipTestPicture) picture = make_picture (1);
  g_autoptr (GlipResult) first =
      glip_test_detect (glip_test_engine (), &picture->image, a, &small);
  g_autoptr (GlipResult) second =
      glip_test_detect (glip_test_engine (), &picture->image, b, &small);
  g_assert_cmpuint (glip_result_get_count (first), >, 10);
  glip_test_assert_same (first, second);
}

static void
test_separators (void)
{
  static const char *const names[] = { "person", "red car", "traffic light" };
  g_autoptr (GlipPrompt) loose =
      glip_test_prompt (glip_test_engine (), " person  .  red car . traffic light");
  g_autoptr (GlipPrompt) close =
      glip_test_prompt (glip_test_engine (), "person. red car. traffic light");
  g_autoptr (GlipPrompt) demo = make_names (names, 3, GLIP_LIST_DEMO);
  g_autoptr (GlipPrompt) evaluation = make_names (names, 3, GLIP_LIST_EVALUATION);
  g_assert_cmpstr (glip_prompt_get_text (demo), ==, "person . red car . traffic light . ");
  g_assert_cmpstr (glip_prompt_get_text (evaluation), ==, "person. red car. traffic light");
  g_assert_cmpstr (glip_prompt_get_text (loose), ==, " person  .  red car . traffic light");
  assert_equivalent (loose, demo);
  assert_equivalent (close, evaluation);
  for (int i = 0; i < 3; i++) {
    g_assert_cmpstr (glip_prompt_get_phrase (loose, i + 1), ==, names[i]);
    g_assert_cmpstr (glip_prompt_get_phrase (close, i + 1), ==, names[i]);
    g_assert_cmpstr (glip_prompt_get_phrase (evaluation, i + 1), ==, names[i]);
  }
  GlipPrompt *const all[] = { loose, close, demo, evaluation };
  g_autoptr (GlipTestPicture) picture = make_picture (1);
  for (size_t i = 0; i < G_N_ELEMENTS (all); i++) {
    g_assert_cmpuint (glip_prompt_get_n_labels (all[i]), ==, 3);
    g_assert_cmpuint (glip_prompt_get_n_passes (all[i]), ==, 1);
    g_autoptr (GlipResult) result =
        glip_test_detect (glip_test_engine (), &picture->image, all[i], &small);
    glip_test_assert_sane (result, all[i], &picture->image, TRUE);
  }
}

static void
test_captions (void)
{
  g_autoptr (GError) error = NULL;
  const char *plain = "a man in a red hat beside his dog";
  const GlipSpan spans[] = { { 2, 5, 1 }, { 11, 18, 2 }, { 30, 33, 3 } };
  /* A fourth piece joins the first label, which then scores on both. */
  const GlipSpan joined[] = { { 2, 5, 1 }, { 11, 18, 2 }, { 30, 33, 3 }, { 26, 29, 1 } };
  g_autoptr (GlipPrompt) typed =
      glip_test_prompt (glip_test_engine (), "a [man] in a [red hat] beside his [dog]");
  g_autoptr (GlipPrompt) given =
      glip_prompt_new_from_spans (glip_test_engine (), plain, spans, 3, &error);
  g_assert_no_error (error);
  g_autoptr (GlipPrompt) more =
      glip_prompt_new_from_spans (glip_test_engine (), plain, joined, 4, &error);
  g_assert_no_error (error);
  assert_equivalent (typed, given);
  g_assert_cmpuint (glip_prompt_get_n_tokens (typed), ==, glip_prompt_get_n_tokens (given));

  g_autoptr (GlipTestPicture) picture = make_picture (1);
  g_autoptr (GlipResult) from_text =
      glip_test_detect (glip_test_engine (), &picture->image, typed, &small);
  g_autoptr (GlipResult) from_spans =
      glip_test_detect (glip_test_engine (), &picture->image, given, &small);
  g_autoptr (GlipResult) from_joined =
      glip_test_detect (glip_test_engine (), &picture->image, more, &small);
  glip_test_assert_sane (from_text, typed, &picture->image, TRUE);
  glip_test_assert_sane (from_spans, given, &picture->image, TRUE);
  glip_test_assert_sane (from_joined, more, &picture->image, TRUE);
  for (size_t i = 0; i < glip_result_get_count (from_spans); i++) {
    const GlipDetection *d = glip_result_get_detection (from_spans, i);
    g_assert_cmpuint (d->span_begin, ==, spans[d->label - 1].begin);
    g_assert_cmpuint (d->span_end, ==, spans[d->label - 1].end);
  }
  g_assert_cmpuint (glip_prompt_get_n_labels (more), ==, 3);
  g_assert_cmpstr (glip_prompt_get_phrase (more, 1), ==, "man");
}

/* Two labels of one name are two labels; a name of no token is one nothing is found for. */
static void
test_odd_labels (void)
{
  static const char *const names[] = { "cat", "\xe2\x80\x8b", "cat", "dog (small)", "(x)" };
  g_autoptr (GlipTestPicture) picture = make_picture (2);
  guint found[6] = { 0 };
  g_autoptr (GlipPrompt) prompt = make_names (names, 5, GLIP_LIST_EVALUATION);
  g_assert_cmpuint (glip_prompt_get_n_labels (prompt), ==, 5);
  g_autoptr (GlipResult) result =
      glip_test_detect (glip_test_engine (), &picture->image, prompt, &small);
  glip_test_assert_sane (result, prompt, &picture->image, FALSE);
  for (size_t i = 0; i < glip_result_get_count (result); i++)
    found[glip_result_get_detection (result, i)->label]++;
  g_assert_cmpuint (found[1], >, 0);
  g_assert_cmpuint (found[2], ==, 0);
  g_assert_cmpuint (found[3], >, 0);
  g_assert_cmpuint (found[4], >, 0);
  g_assert_cmpuint (found[5], ==, 0);
  for (int i = 0; i < 5; i++)
    g_assert_cmpstr (glip_prompt_get_phrase (prompt, i + 1), ==, names[i]);
}

static int
compare_scores (gconstpointer a, gconstpointer b)
{
  float x = ((const GlipDetection *) a)->score, y = ((const GlipDetection *) b)->score;
  return x < y ? 1 : x > y ? -1 : 0;
}

/* The detections of every pass alone, under the labels of the whole. */
static GArray *
detect_by_pass (GlipPrompt *prompt, const char *const *names, const GlipImage *image)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (GlipDetection));
  for (guint i = 0; i < prompt->text->passes->len; i++) {
    const GlipPass *pass = g_ptr_array_index (prompt->text->passes, i);
    for (int j = 1; j < pass->n_labels; j++)
      g_assert_cmpint (pass->labels[j], ==, pass->labels[0] + j);
    g_autoptr (GlipPrompt) part =
        make_names (names + pass->labels[0], (size_t) pass->n_labels, GLIP_LIST_DEMO);
    g_assert_cmpuint (glip_prompt_get_n_passes (part), ==, 1);
    g_assert_cmpuint (glip_prompt_get_n_tokens (part), ==, (size_t) pass->n_tokens);
    g_autoptr (GlipResult) result =
        glip_test_detect (glip_test_engine (), image, part, &small);
    for (size_t k = 0; k < glip_result_get_count (result); k++) {
      GlipDetection d = *glip_result_get_detection (result, k);
      d.label += pass->labels[0];
      g_array_append_val (all, d);
    }
  }
  g_array_sort (all, compare_scores);
  return all;
}

static void
test_passes (void)
{
  enum { N_NAMES = 150 };
  static const char *const words[] = { "person", "bicycle", "traffic light", "dog", "red car" };
  const char *names[N_NAMES];
  for (size_t i = 0; i < N_NAMES; i++)
    names[i] = words[i % G_N_ELEMENTS (words)];
  g_autoptr (GlipTestPicture) picture = make_picture (3);
  g_autoptr (GlipPrompt) prompt = make_names (names, N_NAMES, GLIP_LIST_DEMO);
  g_assert_cmpuint (glip_prompt_get_n_labels (prompt), ==, N_NAMES);
  g_assert_cmpuint (glip_prompt_get_n_passes (prompt), ==, prompt->text->passes->len);
  g_assert_cmpuint (glip_prompt_get_n_passes (prompt), >=, 2);
  g_autoptr (GlipResult) result =
      glip_test_detect (glip_test_engine (), &picture->image, prompt, &small);
  glip_test_assert_sane (result, prompt, &picture->image, TRUE);

  g_autoptr (GArray) expected = detect_by_pass (prompt, names, &picture->image);
  g_assert_cmpuint (glip_result_get_count (result), ==, expected->len);
  int largest = 0;
  for (guint i = 0; i < expected->len; i++) {
    const GlipDetection *x = glip_result_get_detection (result, i);
    const GlipDetection *y = &g_array_index (expected, GlipDetection, i);
    g_assert_cmpint (x->label, ==, y->label);
    g_assert_cmpfloat (x->score, ==, y->score);
    g_assert_true (memcmp (&x->x0, &y->x0, 4 * sizeof (float)) == 0);
    largest = MAX (largest, x->label);
  }
  const GlipPass *first = g_ptr_array_index (prompt->text->passes, 0);
  g_assert_cmpint (largest, >, first->n_labels);
  g_test_message ("%u passes, %u detections, labels up to %d",
      prompt->text->passes->len, expected->len, largest);
}

static void
test_bad_prompts (void)
{
  g_autofree char *long_word = g_strnfill (100 * 1000, 'x');
  g_autofree char *long_list = g_strnfill (2 << 20, '.');
  const char *const cases[] = { "", " ", ".", " . . ", "cat . \xff", "[cat", "[]", "a ] b",
    long_list };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (glip_prompt_new (glip_test_engine (), cases[i], &error));
    g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT);
    g_assert_null (strchr (error->message, '\n'));
    g_assert_cmpuint (strlen (error->message), <, 300);
    g_test_message ("%s", error->message);
  }
  g_autoptr (GError) error = NULL;
  g_assert_null (glip_prompt_new_from_names (
      glip_test_engine (), NULL, 0, GLIP_LIST_DEMO, &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT);
  g_clear_error (&error);
  const GlipSpan outside = { 1, 9, 1 };
  g_assert_null (
      glip_prompt_new_from_spans (glip_test_engine (), "cat", &outside, 1, &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT);
  /* One endless word is one token, the unknown one. */
  g_autoptr (GlipPrompt) word = glip_test_prompt (glip_test_engine (), long_word);
  g_assert_cmpuint (glip_prompt_get_n_labels (word), ==, 1);
}

/* ---------------------------------------------------------------- options */

static GlipResult *
detect_with (GlipDetectOptions options)
{
  g_autoptr (GlipTestPicture) picture = make_picture (4);
  g_autoptr (GlipPrompt) prompt = glip_test_prompt (glip_test_engine (), "person . dog");
  options.min_size = options.min_size ? options.min_size : small.min_size;
  options.max_size = options.max_size ? options.max_size : small.max_size;
  return glip_test_detect (glip_test_engine (), &picture->image, prompt, &options);
}

/* `result` is what `all` begins with. */
static void
assert_beginning (GlipResult *result, GlipResult *all)
{
  g_assert_cmpuint (glip_result_get_count (result), <=, glip_result_get_count (all));
  for (size_t i = 0; i < glip_result_get_count (result); i++)
    g_assert_true (memcmp (&glip_result_get_detection (result, i)->label,
                       &glip_result_get_detection (all, i)->label,
                       sizeof (int) + 5 * sizeof (float)) == 0);
}

_Static_assert (offsetof (GlipDetection, y1) - offsetof (GlipDetection, label) ==
        sizeof (int) + 4 * sizeof (float), "compared as one piece");

static void
test_cuts (void)
{
  g_autoptr (GlipResult) all = detect_with ((GlipDetectOptions){ 0 });
  size_t count = glip_result_get_count (all);
  g_assert_cmpuint (count, >, 20);
  g_assert_cmpuint (count, <=, 110); /* ties with the 100th stay */
  for (size_t i = 0; i < count; i += 7) {
    float threshold = glip_result_get_detection (all, i)->score;
    g_autoptr (GlipResult) above = detect_with ((GlipDetectOptions){ .threshold = threshold });
    assert_beginning (above, all);
    size_t n = glip_result_get_count (above);
    g_assert_cmpuint (n, <=, i); /* itself is not above */
    g_assert_cmpfloat (glip_result_get_detection (all, n)->score, ==, threshold);
  }
  g_autoptr (GlipResult) nothing = detect_with ((GlipDetectOptions){ .threshold = 1 });
  g_assert_cmpuint (glip_result_get_count (nothing), ==, 0);
  for (int cap = 1; cap < (int) count; cap += 9) {
    g_autoptr (GlipResult) best = detect_with ((GlipDetectOptions){ .max_detections = cap });
    assert_beginning (best, all);
    g_assert_cmpuint (glip_result_get_count (best), ==, (size_t) cap);
  }
  g_autoptr (GlipResult) unlimited =
      detect_with ((GlipDetectOptions){ .max_detections = G_MAXINT });
  assert_beginning (all, unlimited);
}

static void
test_suppression (void)
{
  static const float limits[] = { 0.01f, 0.3f, 0.6f, 1.0f };
  size_t last = 0;
  for (size_t i = 0; i < G_N_ELEMENTS (limits); i++) {
    g_autoptr (GlipResult) result = detect_with (
        (GlipDetectOptions){ .nms_threshold = limits[i], .max_detections = 100000 });
    size_t n = glip_result_get_count (result);
    g_assert_cmpuint (n, >=, last);
    last = n;
    for (size_t j = 0; j < n; j++)
      for (size_t k = 0; k < j; k++) {
        const GlipDetection *a = glip_result_get_detection (result, j);
        const GlipDetection *b = glip_result_get_detection (result, k);
        if (a->label == b->label)
          g_assert_cmpfloat (glip_test_overlap (a, b), <=, limits[i] + 1e-3);
      }
  }
  g_autoptr (GlipResult) model =
      detect_with ((GlipDetectOptions){ .max_detections = 100000 });
  g_autoptr (GlipResult) same = detect_with (
      (GlipDetectOptions){ .nms_threshold = 0.6f, .max_detections = 100000 });
  glip_test_assert_same (model, same);
}

/* Whether two sets of sizes mean the same for the picture. */
typedef enum { SAME, NEAR, OTHER } Relation;

static void
assert_sizes (GlipDetectOptions a, GlipDetectOptions b, Relation relation)
{
  g_autoptr (GlipTestPicture) picture = glip_test_picture_new (160, 60, 5);
  g_autoptr (GlipPrompt) prompt = glip_test_prompt (glip_test_engine (), "person");
  g_autoptr (GlipResult) x =
      glip_test_detect (glip_test_engine (), &picture->image, prompt, &a);
  g_autoptr (GlipResult) y =
      glip_test_detect (glip_test_engine (), &picture->image, prompt, &b);
  if (relation == SAME)
    glip_test_assert_same (x, y);
  if (relation == NEAR)
    glip_test_assert_near (x, y, 0.9999, 1e-5);
  if (relation != OTHER)
    return;
  g_assert_cmpuint (glip_result_get_count (x), >, 0);
  g_assert_cmpuint (glip_result_get_count (y), >, 0);
  g_assert_cmpfloat (glip_result_get_detection (x, 0)->score, !=,
      glip_result_get_detection (y, 0)->score);
}

static void
test_sizes (void)
{
  typedef GlipDetectOptions O;
  /* 72 * 1333 / 800 = 120: 160x60 is at its limit with a short side of 45. */
  assert_sizes ((O){ .min_size = 72 }, (O){ .min_size = 72, .max_size = 120 }, SAME);
  assert_sizes ((O){ .min_size = 72 }, (O){ .min_size = 45, .max_size = 120 }, SAME);
  assert_sizes ((O){ .min_size = 72 }, (O){ .min_size = 72, .max_size = 200 }, OTHER);
  assert_sizes ((O){ .min_size = 45, .max_size = 121 },
      (O){ .min_size = 45, .max_size = 4096 }, SAME);
  assert_sizes ((O){ .min_size = 60, .max_size = 160 },
      (O){ .min_size = 60, .max_size = 160, .resize = GLIP_RESIZE_BILINEAR }, NEAR);
  assert_sizes ((O){ .min_size = 45, .max_size = 120 },
      (O){ .min_size = 45, .max_size = 120, .resize = GLIP_RESIZE_BILINEAR }, OTHER);

  static const GlipDetectOptions above[] = { { .min_size = 4097, .max_size = 100 },
    { .min_size = 100, .max_size = 4097 }, { .min_size = 3000 }, { .min_size = G_MAXINT } };
  g_autoptr (GlipTestPicture) picture = make_picture (1);
  g_autoptr (GlipPrompt) prompt = glip_test_prompt (glip_test_engine (), "person");
  for (size_t i = 0; i < G_N_ELEMENTS (above); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (glip_engine_detect (
        glip_test_engine (), &picture->image, prompt, &above[i], &error));
    g_assert_error (error, GLIP_ERROR, GLIP_ERROR_UNSUPPORTED);
    g_assert_nonnull (strstr (error->message, "4096"));
  }
}

static void
test_thin_images (void)
{
  static const int sizes[][2] = { { 1, 1 }, { 1, 3000 }, { 3000, 1 }, { 2, 1 }, { 33, 31 },
    { 16384, 1 }, { 1, 16384 } };
  g_autoptr (GlipPrompt) prompt = glip_test_prompt (glip_test_engine (), "person . dog");
  for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (GlipTestPicture) picture =
        glip_test_picture_new (sizes[i][0], sizes[i][1], 6);
    g_autoptr (GlipResult) result =
        glip_test_detect (glip_test_engine (), &picture->image, prompt, &small);
    glip_test_assert_sane (result, prompt, &picture->image, TRUE);
    g_test_message ("%dx%d: %zu", sizes[i][0], sizes[i][1], glip_result_get_count (result));
  }
}

static void
test_bad_images (void)
{
  g_autoptr (GlipTestPicture) picture = make_picture (1);
  g_autoptr (GlipPrompt) prompt = glip_test_prompt (glip_test_engine (), "person");
  const struct {
    GlipImage image;
    const char *words;
  } cases[] = {
    { { GLIP_FORMAT_RGB, 0, 96, { picture->pixels }, { 384 } }, "0x96" },
    { { GLIP_FORMAT_RGB, 128, -1, { picture->pixels }, { 384 } }, "128x-1" },
    { { GLIP_FORMAT_RGB, 16385, 1, { picture->pixels }, { 65536 } }, "16385x1" },
    { { GLIP_FORMAT_RGB, 128, 96, { picture->pixels }, { 383 } }, "stride 383" },
    { { GLIP_FORMAT_RGB, 128, 96, { picture->pixels }, { 0 } }, "stride 0" },
    { { GLIP_FORMAT_RGB, 128, 96, { picture->pixels }, { (size_t) -384 } }, "stride" },
    { { GLIP_FORMAT_RGB, 128, 96, { NULL }, { 384 } }, "plane 0" },
    { { GLIP_FORMAT_I420, 64, 64, { picture->pixels, NULL }, { 64, 32, 32 } }, "plane 1" },
    { { GLIP_FORMAT_NV12, 65, 64, { picture->pixels, picture->pixels }, { 65, 65 } },
        "stride 65 of plane 1" },
    { { GLIP_N_FORMATS, 128, 96, { picture->pixels }, { 384 } }, "format" },
    { { (GlipFormat) -1, 128, 96, { picture->pixels }, { 384 } }, "format -1" },
    { { GLIP_FORMAT_YUY2, 64, 64, { picture->pixels }, { 128 }, (GlipMatrix) 3 }, "matrix 3" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (glip_engine_detect (
        glip_test_engine (), &cases[i].image, prompt, &small, &error));
    g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_IMAGE);
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, cases[i].words));
  }
}

/* -------------------------------------------------------------- lifetimes */

static void
test_lifetimes (void)
{
  g_autoptr (GlipTestPicture) picture = make_picture (7);
  GlipEngine *engine = glip_test_engine_new ("glip-nano");
  g_assert_cmpuint (strlen (glip_engine_get_device (engine)), >, 0);
  GlipPrompt *prompt = glip_test_prompt (engine, "person . red car");
  g_autoptr (GlipResult) expected =
      glip_test_detect (engine, &picture->image, prompt, &small);
  glip_engine_unref (engine); /* the prompt holds it */
  GlipResult *result = glip_test_detect (engine, &picture->image, prompt, &small);
  glip_prompt_unref (prompt);
  g_clear_pointer (&picture, glip_test_picture_free);

  glip_test_assert_same (result, expected);
  g_autoptr (GlipResult) again = glip_result_ref (result);
  glip_result_unref (result);
  g_assert_cmpuint (glip_result_get_count (again), >, 0);
  for (size_t i = 0; i < glip_result_get_count (again); i++) {
    const GlipDetection *d = glip_result_get_detection (again, i);
    g_assert_cmpstr (d->phrase, ==, d->label == 1 ? "person" : "red car");
  }
  g_clear_pointer (&expected, glip_result_unref);

  /* Everything takes NULL. */
  glip_engine_unref (NULL);
  glip_prompt_unref (NULL);
  glip_result_unref (NULL);
  glip_model_unref (NULL);
}

/* A folder for compiled pipelines is made and filled, and what is in it may be anything. */
static void
test_cache (void)
{
  g_autofree char *folder = g_dir_make_tmp ("glip-cache-XXXXXX", NULL);
  g_autofree char *inner = g_build_filename (folder, "pipelines", NULL);
  const GlipEngineOptions options = {
    .device = g_getenv ("GLIP_TEST_DEVICE"),
    .cache_dir = inner,
    .warm_up = TRUE,
  };
  g_autofree char *path = NULL;
  for (int run = 0; run < 2; run++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GlipModel) model =
        glip_model_open (glip_test_model_path ("glip-nano"), &error);
    g_autoptr (GlipEngine) engine = glip_engine_new (model, &options, &error);
    g_assert_no_error (error);
    g_autoptr (GDir) files = g_dir_open (inner, 0, &error);
    g_assert_no_error (error);
    g_clear_pointer (&path, g_free);
    path = g_build_filename (inner, g_dir_read_name (files), NULL);
    g_assert_null (g_dir_read_name (files));
    g_assert_true (g_file_set_contents (path, "rubbish", -1, NULL));
  }
  g_remove (path);
  g_rmdir (inner);
  g_rmdir (folder);
}

/* After a warm-up, a first detection finds every pipeline made. */
static void
test_warm_up (void)
{
  g_autoptr (GError) error = NULL;
  const GlipEngineOptions options = {
    .device = g_getenv ("GLIP_TEST_DEVICE"),
    .warm_up = TRUE,
  };
  g_autoptr (GlipModel) model = glip_model_open (glip_test_model_path ("glip-nano"), &error);
  g_autoptr (GlipEngine) engine = glip_engine_new (model, &options, &error);
  g_assert_no_error (error);
  const guint made = glip_pipelines_get_count (engine->pipelines);
  g_assert_cmpuint (made, >, 0);
  g_autoptr (GlipPrompt) prompt = glip_test_prompt (engine, "cat . dog");
  g_autoptr (GlipTestPicture) picture = make_picture (1);
  g_autoptr (GlipResult) result = glip_test_detect (engine, &picture->image, prompt, &small);
  g_assert_cmpuint (glip_pipelines_get_count (engine->pipelines), ==, made);
}

static void
test_no_device (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GlipModel) model =
      glip_model_open (glip_test_model_path ("glip-nano"), &error);
  g_assert_no_error (error);
  static const char *const wanted[] = { "no such device", "99", "ffff:ffff" };
  for (size_t i = 0; i < G_N_ELEMENTS (wanted); i++) {
    const GlipEngineOptions options = { .device = wanted[i] };
    g_assert_null (glip_engine_new (model, &options, &error));
    g_assert_error (error, GLIP_ERROR, GLIP_ERROR_NO_DEVICE);
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, wanted[i]));
    g_clear_error (&error);
  }
}

static void
add_tests (void)
{
  g_test_add_func ("/engine/separators", test_separators);
  g_test_add_func ("/engine/captions", test_captions);
  g_test_add_func ("/engine/odd-labels", test_odd_labels);
  g_test_add_func ("/engine/passes", test_passes);
  g_test_add_func ("/engine/bad-prompts", test_bad_prompts);
  g_test_add_func ("/engine/cuts", test_cuts);
  g_test_add_func ("/engine/suppression", test_suppression);
  g_test_add_func ("/engine/sizes", test_sizes);
  g_test_add_func ("/engine/thin-images", test_thin_images);
  g_test_add_func ("/engine/bad-images", test_bad_images);
  g_test_add_func ("/engine/lifetimes", test_lifetimes);
  g_test_add_func ("/engine/cache", test_cache);
  g_test_add_func ("/engine/warm-up", test_warm_up);
  g_test_add_func ("/engine/no-device", test_no_device);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  int status = check_main (add_tests);
  glip_test_engines_clear ();
  return status;
}
