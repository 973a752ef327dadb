/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "vulkan/instance.h"

#include <dlfcn.h>
#include <string.h>

static const char validation_layer[] = "VK_LAYER_KHRONOS_validation";

typedef struct {
  VkResult result;
  GlipError code;
  const char *name, *meaning;
} ResultWords;

static const ResultWords result_words[] = {
  { VK_ERROR_OUT_OF_HOST_MEMORY, GLIP_ERROR_OUT_OF_MEMORY, "VK_ERROR_OUT_OF_HOST_MEMORY",
      "the host is out of memory" },
  { VK_ERROR_OUT_OF_DEVICE_MEMORY, GLIP_ERROR_OUT_OF_MEMORY, "VK_ERROR_OUT_OF_DEVICE_MEMORY",
      "the device is out of memory: use a smaller input size or another device" },
  { VK_ERROR_TOO_MANY_OBJECTS, GLIP_ERROR_OUT_OF_MEMORY, "VK_ERROR_TOO_MANY_OBJECTS",
      "the driver's number of allocations is exhausted" },
  { VK_ERROR_DEVICE_LOST, GLIP_ERROR_DEVICE_LOST, "VK_ERROR_DEVICE_LOST",
      "the driver lost the device: make a new engine" },
  { VK_ERROR_INCOMPATIBLE_DRIVER, GLIP_ERROR_NO_DEVICE, "VK_ERROR_INCOMPATIBLE_DRIVER",
      "no Vulkan driver is installed (Debian: mesa-vulkan-drivers)" },
  { VK_ERROR_INITIALIZATION_FAILED, GLIP_ERROR_NO_DEVICE, "VK_ERROR_INITIALIZATION_FAILED",
      "the driver could not be initialised" },
  { VK_ERROR_LAYER_NOT_PRESENT, GLIP_ERROR_UNSUPPORTED, "VK_ERROR_LAYER_NOT_PRESENT",
      "the layer is not installed (Debian: vulkan-validationlayers)" },
  { VK_ERROR_EXTENSION_NOT_PRESENT, GLIP_ERROR_UNSUPPORTED, "VK_ERROR_EXTENSION_NOT_PRESENT",
      "the driver lacks an extension" },
  { VK_ERROR_FEATURE_NOT_PRESENT, GLIP_ERROR_UNSUPPORTED, "VK_ERROR_FEATURE_NOT_PRESENT",
      "the driver lacks a feature" },
};

gboolean
glip_vk_check (VkResult result, GError **error, const char *format, ...)
{
  if (result >= 0)
    return TRUE;

  va_list args;
  va_start (args, format);
  g_autofree char *what = g_strdup_vprintf (format, args);
  va_end (args);

  for (size_t i = 0; i < G_N_ELEMENTS (result_words); i++) {
    const ResultWords *words = &result_words[i];
    if (words->result == result) {
      g_set_error (error, GLIP_ERROR, words->code, "%s: %s (%s)", what, words->meaning,
          words->name);
      return FALSE;
    }
  }
  g_set_error (error, GLIP_ERROR, GLIP_ERROR_UNSUPPORTED, "%s: the driver answered VkResult %d",
      what, result);
  return FALSE;
}

static VKAPI_ATTR VkBool32 VKAPI_CALL
report_message (VkDebugUtilsMessageSeverityFlagBitsEXT severity,
    VkDebugUtilsMessageTypeFlagsEXT types G_GNUC_UNUSED,
    const VkDebugUtilsMessengerCallbackDataEXT *message, void *user_data)
{
  GlipInstance *instance = user_data;
  g_atomic_int_inc (&instance->validation_messages);
  glip_log (&instance->log,
      severity & VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT ? GLIP_LOG_ERROR
                                                               : GLIP_LOG_WARNING,
      "validation: %s", message->pMessage);
  return VK_FALSE;
}

static gboolean
open_loader (GlipInstance *instance, GError **error)
{
  static const char *names[] = { "libvulkan.so.1", "libvulkan.so" };
  for (size_t i = 0; i < G_N_ELEMENTS (names) && !instance->library; i++)
    instance->library = dlopen (names[i], RTLD_NOW | RTLD_LOCAL);
  if (instance->library) {
    void *symbol = dlsym (instance->library, "vkGetInstanceProcAddr");
    memcpy (&instance->get_proc, &symbol, sizeof symbol);
  }
  if (!instance->get_proc) {
    g_set_error_literal (error, GLIP_ERROR, GLIP_ERROR_NO_DEVICE,
        "no Vulkan loader: libvulkan.so.1 could not be opened (Debian: libvulkan1, and "
        "mesa-vulkan-drivers or the vendor's driver)");
    return FALSE;
  }
  return TRUE;
}

