/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What has been recorded so far: the text encoder per token count, the image network
 * per input size, the head per size and token count, the preprocessing per source
 * format.  A frame of a known kind only fills buffers and submits.  The least recently
 * used go when there are too many, so a program that sees many sizes does not grow.
 */
#ifndef GLIP_PLANS_H
#define GLIP_PLANS_H

#include "model/network.h"
#include "ops/preprocess.h"
#include "text/prompt.h"

typedef struct _GlipPlans GlipPlans;

/* The text encoder for one token count. */
typedef struct {
  uint32_t tokens;
  GlipBuffer *input;  /* mapped: see glip_text_plan_fill */
  GlipBuffer *output; /* mapped: hidden [tokens, hidden] */
  GlipPlan *plan;
  GlipTrace *trace; /* or NULL */
} GlipTextPlan;

/* Swin and FPN for one input size; everything that depends on the size hangs here. */
typedef struct {
  int width, height; /* padded */
  GlipBuffer *patches;
  GlipTensor features; /* the pyramid P3 to P7, kept */
  GlipPlan *plan;
  GlipTrace *trace;
  GPtrArray *preprocess; /* of GlipPreprocess entries */
  GPtrArray *heads;      /* of GlipHeadPlan */
} GlipImagePlan;

/* The head and the selection of candidates for one size and token count. */
typedef struct {
  uint32_t tokens;
  GlipBuffer *input;  /* mapped: see glip_head_plan_fill */
  GlipBuffer *output; /* mapped: the top_k result */
  GlipTensor label_scores; /* kept when traced */
  GlipPlan *plan;
  GlipTrace *trace;
  guint64 filled_with; /* which pass of which prompt the input holds; 0: none */
} GlipHeadPlan;

/* With `traced`, everything is recorded with taps.  Borrows all arguments. */
GlipPlans *glip_plans_new (GlipDevice *device, GlipPipelines *pipelines,
    const GlipNetwork *network, gboolean traced);
void glip_plans_free (GlipPlans *plans);

/* The count that `tokens` is rounded up to, so that few plans exist. */
uint32_t glip_plans_round_tokens (uint32_t tokens);

/* Find or record.  (transfer none), valid until the next call for the same kind of
 * plan.  Errors: OUT_OF_MEMORY, UNSUPPORTED. */
GlipTextPlan *glip_plans_get_text (GlipPlans *plans, uint32_t tokens, GError **error);
GlipImagePlan *glip_plans_get_image (GlipPlans *plans, int width, int height, GError **error);
GlipPreprocess *glip_plans_get_preprocess (GlipPlans *plans, GlipImagePlan *image,
    const GlipPreprocessKey *key, GError **error);
GlipHeadPlan *glip_plans_get_head (
    GlipPlans *plans, GlipImagePlan *image, uint32_t tokens, GError **error);

/* Write the token ids of a pass; padding gets `pad`. */
void glip_text_plan_fill (GlipTextPlan *text, const GlipPass *pass, int pad);
/* Write labels and encoded text (`hidden` floats [tokens of the plan, hidden]). */
void glip_head_plan_fill (
    GlipHeadPlan *head, const GlipPass *pass, const float *hidden, uint32_t width);

/* Bytes of the shared activations. */
size_t glip_plans_get_arena_bytes (GlipPlans *plans);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipPlans, glip_plans_free)

#endif /* GLIP_PLANS_H */
