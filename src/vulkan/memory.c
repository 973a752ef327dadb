/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "vulkan/memory.h"

#include <string.h>

enum { STAGING_BYTES = 16 << 20 };

/* The first memory type with all of `required` and as many of `preferred` as there
 * are; -1 when none fits. */
static int
find_type (const GlipDevice *device, uint32_t allowed, VkMemoryPropertyFlags required,
    VkMemoryPropertyFlags preferred)
{
  int found = -1;
  for (uint32_t i = 0; i < device->memory.memoryTypeCount; i++) {
    VkMemoryPropertyFlags flags = device->memory.memoryTypes[i].propertyFlags;
    if (!(allowed & (1u << i)) || (flags & required) != required)
      continue;
    if ((flags & preferred) == preferred)
      return (int) i;
    if (found < 0)
      found = (int) i;
  }
  return found;
}

static int
find_type_of_kind (const GlipDevice *device, uint32_t allowed, GlipMemoryKind kind)
{
  const VkMemoryPropertyFlags local = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
  const VkMemoryPropertyFlags visible =
      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  switch (kind) {
  case GLIP_MEMORY_UPLOAD:
    return find_type (device, allowed, visible, 0);
  case GLIP_MEMORY_READBACK:
    return find_type (device, allowed, visible, VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
  case GLIP_MEMORY_DEVICE:
  default: {
    /* Shared memory (integrated and CPU devices) is mapped; a discrete card's is not, its
     * window to the host may be small. */
    gboolean shared =
        device->properties.deviceType != VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
    int type = find_type (device, allowed, local, shared ? visible : 0);
    return type >= 0 ? type : find_type (device, allowed, 0, 0);
  }
  }
}

/* Drivers over-commit; the sum of what is held may not pass the heap. */
static gboolean
check_heap (const GlipDevice *device, int type, VkDeviceSize size, const char *name,
    GError **error)
{
  const VkMemoryHeap *heap =
      &device->memory.memoryHeaps[device->memory.memoryTypes[type].heapIndex];
  if (size <= heap->size && device->allocated_bytes <= heap->size - size)
    return TRUE;
  g_set_error (error, GLIP_ERROR, GLIP_ERROR_OUT_OF_MEMORY,
      "%s needs %.1f MiB, but %s has %.1f MiB of which %.1f are taken: use a smaller input "
      "size, a smaller model or another device",
      name, (double) size / 1048576.0, device->description, (double) heap->size / 1048576.0,
      (double) device->allocated_bytes / 1048576.0);
  return FALSE;
}

static gboolean
allocate (GlipBuffer *buffer, GlipMemoryKind kind, GError **error)
{
  GlipDevice *device = buffer->device;
  GlipVk *vk = &device->vk;
  VkMemoryRequirements requirements;
  vk->vkGetBufferMemoryRequirements (device->handle, buffer->handle, &requirements);
  int type = find_type_of_kind (device, requirements.memoryTypeBits, kind);
  if (type < 0) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_UNSUPPORTED,
        "%s: %s has no memory type for it", buffer->name, device->description);
    return FALSE;
  }
  if (!check_heap (device, type, requirements.size, buffer->name, error))
    return FALSE;

  const VkMemoryAllocateFlagsInfo addressed = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
    .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT,
  };
  const VkMemoryAllocateInfo info = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
    .pNext = device->abilities.addresses ? &addressed : NULL,
    .allocationSize = requirements.size,
    .memoryTypeIndex = (uint32_t) type,
  };
  if (!glip_vk_check (vk->vkAllocateMemory (device->handle, &info, NULL, &buffer->memory), error,
          "%s: cannot allocate %.1f MiB", buffer->name, (double) requirements.size / 1048576.0))
    return FALSE;
  device->allocated_bytes += buffer->size;
  device->peak_bytes = MAX (device->peak_bytes, device->allocated_bytes);
  if (!glip_vk_check (
          vk->vkBindBufferMemory (device->handle, buffer->handle, buffer->memory, 0), error,
          "%s: cannot bind memory", buffer->name))
    return FALSE;
  if (device->abilities.addresses) {
    const VkBufferDeviceAddressInfo address = {
      .sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO,
      .buffer = buffer->handle,
    };
    buffer->address = vk->vkGetBufferDeviceAddress (device->handle, &address);
  }

  VkMemoryPropertyFlags flags = device->memory.memoryTypes[type].propertyFlags;
  const VkMemoryPropertyFlags visible =
      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  if ((flags & visible) != visible)
    return TRUE;
  return glip_vk_check (
      vk->vkMapMemory (device->handle, buffer->memory, 0, VK_WHOLE_SIZE, 0, &buffer->map), error,
      "%s: cannot map memory", buffer->name);
}

GlipBuffer *
glip_buffer_new (GlipDevice *device, GlipMemoryKind kind, VkDeviceSize size_bytes,
    const char *name, GError **error)
{
  g_return_val_if_fail (size_bytes > 0, NULL);
  g_autoptr (GlipBuffer) buffer = g_new0 (GlipBuffer, 1);
  buffer->device = device;
  buffer->size = size_bytes;
  buffer->name = g_strdup (name);
  const VkBufferCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
    .size = size_bytes,
    .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
        VK_BUFFER_USAGE_TRANSFER_DST_BIT |
        (device->abilities.addresses ? VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT : 0),
  };
  if (!glip_vk_check (
          device->vk.vkCreateBuffer (device->handle, &info, NULL, &buffer->handle), error,
          "%s: cannot make a buffer of %.1f MiB", name, (double) size_bytes / 1048576.0) ||
      !allocate (buffer, kind, error))
    return NULL;
  glip_device_set_name (
      device, VK_OBJECT_TYPE_BUFFER, (uint64_t) (uintptr_t) buffer->handle, name);
  return g_steal_pointer (&buffer);
}

