/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * One walk over the template serves both checking and expanding, so that they cannot
 * disagree.  Numbers are written with a full stop in every locale.
 */
#include "gstglipformat.h"

#include "draw/label.h"

#include <string.h>

/* Characters of a phrase that are shown. */
#define MAX_PHRASE 64

typedef struct {
  char name[16];
  int digits;    /* after the point */
  gboolean percent;
} Field;

/* "name", "name:.2f" or "name:.0%", between `at` and `end`. */
static gboolean
parse_field (const char *at, const char *end, Field *field)
{
  const char *colon = memchr (at, ':', (size_t) (end - at));
  size_t length = (size_t) ((colon ? colon : end) - at);

  if (length >= sizeof field->name)
    return FALSE;
  memcpy (field->name, at, length);
  field->name[length] = '\0';
  field->percent = FALSE;
  field->digits = g_str_equal (field->name, "age") ? 1 : 2;

  gboolean confidence = g_str_equal (field->name, "confidence");
  gboolean number = confidence || g_str_equal (field->name, "age");
  if (!colon)
    return number || g_str_equal (field->name, "phrase") || g_str_equal (field->name, "track")
        || g_str_equal (field->name, "region");
  if (!number || end - colon != 4 || colon[1] != '.' || !g_ascii_isdigit (colon[2]))
    return FALSE;
  field->digits = colon[2] - '0';
  field->percent = colon[3] == '%';
  return colon[3] == 'f' || (confidence && field->percent);
}

static void
append_number (GString *text, double number, int digits)
{
  char format[] = "%.0f", buffer[G_ASCII_DTOSTR_BUF_SIZE + 320];
  format[2] = (char) ('0' + digits);
  g_string_append (text, g_ascii_formatd (buffer, sizeof buffer, format, number));
}

static void
append_text (GString *text, const char *piece)
{
  g_autofree char *shortened = glip_label_shorten (piece, MAX_PHRASE);
  g_autofree char *isolated = glip_label_isolate (shortened);
  if (*shortened)
    g_string_append (text, isolated);
}

static void
append_track (GString *text, const GstGlipObject *object)
{
  if (object->track >= 0)
    g_string_append_printf (text, "#%" G_GINT64_FORMAT, object->track);
}

static void
append_field (GString *text, const Field *field, GstGlipFormatFlags flags,
    const GstGlipObject *object)
{
  if (g_str_equal (field->name, "phrase"))
    append_text (text, object->phrase);
  else if (g_str_equal (field->name, "region"))
    append_text (text, object->region ? object->region : "");
  else if (g_str_equal (field->name, "age")) {
    append_number (text, (double) object->age / GST_SECOND, field->digits);
    g_string_append (text, " s");
  } else if (g_str_equal (field->name, "track")) {
    if (flags & GST_GLIP_FORMAT_TRACK)
      append_track (text, object);
  } else if ((flags & GST_GLIP_FORMAT_CONFIDENCE) && object->confidence >= 0) {
    append_number (text, MIN (object->confidence, 1e6) * (field->percent ? 100 : 1),
        field->digits);
    if (field->percent)
      g_string_append_c (text, '%');
  }
}

/* FALSE at the first mistake.  `text` NULL: only look. */
static gboolean
walk (const char *format, GString *text, GstGlipFormatFlags flags, const GstGlipObject *object)
{
  for (const char *at = format; *at; at++) {
    if (*at != '{' && *at != '}') {
      if (text)
        g_string_append_c (text, *at);
      continue;
    }
    if (at[1] == *at) {
      if (text)
        g_string_append_c (text, *at);
      at++;
      continue;
    }
    const char *end = *at == '{' ? strchr (at, '}') : NULL;
    Field field;
    if (!end || !parse_field (at + 1, end, &field))
      return FALSE;
    if (text)
      append_field (text, &field, flags, object);
    at = end;
  }
  return TRUE;
}

gboolean
gst_glip_format_check (const char *format, char **message)
{
  if (!g_utf8_validate (format, -1, NULL)) {
    *message = g_strdup ("it is not UTF-8");
    return FALSE;
  }
  if (!walk (format, NULL, 0, NULL)) {
    *message = g_strdup ("braces may hold phrase, confidence, confidence:.2f, "
        "confidence:.0%, track, age, age:.1f, region; a brace itself is {{ or }}");
    return FALSE;
  }
  return TRUE;
}

/* One space for several, and none at the ends. */
static void
squeeze (GString *text)
{
  gsize length = 0;
  for (gsize i = 0; i < text->len; i++) {
    if (text->str[i] == ' ' && (length == 0 || text->str[length - 1] == ' '))
      continue;
    text->str[length++] = text->str[i];
  }
  if (length && text->str[length - 1] == ' ')
    length--;
  g_string_truncate (text, length);
}

char *
gst_glip_format_expand (const char *format, GstGlipFormatFlags flags,
    const GstGlipObject *object)
{
  GString *text = g_string_new (NULL);

  walk (format, text, flags, object);
  if ((flags & GST_GLIP_FORMAT_TRACK) && !strstr (format, "{track}")) {
    g_string_append_c (text, ' ');
    append_track (text, object);
  }
  squeeze (text);
  return g_string_free (text, FALSE);
}
