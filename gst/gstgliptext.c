/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The font map is the element's own, so that elements in different threads never
 * share one.
 */
#include "gstgliptext.h"

#include "draw/label.h"
#include "gstglipsprite.h"

#include <math.h>
#include <pango/pangocairo.h>

/* Drawings that a picture survives without being used: two seconds of video or so. */
#define KEEP 60

typedef struct {
  GstBuffer *pixels;
  int width, height;
  guint64 used; /* at this number of `sweeps` */
} Picture;

struct _GstGlipText {
  GHashTable *pictures; /* char * -> Picture */
  guint64 sweeps;
  PangoFontMap *fonts;
  PangoContext *context;
  PangoLayout *layout;
  GstGlipTextSetup setup;
  int pad; /* left and right of the text */
};

static void
free_picture (gpointer data)
{
  Picture *picture = data;
  gst_buffer_unref (picture->pixels);
  g_free (picture);
}

GstGlipText *
gst_glip_text_new (void)
{
  GstGlipText *text = g_new0 (GstGlipText, 1);
  text->pictures = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, free_picture);
  return text;
}

void
gst_glip_text_free (GstGlipText *text)
{
  if (!text)
    return;
  g_hash_table_unref (text->pictures);
  g_clear_object (&text->layout);
  g_clear_object (&text->context);
  g_clear_object (&text->fonts);
  g_free (text);
}

/* Pixels: what the description says (points at 96 dots per inch), or a size that
 * people can read in the whole frame. */
static double
choose_size (const GstGlipTextSetup *setup)
{
  PangoFontDescription *font = pango_font_description_from_string (setup->font);
  double size = (double) pango_font_description_get_size (font) / PANGO_SCALE;
  double side = MIN (setup->max_width * setup->aspect, setup->max_height);

  if (!pango_font_description_get_size_is_absolute (font))
    size *= 96.0 / 72.0;
  pango_font_description_free (font);
  if (size <= 0)
    size = CLAMP (side / 40, 12, 96);
  return MIN (size, MAX (setup->max_height / 2.0, 1));
}

void
gst_glip_text_set_up (GstGlipText *text, const GstGlipTextSetup *setup)
{
  g_hash_table_remove_all (text->pictures);
  g_clear_object (&text->layout);
  if (!text->fonts) {
    text->fonts = pango_cairo_font_map_new ();
    text->context = pango_font_map_create_context (text->fonts);
  }
  text->setup = *setup;
  text->setup.font = NULL;
  double size = choose_size (setup);
  text->layout = glip_label_layout_new (text->context, setup->font, size);
  text->pad = MIN ((int) ceil (size / 5 / setup->aspect), setup->max_width / 4);
}

static int
round_up (int value, int grid, int max)
{
  return MIN ((value + grid - 1) / grid * grid, max);
}

static void
set_source (cairo_t *cairo, guint32 argb)
{
  cairo_set_source_rgba (cairo, (argb >> 16 & 255) / 255.0, (argb >> 8 & 255) / 255.0,
      (argb & 255) / 255.0, (argb >> 24) / 255.0);
}

static void
paint (GstGlipText *text, cairo_t *cairo, int left, guint32 ink, guint32 background,
    double alpha)
{
  cairo_set_operator (cairo, CAIRO_OPERATOR_SOURCE);
  set_source (cairo, background);
  cairo_paint (cairo);
  cairo_set_operator (cairo, CAIRO_OPERATOR_OVER);
  set_source (cairo, ink);
  cairo_move_to (cairo, left, 0);
  pango_cairo_show_layout (cairo, text->layout);
  if (alpha < 1) {
    cairo_set_operator (cairo, CAIRO_OPERATOR_DEST_IN);
    cairo_paint_with_alpha (cairo, alpha);
  }
}

/* Pango spaces letters badly under a scale that differs in x and y, so the label is
 * drawn in square pixels and squeezed as a picture. */
static void
paint_squeezed (GstGlipText *text, cairo_t *cairo, int width, int height, guint32 ink,
    guint32 background, double alpha)
{
  int square_width = MAX ((int) (width * text->setup.aspect + 0.5), 1);
  cairo_surface_t *square =
      cairo_image_surface_create (CAIRO_FORMAT_ARGB32, square_width, height);
  cairo_t *inner = cairo_create (square);

  paint (text, inner, (int) (text->pad * text->setup.aspect + 0.5), ink, background, alpha);
  cairo_destroy (inner);
  cairo_scale (cairo, (double) width / square_width, 1);
  cairo_set_source_surface (cairo, square, 0, 0);
  cairo_pattern_set_extend (cairo_get_source (cairo), CAIRO_EXTEND_PAD);
  cairo_set_operator (cairo, CAIRO_OPERATOR_SOURCE);
  cairo_paint (cairo);
  cairo_surface_destroy (square);
}

static Picture *
render (GstGlipText *text, const char *label, guint32 ink, guint32 background, double alpha)
{
  const GstGlipTextSetup *setup = &text->setup;
  double room = MAX ((setup->max_width - 2 * text->pad) * setup->aspect, 1);
  int text_width, text_height;
  GstMapInfo map;

  pango_layout_set_text (text->layout, label, -1);
  pango_layout_set_width (text->layout, (int) (room * PANGO_SCALE));
  pango_layout_get_pixel_size (text->layout, &text_width, &text_height);
  int wide = (int) ceil (MIN (text_width, room) / setup->aspect) + 2 * text->pad;
  int width = round_up (MAX (wide, 1), setup->grid_x, setup->max_width);
  int height = round_up (MAX (text_height, 1), setup->grid_y, setup->max_height);

  GstBuffer *pixels = gst_glip_pixels_new (width, height, &map);
  if (!pixels)
    return NULL;
  cairo_surface_t *surface = cairo_image_surface_create_for_data (map.data,
      CAIRO_FORMAT_ARGB32, width, height, 4 * width);
  cairo_t *cairo = cairo_create (surface);
  if (setup->aspect == 1)
    paint (text, cairo, text->pad, ink, background, alpha * setup->opacity);
  else
    paint_squeezed (text, cairo, width, height, ink, background, alpha * setup->opacity);
  cairo_destroy (cairo);
  cairo_surface_destroy (surface);
  gst_glip_pixels_finish (pixels, &map);

  Picture *picture = g_new (Picture, 1);
  *picture = (Picture) { pixels, width, height, 0 };
  return picture;
}

GstBuffer *
gst_glip_text_get (GstGlipText *text, const char *label, guint32 ink, guint32 background,
    double alpha, int *width, int *height)
{
  g_autofree char *key = g_strdup_printf ("%08x %08x %02x %s", ink, background,
      (guint) (alpha * 255), label);
  Picture *picture = g_hash_table_lookup (text->pictures, key);

  if (!picture) {
    picture = render (text, label, ink, background, alpha);
    if (!picture)
      return NULL;
    g_hash_table_insert (text->pictures, g_steal_pointer (&key), picture);
  }
  picture->used = text->sweeps;
  *width = picture->width;
  *height = picture->height;
  return picture->pixels;
}

static gboolean
is_unused (gpointer key, gpointer value, gpointer user_data)
{
  (void) key;
  const Picture *picture = value;
  const GstGlipText *text = user_data;
  return picture->used + KEEP < text->sweeps;
}

void
gst_glip_text_sweep (GstGlipText *text)
{
  text->sweeps++;
  g_hash_table_foreach_remove (text->pictures, is_unused, text);
}
