/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * How the tokens of a label become its score, end to end: the four aggregations on one
 * picture, each against a plain evaluation of the traced token logits.
 */
#include "check.h"
#include "engines.h"
#include "images.h"
#include "model/safetensors.h"

#include <math.h>

static const GlipDetectOptions small = { .min_size = 96, .max_size = 128 };
/* Labels of one, of two and of several tokens. */
#define PROMPT "person . traffic light . a very large red car"

static float *
read_tensor (GlipSafetensors *file, const char *name, int level, const GlipStored **stored)
{
  g_autofree char *full = g_strdup_printf ("%s.p%d", name, level + 3);
  *stored = glip_safetensors_lookup (file, full);
  g_assert_nonnull (*stored);
  float *values = g_new (float, (*stored)->n_elements);
  glip_stored_read (*stored, 0, (*stored)->n_elements, values);
  return values;
}

static double
aggregate (GlipScoreAgg how, const float *logits, const GlipPass *pass, int label)
{
  double sum = 0, largest = 0, product = 1;
  int begin = pass->label_offsets[label], end = pass->label_offsets[label + 1];
  if (how == GLIP_SCORE_ONEHOT) /* label j is token j, [CLS] being 0 */
    return 1 / (1 + exp (-(double) logits[label]));
  for (int i = begin; i < end; i++) {
    double probability = 1 / (1 + exp (-(double) logits[pass->label_tokens[i]]));
    sum += probability;
    largest = fmax (largest, probability);
    product *= probability;
  }
  if (how == GLIP_SCORE_MAX)
    return largest;
  return how == GLIP_SCORE_POWER ? pow (product, 1.0 / (end - begin)) : sum / (end - begin);
}

/* Returns the sum of all label scores. */
static double
check_scores (GlipScoreAgg how, GlipSafetensors *file, const GlipPass *pass)
{
  double total = 0;
  for (int level = 0; level < GLIP_N_LEVELS; level++) {
    const GlipStored *logits_shape, *scores_shape;
    g_autofree float *logits = read_tensor (file, "head.logits", level, &logits_shape);
    g_autofree float *scores = read_tensor (file, "post.label_scores", level, &scores_shape);
    size_t n = scores_shape->n_elements, n_labels = (size_t) pass->n_labels;
    size_t tokens = (size_t) logits_shape->dims[2];
    g_autofree float *expected = g_new (float, n);
    g_assert_cmpint (scores_shape->dims[0], ==, logits_shape->dims[1]);
    g_assert_cmpint (scores_shape->dims[1], ==, pass->n_labels);
    for (size_t i = 0; i < n; i++) {
      expected[i] = (float) aggregate (
          how, logits + i / n_labels * tokens, pass, (int) (i % n_labels));
      total += scores[i];
    }
    check_close ("label scores", scores, expected, n, TOLERANCE_FUNCTION);
  }
  return total;
}

static void
test_aggregations (void)
{
  static const struct {
    const char *config;
    GlipScoreAgg how;
  } cases[] = {
    { "glip-nano", GLIP_SCORE_MEAN },
    { "glip-nano-max", GLIP_SCORE_MAX },
    { "glip-nano-power", GLIP_SCORE_POWER },
    { "glip-nano-onehot", GLIP_SCORE_ONEHOT },
  };
  double totals[G_N_ELEMENTS (cases)];
  g_autoptr (GlipTestPicture) picture = glip_test_picture_new (128, 96, 1);
  g_autofree char *path = glip_scratch_path ("trace.safetensors");
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    GError *error = NULL;
    g_autoptr (GlipEngine) engine = glip_test_engine_new (cases[i].config);
    g_assert_cmpint (glip_model_get_config (engine->model)->score_agg, ==, cases[i].how);
    g_autoptr (GlipPrompt) prompt = glip_test_prompt (engine, PROMPT);
    g_autoptr (GlipResult) traced = glip_engine_detect_traced (
        engine, &picture->image, prompt, &small, path, &error);
    g_assert_no_error (error);
    g_autoptr (GlipResult) plain =
        glip_test_detect (engine, &picture->image, prompt, &small);
    glip_test_assert_same (traced, plain);
    glip_test_assert_sane (plain, prompt, &picture->image, TRUE);
    g_assert_cmpuint (glip_result_get_count (plain), >, 10);
    g_autoptr (GlipSafetensors) file = glip_safetensors_open (path, &error);
    g_assert_no_error (error);
    totals[i] = check_scores (cases[i].how, file, g_ptr_array_index (prompt->text->passes, 0));
  }
  /* The largest is at least the mean, which is at least the geometric mean. */
  g_test_message ("totals %g, %g, %g, %g", totals[0], totals[1], totals[2], totals[3]);
  g_assert_cmpfloat (totals[1], >, totals[0] * 1.01);
  g_assert_cmpfloat (totals[0], >, totals[2] * 1.01);
  g_assert_cmpfloat (fabs (totals[3] - totals[0]), >, totals[0] * 0.01);
}

static void
add_tests (void)
{
  g_test_add_func ("/aggregations", test_aggregations);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  int status = check_main (add_tests);
  glip_test_engines_clear ();
  return status;
}
