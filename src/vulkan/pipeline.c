/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "vulkan/pipeline.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "shader-code.h"

typedef struct {
  const char *name;
  const uint32_t *code;
  size_t size_bytes;
} Shader;

static const Shader shaders[] = {
#define X(name) { #name, name##_spv, sizeof name##_spv },
  GLIP_SHADERS (X)
#undef X
};

/* What tells one pipeline from another. */
typedef struct {
  const Shader *shader;
  uint32_t n_bindings, n_specialisations;
  uint32_t specialisations[GLIP_MAX_SPECIALISATIONS];
  uint32_t subgroup_size;
  uint32_t unused; /* keys are compared byte by byte */
} Key;

typedef struct {
  Key key;
  GlipPipeline pipeline;
  GError *error; /* why it did not compile */
} Entry;

struct _GlipPipelines {
  GlipDevice *device;
  char *cache_path; /* or NULL */
  VkPipelineCache cache;
  VkDescriptorSetLayout set_layouts[GLIP_MAX_BINDINGS + 1]; /* by number of bindings */
  VkPipelineLayout layouts[GLIP_MAX_BINDINGS + 1];
  GHashTable *entries; /* Key in Entry -> Entry */
  GPtrArray *pending;  /* of Entry, borrowed: to be compiled */
};

static guint
hash_key (gconstpointer data)
{
  const Key *key = data;
  guint hash = g_direct_hash (key->shader) * 31 + key->n_bindings;
  for (uint32_t i = 0; i < key->n_specialisations; i++)
    hash = hash * 31 + key->specialisations[i];
  return hash;
}

static gboolean
equal_keys (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (Key)) == 0;
}

static char *
make_cache_path (const GlipDevice *device, const char *cache_dir)
{
  g_autoptr (GString) name = g_string_new ("pipelines-");
  for (size_t i = 0; i < VK_UUID_SIZE; i++)
    g_string_append_printf (name, "%02x", device->properties.pipelineCacheUUID[i]);
  g_string_append_printf (name, "-%08x.bin", device->properties.driverVersion);
  return g_build_filename (cache_dir, name->str, NULL);
}

static gboolean
create_cache (GlipPipelines *pipelines, GError **error)
{
  GlipDevice *device = pipelines->device;
  g_autofree char *data = NULL;
  gsize size = 0;
  /* A missing file is the first run; the driver checks what a file contains. */
  if (pipelines->cache_path)
    g_file_get_contents (pipelines->cache_path, &data, &size, NULL);
  const VkPipelineCacheCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO,
    .initialDataSize = size,
    .pInitialData = data,
  };
  return glip_vk_check (
      device->vk.vkCreatePipelineCache (device->handle, &info, NULL, &pipelines->cache), error,
      "cannot make a pipeline cache");
}

GlipPipelines *
glip_pipelines_new (GlipDevice *device, const char *cache_dir, GError **error)
{
  g_autoptr (GlipPipelines) pipelines = g_new0 (GlipPipelines, 1);
  pipelines->device = device;
  pipelines->entries = g_hash_table_new_full (hash_key, equal_keys, NULL, g_free);
  pipelines->pending = g_ptr_array_new ();
  if (cache_dir) {
    if (g_mkdir_with_parents (cache_dir, 0700) == 0)
      pipelines->cache_path = make_cache_path (device, cache_dir);
    else
      glip_log (&device->log, GLIP_LOG_WARNING, "no pipeline cache: cannot make the folder %s: %s",
          cache_dir, g_strerror (errno));
  }
  if (!create_cache (pipelines, error))
    return NULL;
  return g_steal_pointer (&pipelines);
}

static void
store_cache (GlipPipelines *pipelines)
{
  GlipDevice *device = pipelines->device;
  size_t size = 0;
  if (!pipelines->cache_path ||
      device->vk.vkGetPipelineCacheData (device->handle, pipelines->cache, &size, NULL) !=
          VK_SUCCESS)
    return;
  g_autofree char *data = g_malloc (size);
  g_autoptr (GError) error = NULL;
  if (device->vk.vkGetPipelineCacheData (device->handle, pipelines->cache, &size, data) !=
      VK_SUCCESS)
    return;
  if (!g_file_set_contents (pipelines->cache_path, data, (gssize) size, &error))
    glip_log (&device->log, GLIP_LOG_WARNING, "pipeline cache not stored: %s", error->message);
}

