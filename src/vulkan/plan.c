/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "vulkan/plan.h"

#include <string.h>

/* Transient memory is laid out in steps of the largest offset alignment that Vulkan
 * lets a device ask for. */
enum { ALIGNMENT = 256 };

typedef struct {
  VkDeviceSize offset, size;
  guint first, last; /* commands that touch it */
  gboolean kept;
} Place;

/* Bytes that a command since the last barrier touches. */
typedef struct {
  VkBuffer buffer;
  VkDeviceSize begin, end;
  GlipAccess access;
} Touch;

struct _GlipPlan {
  GlipDevice *device;
  GArray *commands; /* of GlipCommand */
  Place *places;    /* by transient number */
  guint n_places;
  GlipArena *arena;
  guint arena_generation; /* the one the descriptors point into */
  GlipBuffer *kept;       /* or NULL */
  VkDeviceSize arena_bytes, kept_bytes;
  VkDescriptorPool pool;
  VkDescriptorSet *sets; /* by command */
  VkCommandBuffer command_buffer;
  guint barriers;
};

/* ------------------------------------------------------------------ arena */

GlipArena *
glip_arena_new (GlipDevice *device)
{
  GlipArena *arena = g_new0 (GlipArena, 1);
  arena->device = device;
  return arena;
}

void
glip_arena_free (GlipArena *arena)
{
  if (!arena)
    return;
  glip_buffer_free (arena->buffer);
  g_free (arena);
}

static gboolean
reserve (GlipArena *arena, VkDeviceSize size, GError **error)
{
  if (size == 0 || (arena->buffer && arena->buffer->size >= size))
    return TRUE;
  g_clear_pointer (&arena->buffer, glip_buffer_free);
  arena->generation++;
  arena->buffer =
      glip_buffer_new (arena->device, GLIP_MEMORY_DEVICE, size, "activations", error);
  return arena->buffer != NULL;
}

/* ----------------------------------------------------------------- layout */

static void
find_lifetimes (GlipPlan *plan)
{
  for (guint i = 0; i < plan->n_places; i++)
    plan->places[i].first = G_MAXUINT;
  for (guint i = 0; i < plan->commands->len; i++) {
    const GlipCommand *command = &g_array_index (plan->commands, GlipCommand, i);
    for (uint32_t j = 0; j < command->dispatch.n_bindings; j++) {
      const GlipRegion *region = &command->dispatch.bindings[j].region;
      if (region->buffer)
        continue;
      Place *place = &plan->places[region->transient];
      place->first = MIN (place->first, i);
      place->last = i;
    }
  }
}

static gint
compare_sizes (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const Place *places = user_data;
  VkDeviceSize x = places[*(const guint *) a].size, y = places[*(const guint *) b].size;
  return x < y ? 1 : x > y ? -1 : 0;
}

static gint
compare_offsets (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const Place *places = user_data;
  VkDeviceSize x = places[*(const guint *) a].offset, y = places[*(const guint *) b].offset;
  return x < y ? -1 : x > y ? 1 : 0;
}

/* The lowest gap among the placed neighbours in time. */
static VkDeviceSize
find_gap (const GlipPlan *plan, const GArray *placed, const Place *wanted)
{
  VkDeviceSize offset = 0;
  for (guint i = 0; i < placed->len; i++) {
    const Place *other = &plan->places[g_array_index (placed, guint, i)];
    if (other->last < wanted->first || other->first > wanted->last)
      continue;
    if (other->offset >= offset + wanted->size)
      break;
    offset = MAX (offset, other->offset + other->size);
  }
  return offset;
}

/* Largest first, each at the lowest free place: within a few per cent of the lower
 * bound on these networks. */
