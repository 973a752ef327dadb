/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Three front ends make the same thing: labels with their place in what the user
 * gave, and a second text, which the network reads, with the labels' spans in
 * that.  The two differ by brackets, escapes and separators, so that a label can
 * stay exactly what was typed.  passes.c does the rest.
 */
#include "text/passes.h"

#include <string.h>

/* Overlapping spans of a caption may copy its bytes many times, but not without
 * end. */
enum { MAX_PHRASE_BYTES = 64 << 20 };

/* Between a front end and the passes. */
typedef struct {
  GlipText *text;
  GString *read; /* by the network */
  GArray *spans; /* of GlipSpan, in `read` */
} Draft;

static void
draft_clear (Draft *draft)
{
  glip_text_free (draft->text);
  if (draft->read)
    g_string_free (draft->read, TRUE);
  if (draft->spans)
    g_array_unref (draft->spans);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Draft, draft_clear)

static void
free_label (gpointer data)
{
  GlipLabel *label = data;
  g_free (label->phrase);
  g_free (label);
}

static void
free_pass (gpointer data)
{
  GlipPass *pass = data;
  g_free (pass->ids);
  g_free (pass->labels);
  g_free (pass->label_offsets);
  g_free (pass->label_tokens);
  g_free (pass);
}

GlipText *
glip_text_new (const char *words)
{
  GlipText *text = g_new0 (GlipText, 1);
  text->text = g_strdup (words);
  text->labels = g_ptr_array_new_with_free_func (free_label);
  text->passes = g_ptr_array_new_with_free_func (free_pass);
  return text;
}

void
glip_text_free (GlipText *text)
{
  if (!text)
    return;
  g_free (text->text);
  g_ptr_array_unref (text->labels);
  g_ptr_array_unref (text->passes);
  g_free (text);
}

/* `text` may be NULL: set later. */
static void
draft_init (Draft *draft, const char *text)
{
  draft->text = glip_text_new (text);
  draft->read = g_string_new (NULL);
  draft->spans = g_array_new (FALSE, FALSE, sizeof (GlipSpan));
}

/* The next label is `phrase` at [begin, end) of the user's text. */
static void
add_label (Draft *draft, char *phrase, size_t begin, size_t end)
{
  GlipLabel *label = g_new (GlipLabel, 1);
  *label = (GlipLabel) { phrase, begin, end };
  g_ptr_array_add (draft->text->labels, label);
}

/* The last label is read in [begin, end) of what the network reads. */
static void
add_span (Draft *draft, size_t begin, size_t end)
{
  GlipSpan span = { begin, end, (int) draft->text->labels->len };
  g_array_append_val (draft->spans, span);
}

static GlipText *
finish (Draft *draft, const GlipTokenizer *tokenizer, int max_len, GlipCut cut,
    GError **error)
{
  if (!glip_passes_make (
          draft->text, tokenizer, max_len, draft->read, draft->spans, cut, error))
    return NULL;
  return g_steal_pointer (&draft->text);
}

static gboolean
fail_too_long (size_t length, GError **error)
{
  g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT,
      "the prompt is %zu bytes long, but at most %d are allowed: shorten it", length,
      GLIP_MAX_PROMPT_BYTES);
  return FALSE;
}

static gboolean
check_text (const char *text, GError **error)
{
  size_t length = strlen (text);
  const char *bad;

  if (length > GLIP_MAX_PROMPT_BYTES)
    return fail_too_long (length, error);
  if (!g_utf8_validate (text, (gssize) length, &bad)) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT,
        "the prompt is not UTF-8 at byte %zu: convert it", (size_t) (bad - text));
    return FALSE;
  }
  return TRUE;
}

static gboolean
is_escape (const char *p)
{
  return p[0] == '\\' && (p[1] == '[' || p[1] == ']');
}

/* Cut white space off both ends of [begin, end). */
static void
trim (const char *text, size_t *begin, size_t *end)
{
  const char *from = text + *begin, *to = text + *end, *before;

  while (from < to && g_unichar_isspace (g_utf8_get_char (from)))
    from = g_utf8_next_char (from);
  for (; to > from; to = before) {
    before = g_utf8_prev_char (to);
    if (!g_unichar_isspace (g_utf8_get_char (before)))
      break;
  }
  *begin = (size_t) (from - text);
  *end = (size_t) (to - text);
}

/* ------------------------------------------------------------ typed lists */

/* The name in [begin, end), unless there is none; dots alone are not a name. */
static void
add_typed_name (Draft *draft, const char *text, size_t begin, size_t end)
{
  trim (text, &begin, &end);
  if (strspn (text + begin, ".") >= end - begin)
    return;
  add_label (draft, g_strndup (text + begin, end - begin), begin, end);
}

/* Whether the dot at `p` separates: "person.car" and "3.5 inch" have none. */
static gboolean
is_separator (const char *text, const char *p)
{
  if (*p != '.')
    return FALSE;
  if (p[1] == '\0' || g_unichar_isspace (g_utf8_get_char (p + 1)))
    return TRUE;
  return p > text && g_unichar_isspace (g_utf8_get_char (g_utf8_prev_char (p)));
}

