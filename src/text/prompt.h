/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * From what a user typed to what the network reads: labels with their phrase and
 * span, cut into passes of at most the model's token limit; per pass the token
 * ids and which tokens belong to which label (GLIP, section 3.1, "T_{pos}").
 */
#ifndef GLIP_PROMPT_H
#define GLIP_PROMPT_H

#include "text/tokenizer.h"

enum {
  GLIP_MAX_PROMPT_BYTES = 1 << 20,
  GLIP_MAX_PASSES = 64,
  GLIP_MAX_PASS_LABELS = 256,
  GLIP_MAX_PASS_LABEL_TOKENS = 4096, /* entries of label_tokens */
};

typedef struct {
  char *phrase;
  size_t begin, end; /* bytes of GlipText.text */
} GlipLabel;

/* One run of the head. */
typedef struct {
  int n_tokens; /* [CLS] and [SEP] included, at most the model's max_len */
  int *ids;
  int n_labels;
  int *labels;        /* per label of the pass: index into GlipText.labels */
  int *label_offsets; /* n_labels + 1 entries into label_tokens */
  int *label_tokens;  /* token indices, ascending, [CLS] is 0 */
} GlipPass;

typedef struct {
  char *text;         /* what the user gave (or the joined names) */
  GPtrArray *labels;  /* of GlipLabel, at least one */
  GPtrArray *passes;  /* of GlipPass, at least one */
} GlipText;

/* The three ways of glip.h's prompts.  `max_len` is the model's token limit.
 * (transfer full)  Errors: BAD_PROMPT.  Any thread. */
GlipText *glip_text_parse (const GlipTokenizer *tokenizer, int max_len, const char *text,
    GError **error);
GlipText *glip_text_from_names (const GlipTokenizer *tokenizer, int max_len,
    const char *const *names, size_t n_names, GlipListStyle style, GError **error);
GlipText *glip_text_from_spans (const GlipTokenizer *tokenizer, int max_len,
    const char *caption, const GlipSpan *spans, size_t n_spans, GError **error);
void glip_text_free (GlipText *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipText, glip_text_free)

#endif /* GLIP_PROMPT_H */
