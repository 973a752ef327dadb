/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Greedy: from where the last piece ended, walk on as long as tokens and labels
 * fit, and cut at the best place seen.  A walk looks at one piece's worth of
 * tokens and ends in its second half where it can, so the whole is linear.
 */
#include "text/passes.h"

#include <stdlib.h>
#include <string.h>

/* A run of tokens that belongs to a label; with n_tokens 0 only a place. */
typedef struct {
  int label; /* index */
  int first, n_tokens;
} Range;

/* How good it is to cut before a token. */
enum {
  CUT_NEVER,
  CUT_TOKEN, /* no white space: only where there is nothing better */
  CUT_SPACE,
  CUT_CLAUSE,
};

/* Tokens [begin, end) and the ranges that lie in them. */
typedef struct {
  int begin, end;
  guint first_range, end_range;
} Piece;

typedef struct {
  const GString *read;
  GlipCut cut;
  int limit;              /* tokens of a piece, without [CLS] and [SEP] */
  const GPtrArray *labels;
  const GlipToken *tokens;
  int end;                /* index of the closing [SEP] */
  GArray *ranges;         /* of Range, by first token */
  uint8_t *cuts;          /* per token */
  guint *seen;            /* per label: number of the walk that last met it */
  guint n_walks;
} Splitter;

/* First of tokens [1, end) that ends (or begins, for `by_begin`) after byte
 * `position - by_begin`; both grow along the text.  `end` if there is none. */
