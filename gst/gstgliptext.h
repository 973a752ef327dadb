/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Rendered text: a cache from a text and its colours to the picture of a label.
 */
#ifndef GST_GLIP_TEXT_H
#define GST_GLIP_TEXT_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstGlipText GstGlipText;

typedef struct {
  int max_width, max_height; /* pixels of the largest label: the frame */
  int grid_x, grid_y;        /* sizes are multiples of these, unless that is too large */
  double aspect;             /* width of a pixel by its height */
  double opacity;
  const char *font;          /* Pango's description; only used during the call */
} GstGlipTextSetup;

GstGlipText *gst_glip_text_new (void);
void gst_glip_text_free (GstGlipText *text);

/* Forgets all pictures. */
void gst_glip_text_set_up (GstGlipText *text, const GstGlipTextSetup *setup);

/* The picture of `label` with `ink` on `background` (0xAARRGGBB), its size in *width
 * and *height.  (transfer none), valid until the next gst_glip_text_sweep () or set-up;
 * NULL only when out of memory. */
GstBuffer *gst_glip_text_get (GstGlipText *text, const char *label, guint32 ink,
    guint32 background, double alpha, int *width, int *height);

/* Once for every new drawing: drop what has not been used for a while. */
void gst_glip_text_sweep (GstGlipText *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstGlipText, gst_glip_text_free)

G_END_DECLS

#endif /* GST_GLIP_TEXT_H */
