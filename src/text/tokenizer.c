/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * One walk over the text: each code point is dropped, ends the word, or is
 * normalised and joins it; a finished word is matched against a trie of the
 * vocabulary.  The trie makes "longest piece from here" one walk down instead of
 * a look-up per length; its nodes lie in breadth-first order, so that the
 * children of a node end where those of the next node begin.
 */
#include "text/tokenizer.h"

#include <stdlib.h>
#include <string.h>

enum {
  MAX_VOCABULARY_BYTES = 16 << 20,
  MAX_PIECES = 1 << 20,
  MAX_WORD = 100, /* code points; longer words are [UNK] */
  MAX_PIECE_BYTES = 2 + 4 * MAX_WORD,
};

enum { PAD, UNK, CLS, SEP, MASK, N_SPECIAL };

static const char *const special_names[N_SPECIAL]
    = { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" };

typedef struct {
  uint32_t first; /* first child; the last is before the next node's first */
  int id;         /* of the piece that ends here, or -1 */
  uint8_t byte;
} Node;

struct _GlipTokenizer {
  GArray *nodes; /* of Node: the root, then level by level, then a sentinel */
  size_t n_pieces;
  int continuation;       /* node below "##", or -1 */
  int special[N_SPECIAL]; /* [MASK] may be missing: -1 */
};

/* A line of the vocabulary. */
typedef struct {
  const char *start;
  uint32_t length;
  int id;
} Piece;

/* The pieces [begin, end) of the sorted list that share a node's path. */
typedef struct {
  uint32_t begin, end, depth;
} Share;

static int
compare_pieces (const void *a, const void *b)
{
  const Piece *x = a, *y = b;
  int order = memcmp (x->start, y->start, MIN (x->length, y->length));
  if (order)
    return order;
  if (x->length != y->length)
    return x->length < y->length ? -1 : 1;
  return (x->id > y->id) - (x->id < y->id);
}

/* The lines that can ever match.  A blank line counts as a piece, but not the
 * nothing after the last line feed. */
static GArray *
read_pieces (const char *vocabulary, size_t *n_pieces, GError **error)
{
  g_autoptr (GArray) pieces = g_array_new (FALSE, FALSE, sizeof (Piece));
  size_t n = 0;

  for (const char *line = vocabulary; *line; n++) {
    size_t length = strcspn (line, "\n");
    Piece piece = { line, length, (int) n };
    line += length + (line[length] == '\n');
    if (n >= MAX_PIECES) {
      g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
          "the vocabulary has more than %d pieces", MAX_PIECES);
      return NULL;
    }
    if (length && piece.start[length - 1] == '\r')
      piece.length--;
    if (piece.length && piece.length <= MAX_PIECE_BYTES)
      g_array_append_val (pieces, piece);
  }
  *n_pieces = n;
  return g_steal_pointer (&pieces);
}

/* Node `index` gets its piece, and its children are appended.  Of equal lines the
 * last one counts. */
static void
grow_node (GArray *nodes, GArray *shares, const Piece *pieces, guint index)
{
  Share share = g_array_index (shares, Share, index);
  Node *node = &g_array_index (nodes, Node, index);
  uint32_t at = share.begin;

  node->first = nodes->len;
  for (; at < share.end && pieces[at].length == share.depth; at++)
    node->id = pieces[at].id;
  while (at < share.end) {
    Node child = { 0, -1, (uint8_t) pieces[at].start[share.depth] };
    Share part = { at, at, share.depth + 1 };
    while (part.end < share.end
        && (uint8_t) pieces[part.end].start[share.depth] == child.byte)
      part.end++;
    at = part.end;
    g_array_append_val (nodes, child);
    g_array_append_val (shares, part);
  }
}

static GArray *
build_trie (GArray *pieces)
{
  GArray *nodes = g_array_new (FALSE, FALSE, sizeof (Node));
  g_autoptr (GArray) shares = g_array_new (FALSE, FALSE, sizeof (Share));
  Node root = { 0, -1, 0 };
  Share all = { 0, pieces->len, 0 };

  if (pieces->len)
    qsort (pieces->data, pieces->len, sizeof (Piece), compare_pieces);
  g_array_append_val (nodes, root);
  g_array_append_val (shares, all);
  for (guint i = 0; i < nodes->len; i++)
    grow_node (nodes, shares, (const Piece *) (void *) pieces->data, i);

  Node sentinel = { nodes->len, -1, 0 };
  g_array_append_val (nodes, sentinel);
  return nodes;
}

/* The child of `node` for `byte`, or -1. */
static int
find_child (const Node *nodes, int node, uint8_t byte)
{
  uint32_t low = nodes[node].first, high = nodes[node + 1].first;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (nodes[middle].byte == byte)
      return (int) middle;
    if (nodes[middle].byte < byte)
      low = middle + 1;
    else
      high = middle;
  }
  return -1;
}

