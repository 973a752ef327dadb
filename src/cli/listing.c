/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The JSON is written by hand: json-glib prints 17 digits of every number, and here
 * the digits are part of the contract, in any locale.
 */
#include "cli/listing.h"

static void
append_number (GString *text, const char *format, double number)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE + 512];
  g_string_append (text, g_ascii_formatd (digits, sizeof digits, format, number));
}

static void
append_string (GString *text, const char *string)
{
  g_autofree char *valid = g_utf8_make_valid (string, -1);
  g_string_append_c (text, '"');
  for (const char *at = valid; *at; at++) {
    if (*at == '"' || *at == '\\')
      g_string_append_printf (text, "\\%c", *at);
    else if (g_ascii_iscntrl (*at))
      g_string_append_printf (text, "\\u%04x", (unsigned) *at);
    else
      g_string_append_c (text, *at);
  }
  g_string_append_c (text, '"');
}

static void
append_detection (GString *text, const GlipDetection *detection)
{
  const double box[4] = { detection->x0, detection->y0, detection->x1, detection->y1 };

  g_string_append (text, "{\"phrase\": ");
  append_string (text, detection->phrase);
  g_string_append (text, ", \"score\": ");
  append_number (text, "%.6f", detection->score);
  g_string_append (text, ", \"box\": [");
  for (int i = 0; i < 4; i++) {
    g_string_append (text, i ? ", " : "");
    append_number (text, "%.3f", box[i]);
  }
  g_string_append_printf (text, "], \"span\": [%zu, %zu], \"label\": %d}",
      detection->span_begin, detection->span_end, detection->label);
}

char *
glip_listing_to_json (const GlipListing *listing)
{
  GString *text = g_string_new ("{\"image\": ");
  append_string (text, listing->image);
  g_string_append_printf (
      text, ", \"width\": %d, \"height\": %d, \"prompt\": ", listing->width, listing->height);
  append_string (text, listing->prompt);
  g_string_append (text, ", \"detections\": [");
  for (size_t i = 0; i < listing->n_detections; i++) {
    g_string_append (text, i ? ", " : "");
    append_detection (text, listing->detections[i]);
  }
  g_string_append (text, "]}\n");
  return g_string_free (text, FALSE);
}

/* A phrase or a file name may hold a line break; a table row must not. */
static void
append_plain (GString *text, const char *string)
{
  for (const char *at = string; *at; at++)
    g_string_append_c (text, g_ascii_iscntrl (*at) ? ' ' : *at);
}

char *
glip_listing_to_table (const GlipListing *listing)
{
  GString *text = g_string_new (NULL);
  append_plain (text, listing->image);
  g_string_append_printf (text, ": %dx%d, %zu detection%s\n", listing->width,
      listing->height, listing->n_detections, listing->n_detections == 1 ? "" : "s");
  if (listing->n_detections)
    g_string_append (text, "   score        x0        y0        x1        y1  phrase\n");
  for (size_t i = 0; i < listing->n_detections; i++) {
    const GlipDetection *detection = listing->detections[i];
    append_number (text, "%8.3f", detection->score);
    append_number (text, "%10.1f", detection->x0);
    append_number (text, "%10.1f", detection->y0);
    append_number (text, "%10.1f", detection->x1);
    append_number (text, "%10.1f", detection->y1);
    g_string_append (text, "  ");
    append_plain (text, detection->phrase);
    g_string_append_c (text, '\n');
  }
  return g_string_free (text, FALSE);
}
