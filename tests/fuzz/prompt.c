/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Whatever is typed, a prompt is refused with a message or keeps its promises.
 * The first byte chooses the token limit, so that short inputs are split too.
 */
#include "text/prompt.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static GlipTokenizer *
open_tokenizer (void)
{
  g_autofree char *vocabulary = NULL;
  g_autoptr (GError) error = NULL;
  GlipTokenizer *tokenizer = NULL;

  if (g_file_get_contents (GLIP_GOLDEN "/vocab-2048.txt", &vocabulary, NULL, &error))
    tokenizer = glip_tokenizer_new (vocabulary, &error);
  g_assert_no_error (error);
  return tokenizer;
}

static void
check (const GlipText *text, int max_len)
{
  g_assert (text->labels->len > 0 && text->passes->len > 0);
  g_assert (text->passes->len <= GLIP_MAX_PASSES);
  for (guint i = 0; i < text->labels->len; i++) {
    const GlipLabel *label = text->labels->pdata[i];
    size_t length = label->end - label->begin;
    g_assert (label->begin < label->end && label->end <= strlen (text->text));
    g_assert (strlen (label->phrase) == length);
    g_assert (memcmp (label->phrase, text->text + label->begin, length) == 0);
  }
  for (guint i = 0; i < text->passes->len; i++) {
    const GlipPass *pass = text->passes->pdata[i];
    int n_entries = pass->label_offsets[pass->n_labels];
    g_assert (pass->n_tokens <= max_len && pass->n_labels > 0);
    g_assert (pass->n_labels <= GLIP_MAX_PASS_LABELS);
    g_assert (n_entries <= GLIP_MAX_PASS_LABEL_TOKENS);
    for (int k = 0; k < n_entries; k++)
      g_assert (pass->label_tokens[k] > 0 && pass->label_tokens[k] < pass->n_tokens - 1);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static GlipTokenizer *tokenizer;
  if (!tokenizer)
    tokenizer = open_tokenizer ();
  if (size == 0)
    return 0;

  int max_len = 2 + data[0];
  g_autofree char *typed = g_strndup ((const char *) data + 1, size - 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GlipText) text = glip_text_parse (tokenizer, max_len, typed, &error);
  g_assert (!text == !!error);
  if (text)
    check (text, max_len);
  else
    g_assert (g_utf8_validate (error->message, -1, NULL));
  return 0;
}
