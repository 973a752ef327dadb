/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "vulkan/device.h"

#include <string.h>

#include "vulkan/units.h"

typedef struct {
  VkPhysicalDevice physical;
  VkPhysicalDeviceProperties properties;
  VkPhysicalDeviceDriverProperties driver;
  VkPhysicalDeviceIDProperties id;
  VkPhysicalDeviceSubgroupProperties subgroup;
  VkPhysicalDeviceMemoryProperties memory;
  gboolean addresses, float16, storage16;
  GArray *units; /* of GlipMatrixUnit */
  int queue_family; /* -1: none that computes */
  gboolean timestamps;
} Candidate;

static const char *
type_name (VkPhysicalDeviceType type)
{
  switch (type) {
  case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
    return "discrete GPU";
  case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
    return "integrated GPU";
  case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
    return "virtual GPU";
  case VK_PHYSICAL_DEVICE_TYPE_CPU:
    return "CPU";
  default:
    return "other";
  }
}

static int
type_rank (VkPhysicalDeviceType type)
{
  switch (type) {
  case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
    return 4;
  case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
    return 3;
  case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
    return 2;
  case VK_PHYSICAL_DEVICE_TYPE_CPU:
    return 1;
  default:
    return 0;
  }
}

/* Prefer a family that computes without drawing: it does not queue behind the
 * desktop. */
static void
pick_queue_family (const GlipVk *vk, Candidate *candidate)
{
  uint32_t n = 0;
  vk->vkGetPhysicalDeviceQueueFamilyProperties (candidate->physical, &n, NULL);
  g_autofree VkQueueFamilyProperties *families = g_new0 (VkQueueFamilyProperties, n + 1);
  vk->vkGetPhysicalDeviceQueueFamilyProperties (candidate->physical, &n, families);
  candidate->queue_family = -1;
  for (uint32_t i = 0; i < n; i++) {
    if (!(families[i].queueFlags & VK_QUEUE_COMPUTE_BIT))
      continue;
    gboolean draws = families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT;
    if (candidate->queue_family >= 0 && draws)
      continue;
    candidate->queue_family = (int) i;
    candidate->timestamps = families[i].timestampValidBits > 0;
    if (!draws)
      break;
  }
}

static void
describe_candidate (
    const GlipInstance *instance, VkPhysicalDevice physical, Candidate *candidate)
{
  const GlipVk *vk = &instance->vk;
  candidate->physical = physical;
  candidate->driver.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES;
  candidate->id.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES;
  candidate->id.pNext = &candidate->driver;
  candidate->subgroup.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES;
  candidate->subgroup.pNext = &candidate->id;
  VkPhysicalDeviceProperties2 properties = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
    .pNext = &candidate->subgroup,
  };
  vk->vkGetPhysicalDeviceProperties2 (physical, &properties);
  candidate->properties = properties.properties;
  vk->vkGetPhysicalDeviceMemoryProperties (physical, &candidate->memory);
  pick_queue_family (vk, candidate);
  candidate->units = glip_units_list (instance, physical);

  if (candidate->properties.apiVersion < VK_API_VERSION_1_2)
    return;
  VkPhysicalDeviceVulkan12Features features12 = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
  };
  VkPhysicalDeviceVulkan11Features features11 = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES,
    .pNext = &features12,
  };
  VkPhysicalDeviceFeatures2 features = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
    .pNext = &features11,
  };
  vk->vkGetPhysicalDeviceFeatures2 (physical, &features);
  candidate->addresses =
      features12.bufferDeviceAddress && features.features.shaderInt64;
  candidate->float16 = features12.shaderFloat16;
  candidate->storage16 = features11.storageBuffer16BitAccess;
}

static char *
unusable_reason (const Candidate *candidate)
{
  const VkPhysicalDeviceLimits *limits = &candidate->properties.limits;
  if (candidate->properties.apiVersion < VK_API_VERSION_1_1)
    return g_strdup ("its driver offers Vulkan 1.0, 1.1 is needed");
  if (candidate->queue_family < 0)
    return g_strdup ("it has no compute queue");
  if (limits->maxComputeWorkGroupInvocations < 256)
    return g_strdup_printf ("it allows workgroups of %u invocations, 256 are needed",
        limits->maxComputeWorkGroupInvocations);
  if (limits->maxPushConstantsSize < 128 || limits->maxPerStageDescriptorStorageBuffers < 8)
    return g_strdup ("it allows too few push constants or storage buffers");
  return NULL;
}

static void
clear_candidate (gpointer data)
{
  Candidate *candidate = data;
  g_clear_pointer (&candidate->units, g_array_unref);
}

