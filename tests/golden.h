/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The stored tensors of tests/golden/ for tests: a reader of its own, so that a
 * test of the library does not rest on the library's reader.  The files are ours:
 * whatever is wrong with one ends the test with a message.
 */
#ifndef GLIP_TEST_GOLDEN_H
#define GLIP_TEST_GOLDEN_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

typedef struct _GlipGolden GlipGolden;

/* One of the data pointers is set, by the stored type. */
typedef struct {
  int n_dims;
  int64_t dims[8];
  size_t count; /* elements */
  const float *f32;
  const double *f64;
  const int64_t *i64;
  const uint8_t *u8;
} GlipGoldenTensor;

/* `name` is relative to tests/golden/, without ".safetensors": "post/mean".
 * (transfer full) */
GlipGolden *glip_golden_open (const char *name);
void glip_golden_free (GlipGolden *golden);

/* (transfer none)  glip_golden_get ends the test when there is no such tensor,
 * glip_golden_lookup gives NULL. */
const GlipGoldenTensor *glip_golden_get (GlipGolden *golden, const char *name);
const GlipGoldenTensor *glip_golden_lookup (GlipGolden *golden, const char *name);
/* The same with a formatted name. */
const GlipGoldenTensor *glip_golden_getf (GlipGolden *golden, const char *format, ...)
    G_GNUC_PRINTF (2, 3);
/* A string of the metadata, such as "config", or NULL.  (transfer none) */
const char *glip_golden_get_metadata (GlipGolden *golden, const char *key);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipGolden, glip_golden_free)

#endif /* GLIP_TEST_GOLDEN_H */
