/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Prompts: the stored captions, ids and label tokens; what typed text means; how
 * long prompts are split; what is refused; and invariants on random input.
 */
#include "text/prompt.h"

#include <json-glib/json-glib.h>
#include <string.h>

enum { MAX_LEN = 256, UNTRUNCATED = 4096 };

static char *
read_golden (const char *name)
{
  g_autofree char *path = g_build_filename (GLIP_GOLDEN, name, NULL);
  char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static GlipTokenizer *
open_tokenizer (const char *size)
{
  g_autofree char *name = g_strdup_printf ("vocab-%s.txt", size);
  g_autofree char *vocabulary = read_golden (name);
  g_autoptr (GError) error = NULL;
  GlipTokenizer *tokenizer = glip_tokenizer_new (vocabulary, &error);
  g_assert_no_error (error);
  return tokenizer;
}

static const GlipPass *
get_pass (const GlipText *text, guint index)
{
  g_assert_cmpuint (index, <, text->passes->len);
  return text->passes->pdata[index];
}

static const GlipLabel *
get_label (const GlipText *text, guint index)
{
  g_assert_cmpuint (index, <, text->labels->len);
  return text->labels->pdata[index];
}

/* What must hold for every text, whatever it was made from.  `verbatim`: phrases
 * are pieces of the text. */
static void
check_invariants (
    const GlipTokenizer *tokenizer, const GlipText *text, int max_len, gboolean verbatim)
{
  size_t length = strlen (text->text);
  g_autofree gboolean *met = g_new0 (gboolean, text->labels->len);

  g_assert_cmpuint (text->labels->len, >, 0);
  g_assert_cmpuint (text->passes->len, >, 0);
  g_assert_cmpuint (text->passes->len, <=, GLIP_MAX_PASSES);
  for (guint i = 0; i < text->labels->len; i++) {
    const GlipLabel *label = get_label (text, i);
    g_assert_cmpuint (label->begin, <=, label->end);
    g_assert_cmpuint (label->end, <=, length);
    if (verbatim) {
      g_assert_cmpuint (strlen (label->phrase), ==, label->end - label->begin);
      g_assert_cmpmem (label->phrase, label->end - label->begin,
          text->text + label->begin, label->end - label->begin);
      g_assert_true (g_utf8_validate (label->phrase, -1, NULL));
    }
  }
  for (guint p = 0; p < text->passes->len; p++) {
    const GlipPass *pass = get_pass (text, p);
    g_assert_cmpint (pass->n_tokens, >=, 2);
    g_assert_cmpint (pass->n_tokens, <=, max_len);
    for (int i = 0; i < pass->n_tokens; i++) {
      g_assert_cmpint (pass->ids[i], >=, 0);
      g_assert_cmpuint ((size_t) pass->ids[i], <, glip_tokenizer_get_size (tokenizer));
    }
    g_assert_cmpint (pass->n_labels, >, 0);
    g_assert_cmpint (pass->n_labels, <=, GLIP_MAX_PASS_LABELS);
    g_assert_cmpint (pass->label_offsets[0], ==, 0);
    g_assert_cmpint (
        pass->label_offsets[pass->n_labels], <=, GLIP_MAX_PASS_LABEL_TOKENS);
    for (int j = 0; j < pass->n_labels; j++) {
      int begin = pass->label_offsets[j], end = pass->label_offsets[j + 1];
      g_assert_cmpint (pass->labels[j], >, j ? pass->labels[j - 1] : -1);
      g_assert_cmpint (pass->labels[j], <, (int) text->labels->len);
      met[pass->labels[j]] = TRUE;
      g_assert_cmpint (begin, <=, end);
      for (int k = begin; k < end; k++) {
        g_assert_cmpint (pass->label_tokens[k], >, k > begin ? pass->label_tokens[k - 1] : 0);
        g_assert_cmpint (pass->label_tokens[k], <, pass->n_tokens - 1);
      }
    }
  }
  for (guint i = 0; i < text->labels->len; i++)
    g_assert_true (met[i]);
}

/* ----------------------------------------------------------------- golden */

/* Offsets of the golden file are code points. */
static size_t
to_byte (const char *text, gint64 character)
{
  return (size_t) (g_utf8_offset_to_pointer (text, character) - text);
}

static GlipText *
make_golden (const GlipTokenizer *tokenizer, int max_len, JsonObject *object)
{
  const char *caption = json_object_get_string_member (object, "caption");
  g_autoptr (GError) error = NULL;
  GlipText *text;

  if (json_object_has_member (object, "labels")) {
    JsonArray *labels = json_object_get_array_member (object, "labels");
    const char *style = json_object_get_string_member (object, "style");
    g_autoptr (GPtrArray) names = g_ptr_array_new ();
    for (guint i = 0; i < json_array_get_length (labels); i++)
      g_ptr_array_add (names, (void *) json_array_get_string_element (labels, i));
    text = glip_text_from_names (tokenizer, max_len, (const char *const *) names->pdata,
        names->len,
        strcmp (style, "demo") == 0 ? GLIP_LIST_DEMO : GLIP_LIST_EVALUATION, &error);
    g_assert_no_error (error);
    for (guint i = 0; i < names->len; i++)
      g_assert_cmpstr (get_label (text, i)->phrase, ==, names->pdata[i]);
    return text;
  }

  JsonArray *labels = json_object_get_array_member (object, "spans");
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, sizeof (GlipSpan));
  for (guint i = 0; i < json_array_get_length (labels); i++) {
    JsonArray *list = json_array_get_array_element (labels, i);
    for (guint j = 0; j < json_array_get_length (list); j++) {
      JsonArray *pair = json_array_get_array_element (list, j);
      GlipSpan span = { to_byte (caption, json_array_get_int_element (pair, 0)),
        to_byte (caption, json_array_get_int_element (pair, 1)), (int) i + 1 };
      g_array_append_val (spans, span);
    }
  }
  text = glip_text_from_spans (tokenizer, max_len, caption,
      (const GlipSpan *) (void *) spans->data, spans->len, &error);
  g_assert_no_error (error);
  return text;
}