/* The names become labels.  TRUE if each separator directly follows its name. */
static gboolean
split_typed_list (Draft *draft, const char *text)
{
  gboolean attached = TRUE;
  const char *name = text, *p = text;

  for (; *p; p++) {
    if (!is_separator (text, p))
      continue;
    if (p == name || g_unichar_isspace (g_utf8_get_char (g_utf8_prev_char (p))))
      attached = FALSE;
    add_typed_name (draft, text, (size_t) (name - text), (size_t) (p - text));
    name = p + 1;
  }
  add_typed_name (draft, text, (size_t) (name - text), (size_t) (p - text));
  return attached;
}

static GlipText *
parse_list (Draft *draft, const GlipTokenizer *tokenizer, int max_len, GError **error)
{
  const char *text = draft->text->text;
  gboolean attached = split_typed_list (draft, text);
  const GPtrArray *labels = draft->text->labels;
  gboolean demo = !attached || labels->len < 2;

  if (labels->len == 0) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT,
        "the prompt names nothing: write names such as \"person . red car\"");
    return NULL;
  }
  for (guint i = 0; i < labels->len; i++) {
    const GlipLabel *label = labels->pdata[i];
    if (i && !demo)
      g_string_append (draft->read, ". ");
    GlipSpan span = { draft->read->len, 0, (int) i + 1 };
    for (size_t at = label->begin; at < label->end; at++) {
      if (!is_escape (text + at))
        g_string_append_c (draft->read, text[at]);
    }
    span.end = draft->read->len;
    g_array_append_val (draft->spans, span);
    if (demo)
      g_string_append (draft->read, " . ");
  }
  return finish (
      draft, tokenizer, max_len, demo ? GLIP_CUT_DEMO : GLIP_CUT_EVALUATION, error);
}

/* --------------------------------------------------------- typed captions */

static gboolean
has_marks (const char *text)
{
  for (; *text; text++) {
    if (is_escape (text))
      text++;
    else if (*text == '[' || *text == ']')
      return TRUE;
  }
  return FALSE;
}

static gboolean
fail_bracket (const char *what, size_t position, GError **error)
{
  g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT,
      "%s at byte %zu: mark phrases as \"a [red car]\", write \"\\[\" for a bracket",
      what, position);
  return FALSE;
}

/* The phrase between the brackets at `open` and `close`; what the network reads
 * ends with it.  White space has no escapes, so trimming is the same in both. */
static gboolean
add_marked (Draft *draft, size_t open, size_t close, size_t read_begin, GError **error)
{
  const char *text = draft->text->text;
  size_t begin = open + 1, end = close;

  trim (text, &begin, &end);
  if (begin == end)
    return fail_bracket ("empty brackets", open, error);
  add_label (draft, g_strndup (text + begin, end - begin), begin, end);
  add_span (draft, read_begin + (begin - (open + 1)), draft->read->len - (close - end));
  return TRUE;
}

static gboolean
read_caption (Draft *draft, GError **error)
{
  const char *text = draft->text->text;
  gboolean inside = FALSE;
  size_t open = 0, read_begin = 0, at = 0;

  for (; text[at]; at++) {
    if (is_escape (text + at)) {
      g_string_append_c (draft->read, text[++at]);
    } else if (text[at] == '[') {
      if (inside)
        return fail_bracket ("'[' within brackets", at, error);
      inside = TRUE;
      open = at;
      read_begin = draft->read->len;
    } else if (text[at] == ']') {
      if (!inside)
        return fail_bracket ("']' without '['", at, error);
      inside = FALSE;
      if (!add_marked (draft, open, at, read_begin, error))
        return FALSE;
    } else {
      g_string_append_c (draft->read, text[at]);
    }
  }
  return inside ? fail_bracket ("'[' without ']'", open, error) : TRUE;
}

GlipText *
glip_text_parse (const GlipTokenizer *tokenizer, int max_len, const char *text,
    GError **error)
{
  if (!check_text (text, error))
    return NULL;

  g_auto (Draft) draft = { 0 };
  draft_init (&draft, text);
  if (!has_marks (text))
    return parse_list (&draft, tokenizer, max_len, error);
  if (!read_caption (&draft, error))
    return NULL;
  return finish (&draft, tokenizer, max_len, GLIP_CUT_CAPTION, error);
}

/* ------------------------------------------------------------------ names */

/* Append `name` as the published evaluation writes it: without what is between
 * the first '(' and the last ')', '_' as blank, then two blanks as one. */
static void
append_clean (GString *read, const char *name)
{
  const char *open = strchr (name, '('), *close = strrchr (name, ')');
  gboolean held = FALSE; /* a blank was written, and swallows one behind it */

  for (const char *p = name; *p; p++) {
    if (open && close && p == open && open < close) {
      p = close;
      continue;
    }
    gboolean blank = *p == ' ' || *p == '_';
    if (!(blank && held))
      g_string_append_c (read, blank ? ' ' : *p);
    held = blank && !held;
  }
}

