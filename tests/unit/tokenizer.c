/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The tokenizer against stored ids and offsets, for a small and a full-sized
 * vocabulary; what vocabularies are refused; and that time grows with the text.
 */
#include "text/tokenizer.h"

#include <json-glib/json-glib.h>
#include <string.h>

/* json-glib ends a string at U+0000, so that the file is read with this private
 * character in its place. */
#define STAND_IN "\\ue0fe"
#define STAND_IN_UTF8 "\xee\x83\xbe"

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

static JsonParser *
read_cases (void)
{
  g_autofree char *json = read_golden ("tokenizer.json");
  g_autoptr (GError) error = NULL;
  JsonParser *parser = json_parser_new ();

  g_assert_null (strstr (json, STAND_IN));
  g_assert_null (strstr (json, "\\\\u0000"));
  g_assert_nonnull (strstr (json, "\\u0000"));
  for (char *p = json; (p = strstr (p, "\\u0000"));)
    memcpy (p, STAND_IN, strlen (STAND_IN));
  json_parser_load_from_data (parser, json, -1, &error);
  g_assert_no_error (error);
  return parser;
}

static GString *
restore_nul (const char *text)
{
  GString *result = g_string_new (NULL);
  for (const char *p = text; *p; p++) {
    if (g_str_has_prefix (p, STAND_IN_UTF8)) {
      g_string_append_c (result, '\0');
      p += strlen (STAND_IN_UTF8) - 1;
    } else {
      g_string_append_c (result, *p);
    }
  }
  return result;
}

/* Code points before byte `offset`. */
static int
count_characters (const GString *text, size_t offset)
{
  int n = 0;
  for (size_t i = 0; i < offset; i++)
    n += (text->str[i] & 0xC0) != 0x80;
  return n;
}

static void
check_case (const GlipTokenizer *tokenizer, JsonObject *object, const char *size)
{
  g_autofree char *ids_name = g_strconcat ("ids_", size, NULL);
  g_autofree char *spans_name = g_strconcat ("spans_", size, NULL);
  const char *source = json_object_get_string_member (object, "text");
  GString *text = restore_nul (source);
  JsonArray *ids = json_object_get_array_member (object, ids_name);
  JsonArray *spans = json_object_get_array_member (object, spans_name);
  g_autoptr (GArray) tokens = glip_tokenizer_encode (tokenizer, text->str, text->len);

  if (tokens->len != json_array_get_length (ids))
    g_test_message ("\"%s\" has %u tokens", source, tokens->len);
  g_assert_cmpuint (tokens->len, ==, json_array_get_length (ids));
  g_assert_cmpuint (tokens->len, ==, json_array_get_length (spans));
  for (guint i = 0; i < tokens->len; i++) {
    const GlipToken *token = &g_array_index (tokens, GlipToken, i);
    JsonArray *span = json_array_get_array_element (spans, i);
    int begin = count_characters (text, token->begin);
    int end = count_characters (text, token->end);
    if (token->id != json_array_get_int_element (ids, i)
        || begin != json_array_get_int_element (span, 0)
        || end != json_array_get_int_element (span, 1)) {
      g_test_message ("\"%s\": token %u is %d [%d, %d)", source, i, token->id, begin, end);
      g_test_fail ();
    }
  }
  g_string_free (text, TRUE);
}

static void
test_golden (gconstpointer data)
{
  const char *size = data;
  g_autofree char *name = g_strdup_printf ("vocab-%s.txt", size);
  g_autofree char *vocabulary = read_golden (name);
  g_autoptr (GError) error = NULL;
  g_autoptr (GlipTokenizer) tokenizer = glip_tokenizer_new (vocabulary, &error);
  g_autoptr (JsonParser) parser = read_cases ();
  JsonObject *root = json_node_get_object (json_parser_get_root (parser));
  JsonArray *cases = json_object_get_array_member (root, "strings");

  g_assert_no_error (error);
  g_assert_cmpuint (glip_tokenizer_get_size (tokenizer), ==,
      g_ascii_strtoull (size, NULL, 10));
  g_assert_cmpint (glip_tokenizer_get_pad (tokenizer), ==, 0);
  g_assert_cmpuint (json_array_get_length (cases), >=, 230);
  for (guint i = 0; i < json_array_get_length (cases); i++)
    check_case (tokenizer, json_array_get_object_element (cases, i), size);
}

static void
test_refused (void)
{
  static const struct {
    const char *vocabulary, *message;
  } table[] = {
    { "", "0 pieces has no [PAD]" },
    { "[PAD]\n[UNK]\n[CLS]\n", "3 pieces has no [SEP]" },
    { "[PAD]\n[CLS]\n[SEP]\nunk\n", "has no [UNK]" },
    { "[PAD]\n[UNK]\n[CLS]x\n[SEP]\n", "has no [CLS]" },
    { "[PAD]\n\xff\n", "not UTF-8 at byte 6" },
    { "[PAD]\n\xc3", "not UTF-8 at byte 6" },
  };

  for (size_t i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (glip_tokenizer_new (table[i].vocabulary, &error));
    g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL);
    if (!strstr (error->message, table[i].message)) {
      g_test_message ("case %zu: %s", i, error->message);
      g_test_fail ();
    }
  }
}