/* `ids` of the reference are cut to MAX_LEN, with [SEP] last; label tokens beyond
 * are left out. */
static void
check_golden_pass (const GlipPass *pass, JsonArray *ids, JsonArray *tokens)
{
  int n_ids = (int) json_array_get_length (ids);

  g_assert_cmpint (MIN (pass->n_tokens, MAX_LEN), ==, n_ids);
  for (int i = 0; i < n_ids; i++) {
    int source = i == n_ids - 1 ? pass->n_tokens - 1 : i;
    g_assert_cmpint (pass->ids[source], ==, json_array_get_int_element (ids, i));
  }
  g_assert_cmpint (pass->n_labels, ==, (int) json_array_get_length (tokens));
  for (int j = 0; j < pass->n_labels; j++) {
    JsonArray *list = json_array_get_array_element (tokens, j);
    guint n = 0;
    g_assert_cmpint (pass->labels[j], ==, j);
    for (int k = pass->label_offsets[j]; k < pass->label_offsets[j + 1]; k++) {
      if (pass->label_tokens[k] >= MAX_LEN)
        break;
      g_assert_cmpuint (n, <, json_array_get_length (list));
      g_assert_cmpint (pass->label_tokens[k], ==, json_array_get_int_element (list, n));
      n++;
    }
    g_assert_cmpuint (n, ==, json_array_get_length (list));
  }
}

static void
test_golden (gconstpointer data)
{
  const char *size = data;
  g_autofree char *ids_name = g_strconcat ("ids_", size, NULL);
  g_autofree char *tokens_name = g_strconcat ("tokens_", size, NULL);
  g_autofree char *json = read_golden ("tokenizer.json");
  g_autoptr (GlipTokenizer) tokenizer = open_tokenizer (size);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;

  json_parser_load_from_data (parser, json, -1, &error);
  g_assert_no_error (error);
  JsonObject *root = json_node_get_object (json_parser_get_root (parser));
  JsonArray *cases = json_object_get_array_member (root, "prompts");
  g_assert_cmpuint (json_array_get_length (cases), >=, 15);
  for (guint i = 0; i < json_array_get_length (cases); i++) {
    JsonObject *object = json_array_get_object_element (cases, i);
    gboolean captioned = !json_object_has_member (object, "labels");
    JsonArray *ids = json_object_get_array_member (object, ids_name);
    JsonArray *tokens = json_object_get_array_member (object, tokens_name);
    g_autoptr (GlipText) text = make_golden (tokenizer, UNTRUNCATED, object);
    g_autoptr (GlipText) cut = make_golden (tokenizer, MAX_LEN, object);

    g_test_message ("prompt %u, %u passes", i, cut->passes->len);
    g_assert_cmpstr (text->text, ==, json_object_get_string_member (object, "caption"));
    check_invariants (tokenizer, text, UNTRUNCATED, captioned);
    check_invariants (tokenizer, cut, MAX_LEN, captioned);
    g_assert_cmpuint (text->passes->len, ==, 1);
    check_golden_pass (get_pass (text, 0), ids, tokens);
    if (get_pass (text, 0)->n_tokens > MAX_LEN)
      g_assert_cmpuint (cut->passes->len, >, 1);
    else
      check_golden_pass (get_pass (cut, 0), ids, tokens);
  }
}

