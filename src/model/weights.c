/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Opening a model is all checks: afterwards nothing that reads a weight can fail.
 * The weights themselves stay in the mapping until the device asks for them.
 */
#include "model/weights.h"

#include "model/parameters.h"

#include <string.h>

#define PREFIX "module."

struct _GlipModel {
  gatomicrefcount references;
  char *path;
  GlipSafetensors *file;
  GlipConfig config;
  char *vocabulary;
  const char *prefix; /* before every name in the file: "" or "module." */
};

/* The prefix that distributed training leaves counts if all names have it. */
static const char *
find_prefix (GlipSafetensors *file)
{
  size_t count = glip_safetensors_get_count (file);
  for (size_t i = 0; i < count; i++)
    if (!g_str_has_prefix (glip_safetensors_get (file, i)->name, PREFIX))
      return "";
  return count ? PREFIX : "";
}

static const GlipStored *
lookup_stored (GlipModel *model, const char *name)
{
  if (!*model->prefix)
    return glip_safetensors_lookup (model->file, name);
  g_autofree char *prefixed = g_strconcat (model->prefix, name, NULL);
  return glip_safetensors_lookup (model->file, prefixed);
}

static gboolean
lookup_parameter (const char *name, GlipParameterFound *found, void *user_data)
{
  const GlipStored *stored = lookup_stored (user_data, name);
  if (!stored)
    return FALSE;
  *found = (GlipParameterFound) { stored->dtype, stored->n_dims, stored->dims };
  return TRUE;
}

static gboolean
read_config (GlipModel *model, GError **error)
{
  const char *format = glip_safetensors_get_metadata (model->file, GLIP_METADATA_FORMAT);
  if (format && !g_str_equal (format, GLIP_FORMAT_VERSION)) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
        "model file format \"%.16s\" is not the one this version reads (" GLIP_FORMAT_VERSION
        "): use a newer version", format);
    return FALSE;
  }
  const char *json = glip_safetensors_get_metadata (model->file, GLIP_METADATA_CONFIG);
  if (!json)
    json = glip_safetensors_get_metadata (model->file, "config");
  if (!json) {
    gboolean ours = lookup_stored (model, "backbone.body.patch_embed.proj.weight") != NULL;
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
        ours ? "no configuration (metadata \"%s\") in this file: make a model file with "
               "\"glip convert\""
             : "no configuration (metadata \"%s\") and no tensor of this network: this is "
               "another network's file", GLIP_METADATA_CONFIG);
    return FALSE;
  }
  glip_config_init (&model->config);
  return glip_config_parse (&model->config, json, error)
         && glip_config_check (&model->config, error);
}

gboolean
glip_vocabulary_check (const char *vocabulary, const GlipConfig *config, GError **error)
{
  size_t length = strlen (vocabulary), pieces = length > 0;
  if (length > 0 && vocabulary[length - 1] == '\n')
    length--;
  for (size_t i = 0; i < length; i++)
    pieces += vocabulary[i] == '\n';
  if (pieces > 0 && pieces <= (size_t) config->vocab)
    return TRUE;
  g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
      "the vocabulary has %zu pieces, the network has room for 1 to %d: this vocabulary "
      "belongs to another network", pieces, config->vocab);
  return FALSE;
}

static gboolean
read_vocabulary (GlipModel *model, GError **error)
{
  const char *text =
      glip_safetensors_get_metadata (model->file, GLIP_METADATA_VOCABULARY);
  if (!text) {
    g_set_error_literal (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
        "no vocabulary (metadata \"" GLIP_METADATA_VOCABULARY "\") in this file: convert "
        "the checkpoint again with --vocab");
    return FALSE;
  }
  if (!glip_vocabulary_check (text, &model->config, error))
    return FALSE;
  model->vocabulary = g_strdup (text);
  size_t length = strlen (text);
  if (model->vocabulary[length - 1] == '\n')
    model->vocabulary[length - 1] = 0;
  return TRUE;
}

GlipModel *
glip_model_new (GlipSafetensors *file, const char *path, GError **error)
{
  g_autoptr (GlipModel) model = g_new0 (GlipModel, 1);
  g_atomic_ref_count_init (&model->references);
  model->file = file;
  model->path = g_strdup (path);
  model->prefix = find_prefix (file);
  if (!read_config (model, error)
      || !glip_parameters_check (&model->config, lookup_parameter, model, error)
      || !read_vocabulary (model, error)) {
    g_prefix_error (error, "%s: ", path);
    return NULL;
  }
  return g_steal_pointer (&model);
}

GlipModel *
glip_model_open (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);
  GlipSafetensors *file = glip_safetensors_open (path, error);
  return file ? glip_model_new (file, path, error) : NULL;
}

GlipModel *
glip_model_ref (GlipModel *model)
{
  g_return_val_if_fail (model != NULL, NULL);
  g_atomic_ref_count_inc (&model->references);
  return model;
}

void
glip_model_unref (GlipModel *model)
{
  if (!model || !g_atomic_ref_count_dec (&model->references))
    return;
  glip_safetensors_free (model->file);
  g_free (model->vocabulary);
  g_free (model->path);
  g_free (model);
}

const char *
glip_model_get_name (GlipModel *model)
{
  g_return_val_if_fail (model != NULL, NULL);
  return model->config.name;
}

const GlipConfig *
glip_model_get_config (GlipModel *model)
{
  return &model->config;
}

const char *
glip_model_get_vocabulary (GlipModel *model)
{
  return model->vocabulary;
}

const char *
glip_model_get_path (GlipModel *model)
{
  return model->path;
}

GlipSafetensors *
glip_model_get_file (GlipModel *model)
{
  return model->file;
}

const GlipStored *
glip_model_get_weight (GlipModel *model, const char *name)
{
  const GlipStored *stored = lookup_stored (model, name);
  g_assert (stored && glip_dtype_is_float (stored->dtype));
  return stored;
}

static void
collect_needed (const GlipParameter *parameter, void *user_data)
{
  if (parameter->needed)
    g_hash_table_add (user_data, g_strdup (parameter->name));
}

GPtrArray *
glip_model_list_ignored (GlipModel *model)
{
  g_autoptr (GHashTable) needed =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  glip_parameters_foreach (&model->config, collect_needed, needed);
  GPtrArray *ignored = g_ptr_array_new ();
  size_t count = glip_safetensors_get_count (model->file);
  for (size_t i = 0; i < count; i++) {
    const char *name = glip_safetensors_get (model->file, i)->name;
    if (!g_hash_table_contains (needed, name + strlen (model->prefix)))
      g_ptr_array_add (ignored, (void *) name);
  }
  return ignored;
}
