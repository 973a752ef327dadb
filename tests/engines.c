/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "engines.h"

#include "checkpoint.h"
#include "images.h"

#include <math.h>
#include <string.h>

static GHashTable *paths; /* configuration -> model file */
static GlipEngine *shared;

static void
must (gboolean ok, GError *error)
{
  if (!ok)
    g_error ("%s", error->message);
}

/* ---------------------------------------------------------------- engines */

const char *
glip_test_model_path (const char *config)
{
  GError *error = NULL;
  if (!paths)
    paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  const char *known = g_hash_table_lookup (paths, config);
  if (known)
    return known;
  g_autofree char *name = g_strconcat (config, ".safetensors", NULL);
  char *path = glip_scratch_path (name);
  must (glip_test_write_model (path, config, 1, GLIP_GOLDEN "/vocab-2048.txt", &error), error);
  g_hash_table_insert (paths, g_strdup (config), path);
  return path;
}

GlipEngine *
glip_test_engine_new (const char *config)
{
  GError *error = NULL;
  g_autoptr (GlipModel) model = glip_model_open (glip_test_model_path (config), &error);
  must (model != NULL, error);
  const GlipEngineOptions options = {
    .device = g_getenv ("GLIP_TEST_DEVICE"),
    .validation = g_strcmp0 (g_getenv ("GLIP_TEST_VALIDATION"), "1") == 0,
  };
  GlipEngine *engine = glip_engine_new (model, &options, &error);
  must (engine != NULL, error);
  return engine;
}

GlipEngine *
glip_test_engine (void)
{
  if (!shared)
    shared = glip_test_engine_new ("glip-nano");
  return shared;
}

void
glip_test_engines_clear (void)
{
  if (shared)
    g_assert_cmpint (
        g_atomic_int_get (&shared->device->instance->validation_messages), ==, 0);
  g_clear_pointer (&shared, glip_engine_unref);
  g_clear_pointer (&paths, g_hash_table_unref);
  glip_scratch_clear ();
}

/* --------------------------------------------------------------- pictures */

static uint32_t
draw_number (uint32_t *state, uint32_t limit)
{
  *state = *state * 1664525 + 1013904223;
  return (*state >> 8) % limit;
}

GlipTestPicture *
glip_test_picture_new (int width, int height, uint32_t seed)
{
  GlipTestPicture *picture = g_new0 (GlipTestPicture, 1);
  uint32_t state = seed * 2654435761u + 1;
  size_t stride = (size_t) width * 3;
  picture->pixels = g_malloc (stride * (size_t) height);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      for (int c = 0; c < 3; c++)
        picture->pixels[(size_t) y * stride + (size_t) (x * 3 + c)] =
            (uint8_t) (60 * (c + 1) + y * 40 / height - x * 30 / width);
  for (int shape = 0; shape < 7; shape++) {
    int cx = (int) draw_number (&state, (uint32_t) width);
    int cy = (int) draw_number (&state, (uint32_t) height);
    int radius = 4 + (int) draw_number (&state, (uint32_t) MIN (width, height) / 3 + 1);
    uint8_t colour[3];
    for (int c = 0; c < 3; c++)
      colour[c] = (uint8_t) draw_number (&state, 256);
    for (int y = MAX (cy - radius, 0); y < MIN (cy + radius, height); y++)
      for (int x = MAX (cx - radius, 0); x < MIN (cx + radius, width); x++)
        if (shape % 2 || (x - cx) * (x - cx) + (y - cy) * (y - cy) < radius * radius)
          memcpy (picture->pixels + (size_t) y * stride + (size_t) x * 3, colour, 3);
  }
  picture->image = (GlipImage){ .format = GLIP_FORMAT_RGB, .width = width,
    .height = height, .planes = { picture->pixels }, .strides = { stride } };
  return picture;
}

void
glip_test_picture_free (GlipTestPicture *picture)
{
  if (!picture)
    return;
  g_free (picture->pixels);
  g_free (picture);
}

/* -------------------------------------------------------------- detection */

GlipPrompt *
glip_test_prompt (GlipEngine *engine, const char *text)
{
  GError *error = NULL;
  GlipPrompt *prompt = glip_prompt_new (engine, text, &error);
  must (prompt != NULL, error);
  return prompt;
}

GlipResult *
glip_test_detect (GlipEngine *engine, const GlipImage *image, GlipPrompt *prompt,
    const GlipDetectOptions *options)
{
  GError *error = NULL;
  GlipResult *result = glip_engine_detect (engine, image, prompt, options, &error);
  must (result != NULL, error);
  return result;
}

/* ------------------------------------------------------------- comparison */

