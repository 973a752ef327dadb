/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * From a picture in the caller's memory to the input of the patch embedding: colour
 * conversion, resampling, normalisation, padding.  Recorded once for a source format
 * and size; a frame then costs one copy of its rows.  Pictures too large to be on the
 * device at once go by strips of target rows.
 */
#ifndef GLIP_OPS_PREPROCESS_H
#define GLIP_OPS_PREPROCESS_H

#include "glip.h"
#include "ops/tensor.h"
#include "vulkan/plan.h"

/* Everything the recording depends on. */
typedef struct {
  GlipFormat format;
  int width, height; /* of the picture, as glip_image_check lets them pass */
  GlipMatrix matrix;
  gboolean full_range;
  GlipResize resize;
  int target_width, target_height; /* after resampling, at least 1 */
  int padded_width, padded_height; /* the network's input, not smaller */
  float mean[3], std[3];           /* B, G, R on 0..255 */
  size_t strip_bytes;              /* limit for the upload of a strip; 32 MiB when 0 */
} GlipPreprocessKey;

gboolean glip_preprocess_key_equal (const GlipPreprocessKey *a, const GlipPreprocessKey *b);

/* Rows of the destination: patches of 4x4 pixels, row-major.  Its 48 columns are
 * (row in patch * 4 + column in patch) * 3 + channel, channels B, G, R, normalised;
 * pixels outside the resized picture are 0. */
uint32_t glip_preprocess_patches (const GlipPreprocessKey *key);

typedef struct _GlipPreprocess GlipPreprocess;

/* `destination` [patches, 48] lies in a buffer of the caller's that outlives this, as
 * `arena` does.  (transfer full)  Errors: UNSUPPORTED when one row of the target needs
 * more of the source than the device can bind, OUT_OF_MEMORY. */
GlipPreprocess *glip_preprocess_new (GlipDevice *device, GlipPipelines *pipelines,
    GlipArena *arena, const GlipPreprocessKey *key, GlipTensor destination, GError **error);
void glip_preprocess_free (GlipPreprocess *preprocess);

/* Take in a picture that passed glip_image_check and fits the key (asserted): all
 * strips but the last are processed at once, the last is uploaded and its plan
 * returned.  Running that plan, alone or ahead of the network in one submission,
 * completes the destination; `image` is not read any more.  (transfer none)
 * Errors: DEVICE_LOST, OUT_OF_MEMORY. */
GlipPlan *glip_preprocess_begin (
    GlipPreprocess *preprocess, const GlipImage *image, GError **error);

guint glip_preprocess_get_n_strips (GlipPreprocess *preprocess);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipPreprocess, glip_preprocess_free)

#endif /* GLIP_OPS_PREPROCESS_H */
