/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The reading side of safetensors: the header is scanned once, every number in it
 * is checked against the file before a pointer is made from it, and afterwards the
 * tensors are sorted by their place, which shows overlaps.
 */
#include "model/safetensors.h"

#include "model/json.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_HEADER_BYTES (100 * 1000 * 1000)
#define MAX_TENSORS 100000
#define MAX_METADATA 10000

struct _GlipSafetensors {
  GBytes *bytes;
  gboolean mapped;     /* `bytes` are a file's pages */
  const uint8_t *data; /* behind the header */
  size_t data_size;
  GArray *tensors;      /* GlipStored, by place */
  GHashTable *by_name;  /* name, owned -> index + 1 */
  GHashTable *metadata; /* key -> value, both owned */
};

static const struct {
  const char *name;
  GlipDType dtype;
  size_t size;
} dtypes[] = {
  { "F32", GLIP_DTYPE_F32, 4 },       { "F16", GLIP_DTYPE_F16, 2 },
  { "BF16", GLIP_DTYPE_BF16, 2 },     { "F64", GLIP_DTYPE_F64, 8 },
  { "I64", GLIP_DTYPE_I64, 8 },       { "I32", GLIP_DTYPE_I32, 4 },
  { "U8", GLIP_DTYPE_U8, 1 },         { "BOOL", GLIP_DTYPE_OTHER, 1 },
  { "I8", GLIP_DTYPE_OTHER, 1 },      { "I16", GLIP_DTYPE_OTHER, 2 },
  { "U16", GLIP_DTYPE_OTHER, 2 },     { "U32", GLIP_DTYPE_OTHER, 4 },
  { "U64", GLIP_DTYPE_OTHER, 8 },     { "C64", GLIP_DTYPE_OTHER, 8 },
  { "F8_E4M3", GLIP_DTYPE_OTHER, 1 }, { "F8_E5M2", GLIP_DTYPE_OTHER, 1 },
};

/* -------------------------------------------------------------- elements */

gboolean
glip_dtype_is_float (GlipDType dtype)
{
  return dtype == GLIP_DTYPE_F32 || dtype == GLIP_DTYPE_F16
         || dtype == GLIP_DTYPE_BF16 || dtype == GLIP_DTYPE_F64;
}

size_t
glip_dtype_size (GlipDType dtype)
{
  for (size_t i = 0; dtype != GLIP_DTYPE_OTHER && i < G_N_ELEMENTS (dtypes); i++)
    if (dtypes[i].dtype == dtype)
      return dtypes[i].size;
  return 0;
}

void
glip_stored_read (
    const GlipStored *stored, size_t first, size_t count, float *destination)
{
  g_assert (glip_dtype_is_float (stored->dtype));
  g_assert (first <= stored->n_elements && count <= stored->n_elements - first);
  size_t size = glip_dtype_size (stored->dtype);
  const uint8_t *source = (const uint8_t *) stored->data + first * size;

  /* memcpy for every element, as nothing in a file need be aligned. */
  if (stored->dtype == GLIP_DTYPE_F32 && count > 0) {
    memcpy (destination, source, count * sizeof (float));
  } else if (stored->dtype == GLIP_DTYPE_F64) {
    for (size_t i = 0; i < count; i++) {
      double value;
      memcpy (&value, source + i * sizeof value, sizeof value);
      destination[i] = (float) value;
    }
  } else if (stored->dtype == GLIP_DTYPE_F16) {
    for (size_t i = 0; i < count; i++) {
      uint16_t half;
      memcpy (&half, source + i * sizeof half, sizeof half);
      destination[i] = glip_half_to_float (half);
    }
  } else if (stored->dtype == GLIP_DTYPE_BF16) {
    for (size_t i = 0; i < count; i++) {
      uint16_t upper;
      memcpy (&upper, source + i * sizeof upper, sizeof upper);
      uint32_t bits = (uint32_t) upper << 16;
      memcpy (&destination[i], &bits, sizeof bits);
    }
  }
}

/* ---------------------------------------------------------------- header */

