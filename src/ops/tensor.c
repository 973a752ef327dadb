/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/tensor.h"

/* Intermediate strips stay below this, well under every device's binding limit. */
enum { STRIP_BYTES = 48 << 20, VIEW_ALIGNMENT = 256 };

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
  const gboolean half = graph->recorder->device->tuning.half;
  return allocate (graph, rows, columns, half ? GLIP_F16 : GLIP_F32);
}

GlipTensor
glip_tensor_new_map (GlipGraph *graph, uint32_t height, uint32_t width, uint32_t columns)
{
  return glip_tensor_as_map (
      glip_tensor_new (graph, height * width, columns), height, width);
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
glip_tensor_rows (GlipTensor tensor, uint32_t first, uint32_t count)
{
  g_assert (count > 0 && first + count <= tensor.rows);
  GlipTensor view = { .region = tensor.region, .rows = count, .columns = tensor.columns,
    .type = tensor.type };
  view.region.offset +=
      (VkDeviceSize) first * tensor.columns * glip_type_bytes (tensor.type);
  view.region.size = glip_tensor_bytes (view);
  g_assert (view.region.offset % VIEW_ALIGNMENT == 0);
  return view;
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
  return tensor;
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

uint32_t
glip_strip_rows (GlipGraph *graph, uint32_t columns, uint32_t step)
{
  size_t budget = MIN (
      STRIP_BYTES, graph->recorder->device->properties.limits.maxStorageBufferRange);
  size_t rows = budget / (columns * sizeof (float)) / step * step;
  return (uint32_t) CLAMP (rows, step, G_MAXUINT32 / 2);
}

void
glip_fold_groups (uint32_t n, uint32_t groups[3])
{
  const uint32_t limit = 65535;
  groups[1] = (n + limit - 1) / limit;
  groups[0] = (n + groups[1] - 1) / groups[1];
  groups[2] = 1;
}