static void
test_too_large (void)
{
  size_t sizes[] = { (16 << 20) + 1, (1 << 20) + 1 };
  const char *messages[] = { "16777217 bytes", "more than 1048576 pieces" };

  for (int i = 0; i < 2; i++) {
    g_autofree char *text = g_malloc (sizes[i] + 1);
    g_autoptr (GError) error = NULL;
    memset (text, '\n', sizes[i]);
    text[sizes[i]] = '\0';
    g_assert_null (glip_tokenizer_new (text, &error));
    g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL);
    g_assert_nonnull (strstr (error->message, messages[i]));
  }
}

static int
encode_first (const GlipTokenizer *tokenizer, const char *text)
{
  g_autoptr (GArray) tokens = glip_tokenizer_encode (tokenizer, text, strlen (text));
  g_assert_cmpuint (tokens->len, >, 2);
  return g_array_index (tokens, GlipToken, 1).id;
}

/* Carriage returns, blank lines, a missing last line feed and doubled pieces. */
static void
test_lines (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GlipTokenizer) tokenizer = glip_tokenizer_new (
      "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n\r\ncat\r\ndog\ncat\nlast", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (glip_tokenizer_get_size (tokenizer), ==, 9);
  g_assert_cmpint (encode_first (tokenizer, "dog"), ==, 6);
  g_assert_cmpint (encode_first (tokenizer, "cat"), ==, 7);
  g_assert_cmpint (encode_first (tokenizer, "last"), ==, 8);
  g_assert_cmpint (encode_first (tokenizer, "cats"), ==, 1);
  /* There is no [MASK]: it is a bracket and letters. */
  g_assert_cmpint (encode_first (tokenizer, "[MASK]"), ==, 1);
  g_assert_cmpint (encode_first (tokenizer, "[SEP]"), ==, 3);
}

/* Ideographs are words of their own, but not where the fast tokenizer forgot some. */
static void
test_ideographs (void)
{
  static const struct {
    const char *text;
    guint n_tokens;
  } table[] = {
    { "\xf0\xab\x9f\xbf\xf0\xab\x9f\xbf", 4 }, /* U+2B7FF */
    { "\xf0\xab\xa0\xa0\xf0\xab\xa0\xa0", 3 }, /* U+2B820 */
    { "\xf0\xab\xa4\xa0\xf0\xab\xa4\xa0", 4 }, /* U+2B920 */
  };
  g_autofree char *vocabulary = read_golden ("vocab-2048.txt");
  g_autoptr (GError) error = NULL;
  g_autoptr (GlipTokenizer) tokenizer = glip_tokenizer_new (vocabulary, &error);

  g_assert_no_error (error);
  for (size_t i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (GArray) tokens
        = glip_tokenizer_encode (tokenizer, table[i].text, strlen (table[i].text));
    g_assert_cmpuint (tokens->len, ==, table[i].n_tokens);
  }
}

/* A megabyte of what costs most: one endless word, words of the longest length
 * that is matched, single letters, and code points that decompose. */
static void
test_time (void)
{
  static const char *const units[] = { "x", "[", "a ", "playingg", "\xc7\x96 ",
    "unbelievableunbelievableunbelievableunbelievableunbelievableunbelievableunbelievable " };
  g_autofree char *vocabulary = read_golden ("vocab-30522.txt");
  g_autoptr (GError) error = NULL;
  g_autoptr (GlipTokenizer) tokenizer = glip_tokenizer_new (vocabulary, &error);
  g_assert_no_error (error);

  for (size_t i = 0; i < G_N_ELEMENTS (units); i++) {
    GString *text = g_string_new (NULL);
    while (text->len < 1 << 20)
      g_string_append (text, units[i]);
    gint64 start = g_get_monotonic_time ();
    g_autoptr (GArray) tokens = glip_tokenizer_encode (tokenizer, text->str, text->len);
    double seconds = (double) (g_get_monotonic_time () - start) * 1e-6;
    g_test_message ("%u tokens in %.3f s", tokens->len, seconds);
    /* It takes a tenth of this, also with sanitizers; squares take minutes. */
    g_assert_cmpfloat (seconds, <, 5);
    g_string_free (text, TRUE);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/tokenizer/golden/2048", "2048", test_golden);
  g_test_add_data_func ("/tokenizer/golden/30522", "30522", test_golden);
  g_test_add_func ("/tokenizer/refused", test_refused);
  g_test_add_func ("/tokenizer/too-large", test_too_large);
  g_test_add_func ("/tokenizer/lines", test_lines);
  g_test_add_func ("/tokenizer/ideographs", test_ideographs);
  g_test_add_func ("/tokenizer/time", test_time);
  return g_test_run ();
}
