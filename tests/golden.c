/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Tensors are copied out of the file when it is opened, so that their data is
 * aligned for its type wherever the file put it.
 */
#include "golden.h"

#include <json-glib/json-glib.h>
#include <string.h>

struct _GlipGolden {
  GHashTable *tensors;  /* name -> Tensor */
  GHashTable *metadata; /* key -> string */
};

typedef struct {
  GlipGoldenTensor public;
  void *data;
} Tensor;

static void
tensor_free (void *data)
{
  Tensor *tensor = data;
  g_free (tensor->data);
  g_free (tensor);
}

static Tensor *
read_tensor (const char *name, JsonObject *entry, const char *data, size_t size)
{
  const char *type = json_object_get_string_member (entry, "dtype");
  JsonArray *shape = json_object_get_array_member (entry, "shape");
  JsonArray *offsets = json_object_get_array_member (entry, "data_offsets");
  size_t begin = (size_t) json_array_get_int_element (offsets, 0);
  size_t end = (size_t) json_array_get_int_element (offsets, 1);
  g_autofree Tensor *tensor = g_new0 (Tensor, 1);
  GlipGoldenTensor *public = &tensor->public;

  if (begin > end || end > size || json_array_get_length (shape) > 8)
    g_error ("tensor \"%s\" lies outside its file", name);
  public->n_dims = (int) json_array_get_length (shape);
  public->count = 1;
  for (int i = 0; i < public->n_dims; i++) {
    public->dims[i] = json_array_get_int_element (shape, (guint) i);
    public->count *= (size_t) public->dims[i];
  }

  size_t element = 0;
  tensor->data = g_memdup2 (data + begin, end - begin);
  if (g_str_equal (type, "F32"))
    element = sizeof *public->f32, public->f32 = tensor->data;
  else if (g_str_equal (type, "I64"))
    element = sizeof *public->i64, public->i64 = tensor->data;
  else if (g_str_equal (type, "F64"))
    element = sizeof *public->f64, public->f64 = tensor->data;
  else if (g_str_equal (type, "U8"))
    element = sizeof *public->u8, public->u8 = tensor->data;
  if (public->count * element != end - begin)
    g_error ("tensor \"%s\" of type %s does not fit its shape", name, type);
  return g_steal_pointer (&tensor);
}

GlipGolden *
glip_golden_open (const char *name)
{
  g_autofree char *path = g_strdup_printf ("%s/%s.safetensors", GLIP_GOLDEN, name);
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  uint64_t header = 0;
  size_t size = 0;

  if (!g_file_get_contents (path, &contents, &size, &error))
    g_error ("%s", error->message);
  if (size >= 8)
    memcpy (&header, contents, 8);
  header = GUINT64_FROM_LE (header);
  if (header < 2 || size < 8 || header > size - 8)
    g_error ("%s is no safetensors file", path);
  if (!json_parser_load_from_data (parser, contents + 8, (gssize) header, &error))
    g_error ("%s: %s", path, error->message);

  GlipGolden *golden = g_new0 (GlipGolden, 1);
  golden->tensors = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, tensor_free);
  golden->metadata = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  JsonObjectIter iter;
  const char *key;
  JsonNode *node;
  json_object_iter_init (&iter, json_node_get_object (json_parser_get_root (parser)));
  while (json_object_iter_next (&iter, &key, &node)) {
    JsonObject *entry = json_node_get_object (node);
    if (!g_str_equal (key, "__metadata__")) {
      g_hash_table_insert (golden->tensors, g_strdup (key),
          read_tensor (key, entry, contents + 8 + header, size - 8 - header));
      continue;
    }
    g_autoptr (GList) members = json_object_get_members (entry);
    for (GList *at = members; at; at = at->next)
      g_hash_table_insert (golden->metadata, g_strdup (at->data),
          g_strdup (json_object_get_string_member (entry, at->data)));
  }
  return golden;
}

void
glip_golden_free (GlipGolden *golden)
{
  if (!golden)
    return;
  g_hash_table_unref (golden->tensors);
  g_hash_table_unref (golden->metadata);
  g_free (golden);
}

const GlipGoldenTensor *
glip_golden_lookup (GlipGolden *golden, const char *name)
{
  Tensor *tensor = g_hash_table_lookup (golden->tensors, name);
  return tensor ? &tensor->public : NULL;
}

const GlipGoldenTensor *
glip_golden_get (GlipGolden *golden, const char *name)
{
  const GlipGoldenTensor *tensor = glip_golden_lookup (golden, name);
  if (!tensor)
    g_error ("there is no golden tensor \"%s\"", name);
  return tensor;
}

const GlipGoldenTensor *
glip_golden_getf (GlipGolden *golden, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *name = g_strdup_vprintf (format, args);
  va_end (args);
  return glip_golden_get (golden, name);
}

const char *
glip_golden_get_metadata (GlipGolden *golden, const char *key)
{
  return g_hash_table_lookup (golden->metadata, key);
}
