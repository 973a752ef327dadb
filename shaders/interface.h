/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What the host tells a shader: one push-constant struct per operator, read by C and
 * GLSL alike (32-bit scalars only, at most 128 bytes, so both lay it out the same),
 * and the numbers of the specialisation constants.  Strides and offsets count floats
 * unless they say bytes.
 */
#ifndef GLIP_INTERFACE_H
#define GLIP_INTERFACE_H

#ifndef VULKAN
#include <stdint.h>
#include <sys/types.h> /* uint */
#endif

#define SPEC_LOCAL_X 0 /* invocations of a workgroup along x, y */
#define SPEC_LOCAL_Y 1
#define SPEC_HEAD_DIM 0 /* channels of an attention head */
/* Operators that normalise rows (norm.glsl): NORM_ bits. */
#define SPEC_NORM_FORM 2
#define NORM_FOURS 1u /* four columns are loaded and stored at a time */
#define NORM_HALF 2u  /* the result is stored as halves; only with fours */
/* window_attention */
#define SPEC_WINDOW 2 /* tokens along a side of a window */
#define SPEC_CHANNELS 3 /* of a head */
#define SPEC_SLAB 4 /* tokens that GPUs have in shared memory at a time */

/* Products of GPUs (product.glsl): the workgroup's tile of results and its step of k;
 * rows and columns of it that an invocation (matrix: a subgroup) owns; a FORM; EPILOGUE_
 * bits; channels of the map that is convolved; and of matrix units the subgroup's size
 * and the unit's. */
#define SPEC_TILE_M 1
#define SPEC_TILE_N 2
#define SPEC_TILE_K 3
#define SPEC_OWN_M 4
#define SPEC_OWN_N 5
#define SPEC_FORM 6
#define SPEC_EPILOGUE 7
#define SPEC_INPUTS 8
#define SPEC_SUBGROUP 9
#define SPEC_UNIT_M 10
#define SPEC_UNIT_N 11
#define SPEC_UNIT_K 12

/* WHOLE: eight elements of a or b (four of c) at a time can be read (written). */
#define FORM_A_HALF 1u
#define FORM_A_WHOLE 2u
#define FORM_A_ACROSS 4u /* rows of a are neighbours in memory, not columns */
#define FORM_B_HALF 8u
#define FORM_B_WHOLE 16u
#define FORM_C_HALF 32u
#define FORM_C_WHOLE 64u
#define FORM_TWO_STAGES 128u
#define FORM_A_RELU 256u /* negative values of a count as 0 */

/* Columns that a packed weight panel holds: [panels][k][GLIP_PANEL]. */
#define GLIP_PANEL 32

/* Epilogue of matrix products, in this order: bias, activation, clamp, residual. */
#define EPILOGUE_BIAS 1u
#define EPILOGUE_GELU 2u
#define EPILOGUE_CLAMP 4u     /* to +-args.limit, before and after GELU */
#define EPILOGUE_RESIDUAL 8u  /* added last */

/* The products of CPU drivers (lanes_tile.glsl, broadcast_tile.glsl): their tiles, and what
 * they are specialised for, flags of the epilogue included. */
#define SPEC_LANES_STEPS 2 /* of k that are unrolled into one round */
#define SPEC_LANES_FLAGS 3
#define LANES_TILE_ROWS 4
#define LANES_TILE_COLUMNS 16
#define BROADCAST_TILE_ROWS 12
#define BROADCAST_TILE_COLUMNS 32
#define BROADCAST_STEPS 16
#define LANES_LINEAR 16u       /* a_column is 1, b_row GLIP_PANEL */
#define LANES_K_TAIL 32u       /* k or k_split is no multiple of the steps */
#define LANES_B_TAIL 64u       /* columns of b do not come in whole, aligned tiles */
#define LANES_RESULT_TAIL 128u /* neither do those of the result */
#define LANES_A_TAIL 256u      /* pairs along k of a are not aligned, or not all there */
#define LANES_RELU 512u        /* negative values of a count as 0 */

