/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "vulkan/units.h"

#ifndef GLIP_HAVE_COOPERATIVE_MATRIX

GArray *
glip_units_list (const GlipInstance *instance G_GNUC_UNUSED,
    VkPhysicalDevice physical G_GNUC_UNUSED)
{
  return g_array_new (FALSE, TRUE, sizeof (GlipMatrixUnit));
}

void *
glip_units_enable (GlipUnitFeatures *features G_GNUC_UNUSED, void *next)
{
  return next;
}

#else

/* What the kernels need besides the units: subgroups of a known size, none of them
 * with lanes missing, whose lanes exchange values; the memory model that the extension is
 * written in; float16. */
static gboolean
has_features (const GlipInstance *instance, VkPhysicalDevice physical)
{
  VkPhysicalDeviceSubgroupProperties lanes = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES,
  };
  VkPhysicalDeviceSubgroupSizeControlProperties sizes = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES,
    .pNext = &lanes,
  };
  VkPhysicalDeviceProperties2 properties = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
    .pNext = &sizes,
  };
  instance->vk.vkGetPhysicalDeviceProperties2 (physical, &properties);
  if (properties.properties.apiVersion < VK_API_VERSION_1_3 ||
      !(sizes.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT) ||
      !(lanes.supportedOperations & VK_SUBGROUP_FEATURE_SHUFFLE_BIT))
    return FALSE;

  VkPhysicalDeviceCooperativeMatrixFeaturesKHR units = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR,
  };
  VkPhysicalDeviceSubgroupSizeControlFeatures subgroups = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES,
    .pNext = &units,
  };
  VkPhysicalDeviceVulkan12Features features12 = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
    .pNext = &subgroups,
  };
  VkPhysicalDeviceFeatures2 features = {
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
    .pNext = &features12,
  };
  instance->vk.vkGetPhysicalDeviceFeatures2 (physical, &features);
  return units.cooperativeMatrix && subgroups.subgroupSizeControl &&
      subgroups.computeFullSubgroups && features12.vulkanMemoryModel &&
      features12.shaderFloat16;
}

GArray *
glip_units_list (const GlipInstance *instance, VkPhysicalDevice physical)
{
  GArray *units = g_array_new (FALSE, TRUE, sizeof (GlipMatrixUnit));
  PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR get =
      (PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR) instance->get_proc (
          instance->handle, "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
  uint32_t n = 0;
  if (!get || !has_features (instance, physical) || get (physical, &n, NULL) != VK_SUCCESS)
    return units;
  g_autofree VkCooperativeMatrixPropertiesKHR *list =
      g_new0 (VkCooperativeMatrixPropertiesKHR, n + 1);
  for (uint32_t i = 0; i < n; i++)
    list[i].sType = VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR;
  if (get (physical, &n, list) != VK_SUCCESS)
    return units;
  for (uint32_t i = 0; i < n; i++)
    if (list[i].AType == VK_COMPONENT_TYPE_FLOAT16_KHR &&
        list[i].BType == VK_COMPONENT_TYPE_FLOAT16_KHR &&
        list[i].CType == VK_COMPONENT_TYPE_FLOAT32_KHR &&
        list[i].ResultType == VK_COMPONENT_TYPE_FLOAT32_KHR &&
        list[i].scope == VK_SCOPE_SUBGROUP_KHR && !list[i].saturatingAccumulation) {
      const GlipMatrixUnit unit = { list[i].MSize, list[i].NSize, list[i].KSize };
      g_array_append_val (units, unit);
    }
  return units;
}

void *
glip_units_enable (GlipUnitFeatures *features, void *next)
{
  features->units = (VkPhysicalDeviceCooperativeMatrixFeaturesKHR){
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR,
    .pNext = next,
    .cooperativeMatrix = VK_TRUE,
  };
  features->subgroups = (VkPhysicalDeviceSubgroupSizeControlFeatures){
    .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES,
    .pNext = &features->units,
    .subgroupSizeControl = VK_TRUE,
    .computeFullSubgroups = VK_TRUE,
  };
  features->extension = VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME;
  return &features->subgroups;
}

#endif
