/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "vulkan/recorder.h"

#include <string.h>

GlipRecorder *
glip_recorder_new (GlipDevice *device, GlipPipelines *pipelines)
{
  GlipRecorder *recorder = g_new0 (GlipRecorder, 1);
  recorder->device = device;
  recorder->pipelines = pipelines;
  recorder->commands = g_array_new (FALSE, FALSE, sizeof (GlipCommand));
  recorder->transients = g_array_new (FALSE, FALSE, sizeof (GlipTransient));
  recorder->scope = g_intern_static_string ("");
  return recorder;
}

void
glip_recorder_free (GlipRecorder *recorder)
{
  if (!recorder)
    return;
  if (recorder->commands)
    g_array_unref (recorder->commands);
  if (recorder->transients)
    g_array_unref (recorder->transients);
  g_clear_error (&recorder->error);
  g_free (recorder);
}

void
glip_recorder_set_scope (GlipRecorder *recorder, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *scope = g_strdup_vprintf (format, args);
  va_end (args);
  recorder->scope = g_intern_string (scope);
}

GlipRegion
glip_recorder_allocate (GlipRecorder *recorder, VkDeviceSize size_bytes)
{
  GlipTransient transient = { .size = size_bytes, .scope = recorder->scope };
  g_array_append_val (recorder->transients, transient);
  return (GlipRegion){ NULL, recorder->transients->len - 1, 0, size_bytes };
}

void
glip_recorder_keep (GlipRecorder *recorder, GlipRegion region)
{
  if (!region.buffer)
    g_array_index (recorder->transients, GlipTransient, region.transient).kept = TRUE;
}

void
glip_recorder_fail (GlipRecorder *recorder, GlipError code, const char *format, ...)
{
  if (recorder->error)
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  recorder->error = g_error_new_literal (GLIP_ERROR, (gint) code, message);
}

static void
check_binding (
    GlipRecorder *recorder, const GlipDispatch *dispatch, const GlipBinding *binding)
{
  const VkPhysicalDeviceLimits *limits = &recorder->device->properties.limits;
  g_assert (binding->region.size > 0);
  g_assert (binding->region.offset % limits->minStorageBufferOffsetAlignment == 0);
  /* The limit is one of descriptors. */
  if (!dispatch->addressed && binding->region.size > limits->maxStorageBufferRange)
    glip_recorder_fail (recorder, GLIP_ERROR_UNSUPPORTED,
        "%s.%s needs a buffer of %.2f MiB, %s binds at most %.2f: use a smaller input size "
        "or another device",
        recorder->scope, dispatch->shader, (double) binding->region.size / 1048576.0,
        recorder->device->description, limits->maxStorageBufferRange / 1048576.0);
}

void
glip_recorder_dispatch (GlipRecorder *recorder, const GlipDispatch *dispatch)
{
  size_t address_bytes = dispatch->addressed ? dispatch->n_bindings * sizeof (uint64_t) : 0;
  g_assert (dispatch->args_bytes % 4 == 0);
  g_assert (dispatch->args_bytes + address_bytes <= GLIP_MAX_ARGS_BYTES);
  const uint32_t *limit = recorder->device->properties.limits.maxComputeWorkGroupCount;
  for (int i = 0; i < 3; i++) {
    g_assert (dispatch->groups[i] > 0);
    if (dispatch->groups[i] > limit[i])
      glip_recorder_fail (recorder, GLIP_ERROR_UNSUPPORTED,
          "%s.%s needs %u workgroups, %s runs at most %u: use a smaller input size",
          recorder->scope, dispatch->shader, dispatch->groups[i],
          recorder->device->description, limit[i]);
  }
  for (uint32_t i = 0; i < dispatch->n_bindings; i++)
    check_binding (recorder, dispatch, &dispatch->bindings[i]);
  if (recorder->error)
    return;

  GlipCommand command = {
    .kind = GLIP_COMMAND_DISPATCH,
    .dispatch = *dispatch,
    .scope = recorder->scope,
  };
  command.pipeline = glip_pipelines_get (recorder->pipelines, dispatch->shader,
      dispatch->addressed ? 0 : dispatch->n_bindings, dispatch->n_specialisations,
      dispatch->specialisations, dispatch->subgroup_size, &recorder->error);
  if (!command.pipeline)
    return;
  memcpy (command.args_data, dispatch->args, dispatch->args_bytes);
  command.dispatch.args = NULL;
  g_array_append_val (recorder->commands, command);
}

void
glip_recorder_copy (GlipRecorder *recorder, GlipRegion source, GlipRegion destination)
{
  g_assert (source.size == destination.size);
  GlipCommand command = {
    .kind = GLIP_COMMAND_COPY,
    .dispatch = {
        .shader = "copy",
        .n_bindings = 2,
        .bindings = { { source, GLIP_READ }, { destination, GLIP_WRITE } },
    },
    .scope = recorder->scope,
  };
  g_array_append_val (recorder->commands, command);
}
