/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The safetensors container: an 8-byte little-endian header length, a JSON header
 * {name: {dtype, shape, data_offsets}, "__metadata__": {...}}, raw data.  The
 * reader maps the file and trusts nothing in it.  The format allows no holes, so
 * the writer starts the data at a multiple of 64 bytes and leaves the rest to the
 * order of the tensors: see glip_safetensors_alignment.
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
/* The same for a file in memory.  (transfer full)  Errors: BAD_MODEL. */
GlipSafetensors *glip_safetensors_new_from_bytes (GBytes *bytes, GError **error);
void glip_safetensors_free (GlipSafetensors *file);

/* NULL when absent.  (transfer none) */
const GlipStored *glip_safetensors_lookup (GlipSafetensors *file, const char *name);
const char *glip_safetensors_get_metadata (GlipSafetensors *file, const char *key);
size_t glip_safetensors_get_count (GlipSafetensors *file);
/* In the order of their data. */
const GlipStored *glip_safetensors_get (GlipSafetensors *file, size_t index);

/* Convert `count` elements from `first` on to float: F32, F16, BF16 and F64 only
 * (asserted). */
void glip_stored_read (
    const GlipStored *stored, size_t first, size_t count, float *destination);

/* F32, F16, BF16 or F64. */
gboolean glip_dtype_is_float (GlipDType dtype);
/* Bytes of an element; 0 for GLIP_DTYPE_OTHER. */
size_t glip_dtype_size (GlipDType dtype);

/* Let go of the memory that holds a tensor's bytes, when they come from a mapped file:
 * they are read again should anybody ask.  A loader that has copied a tensor says so,
 * and a large file is never whole in memory. */
void glip_safetensors_forget (GlipSafetensors *file, const GlipStored *stored);

/* ----------------------------------------------------------------- writer */

typedef struct _GlipSafetensorsWriter GlipSafetensorsWriter;

/* Two steps: declare everything, then write the data in the declared order, so
 * that no tensor need be held in memory.  The file is written beside `path` and
 * renamed at the end; an unfinished writer leaves nothing behind. */
GlipSafetensorsWriter *glip_safetensors_writer_new (const char *path);
void glip_safetensors_writer_free (GlipSafetensorsWriter *writer);
void glip_safetensors_writer_set_metadata (
    GlipSafetensorsWriter *writer, const char *key, const char *value);
/* Every declaration and all metadata come before the first data. */
void glip_safetensors_writer_declare (GlipSafetensorsWriter *writer, const char *name,
    GlipDType dtype, int n_dims, const int64_t *dims);
/* Append bytes of the tensor data, in declaration order, cut as the caller likes.
 * Errors: IO. */
gboolean glip_safetensors_writer_append (
    GlipSafetensorsWriter *writer, const void *data, size_t size_bytes, GError **error);
/* The largest power of two, at most GLIP_SAFETENSORS_ALIGNMENT, that divides
 * `size_bytes`.  Tensors declared in falling order of it all lie at multiples of
 * their own: the large ones at 64 bytes. */
#define GLIP_SAFETENSORS_ALIGNMENT 64
size_t glip_safetensors_alignment (size_t size_bytes);
/* All declared bytes must have been appended (asserted).  Errors: IO. */
gboolean glip_safetensors_writer_finish (GlipSafetensorsWriter *writer, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipSafetensors, glip_safetensors_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipSafetensorsWriter, glip_safetensors_writer_free)

/* Round to nearest even, with subnormals, infinities and NaN. */
uint16_t glip_float_to_half (float value);
float glip_half_to_float (uint16_t half);

#endif /* GLIP_SAFETENSORS_H */
