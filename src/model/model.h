/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The parts of GLIP (Li et al., CVPR 2022): their weights on the device, how they are
 * loaded from the released names, and how they compute.  Each part's file reads like
 * its paper; docs/model.md maps section, PyTorch module, file and function.
 *
 * Maps are [H W, channels], the pyramid P3 to P7 is one tensor [N, channels]; texts are
 * [tokens, hidden] where only the first `real_tokens` (a uint in device memory) are words
 * and the rest is padding.
 */
#ifndef GLIP_MODEL_PARTS_H
#define GLIP_MODEL_PARTS_H

#include "model/loader.h"
#include "model/trace.h"

/* ------------------------------------------ swin.c: Liu et al., ICCV 2021 */

typedef struct {
  GlipNorm norm1, norm2;
  GlipLinear qkv; /* the query's rows scaled */
  GlipLinear projection, fc1, fc2;
  GlipWindowAttention attention;
} GlipSwinBlock;

typedef struct {
  int n_blocks;
  GlipSwinBlock *blocks;
  GlipNorm merge_norm;  /* patch merging after the stage, but the last */
  GlipLinear reduction;
  GlipNorm out_norm;    /* of the map that leaves, but the first stage's */
} GlipSwinStage;

typedef struct {
  GlipLinear patch_embed; /* 4x4 stride 4 convolution as a product over patches */
  GlipNorm patch_norm;
  GlipSwinStage stages[GLIP_N_STAGES];
} GlipSwin;

void glip_swin_load (GlipSwin *swin, GlipLoader *loader, const GlipConfig *config);
void glip_swin_clear (GlipSwin *swin);
/* Patches [H/4 W/4, 48] (a map) -> C3, C4, C5 at strides 8, 16, 32. */
void glip_swin_forward (
    GlipGraph *graph, const GlipSwin *swin, GlipTensor patches, GlipTensor out[3]);

/* ------------------------------------------- fpn.c: Lin et al., CVPR 2017 */

typedef struct {
  GlipLinear inner[3]; /* fpn_inner2, 3, 4 */
  GlipConv layer[3];   /* fpn_layer2, 3, 4 */
  GlipConv p6, p7;
} GlipFpn;

void glip_fpn_load (GlipFpn *fpn, GlipLoader *loader, const GlipConfig *config);
/* C3, C4, C5 -> the pyramid P3 to P7. */
GlipTensor glip_fpn_forward (GlipGraph *graph, const GlipFpn *fpn, const GlipTensor maps[3]);

/* -------------------------------------------- bert.c: Devlin et al., 2019 */

typedef struct {
  GlipLinear qkv; /* attention.self.query (scaled), key, value */
  GlipLinear dense, intermediate, output;
  GlipNorm attention_norm, output_norm;
  uint32_t heads;
} GlipBertLayer;

typedef struct {
  GlipTensor words, positions, types;
  GlipNorm norm;
  GlipBertLayer *layers;
  int n_layers;
  GlipTensor tunable; /* rpn.tunable_linear.weight, or none */
} GlipBert;

void glip_bert_layer_load (GlipBertLayer *layer, GlipLoader *loader, const GlipConfig *config,
    const char *prefix);
/* One post-norm encoder layer; with limit > 0 scores and activations are clamped, as
 * in the layers inside the head. */
GlipTensor glip_bert_layer_forward (GlipGraph *graph, const GlipBertLayer *layer, GlipTensor x,
    GlipTensor real_tokens, float limit);

void glip_bert_load (GlipBert *bert, GlipLoader *loader, const GlipConfig *config);
void glip_bert_clear (GlipBert *bert);
/* ids [1, tokens] -> hidden [tokens, hidden], prompt tuning added. */
GlipTensor glip_bert_forward (
    GlipGraph *graph, const GlipBert *bert, GlipTensor ids, GlipTensor real_tokens);

/* -------------------- fusion.c: GLIP section 3.2, deep language-image fusion */

typedef struct {
  uint32_t heads, channels, hidden;
  float limit;
  GlipNorm norm_v, norm_l;
  /* Heads stacked, `outputs` being those of one: A_h = Wq_h^T (Wk_h l + bk_h) / sqrt (d)
   * and as one output more c_h = bq_h . (Wk_h l + bk_h) / sqrt (d);
   * M_h = gamma_v Wov_h (Wvl_h l + bvl_h). */
  GlipLinear key, value;
  GlipTensor image_bias;  /* gamma_v bov */
  GlipLinear text_output; /* sum_h gamma_l Wol_h Wvv_h Y_h + constant */
} GlipFusion;

/* Fold the projections of one VLFuse block (spec 13c); the products run on the device. */
void glip_fusion_load (
    GlipFusion *fusion, GlipLoader *loader, const GlipConfig *config, const char *prefix);
/* Both directions of the cross-attention; `image` and `text` are replaced. */
void glip_fusion_forward (GlipGraph *graph, const GlipFusion *fusion, GlipTensor *image,
    GlipTensor *text, GlipTensor real_tokens);

/* ---------------------------------- dyhead.c: Dai et al., CVPR 2021, and DCNv2 */

typedef struct {
  GlipConv offset; /* 27 outputs: 18 offsets, 9 mask logits */
  GlipConv convs;  /* one above another by BRANCH_...: from the level itself, the finer,
                    * the coarser one */
  GlipDynamicRelu dynamic_relu;
} GlipDyConv;

void glip_dyconv_load (
    GlipDyConv *dyconv, GlipLoader *loader, const GlipConfig *config, const char *prefix);
/* Pyramid -> pyramid; `block` names the taps. */
GlipTensor glip_dyconv_forward (
    GlipGraph *graph, const GlipDyConv *dyconv, GlipTensor x, int block);

/* ------------------- head.c: the tower, and GLIP section 3.1, word-region alignment */

typedef struct {
  const GlipConfig *config;
  int n_blocks;
  GlipFusion *fusion;    /* NULL without fusion */
  GlipBertLayer *text;   /* NULL without fusion */
  GlipDyConv *dyconv;
  /* dot_product_projection_text, halved, over exp (log_scale); then bias_lang, bias0 */
  GlipLinear projection;
  GlipLinear regression; /* bbox_pred, centerness */
  float log_scale, box_scale[GLIP_N_LEVELS];
} GlipHead;

typedef struct {
  GlipTensor logits;     /* [N, tokens] */
  GlipTensor regression; /* [N, 5]: dx, dy, dw, dh, to be multiplied by the level's
                          * box_scale, and centerness */
} GlipHeadOutput;

void glip_head_load (GlipHead *head, GlipLoader *loader, const GlipConfig *config);
void glip_head_clear (GlipHead *head);
GlipHeadOutput glip_head_forward (GlipGraph *graph, const GlipHead *head,
    GlipTensor features, GlipTensor text, GlipTensor real_tokens);

#endif /* GLIP_MODEL_PARTS_H */