static void
lay_out (GlipPlan *plan)
{
  g_autofree guint *order = g_new (guint, plan->n_places + 1);
  g_autoptr (GArray) placed = g_array_new (FALSE, FALSE, sizeof (guint));
  guint n = 0;
  for (guint i = 0; i < plan->n_places; i++) {
    Place *place = &plan->places[i];
    if (place->kept) {
      place->offset = plan->kept_bytes;
      plan->kept_bytes += place->size;
    } else if (place->first != G_MAXUINT) {
      order[n++] = i;
    }
  }
  g_qsort_with_data (order, (gint) n, sizeof (guint), compare_sizes, plan->places);
  for (guint i = 0; i < n; i++) {
    Place *place = &plan->places[order[i]];
    place->offset = find_gap (plan, placed, place);
    plan->arena_bytes = MAX (plan->arena_bytes, place->offset + place->size);
    guint at = 0;
    while (at < placed->len &&
        compare_offsets (&g_array_index (placed, guint, at), &order[i], plan->places) <= 0)
      at++;
    g_array_insert_val (placed, at, order[i]);
  }
}

GlipRegion
glip_plan_resolve (GlipPlan *plan, GlipRegion region)
{
  if (region.buffer)
    return region;
  const Place *place = &plan->places[region.transient];
  return (GlipRegion){
    .buffer = place->kept ? plan->kept : plan->arena->buffer,
    .offset = place->offset + region.offset,
    .size = region.size,
  };
}

/* ------------------------------------------------------------ descriptors */

/* Dispatches that find their buffers through descriptors. */
static gboolean
has_set (const GlipCommand *command)
{
  return command->kind == GLIP_COMMAND_DISPATCH && !command->dispatch.addressed;
}

static gboolean
allocate_sets (GlipPlan *plan, GError **error)
{
  GlipVk *vk = &plan->device->vk;
  uint32_t n_sets = 0, n_descriptors = 0;
  for (guint i = 0; i < plan->commands->len; i++) {
    const GlipCommand *command = &g_array_index (plan->commands, GlipCommand, i);
    if (has_set (command)) {
      n_sets++;
      n_descriptors += command->dispatch.n_bindings;
    }
  }
  if (n_sets == 0)
    return TRUE;
  const VkDescriptorPoolSize size = { VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, n_descriptors };
  const VkDescriptorPoolCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
    .maxSets = n_sets,
    .poolSizeCount = 1,
    .pPoolSizes = &size,
  };
  if (!glip_vk_check (
          vk->vkCreateDescriptorPool (plan->device->handle, &info, NULL, &plan->pool), error,
          "cannot make a descriptor pool"))
    return FALSE;
  for (guint i = 0; i < plan->commands->len; i++) {
    const GlipCommand *command = &g_array_index (plan->commands, GlipCommand, i);
    if (!has_set (command))
      continue;
    const VkDescriptorSetAllocateInfo set = {
      .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
      .descriptorPool = plan->pool,
      .descriptorSetCount = 1,
      .pSetLayouts = &command->pipeline->set_layout,
    };
    if (!glip_vk_check (
            vk->vkAllocateDescriptorSets (plan->device->handle, &set, &plan->sets[i]), error,
            "cannot allocate descriptor sets"))
      return FALSE;
  }
  return TRUE;
}

static void
write_sets (GlipPlan *plan)
{
  for (guint i = 0; i < plan->commands->len; i++) {
    const GlipCommand *command = &g_array_index (plan->commands, GlipCommand, i);
    VkDescriptorBufferInfo buffers[GLIP_MAX_BINDINGS];
    VkWriteDescriptorSet writes[GLIP_MAX_BINDINGS];
    if (!has_set (command))
      continue;
    for (uint32_t j = 0; j < command->dispatch.n_bindings; j++) {
      GlipRegion region = glip_plan_resolve (plan, command->dispatch.bindings[j].region);
      buffers[j] = (VkDescriptorBufferInfo){ region.buffer->handle, region.offset, region.size };
      writes[j] = (VkWriteDescriptorSet){
        .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
        .dstSet = plan->sets[i],
        .dstBinding = j,
        .descriptorCount = 1,
        .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
        .pBufferInfo = &buffers[j],
      };
    }
    plan->device->vk.vkUpdateDescriptorSets (
        plan->device->handle, command->dispatch.n_bindings, writes, 0, NULL);
  }
}

/* --------------------------------------------------------- command buffer */