static gboolean
read_metadata (GlipSafetensors *file, GlipJson *json, GError **error)
{
  if (!glip_json_expect (json, '{', error))
    return FALSE;
  if (glip_json_accept (json, '}'))
    return TRUE;
  do {
    g_autofree char *key = glip_json_read_name (json, error);
    if (!key || !glip_json_expect (json, ':', error))
      return FALSE;
    g_autofree char *value = glip_json_read_string (json, error);
    if (!value) {
      g_prefix_error (error, "metadata \"%s\": ", key);
      return FALSE;
    }
    if (g_hash_table_contains (file->metadata, key)
        || g_hash_table_size (file->metadata) == MAX_METADATA) {
      g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
          "metadata \"%s\" is there twice, or is one of more than %d", key, MAX_METADATA);
      return FALSE;
    }
    g_hash_table_insert (
        file->metadata, g_steal_pointer (&key), g_steal_pointer (&value));
  } while (glip_json_accept (json, ','));
  return glip_json_expect (json, '}', error);
}

/* "[a, b, ...]" with at most `max` numbers. */
static gboolean
read_numbers (GlipJson *json, int64_t *numbers, int max, int *count, GError **error)
{
  *count = 0;
  if (!glip_json_expect (json, '[', error))
    return FALSE;
  if (glip_json_accept (json, ']'))
    return TRUE;
  do {
    if (*count == max) {
      g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
          "header, byte %zu: more than %d numbers", (size_t) (json->at - json->begin), max);
      return FALSE;
    }
    if (!glip_json_read_integer (json, &numbers[(*count)++], error))
      return FALSE;
  } while (glip_json_accept (json, ','));
  return glip_json_expect (json, ']', error);
}

typedef struct {
  char dtype[16];
  int64_t dims[GLIP_MAX_DIMS], offsets[2];
  int n_dims, n_offsets;
  gboolean has_shape;
} Entry;

static gboolean
read_field (GlipJson *json, Entry *entry, GError **error)
{
  g_autofree char *key = glip_json_read_name (json, error);
  if (!key || !glip_json_expect (json, ':', error))
    return FALSE;
  if (g_str_equal (key, "dtype") && !entry->dtype[0]) {
    g_autofree char *name = glip_json_read_name (json, error);
    if (name)
      g_strlcpy (entry->dtype, name, sizeof entry->dtype);
    return name != NULL;
  }
  if (g_str_equal (key, "shape") && !entry->has_shape) {
    entry->has_shape = TRUE;
    return read_numbers (json, entry->dims, GLIP_MAX_DIMS, &entry->n_dims, error);
  }
  if (g_str_equal (key, "data_offsets") && entry->n_offsets == 0)
    return read_numbers (json, entry->offsets, 2, &entry->n_offsets, error);
  g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
      "field \"%s\" is unknown or there twice", key);
  return FALSE;
}

/* Number of elements, or -1 when a dimension is negative or the product is more
 * than any file holds. */
static int64_t
count_elements (const Entry *entry)
{
  int64_t count = 1;
  for (int i = 0; i < entry->n_dims; i++)
    if (entry->dims[i] < 0
        || __builtin_mul_overflow (count, entry->dims[i], &count)
        || count > INT64_MAX / 8)
      return -1;
  return count;
}

