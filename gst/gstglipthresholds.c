/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * A phrase may hold "=" (the last one counts) but no comma, as commas part entries.
 */
#include "gstglipthresholds.h"

#include <string.h>

typedef struct {
  char *key; /* folded */
  float value;
} Entry;

struct _GstGlipThresholds {
  char *text;
  GArray *entries; /* of Entry */
};

static void
clear_entry (gpointer data)
{
  g_free (((Entry *) data)->key);
}

/* What two spellings of a phrase have in common.  (transfer full) */
static char *
fold (const char *phrase)
{
  g_autofree char *valid = g_utf8_make_valid (phrase, -1);
  return g_utf8_casefold (g_strstrip (valid), -1);
}

static gboolean
parse_entry (GstGlipThresholds *thresholds, const char *text, char **message)
{
  const char *equals = strrchr (text, '=');
  g_autofree char *phrase = equals ? g_strndup (text, (gsize) (equals - text)) : NULL;
  if (!equals || !*g_strstrip (phrase)) {
    *message = g_strdup_printf ("\"%s\" is not of the form phrase=threshold", text);
    return FALSE;
  }
  g_autofree char *number = g_strstrip (g_strdup (equals + 1));
  char *end;
  double value = g_ascii_strtod (number, &end);
  if (end == number || *end || !(value >= 0 && value <= 1)) {
    *message = g_strdup_printf (
        "\"%s\" is no threshold for \"%s\": give a number from 0 to 1", number, phrase);
    return FALSE;
  }
  Entry entry = { fold (phrase), (float) value };
  g_array_append_val (thresholds->entries, entry);
  return TRUE;
}

static void
clear (gpointer data)
{
  GstGlipThresholds *thresholds = data;
  g_free (thresholds->text);
  g_array_unref (thresholds->entries);
}

GstGlipThresholds *
gst_glip_thresholds_parse (const char *text, char **message)
{
  g_autoptr (GstGlipThresholds) thresholds = g_atomic_rc_box_new0 (GstGlipThresholds);
  thresholds->text = g_strdup (text);
  thresholds->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_array_set_clear_func (thresholds->entries, clear_entry);
  g_auto (GStrv) parts = g_strsplit (text ? text : "", ",", -1);
  for (char **part = parts; *part; part++)
    if (*g_strstrip (*part) && !parse_entry (thresholds, *part, message))
      return NULL;
  return g_steal_pointer (&thresholds);
}

GstGlipThresholds *
gst_glip_thresholds_ref (GstGlipThresholds *thresholds)
{
  return g_atomic_rc_box_acquire (thresholds);
}

void
gst_glip_thresholds_unref (GstGlipThresholds *thresholds)
{
  if (thresholds)
    g_atomic_rc_box_release_full (thresholds, clear);
}

float
gst_glip_thresholds_get (
    const GstGlipThresholds *thresholds, const char *phrase, float otherwise)
{
  if (thresholds->entries->len == 0)
    return otherwise;
  g_autofree char *key = fold (phrase);
  float value = otherwise;
  for (guint i = 0; i < thresholds->entries->len; i++) {
    const Entry *entry = &g_array_index (thresholds->entries, Entry, i);
    if (strcmp (entry->key, key) == 0)
      value = entry->value;
  }
  return value;
}

float
gst_glip_thresholds_get_lowest (const GstGlipThresholds *thresholds, float otherwise)
{
  float lowest = otherwise;
  for (guint i = 0; i < thresholds->entries->len; i++)
    lowest = MIN (lowest, g_array_index (thresholds->entries, Entry, i).value);
  return lowest;
}

const char *
gst_glip_thresholds_get_text (const GstGlipThresholds *thresholds)
{
  return thresholds->text;
}
