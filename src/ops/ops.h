/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Every operator on one page.  An operator checks its shapes (asserted: nothing a
 * file or user can say reaches one with wrong shapes), allocates its result and
 * records its dispatches.  It never fails: errors stick in the recorder.
 */
#ifndef GLIP_OPS_H
#define GLIP_OPS_H

#include "interface.h"
#include "ops/tensor.h"

/* ------------------------------------------------- gemm: matrix products */

/* The general product, see shaders/gemm_tiles.comp; `args` says everything about the
 * memory layout of a, b, c.  `bias` and `residual` (laid out as c) may be absent. */
typedef struct {
  GlipTensor a, b, c, bias, residual;
  struct GemmArgs args;
  uint32_t batches; /* 1 when 0 */
} GlipGemm;
void glip_gemm (GlipGraph *graph, const GlipGemm *gemm);

/* A linear layer whose weight [outputs, inputs] was packed by glip_linear_pack. */
typedef struct {
  GlipTensor weight, bias; /* bias may be absent */
  uint32_t inputs, outputs;
} GlipLinear;

typedef struct {
  gboolean gelu;
  float limit;         /* clamp to +-limit when > 0, before and after GELU */
  GlipTensor residual; /* [rows, outputs], added last */
  gboolean operand;    /* only products will read the result: glip_tensor_new_operand */
  GlipTensor out;      /* write here instead of into a new tensor */
} GlipLinearOptions;

/* y = epilogue (x W^T + b): [rows, inputs] -> [rows, outputs].  `options` may be
 * NULL.  The result is a map or pyramid when x is one. */
GlipTensor glip_linear (
    GlipGraph *graph, GlipTensor x, const GlipLinear *linear, const GlipLinearOptions *options);

/* Floats of a packed weight, and the packing itself: [outputs, inputs] to
 * [panels][inputs][GLIP_PANEL], missing columns zero. */
size_t glip_linear_packed_floats (uint32_t outputs, uint32_t inputs);
void glip_linear_pack (
    float *packed, const float *weight, uint32_t outputs, uint32_t inputs);

/* ------------------------------------------------ layer_norm: over columns */

typedef struct {
  GlipTensor weight, bias; /* [1, columns] */
  float epsilon;
} GlipNorm;

typedef struct {
  float limit;      /* clamp to +-limit when > 0 */
  gboolean operand; /* only products will read the result: glip_tensor_new_operand */
} GlipNormOptions;

/* (x - mean) / sqrt (variance + epsilon) * weight + bias for every row, with the
 * biased two-pass variance.  `options` may be NULL. */
GlipTensor glip_layer_norm (
    GlipGraph *graph, GlipTensor x, const GlipNorm *norm, const GlipNormOptions *options);

/* -------------------------------- conv2d: 3x3, one pixel of zero padding */

typedef struct {
  GlipTensor weight, bias; /* packed by glip_conv_pack; [1, outputs] */
  uint32_t inputs, outputs;
} GlipConv;

typedef struct {
  uint32_t stride;      /* 1 or 2; 0 means 1 */
  gboolean relu_input;  /* max (x, 0) before the convolution */
  GlipTensor out;       /* write here instead of into a new tensor */
} GlipConvOptions;

/* Map [H W, inputs] -> map [ceil (H / stride) ceil (W / stride), outputs]; with stride 1
 * also a pyramid -> a pyramid of the same sizes. */
GlipTensor glip_conv2d (
    GlipGraph *graph, GlipTensor x, const GlipConv *conv, const GlipConvOptions *options);
/* [outputs][inputs][3][3] to [panels][9][inputs][GLIP_PANEL], a linear layer over the
 * nine neighbours' channels, packed; behind it zeros, as many as a neighbour off the map
 * has channels. */
size_t glip_conv_packed_floats (uint32_t outputs, uint32_t inputs);
void glip_conv_pack (float *packed, const float *weight, uint32_t outputs, uint32_t inputs);

/* ------------ deform_conv: modulated deformable convolutions (DCNv2), 3x3 */

/* What the branches of DyConv (BRANCH_... in interface.h) make of a pyramid: one tensor,
 * and its three parts. */
typedef struct {
  GlipTensor all; /* [N + 2 M, C] */
  GlipTensor mid; /* [N, C], a pyramid of all levels */
  GlipTensor low, high; /* [M, C], pyramids on the grids of all levels but the first */
} GlipBranches;

