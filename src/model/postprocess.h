/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * From the candidates the GPU kept to boxes: anchors, decoding, clipping, label-wise
 * suppression, the cap, and the way back to the original image (GLIP follows ATSS,
 * Zhang et al., CVPR 2020).  Plain C on at most a few thousand candidates.
 */
#ifndef GLIP_POSTPROCESS_H
#define GLIP_POSTPROCESS_H

#include "model/config.h"

/* A location and label whose score passed the threshold. */
typedef struct {
  uint32_t level;    /* 0 to 4 */
  uint32_t position; /* y * width + x in its level */
  uint32_t label;    /* from 0, in its pass */
  float score;       /* class score * sigmoid (centerness), not yet its root */
  float delta[4];    /* dx, dy, dw, dh after the level's scale */
} GlipCandidate;

/* A detection in pixels of the network's input before padding. */
typedef struct {
  float box[4];      /* x0, y0, x1, y1, inclusive */
  float score;
  uint32_t label;    /* from 0, in its pass */
  uint32_t position; /* index into the concatenated P3..P7 grid */
} GlipBox;

typedef struct {
  int width, height;                /* resized image, before padding */
  int level_width[GLIP_N_LEVELS];   /* feature map sizes */
  int level_height[GLIP_N_LEVELS];
  double nms_threshold;
  int max_detections;               /* ties with the last are kept; 0: no cap */
} GlipPostprocess;

/* Keep the config's pre_nms_top_n best of every level (ties: lower position, then
 * lower label), decode, clip, suppress, cap; sorted by falling score.  Reorders and
 * overwrites `candidates`.  A candidate with a NaN, a negative score or a place outside
 * the maps is dropped.  Returns an array of GlipBox.  (transfer full) */
GArray *glip_postprocess (const GlipConfig *config, const GlipPostprocess *geometry,
    GlipCandidate *candidates, size_t n_candidates);


/* The evaluation's size rule: short side to `min_size`; or, when that takes the long
 * side past `max_size`, the short side is rounded for a long side of `max_size`.  That
 * rounding is the reference's and can leave the long side past `max_size` by its
 * share (47x200 to 120/250 gives 59x251); when it leaves no pixel at all, the result
 * is `max_size` by 1.  At least one pixel, for any arguments. */
void glip_resize_target (int width, int height, int min_size, int max_size,
    int *out_width, int *out_height);

#endif /* GLIP_POSTPROCESS_H */
