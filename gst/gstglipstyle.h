/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The look of the overlay: a plain struct, and the properties that set it.  The
 * element keeps one under its object lock; the drawing has its own copy, taken when
 * the serial number moved on.
 */
#ifndef GST_GLIP_STYLE_H
#define GST_GLIP_STYLE_H

#include "draw/label.h"

#include <gst/gst.h>

G_BEGIN_DECLS

/**
 * GstGlipOverlayColorMode:
 * @GST_GLIP_OVERLAY_COLOR_PHRASE: a colour of the palette for every phrase
 * @GST_GLIP_OVERLAY_COLOR_TRACK: a colour of the palette for every track
 * @GST_GLIP_OVERLAY_COLOR_CONFIDENCE: vermillion below 0.5, yellow below 0.75, else green
 * @GST_GLIP_OVERLAY_COLOR_FIXED: the property "color"
 *
 * Since: 0.1
 */
typedef enum {
  GST_GLIP_OVERLAY_COLOR_PHRASE,
  GST_GLIP_OVERLAY_COLOR_TRACK,
  GST_GLIP_OVERLAY_COLOR_CONFIDENCE,
  GST_GLIP_OVERLAY_COLOR_FIXED,
} GstGlipOverlayColorMode;

/**
 * GstGlipOverlayStaleStyle:
 * @GST_GLIP_OVERLAY_STALE_DASHED: dashed lines
 * @GST_GLIP_OVERLAY_STALE_FADE: half transparent
 * @GST_GLIP_OVERLAY_STALE_HIDE: not drawn
 * @GST_GLIP_OVERLAY_STALE_SOLID: like any other
 *
 * How boxes look that are older than "stale-after".
 *
 * Since: 0.1
 */
typedef enum {
  GST_GLIP_OVERLAY_STALE_DASHED,
  GST_GLIP_OVERLAY_STALE_FADE,
  GST_GLIP_OVERLAY_STALE_HIDE,
  GST_GLIP_OVERLAY_STALE_SOLID,
} GstGlipOverlayStaleStyle;

typedef struct {
  gboolean draw_boxes, draw_labels, draw_confidence, draw_track_id;
  gboolean show_prompt, show_stats;
  char *label_format;
  GstGlipOverlayColorMode color_mode;
  guint color, text_color, label_background; /* 0xAARRGGBB */
  char *palette;                             /* as it was set, or NULL */
  guint32 *colours;                          /* of `palette` */
  gsize n_colours;
  double line_width;                         /* 0: by the frame */
  char *font;                                /* size 0: by the frame */
  GlipLabelPosition label_position;
  double fill_alpha, opacity;
  float min_confidence;
  char *show_phrases, *hide_phrases;
  GstGlipOverlayStaleStyle stale_style;
  guint64 stale_after;
} GstGlipStyle;

void gst_glip_style_init (GstGlipStyle *style);
void gst_glip_style_clear (GstGlipStyle *style);
/* `style` is cleared first. */
void gst_glip_style_copy (GstGlipStyle *style, const GstGlipStyle *from);

/* Whether show-phrases and hide-phrases let a phrase through; both are lists of whole
 * phrases with commas between, in any case. */
gboolean gst_glip_style_shows (const GstGlipStyle *style, const char *phrase);

/* Properties first .. first + n - 1; returns n. */
guint gst_glip_style_install (GObjectClass *object_class, guint first);
/* Number 0 .. n - 1.  FALSE: the value is not acceptable, and *message says why
 * (transfer full); nothing was changed. */
gboolean gst_glip_style_set (GstGlipStyle *style, guint number, const GValue *value,
    char **message);
void gst_glip_style_get (const GstGlipStyle *style, guint number, GValue *value);

G_END_DECLS

#endif /* GST_GLIP_STYLE_H */
