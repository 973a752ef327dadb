/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * A sprite is a small picture (premultiplied BGRA in memory order of the overlay
 * composition) with its place in the frame: an edge of a box, or a label.  Sprites
 * are blended into a frame of any format one window at a time: the frame is seen
 * through a GstVideoFrame that is no larger than the sprite, so that the cost is that
 * of the drawn area.  (Whole lines are converted otherwise, however small the sprite.)
 */
#ifndef GST_GLIP_SPRITE_H
#define GST_GLIP_SPRITE_H

#include "draw/label.h"

#include <gst/video/video.h>

G_BEGIN_DECLS

typedef struct {
  GstBuffer *pixels;   /* with a GstVideoMeta */
  GlipRectangle place; /* of the size of the picture, inside the frame */
} GstGlipSprite;

/* A writable picture with undefined pixels; *data is mapped until
 * gst_glip_pixels_finish ().  (transfer full) */
GstBuffer *gst_glip_pixels_new (int width, int height, GstMapInfo *map);
void gst_glip_pixels_finish (GstBuffer *pixels, GstMapInfo *map);

/* 0xAARRGGBB, premultiplied, of 0xRRGGBB with `alpha` between 0 and 1. */
guint32 gst_glip_premultiply (guint32 colour, double alpha);

/* An area of one colour; with dash > 0 the colour comes and goes every `dash` pixels
 * along the longer side.  (transfer full) */
GstBuffer *gst_glip_pixels_new_line (int width, int height, guint32 premultiplied, int dash);

/* Sprites of a frame with these formats start and end at multiples of these. */
void gst_glip_sprite_get_grid (const GstVideoFormatInfo *format, int *grid_x, int *grid_y);

/* FALSE when the format cannot be drawn into: encoded, or with a palette. */
gboolean gst_glip_sprite_can_blend (const GstVideoFormatInfo *format);

/* Blend into a frame that is mapped for reading and writing. */
gboolean gst_glip_sprite_blend (const GstGlipSprite *sprite, GstVideoFrame *frame);

/* (transfer full) */
GstVideoOverlayRectangle *gst_glip_sprite_to_rectangle (const GstGlipSprite *sprite);

G_END_DECLS

#endif /* GST_GLIP_SPRITE_H */