void
glip_buffer_free (GlipBuffer *buffer)
{
  if (!buffer)
    return;
  GlipDevice *device = buffer->device;
  if (buffer->handle)
    device->vk.vkDestroyBuffer (device->handle, buffer->handle, NULL);
  if (buffer->memory) {
    device->vk.vkFreeMemory (device->handle, buffer->memory, NULL);
    device->allocated_bytes -= buffer->size;
  }
  g_free (buffer->name);
  g_free (buffer);
}

gboolean
glip_device_submit (GlipDevice *device, uint32_t n_commands, const VkCommandBuffer *commands,
    GError **error)
{
  GlipVk *vk = &device->vk;
  const VkFenceCreateInfo fence_info = { .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO };
  const VkSubmitInfo submit = {
    .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
    .commandBufferCount = n_commands,
    .pCommandBuffers = commands,
  };
  VkFence fence;
  if (!glip_vk_check (vk->vkCreateFence (device->handle, &fence_info, NULL, &fence), error,
          "cannot make a fence"))
    return FALSE;
  VkResult result = vk->vkQueueSubmit (device->queue, 1, &submit, fence);
  if (result == VK_SUCCESS)
    result = vk->vkWaitForFences (device->handle, 1, &fence, VK_TRUE, UINT64_MAX);
  vk->vkDestroyFence (device->handle, fence, NULL);
  return glip_vk_check (result, error, "%s did not finish its work", device->description);
}

static gboolean
copy_now (GlipDevice *device, VkBuffer source, VkBuffer destination, const VkBufferCopy *region,
    GError **error)
{
  GlipVk *vk = &device->vk;
  const VkCommandBufferAllocateInfo info = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
    .commandPool = device->command_pool,
    .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
    .commandBufferCount = 1,
  };
  const VkCommandBufferBeginInfo begin = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
    .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
  };
  const VkMemoryBarrier to_host = {
    .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
    .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
    .dstAccessMask = VK_ACCESS_HOST_READ_BIT,
  };
  VkCommandBuffer commands;
  if (!glip_vk_check (vk->vkAllocateCommandBuffers (device->handle, &info, &commands), error,
          "cannot make a command buffer"))
    return FALSE;
  VkResult result = vk->vkBeginCommandBuffer (commands, &begin);
  if (result == VK_SUCCESS) {
    vk->vkCmdCopyBuffer (commands, source, destination, 1, region);
    vk->vkCmdPipelineBarrier (commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
        VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &to_host, 0, NULL, 0, NULL);
    result = vk->vkEndCommandBuffer (commands);
  }
  gboolean ok = glip_vk_check (result, error, "cannot record a copy") &&
      glip_device_submit (device, 1, &commands, error);
  vk->vkFreeCommandBuffers (device->handle, device->command_pool, 1, &commands);
  return ok;
}

gboolean
glip_buffer_write (GlipBuffer *buffer, VkDeviceSize offset, const void *data, size_t size_bytes,
    GError **error)
{
  g_assert (offset + size_bytes <= buffer->size);
  if (buffer->map) {
    memcpy ((uint8_t *) buffer->map + offset, data, size_bytes);
    return TRUE;
  }
  g_autoptr (GlipBuffer) staging = glip_buffer_new (buffer->device, GLIP_MEMORY_UPLOAD,
      MIN (MAX (size_bytes, 1), STAGING_BYTES), "staging", error);
  if (!staging)
    return FALSE;
  for (size_t done = 0; done < size_bytes;) {
    size_t part = MIN (size_bytes - done, (size_t) staging->size);
    const VkBufferCopy region = { .dstOffset = offset + done, .size = part };
    memcpy (staging->map, (const uint8_t *) data + done, part);
    if (!copy_now (buffer->device, staging->handle, buffer->handle, &region, error))
      return FALSE;
    done += part;
  }
  return TRUE;
}

gboolean
glip_buffer_read (GlipBuffer *buffer, VkDeviceSize offset, void *data, size_t size_bytes,
    GError **error)
{
  g_assert (offset + size_bytes <= buffer->size);
  if (buffer->map) {
    memcpy (data, (const uint8_t *) buffer->map + offset, size_bytes);
    return TRUE;
  }
  g_autoptr (GlipBuffer) staging = glip_buffer_new (buffer->device, GLIP_MEMORY_READBACK,
      MIN (MAX (size_bytes, 1), STAGING_BYTES), "staging", error);
  if (!staging)
    return FALSE;
  for (size_t done = 0; done < size_bytes;) {
    size_t part = MIN (size_bytes - done, (size_t) staging->size);
    const VkBufferCopy region = { .srcOffset = offset + done, .size = part };
    if (!copy_now (buffer->device, buffer->handle, staging->handle, &region, error))
      return FALSE;
    memcpy ((uint8_t *) data + done, staging->map, part);
    done += part;
  }
  return TRUE;
}