/* c[z][m][n] = epilogue (sum_k a[z][m][k] * b[z][k][n]), z = (batch, split). */
struct GemmArgs {
  uint m, n, k;
  uint a_row, a_column, a_batch;
  uint b_row, b_panel, b_batch; /* b[k * b_row + panel * b_panel + column in panel] */
  uint b_columns;               /* columns that exist in memory: n, or n padded */
  uint c_base, c_row, c_column, c_batch;
  uint bias_batch;
  uint splits, k_split, c_split; /* k is cut into `splits` pieces of `k_split` */
  uint flags;
  float limit;
};

/* Queries that a workgroup of the text attention answers. */
#define ATTENTION_QUERIES 32

struct AttentionArgs {
  uint tokens, columns;
  float limit; /* clamp of the scores; 0: none */
};

struct EmbedArgs {
  uint tokens, columns, vocabulary, positions;
};

struct RowsArgs {
  uint rows, columns;
};

/* A chunk is visual tokens whose share of the text's softmax is found together: a
 * multiple of FUSION_CHUNK of them, such that there are at most FUSION_MOST_CHUNKS. */
#define FUSION_CHUNK 512
#define FUSION_MOST_CHUNKS 1024

struct FusionArgs {
  uint rows;    /* visual tokens */
  uint heads;   /* of this group */
  uint tokens;  /* text tokens, pads included */
  uint chunk;   /* visual tokens */
};

struct FusionGatherArgs {
  uint tokens, heads;
  uint channels; /* of a head */
  uint chunks;
};

struct LayerNormArgs {
  uint rows, columns;
  float epsilon;
  float limit; /* clamp to +-limit when > 0 */
};

/* 3x3, one pixel of zero padding, NHWC.  With more than one level, stride 1 over a
 * pyramid (pyramid.glsl) whose first map has the given size. */
struct Conv2dArgs {
  uint height, width, inputs;
  uint out_height, out_width, outputs;
  uint stride, levels;
  uint rows; /* of the result, all levels together */
};

/* window_attention_tiles: invocations are a square. */
#define WINDOW_SIDE 8

/* The grid: heads x blocks of queries, windows across, windows down. */
struct WindowAttentionArgs {
  uint height, width, columns;
  uint heads, channels; /* of a head */
  uint shift;
};

struct PatchMergeArgs {
  uint height, width, columns; /* of the source */
  float epsilon;
};

struct UpsampleAddArgs {
  uint height, width, columns; /* of the result */
  uint coarse_height, coarse_width;
};

/* ---- preprocess: pixels are packed as R | G << 8 | B << 16 ---- */

/* A YUV to RGB factor of 1. */
#define COLOUR_BITS 20
/* A filter weight of 1 (Pillow's). */
#define FILTER_BITS 22
/* Pixels along the side of a patch, and floats of a patch. */
#define PATCH_SIZE 4
#define PATCH_FLOATS 48

/* Samples of the uploaded planes -> rows of `width` pixels. */
struct PreprocessConvertArgs {
  uint width;
  /* Sample (x, y) of component i is at byte
   * base + (y >> shift_y) * row_bytes + (x >> shift_x) * step. */
  uint base[3], row_bytes[3], step[3], shift_x[3], shift_y[3];
  uint bits, low_bits; /* of a sample; two bytes when more than 8 */
  uint yuv;
  int luma_zero, chroma_zero, luma, red_v, green_u, green_v, blue_u;
};

/* An axis table has `taps` + 2 words for every target index: first source index,
 * count, and `count` integer weights; or for GLIP_RESIZE_BILINEAR one tap, the float
 * fraction of the last of the (one or two) source indices. */

/* Horizontal pass, source_width -> width. */
struct PreprocessResizeArgs {
  uint source_width, width, taps;
};