/* Fresh branches of the pyramid x; `columns` is a multiple of 64. */
GlipBranches glip_branches_new (GlipGraph *graph, GlipTensor x, uint32_t columns);

/* All branches of the pyramid x: mid on all levels; low (from the finer level, stride 2)
 * and high (from the coarser level, enlarged later) on the grids of all levels but the
 * first.  `convs` is one convolution with the outputs of mid, of low and of high.
 * `offsets` is the pyramid [N, 27] of the offset convolution: 9 (dy, dx) pairs and 9
 * mask logits.  High reads the offsets of the finer level as the flat planar memory of
 * its own grid, as the released models were trained. */
void glip_deform_conv (GlipGraph *graph, GlipTensor x, GlipTensor offsets,
    const GlipConv *convs, const GlipBranches *branches);

/* ----------------- window_attention: Swin's shifted windows (Liu et al.) */

typedef struct {
  uint32_t window; /* M: windows of M x M tokens, at most 16 */
  uint32_t heads;  /* of columns / heads channels each */
  uint32_t shift;  /* 0, or how far the map is rolled up and left */
  GlipTensor bias; /* [heads, (2 M - 1)^2] relative position bias */
  GlipTensor pad;  /* [1, 3 columns]: q, k, v of tokens that pad the map to whole windows */
} GlipWindowAttention;

/* Map [H W, 3 columns] of q (already scaled), k and v side by side -> map
 * [H W, columns].  Padding, rolling and cutting into windows are address arithmetic;
 * tokens that the roll brought together see each other with -100.  On GPUs q, k and v may
 * be halves; the result is an operand of products. */
GlipTensor glip_window_attention (
    GlipGraph *graph, GlipTensor qkv, const GlipWindowAttention *attention);

/* ------------------------------------------- patch_merge: 2 x 2 pixels to one */

/* Swin's patch merging, up to the norm: map [H W, C] -> map
 * [ceil (H/2) ceil (W/2), 4 C] in the order (0,0), (1,0), (0,1), (1,1) of (row, column),
 * missing pixels zero, every row normalised. */
GlipTensor glip_patch_merge (GlipGraph *graph, GlipTensor x, const GlipNorm *norm);

/* ----------------------------------------------- upsample_add: FPN's top-down path */

/* fine + coarse enlarged by nearest neighbours: source index
 * floor (destination * coarse size / fine size). */
GlipTensor glip_upsample_add (GlipGraph *graph, GlipTensor fine, GlipTensor coarse);

/* --------- moments, dynamic_relu, dyhead_merge: the tail of DyConv (13d) */

/* Statistics of all levels of all branches, for glip_dynamic_relu: moments of chunks of
 * rows (see shaders/moments.comp), robust for large means. */
GlipTensor glip_moments (GlipGraph *graph, const GlipBranches *branches);

typedef struct {
  uint32_t groups;                 /* of the group norms, epsilon 1e-5 */
  GlipTensor norms;                /* [6, C]: weight and bias of mid, low, high */
  GlipTensor attention;            /* [1, C + 1] AttnConv: weight, then its one bias */
  GlipTensor fc0_weight, fc0_bias; /* [C / 4, C], [1, C / 4], as stored */
  GlipTensor fc2_weight, fc2_bias; /* [4 C, C / 4], [1, 4 C], as stored */
} GlipDynamicRelu;

/* C is a multiple of 64, at most 1024, and `groups` divides it.
 * Moments -> coefficients [levels * COEFFICIENTS, C]: for every level and channel the
 * factors of mid, low, high (normalisation, scale attention and 1/K folded), the
 * constant, and a1, b1, a2, b2 of the dynamic ReLU.  Factors of branches that a level
 * does not have are 0. */
GlipTensor glip_dynamic_relu (GlipGraph *graph, const GlipBranches *branches,
    GlipTensor moments, const GlipDynamicRelu *dynamic_relu);

/* A pyramid like mid: max (a1 f + b1, a2 f + b2), f = factor_mid mid + factor_low low +
 * factor_high up (high) + constant, up being bilinear with aligned corners. */
GlipTensor glip_dyhead_merge (
    GlipGraph *graph, const GlipBranches *branches, GlipTensor coefficients);

/* ------------------------------------------------------------ text operators */

