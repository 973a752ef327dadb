/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Placing labels is greedy: those drawn first have the first choice.  A label first
 * tries the corners of its own box and then moves away in steps of its height; when
 * all is full it takes the place where it covers least.
 */
#include "draw/label.h"

#include <string.h>

PangoLayout *
glip_label_layout_new (PangoContext *context, const char *font, double size)
{
  PangoLayout *layout = pango_layout_new (context);
  PangoFontDescription *description =
      pango_font_description_from_string (font && *font ? font : "Sans Bold");

  pango_font_description_set_absolute_size (description, size * PANGO_SCALE);
  pango_layout_set_font_description (layout, description);
  pango_font_description_free (description);
  pango_layout_set_single_paragraph_mode (layout, TRUE);
  pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_MIDDLE);
  /* Left in a text from right to left, too: the label is as wide as its text. */
  pango_layout_set_auto_dir (layout, FALSE);
  return layout;
}

/* Whether `letter` belongs to the one before it. */
static gboolean
is_joined (gunichar letter)
{
  return g_unichar_ismark (letter) || letter == 0x200d || (letter >= 0x1f3fb && letter <= 0x1f3ff);
}

char *
glip_label_shorten (const char *text, size_t max)
{
  /* A character has at most 4 bytes; what lies beyond is not worth looking at. */
  size_t length = strnlen (text, 4 * max + 4);
  g_autofree char *valid = g_utf8_make_valid (text, (gssize) length);

  if ((size_t) g_utf8_strlen (valid, -1) <= max)
    return g_steal_pointer (&valid);
  char *end = g_utf8_offset_to_pointer (valid, (glong) max - 1);
  while (end > valid && is_joined (g_utf8_get_char (end)))
    end = g_utf8_prev_char (end);
  return g_strdup_printf ("%.*s\u2026", (int) (end - valid), valid);
}

char *
glip_label_isolate (const char *text)
{
  return g_strdup_printf ("\u2068%s\u2069", text);
}

static gint64
measure_overlap (const GlipRectangle *a, const GlipRectangle *b)
{
  int width = MIN (a->x + a->width, b->x + b->width) - MAX (a->x, b->x);
  int height = MIN (a->y + a->height, b->y + b->height) - MAX (a->y, b->y);
  return width > 0 && height > 0 ? (gint64) width * height : 0;
}

typedef struct {
  int frame_width, frame_height;
  const GlipRectangle *taken;
  size_t n_taken;
  GlipRectangle best;
  gint64 covered; /* by `best`; -1 before the first try */
} Search;

/* Whether the label lies well at x, y, moved into the frame where needed. */
static gboolean
try_place (Search *search, int x, int y)
{
  GlipRectangle place = search->best;
  gint64 covered = 0;

  place.x = CLAMP (x, 0, MAX (search->frame_width - place.width, 0));
  place.y = CLAMP (y, 0, MAX (search->frame_height - place.height, 0));
  for (size_t i = 0; i < search->n_taken; i++)
    covered += measure_overlap (&place, &search->taken[i]);
  if (search->covered < 0 || covered < search->covered) {
    search->best = place;
    search->covered = covered;
  }
  return search->covered == 0;
}

static gboolean
try_own_box (Search *search, const GlipRectangle *box)
{
  int width = search->best.width, height = search->best.height;
  int right = box->x + box->width - width, bottom = box->y + box->height;
  gboolean above = box->y >= height, below = bottom <= search->frame_height - height;

  return (above && try_place (search, box->x, box->y - height))
      || try_place (search, box->x, box->y)
      || (below && try_place (search, box->x, bottom))
      || (above && try_place (search, right, box->y - height))
      || (below && try_place (search, right, bottom))
      || try_place (search, box->x, bottom - height);
}

GlipRectangle
glip_label_place (GlipLabelPosition position, int frame_width, int frame_height,
    const GlipRectangle *box, int width, int height, const GlipRectangle *taken,
    size_t n_taken)
{
  Search search = { frame_width, frame_height, taken, n_taken, { 0, 0, width, height }, -1 };

  if (position != GLIP_LABEL_AUTO) {
    int y = position == GLIP_LABEL_TOP ? box->y - height
        : position == GLIP_LABEL_BOTTOM ? box->y + box->height : box->y;
    try_place (&search, box->x, y);
    return search.best;
  }

  gboolean found = try_own_box (&search, box);
  for (int step = 1; !found && step * height < frame_height && step < 64; step++)
    found = try_place (&search, box->x, box->y - (step + 1) * height)
        || try_place (&search, box->x, box->y + step * height);
  return search.best;
}
