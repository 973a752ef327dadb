/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * A finished recording, ready to be submitted any number of times.  Transient
 * memory is laid out in one arena, so that what is never alive at the same time
 * shares bytes; barriers stand only where a command meets bytes that an earlier
 * one since the last barrier wrote or still reads.
 */
#ifndef GLIP_VULKAN_PLAN_H
#define GLIP_VULKAN_PLAN_H

#include "vulkan/recorder.h"

/* Scratch memory that plans of one device take turns in; it only grows. */
typedef struct {
  GlipDevice *device;
  GlipBuffer *buffer; /* NULL at first */
  guint generation;   /* changes with the buffer */
} GlipArena;

GlipArena *glip_arena_new (GlipDevice *device);
void glip_arena_free (GlipArena *arena);

typedef struct _GlipPlan GlipPlan;

/* Finish `recorder` (consumed, also on failure); `arena` must outlive the plan.
 * (transfer full)  Errors: what stuck in the recorder, OUT_OF_MEMORY. */
GlipPlan *glip_plan_new (GlipRecorder *recorder, GlipArena *arena, GError **error);
void glip_plan_free (GlipPlan *plan);

/* Run plans one after another in one submission and wait.  No other thread may use
 * the device.  Errors: OUT_OF_MEMORY, DEVICE_LOST. */
gboolean glip_plan_run (GlipPlan *const *plans, guint n_plans, GError **error);

/* Where kept transient memory lies, as a region of a real buffer. */
GlipRegion glip_plan_resolve (GlipPlan *plan, GlipRegion region);

/* Run with a timestamp around every command, one at a time, and give the nanoseconds
 * of each (glip_plan_get_commands entries).  Errors: UNSUPPORTED, DEVICE_LOST. */
gboolean glip_plan_profile (GlipPlan *plan, double *nanoseconds, GError **error);

/* Array of GlipCommand.  (transfer none) */
GArray *glip_plan_get_commands (GlipPlan *plan);
/* Bytes of arena and of kept memory; the barriers in the command buffer. */
VkDeviceSize glip_plan_get_arena_bytes (GlipPlan *plan);
VkDeviceSize glip_plan_get_kept_bytes (GlipPlan *plan);
guint glip_plan_get_barriers (GlipPlan *plan);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipArena, glip_arena_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipPlan, glip_plan_free)

#endif /* GLIP_VULKAN_PLAN_H */
