/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What a buffer's metadata says was found in it.  Three kinds of it are understood:
 * analytics (GStreamer >= 1.24), regions of interest, and the custom meta
 * "GlipDetections".  Regions lose their parameters, and so their confidence, in every
 * converter; it is then taken from the custom meta, which survives.
 */
#ifndef GST_GLIP_READ_H
#define GST_GLIP_READ_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_GLIP_DETECTIONS_META "GlipDetections"

/**
 * GstGlipOverlaySource:
 * @GST_GLIP_OVERLAY_SOURCE_AUTO: the first of the following that is there
 * @GST_GLIP_OVERLAY_SOURCE_ANALYTICS: object detections in GstAnalyticsRelationMeta
 * @GST_GLIP_OVERLAY_SOURCE_ROI: GstVideoRegionOfInterestMeta
 * @GST_GLIP_OVERLAY_SOURCE_CUSTOM: the custom meta "GlipDetections"
 *
 * The metadata that is drawn.
 *
 * Since: 0.1
 */
typedef enum {
  GST_GLIP_OVERLAY_SOURCE_AUTO,
  GST_GLIP_OVERLAY_SOURCE_ANALYTICS,
  GST_GLIP_OVERLAY_SOURCE_ROI,
  GST_GLIP_OVERLAY_SOURCE_CUSTOM,
} GstGlipOverlaySource;

typedef struct {
  char *phrase;         /* as it came: perhaps no UTF-8 */
  char *region;         /* or NULL */
  double confidence;    /* < 0: unknown */
  double x, y, w, h;    /* pixels of this frame; any value, also no number */
  gint64 track;         /* < 0: none */
  guint64 age;          /* nanoseconds since the frame it was found in */
} GstGlipObject;

typedef struct {
  GArray *objects;        /* GstGlipObject */
  gboolean analysed;      /* somebody looked, and perhaps found nothing */
  char *prompt;           /* or NULL; these three from the custom meta */
  guint64 age;
  guint64 inference_time; /* 0: unknown */
} GstGlipReading;

void gst_glip_reading_init (GstGlipReading *reading);
void gst_glip_reading_clear (GstGlipReading *reading);

/* Fill `reading` from the metadata of a frame of `width` x `height` pixels; what it
 * held is dropped.  Any thread. */
void gst_glip_reading_read (GstGlipReading *reading, GstBuffer *buffer,
    GstGlipOverlaySource source, int width, int height);

G_END_DECLS

#endif /* GST_GLIP_READ_H */