static const VkPipelineStageFlags stages =
    VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;

static void
put_barrier (GlipPlan *plan, VkCommandBuffer commands, VkPipelineStageFlags to)
{
  const VkMemoryBarrier barrier = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
    .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
    .dstAccessMask = to == VK_PIPELINE_STAGE_HOST_BIT ? VK_ACCESS_HOST_READ_BIT
                                                      : VK_ACCESS_SHADER_READ_BIT |
            VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_READ_BIT |
            VK_ACCESS_TRANSFER_WRITE_BIT,
  };
  plan->device->vk.vkCmdPipelineBarrier (
      commands, stages, to, 0, 1, &barrier, 0, NULL, 0, NULL);
}

static gboolean
conflicts (const GArray *touches, const Touch *touch)
{
  for (guint i = 0; i < touches->len; i++) {
    const Touch *other = &g_array_index (touches, Touch, i);
    if (other->buffer == touch->buffer && other->begin < touch->end &&
        touch->begin < other->end && ((other->access | touch->access) & GLIP_WRITE))
      return TRUE;
  }
  return FALSE;
}

/* Put a barrier when `command` meets what is still in flight, and note what it
 * touches itself. */
static void
order_command (GlipPlan *plan, VkCommandBuffer commands, const GlipCommand *command,
    GArray *touches)
{
  Touch own[GLIP_MAX_BINDINGS];
  gboolean conflict = FALSE;
  for (uint32_t i = 0; i < command->dispatch.n_bindings; i++) {
    const GlipBinding *binding = &command->dispatch.bindings[i];
    GlipRegion region = glip_plan_resolve (plan, binding->region);
    own[i] = (Touch){ region.buffer->handle, region.offset, region.offset + region.size,
      binding->access };
    conflict |= conflicts (touches, &own[i]);
  }
  if (conflict) {
    put_barrier (plan, commands, stages);
    g_array_set_size (touches, 0);
    plan->barriers++;
  }
  g_array_append_vals (touches, own, command->dispatch.n_bindings);
}

/* The push constants: addresses first when the shader wants them. */
static void
push_args (GlipPlan *plan, VkCommandBuffer commands, const GlipCommand *command)
{
  const GlipDispatch *dispatch = &command->dispatch;
  uint8_t args[GLIP_MAX_ARGS_BYTES];
  size_t size = 0;
  for (uint32_t i = 0; dispatch->addressed && i < dispatch->n_bindings; i++) {
    GlipRegion region = glip_plan_resolve (plan, dispatch->bindings[i].region);
    uint64_t address = region.buffer->address + region.offset;
    memcpy (args + size, &address, sizeof address);
    size += sizeof address;
  }
  memcpy (args + size, command->args_data, dispatch->args_bytes);
  size += dispatch->args_bytes;
  if (size)
    plan->device->vk.vkCmdPushConstants (commands, command->pipeline->layout,
        VK_SHADER_STAGE_COMPUTE_BIT, 0, (uint32_t) size, args);
}

static void
emit_command (GlipPlan *plan, VkCommandBuffer commands, guint index)
{
  const GlipCommand *command = &g_array_index (plan->commands, GlipCommand, index);
  const GlipDispatch *dispatch = &command->dispatch;
  GlipVk *vk = &plan->device->vk;
  if (command->kind == GLIP_COMMAND_COPY) {
    GlipRegion source = glip_plan_resolve (plan, dispatch->bindings[0].region);
    GlipRegion destination = glip_plan_resolve (plan, dispatch->bindings[1].region);
    const VkBufferCopy copy = { source.offset, destination.offset, source.size };
    vk->vkCmdCopyBuffer (
        commands, source.buffer->handle, destination.buffer->handle, 1, &copy);
    return;
  }
  vk->vkCmdBindPipeline (
      commands, VK_PIPELINE_BIND_POINT_COMPUTE, command->pipeline->handle);
  if (has_set (command))
    vk->vkCmdBindDescriptorSets (commands, VK_PIPELINE_BIND_POINT_COMPUTE,
        command->pipeline->layout, 0, 1, &plan->sets[index], 0, NULL);
  push_args (plan, commands, command);
  vk->vkCmdDispatch (
      commands, dispatch->groups[0], dispatch->groups[1], dispatch->groups[2]);
}

