/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * All frames come first and all labels after them, so that a label is never
 * crossed by another box.  Text is set as plain text: a phrase is the user's and
 * may look like markup.
 */
#include "cli/draw.h"

#include "draw/label.h"
#include "draw/palette.h"

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
  return glip_palette_choose (NULL, 0, phrase);
}

static void
set_colour (cairo_t *cairo, uint32_t colour)
{
  cairo_set_source_rgb (cairo, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0,
      (colour & 255) / 255.0);
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

/* Where it covers no other label: above the box at best, shortened to the width of
 * the picture.  Returns the place it took. */
static GlipRectangle
draw_label (const Canvas *canvas, PangoLayout *layout, const GlipDetection *detection,
    const GArray *taken)
{
  uint32_t colour = glip_draw_get_colour (detection->phrase);
  g_autofree char *phrase = g_utf8_make_valid (detection->phrase, -1);
  g_autofree char *isolated = glip_label_isolate (phrase);
  g_autofree char *text = g_strdup_printf ("%s %.2f", isolated, detection->score);
  double pad = ceil (canvas->font / 5);
  double room = MAX (canvas->width - 2 * pad, 1);
  int text_width, text_height;

  pango_layout_set_text (layout, text, -1);
  pango_layout_set_width (layout, (int) (room * PANGO_SCALE));
  pango_layout_get_pixel_size (layout, &text_width, &text_height);
  const GlipRectangle box = { (int) floorf (detection->x0), (int) floorf (detection->y0),
    (int) ceilf (detection->x1 + 1 - detection->x0),
    (int) ceilf (detection->y1 + 1 - detection->y0) };
  GlipRectangle place = glip_label_place (GLIP_LABEL_AUTO, (int) canvas->width,
      (int) canvas->height, &box, (int) (MIN (text_width, room) + 2 * pad), text_height,
      (const GlipRectangle *) (void *) taken->data, taken->len);

  cairo_save (canvas->cairo);
  cairo_rectangle (canvas->cairo, place.x, place.y, place.width, place.height);
  cairo_clip_preserve (canvas->cairo);
  set_colour (canvas->cairo, colour);
  cairo_fill (canvas->cairo);
  set_colour (canvas->cairo, glip_palette_choose_ink (colour));
  cairo_move_to (canvas->cairo, place.x + pad, place.y);
  pango_cairo_show_layout (canvas->cairo, layout);
  cairo_restore (canvas->cairo);
  return place;
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
  PangoContext *context = pango_cairo_create_context (canvas.cairo);
  g_autoptr (PangoLayout) layout = glip_label_layout_new (context, NULL, canvas.font);
  g_autoptr (GArray) taken = g_array_new (FALSE, FALSE, sizeof (GlipRectangle));

  cairo_set_line_join (canvas.cairo, CAIRO_LINE_JOIN_MITER);

  for (size_t i = n_detections; i-- > 0;)
    draw_frame (&canvas, detections[i]);
  /* The first, the surest, has the first choice of a place. */
  for (size_t i = 0; i < n_detections; i++) {
    GlipRectangle place = draw_label (&canvas, layout, detections[i], taken);
    g_array_append_val (taken, place);
  }
  g_object_unref (context);
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