/* ------------------------------------------------------------------ typed */

/* The text that the passes must be the tokens of, one each. */
static void
check_reads (const GlipTokenizer *tokenizer, const GlipText *text, const char *const *reads)
{
  for (guint i = 0; i < text->passes->len || reads[i]; i++) {
    const GlipPass *pass = get_pass (text, i);
    g_assert_nonnull (reads[i]);
    g_autoptr (GArray) tokens
        = glip_tokenizer_encode (tokenizer, reads[i], strlen (reads[i]));
    g_assert_cmpint (pass->n_tokens, ==, (int) tokens->len);
    for (guint j = 0; j < tokens->len; j++)
      g_assert_cmpint (pass->ids[j], ==, g_array_index (tokens, GlipToken, j).id);
  }
}

/* Labels of a pass and their tokens, such as "0:1,2 1:4". */
static char *
describe (const GlipPass *pass)
{
  GString *line = g_string_new (NULL);
  for (int j = 0; j < pass->n_labels; j++) {
    g_string_append_printf (line, "%s%d:", j ? " " : "", pass->labels[j]);
    for (int k = pass->label_offsets[j]; k < pass->label_offsets[j + 1]; k++)
      g_string_append_printf (
          line, "%s%d", k > pass->label_offsets[j] ? "," : "", pass->label_tokens[k]);
  }
  return g_string_free (line, FALSE);
}

/* What is typed, what the network reads, phrases joined by '|', label tokens. */
static const struct {
  const char *typed, *read, *phrases, *tokens;
} typed_table[] = {
  { "person", "person . ", "person", "0:1" },
  { "person.", "person . ", "person", "0:1" },
  { " Person \n", "Person . ", "Person", "0:1" },
  { "person . red car", "person . red car . ", "person|red car", "0:1 1:3,4" },
  { "person . red car . ", "person . red car . ", "person|red car", "0:1 1:3,4" },
  { "person. red car", "person. red car", "person|red car", "0:1 1:3,4" },
  { "person. red car.", "person. red car", "person|red car", "0:1 1:3,4" },
  { "person.\tred car.\n", "person. red car", "person|red car", "0:1 1:3,4" },
  { "person.  red  car", "person. red  car", "person|red  car", "0:1 1:3,4" },
  { "person. dog . car", "person . dog . car . ", "person|dog|car", "0:1 1:3 2:5" },
  { "person .dog", "person . dog . ", "person|dog", "0:1 1:3" },
  { "person.car", "person.car . ", "person.car", "0:1,2,3" },
  { "3.5 inch. dog", "3.5 inch. dog", "3.5 inch|dog", NULL },
  { "dog . dog", "dog . dog . ", "dog|dog", "0:1 1:3" },
  { ". dog. cat", "dog . cat . ", "dog|cat", "0:1 1:3" },
  { "dog . . . car ...", "dog . car . ", "dog|car", "0:1 1:3" },
  { "\xc2\xa0" "dog\xe3\x80\x80.\xc2\xa0" "car", "dog . car . ", "dog|car", "0:1 1:3" },
  { "\xe2\x80\x8b . dog", "\xe2\x80\x8b . dog . ", "\xe2\x80\x8b|dog", "0: 1:2" },
  { "\\[x\\] . dog", "[x] . dog . ", "\\[x\\]|dog", "0:1,2,3 1:5" },
  { "a\\b. dog", "a\\b. dog", "a\\b|dog", NULL },
  { "two [red cars] and a [dog]", "two red cars and a dog", "red cars|dog", "0:2,3,4 1:7" },
  { "[ dog ]", " dog ", "dog", "0:1" },
  { "[dog]. [cat]", "dog. cat", "dog|cat", NULL },
  { "[SEP] dog", "SEP dog", "SEP", NULL },
  { "\\[[dog]\\]", "[dog]", "dog", "0:2" },
  { "[a \\[dog\\]]", "a [dog]", "a \\[dog\\]", "0:1,2,3,4" },
  { "[dog] and [dog]", "dog and dog", "dog|dog", "0:1 1:3" },
  { "[\xe2\x80\x8b] dog", "\xe2\x80\x8b dog", "\xe2\x80\x8b", NULL },
};