double
glip_test_overlap (const GlipDetection *a, const GlipDetection *b)
{
  double w = fmin (a->x1, b->x1) - fmax (a->x0, b->x0) + 1;
  double h = fmin (a->y1, b->y1) - fmax (a->y0, b->y0) + 1;
  double both = fmax (w, 0) * fmax (h, 0);
  double area_a = ((double) a->x1 - a->x0 + 1) * ((double) a->y1 - a->y0 + 1);
  double area_b = ((double) b->x1 - b->x0 + 1) * ((double) b->y1 - b->y0 + 1);
  return both / (area_a + area_b - both);
}

void
glip_test_assert_same (GlipResult *a, GlipResult *b)
{
  g_assert_cmpuint (glip_result_get_count (a), ==, glip_result_get_count (b));
  for (size_t i = 0; i < glip_result_get_count (a); i++) {
    const GlipDetection *x = glip_result_get_detection (a, i);
    const GlipDetection *y = glip_result_get_detection (b, i);
    if (x->label != y->label || x->score != y->score || x->x0 != y->x0 || x->y0 != y->y0 ||
        x->x1 != y->x1 || x->y1 != y->y1)
      g_error ("detection %zu: label %d, score %.9g, box %.9g %.9g %.9g %.9g instead of label "
               "%d, score %.9g, box %.9g %.9g %.9g %.9g",
          i, x->label, (double) x->score, (double) x->x0, (double) x->y0, (double) x->x1,
          (double) x->y1, y->label, (double) y->score, (double) y->x0, (double) y->y0,
          (double) y->x1, (double) y->y1);
  }
}

typedef struct {
  double iou, score, worst_iou, worst_score;
} Match;

/* Detections of `a` that have no counterpart in `b` though they lie above the end. */
static void
match (GlipResult *a, GlipResult *b, Match *match)
{
  size_t n = glip_result_get_count (b);
  g_autofree gboolean *taken = g_new0 (gboolean, n + 1);
  double end = n ? glip_result_get_detection (b, n - 1)->score : 0;
  for (size_t i = 0; i < glip_result_get_count (a); i++) {
    const GlipDetection *x = glip_result_get_detection (a, i);
    double best_iou = match->iou;
    size_t best = n;
    for (size_t j = 0; j < n; j++) {
      const GlipDetection *y = glip_result_get_detection (b, j);
      double iou = glip_test_overlap (x, y);
      if (!taken[j] && x->label == y->label && iou >= best_iou &&
          fabs ((double) x->score - y->score) <= match->score) {
        best = j;
        best_iou = iou;
      }
    }
    if (best < n) {
      const GlipDetection *y = glip_result_get_detection (b, best);
      taken[best] = TRUE;
      match->worst_iou = fmin (match->worst_iou, best_iou);
      match->worst_score =
          fmax (match->worst_score, fabs ((double) x->score - y->score));
    } else if (x->score > end + match->score) {
      g_error ("no counterpart of detection %zu of %zu: label %d, score %g, box %g %g %g %g",
          i, glip_result_get_count (a), x->label, (double) x->score, (double) x->x0,
          (double) x->y0, (double) x->x1, (double) x->y1);
    }
  }
}

void
glip_test_assert_near (GlipResult *a, GlipResult *b, double iou, double score)
{
  Match both = { iou, score, 1, 0 };
  g_assert_cmpuint (glip_result_get_count (a), >, 0);
  match (a, b, &both);
  match (b, a, &both);
  g_test_message ("overlap at least %.6f, scores within %.2g", both.worst_iou,
      both.worst_score);
}

void
glip_test_assert_sane (GlipResult *result, GlipPrompt *prompt, const GlipImage *image,
    gboolean exact_spans)
{
  const char *text = glip_prompt_get_text (prompt);
  float last = 1;
  for (size_t i = 0; i < glip_result_get_count (result); i++) {
    const GlipDetection *d = glip_result_get_detection (result, i);
    g_assert_cmpint (d->label, >=, 1);
    g_assert_cmpint (d->label, <=, (int) glip_prompt_get_n_labels (prompt));
    g_assert_cmpstr (d->phrase, ==, glip_prompt_get_phrase (prompt, d->label));
    g_assert_cmpfloat (d->score, >, 0);
    g_assert_cmpfloat (d->score, <=, last);
    last = d->score;
    g_assert_true (0 <= d->x0 && d->x0 <= d->x1 && d->x1 <= (float) image->width);
    g_assert_true (0 <= d->y0 && d->y0 <= d->y1 && d->y1 <= (float) image->height);
    g_assert_cmpuint (d->span_begin, <=, d->span_end);
    g_assert_cmpuint (d->span_end, <=, strlen (text));
    if (!exact_spans)
      continue;
    g_autofree char *words = g_strndup (text + d->span_begin, d->span_end - d->span_begin);
    g_assert_cmpstr (words, ==, d->phrase);
  }
}