/* Sum of word, position and type-0 embeddings: ids is [1, tokens] of uints. */
GlipTensor glip_embed (GlipGraph *graph, GlipTensor ids, GlipTensor words,
    GlipTensor positions, GlipTensor types);

/* Attention among tokens (BERT): [tokens, 3 columns] of q (already scaled), k and v side
 * by side -> [tokens, columns]; only the first `real_tokens`[0] (a uint) keys are seen;
 * scores are clamped to +-limit when limit > 0. */
GlipTensor glip_attention (GlipGraph *graph, GlipTensor qkv, uint32_t heads,
    GlipTensor real_tokens, float limit);

/* a + b, of one shape. */
GlipTensor glip_add (GlipGraph *graph, GlipTensor a, GlipTensor b);

/* Every row divided by max (its length, 1e-12). */
GlipTensor glip_l2_normalize (GlipGraph *graph, GlipTensor x);

/* ---------------------------------------------------------- fusion operators */

/* Both softmaxes of the bidirectional attention (spec 7) of scores S [N, heads * T]. */
typedef struct {
  GlipTensor to_image; /* [N, heads * T]: over the real tokens of each head */
  /* Over all rows, by chunks of `chunk` of them: exp (S - m), m being the chunk's
   * largest score in the column, and [2 chunks, heads * T] of m and their sum. */
  GlipTensor to_text, chunks;
  uint32_t chunk;
} GlipSoftmaxPair;

GlipSoftmaxPair glip_fusion_softmax (
    GlipGraph *graph, GlipTensor scores, uint32_t heads, GlipTensor real_tokens);

/* Sums of values so weighed, one a chunk: partials [chunks, T * heads * channels] -> the
 * sums that the softmax over all rows would give, [T, heads * channels]. */
GlipTensor glip_fusion_gather (
    GlipGraph *graph, GlipTensor partials, GlipTensor chunks, uint32_t heads);

/* ----------------------------- label_scores, candidates, top_k (spec 10.2) */

/* logits [N, T] and the labels' uints (LABELS_... in interface.h) -> scores
 * [N, capacity] by `aggregate` (AGGREGATE_...), the columns from the number of labels
 * on undefined.  A label without tokens scores 0.  Also sets `counters`
 * [1, SCORE_COUNTERS] to zero for glip_candidates.  `capacity` is at most LABELS_MAX;
 * more labels than that in the buffer are not looked at. */
GlipTensor glip_label_scores (GlipGraph *graph, GlipTensor logits, GlipTensor labels,
    uint32_t capacity, uint32_t aggregate, GlipTensor counters);

typedef struct {
  GlipTensor scores;     /* [N, capacity] of glip_label_scores */
  GlipTensor regression; /* [N, 5] dx, dy, dw, dh, centerness */
  GlipTensor labels, counters;
  uint32_t level_starts[SCORE_LEVELS + 1]; /* first rows of the levels, and N */
  float threshold;
} GlipScored;

/* The pairs (location, label) with score > threshold: uints [N * capacity, 2] of
 * location * capacity + label and the bits of r = score * sigmoid (centerness).  The
 * list of a level starts at its first location's place; its length is the level's
 * counter, its order is undefined.  A pair with a NaN is none. */
GlipTensor glip_candidates (GlipGraph *graph, const GlipScored *scored);

/* The `top_n` candidates of every level with the largest r; among equals, the lower
 * location and then the lower label.  Writes `out` [2 + SCORE_LEVELS * top_n, 8] or,
 * when that is none, a new tensor: see TOP_K_... in interface.h. */
GlipTensor glip_top_k (GlipGraph *graph, const GlipScored *scored, GlipTensor candidates,
    uint32_t top_n, GlipTensor out);

/* What the device wrote there, in the order of its words. */
typedef struct {
  uint32_t level, position, label; /* position in its level */
  float score;                     /* r */
  float delta[4];
} GlipTopEntry;

static inline size_t
glip_top_k_bytes (uint32_t top_n)
{
  return (TOP_K_HEADER + (size_t) SCORE_LEVELS * top_n * TOP_K_ENTRY) * sizeof (uint32_t);
}

/* Collect the entries of a read-back result, level by level, into `entries` (room for
 * SCORE_LEVELS * top_n); returns how many.  The order inside a level is undefined. */
size_t glip_top_k_read (const void *result, uint32_t top_n, GlipTopEntry *entries);

#endif /* GLIP_OPS_H */