static int
lower_bound (const Splitter *s, size_t position, gboolean by_begin)
{
  int low = 1, high = s->end;
  while (low < high) {
    int middle = low + (high - low) / 2;
    const GlipToken *token = &s->tokens[middle];
    if (by_begin ? token->begin >= position : token->end > position)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

/* The first token that covers byte `position`, or -1. */
static int
find_token (const Splitter *s, size_t position)
{
  int i = lower_bound (s, position, FALSE);
  return i < s->end && s->tokens[i].begin <= position ? i : -1;
}

/* The reference's rule: an end of the span that falls on no token is tried one,
 * then two code points further in (without regard for the other end). */
static Range
resolve_span (const Splitter *s, const GlipSpan *span)
{
  const char *text = s->read->str, *stop = text + s->read->len;
  const char *from = text + span->begin, *to = text + span->end;
  int first = -1, last = -1;

  for (int i = 0; i < 3 && first < 0 && from < stop; i++) {
    first = find_token (s, (size_t) (from - text));
    from = g_utf8_next_char (from);
  }
  for (int i = 0; i < 3 && last < 0 && to > text; i++) {
    to = g_utf8_prev_char (to);
    last = find_token (s, (size_t) (to - text));
  }
  if (first < 0 || last < first)
    return (Range) { span->label - 1, lower_bound (s, span->begin, TRUE), 0 };
  return (Range) { span->label - 1, first, last - first + 1 };
}

static int
compare_by_label (const void *a, const void *b)
{
  const Range *x = a, *y = b;
  if (x->label != y->label)
    return x->label < y->label ? -1 : 1;
  return (x->first > y->first) - (x->first < y->first);
}

static int
compare_by_token (const void *a, const void *b)
{
  const Range *x = a, *y = b;
  if (x->first != y->first)
    return x->first < y->first ? -1 : 1;
  return (x->label > y->label) - (x->label < y->label);
}

/* Join what overlaps within a label, so that sizes add up and tokens ascend; a
 * label keeps one empty range only if it has no other. */
static void
find_ranges (Splitter *s, const GArray *spans)
{
  g_autoptr (GArray) all = g_array_sized_new (FALSE, FALSE, sizeof (Range), spans->len);
  for (guint i = 0; i < spans->len; i++) {
    Range range = resolve_span (s, &g_array_index (spans, GlipSpan, i));
    g_array_append_val (all, range);
  }
  qsort (all->data, all->len, sizeof (Range), compare_by_label);

  s->ranges = g_array_sized_new (FALSE, FALSE, sizeof (Range), all->len);
  for (guint i = 0; i < all->len; i++) {
    Range range = g_array_index (all, Range, i);
    Range *last = s->ranges->len
        ? &g_array_index (s->ranges, Range, s->ranges->len - 1) : NULL;
    if (!last || last->label != range.label) {
      g_array_append_val (s->ranges, range);
    } else if (last->n_tokens == 0) {
      *last = range;
    } else if (range.n_tokens && range.first < last->first + last->n_tokens) {
      int end = MAX (last->first + last->n_tokens, range.first + range.n_tokens);
      last->n_tokens = end - last->first;
    } else if (range.n_tokens) {
      g_array_append_val (s->ranges, range);
    }
  }
  qsort (s->ranges->data, s->ranges->len, sizeof (Range), compare_by_token);
}

static gboolean
has_space (const GString *text, size_t begin, size_t end)
{
  const char *p = text->str + begin, *stop = text->str + end;
  for (; p < stop; p = g_utf8_next_char (p)) {
    if (glip_tokenizer_is_space (g_utf8_get_char (p)))
      return TRUE;
  }
  return FALSE;
}

static void
find_caption_cuts (Splitter *s)
{
  g_autofree int *depth = g_new0 (int, (gsize) s->end + 2);

  for (guint i = 0; i < s->ranges->len; i++) {
    const Range *range = &g_array_index (s->ranges, Range, i);
    if (range->n_tokens > 1) {
      depth[range->first + 1]++;
      depth[range->first + range->n_tokens]--;
    }
  }
  for (int k = 2, open = depth[1]; k < s->end; k++) {
    const GlipToken *token = &s->tokens[k];
    open += depth[k];
    if (open)
      continue;
    if (token->begin <= token[-1].end
        || !has_space (s->read, token[-1].end, token->begin))
      s->cuts[k] = CUT_TOKEN;
    else if (strchr (".,;", s->read->str[token[-1].begin]))
      s->cuts[k] = CUT_CLAUSE;
    else
      s->cuts[k] = CUT_SPACE;
  }
}

/* A last name without tokens starts at `end`: only the evaluation list, which has
 * nothing behind it, can come to that. */
static void
find_list_cuts (Splitter *s, const GArray *spans)
{
  for (guint i = 0; i < spans->len; i++) {
    int start = lower_bound (s, g_array_index (spans, GlipSpan, i).begin, TRUE);
    if (start > 1)
      s->cuts[start] = CUT_SPACE;
  }
}

/* The separator is not part of a piece of an evaluation list. */
static int
count_trailing (const Splitter *s)
{
  return s->cut == GLIP_CUT_EVALUATION ? 1 : 0;
}

/* What a walk has met. */
typedef struct {
  guint next; /* range */
  int n_labels, n_entries;
} Load;

/* Add the ranges that start before token `before`. */
static gboolean
add_ranges (Splitter *s, Load *load, int before)
{
  for (; load->next < s->ranges->len; load->next++) {
    const Range *range = &g_array_index (s->ranges, Range, load->next);
    if (range->first >= before)
      break;
    if (s->seen[range->label] != s->n_walks)
      load->n_labels++;
    s->seen[range->label] = s->n_walks;
    load->n_entries += range->n_tokens;
    if (load->n_labels > GLIP_MAX_PASS_LABELS
        || load->n_entries > GLIP_MAX_PASS_LABEL_TOKENS)
      return FALSE;
  }
  return TRUE;
}

/* Fill in the end of `piece`; FALSE if nothing fits. */
static gboolean
choose_end (Splitter *s, Piece *piece)
{
  Load load = { piece->first_range, 0, 0 };
  int trailing = count_trailing (s), best = CUT_NEVER, k = piece->begin + 1;
  gboolean fits = TRUE;

  s->n_walks++;
  for (; k <= s->end && k - piece->begin - trailing <= s->limit; k++) {
    fits = add_ranges (s, &load, k);
    if (!fits)
      break;
    /* A better place gives way to white space only if the piece is too small. */
    gboolean small = piece->end - piece->begin < s->limit / 2;
    if (s->cuts[k] && (s->cuts[k] >= best || (small && s->cuts[k] >= CUT_SPACE))) {
      best = s->cuts[k];
      piece->end = k;
      piece->end_range = load.next;
    }
  }
  if (fits && s->end - piece->begin <= s->limit
      && add_ranges (s, &load, s->end + 1)) {
    piece->end = s->end;
    piece->end_range = load.next;
    return TRUE;
  }
  piece->end -= trailing;
  return best != CUT_NEVER;
}

/* The beginning of a phrase, on one line. */
static char *
quote (const GlipLabel *label)
{
  g_autoptr (GString) text = g_string_new ("\"");
  const char *p = label->phrase;
  for (int i = 0; *p && i < 40; i++, p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    gboolean plain = g_unichar_isgraph (c) && !g_unichar_isspace (c);
    g_string_append_unichar (text, plain ? c : ' ');
  }
  g_string_append (text, *p ? "...\"" : "\"");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Say what keeps the text from `piece` to the next possible cut together. */
static void
explain (const Splitter *s, const Piece *piece, GError **error)
{
  int stop = piece->begin + 1, n_labels = 0;
  int limit = MIN (s->limit, GLIP_MAX_PASS_LABEL_TOKENS);
  Range longest = g_array_index (s->ranges, Range, piece->first_range);

  while (stop < s->end && !s->cuts[stop])
    stop++;
  for (guint i = piece->first_range; i < s->ranges->len; i++, n_labels++) {
    const Range *range = &g_array_index (s->ranges, Range, i);
    if (range->first >= stop)
      break;
    if (range->n_tokens > longest.n_tokens)
      longest = *range;
  }
  if (s->cut != GLIP_CUT_CAPTION) {
    gboolean separator = s->cut == GLIP_CUT_DEMO || stop < s->end;
    longest.n_tokens = stop - piece->begin - (separator ? 1 : 0);
    limit -= s->cut == GLIP_CUT_DEMO ? 1 : 0;
  }

  g_autofree char *phrase = quote (s->labels->pdata[longest.label]);
  if (longest.n_tokens > limit)
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT,
        "%s is %d tokens long, but at most %d fit: shorten it", phrase,
        longest.n_tokens, limit);
  else
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT,
        "the %d phrases that overlap around %s cover %d tokens, but a pass has at "
        "most %d tokens, %d labels and %d tokens of labels: mark fewer", n_labels,
        phrase, stop - piece->begin, s->limit, GLIP_MAX_PASS_LABELS,
        GLIP_MAX_PASS_LABEL_TOKENS);
}

/* Pieces until every label has been in one; those without a label are left out. */
static GArray *
split (Splitter *s, GError **error)
{
  g_autoptr (GArray) pieces = g_array_new (FALSE, FALSE, sizeof (Piece));
  Piece piece = { 1, 1, 0, 0 };
  guint n_pieces = 0;

  while (piece.first_range < s->ranges->len) {
    if (!choose_end (s, &piece)) {
      explain (s, &piece, error);
      return NULL;
    }
    if (piece.end_range > piece.first_range && ++n_pieces <= GLIP_MAX_PASSES)
      g_array_append_val (pieces, piece);
    piece.begin = piece.end + (piece.end < s->end ? count_trailing (s) : 0);
    piece.end = piece.begin;
    piece.first_range = piece.end_range;
  }
  if (n_pieces > GLIP_MAX_PASSES) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT,
        "%u labels in %d tokens need %u passes of %d tokens, but at most %d are "
        "allowed: use several prompts", s->labels->len, s->end - 1, n_pieces,
        s->limit, GLIP_MAX_PASSES);
    return NULL;
  }
  return g_steal_pointer (&pieces);
}