/* With `queries`, a barrier and two timestamps stand around every command. */
static gboolean
record (GlipPlan *plan, VkCommandBuffer commands, VkQueryPool queries, GError **error)
{
  GlipVk *vk = &plan->device->vk;
  const VkCommandBufferBeginInfo begin = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
  };
  if (!glip_vk_check (
          vk->vkBeginCommandBuffer (commands, &begin), error, "cannot record commands"))
    return FALSE;
  g_autoptr (GArray) touches = g_array_new (FALSE, FALSE, sizeof (Touch));
  plan->barriers = 0;
  if (queries)
    vk->vkCmdResetQueryPool (commands, queries, 0, plan->commands->len * 2);
  /* What an earlier plan of the same submission wrote. */
  put_barrier (plan, commands, stages);
  for (guint i = 0; i < plan->commands->len; i++) {
    if (queries) {
      put_barrier (plan, commands, stages);
      vk->vkCmdWriteTimestamp (commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, queries, 2 * i);
    } else {
      order_command (
          plan, commands, &g_array_index (plan->commands, GlipCommand, i), touches);
    }
    emit_command (plan, commands, i);
    if (queries)
      vk->vkCmdWriteTimestamp (
          commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, queries, 2 * i + 1);
  }
  put_barrier (plan, commands, VK_PIPELINE_STAGE_HOST_BIT);
  return glip_vk_check (vk->vkEndCommandBuffer (commands), error, "cannot record commands");
}

static gboolean
allocate_command_buffer (GlipPlan *plan, VkCommandBuffer *commands, GError **error)
{
  const VkCommandBufferAllocateInfo info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
    .commandPool = plan->device->command_pool,
    .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
    .commandBufferCount = 1,
  };
  return glip_vk_check (
      plan->device->vk.vkAllocateCommandBuffers (plan->device->handle, &info, commands), error,
      "cannot make a command buffer");
}

/* Point descriptors and addresses at the arena's buffer as it is now. */
static gboolean
prepare (GlipPlan *plan, GError **error)
{
  if (!reserve (plan->arena, plan->arena_bytes, error))
    return FALSE;
  if (plan->arena_generation == plan->arena->generation)
    return TRUE;
  write_sets (plan);
  if (!record (plan, plan->command_buffer, VK_NULL_HANDLE, error))
    return FALSE;
  plan->arena_generation = plan->arena->generation;
  return TRUE;
}

