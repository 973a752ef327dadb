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
/* conv2d */
#define SPEC_RELU_INPUT 2 /* max (x, 0) first */
/* window_attention */
#define SPEC_WINDOW 2 /* tokens along a side of a window */

/* Columns that a packed weight panel holds: [panels][k][GLIP_PANEL]. */
#define GLIP_PANEL 32
/* Rows that one invocation of a matrix kernel computes. */
#define GLIP_TILE_ROWS 8

/* Epilogue of matrix products, in this order: bias, activation, clamp, residual. */
#define EPILOGUE_BIAS 1u
#define EPILOGUE_GELU 2u
#define EPILOGUE_CLAMP 4u     /* to +-args.limit, before and after GELU */
#define EPILOGUE_RESIDUAL 8u  /* added last */

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

/* Rows that one workgroup of the column statistics reads. */
#define FUSION_CHUNK 256

struct FusionArgs {
  uint rows;    /* visual tokens */
  uint heads;   /* of this group */
  uint tokens;  /* text tokens, pads included */
  uint chunks;  /* of FUSION_CHUNK rows */
};

struct SumSplitsArgs {
  uint n, splits;
struct LayerNormArgs {
  uint rows, columns;
  float epsilon;
  float limit; /* clamp to +-limit when > 0 */
};

/* 3x3, one pixel of zero padding, NHWC. */
struct Conv2dArgs {
  uint height, width, inputs;
  uint out_height, out_width, outputs;
  uint stride;
};

/* The grid: heads x blocks of queries, windows across, windows down. */
struct WindowAttentionArgs {
  uint height, width, columns;
  uint heads, channels; /* of a head */
  uint shift;
};

struct PatchMergeArgs {
  uint height, width, columns; /* of the source */
};

struct UpsampleAddArgs {
  uint height, width, columns; /* of the result */
  uint coarse_height, coarse_width;
};

#endif /* GLIP_INTERFACE_H */
