/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The safetensors container: an 8-byte little-endian header length, a JSON header
 * {name: {dtype, shape, data_offsets}, "__metadata__": {...}}, raw data.  The
 * reader maps the file and trusts nothing in it; the writer aligns every tensor
 * to 64 bytes.
 */
#ifndef GLIP_SAFETENSORS_H
#define GLIP_SAFETENSORS_H

#include "report.h"

#define GLIP_MAX_DIMS 8

typedef enum {
  GLIP_DTYPE_F32,
  GLIP_DTYPE_F16,
  GLIP_DTYPE_BF16,
  GLIP_DTYPE_F64,
  GLIP_DTYPE_I64,
  GLIP_DTYPE_I32,
  GLIP_DTYPE_U8,
  GLIP_DTYPE_OTHER, /* known to the format, of no use here */
} GlipDType;

typedef struct {
  const char *name; /* owned by the file */
  GlipDType dtype;
  int n_dims;
  int64_t dims[GLIP_MAX_DIMS];
  size_t n_elements;
  const void *data; /* in the mapping, not necessarily aligned */
  size_t size_bytes;
} GlipStored;

typedef struct _GlipSafetensors GlipSafetensors;

/* Map and check a file.  (transfer full)  Errors: IO, BAD_MODEL with the offset or
 * the tensor's name. */
GlipSafetensors *glip_safetensors_open (const char *path, GError **error);
void glip_safetensors_free (GlipSafetensors *file);

/* NULL when absent.  (transfer none) */
const GlipStored *glip_safetensors_lookup (GlipSafetensors *file, const char *name);
const char *glip_safetensors_get_metadata (GlipSafetensors *file, const char *key);
size_t glip_safetensors_get_count (GlipSafetensors *file);
/* In file order. */
const GlipStored *glip_safetensors_get (GlipSafetensors *file, size_t index);

/* Convert `count` elements from `first` on to float: F32, F16, BF16 and F64 only
 * (asserted). */
void glip_stored_read (
    const GlipStored *stored, size_t first, size_t count, float *destination);

/* ----------------------------------------------------------------- writer */

typedef struct _GlipSafetensorsWriter GlipSafetensorsWriter;

/* Two steps: declare everything, then write the data in the declared order, so
 * that no tensor need be held in memory.  The file is written beside `path` and
 * renamed at the end; an unfinished writer leaves nothing behind. */
GlipSafetensorsWriter *glip_safetensors_writer_new (const char *path);
void glip_safetensors_writer_free (GlipSafetensorsWriter *writer);
void glip_safetensors_writer_set_metadata (
    GlipSafetensorsWriter *writer, const char *key, const char *value);
void glip_safetensors_writer_declare (GlipSafetensorsWriter *writer, const char *name,
    GlipDType dtype, int n_dims, const int64_t *dims);
/* Append bytes of the tensor data, in declaration order, cut as the caller likes.
 * Errors: IO. */
gboolean glip_safetensors_writer_append (
    GlipSafetensorsWriter *writer, const void *data, size_t size_bytes, GError **error);
/* All declared bytes must have been appended (asserted).  Errors: IO. */
gboolean glip_safetensors_writer_finish (GlipSafetensorsWriter *writer, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipSafetensors, glip_safetensors_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipSafetensorsWriter, glip_safetensors_writer_free)

/* Round to nearest even, with subnormals, infinities and NaN. */
uint16_t glip_float_to_half (float value);
float glip_half_to_float (uint16_t half);

#endif /* GLIP_SAFETENSORS_H */
