/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Choosing a Vulkan device and opening it with one compute queue.
 */
#ifndef GLIP_VULKAN_DEVICE_H
#define GLIP_VULKAN_DEVICE_H

#include "vulkan/instance.h"
#include "vulkan/tuning.h"

/* What `glip devices` prints; all strings are owned. */
typedef struct {
  char *name, *driver, *type, *uuid, *api_version, *features;
  uint32_t vendor_id, device_id;
  uint64_t memory_bytes;
  uint64_t max_storage_range;
  gboolean usable;
  char *why_not; /* when not usable */
  gboolean chosen;
  char *reason; /* when chosen */
} GlipDeviceInfo;

typedef struct {
  GlipInstance *instance;
  GlipVk vk;
  VkPhysicalDevice physical;
  VkDevice handle;
  VkQueue queue;
  uint32_t queue_family;
  VkPhysicalDeviceProperties properties;
  VkPhysicalDeviceMemoryProperties memory;
  char *description; /* name and driver */
  GlipLog log;
  VkCommandPool command_pool;
  gboolean timestamps; /* the queue can write them */
  GlipAbilities abilities; /* all of them enabled */
  GlipTuning tuning;
  size_t allocated_bytes, peak_bytes; /* device memory held by GlipBuffers */
} GlipDevice;

/* Every device of the machine, the one `wanted` picks marked (`wanted` as
 * GlipEngineOptions.device).  Array of GlipDeviceInfo.  (transfer full)
 * Errors: NO_DEVICE, UNSUPPORTED. */
GPtrArray *glip_device_list (const char *wanted, GError **error);

typedef struct {
  const char *wanted; /* as GlipEngineOptions.device */
  GlipKernels kernels;
  GlipPrecision precision;
  gboolean validation;
} GlipDeviceOptions;

/* Open a device and choose how to use it.  (transfer full)
 * Errors: NO_DEVICE (listing what was found), UNSUPPORTED, OUT_OF_MEMORY. */
GlipDevice *glip_device_new (
    const GlipDeviceOptions *options, const GlipLog *log, GError **error);
void glip_device_free (GlipDevice *device);

/* Name an object for debuggers and the validation layer; no-op without them. */
void glip_device_set_name (
    GlipDevice *device, VkObjectType type, uint64_t handle, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipDevice, glip_device_free)

#endif /* GLIP_VULKAN_DEVICE_H */
