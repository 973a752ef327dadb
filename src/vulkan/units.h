/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The matrix units of a device (VK_KHR_cooperative_matrix): which shapes multiply
 * float16 matrices into sums of floats, and which of them suits the kernels.  None when
 * glip was built without a compiler or headers that know the extension.
 */
#ifndef GLIP_VULKAN_UNITS_H
#define GLIP_VULKAN_UNITS_H

#include "vulkan/instance.h"
#include "vulkan/tuning.h"

/* Every shape for subgroups, as the driver lists them: an array of GlipMatrixUnit,
 * empty when the driver lacks what such kernels need besides.  (transfer full) */
GArray *glip_units_list (const GlipInstance *instance, VkPhysicalDevice physical);

/* Features to enable with the units; put into the chain of vkCreateDevice. */
typedef struct {
#ifdef GLIP_HAVE_COOPERATIVE_MATRIX
  VkPhysicalDeviceSubgroupSizeControlFeatures subgroups;
  VkPhysicalDeviceCooperativeMatrixFeaturesKHR units;
#endif
  const char *extension;
} GlipUnitFeatures;

/* The features, to go before `next`; gives the new beginning of the chain. */
void *glip_units_enable (GlipUnitFeatures *features, void *next);

#endif /* GLIP_VULKAN_UNITS_H */