void
glip_pipelines_free (GlipPipelines *pipelines)
{
  if (!pipelines)
    return;
  GlipDevice *device = pipelines->device;
  GlipVk *vk = &device->vk;
  if (pipelines->cache)
    vk->vkDestroyPipelineCache (device->handle, pipelines->cache, NULL);
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, pipelines->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    VkPipeline handle = ((Entry *) value)->pipeline.handle;
    if (handle)
      vk->vkDestroyPipeline (device->handle, handle, NULL);
  }
  g_hash_table_unref (pipelines->entries);
  g_ptr_array_unref (pipelines->pending);
  for (int i = 0; i <= GLIP_MAX_BINDINGS; i++) {
    if (pipelines->layouts[i])
      vk->vkDestroyPipelineLayout (device->handle, pipelines->layouts[i], NULL);
    if (pipelines->set_layouts[i])
      vk->vkDestroyDescriptorSetLayout (device->handle, pipelines->set_layouts[i], NULL);
  }
  g_free (pipelines->cache_path);
  g_free (pipelines);
}

guint
glip_pipelines_get_count (GlipPipelines *pipelines)
{
  return g_hash_table_size (pipelines->entries);
}

static const Shader *
find_shader (const char *name)
{
  for (size_t i = 0; i < G_N_ELEMENTS (shaders); i++)
    if (strcmp (shaders[i].name, name) == 0)
      return &shaders[i];
  g_error ("no shader is called %s", name);
}

static gboolean
ensure_layout (GlipPipelines *pipelines, uint32_t n_bindings, GError **error)
{
  GlipDevice *device = pipelines->device;
  if (pipelines->layouts[n_bindings])
    return TRUE;
  VkDescriptorSetLayoutBinding bindings[GLIP_MAX_BINDINGS];
  for (uint32_t i = 0; i < n_bindings; i++)
    bindings[i] = (VkDescriptorSetLayoutBinding){
      .binding = i,
      .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
      .descriptorCount = 1,
      .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
    };
  const VkDescriptorSetLayoutCreateInfo set_info = {
    .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
    .bindingCount = n_bindings,
    .pBindings = bindings,
  };
  VkDescriptorSetLayout *set_layout = &pipelines->set_layouts[n_bindings];
  if (!glip_vk_check (device->vk.vkCreateDescriptorSetLayout (
                          device->handle, &set_info, NULL, set_layout),
          error, "cannot make a descriptor set layout"))
    return FALSE;
  const VkPushConstantRange range = {
    .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
    .size = GLIP_MAX_ARGS_BYTES,
  };
  const VkPipelineLayoutCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
    .setLayoutCount = 1,
    .pSetLayouts = set_layout,
    .pushConstantRangeCount = 1,
    .pPushConstantRanges = &range,
  };
  return glip_vk_check (device->vk.vkCreatePipelineLayout (device->handle, &info, NULL,
                            &pipelines->layouts[n_bindings]),
      error, "cannot make a pipeline layout");
}

