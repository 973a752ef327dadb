/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Everything runs over one list sorted by falling score.  Suppression then only
 * ever compares a box with the boxes already kept, and may stop at the cap: with
 * 100 detections a few thousand candidates cost a few hundred thousand overlaps
 * instead of millions, and the result is exactly that of suppressing all first.
 */
#include "model/postprocess.h"

#include <math.h>

/* log (1000 / 16): a box grows at most this much beyond its anchor. */
#define MAX_LOG_SCALE 4.135166556742356

typedef struct {
  GlipBox box;
  guint index; /* place in the order P3..P7, best first: decides between equals */
} Ranked;

static gboolean
is_usable (const GlipCandidate *candidate, const GlipPostprocess *geometry)
{
  if (candidate->level >= GLIP_N_LEVELS || !(candidate->score >= 0))
    return FALSE;
  for (int i = 0; i < 4; i++)
    if (isnan (candidate->delta[i]))
      return FALSE;

  int64_t width = geometry->level_width[candidate->level];
  int64_t height = geometry->level_height[candidate->level];
  return width > 0 && height > 0 && candidate->position < width * height;
}

static int
compare_candidates (const void *first, const void *second)
{
  const GlipCandidate *a = first, *b = second;
  if (a->level != b->level)
    return a->level < b->level ? -1 : 1;
  if (a->score != b->score)
    return a->score > b->score ? -1 : 1;
  if (a->position != b->position)
    return a->position < b->position ? -1 : 1;
  return (a->label > b->label) - (a->label < b->label);
}

static int
compare_ranked (const void *first, const void *second)
{
  const Ranked *a = first, *b = second;
  if (a->box.score != b->box.score)
    return a->box.score > b->box.score ? -1 : 1;
  return (a->index > b->index) - (a->index < b->index);
}

/* One axis: the anchor's centre lies in the middle of its cell, and a box of n
 * pixels spans [centre - (n - 1) / 2, centre + (n - 1) / 2]. */
static void
decode_axis (float shift, float log_scale, int cell, int stride, float anchor_size,
    int limit, float *low, float *high)
{
  float centre = (float) cell * (float) stride + 0.5f * (float) (stride - 1);
  centre += shift / 10.0f * anchor_size;
  float size = expf (fminf (log_scale / 5.0f, (float) MAX_LOG_SCALE)) * anchor_size;
  float half = 0.5f * (size - 1.0f);
  float last = (float) MAX (limit - 1, 0);

  *low = CLAMP (centre - half, 0.0f, last);
  *high = CLAMP (centre + half, 0.0f, last);
}

static void
decode (const GlipConfig *config, const GlipPostprocess *geometry,
    const GlipCandidate *candidate, GlipBox *box)
{
  uint32_t level = candidate->level;
  uint32_t level_width = (uint32_t) geometry->level_width[level];
  int x = (int) (candidate->position % level_width);
  int y = (int) (candidate->position / level_width);
  float size = (float) config->anchor_sizes[level];
  int stride = config->strides[level];

  decode_axis (candidate->delta[0], candidate->delta[2], x, stride, size,
      geometry->width, &box->box[0], &box->box[2]);
  decode_axis (candidate->delta[1], candidate->delta[3], y, stride, size,
      geometry->height, &box->box[1], &box->box[3]);

  box->score = sqrtf (candidate->score);
  box->label = candidate->label;
  box->position = candidate->position;
  for (uint32_t i = 0; i < level; i++)
    box->position +=
        (uint32_t) geometry->level_width[i] * (uint32_t) geometry->level_height[i];
}

static float
extent (float low, float high)
{
  return fmaxf (high - low + 1.0f, 0.0f);
}

/* Intersection over union with inclusive corners.  Two empty boxes give 0 / 0,
 * which compares as "not above": they do not suppress each other. */
static gboolean
overlaps (const GlipBox *a, const GlipBox *b, float threshold)
{
  const float *p = a->box, *q = b->box;
  float common = extent (fmaxf (p[0], q[0]), fminf (p[2], q[2])) *
                 extent (fmaxf (p[1], q[1]), fminf (p[3], q[3]));
  float area_a = (p[2] - p[0] + 1.0f) * (p[3] - p[1] + 1.0f);
  float area_b = (q[2] - q[0] + 1.0f) * (q[3] - q[1] + 1.0f);
  return common / (area_a + area_b - common) > threshold;
}

static gboolean
is_suppressed (const GlipBox *box, const GArray *kept, float threshold)
{
  for (guint i = 0; i < kept->len; i++) {
    const GlipBox *better = &g_array_index (kept, GlipBox, i);
    if (better->label == box->label && overlaps (better, box, threshold))
      return TRUE;
  }
  return FALSE;
}

static GArray *
suppress (const GArray *ranked, const GlipPostprocess *geometry)
{
  GArray *kept = g_array_new (FALSE, FALSE, sizeof (GlipBox));
  guint cap = geometry->max_detections > 0 ? (guint) geometry->max_detections : G_MAXUINT;

  for (guint i = 0; i < ranked->len; i++) {
    const GlipBox *box = &g_array_index (ranked, Ranked, i).box;
    if (kept->len >= cap && box->score < g_array_index (kept, GlipBox, cap - 1).score)
      break;
    if (!is_suppressed (box, kept, (float) geometry->nms_threshold))
      g_array_append_vals (kept, box, 1);
  }
  return kept;
}

GArray *
glip_postprocess (const GlipConfig *config, const GlipPostprocess *geometry,
    GlipCandidate *candidates, size_t n_candidates)
{
  g_autoptr (GArray) ranked = g_array_new (FALSE, FALSE, sizeof (Ranked));
  size_t n_usable = 0;

  /* First, because a comparison with NaN has no order to sort by. */
  for (size_t i = 0; i < n_candidates; i++)
    if (is_usable (&candidates[i], geometry))
      candidates[n_usable++] = candidates[i];
  if (n_usable > 0)
    qsort (candidates, n_usable, sizeof *candidates, compare_candidates);

  int taken = 0;
  for (size_t i = 0; i < n_usable; i++) {
    taken = i > 0 && candidates[i].level == candidates[i - 1].level ? taken + 1 : 0;
    if (taken >= config->pre_nms_top_n)
      continue;
    Ranked next = { .index = ranked->len };
    decode (config, geometry, &candidates[i], &next.box);
    g_array_append_val (ranked, next);
  }
  g_array_sort (ranked, compare_ranked);

  return suppress (ranked, geometry);
}

void
glip_resize_target (int width, int height, int min_size, int max_size, int *out_width,
    int *out_height)
{
  double low = MAX (MIN (width, height), 1);
  double high = MAX (MAX (width, height), 1);
  double size = MAX (min_size, 1);
  double limit = MAX (max_size, 1);
  gboolean portrait = width < height;

  /* Python's round (): ties go to the even number, as rint () does. */
  if (high / low * size > limit)
    size = rint (limit * low / high);

  double other = trunc (size * high / low);
  if (size < 1) {
    /* Longer than the limit to one pixel: no ratio is left to keep. */
    size = 1;
    other = limit;
  } else if (size == low) {
    other = high;
  }

  other = MIN (other, (double) G_MAXINT);
  *out_width = (int) (portrait ? size : other);
  *out_height = (int) (portrait ? other : size);
}
