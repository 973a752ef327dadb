/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The embedded shaders, by name, as compute pipelines: specialised on demand, compiled
 * many at a time, kept, and their compiled form stored on disk per driver.
 */
#ifndef GLIP_VULKAN_PIPELINE_H
#define GLIP_VULKAN_PIPELINE_H

#include "vulkan/device.h"

enum {
  GLIP_MAX_BINDINGS = 8,
  GLIP_MAX_SPECIALISATIONS = 14,
  GLIP_MAX_ARGS_BYTES = 128,
};

typedef struct _GlipPipelines GlipPipelines;

typedef struct {
  VkPipeline handle; /* VK_NULL_HANDLE until compiled */
  VkPipelineLayout layout;
  VkDescriptorSetLayout set_layout;
} GlipPipeline;

/* `cache_dir` may be NULL: nothing is stored.  A cache that cannot be read or
 * written costs a warning.  (transfer full)  Errors: OUT_OF_MEMORY. */
GlipPipelines *glip_pipelines_new (GlipDevice *device, const char *cache_dir, GError **error);
void glip_pipelines_free (GlipPipelines *pipelines);

/* The pipeline of shader `name` (asserted to exist) with specialisation constants
 * 0 .. n-1 and storage buffers at bindings 0 .. n_bindings-1, to be compiled before it
 * runs.  Its subgroups have `subgroup_size` lanes, none missing, or are the driver's
 * choice when that is 0.  (transfer none)  Errors: OUT_OF_MEMORY. */
const GlipPipeline *glip_pipelines_get (GlipPipelines *pipelines, const char *name,
    uint32_t n_bindings, uint32_t n_specialisations, const uint32_t *specialisations,
    uint32_t subgroup_size, GError **error);
/* Compile what was asked for since the last time, on all processors, and store it.
 * Errors: OUT_OF_MEMORY, UNSUPPORTED. */
gboolean glip_pipelines_compile (GlipPipelines *pipelines, GError **error);

/* Distinct pipelines made so far. */
guint glip_pipelines_get_count (GlipPipelines *pipelines);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipPipelines, glip_pipelines_free)

#endif /* GLIP_VULKAN_PIPELINE_H */