static void
test_typed (void)
{
  g_autoptr (GlipTokenizer) tokenizer = open_tokenizer ("2048");

  for (size_t i = 0; i < G_N_ELEMENTS (typed_table); i++) {
    const char *reads[] = { typed_table[i].read, NULL };
    g_autoptr (GError) error = NULL;
    g_autoptr (GlipText) text
        = glip_text_parse (tokenizer, MAX_LEN, typed_table[i].typed, &error);
    g_test_message ("typed \"%s\"", typed_table[i].typed);
    g_assert_no_error (error);
    check_invariants (tokenizer, text, MAX_LEN, TRUE);
    g_assert_cmpstr (text->text, ==, typed_table[i].typed);
    check_reads (tokenizer, text, reads);

    g_auto (GStrv) phrases = g_strsplit (typed_table[i].phrases, "|", -1);
    g_assert_cmpuint (text->labels->len, ==, g_strv_length (phrases));
    for (guint j = 0; j < text->labels->len; j++)
      g_assert_cmpstr (get_label (text, j)->phrase, ==, phrases[j]);
    g_autofree char *tokens = describe (get_pass (text, 0));
    if (typed_table[i].tokens)
      g_assert_cmpstr (tokens, ==, typed_table[i].tokens);
  }
}

/* The second of two equal phrases points to its own place. */
static void
test_places (void)
{
  g_autoptr (GlipTokenizer) tokenizer = open_tokenizer ("2048");
  g_autoptr (GError) error = NULL;
  g_autoptr (GlipText) list = glip_text_parse (tokenizer, MAX_LEN, "dog .  dog ", &error);
  g_autoptr (GlipText) caption
      = glip_text_parse (tokenizer, MAX_LEN, "[dog] \\[a\\] [ dog]", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (get_label (list, 0)->begin, ==, 0);
  g_assert_cmpuint (get_label (list, 1)->begin, ==, 7);
  g_assert_cmpuint (get_label (list, 1)->end, ==, 10);
  g_assert_cmpuint (get_label (caption, 0)->begin, ==, 1);
  g_assert_cmpuint (get_label (caption, 1)->begin, ==, 14);
  g_assert_cmpuint (get_label (caption, 1)->end, ==, 17);
}

/* An end of a span is tried at three places, not four; spans within others of
 * their label add nothing. */
static void
test_span_ends (void)
{
  static const GlipSpan spans[] = { { 0, 5, 1 }, { 0, 6, 2 }, { 4, 9, 3 }, { 3, 9, 4 },
    { 0, 13, 5 }, { 6, 9, 5 }, { 3, 6, 6 } };
  g_autoptr (GlipTokenizer) tokenizer = open_tokenizer ("2048");
  g_autoptr (GError) error = NULL;
  g_autoptr (GlipText) text = glip_text_from_spans (
      tokenizer, MAX_LEN, "dog   car red", spans, G_N_ELEMENTS (spans), &error);

  g_assert_no_error (error);
  g_autofree char *tokens = describe (get_pass (text, 0));
  g_assert_cmpstr (tokens, ==, "0:1 1: 2:2 3: 4:1,2,3 5:");
}

static void
test_clean_names (void)
{
  static const char *const names[]
      = { "a___b", "a_(x)_b", "x(a)(b)y", ")x(", "(", "(all)", "_ _" };
  g_autoptr (GlipTokenizer) tokenizer = open_tokenizer ("2048");
  g_autoptr (GError) error = NULL;
  g_autoptr (GlipText) text = glip_text_from_names (
      tokenizer, MAX_LEN, names, G_N_ELEMENTS (names), GLIP_LIST_EVALUATION, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (text->text, ==, "a  b. a b. xy. )x(. (. .   ");
  check_invariants (tokenizer, text, MAX_LEN, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpstr (get_label (text, i)->phrase, ==, names[i]);
}

/* ---------------------------------------------------------------- refused */

static void
check_refused (GlipText *text, GError *error, const char *message)
{
  g_assert_null (text);
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT);
  if (!strstr (error->message, message)) {
    g_test_message ("\"%s\" lacks \"%s\"", error->message, message);
    g_test_fail ();
  }
  g_assert_null (strchr (error->message, '\n'));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_error_free (error);
}

static void
test_refused_typed (void)
{
  static const struct {
    const char *typed, *message;
    int max_len;
  } table[] = {
    { "", "names nothing", 256 },
    { " \t\n\xe3\x80\x80", "names nothing", 256 },
    { "...", "names nothing", 256 },
    { " . . ", "names nothing", 256 },
    { "dog \xff", "not UTF-8 at byte 4", 256 },
    { "dog \xed\xa0\x80", "not UTF-8 at byte 4", 256 },
    { "[dog] \xc3", "not UTF-8 at byte 6", 256 },
    { "a [dog", "'[' without ']' at byte 2", 256 },
    { "a dog]", "']' without '[' at byte 5", 256 },
    { "[a] dog]", "']' without '[' at byte 7", 256 },
    { "[a [dog]]", "'[' within brackets at byte 3", 256 },
    { "[[SEP]]", "'[' within brackets at byte 1", 256 },
    { "a [] b", "empty brackets at byte 2", 256 },
    { "a [ \t] b", "empty brackets at byte 2", 256 },
    { "[dog\\]", "'[' without ']' at byte 0", 256 },
    { "cat . red red red dog", "\"red red red dog\" is 4 tokens long, but at most 3 fit", 6 },
    { "cat. red red red red dog. cat",
        "\"red red red red dog\" is 5 tokens long, but at most 4 fit", 6 },
    { "cat. dog. red red red red dog", "is 5 tokens long, but at most 4 fit", 6 },
    { "a cat and a [red red red red dog] and", "is 5 tokens long, but at most 4 fit", 6 },
    { "[red\nred\x01\nred\xe2\x80\xa8red dog]", "\"red red  red red dog\" is 5 tokens", 6 },
    { "dog", "\"dog\" is 1 tokens long, but at most 0 fit", 3 },
    { "dog", "but at most", 0 },
    { "[dog]", "but at most", 2 },
  };
  g_autoptr (GlipTokenizer) tokenizer = open_tokenizer ("2048");

  for (size_t i = 0; i < G_N_ELEMENTS (table); i++) {
    GError *error = NULL;
    GlipText *text = glip_text_parse (tokenizer, table[i].max_len, table[i].typed, &error);
    check_refused (text, error, table[i].message);
  }
}

static char *
repeat (const char *unit, size_t n)
{
  GString *text = g_string_new (NULL);
  while (n--)
    g_string_append (text, unit);
  return g_string_free (text, FALSE);
}

static void
test_refused_long (void)
{
  g_autoptr (GlipTokenizer) tokenizer = open_tokenizer ("2048");
  g_autofree char *bytes = repeat ("a", GLIP_MAX_PROMPT_BYTES + 1);
  g_autofree char *names = repeat ("red car . ", GLIP_MAX_PROMPT_BYTES / 10);
  g_autofree char *caption = repeat ("[car], ", GLIP_MAX_PROMPT_BYTES / 7);
  g_autofree char *word = repeat ("cat-", 300);
  const char *const list[] = { bytes };
  const char *const bad[] = { "dog", "ca\xfft" };
  gint64 start = g_get_monotonic_time ();
  GError *error = NULL;

  GlipText *text = glip_text_parse (tokenizer, MAX_LEN, bytes, &error);
  check_refused (text, g_steal_pointer (&error), "1048577 bytes long, but at most 1048576");
  text = glip_text_from_names (tokenizer, MAX_LEN, list, 1, GLIP_LIST_DEMO, &error);
  check_refused (text, g_steal_pointer (&error), "but at most 1048576");
  text = glip_text_parse (tokenizer, MAX_LEN, names, &error);
  check_refused (text, g_steal_pointer (&error),
      "104857 labels in 314571 tokens need 1249 passes of 254 tokens, but at most 64");
  text = glip_text_parse (tokenizer, MAX_LEN, caption, &error);
  check_refused (text, g_steal_pointer (&error), "149796 labels in 299592 tokens need");
  text = glip_text_parse (tokenizer, MAX_LEN, word, &error);
  check_refused (text, g_steal_pointer (&error),
      "\"cat-cat-cat-cat-cat-cat-cat-cat-cat-cat-...\" is 600 tokens long, but at most 253");
  text = glip_text_from_names (tokenizer, MAX_LEN, NULL, 0, GLIP_LIST_DEMO, &error);
  check_refused (text, g_steal_pointer (&error), "is empty");
  text = glip_text_from_names (tokenizer, MAX_LEN, bad, 2, GLIP_LIST_DEMO, &error);
  check_refused (text, g_steal_pointer (&error), "name 2 is not UTF-8 at byte 2");
  g_assert_cmpint (g_get_monotonic_time () - start, <, 10 * G_USEC_PER_SEC);
}

static void
test_refused_spans (void)
{
  static const struct {
    GlipSpan spans[2];
    size_t n_spans;
    const char *message;
  } table[] = {
    { { { 0 } }, 0, "0 spans" },
    { { { 0, 4, 0 } }, 1, "span 1 has label 0" },
    { { { 0, 4, -1 } }, 1, "span 1 has label -1" },
    { { { 0, 4, 2 } }, 1, "span 1 has label 2" },
    { { { 0, 4, 2 }, { 0, 4, 2 } }, 2, "no span has label 1, but one has 2" },
    { { { 0, 4, 1 }, { 6, 10, G_MAXINT } }, 2, "span 2 has label 2147483647" },
    { { { 4, 4, 1 } }, 1, "is empty" },
    { { { 5, 4, 1 } }, 1, "is empty" },
    { { { 0, 11, 1 } }, 1, "span 1 (bytes 0 to 11 of a caption of 10) ends behind" },
    { { { 0, 5, 1 }, { 11, 12, 2 } }, 2, "span 2 (bytes 11 to 12" },
    { { { 0, G_MAXSIZE, 1 } }, 1, "ends behind" },
    { { { 0, 4, 1 } }, 1, "cuts a character" },
    { { { 4, 9, 1 } }, 1, "cuts a character" },
  };
  g_autoptr (GlipTokenizer) tokenizer = open_tokenizer ("2048");
  GError *error = NULL;

  for (size_t i = 0; i < G_N_ELEMENTS (table); i++) {
    const char *caption = strstr (table[i].message, "cuts") ? "caf\xc3\xa9 table"
        : "red table.";
    GlipText *text = glip_text_from_spans (
        tokenizer, MAX_LEN, caption, table[i].spans, table[i].n_spans, &error);
    check_refused (text, g_steal_pointer (&error), table[i].message);
  }
  GlipText *text = glip_text_from_spans (
      tokenizer, MAX_LEN, "dog \xff", table[5].spans, 1, &error);
  check_refused (text, g_steal_pointer (&error), "not UTF-8 at byte 4");
}

/* Phrases that hold each other together, and too many of them in one place. */
static void
test_refused_overlaps (void)
{
  static const GlipSpan chain[] = { { 0, 11, 1 }, { 8, 19, 2 } };
  g_autoptr (GlipTokenizer) tokenizer = open_tokenizer ("2048");
  g_autofree GlipSpan *same = g_new (GlipSpan, 300);
  g_autofree char *long_caption = repeat (" ", 1 << 20);
  GError *error = NULL;

  GlipText *text
      = glip_text_from_spans (tokenizer, 6, "red red red red dog", chain, 2, &error);
  check_refused (text, g_steal_pointer (&error), "2 phrases that overlap around \"red");
  for (int i = 0; i < 300; i++)
    same[i] = (GlipSpan) { 0, 3, i + 1 };
  text = glip_text_from_spans (tokenizer, MAX_LEN, "dog", same, 300, &error);
  check_refused (text, g_steal_pointer (&error), "300 phrases that overlap around \"dog");
  g_autoptr (GlipText) most
      = glip_text_from_spans (tokenizer, MAX_LEN, "dog", same, 256, &error);
  g_assert_no_error (error);
  g_assert_cmpint (get_pass (most, 0)->n_labels, ==, 256);
  for (int i = 0; i < 300; i++)
    same[i].end = 1 << 20;
  text = glip_text_from_spans (tokenizer, MAX_LEN, long_caption, same, 300, &error);
  check_refused (text, g_steal_pointer (&error), "overlap so much");
}

/* ------------------------------------------------------------------ split */

static const struct {
  const char *typed;
  int max_len;
  const char *reads[4], *tokens[4];
} split_table[] = {
  { "dog . cat . red car", 5, { "dog . ", "cat . ", "red car . " },
      { "0:1", "1:1", "2:1,2" } },
  { "dog . dog . red car", 7, { "dog . dog . ", "red car . " }, { "0:1 1:3", "2:1,2" } },
  { "dog. dog. red car", 5, { "dog. dog", "red car" }, { "0:1 1:3", "2:1,2" } },
  { "dog. dog. dog", 3, { "dog", "dog", "dog" }, { "0:1", "1:1", "2:1" } },
  { "dog. \xe2\x80\x8b. dog", 4, { "dog. \xe2\x80\x8b", "dog" }, { "0:1 1:", "2:1" } },
  { "dog. red car. \xe2\x80\x8b", 5, { "dog", "red car. " }, { "0:1", "1:1,2 2:" } },
  { "dog. red red car. \xe2\x80\x8b", 5, { "dog", "red red car", "" },
      { "0:1", "1:1,2,3", "2:" } },
  /* Behind the comma rather than later. */
  { "a [dog] is, and a [red car] is", 8, { "a dog is,", "and a red car is" },
      { "0:2", "1:3,4" } },
  /* But not if that leaves next to nothing. */
  { "a, [dog] red red red red red [car] red red red", 12,
      { "a, dog red red red red red car red" }, { "0:3 1:9" } },
  /* Not within the phrase. */
  { "a dog is [red , red car] is", 7, { "red , red car is" }, { "0:1,2,3,4" } },
  /* Without white space: between tokens. */
  { "[dog]-red-[car]-red", 6, { "dog-red-", "car-red" }, { "0:1", "1:1" } },
};

static void
test_split (void)
{
  g_autoptr (GlipTokenizer) tokenizer = open_tokenizer ("2048");

  for (size_t i = 0; i < G_N_ELEMENTS (split_table); i++) {
    g_autoptr (GError) error = NULL;
    int max_len = split_table[i].max_len;
    g_autoptr (GlipText) text
        = glip_text_parse (tokenizer, max_len, split_table[i].typed, &error);
    g_test_message ("typed \"%s\"", split_table[i].typed);
    g_assert_no_error (error);
    check_invariants (tokenizer, text, max_len, TRUE);
    check_reads (tokenizer, text, split_table[i].reads);
    for (guint j = 0; j < text->passes->len; j++) {
      g_autofree char *tokens = describe (get_pass (text, j));
      g_assert_cmpstr (tokens, ==, split_table[i].tokens[j]);
    }
  }
}

/* A label whose spans fall into different pieces is in both passes; one between
 * them that holds no label is left out. */
static void
test_split_label (void)
{
  static const GlipSpan spans[]
      = { { 0, 3, 2 }, { 29, 32, 2 }, { 4, 7, 1 }, { 0, 7, 2 }, { 33, 36, 2 } };
  g_autoptr (GlipTokenizer) tokenizer = open_tokenizer ("2048");
  g_autoptr (GError) error = NULL;
  g_autoptr (GlipText) text = glip_text_from_spans (
      tokenizer, 6, "red car red red red red red, dog car", spans, 5, &error);

  g_assert_no_error (error);
  check_invariants (tokenizer, text, 6, TRUE);
  g_assert_cmpuint (text->passes->len, ==, 2);
  g_autofree char *first = describe (get_pass (text, 0));
  g_autofree char *second = describe (get_pass (text, 1));
  g_assert_cmpstr (first, ==, "0:2 1:1,2");
  g_assert_cmpstr (second, ==, "1:1,2");
  g_assert_cmpstr (get_label (text, 1)->phrase, ==, "red");
}

/* Groups of an evaluation list are lists of their own. */
static void
test_split_names (void)
{
  enum { N_NAMES = 300 };
  const char *names[N_NAMES];
  g_autoptr (GlipTokenizer) tokenizer = open_tokenizer ("2048");

  for (int i = 0; i < N_NAMES; i++)
    names[i] = i % 3 ? "traffic_light (red)" : "dog";
  for (int style = GLIP_LIST_DEMO; style <= GLIP_LIST_EVALUATION; style++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GlipText) text
        = glip_text_from_names (tokenizer, 100, names, N_NAMES, style, &error);
    g_assert_no_error (error);
    check_invariants (tokenizer, text, 100, FALSE);
    g_assert_cmpuint (text->passes->len, >, 5);
    for (guint i = 0; i < text->passes->len; i++) {
      const GlipPass *pass = get_pass (text, i);
      g_autoptr (GlipText) alone = glip_text_from_names (
          tokenizer, 100, names + pass->labels[0], (size_t) pass->n_labels, style, &error);
      g_assert_no_error (error);
      const GlipPass *other = get_pass (alone, 0);
      g_assert_cmpuint (alone->passes->len, ==, 1);
      g_assert_cmpmem (pass->ids, pass->n_tokens * sizeof (int), other->ids,
          other->n_tokens * sizeof (int));
      g_assert_cmpmem (pass->label_offsets, (pass->n_labels + 1) * sizeof (int),
          other->label_offsets, (other->n_labels + 1) * sizeof (int));
      g_assert_cmpmem (pass->label_tokens,
          pass->label_offsets[pass->n_labels] * sizeof (int), other->label_tokens,
          other->label_offsets[other->n_labels] * sizeof (int));
    }
  }
}

/* More labels than a pass may have, though their tokens fit. */
static void
test_split_many_labels (void)
{
  const char *names[300];
  g_autoptr (GlipTokenizer) tokenizer = open_tokenizer ("2048");
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 300; i++)
    names[i] = "dog";
  g_autoptr (GlipText) text = glip_text_from_names (
      tokenizer, UNTRUNCATED, names, 300, GLIP_LIST_DEMO, &error);
  g_assert_no_error (error);
  check_invariants (tokenizer, text, UNTRUNCATED, FALSE);
  g_assert_cmpuint (text->passes->len, ==, 2);
  g_assert_cmpint (get_pass (text, 0)->n_labels, ==, 256);
  g_assert_cmpint (get_pass (text, 1)->n_labels, ==, 44);
}

