/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * From detections to sprites.  A drawing keeps what it made: while neither the
 * detections nor the look change, a frame costs only the blending, and rendered text
 * is kept for as long as it is in use.  One thread at a time.
 */
#ifndef GST_GLIP_DRAW_H
#define GST_GLIP_DRAW_H

#include "gstglipread.h"
#include "gstglipstyle.h"

#include <gst/video/video.h>

G_BEGIN_DECLS

typedef struct _GstGlipDrawing GstGlipDrawing;

GstGlipDrawing *gst_glip_drawing_new (void);
void gst_glip_drawing_free (GstGlipDrawing *drawing);

/* What is drawn onto.  `blend`: the frame's own memory, whose chroma may be coarser
 * than its pixels; else an overlay beside it. */
void gst_glip_drawing_set_frame (GstGlipDrawing *drawing, const GstVideoInfo *info,
    gboolean blend);
void gst_glip_drawing_set_style (GstGlipDrawing *drawing, const GstGlipStyle *style);

/* Draw `reading`, which is `more_age` older than it says.  FALSE: there is nothing to
 * see, and the two functions below must not be called. */
gboolean gst_glip_drawing_update (GstGlipDrawing *drawing, const GstGlipReading *reading,
    guint64 more_age);

/* Onto a frame that is mapped for reading and writing. */
gboolean gst_glip_drawing_blend (GstGlipDrawing *drawing, GstVideoFrame *frame);
/* (transfer none); the same object while nothing changes. */
GstVideoOverlayComposition *gst_glip_drawing_get_composition (GstGlipDrawing *drawing);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstGlipDrawing, gst_glip_drawing_free)

G_END_DECLS

#endif /* GST_GLIP_DRAW_H */