GlipPlan *
glip_plan_new (GlipRecorder *taken, GlipArena *arena, GError **error)
{
  g_autoptr (GlipRecorder) recorder = taken;
  if (recorder->error) {
    g_propagate_error (error, g_steal_pointer (&recorder->error));
    return NULL;
  }
  if (!glip_pipelines_compile (recorder->pipelines, error))
    return NULL;
  g_autoptr (GlipPlan) plan = g_new0 (GlipPlan, 1);
  plan->device = recorder->device;
  plan->arena = arena;
  plan->arena_generation = G_MAXUINT;
  plan->commands = g_steal_pointer (&recorder->commands);
  plan->n_places = recorder->transients->len;
  plan->places = g_new0 (Place, plan->n_places + 1);
  plan->sets = g_new0 (VkDescriptorSet, plan->commands->len + 1);
  for (guint i = 0; i < plan->n_places; i++) {
    const GlipTransient *transient = &g_array_index (recorder->transients, GlipTransient, i);
    plan->places[i].size = (transient->size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    plan->places[i].kept = transient->kept;
  }
  find_lifetimes (plan);
  lay_out (plan);
  if (plan->kept_bytes) {
    plan->kept =
        glip_buffer_new (plan->device, GLIP_MEMORY_DEVICE, plan->kept_bytes, "results", error);
    if (!plan->kept)
      return NULL;
  }
  if (!allocate_sets (plan, error) ||
      !allocate_command_buffer (plan, &plan->command_buffer, error) || !prepare (plan, error))
    return NULL;
  return g_steal_pointer (&plan);
}

void
glip_plan_free (GlipPlan *plan)
{
  if (!plan)
    return;
  GlipVk *vk = &plan->device->vk;
  if (plan->command_buffer)
    vk->vkFreeCommandBuffers (
        plan->device->handle, plan->device->command_pool, 1, &plan->command_buffer);
  if (plan->pool)
    vk->vkDestroyDescriptorPool (plan->device->handle, plan->pool, NULL);
  glip_buffer_free (plan->kept);
  g_free (plan->sets);
  g_free (plan->places);
  g_array_unref (plan->commands);
  g_free (plan);
}

gboolean
glip_plan_run (GlipPlan *const *plans, guint n_plans, GError **error)
{
  g_autofree VkCommandBuffer *commands = g_new (VkCommandBuffer, n_plans);
  /* Preparing one plan may grow the arena under another: reserve for all first. */
  for (guint i = 0; i < n_plans; i++)
    if (!reserve (plans[i]->arena, plans[i]->arena_bytes, error))
      return FALSE;
  for (guint i = 0; i < n_plans; i++) {
    if (!prepare (plans[i], error))
      return FALSE;
    commands[i] = plans[i]->command_buffer;
  }
  return glip_device_submit (plans[0]->device, n_plans, commands, error);
}

/* ---------------------------------------------------------------- profile */

static gboolean
read_queries (GlipPlan *plan, VkQueryPool queries, double *nanoseconds, GError **error)
{
  guint n = plan->commands->len;
  g_autofree uint64_t *ticks = g_new0 (uint64_t, 2 * n);
  if (!glip_vk_check (plan->device->vk.vkGetQueryPoolResults (plan->device->handle, queries, 0,
                          2 * n, 2 * n * sizeof (uint64_t), ticks, sizeof (uint64_t),
                          VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT),
          error, "no timestamps"))
    return FALSE;
  double period = plan->device->properties.limits.timestampPeriod;
  for (guint i = 0; i < n; i++)
    nanoseconds[i] = (double) (ticks[2 * i + 1] - ticks[2 * i]) * period;
  return TRUE;
}

gboolean
glip_plan_profile (GlipPlan *plan, double *nanoseconds, GError **error)
{
  GlipDevice *device = plan->device;
  GlipVk *vk = &device->vk;
  if (!device->timestamps) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_UNSUPPORTED,
        "%s has no timestamps on its compute queue", device->description);
    return FALSE;
  }
  const VkQueryPoolCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
    .queryType = VK_QUERY_TYPE_TIMESTAMP,
    .queryCount = 2 * plan->commands->len,
  };
  VkQueryPool queries;
  VkCommandBuffer commands = VK_NULL_HANDLE;
  if (!prepare (plan, error) ||
      !glip_vk_check (vk->vkCreateQueryPool (device->handle, &info, NULL, &queries), error,
          "cannot make a query pool"))
    return FALSE;
  guint barriers = plan->barriers;
  gboolean ok = allocate_command_buffer (plan, &commands, error) &&
      record (plan, commands, queries, error) &&
      glip_device_submit (device, 1, &commands, error) &&
      read_queries (plan, queries, nanoseconds, error);
  plan->barriers = barriers;
  if (commands)
    vk->vkFreeCommandBuffers (device->handle, device->command_pool, 1, &commands);
  vk->vkDestroyQueryPool (device->handle, queries, NULL);
  return ok;
}

GArray *
glip_plan_get_commands (GlipPlan *plan)
{
  return plan->commands;
}

VkDeviceSize
glip_plan_get_arena_bytes (GlipPlan *plan)
{
  return plan->arena_bytes;
}

VkDeviceSize
glip_plan_get_kept_bytes (GlipPlan *plan)
{
  return plan->kept_bytes;
}

guint
glip_plan_get_barriers (GlipPlan *plan)
{
  return plan->barriers;
}
