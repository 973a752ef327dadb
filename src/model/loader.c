/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "model/loader.h"

#include <math.h>

/* Small enough that half-filled ones waste little, large enough that a driver's limit
 * on the number of allocations is far away. */
enum { CHUNK_BYTES = 16 << 20, ALIGNMENT = 256 };

GlipLoader *
glip_loader_new (GlipDevice *device, GlipPipelines *pipelines, GlipModel *model)
{
  GlipLoader *loader = g_new0 (GlipLoader, 1);
  loader->device = device;
  loader->pipelines = pipelines;
  loader->model = model;
  loader->chunks = g_ptr_array_new_with_free_func ((GDestroyNotify) glip_buffer_free);
  loader->used = g_array_new (FALSE, FALSE, sizeof (VkDeviceSize));
  return loader;
}

void
glip_loader_free (GlipLoader *loader)
{
  if (!loader)
    return;
  if (loader->chunks)
    g_ptr_array_unref (loader->chunks);
  g_array_unref (loader->used);
  g_clear_error (&loader->error);
  g_free (loader);
}

GPtrArray *
glip_loader_finish (GlipLoader *loader, GError **error)
{
  if (loader->error) {
    g_propagate_error (error, g_steal_pointer (&loader->error));
    return NULL;
  }
  return g_steal_pointer (&loader->chunks);
}

float *
glip_loader_read (GlipLoader *loader, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *name = g_strdup_vprintf (format, args);
  va_end (args);
  const GlipStored *stored = glip_model_get_weight (loader->model, name);
  float *data = g_new (float, stored->n_elements);
  glip_stored_read (stored, 0, stored->n_elements, data);
  glip_safetensors_forget (glip_model_get_file (loader->model), stored);
  return data;
}

/* Room for `bytes` in the first chunk that has it, or in a new one. */
static GlipRegion
find_room (GlipLoader *loader, VkDeviceSize bytes)
{
  GPtrArray *chunks = loader->chunks;
  for (guint i = 0; i < chunks->len; i++) {
    GlipBuffer *chunk = g_ptr_array_index (chunks, i);
    VkDeviceSize *used = &g_array_index (loader->used, VkDeviceSize, i);
    if (*used + bytes <= chunk->size) {
      *used += bytes;
      return (GlipRegion){ chunk, 0, *used - bytes, bytes };
    }
  }
  GlipBuffer *chunk = glip_buffer_new (
      loader->device, GLIP_MEMORY_DEVICE, MAX (bytes, CHUNK_BYTES), "weights", &loader->error);
  if (!chunk)
    return (GlipRegion){ 0 };
  g_ptr_array_add (chunks, chunk);
  g_array_append_val (loader->used, bytes);
  return (GlipRegion){ chunk, 0, 0, bytes };
}

