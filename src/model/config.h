/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The configuration of a GLIP network: everything that tensor shapes do not say,
 * and what they do say in one place.  It travels in the model file's metadata as
 * JSON ("glip.config"); field names there are the names here.
 */
#ifndef GLIP_CONFIG_H
#define GLIP_CONFIG_H

#include "report.h"

enum {
  GLIP_N_STAGES = 4, /* Swin stages */
  GLIP_N_LEVELS = 5, /* pyramid levels P3 to P7 */
};

/* How the token probabilities of a label become its score (SCORE_AGG). */
typedef enum {
  GLIP_SCORE_MEAN,
  GLIP_SCORE_MAX,
  GLIP_SCORE_POWER,  /* geometric mean */
  GLIP_SCORE_ONEHOT, /* token k is label k */
} GlipScoreAgg;

typedef struct {
  char name[64];
  /* Swin backbone */
  int patch;                 /* 4 */
  int embed_dim;             /* 96 */
  int depths[GLIP_N_STAGES]; /* 2 2 6 2 */
  int heads[GLIP_N_STAGES];  /* 3 6 12 24 */
  int window;                /* 7 */
  double mlp_ratio;          /* 4 */
  /* pyramid and dynamic head */
  int channels;    /* 256 */
  int head_blocks; /* 6 */
  int gn_groups;   /* 16 */
  int num_classes; /* width of the unused cls_logits */
  /* language */
  int vocab;          /* 30522 */
  int max_len;        /* 256 tokens, [CLS] and [SEP] included */
  int bert_layers;    /* 12 */
  int bert_hidden;    /* 768 */
  int bert_heads;     /* 12 */
  int bert_inter;     /* 3072 */
  int bert_positions; /* 512 */
  /* fusion */
  gboolean fusion;
  int fuse_dim;   /* 2048 */
  int fuse_heads; /* 8 */
  double clamp;   /* 50000 */
  /* anchors */
  double anchor_sizes[GLIP_N_LEVELS]; /* 64 ... 1024 */
  int strides[GLIP_N_LEVELS];         /* 8 ... 128 */
  /* preprocessing; B, G, R on 0..255 */
  double pixel_mean[3], pixel_std[3];
  int min_size, max_size; /* 800, 1333 */
  int divisible;          /* 32 */
  /* post-processing */
  GlipScoreAgg score_agg;
  double pre_nms_thresh; /* 0.05 */
  int pre_nms_top_n;     /* 1000 per level */
  double nms_thresh;     /* 0.6 */
  int detections;        /* 100 */
  /* rpn.tunable_linear.weight is present (prompt tuning, spec section 11 of the
   * released code's language_prompt_v2 and v4) */
  gboolean tunable_linear;
} GlipConfig;

/* The released GLIP-T. */
void glip_config_init (GlipConfig *config);

/* Overwrite the fields that `json` names; unknown fields are ignored, a field of
 * the wrong type or an impossible value is an error naming it.  Does not check
 * fields against each other: glip_config_check does.  Errors: BAD_MODEL. */
gboolean glip_config_parse (GlipConfig *config, const char *json, GError **error);

/* Refuse what no kernel could run or what would overflow (all sizes bounded,
 * channels a multiple of 64, heads dividing widths, ...).  Errors: BAD_MODEL. */
gboolean glip_config_check (const GlipConfig *config, GError **error);

/* (transfer full) */
char *glip_config_to_json (const GlipConfig *config);

/* Width of Swin stage `stage`. */
static inline int
glip_config_stage_dim (const GlipConfig *config, int stage)
{
  return config->embed_dim << stage;
}

#endif /* GLIP_CONFIG_H */