/* ------------------------------------------------------------------ random */

static const char *const fragments[] = { "dog", "red car", " ", " . ", ". ", ".", "[", "]",
  "\\[", "\\]", "\\", ",", "\n", "caf\xc3\xa9", "\xe7\x8c\xab", "\xe2\x80\x8b", "\xcc\x81",
  "\xf0\x9f\x98\x80", "[SEP]", "\xea\xb0\x80", "_", "(x)", "\xc2\xa0", "unbelievable",
  "\xef\xbf\xbf", "\xff" };

static char *
invent (GRand *random, guint n_kinds)
{
  GString *text = g_string_new (NULL);
  for (int n = g_rand_int_range (random, 0, 60); n > 0; n--)
    g_string_append (text, fragments[g_rand_int_range (random, 0, (gint32) n_kinds)]);
  return g_string_free (text, FALSE);
}

static void
check_random (const GlipTokenizer *tokenizer, GlipText *text, GError *error, int max_len,
    gboolean verbatim, int *n_good)
{
  if (text) {
    g_assert_no_error (error);
    check_invariants (tokenizer, text, max_len, verbatim);
    ++*n_good;
  } else {
    g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT);
    g_assert_true (g_utf8_validate (error->message, -1, NULL));
  }
  g_clear_error (&error);
  glip_text_free (text);
}

