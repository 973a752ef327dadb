/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * A model file as the network sees it: a checked configuration, a vocabulary, and
 * every needed tensor present in the right shape and in a float type.  This is
 * what the public GlipModel is.
 */
#ifndef GLIP_WEIGHTS_H
#define GLIP_WEIGHTS_H

#include "model/config.h"
#include "model/safetensors.h"

/* (transfer none) */
const GlipConfig *glip_model_get_config (GlipModel *model);
/* The vocabulary, one piece a line, without the final newline. */
const char *glip_model_get_vocabulary (GlipModel *model);
const char *glip_model_get_path (GlipModel *model);
GlipSafetensors *glip_model_get_file (GlipModel *model);

/* A needed tensor by its released name; present by construction (asserted). */
const GlipStored *glip_model_get_weight (GlipModel *model, const char *name);

/* Names in the file that inference does not read.  (transfer container) */
GPtrArray *glip_model_list_ignored (GlipModel *model);

#endif /* GLIP_WEIGHTS_H */
