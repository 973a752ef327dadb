/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * All frames come first and all labels after them, so that a label is never
 * crossed by another box.  Text is set as plain text: a phrase is the user's and
 * may look like markup.
 */
#include "cli/draw.h"

#include <math.h>
#include <pango/pangocairo.h>

typedef struct {
  cairo_t *cairo;
  double width, height; /* of the picture */
  double line;          /* width of a frame's line */
  double font;          /* pixels */
} Canvas;

uint32_t
glip_draw_get_colour (const char *phrase)
{
  static const uint32_t palette[] = { 0xe69f00, 0x56b4e9, 0x009e73, 0xf0e442, 0x0072b2,
    0xd55e00, 0xcc79a7 };
  uint32_t hash = 2166136261u; /* FNV-1a */
  for (const char *at = phrase; *at; at++)
    hash = (hash ^ (uint8_t) *at) * 16777619u;
  return palette[hash % G_N_ELEMENTS (palette)];
}

static void
set_colour (cairo_t *cairo, uint32_t colour)
{
  cairo_set_source_rgb (cairo, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0,
      (colour & 255) / 255.0);
}

/* Black or white, whichever reads better (luminance of ITU-R BT.601). */
static uint32_t
choose_ink (uint32_t colour)
{
  uint32_t luminance =
      299 * (colour >> 16 & 255) + 587 * (colour >> 8 & 255) + 114 * (colour & 255);
  return luminance > 128000 ? 0x000000 : 0xffffff;
}

/* Corners are inclusive pixels, so the frame reaches to x1 + 1; the line lies inside
 * of it, as far as the box has an inside. */
static void
draw_frame (const Canvas *canvas, const GlipDetection *detection)
{
  double width = MAX (detection->x1 + 1.0 - detection->x0, 1);
  double height = MAX (detection->y1 + 1.0 - detection->y0, 1);
  double line = MIN (canvas->line, MIN (width, height));

  set_colour (canvas->cairo, glip_draw_get_colour (detection->phrase));
  cairo_set_line_width (canvas->cairo, line);
  cairo_rectangle (canvas->cairo, detection->x0 + line / 2, detection->y0 + line / 2,
      width - line, height - line);
  cairo_stroke (canvas->cairo);
}

/* Above the box, or inside its upper edge where there is no room above; moved as
 * far as needed to lie within the picture, and shortened to its width. */
static void
draw_label (const Canvas *canvas, PangoLayout *layout, const GlipDetection *detection)
{
  uint32_t colour = glip_draw_get_colour (detection->phrase);
  g_autofree char *phrase = g_utf8_make_valid (detection->phrase, -1);
  /* Isolated, so that a phrase from right to left does not pull the score along. */
  g_autofree char *text =
      g_strdup_printf ("\u2068%s\u2069 %.2f", phrase, detection->score);
  double pad = ceil (canvas->font / 5);
  double room = MAX (canvas->width - 2 * pad, 1);
  int text_width, text_height;

  pango_layout_set_text (layout, text, -1);
  pango_layout_set_width (layout, (int) (room * PANGO_SCALE));
  pango_layout_get_pixel_size (layout, &text_width, &text_height);
  double width = MIN (text_width, room) + 2 * pad, height = text_height;
  double y = detection->y0 >= height ? detection->y0 - height : detection->y0;
  y = CLAMP (y, 0, MAX (canvas->height - height, 0));
  double x = CLAMP (detection->x0, 0, MAX (canvas->width - width, 0));

  cairo_save (canvas->cairo);
  cairo_rectangle (canvas->cairo, floor (x), floor (y), width, height);
  cairo_clip_preserve (canvas->cairo);
  set_colour (canvas->cairo, colour);
  cairo_fill (canvas->cairo);
  set_colour (canvas->cairo, choose_ink (colour));
  cairo_move_to (canvas->cairo, floor (x) + pad, floor (y));
  pango_cairo_show_layout (canvas->cairo, layout);
  cairo_restore (canvas->cairo);
}

void
glip_draw_detections (cairo_surface_t *surface, const GlipDetection *const *detections,
    size_t n_detections)
{
  double width = cairo_image_surface_get_width (surface);
  double height = cairo_image_surface_get_height (surface);
  double side = MIN (width, height);
  Canvas canvas = { cairo_create (surface), width, height,
    MAX (round (side / 300), 2), MIN (CLAMP (side / 40, 12, 96), MAX (height / 2, 1)) };
  g_autoptr (PangoLayout) layout = pango_cairo_create_layout (canvas.cairo);
  PangoFontDescription *font = pango_font_description_from_string ("Sans Bold");

  pango_font_description_set_absolute_size (font, canvas.font * PANGO_SCALE);
  pango_layout_set_font_description (layout, font);
  pango_font_description_free (font);
  pango_layout_set_single_paragraph_mode (layout, TRUE);
  pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_MIDDLE);
  /* Left in a text from right to left, too: the label is as wide as its text. */
  pango_layout_set_auto_dir (layout, FALSE);
  cairo_set_line_join (canvas.cairo, CAIRO_LINE_JOIN_MITER);

  for (size_t i = n_detections; i-- > 0;)
    draw_frame (&canvas, detections[i]);
  for (size_t i = n_detections; i-- > 0;)
    draw_label (&canvas, layout, detections[i]);
  cairo_destroy (canvas.cairo);
}

cairo_surface_t *
glip_draw_surface_new (GdkPixbuf *picture, GError **error)
{
  int width = gdk_pixbuf_get_width (picture), height = gdk_pixbuf_get_height (picture);
  size_t step = (size_t) gdk_pixbuf_get_n_channels (picture);
  size_t stride = (size_t) gdk_pixbuf_get_rowstride (picture);
  const uint8_t *pixels = gdk_pixbuf_read_pixels (picture);
  cairo_surface_t *surface =
      cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);

  if (cairo_surface_status (surface) != CAIRO_STATUS_SUCCESS) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_OUT_OF_MEMORY,
        "cannot make a drawing of %dx%d pixels: %s", width, height,
        cairo_status_to_string (cairo_surface_status (surface)));
    cairo_surface_destroy (surface);
    return NULL;
  }

  uint8_t *copy = cairo_image_surface_get_data (surface);
  size_t copy_stride = (size_t) cairo_image_surface_get_stride (surface);
  for (size_t y = 0; y < (size_t) height; y++) {
    const uint8_t *from = pixels + y * stride;
    uint32_t *to = (uint32_t *) (void *) (copy + y * copy_stride);
    for (size_t x = 0; x < (size_t) width; x++, from += step)
      to[x] = (uint32_t) from[0] << 16 | (uint32_t) from[1] << 8 | from[2];
  }
  cairo_surface_mark_dirty (surface);
  return surface;
}

static cairo_status_t
append_bytes (void *closure, const unsigned char *data, unsigned int length)
{
  g_byte_array_append (closure, data, length);
  return CAIRO_STATUS_SUCCESS;
}

gboolean
glip_draw_save (cairo_surface_t *surface, const char *path, GError **error)
{
  g_autoptr (GByteArray) png = g_byte_array_new ();
  g_autoptr (GError) inner = NULL;
  cairo_status_t status =
      cairo_surface_write_to_png_stream (surface, append_bytes, png);

  if (status != CAIRO_STATUS_SUCCESS) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_IO, "%s: cannot make a PNG: %s", path,
        cairo_status_to_string (status));
    return FALSE;
  }
  if (!g_file_set_contents (path, (const char *) png->data, png->len, &inner)) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_IO, "%s: cannot write: %s", path, inner->message);
    return FALSE;
  }
  return TRUE;
}