/* The node at the end of `path`, or -1. */
static int
find_node (const Node *nodes, const char *path)
{
  int node = 0;
  for (; *path && node >= 0; path++)
    node = find_child (nodes, node, (uint8_t) *path);
  return node;
}

GlipTokenizer *
glip_tokenizer_new (const char *vocabulary, GError **error)
{
  g_return_val_if_fail (vocabulary, NULL);

  size_t length = strlen (vocabulary), n_pieces;
  const char *bad;
  if (length > MAX_VOCABULARY_BYTES) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
        "the vocabulary is %zu bytes long, more than %d", length,
        MAX_VOCABULARY_BYTES);
    return NULL;
  }
  if (!g_utf8_validate (vocabulary, (gssize) length, &bad)) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
        "the vocabulary is not UTF-8 at byte %zu", (size_t) (bad - vocabulary));
    return NULL;
  }
  g_autoptr (GArray) pieces = read_pieces (vocabulary, &n_pieces, error);
  if (!pieces)
    return NULL;

  g_autoptr (GlipTokenizer) tokenizer = g_new0 (GlipTokenizer, 1);
  tokenizer->nodes = build_trie (pieces);
  tokenizer->n_pieces = n_pieces;
  const Node *nodes = (const Node *) (void *) tokenizer->nodes->data;
  tokenizer->continuation = find_node (nodes, "##");
  for (int i = 0; i < N_SPECIAL; i++) {
    int node = find_node (nodes, special_names[i]);
    tokenizer->special[i] = node < 0 ? -1 : nodes[node].id;
    if (tokenizer->special[i] < 0 && i != MASK) {
      g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
          "the vocabulary of %zu pieces has no %s: it is not a WordPiece vocabulary",
          n_pieces, special_names[i]);
      return NULL;
    }
  }
  return g_steal_pointer (&tokenizer);
}

void
glip_tokenizer_free (GlipTokenizer *tokenizer)
{
  if (!tokenizer)
    return;
  g_array_unref (tokenizer->nodes);
  g_free (tokenizer);
}

size_t
glip_tokenizer_get_size (const GlipTokenizer *tokenizer)
{
  return tokenizer->n_pieces;
}

int
glip_tokenizer_get_pad (const GlipTokenizer *tokenizer)
{
  return tokenizer->special[PAD];
}

/* The word in progress: normalised bytes, and per code point where it starts in
 * them and which bytes of the text it came from. */
typedef struct {
  const GlipTokenizer *tokenizer;
  GArray *tokens;
  int length;         /* code points, also those past MAX_WORD */
  size_t begin, end;  /* of the whole word in the text */
  int starts[MAX_WORD + 1];
  size_t begins[MAX_WORD], ends[MAX_WORD];
  char bytes[4 * MAX_WORD];
} Word;

static void
append_token (GArray *tokens, int id, size_t begin, size_t end)
{
  GlipToken token = { id, begin, end };
  g_array_append_val (tokens, token);
}

static void
add_to_word (Word *word, gunichar character, size_t begin, size_t end)
{
  if (word->length == 0) {
    word->begin = begin;
    word->starts[0] = 0;
  }
  word->end = end;
  if (word->length < MAX_WORD) {
    int at = word->length, start = word->starts[at];
    word->starts[at + 1] = start + g_unichar_to_utf8 (character, word->bytes + start);
    word->begins[at] = begin;
    word->ends[at] = end;
  }
  word->length++;
}

/* The longest piece that starts at code point `from`: its id, and in `to` the
 * code point after it.  Pieces are whole code points because the vocabulary is
 * valid UTF-8. */
static int
match_piece (const Word *word, int from, int *to)
{
  const Node *nodes = (const Node *) (void *) word->tokenizer->nodes->data;
  int node = from ? word->tokenizer->continuation : 0;
  int id = -1, stop = word->starts[word->length], best = 0;

  for (int i = word->starts[from]; i < stop && node >= 0; i++) {
    node = find_child (nodes, node, (uint8_t) word->bytes[i]);
    if (node >= 0 && nodes[node].id >= 0) {
      id = nodes[node].id;
      best = i + 1;
    }
  }
  for (*to = from; id >= 0 && word->starts[*to] < best;)
    ++*to;
  return id;
}

static void
finish_word (Word *word)
{
  guint n_before = word->tokens->len;
  int from = 0, to = 0;

  for (; word->length <= MAX_WORD && from < word->length; from = to) {
    int id = match_piece (word, from, &to);
    if (id < 0)
      break;
    append_token (word->tokens, id, word->begins[from], word->ends[to - 1]);
  }
  if (from < word->length) {
    g_array_set_size (word->tokens, n_before);
    append_token (word->tokens, word->tokenizer->special[UNK], word->begin, word->end);
  }
  word->length = 0;
}