static gboolean
create_pipeline (GlipPipelines *pipelines, const Key *key, VkPipeline *pipeline, GError **error)
{
  GlipDevice *device = pipelines->device;
  GlipVk *vk = &device->vk;
  const VkShaderModuleCreateInfo module_info = {
    .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
    .codeSize = key->shader->size_bytes,
    .pCode = key->shader->code,
  };
  VkShaderModule module;
  if (!glip_vk_check (vk->vkCreateShaderModule (device->handle, &module_info, NULL, &module),
          error, "shader %s", key->shader->name))
    return FALSE;

  VkSpecializationMapEntry map[GLIP_MAX_SPECIALISATIONS];
  for (uint32_t i = 0; i < key->n_specialisations; i++)
    map[i] = (VkSpecializationMapEntry){ i, i * 4, 4 };
  const VkSpecializationInfo specialisation = {
    .mapEntryCount = key->n_specialisations,
    .pMapEntries = map,
    .dataSize = key->n_specialisations * 4,
    .pData = key->specialisations,
  };
  const VkPipelineShaderStageRequiredSubgroupSizeCreateInfo subgroups = {
    .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO,
    .requiredSubgroupSize = key->subgroup_size,
  };
  const VkComputePipelineCreateInfo info = {
    .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
    .stage = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
        .pNext = key->subgroup_size ? &subgroups : NULL,
        .flags = key->subgroup_size
            ? VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT
            : 0,
        .stage = VK_SHADER_STAGE_COMPUTE_BIT,
        .module = module,
        .pName = "main",
        .pSpecializationInfo = &specialisation,
    },
    .layout = pipelines->layouts[key->n_bindings],
  };
  VkPipeline made;
  VkResult result = vk->vkCreateComputePipelines (
      device->handle, pipelines->cache, 1, &info, NULL, &made);
  vk->vkDestroyShaderModule (device->handle, module, NULL);
  if (!glip_vk_check (result, error, "shader %s does not compile", key->shader->name))
    return FALSE;
  *pipeline = made;
  return TRUE;
}

const GlipPipeline *
glip_pipelines_get (GlipPipelines *pipelines, const char *name, uint32_t n_bindings,
    uint32_t n_specialisations, const uint32_t *specialisations, uint32_t subgroup_size,
    GError **error)
{
  g_assert (n_bindings <= GLIP_MAX_BINDINGS);
  g_assert (n_specialisations <= GLIP_MAX_SPECIALISATIONS);
  Key key = { .shader = find_shader (name),
    .n_bindings = n_bindings,
    .n_specialisations = n_specialisations,
    .subgroup_size = subgroup_size };
  if (n_specialisations)
    memcpy (key.specialisations, specialisations, n_specialisations * 4);
  Entry *entry = g_hash_table_lookup (pipelines->entries, &key);
  if (entry)
    return &entry->pipeline;

  if (!ensure_layout (pipelines, n_bindings, error))
    return NULL;
  entry = g_new0 (Entry, 1);
  entry->key = key;
  entry->pipeline.layout = pipelines->layouts[n_bindings];
  entry->pipeline.set_layout = pipelines->set_layouts[n_bindings];
  g_hash_table_insert (pipelines->entries, &entry->key, entry);
  g_ptr_array_add (pipelines->pending, entry);
  return &entry->pipeline;
}

/* Runs in a thread of its own; Vulkan locks the cache. */
static void
compile_entry (gpointer data, gpointer user_data)
{
  Entry *entry = data;
  GlipPipelines *pipelines = user_data;
  if (create_pipeline (pipelines, &entry->key, &entry->pipeline.handle, &entry->error))
    glip_device_set_name (pipelines->device, VK_OBJECT_TYPE_PIPELINE,
        (uint64_t) (uintptr_t) entry->pipeline.handle, entry->key.shader->name);
}

gboolean
glip_pipelines_compile (GlipPipelines *pipelines, GError **error)
{
  GPtrArray *pending = pipelines->pending;
  if (pending->len == 0)
    return TRUE;
  const guint threads = MIN (g_get_num_processors (), pending->len);
  GThreadPool *pool =
      g_thread_pool_new (compile_entry, pipelines, (gint) threads, FALSE, NULL);
  for (guint i = 0; i < pending->len; i++)
    g_thread_pool_push (pool, g_ptr_array_index (pending, i), NULL);
  g_thread_pool_free (pool, FALSE, TRUE);

  /* What failed stays pending: whoever asks again tries again. */
  gboolean ok = TRUE;
  for (guint i = pending->len; i-- > 0;) {
    Entry *entry = g_ptr_array_index (pending, i);
    if (!entry->error) {
      g_ptr_array_remove_index_fast (pending, i);
    } else if (ok) {
      ok = FALSE;
      g_propagate_error (error, g_steal_pointer (&entry->error));
    }
    g_clear_error (&entry->error);
  }
  store_cache (pipelines);
  return ok;
}
