/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * GStreamer's frame mapping knows strides and offsets of GstVideoMeta; what is left is
 * to name the format, move the planes to the crop's corner and tell the colours.
 */
#include "gstglipframe.h"

typedef struct {
  int x, y, width, height;
} Rectangle;

static gboolean
find_format (GstVideoFormat format, GlipFormat *found)
{
  static const struct {
    GstVideoFormat from;
    GlipFormat to;
  } formats[] = {
    { GST_VIDEO_FORMAT_RGB, GLIP_FORMAT_RGB },
    { GST_VIDEO_FORMAT_BGR, GLIP_FORMAT_BGR },
    { GST_VIDEO_FORMAT_RGBA, GLIP_FORMAT_RGBA },
    { GST_VIDEO_FORMAT_RGBx, GLIP_FORMAT_RGBA },
    { GST_VIDEO_FORMAT_BGRA, GLIP_FORMAT_BGRA },
    { GST_VIDEO_FORMAT_BGRx, GLIP_FORMAT_BGRA },
    { GST_VIDEO_FORMAT_ARGB, GLIP_FORMAT_ARGB },
    { GST_VIDEO_FORMAT_xRGB, GLIP_FORMAT_ARGB },
    { GST_VIDEO_FORMAT_ABGR, GLIP_FORMAT_ABGR },
    { GST_VIDEO_FORMAT_xBGR, GLIP_FORMAT_ABGR },
    { GST_VIDEO_FORMAT_RGBP, GLIP_FORMAT_RGBP },
    { GST_VIDEO_FORMAT_BGRP, GLIP_FORMAT_BGRP },
    { GST_VIDEO_FORMAT_GBR, GLIP_FORMAT_GBR },
    { GST_VIDEO_FORMAT_GRAY8, GLIP_FORMAT_GRAY8 },
    { GST_VIDEO_FORMAT_I420, GLIP_FORMAT_I420 },
    { GST_VIDEO_FORMAT_YV12, GLIP_FORMAT_YV12 },
    { GST_VIDEO_FORMAT_NV12, GLIP_FORMAT_NV12 },
    { GST_VIDEO_FORMAT_NV21, GLIP_FORMAT_NV21 },
    { GST_VIDEO_FORMAT_NV16, GLIP_FORMAT_NV16 },
    { GST_VIDEO_FORMAT_YUY2, GLIP_FORMAT_YUY2 },
    { GST_VIDEO_FORMAT_UYVY, GLIP_FORMAT_UYVY },
    { GST_VIDEO_FORMAT_Y42B, GLIP_FORMAT_Y42B },
    { GST_VIDEO_FORMAT_Y444, GLIP_FORMAT_Y444 },
    { GST_VIDEO_FORMAT_I420_10LE, GLIP_FORMAT_I420_10LE },
    { GST_VIDEO_FORMAT_P010_10LE, GLIP_FORMAT_P010_10LE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (formats[i].from == format) {
      *found = formats[i].to;
      return TRUE;
    }
  return FALSE;
}

static GlipMatrix
find_matrix (const GstVideoInfo *info)
{
  switch (info->colorimetry.matrix) {
    case GST_VIDEO_COLOR_MATRIX_BT601:
    case GST_VIDEO_COLOR_MATRIX_FCC:
      return GLIP_MATRIX_BT601;
    case GST_VIDEO_COLOR_MATRIX_BT709:
    case GST_VIDEO_COLOR_MATRIX_SMPTE240M:
      return GLIP_MATRIX_BT709;
    case GST_VIDEO_COLOR_MATRIX_BT2020:
      return GLIP_MATRIX_BT2020;
    default:
      return info->height > 576 ? GLIP_MATRIX_BT709 : GLIP_MATRIX_BT601;
  }
}

static Rectangle
find_picture (const GstGlipFrame *frame, const GstVideoInfo *info, GstBuffer *buffer)
{
  int width = frame->frame.info.width, height = frame->frame.info.height;
  const GstVideoCropMeta *crop = gst_buffer_get_video_crop_meta (buffer);
  if (!crop)
    return (Rectangle) { 0, 0, MIN (info->width, width), MIN (info->height, height) };
  if (crop->x >= (guint) width || crop->y >= (guint) height)
    return (Rectangle) { 0 };
  return (Rectangle) { (int) crop->x, (int) crop->y,
    (int) MIN (crop->width, (guint) width - crop->x),
    (int) MIN (crop->height, (guint) height - crop->y) };
}

/* Where plane `plane` has the sample of pixel (x, y), which lies on a boundary of
 * shared colours. */
static const guint8 *
plane_at (const GstVideoFrame *frame, guint plane, int x, int y)
{
  const GstVideoFormatInfo *format = frame->info.finfo;
  guint component = 0;
  while (GST_VIDEO_FORMAT_INFO_PLANE (format, component) != plane)
    component++;
  int row = y >> GST_VIDEO_FORMAT_INFO_H_SUB (format, component);
  int column = x >> GST_VIDEO_FORMAT_INFO_W_SUB (format, component);
  return (const guint8 *) GST_VIDEO_FRAME_PLANE_DATA (frame, plane) +
      (gsize) row * (gsize) GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane) +
      (gsize) column * (gsize) GST_VIDEO_FORMAT_INFO_PSTRIDE (format, component);
}

static gboolean
fill_image (GstGlipFrame *frame, const GstVideoInfo *info, GstBuffer *buffer)
{
  const GstVideoFormatInfo *format = frame->frame.info.finfo;
  Rectangle picture = find_picture (frame, info, buffer);
  if (picture.width < 1 || picture.height < 1)
    return FALSE;
  frame->width = picture.width;
  frame->height = picture.height;
  int left = 0, up = 0;
  for (guint i = 0; i < GST_VIDEO_FORMAT_INFO_N_COMPONENTS (format); i++) {
    left |= picture.x & ((1 << GST_VIDEO_FORMAT_INFO_W_SUB (format, i)) - 1);
    up |= picture.y & ((1 << GST_VIDEO_FORMAT_INFO_H_SUB (format, i)) - 1);
  }
  frame->x = -left;
  frame->y = -up;
  frame->image.width = picture.width + left;
  frame->image.height = picture.height + up;
  for (guint i = 0; i < GST_VIDEO_FRAME_N_PLANES (&frame->frame); i++) {
    if (GST_VIDEO_FRAME_PLANE_STRIDE (&frame->frame, i) < 0)
      return FALSE;
    frame->image.planes[i] =
        plane_at (&frame->frame, i, picture.x - left, picture.y - up);
    frame->image.strides[i] = (size_t) GST_VIDEO_FRAME_PLANE_STRIDE (&frame->frame, i);
  }
  return TRUE;
}

gboolean
gst_glip_frame_map (
    GstGlipFrame *frame, const GstVideoInfo *info, GstBuffer *buffer, const char **reason)
{
  const GstVideoMeta *meta = gst_buffer_get_video_meta (buffer);
  *frame = (GstGlipFrame) { 0 };
  if (meta && (meta->width < (guint) info->width || meta->height < (guint) info->height)) {
    *reason = "its video meta describes a smaller picture than its caps";
    return FALSE;
  }
  if (!gst_video_frame_map (&frame->frame, (GstVideoInfo *) info, buffer,
          GST_MAP_READ | (GstMapFlags) GST_VIDEO_FRAME_MAP_FLAG_NO_REF)) {
    *reason = "it is too small for its caps or cannot be mapped";
    return FALSE;
  }
  frame->image.matrix = find_matrix (info);
  frame->image.full_range = info->colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255;
  frame->image.par_n = MAX (info->par_n, 0);
  frame->image.par_d = MAX (info->par_d, 0);
  if (!find_format (GST_VIDEO_FRAME_FORMAT (&frame->frame), &frame->image.format) ||
      !fill_image (frame, info, buffer)) {
    *reason = "its video or crop meta describe no picture that can be read";
    gst_video_frame_unmap (&frame->frame);
    return FALSE;
  }
  return TRUE;
}

void
gst_glip_frame_unmap (GstGlipFrame *frame)
{
  gst_video_frame_unmap (&frame->frame);
}
