/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Detections drawn onto a picture: a frame each in its phrase's colour, and
 * "phrase 0.87" beside it.
 */
#ifndef GLIP_CLI_DRAW_H
#define GLIP_CLI_DRAW_H

#include "glip.h"

#include <cairo.h>
#include <gdk-pixbuf/gdk-pixbuf.h>

/* 0xRRGGBB of a phrase: the same in every run and picture, from a palette that
 * colour-blind people can tell apart (Okabe and Ito, 2008). */
uint32_t glip_draw_get_colour (const char *phrase);

/* Draw onto an image surface; the first of `detections` comes out on top. */
void glip_draw_detections (cairo_surface_t *surface,
    const GlipDetection *const *detections, size_t n_detections);

/* A copy of `picture` without alpha.  (transfer full)  Errors: OUT_OF_MEMORY. */
cairo_surface_t *glip_draw_surface_new (GdkPixbuf *picture, GError **error);

/* Replace the file at `path` as a whole or not at all.  Errors: IO. */
gboolean glip_draw_save (cairo_surface_t *surface, const char *path, GError **error);

#endif /* GLIP_CLI_DRAW_H */