static gboolean
has_layer (GlipInstance *instance, const char *name)
{
  PFN_vkEnumerateInstanceLayerProperties enumerate =
      (PFN_vkEnumerateInstanceLayerProperties) instance->get_proc (
          NULL, "vkEnumerateInstanceLayerProperties");
  uint32_t n = 0;
  enumerate (&n, NULL);
  g_autofree VkLayerProperties *layers = g_new0 (VkLayerProperties, n + 1);
  enumerate (&n, layers);
  for (uint32_t i = 0; i < n; i++)
    if (strcmp (layers[i].layerName, name) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
create_instance (GlipInstance *instance, gboolean validation, GError **error)
{
  const VkApplicationInfo application = {
    .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
    .pApplicationName = "glip",
    .apiVersion = VK_API_VERSION_1_3,
  };
  const VkValidationFeatureEnableEXT enabled[] = {
    VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT,
  };
  const VkDebugUtilsMessengerCreateInfoEXT messenger = {
    .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
    .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
        VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
    .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT |
        VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT,
    .pfnUserCallback = report_message,
    .pUserData = instance,
  };
  const VkValidationFeaturesEXT features = {
    .sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
    .pNext = &messenger,
    .enabledValidationFeatureCount = G_N_ELEMENTS (enabled),
    .pEnabledValidationFeatures = enabled,
  };
  const char *layers[] = { validation_layer };
  const char *extensions[] = {
    VK_EXT_DEBUG_UTILS_EXTENSION_NAME,
    VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME,
  };
  const VkInstanceCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
    .pNext = validation ? &features : NULL,
    .pApplicationInfo = &application,
    .enabledLayerCount = validation ? 1 : 0,
    .ppEnabledLayerNames = layers,
    .enabledExtensionCount = validation ? G_N_ELEMENTS (extensions) : 0,
    .ppEnabledExtensionNames = extensions,
  };
  PFN_vkCreateInstance create =
      (PFN_vkCreateInstance) instance->get_proc (NULL, "vkCreateInstance");
  if (!glip_vk_check (create (&info, NULL, &instance->handle), error, "no Vulkan instance"))
    return FALSE;

#define X(name) instance->vk.name = (PFN_##name) instance->get_proc (instance->handle, #name);
  GLIP_INSTANCE_FUNCTIONS (X)
#undef X
  if (!validation)
    return TRUE;

  PFN_vkCreateDebugUtilsMessengerEXT create_messenger =
      (PFN_vkCreateDebugUtilsMessengerEXT) instance->get_proc (
          instance->handle, "vkCreateDebugUtilsMessengerEXT");
  return glip_vk_check (
      create_messenger (instance->handle, &messenger, NULL, &instance->messenger), error,
      "no debug messenger");
}

GlipInstance *
glip_instance_new (gboolean validation, const GlipLog *log, GError **error)
{
  g_autoptr (GlipInstance) instance = g_new0 (GlipInstance, 1);
  if (log)
    instance->log = *log;
  if (!open_loader (instance, error))
    return NULL;
  if (validation && !has_layer (instance, validation_layer)) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_UNSUPPORTED,
        "the layer %s is not installed (Debian: vulkan-validationlayers)", validation_layer);
    return NULL;
  }
  if (!create_instance (instance, validation, error))
    return NULL;
  return g_steal_pointer (&instance);
}

void
glip_instance_free (GlipInstance *instance)
{
  if (!instance)
    return;
  if (instance->messenger) {
    PFN_vkDestroyDebugUtilsMessengerEXT destroy =
        (PFN_vkDestroyDebugUtilsMessengerEXT) instance->get_proc (
            instance->handle, "vkDestroyDebugUtilsMessengerEXT");
    destroy (instance->handle, instance->messenger, NULL);
  }
  if (instance->handle)
    instance->vk.vkDestroyInstance (instance->handle, NULL);
  /* The loader stays mapped: drivers leave threads and exit handlers behind. */
  g_free (instance);
}