static void
test_random (void)
{
  static const int max_lens[] = { 2, 3, 5, 8, 16, 64, 256 };
  g_autoptr (GlipTokenizer) tokenizer = open_tokenizer ("2048");
  GRand *random = g_rand_new_with_seed (7);
  int n_good[3] = { 0 };

  for (int i = 0; i < 1500; i++) {
    int max_len = max_lens[g_rand_int_range (random, 0, G_N_ELEMENTS (max_lens))];
    /* Now and then with brackets, and with what is not UTF-8. */
    guint n_kinds = i % 3 == 0 ? 6 : G_N_ELEMENTS (fragments) - (i % 8 != 0);
    g_autofree char *a = invent (random, n_kinds), *b = invent (random, n_kinds);
    const char *names[] = { a, b, "dog", a, b };
    GlipSpan spans[6];
    GError *error = NULL;

    GlipText *text = glip_text_parse (tokenizer, max_len, a, &error);
    check_random (tokenizer, text, g_steal_pointer (&error), max_len, TRUE, &n_good[0]);
    text = glip_text_from_names (tokenizer, max_len, names, 5, i & 1, &error);
    check_random (tokenizer, text, g_steal_pointer (&error), max_len, FALSE, &n_good[1]);
    for (int j = 0; j < 6; j++) {
      int length = (int) strlen (a);
      int begin = g_rand_int_range (random, 0, length + 1);
      int end = begin + g_rand_int_range (random, 0, 12);
      spans[j] = (GlipSpan) { begin, i % 4 ? MIN (end, length) : end, 1 + j % 3 };
    }
    size_t n_spans = (size_t) g_rand_int_range (random, 1, 7);
    text = glip_text_from_spans (tokenizer, max_len, a, spans, n_spans, &error);
    check_random (tokenizer, text, g_steal_pointer (&error), max_len, TRUE, &n_good[2]);
  }
  g_rand_free (random);
  g_test_message ("%d, %d, %d good", n_good[0], n_good[1], n_good[2]);
  for (int i = 0; i < 3; i++)
    g_assert_cmpint (n_good[i], >, 50);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/prompt/golden/2048", "2048", test_golden);
  g_test_add_data_func ("/prompt/golden/30522", "30522", test_golden);
  g_test_add_func ("/prompt/typed", test_typed);
  g_test_add_func ("/prompt/places", test_places);
  g_test_add_func ("/prompt/span-ends", test_span_ends);
  g_test_add_func ("/prompt/clean-names", test_clean_names);
  g_test_add_func ("/prompt/refused/typed", test_refused_typed);
  g_test_add_func ("/prompt/refused/long", test_refused_long);
  g_test_add_func ("/prompt/refused/spans", test_refused_spans);
  g_test_add_func ("/prompt/refused/overlaps", test_refused_overlaps);
  g_test_add_func ("/prompt/split", test_split);
  g_test_add_func ("/prompt/split/label", test_split_label);
  g_test_add_func ("/prompt/split/names", test_split_names);
  g_test_add_func ("/prompt/split/many-labels", test_split_many_labels);
  g_test_add_func ("/prompt/random", test_random);
  return g_test_run ();
}
