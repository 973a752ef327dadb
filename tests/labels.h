/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The labels' buffer for tests of what reads it.
 */
#ifndef GLIP_TEST_LABELS_H
#define GLIP_TEST_LABELS_H

#include "check.h"

typedef struct {
  uint32_t words[LABELS_WORDS];
} Labels;

/* Append a label with its tokens. */
static inline void
labels_add (Labels *labels, uint32_t n_tokens, const uint32_t *tokens)
{
  uint32_t *offsets = labels->words + LABELS_OFFSETS;
  uint32_t label = labels->words[LABELS_COUNT]++;
  g_assert (label < LABELS_MAX && offsets[label] + n_tokens <= LABELS_MAX_TOKENS);
  for (uint32_t i = 0; i < n_tokens; i++)
    labels->words[LABELS_TOKENS + offsets[label] + i] = tokens[i];
  offsets[label + 1] = offsets[label] + n_tokens;
}

/* Any 32-bit words as a tensor. */
static inline GlipTensor
upload_words (const uint32_t *words, uint32_t rows, uint32_t columns)
{
  return check_upload ((const float *) words, rows, columns);
}

#endif /* GLIP_TEST_LABELS_H */