static GArray *
list_candidates (GlipInstance *instance, GError **error)
{
  uint32_t n = 0;
  const GlipVk *vk = &instance->vk;
  if (!glip_vk_check (vk->vkEnumeratePhysicalDevices (instance->handle, &n, NULL), error,
          "no list of Vulkan devices"))
    return NULL;
  g_autofree VkPhysicalDevice *physical = g_new0 (VkPhysicalDevice, n + 1);
  if (!glip_vk_check (vk->vkEnumeratePhysicalDevices (instance->handle, &n, physical), error,
          "no list of Vulkan devices"))
    return NULL;
  GArray *candidates = g_array_new (FALSE, TRUE, sizeof (Candidate));
  g_array_set_clear_func (candidates, clear_candidate);
  g_array_set_size (candidates, n);
  for (uint32_t i = 0; i < n; i++)
    describe_candidate (instance, physical[i], &g_array_index (candidates, Candidate, i));
  return candidates;
}

static char *
format_uuid (const Candidate *candidate)
{
  GString *text = g_string_new (NULL);
  for (size_t i = 0; i < VK_UUID_SIZE; i++)
    g_string_append_printf (text, "%02x", candidate->id.deviceUUID[i]);
  return g_string_free (text, FALSE);
}

static char *
format_driver (const Candidate *candidate)
{
  if (candidate->driver.driverInfo[0])
    return g_strdup (candidate->driver.driverInfo);
  return g_strdup_printf ("driver %u", candidate->properties.driverVersion);
}

/* llvmpipe of Mesa 26.1.6 has scalar loads, that of 25.0.7 (which says version 1) makes
 * a gather of every load inside a loop. */
static gboolean
has_uniform_loads (const Candidate *candidate)
{
  return candidate->driver.driverID == VK_DRIVER_ID_MESA_LLVMPIPE &&
      candidate->properties.driverVersion >= VK_MAKE_API_VERSION (0, 26, 1, 0);
}

/* ", matrix units 16x16x16 16x8x16", or nothing. */
static char *
format_units (const Candidate *candidate)
{
  GString *text = g_string_new (candidate->units->len ? ", matrix units" : NULL);
  for (guint i = 0; i < candidate->units->len; i++) {
    const GlipMatrixUnit *unit = &g_array_index (candidate->units, GlipMatrixUnit, i);
    g_string_append_printf (text, " %ux%ux%u", unit->m, unit->n, unit->k);
  }
  return g_string_free (text, FALSE);
}

static gboolean
matches (const Candidate *candidate, guint index, const char *wanted)
{
  const VkPhysicalDeviceProperties *properties = &candidate->properties;
  char *end = NULL;
  guint64 number = g_ascii_strtoull (wanted, &end, 10);
  if (end != wanted && *end == '\0' && strlen (wanted) < 4)
    return number == index;

  g_autofree char *pair =
      g_strdup_printf ("%04x:%04x", properties->vendorID, properties->deviceID);
  if (g_ascii_strcasecmp (wanted, pair) == 0)
    return TRUE;
  g_autofree char *uuid = format_uuid (candidate);
  g_autofree char *folded = g_ascii_strdown (wanted, -1);
  if (strlen (wanted) >= 4 && g_str_has_prefix (uuid, folded))
    return TRUE;
  g_autofree char *name = g_ascii_strdown (properties->deviceName, -1);
  return strstr (name, folded) != NULL;
}

/* The usable candidate that `wanted` names, else of the best kind; -1 for none. */
static int
choose (GArray *candidates, const char *wanted)
{
  gboolean automatic = !wanted || !*wanted || g_ascii_strcasecmp (wanted, "auto") == 0;
  int best = -1;
  for (guint i = 0; i < candidates->len; i++) {
    const Candidate *candidate = &g_array_index (candidates, Candidate, i);
    g_autofree char *why_not = unusable_reason (candidate);
    if (why_not)
      continue;
    if (!automatic) {
      if (matches (candidate, i, wanted))
        return (int) i;
      continue;
    }
    if (best < 0 ||
        type_rank (candidate->properties.deviceType) >
            type_rank (g_array_index (candidates, Candidate, best).properties.deviceType))
      best = (int) i;
  }
  return best;
}

