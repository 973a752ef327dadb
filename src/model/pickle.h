/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * A restricted interpreter for the pickles inside torch.save files, protocol 2 to
 * 5.  It executes nothing: the few globals that describe tensors and dictionaries
 * become values, every other object becomes an opaque one that only says what it
 * was, so that optimizer states and the like are no obstacle.
 */
#ifndef GLIP_PICKLE_H
#define GLIP_PICKLE_H

#include "model/safetensors.h"

typedef enum {
  GLIP_PICKLE_NONE,
  GLIP_PICKLE_BOOL,
  GLIP_PICKLE_INT,
  GLIP_PICKLE_FLOAT,
  GLIP_PICKLE_STRING,
  GLIP_PICKLE_BYTES,
  GLIP_PICKLE_TUPLE,
  GLIP_PICKLE_LIST,
  GLIP_PICKLE_DICT,
  GLIP_PICKLE_GLOBAL,
  GLIP_PICKLE_STORAGE,
  GLIP_PICKLE_TENSOR,
  GLIP_PICKLE_OPAQUE,
} GlipPickleKind;

/* The bytes behind one or several tensors: the archive's record "data/KEY". */
typedef struct {
  const char *key;
  GlipDType dtype;     /* OTHER also for untyped storages */
  size_t element_size;
  uint64_t n_elements;
} GlipPickleStorage;

/* A view of a storage; offset and strides in elements, checked to stay inside. */
typedef struct {
  const GlipPickleStorage *storage;
  GlipDType dtype;
  size_t element_size;
  uint64_t offset;
  int n_dims;
  int64_t dims[GLIP_MAX_DIMS], strides[GLIP_MAX_DIMS];
  size_t n_elements;
} GlipPickleTensor;

typedef struct {
  GlipPickleKind kind;
  union {
    int64_t integer; /* BOOL, INT */
    double number;
    struct {
      const char *data; /* NUL behind the end */
      size_t length;
    } string;          /* STRING, BYTES */
    GPtrArray *items;  /* TUPLE, LIST; DICT: key, value, key, value, ... */
    const char *name;  /* GLOBAL: "module.name"; OPAQUE: what it is, for messages */
    GlipPickleStorage *storage;
    GlipPickleTensor *tensor;
  };
} GlipPickleValue;

typedef struct _GlipPickle GlipPickle;

/* Interpret a pickle.  Values may contain themselves: whoever walks them bounds
 * the depth.  (transfer full)  Errors: BAD_MODEL with the byte. */
GlipPickle *glip_pickle_parse (const uint8_t *data, size_t size, GError **error);
void glip_pickle_free (GlipPickle *pickle);
/* The value the pickle describes.  (transfer none) */
const GlipPickleValue *glip_pickle_get_root (GlipPickle *pickle);

/* The value of a dictionary's string key, or NULL. */
const GlipPickleValue *glip_pickle_lookup (const GlipPickleValue *dict, const char *key);
/* Whether `value` is the string `text`. */
gboolean glip_pickle_is_string (const GlipPickleValue *value, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipPickle, glip_pickle_free)

/* ------------------------------------------- between the two source files */

/* New values, owned by the pickle. */
GlipPickleValue *glip_pickle_new (GlipPickle *pickle, GlipPickleKind kind);
GlipPickleValue *glip_pickle_new_opaque (GlipPickle *pickle, const char *format, ...)
    G_GNUC_PRINTF (2, 3);
GlipPickleValue *glip_pickle_new_string (
    GlipPickle *pickle, GlipPickleKind kind, const void *data, size_t length);

/* What `callable (*arguments)` would have made; never fails. */
GlipPickleValue *glip_pickle_call (GlipPickle *pickle, GlipPickleValue *callable,
    GlipPickleValue *arguments);
/* What a persistent id stands for: a storage, or something opaque. */
GlipPickleValue *glip_pickle_persistent (GlipPickle *pickle, const GlipPickleValue *id);

#endif /* GLIP_PICKLE_H */
