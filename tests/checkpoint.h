/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Model files of any configuration with generated values, so that tests need no
 * trained weights.  A value depends on the seed, the tensor's name and the
 * element's index only:
 *
 *   key   = first 8 bytes, little endian, of sha256 ("SEED:NAME")
 *   z     = splitmix64 of key + (index + 1) * 0x9e3779b97f4a7c15
 *   g     = (sum of the three lowest 21-bit fields of z - 1.5 (2^21 - 1)) 2^-20
 *   value = (float) (mean + deviation * g), in double
 *
 * with mean and deviation chosen per tensor so that activations stay of order one
 * while every bias, gate and offset is far from neutral.
 */
#ifndef GLIP_TEST_CHECKPOINT_H
#define GLIP_TEST_CHECKPOINT_H

#include "model/parameters.h"

/* "glip-nano", "glip-nano-a", "glip-nano-tuned" (with prompt tuning), "glip-nano-max",
 * "-power", "-onehot" (other label scores), "glip-t-a", "glip-t" or "glip-l". */
gboolean glip_test_config (const char *name, GlipConfig *config);

/* Elements of a tensor. */
size_t glip_test_count (const GlipParameter *parameter);

/* Fill a float tensor of `config`. */
void glip_test_fill (const GlipConfig *config, uint64_t seed,
    const GlipParameter *parameter, float *values);

/* Write a model file with the needed tensors in float and the pieces of the text
 * file `vocabulary_path`.  Errors: IO. */
gboolean glip_test_write_model (const char *path, const char *config_name, uint64_t seed,
    const char *vocabulary_path, GError **error);

#endif /* GLIP_TEST_CHECKPOINT_H */
