/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Pictures are made small when they arrive, so that a sheet of a long video takes
 * no more memory than one of a short video.
 */
#include "contact-sheet.h"

#include <cairo.h>

#define GAP 6
#define CAPTION_SIZE 13

typedef struct {
  cairo_surface_t *picture;
  GstClockTime time;
} Tile;

struct _ContactSheet {
  int columns, rows, tile_width;
  guint64 n_seen, every;
  GArray *tiles; /* of Tile, oldest first */
};

static void
clear_tile (gpointer tile)
{
  cairo_surface_destroy (((Tile *) tile)->picture);
}

ContactSheet *
contact_sheet_new (int columns, int rows, int tile_width)
{
  ContactSheet *sheet = g_new0 (ContactSheet, 1);
  sheet->columns = columns;
  sheet->rows = rows;
  sheet->tile_width = tile_width;
  sheet->every = 1;
  sheet->tiles = g_array_new (FALSE, FALSE, sizeof (Tile));
  g_array_set_clear_func (sheet->tiles, clear_tile);
  return sheet;
}

void
contact_sheet_free (ContactSheet *sheet)
{
  if (!sheet)
    return;
  g_array_unref (sheet->tiles);
  g_free (sheet);
}

/* (transfer full), or NULL for an empty picture */
static cairo_surface_t *
make_small (GstVideoFrame *frame, int width)
{
  const int from_width = GST_VIDEO_FRAME_WIDTH (frame);
  const int from_height = GST_VIDEO_FRAME_HEIGHT (frame);
  const double scale = (double) width / from_width;
  const int height = MAX (1, (int) (from_height * scale + 0.5));
  cairo_surface_t *from = cairo_image_surface_create_for_data (
      GST_VIDEO_FRAME_PLANE_DATA (frame, 0), CAIRO_FORMAT_RGB24, from_width, from_height,
      GST_VIDEO_FRAME_PLANE_STRIDE (frame, 0));
  cairo_surface_t *to = cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
  cairo_t *cairo = cairo_create (to);
  cairo_scale (cairo, scale, scale);
  cairo_set_source_surface (cairo, from, 0, 0);
  cairo_pattern_set_filter (cairo_get_source (cairo), CAIRO_FILTER_BEST);
  cairo_paint (cairo);
  cairo_destroy (cairo);
  cairo_surface_destroy (from);
  return to;
}

/* Keep one of two. */
static void
thin_out (ContactSheet *sheet)
{
  for (guint i = 1; i < sheet->tiles->len; i++)
    g_array_remove_index (sheet->tiles, i);
  sheet->every *= 2;
}

gboolean
contact_sheet_add (ContactSheet *sheet, GstSample *sample)
{
  if (sheet->n_seen++ % sheet->every != 0)
    return TRUE;
  GstVideoInfo info;
  GstVideoFrame frame;
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  if (!gst_video_info_from_caps (&info, gst_sample_get_caps (sample)) ||
      !gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ))
    return FALSE;
  const Tile tile = { make_small (&frame, sheet->tile_width), GST_BUFFER_PTS (buffer) };
  gst_video_frame_unmap (&frame);
  g_array_append_val (sheet->tiles, tile);
  if (sheet->tiles->len >= (guint) (2 * sheet->columns * sheet->rows))
    thin_out (sheet);
  return TRUE;
}

static void
draw_tile (cairo_t *cairo, const Tile *tile, double x, double y)
{
  cairo_set_source_surface (cairo, tile->picture, x, y);
  cairo_paint (cairo);
  if (!GST_CLOCK_TIME_IS_VALID (tile->time))
    return;
  g_autofree char *caption = g_strdup_printf ("%.2f s", (double) tile->time / GST_SECOND);
  cairo_set_source_rgb (cairo, 0.75, 0.75, 0.75);
  cairo_move_to (cairo, x + 2, y + cairo_image_surface_get_height (tile->picture) + CAPTION_SIZE);
  cairo_show_text (cairo, caption);
}

gboolean
contact_sheet_save (ContactSheet *sheet, const char *path, GError **error)
{
  const int n_tiles = MIN ((int) sheet->tiles->len, sheet->columns * sheet->rows);
  if (n_tiles == 0) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: there was no frame", path);
    return FALSE;
  }
  const Tile *tiles = (const Tile *) (void *) sheet->tiles->data;
  const int columns = MIN (sheet->columns, n_tiles);
  const int rows = (n_tiles + columns - 1) / columns;
  const int step_x = sheet->tile_width + GAP;
  const int step_y = cairo_image_surface_get_height (tiles[0].picture) + CAPTION_SIZE + GAP;

  cairo_surface_t *page = cairo_image_surface_create (
      CAIRO_FORMAT_RGB24, columns * step_x + GAP, rows * step_y + GAP);
  cairo_t *cairo = cairo_create (page);
  cairo_set_source_rgb (cairo, 0.12, 0.12, 0.12);
  cairo_paint (cairo);
  cairo_select_font_face (cairo, "Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size (cairo, CAPTION_SIZE);
  for (int i = 0; i < n_tiles; i++) {
    const guint which = (guint) i * sheet->tiles->len / (guint) n_tiles;
    draw_tile (cairo, &tiles[which], GAP + i % columns * step_x, GAP + i / columns * step_y);
  }
  cairo_destroy (cairo);

  const cairo_status_t status = cairo_surface_write_to_png (page, path);
  cairo_surface_destroy (page);
  if (status != CAIRO_STATUS_SUCCESS)
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: %s", path,
        cairo_status_to_string (status));
  return status == CAIRO_STATUS_SUCCESS;
}
