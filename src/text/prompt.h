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
  size_t begin, end; /* bytes of GlipText.text; in an evaluation list of names
                        those of the cleaned name, which may be none */
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

/* The three ways of glip.h's prompts.  `max_len` is the model's token limit.  A
 * label whose words leave no token (U+200B, "(x)" in an evaluation list) stays, in
 * one pass, without tokens.  (transfer full)  Errors: BAD_PROMPT.  Any thread.
 *
 * Typed text is a caption if a bracket is in it that no backslash precedes, else a
 * list.  In a list a dot separates before white space or the end, and behind white
 * space; if each one directly follows its name ("a. b") the network reads an
 * evaluation list, but without clean-up, else a demonstration list.  Phrases are as
 * typed, without white space around them, but with backslashes. */
GlipText *glip_text_parse (const GlipTokenizer *tokenizer, int max_len, const char *text,
    GError **error);
GlipText *glip_text_from_names (const GlipTokenizer *tokenizer, int max_len,
    const char *const *names, size_t n_names, GlipListStyle style, GError **error);
GlipText *glip_text_from_spans (const GlipTokenizer *tokenizer, int max_len,
    const char *caption, const GlipSpan *spans, size_t n_spans, GError **error);
/* An empty one, to be filled by the caller.  (transfer full) */
GlipText *glip_text_new (const char *text);
void glip_text_free (GlipText *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipText, glip_text_free)

#endif /* GLIP_PROMPT_H */
