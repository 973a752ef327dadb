/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The Vulkan loader, opened at run time, and an instance.  The library links no
 * libvulkan, so that a machine without one still loads everything and hears a
 * clear error when it asks for a device.
 */
#ifndef GLIP_VULKAN_INSTANCE_H
#define GLIP_VULKAN_INSTANCE_H

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

#include "report.h"

#define GLIP_INSTANCE_FUNCTIONS(X)                                                        \
  X (vkDestroyInstance)                                                                   \
  X (vkEnumeratePhysicalDevices)                                                          \
  X (vkGetPhysicalDeviceProperties2)                                                      \
  X (vkGetPhysicalDeviceFeatures2)                                                        \
  X (vkGetPhysicalDeviceMemoryProperties)                                                 \
  X (vkGetPhysicalDeviceQueueFamilyProperties)                                            \
  X (vkEnumerateDeviceExtensionProperties)                                                \
  X (vkCreateDevice)                                                                      \
  X (vkGetDeviceProcAddr)

#define GLIP_DEVICE_FUNCTIONS(X)                                                          \
  X (vkDestroyDevice)                                                                     \
  X (vkDeviceWaitIdle)                                                                    \
  X (vkGetDeviceQueue)                                                                    \
  X (vkCreateBuffer)                                                                      \
  X (vkDestroyBuffer)                                                                     \
  X (vkGetBufferMemoryRequirements)                                                       \
  X (vkAllocateMemory)                                                                    \
  X (vkFreeMemory)                                                                        \
  X (vkMapMemory)                                                                         \
  X (vkBindBufferMemory)                                                                  \
  X (vkCreateShaderModule)                                                                \
  X (vkDestroyShaderModule)                                                               \
  X (vkCreateDescriptorSetLayout)                                                         \
  X (vkDestroyDescriptorSetLayout)                                                        \
  X (vkCreatePipelineLayout)                                                              \
  X (vkDestroyPipelineLayout)                                                             \
  X (vkCreatePipelineCache)                                                               \
  X (vkDestroyPipelineCache)                                                              \
  X (vkGetPipelineCacheData)                                                              \
  X (vkCreateComputePipelines)                                                            \
  X (vkDestroyPipeline)                                                                   \
  X (vkCreateDescriptorPool)                                                              \
  X (vkDestroyDescriptorPool)                                                             \
  X (vkAllocateDescriptorSets)                                                            \
  X (vkUpdateDescriptorSets)                                                              \
  X (vkCreateCommandPool)                                                                 \
  X (vkDestroyCommandPool)                                                                \
  X (vkAllocateCommandBuffers)                                                            \
  X (vkFreeCommandBuffers)                                                                \
  X (vkBeginCommandBuffer)                                                                \
  X (vkEndCommandBuffer)                                                                  \
  X (vkCmdBindPipeline)                                                                   \
  X (vkCmdBindDescriptorSets)                                                             \
  X (vkCmdPushConstants)                                                                  \
  X (vkCmdDispatch)                                                                       \
  X (vkCmdPipelineBarrier)                                                                \
  X (vkCmdCopyBuffer)                                                                     \
  X (vkCmdFillBuffer)                                                                     \
  X (vkCmdResetQueryPool)                                                                 \
  X (vkCmdWriteTimestamp)                                                                 \
  X (vkCreateQueryPool)                                                                   \
  X (vkDestroyQueryPool)                                                                  \
  X (vkGetQueryPoolResults)                                                               \
  X (vkCreateFence)                                                                       \
  X (vkDestroyFence)                                                                      \
  X (vkResetFences)                                                                       \
  X (vkWaitForFences)                                                                     \
  X (vkQueueSubmit)                                                                       \
  X (vkGetBufferDeviceAddress) /* NULL before Vulkan 1.2 */

/* Every function the library calls, by its own name. */
typedef struct {
#define X(name) PFN_##name name;
  GLIP_INSTANCE_FUNCTIONS (X)
  GLIP_DEVICE_FUNCTIONS (X)
#undef X
  PFN_vkSetDebugUtilsObjectNameEXT vkSetDebugUtilsObjectNameEXT; /* or NULL */
} GlipVk;

typedef struct {
  void *library;
  VkInstance handle;
  PFN_vkGetInstanceProcAddr get_proc;
  VkDebugUtilsMessengerEXT messenger;
  GlipVk vk; /* instance functions; device functions are NULL */
  GlipLog log;
  int validation_messages; /* atomic */
} GlipInstance;

/* Open the loader and make an instance; with `validation`, with the Khronos layer
 * and synchronisation validation, whose messages are logged and counted.
 * (transfer full)  Errors: NO_DEVICE, UNSUPPORTED, OUT_OF_MEMORY. */
GlipInstance *glip_instance_new (gboolean validation, const GlipLog *log, GError **error);
void glip_instance_free (GlipInstance *instance);

/* FALSE and an error for a VkResult that is not success: the formatted message,
 * what the result means, and its name. */
gboolean glip_vk_check (VkResult result, GError **error, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipInstance, glip_instance_free)

#endif /* GLIP_VULKAN_INSTANCE_H */
