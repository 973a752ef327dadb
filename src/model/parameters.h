/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The inventory of a GLIP checkpoint: every tensor of a configuration by its
 * released name (without "module."), its shape, and whether inference needs it.
 * In the order of the released files.
 */
#ifndef GLIP_PARAMETERS_H
#define GLIP_PARAMETERS_H

#include "model/config.h"
#include "model/safetensors.h"

typedef struct {
  const char *name; /* valid during the call */
  int n_dims;
  int64_t dims[4];
  gboolean integer; /* int64 buffers such as relative_position_index */
  gboolean needed;  /* inference reads it */
} GlipParameter;

typedef void (*GlipParameterFunc) (const GlipParameter *parameter, void *user_data);

/* Call `func` for every tensor of `config`.  Any thread. */
void glip_parameters_foreach (
    const GlipConfig *config, GlipParameterFunc func, void *user_data);

/* What a file says about the tensor `name`; FALSE when it has none. */
typedef struct {
  GlipDType dtype;
  int n_dims;
  const int64_t *dims;
} GlipParameterFound;
typedef gboolean (*GlipParameterLookup) (
    const char *name, GlipParameterFound *found, void *user_data);

/* Whether every needed tensor is there in its shape and in a float type.
 * Errors: BAD_MODEL naming the first that is not. */
gboolean glip_parameters_check (const GlipConfig *config, GlipParameterLookup lookup,
    void *user_data, GError **error);

#endif /* GLIP_PARAMETERS_H */
