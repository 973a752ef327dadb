/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The cursor never looks past `end`, which is not followed by a NUL: the text is
 * the middle of a mapped file.
 */
#include "model/json.h"

#include <string.h>

#define MAX_NAME_BYTES 512

static gboolean
fail (const GlipJson *json, GError **error, const char *what)
{
  g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
      "header, byte %zu: %s", (size_t) (json->at - json->begin), what);
  return FALSE;
}

char
glip_json_peek (GlipJson *json)
{
  while (json->at < json->end
         && (*json->at == ' ' || *json->at == '\t' || *json->at == '\n'
             || *json->at == '\r'))
    json->at++;
  return json->at < json->end ? *json->at : 0;
}

gboolean
glip_json_accept (GlipJson *json, char character)
{
  if (glip_json_peek (json) != character)
    return FALSE;
  json->at++;
  return TRUE;
}

gboolean
glip_json_expect (GlipJson *json, char character, GError **error)
{
  if (glip_json_accept (json, character))
    return TRUE;
  char what[] = "expected '?'";
  what[10] = character;
  return fail (json, error, what);
}

/* Four hexadecimal digits, or -1. */
static int
read_code_unit (GlipJson *json)
{
  if (json->end - json->at < 4)
    return -1;
  int unit = 0;
  for (int i = 0; i < 4; i++) {
    int digit = g_ascii_xdigit_value (json->at[i]);
    if (digit < 0)
      return -1;
    unit = unit * 16 + digit;
  }
  json->at += 4;
  return unit;
}

/* What follows "\u": one code unit or a surrogate pair. */
static gboolean
read_code_point (GlipJson *json, GString *string, GError **error)
{
  int unit = read_code_unit (json);
  gunichar point = (gunichar) unit;
  if (unit >= 0xd800 && unit < 0xdc00) {
    int low = -1;
    if (json->end - json->at >= 2 && json->at[0] == '\\' && json->at[1] == 'u') {
      json->at += 2;
      low = read_code_unit (json);
    }
    if (low < 0xdc00 || low > 0xdfff)
      return fail (json, error, "half a surrogate pair");
    point = 0x10000 + ((gunichar) (unit - 0xd800) << 10) + (gunichar) (low - 0xdc00);
  } else if (unit <= 0 || (unit >= 0xdc00 && unit < 0xe000)) {
    return fail (json, error, "impossible \\u escape");
  }
  g_string_append_unichar (string, point);
  return TRUE;
}

static gboolean
read_escape (GlipJson *json, GString *string, GError **error)
{
  static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  json->at++;
  char letter = json->at < json->end ? *json->at++ : 0;
  if (letter == 'u')
    return read_code_point (json, string, error);
  const char *found = letter ? strchr (letters, letter) : NULL;
  if (!found)
    return fail (json, error, "unknown escape in a string");
  g_string_append_c (string, meanings[found - letters]);
  return TRUE;
}

char *
glip_json_read_string (GlipJson *json, GError **error)
{
  if (!glip_json_expect (json, '"', error))
    return NULL;
  g_autoptr (GString) string = g_string_new (NULL);
  for (;;) {
    const char *run = json->at;
    while (json->at < json->end && *json->at != '"' && *json->at != '\\'
           && (unsigned char) *json->at >= 0x20)
      json->at++;
    g_string_append_len (string, run, json->at - run);
    if (json->at == json->end || (unsigned char) *json->at < 0x20) {
      fail (json, error, "string without end");
      return NULL;
    }
    if (*json->at == '"')
      break;
    if (!read_escape (json, string, error))
      return NULL;
  }
  json->at++;
  if (!g_utf8_validate (string->str, (gssize) string->len, NULL)) {
    fail (json, error, "string that is not UTF-8");
    return NULL;
  }
  return g_string_free (g_steal_pointer (&string), FALSE);
}

char *
glip_json_read_name (GlipJson *json, GError **error)
{
  g_autofree char *name = glip_json_read_string (json, error);
  if (!name)
    return NULL;
  gboolean printable = strlen (name) <= MAX_NAME_BYTES;
  for (const char *at = name; printable && *at; at = g_utf8_next_char (at))
    printable = !g_unichar_iscntrl (g_utf8_get_char (at));
  if (!printable) {
    fail (json, error, "name longer than 512 bytes or with control characters");
    return NULL;
  }
  return g_steal_pointer (&name);
}

gboolean
glip_json_read_integer (GlipJson *json, int64_t *value, GError **error)
{
  gboolean negative = glip_json_accept (json, '-');
  const char *first = json->at;
  uint64_t magnitude = 0;
  /* Eighteen digits fit without overflow; nothing in a file is larger. */
  while (json->at < json->end && g_ascii_isdigit (*json->at) && json->at - first < 18)
    magnitude = magnitude * 10 + (uint64_t) (*json->at++ - '0');
  if (json->at == first)
    return fail (json, error, "expected a whole number");
  if (json->at < json->end && g_ascii_isdigit (*json->at))
    return fail (json, error, "number out of range");
  if (json->at < json->end && strchr (".eE", *json->at) && *json->at)
    return fail (json, error, "expected a whole number");
  *value = negative ? -(int64_t) magnitude : (int64_t) magnitude;
  return TRUE;
}

void
glip_json_append_string (GString *json, const char *text)
{
  g_string_append_c (json, '"');
  for (const char *at = text; *at; at++) {
    if (*at == '"' || *at == '\\')
      g_string_append_printf (json, "\\%c", *at);
    else if (*at == '\n')
      g_string_append (json, "\\n");
    else if ((unsigned char) *at < 0x20)
      g_string_append_printf (json, "\\u%04x", (unsigned) *at);
    else
      g_string_append_c (json, *at);
  }
  g_string_append_c (json, '"');
}
