/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Recording: a list of dispatches and copies over buffers and over transient
 * memory that exists only as a number and a size until the list is finished.
 * Lifetimes are read off the list afterwards (plan.h), so the code that records
 * never frees anything.  The first failure sticks; later calls do nothing, and
 * glip_recorder_finish tells.
 */
#ifndef GLIP_VULKAN_RECORDER_H
#define GLIP_VULKAN_RECORDER_H

#include "vulkan/memory.h"
#include "vulkan/pipeline.h"

/* Bytes of a buffer, or of transient memory when `buffer` is NULL. */
typedef struct {
  GlipBuffer *buffer;
  uint32_t transient;
  VkDeviceSize offset, size;
} GlipRegion;

typedef enum {
  GLIP_READ = 1,
  GLIP_WRITE = 2,
} GlipAccess;

typedef struct {
  GlipRegion region;
  GlipAccess access;
} GlipBinding;

/* One dispatch; everything is copied. */
typedef struct {
  const char *shader;
  uint32_t n_bindings;
  GlipBinding bindings[GLIP_MAX_BINDINGS];
  /* The shader takes the bindings as 64-bit addresses, pushed ahead of the args. */
  gboolean addressed;
  uint32_t n_specialisations;
  uint32_t specialisations[GLIP_MAX_SPECIALISATIONS];
  uint32_t subgroup_size; /* that the shader relies on; 0: on none */
  const void *args; /* push constants */
  size_t args_bytes;
  uint32_t groups[3];
  double macs; /* multiply-adds, for the benchmark's table */
} GlipDispatch;

typedef enum {
  GLIP_COMMAND_DISPATCH,
  GLIP_COMMAND_COPY, /* bindings 0 to 1 */
} GlipCommandKind;

/* A recorded command; `args` in `args_data`, names interned. */
typedef struct {
  GlipCommandKind kind;
  const GlipPipeline *pipeline;
  GlipDispatch dispatch;
  const char *scope; /* such as "swin.2.block.3" */
  uint8_t args_data[GLIP_MAX_ARGS_BYTES];
} GlipCommand;

typedef struct {
  VkDeviceSize size;
  gboolean kept;  /* readable after the plan ran */
  const char *scope;
} GlipTransient;

typedef struct {
  GlipDevice *device;
  GlipPipelines *pipelines;
  GArray *commands;   /* of GlipCommand */
  GArray *transients; /* of GlipTransient */
  const char *scope;
  GError *error; /* the first failure */
} GlipRecorder;

/* (transfer full) */
GlipRecorder *glip_recorder_new (GlipDevice *device, GlipPipelines *pipelines);
void glip_recorder_free (GlipRecorder *recorder);

/* What the following commands belong to, such as "swin.2.block.3". */
void glip_recorder_set_scope (GlipRecorder *recorder, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

/* Transient memory, of undefined contents. */
GlipRegion glip_recorder_allocate (GlipRecorder *recorder, VkDeviceSize size_bytes);
/* Give transient memory its own place, so that it can be read after a run. */
void glip_recorder_keep (GlipRecorder *recorder, GlipRegion region);

void glip_recorder_dispatch (GlipRecorder *recorder, const GlipDispatch *dispatch);
void glip_recorder_copy (GlipRecorder *recorder, GlipRegion source, GlipRegion destination);

/* Fail with an error of one's own; the first one stays. */
void glip_recorder_fail (GlipRecorder *recorder, GlipError code, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipRecorder, glip_recorder_free)

#endif /* GLIP_VULKAN_RECORDER_H */
