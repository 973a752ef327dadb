/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Buffers, each with its own memory; the few hundred megabytes of a model are
 * sub-allocated above this (weights in chunks, activations in one arena).
 */
#ifndef GLIP_VULKAN_MEMORY_H
#define GLIP_VULKAN_MEMORY_H

#include "vulkan/device.h"

typedef enum {
  GLIP_MEMORY_DEVICE,   /* near the processor; mapped when the host reaches it at full speed */
  GLIP_MEMORY_UPLOAD,   /* mapped, written by the host */
  GLIP_MEMORY_READBACK, /* mapped, read by the host */
} GlipMemoryKind;

typedef struct {
  GlipDevice *device;
  VkBuffer handle;
  VkDeviceMemory memory;
  VkDeviceSize size;
  VkDeviceAddress address; /* 0 unless device->abilities.addresses */
  void *map; /* NULL when the host cannot reach it */
  char *name;
} GlipBuffer;

/* (transfer full)  Contents undefined.  Errors: OUT_OF_MEMORY, UNSUPPORTED. */
GlipBuffer *glip_buffer_new (GlipDevice *device, GlipMemoryKind kind, VkDeviceSize size_bytes,
    const char *name, GError **error);
void glip_buffer_free (GlipBuffer *buffer);

/* Copy between the host and any buffer, through a staging buffer when it is not
 * mapped.  The device must not be using it.  Errors: OUT_OF_MEMORY, DEVICE_LOST. */
gboolean glip_buffer_write (GlipBuffer *buffer, VkDeviceSize offset, const void *data,
    size_t size_bytes, GError **error);
gboolean glip_buffer_read (GlipBuffer *buffer, VkDeviceSize offset, void *data,
    size_t size_bytes, GError **error);

/* Submit command buffers and wait for them.  Errors: DEVICE_LOST, OUT_OF_MEMORY. */
gboolean glip_device_submit (GlipDevice *device, uint32_t n_commands,
    const VkCommandBuffer *commands, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipBuffer, glip_buffer_free)

#endif /* GLIP_VULKAN_MEMORY_H */
