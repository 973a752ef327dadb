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

#endif /* GLIP_PARAMETERS_H */