static GlipTensor
allocate (GlipLoader *loader, uint32_t rows, uint32_t columns, GlipType type)
{
  GlipTensor shape = { .rows = rows, .columns = columns, .type = type };
  size_t bytes = (glip_tensor_bytes (shape) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  if (!loader->error)
    shape.region = find_room (loader, bytes);
  if (shape.region.buffer)
    shape.region.size = glip_tensor_bytes (shape);
  return shape;
}

static void
fill (GlipLoader *loader, GlipTensor tensor, const void *data)
{
  if (!loader->error)
    glip_buffer_write (tensor.region.buffer, tensor.region.offset, data,
        glip_tensor_bytes (tensor), &loader->error);
}

GlipTensor
glip_loader_allocate (GlipLoader *loader, uint32_t rows, uint32_t columns)
{
  return allocate (loader, rows, columns, GLIP_F32);
}

GlipTensor
glip_loader_upload (GlipLoader *loader, const float *data, uint32_t rows, uint32_t columns)
{
  GlipTensor tensor = allocate (loader, rows, columns, GLIP_F32);
  fill (loader, tensor, data);
  return tensor;
}

/* A packed weight, as the type of the moment. */
static GlipTensor
upload_packed (GlipLoader *loader, const float *data, uint32_t rows, uint32_t columns)
{
  GlipTensor tensor = allocate (loader, rows, columns, loader->packed);
  if (tensor.type == GLIP_F32) {
    fill (loader, tensor, data);
    return tensor;
  }
  size_t n = (size_t) rows * columns;
  g_autofree uint16_t *halves = g_new (uint16_t, n);
  for (size_t i = 0; i < n; i++) {
    halves[i] = glip_float_to_half (data[i]);
    if (isinf (glip_half_to_float (halves[i])) && !isinf (data[i]) && !loader->error)
      g_set_error (&loader->error, GLIP_ERROR, GLIP_ERROR_UNSUPPORTED,
          "a weight is %g, beyond the range of float16: choose the precision fp32",
          (double) data[i]);
  }
  fill (loader, tensor, halves);
  return tensor;
}

void
glip_loader_prefer_half (GlipLoader *loader, gboolean prefer)
{
  loader->packed = prefer && loader->device->tuning.half ? GLIP_F16 : GLIP_F32;
}

GlipTensor
glip_loader_tensor (GlipLoader *loader, const char *name, uint32_t rows, uint32_t columns)
{
  g_autofree float *data = glip_loader_read (loader, "%s", name);
  return glip_loader_upload (loader, data, rows, columns);
}

GlipTensor
glip_loader_vector (GlipLoader *loader, const char *prefix, const char *leaf, uint32_t columns)
{
  g_autofree char *name = g_strconcat (prefix, leaf, NULL);
  return glip_loader_tensor (loader, name, 1, columns);
}

GlipLinear
glip_loader_pack (GlipLoader *loader, const float *weight, const float *bias, uint32_t outputs,
    uint32_t inputs)
{
  g_autofree float *packed = g_new (float, glip_linear_packed_floats (outputs, inputs));
  GlipLinear linear = { .inputs = inputs, .outputs = outputs };
  glip_linear_pack (packed, weight, outputs, inputs);
  linear.weight = upload_packed (
      loader, packed, (outputs + GLIP_PANEL - 1) / GLIP_PANEL, inputs * GLIP_PANEL);
  if (bias)
    linear.bias = glip_loader_upload (loader, bias, 1, outputs);
  return linear;
}

GlipLinear
glip_loader_linear (GlipLoader *loader, const char *prefix, uint32_t outputs, uint32_t inputs)
{
  g_autofree float *weight = glip_loader_read (loader, "%s.weight", prefix);
  g_autofree float *bias = glip_loader_read (loader, "%s.bias", prefix);
  return glip_loader_pack (loader, weight, bias, outputs, inputs);
}

GlipNorm
glip_loader_norm (GlipLoader *loader, const char *prefix, uint32_t columns, double epsilon)
{
  return (GlipNorm){
    .weight = glip_loader_vector (loader, prefix, ".weight", columns),
    .bias = glip_loader_vector (loader, prefix, ".bias", columns),
    .epsilon = (float) epsilon,
  };
}

GlipConv
glip_loader_pack_conv (GlipLoader *loader, const float *weight, const float *bias,
    uint32_t outputs, uint32_t inputs)
{
  const size_t floats = glip_conv_packed_floats (outputs, inputs);
  g_autofree float *packed = g_new (float, floats);
  glip_conv_pack (packed, weight, outputs, inputs);
  return (GlipConv){
    .weight = upload_packed (
        loader, packed, (uint32_t) (floats / GLIP_PANEL), GLIP_PANEL),
    .bias = glip_loader_upload (loader, bias, 1, outputs),
    .inputs = inputs,
    .outputs = outputs,
  };
}

GlipConv
glip_loader_conv (GlipLoader *loader, const char *prefix, uint32_t outputs, uint32_t inputs)
{
  g_autofree float *weight = glip_loader_read (loader, "%s.weight", prefix);
  g_autofree float *bias = glip_loader_read (loader, "%s.bias", prefix);
  return glip_loader_pack_conv (loader, weight, bias, outputs, inputs);
}