/* As the fast tokenizer has it: the sixth range starts at 2B920, not 2B820. */
static gboolean
is_cjk (gunichar c)
{
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF)
      || (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F)
      || (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF)
      || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

static gboolean
is_punctuation (gunichar c)
{
  if (c < 0x80)
    return g_ascii_ispunct ((char) c);
  switch (g_unichar_type (c)) {
    case G_UNICODE_CONNECT_PUNCTUATION:
    case G_UNICODE_DASH_PUNCTUATION:
    case G_UNICODE_CLOSE_PUNCTUATION:
    case G_UNICODE_FINAL_PUNCTUATION:
    case G_UNICODE_INITIAL_PUNCTUATION:
    case G_UNICODE_OTHER_PUNCTUATION:
    case G_UNICODE_OPEN_PUNCTUATION:
      return TRUE;
    default:
      return FALSE;
  }
}

static gboolean
is_deleted (gunichar c)
{
  GUnicodeType type = g_unichar_type (c);
  return c == 0xFFFD || type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT
      || type == G_UNICODE_PRIVATE_USE;
}

gboolean
glip_tokenizer_is_space (gunichar c)
{
  if (c < 0x80)
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
  GUnicodeType type = g_unichar_type (c);
  return type == G_UNICODE_SPACE_SEPARATOR || type == G_UNICODE_LINE_SEPARATOR
      || type == G_UNICODE_PARAGRAPH_SEPARATOR;
}

/* Accents off, lower case.  One code point at a time is enough: canonical
 * reordering only moves marks, and those are dropped; the one letter whose lower
 * case is two code points (U+0130) has been decomposed before. */
static void
add_normalised (Word *word, gunichar c, size_t begin, size_t end)
{
  gunichar parts[G_UNICHAR_MAX_DECOMPOSITION_LENGTH] = { c };
  gsize n = 1;

  if (c >= 0x80)
    n = g_unichar_fully_decompose (c, FALSE, parts, G_N_ELEMENTS (parts));
  for (gsize i = 0; i < n; i++) {
    if (g_unichar_type (parts[i]) == G_UNICODE_NON_SPACING_MARK)
      continue;
    gunichar lower = g_unichar_tolower (parts[i]);
    gboolean alone = is_punctuation (lower);
    if (alone)
      finish_word (word);
    add_to_word (word, lower, begin, end);
    if (alone)
      finish_word (word);
  }
}

static void
add_character (Word *word, gunichar c, size_t begin, size_t end)
{
  if (glip_tokenizer_is_space (c)) {
    finish_word (word);
  } else if (!is_deleted (c)) {
    gboolean alone = is_cjk (c);
    if (alone)
      finish_word (word);
    add_normalised (word, c, begin, end);
    if (alone)
      finish_word (word);
  }
}

/* Which special token is written out at `text`, or -1. */
static int
find_special (const GlipTokenizer *tokenizer, const char *text, size_t left)
{
  for (int i = 0; i < N_SPECIAL; i++) {
    size_t length = strlen (special_names[i]);
    if (tokenizer->special[i] >= 0 && length <= left
        && memcmp (text, special_names[i], length) == 0)
      return i;
  }
  return -1;
}

/* g_utf8_validate() stops at NUL; here NUL is a character like others. */
static gboolean
is_utf8 (const char *text, size_t length)
{
  const char *stop = text + length;
  while (!g_utf8_validate (text, stop - text, &text)) {
    if (*text)
      return FALSE;
    text++;
  }
  return TRUE;
}

GArray *
glip_tokenizer_encode (const GlipTokenizer *tokenizer, const char *text, size_t length)
{
  GArray *tokens = g_array_new (FALSE, FALSE, sizeof (GlipToken));
  Word word = { .tokenizer = tokenizer, .tokens = tokens };

  g_assert (is_utf8 (text, length));
  append_token (tokens, tokenizer->special[CLS], 0, 0);
  for (size_t begin = 0, end; begin < length; begin = end) {
    int special = text[begin] == '['
        ? find_special (tokenizer, text + begin, length - begin) : -1;
    if (special >= 0) {
      finish_word (&word);
      end = begin + strlen (special_names[special]);
      append_token (tokens, tokenizer->special[special], begin, end);
    } else {
      end = begin + (size_t) g_utf8_skip[(uint8_t) text[begin]];
      add_character (&word, g_utf8_get_char (text + begin), begin, end);
    }
  }
  finish_word (&word);
  append_token (tokens, tokenizer->special[SEP], 0, 0);
  return tokens;
}
