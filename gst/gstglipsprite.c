/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * gst_video_blend () converts the lines that it touches from their first to their last
 * pixel.  Planes that store pixels side by side let a window be made by moving the
 * plane's start; only packed groups (v210) and tiles take the long way.
 */
#include "gstglipsprite.h"

#include <gst/video/video-blend.h>
#include <string.h>

GstBuffer *
gst_glip_pixels_new (int width, int height, GstMapInfo *map)
{
  GstBuffer *pixels = gst_buffer_new_allocate (NULL, (gsize) width * (gsize) height * 4, NULL);

  if (!pixels)
    return NULL;
  gst_buffer_add_video_meta (pixels, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB, (guint) width, (guint) height);
  if (!gst_buffer_map (pixels, map, GST_MAP_WRITE))
    gst_clear_buffer (&pixels);
  return pixels;
}

void
gst_glip_pixels_finish (GstBuffer *pixels, GstMapInfo *map)
{
  gst_buffer_unmap (pixels, map);
}

guint32
gst_glip_premultiply (guint32 colour, double alpha)
{
  guint32 a = (guint32) (CLAMP (alpha, 0, 1) * 255 + 0.5), result = a << 24;
  for (int shift = 0; shift < 24; shift += 8)
    result |= ((colour >> shift & 255) * a + 127) / 255 << shift;
  return result;
}

GstBuffer *
gst_glip_pixels_new_line (int width, int height, guint32 premultiplied, int dash)
{
  GstMapInfo map;
  GstBuffer *pixels = gst_glip_pixels_new (width, height, &map);

  if (!pixels)
    return NULL;
  guint32 *to = (guint32 *) (void *) map.data;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      int along = width > height ? x : y;
      *to++ = dash > 0 && along / dash % 2 ? 0 : premultiplied;
    }
  gst_glip_pixels_finish (pixels, &map);
  return pixels;
}

void
gst_glip_sprite_get_grid (const GstVideoFormatInfo *format, int *grid_x, int *grid_y)
{
  *grid_x = *grid_y = 1;
  for (guint i = 0; i < GST_VIDEO_FORMAT_INFO_N_COMPONENTS (format); i++) {
    *grid_x = MAX (*grid_x, 1 << GST_VIDEO_FORMAT_INFO_W_SUB (format, i));
    *grid_y = MAX (*grid_y, 1 << GST_VIDEO_FORMAT_INFO_H_SUB (format, i));
  }
}

gboolean
gst_glip_sprite_can_blend (const GstVideoFormatInfo *format)
{
  return format->unpack_func && format->pack_func && !GST_VIDEO_FORMAT_INFO_HAS_PALETTE (format)
      && GST_VIDEO_FORMAT_INFO_FORMAT (format) != GST_VIDEO_FORMAT_ENCODED;
}

/* Whether every component lies in bytes that are its own or its pixel group's. */
static gboolean
has_windows (const GstVideoFormatInfo *format)
{
  if (GST_VIDEO_FORMAT_INFO_IS_COMPLEX (format) || GST_VIDEO_FORMAT_INFO_IS_TILED (format))
    return FALSE;
  for (guint i = 0; i < GST_VIDEO_FORMAT_INFO_N_COMPONENTS (format); i++)
    if (GST_VIDEO_FORMAT_INFO_PSTRIDE (format, i) <= 0)
      return FALSE;
  return TRUE;
}

static void
make_window (const GstVideoFrame *frame, const GlipRectangle *place, GstVideoFrame *window)
{
  const GstVideoFormatInfo *format = frame->info.finfo;

  *window = *frame;
  window->info.width = MIN (place->width, GST_VIDEO_FRAME_WIDTH (frame) - place->x);
  window->info.height = MIN (place->height, GST_VIDEO_FRAME_HEIGHT (frame) - place->y);
  for (guint i = 0; i < GST_VIDEO_FORMAT_INFO_N_COMPONENTS (format); i++) {
    guint plane = GST_VIDEO_FORMAT_INFO_PLANE (format, i);
    gssize x = GST_VIDEO_FORMAT_INFO_SCALE_WIDTH (format, i, place->x);
    gssize y = GST_VIDEO_FORMAT_INFO_SCALE_HEIGHT (format, i, place->y);
    window->data[plane] = (guint8 *) frame->data[plane]
        + y * GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane)
        + x * GST_VIDEO_FORMAT_INFO_PSTRIDE (format, i);
  }
}

gboolean
gst_glip_sprite_blend (const GstGlipSprite *sprite, GstVideoFrame *frame)
{
  const GlipRectangle *place = &sprite->place;
  GstVideoFrame source, window;
  GstVideoInfo info;
  gboolean done;

  gst_video_info_set_format (&info, GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB,
      (guint) place->width, (guint) place->height);
  GST_VIDEO_INFO_FLAGS (&info) |= GST_VIDEO_FLAG_PREMULTIPLIED_ALPHA;
  if (!gst_video_frame_map (&source, &info, sprite->pixels, GST_MAP_READ))
    return FALSE;
  if (has_windows (frame->info.finfo)) {
    make_window (frame, place, &window);
    done = gst_video_blend (&window, &source, 0, 0, 1.0f);
  } else
    done = gst_video_blend (frame, &source, place->x, place->y, 1.0f);
  gst_video_frame_unmap (&source);
  return done;
}

GstVideoOverlayRectangle *
gst_glip_sprite_to_rectangle (const GstGlipSprite *sprite)
{
  const GlipRectangle *place = &sprite->place;
  return gst_video_overlay_rectangle_new_raw (sprite->pixels, place->x, place->y,
      (guint) place->width, (guint) place->height,
      GST_VIDEO_OVERLAY_FORMAT_FLAG_PREMULTIPLIED_ALPHA);
}