static void
set_none_chosen (GArray *candidates, const char *wanted, GError **error)
{
  if (candidates->len == 0) {
    g_set_error_literal (error, GLIP_ERROR, GLIP_ERROR_NO_DEVICE,
        "the Vulkan loader found no device: install a driver (Debian: mesa-vulkan-drivers, "
        "which also has lavapipe for machines without a GPU)");
    return;
  }
  g_autoptr (GString) found = g_string_new (NULL);
  for (guint i = 0; i < candidates->len; i++) {
    const Candidate *candidate = &g_array_index (candidates, Candidate, i);
    g_autofree char *why_not = unusable_reason (candidate);
    g_string_append_printf (found, "%s%u = %s%s%s%s", i ? ", " : "", i,
        candidate->properties.deviceName, why_not ? " (" : "", why_not ? why_not : "",
        why_not ? ")" : "");
  }
  g_set_error (error, GLIP_ERROR, GLIP_ERROR_NO_DEVICE,
      "no usable Vulkan device matches \"%s\"; found: %s", wanted ? wanted : "auto",
      found->str);
}

static uint64_t
local_memory (const Candidate *candidate)
{
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < candidate->memory.memoryHeapCount; i++)
    if (candidate->memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT)
      bytes += candidate->memory.memoryHeaps[i].size;
  return bytes;
}

static void
free_info (gpointer data)
{
  GlipDeviceInfo *info = data;
  g_free (info->name);
  g_free (info->driver);
  g_free (info->type);
  g_free (info->uuid);
  g_free (info->api_version);
  g_free (info->features);
  g_free (info->why_not);
  g_free (info->reason);
  g_free (info);
}

static GlipDeviceInfo *
inform (const Candidate *candidate)
{
  const VkPhysicalDeviceProperties *properties = &candidate->properties;
  GlipDeviceInfo *info = g_new0 (GlipDeviceInfo, 1);
  info->name = g_strdup (properties->deviceName);
  info->driver = format_driver (candidate);
  info->type = g_strdup (type_name (properties->deviceType));
  info->uuid = format_uuid (candidate);
  info->api_version = g_strdup_printf ("%u.%u.%u", VK_API_VERSION_MAJOR (properties->apiVersion),
      VK_API_VERSION_MINOR (properties->apiVersion),
      VK_API_VERSION_PATCH (properties->apiVersion));
  g_autofree char *units = format_units (candidate);
  info->features = g_strdup_printf ("subgroups of %u%s%s%s%s%s",
      candidate->subgroup.subgroupSize, candidate->float16 ? ", float16" : "",
      candidate->storage16 ? ", 16-bit storage" : "",
      candidate->addresses ? ", buffer addresses" : "",
      units,
      candidate->timestamps ? ", timestamps" : "");
  info->vendor_id = properties->vendorID;
  info->device_id = properties->deviceID;
  info->memory_bytes = local_memory (candidate);
  info->max_storage_range = properties->limits.maxStorageBufferRange;
  info->why_not = unusable_reason (candidate);
  info->usable = !info->why_not;
  return info;
}

GPtrArray *
glip_device_list (const char *wanted, GError **error)
{
  g_autoptr (GlipInstance) instance = glip_instance_new (FALSE, NULL, error);
  if (!instance)
    return NULL;
  g_autoptr (GArray) candidates = list_candidates (instance, error);
  if (!candidates)
    return NULL;

  GPtrArray *list = g_ptr_array_new_with_free_func (free_info);
  int chosen = choose (candidates, wanted);
  for (guint i = 0; i < candidates->len; i++) {
    const Candidate *candidate = &g_array_index (candidates, Candidate, i);
    GlipDeviceInfo *info = inform (candidate);
    if ((int) i == chosen) {
      gboolean automatic = !wanted || !*wanted || g_ascii_strcasecmp (wanted, "auto") == 0;
      info->chosen = TRUE;
      info->reason = automatic
          ? g_strdup_printf ("the first usable %s; discrete GPUs come before integrated, "
                             "virtual and CPU devices", info->type)
          : g_strdup_printf ("it matches \"%s\"", wanted);
    }
    g_ptr_array_add (list, info);
  }
  return list;
}

