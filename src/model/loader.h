/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * From the mapped model file to device memory: every weight is read once, brought
 * into the layout its operator wants, and placed in one of a few large buffers.  The
 * first failure sticks; later calls return tensors of the right shape without data,
 * and glip_loader_finish tells.
 */
#ifndef GLIP_LOADER_H
#define GLIP_LOADER_H

#include "model/weights.h"
#include "ops/ops.h"

typedef struct {
  GlipDevice *device;
  GlipPipelines *pipelines;
  GlipModel *model;
  GPtrArray *chunks; /* of GlipBuffer */
  GArray *used;      /* their bytes that are taken, VkDeviceSize */
  GlipType packed;   /* type of the packed weights that come next */
  GError *error;     /* the first failure */
} GlipLoader;

GlipLoader *glip_loader_new (GlipDevice *device, GlipPipelines *pipelines, GlipModel *model);
void glip_loader_free (GlipLoader *loader);
/* The buffers that hold all tensors, to be kept as long as those.  (transfer full)
 * Errors: the sticky one. */
GPtrArray *glip_loader_finish (GlipLoader *loader, GError **error);

/* A whole weight as floats.  (transfer full) */
float *glip_loader_read (GlipLoader *loader, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Memory for a tensor of floats, and the same filled from `data`. */
GlipTensor glip_loader_allocate (GlipLoader *loader, uint32_t rows, uint32_t columns);
GlipTensor glip_loader_upload (
    GlipLoader *loader, const float *data, uint32_t rows, uint32_t columns);

/* Store the packed weights that follow as float16, where the device's tuning has
 * it, or as floats. */
void glip_loader_prefer_half (GlipLoader *loader, gboolean prefer);

/* Stored tensors by name: as they are, as [1, n], as a packed linear layer (PREFIX.weight
 * and PREFIX.bias), as a norm, as a packed 3x3 convolution. */
GlipTensor glip_loader_tensor (
    GlipLoader *loader, const char *name, uint32_t rows, uint32_t columns);
GlipTensor glip_loader_vector (GlipLoader *loader, const char *prefix, const char *leaf,
    uint32_t columns);
GlipLinear glip_loader_linear (
    GlipLoader *loader, const char *prefix, uint32_t outputs, uint32_t inputs);
GlipNorm glip_loader_norm (
    GlipLoader *loader, const char *prefix, uint32_t columns, double epsilon);
GlipConv glip_loader_conv (
    GlipLoader *loader, const char *prefix, uint32_t outputs, uint32_t inputs);

/* A packed linear layer, `bias` may be NULL, and a packed convolution from values at
 * hand. */
GlipLinear glip_loader_pack (GlipLoader *loader, const float *weight, const float *bias,
    uint32_t outputs, uint32_t inputs);
GlipConv glip_loader_pack_conv (GlipLoader *loader, const float *weight, const float *bias,
    uint32_t outputs, uint32_t inputs);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipLoader, glip_loader_free)

#endif /* GLIP_LOADER_H */