/* Vertical pass, normalisation and patches, for target rows from `first` on. */
struct PreprocessArgs {
  uint width, height;         /* resampled size; 0 outside */
  uint padded_width;          /* a multiple of the patch size */
  uint first;
  uint source_width;          /* bilinear: columns of the source; else `width` */
  uint source_first;          /* first source row present */
  uint taps_x, taps_y;
  float mean[3], inverse[3];  /* bilinear only; the table has them otherwise */
};

/* ---- from logits to candidates ---- */

/* The labels of a prompt: a buffer of uints.  Label l is scored on the token columns
 * LABELS_TOKENS + [offset l, offset l + 1). */
#define LABELS_COUNT 0
#define LABELS_REAL_TOKENS 1
#define LABELS_OFFSETS 4
#define LABELS_MAX 256
#define LABELS_TOKENS 261 /* LABELS_OFFSETS + LABELS_MAX + 1 */
#define LABELS_MAX_TOKENS 4096
#define LABELS_WORDS 4357 /* LABELS_TOKENS + LABELS_MAX_TOKENS */

/* How token probabilities become a label's score, as the configuration counts them. */
#define AGGREGATE_MEAN 0
#define AGGREGATE_MAX 1
#define AGGREGATE_POWER 2
#define AGGREGATE_ONEHOT 3

/* Pyramid levels, and words of the counters: one a level, rounded up. */
#define SCORE_LEVELS 5
#define SCORE_COUNTERS 8

/* Workgroups along x of the grids that are one long row of invocations. */
#define LONG_GRID 32768

struct LabelScoresArgs {
  uint rows, tokens, capacity; /* capacity: columns of the scores */
  uint aggregate;
};

struct CandidatesArgs {
  uint rows, capacity;
  uint level_ends[SCORE_LEVELS]; /* row after the level's last */
  float threshold;
};

/* The result: a header of TOP_K_HEADER words, then for every level `top_n` entries of
 * TOP_K_ENTRY words: level, position in the level, label, score, dx, dy, dw, dh. */
#define TOP_K_HEADER 16
#define TOP_K_KEPT 0  /* header words: entries kept, by level */
#define TOP_K_FOUND 8 /* candidates before the selection, by level */
#define TOP_K_ENTRY 8

struct TopKArgs {
  uint capacity, top_n;
  uint level_starts[SCORE_LEVELS + 1];
};

/* ---- DyConv: a pyramid (pyramid.glsl) whose first map is height x width ---- */

/* The branches of DyConv: a level from itself, from the finer and from the coarser
 * neighbour.  Raw branches are one tensor: mid on all levels, then low and high, both
 * on the grids of all levels but the first. */
#define BRANCH_MID 0u
#define BRANCH_LOW 1u
#define BRANCH_HIGH 2u

/* The deformable convolutions of all branches. */
struct DeformConvArgs {
  uint height, width, channels;
  uint mid_rows, low_rows; /* of the result; high has as many as low */
  uint outputs;
};

/* Their sampling alone: rows [first, first + rows) of each branch from `branch` on, as
 * many branches as the grid has layers. */
struct DeformColumnsArgs {
  uint height, width, channels;
  uint branch;
  uint first, rows;
};

/* Rows of a map that one workgroup takes the moments of, and numbers per channel. */
#define MOMENTS_CHUNK 256
#define MOMENTS_NUMBERS 5

struct MomentsArgs {
  uint height, width, columns;
  uint mid_rows;               /* of all levels */
  uint mid_chunks, low_chunks; /* of all levels; high has as many as low */
};

/* Numbers per level and channel: factors of mid, low, high, constant, a1, b1, a2, b2. */
#define COEFFICIENTS 8

struct DynamicReluArgs {
  uint height, width, columns;
  uint levels, groups;
  uint mid_chunks, low_chunks;
};

/* Pixels of an invocation. */
#define MERGE_PIXELS 4

struct DyheadMergeArgs {
  uint height, width, columns;
  uint levels, rows; /* of the result */
};

#endif /* GLIP_INTERFACE_H */
