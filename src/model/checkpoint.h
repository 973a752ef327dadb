/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Released checkpoints: the zip container of torch.save, whose data.pkl is read by
 * a restricted pickle interpreter that knows the opcodes and globals such files
 * use, builds dictionaries, strings, numbers and tensor descriptions, and
 * executes nothing.
 */
#ifndef GLIP_CHECKPOINT_H
#define GLIP_CHECKPOINT_H

#include "model/config.h"
#include "model/safetensors.h"

typedef struct _GlipCheckpoint GlipCheckpoint;

/* Open a .pth and list its state dict: the "model" entry when there is one
 * (never "model_ema"), "module." stripped.  (transfer full)
 * Errors: IO, BAD_MODEL (a legacy file that is no zip says so and what to do). */
GlipCheckpoint *glip_checkpoint_open (const char *path, GError **error);
void glip_checkpoint_free (GlipCheckpoint *checkpoint);

typedef struct {
  const char *name; /* owned by the checkpoint */
  GlipDType dtype;
  int n_dims;
  int64_t dims[GLIP_MAX_DIMS];
  size_t n_elements;
} GlipCheckpointTensor;

size_t glip_checkpoint_get_count (GlipCheckpoint *checkpoint);
const GlipCheckpointTensor *glip_checkpoint_get (GlipCheckpoint *checkpoint, size_t index);
const GlipCheckpointTensor *glip_checkpoint_lookup (
    GlipCheckpoint *checkpoint, const char *name);
/* Why the entry `name` is not among the tensors although the file has it, such as
 * "an object made by ...", or NULL. */
const char *glip_checkpoint_get_obstacle (GlipCheckpoint *checkpoint, const char *name);
const char *glip_checkpoint_get_path (GlipCheckpoint *checkpoint);

/* The whole tensor as contiguous row-major float (strides of views undone).
 * (transfer full), g_free.  Errors: BAD_MODEL. */
float *glip_checkpoint_read (
    GlipCheckpoint *checkpoint, const GlipCheckpointTensor *tensor, GError **error);

/* What the shapes say, on top of the released values.  The result is not checked:
 * glip_config_parse may still correct it.  Errors: BAD_MODEL. */
gboolean glip_checkpoint_infer_config (
    GlipCheckpoint *checkpoint, GlipConfig *config, GError **error);

/* Write the tensors that inference needs to `output_path`, one at a time, with the
 * configuration and the vocabulary: the same checkpoint gives the same bytes.
 * `progress` (may be NULL) runs from 0 to 1.  `config_json` and `vocabulary` may be NULL: shapes
 * alone, and the file `vocab.txt` beside the checkpoint is the caller's matter.
 * `type` is F32 or F16.  Errors: BAD_MODEL, IO. */
typedef void (*GlipProgressFunc) (double progress, void *user_data);
gboolean glip_checkpoint_convert (GlipCheckpoint *checkpoint, const char *config_json,
    const char *vocabulary, GlipDType type, const char *output_path,
    GlipProgressFunc progress, void *user_data, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipCheckpoint, glip_checkpoint_free)

#endif /* GLIP_CHECKPOINT_H */