static GlipPass *
build_pass (Splitter *s, const Piece *piece)
{
  guint n_ranges = piece->end_range - piece->first_range;
  Range *ranges = &g_array_index (s->ranges, Range, piece->first_range);
  GlipPass *pass = g_new0 (GlipPass, 1);
  int n_entries = 0;

  pass->n_tokens = piece->end - piece->begin + 2;
  pass->ids = g_new (int, pass->n_tokens);
  pass->ids[0] = s->tokens[0].id;
  for (int i = piece->begin; i < piece->end; i++)
    pass->ids[i - piece->begin + 1] = s->tokens[i].id;
  pass->ids[pass->n_tokens - 1] = s->tokens[s->end].id;

  for (guint i = 0; i < n_ranges; i++)
    n_entries += ranges[i].n_tokens;
  pass->labels = g_new (int, n_ranges);
  pass->label_offsets = g_new0 (int, n_ranges + 1);
  pass->label_tokens = g_new (int, n_entries);
  qsort (ranges, n_ranges, sizeof (Range), compare_by_label);
  n_entries = 0;
  for (guint i = 0; i < n_ranges; i++) {
    if (i == 0 || ranges[i].label != ranges[i - 1].label)
      pass->labels[pass->n_labels++] = ranges[i].label;
    for (int j = 0; j < ranges[i].n_tokens; j++)
      pass->label_tokens[n_entries++] = ranges[i].first + j - piece->begin + 1;
    pass->label_offsets[pass->n_labels] = n_entries;
  }
  return pass;
}

gboolean
glip_passes_make (GlipText *text, const GlipTokenizer *tokenizer, int max_len,
    const GString *read, const GArray *spans, GlipCut cut, GError **error)
{
  g_autoptr (GArray) tokens = glip_tokenizer_encode (tokenizer, read->str, read->len);
  g_autofree uint8_t *cuts = g_new0 (uint8_t, (gsize) tokens->len + 1);
  g_autofree guint *seen = g_new0 (guint, text->labels->len);
  Splitter splitter = {
    .read = read,
    .cut = cut,
    .limit = max_len - 2,
    .labels = text->labels,
    .tokens = (const GlipToken *) (void *) tokens->data,
    .end = (int) tokens->len - 1,
    .cuts = cuts,
    .seen = seen,
  };

  find_ranges (&splitter, spans);
  g_autoptr (GArray) ranges = splitter.ranges;
  if (cut == GLIP_CUT_CAPTION)
    find_caption_cuts (&splitter);
  else
    find_list_cuts (&splitter, spans);

  g_autoptr (GArray) pieces = split (&splitter, error);
  if (!pieces)
    return FALSE;
  for (guint i = 0; i < pieces->len; i++)
    g_ptr_array_add (
        text->passes, build_pass (&splitter, &g_array_index (pieces, Piece, i)));
  g_assert (ranges->len && text->passes->len);
  return TRUE;
}
