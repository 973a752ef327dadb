/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The writing side of safetensors.  The header needs every offset before the first
 * byte of data, so tensors are declared first and their data streamed afterwards;
 * the bytes depend on nothing but what was declared and appended.
 */
#include "model/json.h"
#include "model/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct _GlipSafetensorsWriter {
  char *path, *temporary; /* the latter NULL before the file exists */
  FILE *stream;
  GString *metadata, *tensors; /* members of the two JSON objects */
  uint64_t declared_bytes, appended_bytes;
};

size_t
glip_safetensors_alignment (size_t size_bytes)
{
  size_t alignment = GLIP_SAFETENSORS_ALIGNMENT;
  while (size_bytes % alignment != 0)
    alignment /= 2;
  return alignment;
}

GlipSafetensorsWriter *
glip_safetensors_writer_new (const char *path)
{
  GlipSafetensorsWriter *writer = g_new0 (GlipSafetensorsWriter, 1);
  writer->path = g_strdup (path);
  writer->metadata = g_string_new (NULL);
  writer->tensors = g_string_new (NULL);
  return writer;
}

void
glip_safetensors_writer_free (GlipSafetensorsWriter *writer)
{
  if (!writer)
    return;
  if (writer->stream)
    fclose (writer->stream);
  if (writer->temporary)
    g_unlink (writer->temporary);
  g_string_free (writer->metadata, TRUE);
  g_string_free (writer->tensors, TRUE);
  g_free (writer->temporary);
  g_free (writer->path);
  g_free (writer);
}

void
glip_safetensors_writer_set_metadata (
    GlipSafetensorsWriter *writer, const char *key, const char *value)
{
  g_assert (!writer->stream);
  if (writer->metadata->len)
    g_string_append_c (writer->metadata, ',');
  glip_json_append_string (writer->metadata, key);
  g_string_append_c (writer->metadata, ':');
  glip_json_append_string (writer->metadata, value);
}

static const char *
name_dtype (GlipDType dtype)
{
  static const char *const names[] = {
    [GLIP_DTYPE_F32] = "F32", [GLIP_DTYPE_F16] = "F16", [GLIP_DTYPE_BF16] = "BF16",
    [GLIP_DTYPE_F64] = "F64", [GLIP_DTYPE_I64] = "I64", [GLIP_DTYPE_I32] = "I32",
    [GLIP_DTYPE_U8] = "U8",
  };
  g_assert (dtype < G_N_ELEMENTS (names));
  return names[dtype];
}

void
glip_safetensors_writer_declare (GlipSafetensorsWriter *writer, const char *name,
    GlipDType dtype, int n_dims, const int64_t *dims)
{
  g_assert (!writer->stream);
  uint64_t size = glip_dtype_size (dtype);
  GString *json = writer->tensors;
  if (json->len)
    g_string_append_c (json, ',');
  glip_json_append_string (json, name);
  g_string_append_printf (json, ":{\"dtype\":\"%s\",\"shape\":[", name_dtype (dtype));
  for (int i = 0; i < n_dims; i++) {
    g_string_append_printf (json, "%s%" PRId64, i ? "," : "", dims[i]);
    size *= (uint64_t) dims[i];
  }
  g_string_append_printf (json, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}",
      writer->declared_bytes, writer->declared_bytes + size);
  writer->declared_bytes += size;
}

static gboolean
fail (GlipSafetensorsWriter *writer, const char *what, GError **error)
{
  g_set_error (error, GLIP_ERROR, GLIP_ERROR_IO, "%s: cannot %s: %s", writer->path, what,
      g_strerror (errno));
  return FALSE;
}

/* Create the file and write the header, padded with spaces so that the data
 * begins at a multiple of the alignment. */
static gboolean
start (GlipSafetensorsWriter *writer, GError **error)
{
  g_autofree char *temporary = g_strdup_printf ("%s.XXXXXX", writer->path);
  int descriptor = g_mkstemp_full (temporary, O_RDWR | O_CLOEXEC, 0666);
  if (descriptor < 0)
    return fail (writer, "create the file", error);
  writer->temporary = g_steal_pointer (&temporary);
  writer->stream = fdopen (descriptor, "wb");
  if (!writer->stream) {
    close (descriptor);
    return fail (writer, "create the file", error);
  }
  g_autoptr (GString) header = g_string_new ("{");
  if (writer->metadata->len)
    g_string_append_printf (header, "\"__metadata__\":{%s}%s", writer->metadata->str,
        writer->tensors->len ? "," : "");
  g_string_append_printf (header, "%s}", writer->tensors->str);
  while ((8 + header->len) % GLIP_SAFETENSORS_ALIGNMENT != 0)
    g_string_append_c (header, ' ');
  uint64_t length = GUINT64_TO_LE ((uint64_t) header->len);
  if (fwrite (&length, sizeof length, 1, writer->stream) != 1
      || fwrite (header->str, header->len, 1, writer->stream) != 1)
    return fail (writer, "write", error);
  return TRUE;
}

gboolean
glip_safetensors_writer_append (
    GlipSafetensorsWriter *writer, const void *data, size_t size_bytes, GError **error)
{
  g_assert (size_bytes <= writer->declared_bytes - writer->appended_bytes);
  if (!writer->stream && !start (writer, error))
    return FALSE;
  if (size_bytes > 0 && fwrite (data, size_bytes, 1, writer->stream) != 1)
    return fail (writer, "write", error);
  writer->appended_bytes += size_bytes;
  return TRUE;
}

gboolean
glip_safetensors_writer_finish (GlipSafetensorsWriter *writer, GError **error)
{
  g_assert (writer->appended_bytes == writer->declared_bytes);
  if (!writer->stream && !start (writer, error))
    return FALSE;
  FILE *stream = g_steal_pointer (&writer->stream);
  if (fclose (stream) != 0)
    return fail (writer, "write", error);
  if (g_rename (writer->temporary, writer->path) != 0)
    return fail (writer, "rename the finished file", error);
  g_clear_pointer (&writer->temporary, g_free);
  return TRUE;
}
