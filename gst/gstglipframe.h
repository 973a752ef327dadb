/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * A buffer's picture as the library takes it: mapped, cropped, with its colours.
 */
#ifndef GST_GLIP_FRAME_H
#define GST_GLIP_FRAME_H

#include <glip.h>
#include <gst/video/video.h>

G_BEGIN_DECLS

/* GStreamer's names of the formats that gst_glip_frame_map takes, for caps. */
#define GST_GLIP_FORMATS                                                                   \
  "{ NV12, I420, YV12, NV21, YUY2, UYVY, RGBA, BGRA, ARGB, ABGR, RGBx, BGRx, xRGB, xBGR, " \
  "RGB, BGR, RGBP, BGRP, GBR, Y444, Y42B, NV16, P010_10LE, I420_10LE, GRAY8 }"

typedef struct {
  GstVideoFrame frame;
  GlipImage image;
  int x, y;          /* the image's first pixel in the picture: 0 or -1 */
  int width, height; /* of the picture */
} GstGlipFrame;

/* Map `buffer`.  The picture is what the caps speak of: the crop meta's rectangle, or
 * all of the frame.  The image begins one pixel earlier where a crop begins between
 * pixels that share their colour.  FALSE, with a reason, when the buffer does not hold
 * such a frame.  (transfer: unmap what was mapped) */
gboolean gst_glip_frame_map (
    GstGlipFrame *frame, const GstVideoInfo *info, GstBuffer *buffer, const char **reason);
void gst_glip_frame_unmap (GstGlipFrame *frame);

G_END_DECLS

#endif /* GST_GLIP_FRAME_H */
