/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What a detection looks like on a buffer, written and read.  The custom meta
 * "GlipDetections" has no tags and therefore survives elements that drop region and
 * analytics metas; its boxes are normalised and describe the picture they were found
 * in, also after a crop or a flip.
 */
#ifndef GST_GLIP_META_H
#define GST_GLIP_META_H

#include <gst/video/video.h>

G_BEGIN_DECLS

#define GST_GLIP_META_NAME "GlipDetections"

/* Which metadata to write. */
typedef enum {
  GST_GLIP_META_ROI = 1 << 0,
  GST_GLIP_META_ANALYTICS = 1 << 1,
  GST_GLIP_META_CUSTOM = 1 << 2,
} GstGlipMetaFlags;

#define GST_TYPE_GLIP_META_FLAGS (gst_glip_meta_flags_get_type ())
GType gst_glip_meta_flags_get_type (void);

typedef struct {
  const char *phrase;
  int phrase_index;         /* from 0 */
  int span_start, span_end; /* bytes of the prompt */
  double confidence;
  double x, y, w, h;        /* 0 to 1 */
} GstGlipObject;

/* One picture's detections.  A reader gets the strings from the meta: they live as
 * long as the buffer is not changed. */
typedef struct {
  int width, height; /* of the picture, pixels */
  GstClockTime pts, inference_pts, age, inference_time;
  gboolean stale, inferred;
  const char *prompt;
  guint prompt_serial;
  GArray *objects; /* of GstGlipObject */
} GstGlipDetections;

/* Make the custom meta known; may be called again.  Any thread. */
void gst_glip_meta_register (void);

/* Write `flags` of metadata to a writable buffer.  Any thread. */
void gst_glip_meta_write (
    GstBuffer *buffer, const GstGlipDetections *detections, GstGlipMetaFlags flags);

/* Read a custom meta: the first when `*state` is NULL, then the next (several
 * detectors may have written to one buffer).  FALSE when there is none left.  The
 * caller unrefs `detections->objects`.  Fields that are missing or of the wrong type
 * read as 0, objects without a phrase are skipped.  Any thread. */
gboolean gst_glip_meta_read (
    GstBuffer *buffer, gpointer *state, GstGlipDetections *detections);

G_END_DECLS

#endif /* GST_GLIP_META_H */