/* Turn the scanned numbers into a tensor, distrusting each of them. */
static gboolean
check_entry (
    const GlipSafetensors *file, const Entry *entry, GlipStored *stored, GError **error)
{
  size_t element = 0;
  for (size_t i = 0; i < G_N_ELEMENTS (dtypes); i++)
    if (g_str_equal (dtypes[i].name, entry->dtype)) {
      stored->dtype = dtypes[i].dtype;
      element = dtypes[i].size;
    }
  int64_t begin = entry->offsets[0], end = entry->offsets[1];
  int64_t count = count_elements (entry);
  g_autofree char *what = NULL;
  if (!entry->dtype[0] || !entry->has_shape || entry->n_offsets != 2)
    what = g_strdup ("\"dtype\", \"shape\" or the two \"data_offsets\" are not there");
  else if (element == 0)
    what = g_strdup_printf ("unknown data type \"%s\"", entry->dtype);
  else if (count < 0)
    what = g_strdup ("impossible shape (a dimension is negative or too large)");
  else if (begin < 0 || end < begin || (uint64_t) end > file->data_size)
    what = g_strdup_printf ("data_offsets %" PRId64 " to %" PRId64 " lie outside of "
                            "the %zu bytes of data: the file is truncated or corrupt",
        begin, end, file->data_size);
  else if (end - begin != count * (int64_t) element)
    what = g_strdup_printf ("%" PRId64 " bytes of data, but its shape and type (%s) "
                            "need %" PRId64,
        end - begin, entry->dtype, count * (int64_t) element);
  if (what) {
    g_set_error_literal (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL, what);
    return FALSE;
  }
  stored->n_dims = entry->n_dims;
  memcpy (stored->dims, entry->dims, sizeof stored->dims);
  stored->n_elements = (size_t) count;
  stored->size_bytes = (size_t) (end - begin);
  stored->data = file->data + begin;
  return TRUE;
}

static gboolean
read_tensor (GlipSafetensors *file, GlipJson *json, const char *name, GError **error)
{
  Entry entry = { 0 };
  GlipStored stored = { .name = name };
  gboolean good = glip_json_expect (json, '{', error);
  if (good && !glip_json_accept (json, '}')) {
    do
      good = read_field (json, &entry, error);
    while (good && glip_json_accept (json, ','));
    good = good && glip_json_expect (json, '}', error);
  }
  if (!good || !check_entry (file, &entry, &stored, error)) {
    g_prefix_error (error, "tensor \"%s\": ", name);
    return FALSE;
  }
  g_array_append_val (file->tensors, stored);
  return TRUE;
}

static gboolean
read_header (GlipSafetensors *file, GlipJson *json, GError **error)
{
  if (!glip_json_expect (json, '{', error))
    return FALSE;
  if (!glip_json_accept (json, '}')) {
    do {
      g_autofree char *name = glip_json_read_name (json, error);
      if (!name || !glip_json_expect (json, ':', error))
        return FALSE;
      if (g_hash_table_contains (file->by_name, name)
          || g_hash_table_size (file->by_name) > MAX_TENSORS) {
        g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
            "tensor \"%s\" is there twice, or is one of more than %d", name, MAX_TENSORS);
        return FALSE;
      }
      char *key = g_steal_pointer (&name);
      g_hash_table_insert (file->by_name, key, NULL);
      if (g_str_equal (key, "__metadata__") ? !read_metadata (file, json, error)
                                            : !read_tensor (file, json, key, error))
        return FALSE;
    } while (glip_json_accept (json, ','));
    if (!glip_json_expect (json, '}', error))
      return FALSE;
  }
  if (glip_json_peek (json) != 0 || json->at != json->end) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
        "header, byte %zu: text after its end", (size_t) (json->at - json->begin));
    return FALSE;
  }
  return TRUE;
}

static int
compare_places (const void *a, const void *b)
{
  const GlipStored *first = a, *second = b;
  if (first->data != second->data)
    return (const uint8_t *) first->data < (const uint8_t *) second->data ? -1 : 1;
  if (first->size_bytes != second->size_bytes)
    return first->size_bytes < second->size_bytes ? -1 : 1;
  return strcmp (first->name, second->name);
}

static gboolean
sort_tensors (GlipSafetensors *file, GError **error)
{
  g_array_sort (file->tensors, compare_places);
  for (guint i = 0; i < file->tensors->len; i++) {
    const GlipStored *stored = &g_array_index (file->tensors, GlipStored, i);
    const GlipStored *last = i ? stored - 1 : NULL;
    if (last && (const uint8_t *) last->data + last->size_bytes
                    > (const uint8_t *) stored->data) {
      g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
          "tensors \"%s\" and \"%s\" overlap at byte %zu of the data", last->name,
          stored->name, (size_t) ((const uint8_t *) stored->data - file->data));
      return FALSE;
    }
    void *key = NULL;
    g_hash_table_steal_extended (file->by_name, stored->name, &key, NULL);
    g_hash_table_insert (file->by_name, key, GUINT_TO_POINTER (i + 1));
  }
  return TRUE;
}

