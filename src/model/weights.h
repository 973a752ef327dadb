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

/* Metadata keys of a model file. */
#define GLIP_METADATA_CONFIG "glip.config"
#define GLIP_METADATA_VOCABULARY "glip.vocab"
#define GLIP_METADATA_FORMAT "glip.format"
#define GLIP_FORMAT_VERSION "1"

/* What glip_model_open does after mapping; takes `file` in any case.  `path` is
 * for messages.  (transfer full)  Errors: BAD_MODEL. */
GlipModel *glip_model_new (GlipSafetensors *file, const char *path, GError **error);

/* Refuse a vocabulary with more pieces than the embedding has rows, or none.
 * Errors: BAD_MODEL. */
gboolean glip_vocabulary_check (
    const char *vocabulary, const GlipConfig *config, GError **error);

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
