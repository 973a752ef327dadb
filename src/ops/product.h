/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * How a GPU is to compute a matrix product (shaders/product.glsl): which tile of the
 * result a workgroup has, who in it owns what, and how memory can be read.
 */
#ifndef GLIP_PRODUCT_H
#define GLIP_PRODUCT_H

#include "interface.h"
#include "ops/tensor.h"

/* A word of shared memory, as the shaders of GPUs address it. */
enum { GLIP_WORD_BYTES = 16 };

typedef struct {
  const char *tiles, *matrix; /* the shader's name in both families */
  uint32_t m[3], n; /* rows of up to three results, each cut into tiles for itself, and
                     * their columns */
  uint32_t layers; /* of the grid: batches and splits */
  uint32_t form;   /* FORM_... but for what depends on the tile */
  uint32_t epilogue; /* EPILOGUE_... */
  uint32_t inputs;   /* channels of the map that is convolved, else 0 */
  gboolean wide;     /* tiles as wide as the result: rows are costly to fetch */
} GlipProduct;

/* Do addresses in `tensor` stay multiples of `step` elements, in elements as well as in
 * bytes?  `strides` are the distances that they are made of. */
gboolean glip_product_keeps_step (
    GlipTensor tensor, uint32_t step, uint32_t n_strides, const uint32_t *strides);

/* Elements of `tensor` in 128 bits, what GPUs load at a time. */
uint32_t glip_product_word (GlipTensor tensor);

/* The form of a 3x3 convolution of x by packed weights into y. */
uint32_t glip_product_convolution_form (GlipTensor x, GlipTensor weight, GlipTensor y);

/* Complete `dispatch` (shader, specialisations, groups) and record it. */
void glip_product_dispatch (
    GlipGraph *graph, const GlipProduct *product, GlipDispatch *dispatch);

#endif /* GLIP_PRODUCT_H */
