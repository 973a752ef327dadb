/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What operators work on: matrices of numbers, [rows, columns] row-major.  A feature
 * map of C channels is [height * width, C], so that a token and a pixel are the same
 * thing and lanes run along channels.  A pyramid is one tensor, too: maps one after
 * another, each half as high and wide as the one before, rounded up.
 */
#ifndef GLIP_TENSOR_H
#define GLIP_TENSOR_H

#include "vulkan/recorder.h"

typedef enum {
  GLIP_F32, /* floats, or uints of an operator that says so */
  GLIP_F16, /* what only products read, where the device's tuning has half_operands */
} GlipType;

typedef struct {
  GlipRegion region;
  uint32_t rows, columns;
  uint32_t height, width; /* of a feature map, or of a pyramid's first; else 0 */
  uint32_t levels;        /* maps of a pyramid; else 0 */
  GlipType type;
} GlipTensor;

typedef struct _GlipTrace GlipTrace;

/* Where operators record to. */
typedef struct {
  GlipRecorder *recorder;
  GlipTrace *trace; /* collects taps, or NULL */
} GlipGraph;

/* Fresh transient tensors of floats. */
GlipTensor glip_tensor_new (GlipGraph *graph, uint32_t rows, uint32_t columns);
GlipTensor glip_tensor_new_map (
    GlipGraph *graph, uint32_t height, uint32_t width, uint32_t columns);
/* A fresh one that only products will read: of the type the device's tuning wants, but
 * floats where columns do not come in fours, as halves are stored. */
GlipTensor glip_tensor_new_operand (GlipGraph *graph, uint32_t rows, uint32_t columns);
/* The same two with the rows of `x`, and a map or pyramid of the same sizes if `x` is
 * one. */
GlipTensor glip_tensor_new_like (GlipGraph *graph, GlipTensor x, uint32_t columns);
GlipTensor glip_tensor_new_operand_like (GlipGraph *graph, GlipTensor x, uint32_t columns);
/* A tensor of floats that lives in a buffer, at a byte offset. */
GlipTensor glip_tensor_in_buffer (
    GlipBuffer *buffer, VkDeviceSize offset, uint32_t rows, uint32_t columns);

/* Rows [first, first + count) of `tensor`.  The first byte must be aligned to 256
 * (asserted): rows of 64 floats or 128 halves always are. */
GlipTensor glip_tensor_rows (GlipTensor tensor, uint32_t first, uint32_t count);
/* Elements from the `first` on as a matrix of their own; aligned as above. */
GlipTensor glip_tensor_part (
    GlipTensor tensor, size_t first, uint32_t rows, uint32_t columns);
/* The same bytes in another shape of as many elements. */
GlipTensor glip_tensor_reshape (GlipTensor tensor, uint32_t rows, uint32_t columns);
GlipTensor glip_tensor_as_map (GlipTensor tensor, uint32_t height, uint32_t width);

/* A pyramid of `levels` whose first map is height x width. */
uint32_t glip_pyramid_rows (uint32_t height, uint32_t width, uint32_t levels);
GlipTensor glip_tensor_as_pyramid (
    GlipTensor tensor, uint32_t height, uint32_t width, uint32_t levels);
/* Shape and first row of level `level`, counted from the finest, as a tensor without
 * memory; and the map itself, whose first byte must be aligned as for glip_tensor_rows. */
GlipTensor glip_pyramid_level_shape (GlipTensor pyramid, uint32_t level, uint32_t *first_row);
GlipTensor glip_pyramid_level (GlipTensor pyramid, uint32_t level);
/* Tiles of `size` rows when the maps from `level` on are cut each for itself. */
uint32_t glip_pyramid_tiles (GlipTensor pyramid, uint32_t level, uint32_t size);

/* Is there a tensor at all?  (Zero-initialised ones are none.) */
static inline gboolean
glip_tensor_exists (GlipTensor tensor)
{
  return tensor.rows > 0;
}

/* How many pieces of `b` it takes for `a`. */
static inline uint32_t
glip_divide_up (uint32_t a, uint32_t b)
{
  return (a + b - 1) / b;
}

static inline size_t
glip_type_bytes (GlipType type)
{
  return type == GLIP_F16 ? 2 : 4;
}

static inline size_t
glip_tensor_bytes (GlipTensor tensor)
{
  return (size_t) tensor.rows * tensor.columns * glip_type_bytes (tensor.type);
}

/* May a view start `floats` floats into a tensor, on this device? */
gboolean glip_view_is_aligned (GlipGraph *graph, size_t floats);
/* Can one binding hold `floats` floats? */
gboolean glip_binding_fits (GlipGraph *graph, uint64_t floats);

/* The largest row count, a multiple of `step`, whose `columns` floats a row can be bound
 * at once: what is longer goes by such strips. */
uint32_t glip_bound_rows (GlipGraph *graph, uint32_t columns, uint32_t step);
/* The same, and within a budget for what a strip needs besides the result. */
uint32_t glip_strip_rows (GlipGraph *graph, uint32_t columns, uint32_t step);

/* Spread n workgroups over x and y; a shader finds its number as y * gl_NumWorkGroups.x
 * + x and stops past the end. */
void glip_fold_groups (uint32_t n, uint32_t groups[3]);

#endif /* GLIP_TENSOR_H */
