/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What tests of the library's interface share: engines with generated weights,
 * pictures, detection that must work, comparison of results.
 */
#ifndef GLIP_TEST_ENGINES_H
#define GLIP_TEST_ENGINES_H

#include "engine.h"

/* A model file of a configuration of checkpoint.h, written once.  (transfer none) */
const char *glip_test_model_path (const char *config);
/* A new engine for it, on the tests' device.  (transfer full) */
GlipEngine *glip_test_engine_new (const char *config);
/* The same one on every call.  (transfer none) */
GlipEngine *glip_test_engine (void);
/* Free all that; validation messages end the test.  Call after the tests. */
void glip_test_engines_clear (void);

/* Discs and rectangles on a gradient, RGB, rows without padding. */
typedef struct {
  GlipImage image;
  uint8_t *pixels;
} GlipTestPicture;

GlipTestPicture *glip_test_picture_new (int width, int height, uint32_t seed);
void glip_test_picture_free (GlipTestPicture *picture);

/* These end the test when the library reports an error.  (transfer full) */
GlipPrompt *glip_test_prompt (GlipEngine *engine, const char *text);
GlipResult *glip_test_detect (GlipEngine *engine, const GlipImage *image,
    GlipPrompt *prompt, const GlipDetectOptions *options);

/* Inclusive corners, as in detections. */
double glip_test_overlap (const GlipDetection *a, const GlipDetection *b);
/* Label, score and corners equal in every bit. */
void glip_test_assert_same (GlipResult *a, GlipResult *b);
/* Every detection has a counterpart of its own in the other result: same label, an
 * overlap of at least `iou`, scores at most `score` apart; only the ends of the lists,
 * within `score` of the last one, may differ. */
void glip_test_assert_near (GlipResult *a, GlipResult *b, double iou, double score);
/* Sorted, scores in 0 to 1, corners in order and inside the picture, phrase and label
 * of the prompt; with `exact_spans`, the span's text is the phrase. */
void glip_test_assert_sane (GlipResult *result, GlipPrompt *prompt, const GlipImage *image,
    gboolean exact_spans);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipTestPicture, glip_test_picture_free)

#endif /* GLIP_TEST_ENGINES_H */