static gboolean
create_device (GlipDevice *device, const Candidate *candidate, GError **error)
{
  const float priority = 1.0f;
  const VkDeviceQueueCreateInfo queue = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
    .queueFamilyIndex = (uint32_t) candidate->queue_family,
    .queueCount = 1,
    .pQueuePriorities = &priority,
  };
  const GlipAbilities *abilities = &device->abilities;
  VkPhysicalDeviceVulkan12Features features12 = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
    .bufferDeviceAddress = abilities->addresses,
    .shaderFloat16 = abilities->matrix,
    .vulkanMemoryModel = abilities->matrix,
  };
  GlipUnitFeatures units = { 0 };
  void *chain = device->properties.apiVersion >= VK_API_VERSION_1_2 ? &features12 : NULL;
  if (abilities->matrix)
    chain = glip_units_enable (&units, chain);
  const VkPhysicalDeviceFeatures features = { .shaderInt64 = abilities->addresses };
  const VkDeviceCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
    .pEnabledFeatures = &features,
    .pNext = chain,
    .enabledExtensionCount = units.extension ? 1 : 0,
    .ppEnabledExtensionNames = &units.extension,
    .queueCreateInfoCount = 1,
    .pQueueCreateInfos = &queue,
  };
  GlipVk *vk = &device->vk;
  if (!glip_vk_check (vk->vkCreateDevice (device->physical, &info, NULL, &device->handle), error,
          "cannot open the Vulkan device %s", device->description))
    return FALSE;
#define X(name) vk->name = (PFN_##name) vk->vkGetDeviceProcAddr (device->handle, #name);
  GLIP_DEVICE_FUNCTIONS (X)
#undef X
  if (device->instance->messenger)
    vk->vkSetDebugUtilsObjectNameEXT = (PFN_vkSetDebugUtilsObjectNameEXT)
        vk->vkGetDeviceProcAddr (device->handle, "vkSetDebugUtilsObjectNameEXT");
  vk->vkGetDeviceQueue (device->handle, device->queue_family, 0, &device->queue);

  const VkCommandPoolCreateInfo pool = {
    .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
    .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
    .queueFamilyIndex = device->queue_family,
  };
  return glip_vk_check (
      vk->vkCreateCommandPool (device->handle, &pool, NULL, &device->command_pool), error,
      "cannot make a command pool");
}

GlipDevice *
glip_device_new (const GlipDeviceOptions *options, const GlipLog *log, GError **error)
{
  const char *wanted = options->wanted;
  g_autoptr (GlipDevice) device = g_new0 (GlipDevice, 1);
  if (log)
    device->log = *log;
  device->instance = glip_instance_new (options->validation, log, error);
  if (!device->instance)
    return NULL;
  g_autoptr (GArray) candidates = list_candidates (device->instance, error);
  if (!candidates)
    return NULL;
  int chosen = choose (candidates, wanted);
  if (chosen < 0) {
    set_none_chosen (candidates, wanted, error);
    return NULL;
  }

  const Candidate *candidate = &g_array_index (candidates, Candidate, chosen);
  g_autofree char *driver = format_driver (candidate);
  device->vk = device->instance->vk;
  device->physical = candidate->physical;
  device->properties = candidate->properties;
  device->memory = candidate->memory;
  device->queue_family = (uint32_t) candidate->queue_family;
  device->timestamps = candidate->timestamps;
  device->description =
      g_strdup_printf ("%s, %s", candidate->properties.deviceName, driver);
  device->abilities = (GlipAbilities){
    .name = device->description,
    .is_cpu = candidate->properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU,
    .addresses = candidate->addresses,
    .subgroup_size = candidate->subgroup.subgroupSize,
    .uniform_loads = has_uniform_loads (candidate),
  };
  device->abilities.matrix = glip_tuning_choose_unit (&device->abilities.unit,
      (const GlipMatrixUnit *) (const void *) candidate->units->data, candidate->units->len);
  if (!glip_tuning_choose (&device->tuning, &device->abilities, options->kernels,
          options->precision, error) ||
      !create_device (device, candidate, error))
    return NULL;
  glip_log (log, GLIP_LOG_INFO, "Vulkan device %d: %s; kernels %s, %s", chosen,
      device->description, glip_kernels_name (device->tuning.kernels),
      device->tuning.half ? "fp16" : "fp32");
  return g_steal_pointer (&device);
}

void
glip_device_free (GlipDevice *device)
{
  if (!device)
    return;
  if (device->handle) {
    device->vk.vkDeviceWaitIdle (device->handle);
    if (device->command_pool)
      device->vk.vkDestroyCommandPool (device->handle, device->command_pool, NULL);
    device->vk.vkDestroyDevice (device->handle, NULL);
  }
  glip_instance_free (device->instance);
  g_free (device->description);
  g_free (device);
}

void
glip_device_set_name (GlipDevice *device, VkObjectType type, uint64_t handle, const char *name)
{
  if (!device->vk.vkSetDebugUtilsObjectNameEXT)
    return;
  const VkDebugUtilsObjectNameInfoEXT info = {
    .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT,
    .objectType = type,
    .objectHandle = handle,
    .pObjectName = name,
  };
  device->vk.vkSetDebugUtilsObjectNameEXT (device->handle, &info);
}
