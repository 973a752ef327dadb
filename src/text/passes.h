/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The second half of a prompt: a text the network shall read and the spans of its
 * labels become token ids and label tokens, in as few passes as fit.  The text is
 * tokenised once; a pass is a slice of those tokens, because no word, and so no
 * token, reaches over a place where the text is cut.
 */
#ifndef GLIP_PASSES_H
#define GLIP_PASSES_H

#include "text/prompt.h"

/* Where a text may be cut. */
typedef enum {
  GLIP_CUT_CAPTION,    /* outside the labels, best behind ". ", ", " or "; " */
  GLIP_CUT_DEMO,       /* before each label: "a . b . " -> "a . ", "b . " */
  GLIP_CUT_EVALUATION, /* before each label: "a. b" -> "a", "b" */
} GlipCut;

/* Append to text->passes.  `spans` (GlipSpan) are bytes of `read`, which is valid
 * UTF-8, and name every label of text->labels; for lists one each, in order.
 * FALSE: BAD_PROMPT, a label does not fit a pass or there are too many passes. */
gboolean glip_passes_make (GlipText *text, const GlipTokenizer *tokenizer, int max_len,
    const GString *read, const GArray *spans, GlipCut cut, GError **error);

#endif /* GLIP_PASSES_H */