/* ------------------------------------------------------------------ file */

GlipSafetensors *
glip_safetensors_new_from_bytes (GBytes *bytes, GError **error)
{
  size_t size = 0;
  const uint8_t *start = g_bytes_get_data (bytes, &size);
  uint64_t header_size = 0;
  if (size >= 8)
    memcpy (&header_size, start, 8);
  header_size = GUINT64_FROM_LE (header_size);
  if (size < 10 || header_size > size - 8 || header_size > MAX_HEADER_BYTES
      || header_size < 2) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
        "no safetensors file, or a truncated one (%zu bytes, header length %" PRIu64 ")",
        size, header_size);
    return NULL;
  }
  g_autoptr (GlipSafetensors) file = g_new0 (GlipSafetensors, 1);
  file->bytes = g_bytes_ref (bytes);
  file->data = start + 8 + header_size;
  file->data_size = size - 8 - (size_t) header_size;
  file->tensors = g_array_new (FALSE, FALSE, sizeof (GlipStored));
  file->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  file->metadata = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  const char *text = (const char *) start + 8;
  GlipJson json = { text, text, text + header_size };
  if (!read_header (file, &json, error) || !sort_tensors (file, error))
    return NULL;
  return g_steal_pointer (&file);
}

GlipSafetensors *
glip_safetensors_open (const char *path, GError **error)
{
  /* Mapping a pipe would wait for a writer. */
  if (g_file_test (path, G_FILE_TEST_EXISTS)
      && !g_file_test (path, G_FILE_TEST_IS_REGULAR)) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_IO, "%s: not a regular file", path);
    return NULL;
  }
  g_autoptr (GError) reason = NULL;
  g_autoptr (GMappedFile) mapped = g_mapped_file_new (path, FALSE, &reason);
  if (!mapped) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_IO, "%s: cannot be opened: %s", path,
        g_file_test (path, G_FILE_TEST_EXISTS) ? reason->message : "no such file");
    return NULL;
  }
  g_autoptr (GBytes) bytes = g_mapped_file_get_bytes (mapped);
  GlipSafetensors *file = glip_safetensors_new_from_bytes (bytes, error);
  if (!file) {
    g_prefix_error (error, "%s: ", path);
    return NULL;
  }
  file->mapped = TRUE;
  return file;
}

void
glip_safetensors_free (GlipSafetensors *file)
{
  if (!file)
    return;
  g_array_unref (file->tensors);
  g_hash_table_unref (file->by_name);
  g_hash_table_unref (file->metadata);
  g_bytes_unref (file->bytes);
  g_free (file);
}

void
glip_safetensors_forget (GlipSafetensors *file, const GlipStored *stored)
{
  uintptr_t page = (uintptr_t) sysconf (_SC_PAGESIZE);
  uintptr_t begin = ((uintptr_t) stored->data + page - 1) / page * page;
  uintptr_t end = ((uintptr_t) stored->data + stored->size_bytes) / page * page;
  /* Pages of a private mapping nobody wrote to come back from the file. */
  if (file->mapped && begin < end)
    madvise ((void *) begin, end - begin, MADV_DONTNEED);
}

const GlipStored *
glip_safetensors_lookup (GlipSafetensors *file, const char *name)
{
  guint index = GPOINTER_TO_UINT (g_hash_table_lookup (file->by_name, name));
  return index ? &g_array_index (file->tensors, GlipStored, index - 1) : NULL;
}

const char *
glip_safetensors_get_metadata (GlipSafetensors *file, const char *key)
{
  return g_hash_table_lookup (file->metadata, key);
}

size_t
glip_safetensors_get_count (GlipSafetensors *file)
{
  return file->tensors->len;
}

const GlipStored *
glip_safetensors_get (GlipSafetensors *file, size_t index)
{
  g_assert (index < file->tensors->len);
  return &g_array_index (file->tensors, GlipStored, index);
}
