/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/tensor.h"

/* Strips stay below this. */
enum { STRIP_BYTES = 96 << 20, VIEW_ALIGNMENT = 256 };

static GlipTensor
allocate (GlipGraph *graph, uint32_t rows, uint32_t columns, GlipType type)
{
  g_assert (rows > 0 && columns > 0);
  GlipTensor tensor = { .rows = rows, .columns = columns, .type = type };
  tensor.region = glip_recorder_allocate (graph->recorder, glip_tensor_bytes (tensor));
  return tensor;
}

GlipTensor
glip_tensor_new (GlipGraph *graph, uint32_t rows, uint32_t columns)
{
  return allocate (graph, rows, columns, GLIP_F32);
}

GlipTensor
glip_tensor_new_operand (GlipGraph *graph, uint32_t rows, uint32_t columns)
{
  const gboolean half = graph->recorder->device->tuning.half_operands && columns % 4 == 0;
  return allocate (graph, rows, columns, half ? GLIP_F16 : GLIP_F32);
}

GlipTensor
glip_tensor_new_map (GlipGraph *graph, uint32_t height, uint32_t width, uint32_t columns)
{
  return glip_tensor_as_map (
      glip_tensor_new (graph, height * width, columns), height, width);
}

static GlipTensor
with_sizes_of (GlipTensor x, GlipTensor tensor)
{
  tensor.height = x.height;
  tensor.width = x.width;
  tensor.levels = x.levels;
  return tensor;
}

GlipTensor
glip_tensor_new_like (GlipGraph *graph, GlipTensor x, uint32_t columns)
{
  return with_sizes_of (x, glip_tensor_new (graph, x.rows, columns));
}

GlipTensor
glip_tensor_new_operand_like (GlipGraph *graph, GlipTensor x, uint32_t columns)
{
  return with_sizes_of (x, glip_tensor_new_operand (graph, x.rows, columns));
}

GlipTensor
glip_tensor_in_buffer (GlipBuffer *buffer, VkDeviceSize offset, uint32_t rows, uint32_t columns)
{
  GlipTensor tensor = { .rows = rows, .columns = columns };
  tensor.region = (GlipRegion){ buffer, 0, offset, glip_tensor_bytes (tensor) };
  g_assert (offset + tensor.region.size <= buffer->size);
  return tensor;
}

GlipTensor
glip_tensor_part (GlipTensor tensor, size_t first, uint32_t rows, uint32_t columns)
{
  GlipTensor part = { .region = tensor.region, .rows = rows, .columns = columns,
    .type = tensor.type };
  part.region.offset += first * glip_type_bytes (tensor.type);
  part.region.size = glip_tensor_bytes (part);
  g_assert (part.region.size > 0 &&
      part.region.offset + part.region.size <= tensor.region.offset + tensor.region.size);
  g_assert (part.region.offset % VIEW_ALIGNMENT == 0);
  return part;
}

GlipTensor
glip_tensor_rows (GlipTensor tensor, uint32_t first, uint32_t count)
{
  return glip_tensor_part (tensor, (size_t) first * tensor.columns, count, tensor.columns);
}

GlipTensor
glip_tensor_reshape (GlipTensor tensor, uint32_t rows, uint32_t columns)
{
  g_assert ((size_t) rows * columns == (size_t) tensor.rows * tensor.columns);
  return (GlipTensor){ .region = tensor.region, .rows = rows, .columns = columns,
    .type = tensor.type };
}

GlipTensor
glip_tensor_as_map (GlipTensor tensor, uint32_t height, uint32_t width)
{
  g_assert (height * width == tensor.rows);
  tensor.height = height;
  tensor.width = width;
  tensor.levels = 0;
  return tensor;
}

uint32_t
glip_pyramid_rows (uint32_t height, uint32_t width, uint32_t levels)
{
  uint32_t rows = 0;
  for (uint32_t i = 0; i < levels; i++) {
    rows += height * width;
    height = (height + 1) / 2;
    width = (width + 1) / 2;
  }
  return rows;
}

GlipTensor
glip_tensor_as_pyramid (GlipTensor tensor, uint32_t height, uint32_t width, uint32_t levels)
{
  g_assert (levels > 0 && glip_pyramid_rows (height, width, levels) == tensor.rows);
  tensor.height = height;
  tensor.width = width;
  tensor.levels = levels;
  return tensor;
}

GlipTensor
glip_pyramid_level_shape (GlipTensor pyramid, uint32_t level, uint32_t *first_row)
{
  g_assert (level < pyramid.levels);
  GlipTensor shape = { .columns = pyramid.columns, .height = pyramid.height,
    .width = pyramid.width };
  *first_row = glip_pyramid_rows (pyramid.height, pyramid.width, level);
  for (uint32_t i = 0; i < level; i++) {
    shape.height = (shape.height + 1) / 2;
    shape.width = (shape.width + 1) / 2;
  }
  shape.rows = shape.height * shape.width;
  return shape;
}

GlipTensor
glip_pyramid_level (GlipTensor pyramid, uint32_t level)
{
  uint32_t first_row;
  GlipTensor shape = glip_pyramid_level_shape (pyramid, level, &first_row);
  return glip_tensor_as_map (
      glip_tensor_rows (pyramid, first_row, shape.rows), shape.height, shape.width);
}

uint32_t
glip_pyramid_tiles (GlipTensor pyramid, uint32_t level, uint32_t size)
{
  uint32_t tiles = 0, first_row;
  for (uint32_t i = level; i < pyramid.levels; i++)
    tiles += (glip_pyramid_level_shape (pyramid, i, &first_row).rows + size - 1) / size;
  return tiles;
}

gboolean
glip_view_is_aligned (GlipGraph *graph, size_t floats)
{
  const VkPhysicalDeviceLimits *limits = &graph->recorder->device->properties.limits;
  return floats * sizeof (float) % limits->minStorageBufferOffsetAlignment == 0;
}

gboolean
glip_binding_fits (GlipGraph *graph, uint64_t floats)
{
  const VkPhysicalDeviceLimits *limits = &graph->recorder->device->properties.limits;
  return floats * sizeof (float) <= limits->maxStorageBufferRange;
}

static uint32_t
count_rows (size_t bytes, uint32_t columns, uint32_t step)
{
  size_t rows = bytes / (columns * sizeof (float)) / step * step;
  return (uint32_t) CLAMP (rows, step, G_MAXUINT32 / 2);
}

uint32_t
glip_bound_rows (GlipGraph *graph, uint32_t columns, uint32_t step)
{
  return count_rows (
      graph->recorder->device->properties.limits.maxStorageBufferRange, columns, step);
}

uint32_t
glip_strip_rows (GlipGraph *graph, uint32_t columns, uint32_t step)
{
  return MIN (glip_bound_rows (graph, columns, step), count_rows (STRIP_BYTES, columns, step));
}

void
glip_fold_groups (uint32_t n, uint32_t groups[3])
{
  const uint32_t limit = 65535;
  groups[1] = (n + limit - 1) / limit;
  groups[0] = (n + groups[1] - 1) / groups[1];
  groups[2] = 1;
}