static gboolean
add_name (Draft *draft, const char *name, GlipListStyle style, GError **error)
{
  size_t length = strlen (name), begin = draft->read->len;
  const char *bad;

  if (length > GLIP_MAX_PROMPT_BYTES
      || begin + length + 3 > GLIP_MAX_PROMPT_BYTES)
    return fail_too_long (begin + length + 3, error);
  if (!g_utf8_validate (name, (gssize) length, &bad)) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT,
        "name %u is not UTF-8 at byte %zu: convert it", draft->text->labels->len + 1,
        (size_t) (bad - name));
    return FALSE;
  }
  if (style == GLIP_LIST_DEMO) {
    g_string_append (draft->read, name);
  } else {
    if (draft->text->labels->len)
      g_string_append (draft->read, ". ");
    begin = draft->read->len;
    append_clean (draft->read, name);
  }
  add_label (draft, g_strdup (name), begin, draft->read->len);
  add_span (draft, begin, draft->read->len);
  if (style == GLIP_LIST_DEMO)
    g_string_append (draft->read, " . ");
  return TRUE;
}

GlipText *
glip_text_from_names (const GlipTokenizer *tokenizer, int max_len,
    const char *const *names, size_t n_names, GlipListStyle style, GError **error)
{
  g_auto (Draft) draft = { 0 };
  draft_init (&draft, NULL);
  for (size_t i = 0; i < n_names; i++) {
    if (!add_name (&draft, names[i], style, error))
      return NULL;
  }
  if (n_names == 0) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT,
        "the list of names is empty: give at least one");
    return NULL;
  }
  draft.text->text = g_strdup (draft.read->str);
  return finish (&draft, tokenizer, max_len,
      style == GLIP_LIST_DEMO ? GLIP_CUT_DEMO : GLIP_CUT_EVALUATION, error);
}

/* ------------------------------------------------------------------ spans */

/* Whether a code point starts, or the text ends, at `position`. */
static gboolean
is_boundary (const char *text, size_t position)
{
  return (text[position] & 0xC0) != 0x80;
}

static gboolean
check_span (const char *caption, size_t length, const GlipSpan *span, size_t number,
    size_t n_spans, GError **error)
{
  const char *what = NULL;

  if (span->begin >= span->end)
    what = "is empty";
  else if (span->end > length)
    what = "ends behind the caption";
  else if (!is_boundary (caption, span->begin) || !is_boundary (caption, span->end))
    what = "cuts a character";
  if (what) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT,
        "span %zu (bytes %zu to %zu of a caption of %zu) %s", number, span->begin,
        span->end, length, what);
    return FALSE;
  }
  if (span->label < 1 || (size_t) span->label > n_spans) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT,
        "span %zu has label %d: the labels of %zu spans are numbered from 1 without "
        "holes",
        number, span->label, n_spans);
    return FALSE;
  }
  return TRUE;
}

/* Every label is called by its first span. */
static gboolean
label_spans (Draft *draft, const GlipSpan *spans, size_t n_spans, GError **error)
{
  g_autofree const GlipSpan **firsts = g_new0 (const GlipSpan *, n_spans);
  size_t n_bytes = 0;
  int n_labels = 0;

  for (size_t i = 0; i < n_spans; i++) {
    const GlipSpan **first = &firsts[spans[i].label - 1];
    n_labels = MAX (n_labels, spans[i].label);
    if (!*first)
      *first = &spans[i];
  }
  for (int i = 0; i < n_labels; i++) {
    if (!firsts[i]) {
      g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT,
          "no span has label %d, but one has %d: number labels without holes", i + 1,
          n_labels);
      return FALSE;
    }
    size_t begin = firsts[i]->begin, end = firsts[i]->end;
    n_bytes += end - begin;
    if (n_bytes > MAX_PHRASE_BYTES) {
      g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT,
          "the phrases of %d labels overlap so much that they are over %d bytes long: "
          "mark fewer",
          n_labels, MAX_PHRASE_BYTES);
      return FALSE;
    }
    add_label (draft, g_strndup (draft->text->text + begin, end - begin), begin, end);
  }
  return TRUE;
}

GlipText *
glip_text_from_spans (const GlipTokenizer *tokenizer, int max_len, const char *caption,
    const GlipSpan *spans, size_t n_spans, GError **error)
{
  if (!check_text (caption, error))
    return NULL;
  if (n_spans == 0 || n_spans > G_MAXINT / sizeof (GlipSpan)) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT,
        "%zu spans are given: mark at least one phrase, and not billions", n_spans);
    return NULL;
  }
  size_t length = strlen (caption);
  for (size_t i = 0; i < n_spans; i++) {
    if (!check_span (caption, length, &spans[i], i + 1, n_spans, error))
      return NULL;
  }

  g_auto (Draft) draft = { 0 };
  draft_init (&draft, caption);
  g_string_append (draft.read, caption);
  g_array_append_vals (draft.spans, spans, (guint) n_spans);
  if (!label_spans (&draft, spans, n_spans, error))
    return NULL;
  return finish (&draft, tokenizer, max_len, GLIP_CUT_CAPTION, error);
}
