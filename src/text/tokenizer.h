/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * WordPiece as bert-base-uncased's fast tokenizer does it: clean, isolate CJK,
 * strip accents, lower-case, split on white space and punctuation, greedy longest
 * match.  Every token remembers which bytes of the original text it came from,
 * so that a label can be the user's own words.
 */
#ifndef GLIP_TOKENIZER_H
#define GLIP_TOKENIZER_H

#include "report.h"

typedef struct {
  int id;
  size_t begin, end; /* bytes of the text; both 0 for the added [CLS] and [SEP] */
} GlipToken;

typedef struct _GlipTokenizer GlipTokenizer;

/* `vocabulary`: one piece a line.  (transfer full)  Errors: BAD_MODEL when [PAD],
 * [UNK], [CLS] or [SEP] is missing, or the text is not UTF-8 or absurdly large.
 * Immutable: any thread. */
GlipTokenizer *glip_tokenizer_new (const char *vocabulary, GError **error);
void glip_tokenizer_free (GlipTokenizer *tokenizer);
size_t glip_tokenizer_get_size (const GlipTokenizer *tokenizer);
int glip_tokenizer_get_pad (const GlipTokenizer *tokenizer);

/* [CLS] pieces [SEP] of `length` bytes of valid UTF-8 (asserted), never truncated.
 * Embedded NUL is deleted like any control character.  Returns an array of
 * GlipToken.  (transfer full) */
GArray *glip_tokenizer_encode (
    const GlipTokenizer *tokenizer, const char *text, size_t length);

/* What ends a word: white space as the tokenizer sees it (it deletes vertical tabs
 * and form feeds). */
gboolean glip_tokenizer_is_space (gunichar character);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipTokenizer, glip_tokenizer_free)

#endif /* GLIP_TOKENIZER_H */
