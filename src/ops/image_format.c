/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/image_format.h"

#include <math.h>

/* clang-format off */
#define PACKED(name, step, r, g, b) \
  { name, FALSE, 1, 8, 0, { { 0, r, step, 0, 0 }, { 0, g, step, 0, 0 }, { 0, b, step, 0, 0 } } }
#define PLANAR(name, yuv, a, b, c, shift_x, shift_y) \
  { name, yuv, 3, 8, 0, { { a, 0, 1, 0, 0 }, { b, 0, 1, shift_x, shift_y }, \
                          { c, 0, 1, shift_x, shift_y } } }
#define PAIRED(name, u, v, shift_y) \
  { name, TRUE, 2, 8, 0, { { 0, 0, 1, 0, 0 }, { 1, u, 2, 1, shift_y }, { 1, v, 2, 1, shift_y } } }

static const GlipFormatInfo formats[GLIP_N_FORMATS] = {
  [GLIP_FORMAT_RGB] = PACKED ("RGB", 3, 0, 1, 2),
  [GLIP_FORMAT_BGR] = PACKED ("BGR", 3, 2, 1, 0),
  [GLIP_FORMAT_RGBA] = PACKED ("RGBA", 4, 0, 1, 2),
  [GLIP_FORMAT_BGRA] = PACKED ("BGRA", 4, 2, 1, 0),
  [GLIP_FORMAT_ARGB] = PACKED ("ARGB", 4, 1, 2, 3),
  [GLIP_FORMAT_ABGR] = PACKED ("ABGR", 4, 3, 2, 1),
  [GLIP_FORMAT_RGBP] = PLANAR ("RGBP", FALSE, 0, 1, 2, 0, 0),
  [GLIP_FORMAT_BGRP] = PLANAR ("BGRP", FALSE, 2, 1, 0, 0, 0),
  [GLIP_FORMAT_GBR] = PLANAR ("GBR", FALSE, 2, 0, 1, 0, 0),
  [GLIP_FORMAT_GRAY8] = PACKED ("GRAY8", 1, 0, 0, 0),
  [GLIP_FORMAT_I420] = PLANAR ("I420", TRUE, 0, 1, 2, 1, 1),
  [GLIP_FORMAT_YV12] = PLANAR ("YV12", TRUE, 0, 2, 1, 1, 1),
  [GLIP_FORMAT_NV12] = PAIRED ("NV12", 0, 1, 1),
  [GLIP_FORMAT_NV21] = PAIRED ("NV21", 1, 0, 1),
  [GLIP_FORMAT_NV16] = PAIRED ("NV16", 0, 1, 0),
  [GLIP_FORMAT_YUY2] = { "YUY2", TRUE, 1, 8, 0,
      { { 0, 0, 2, 0, 0 }, { 0, 1, 4, 1, 0 }, { 0, 3, 4, 1, 0 } } },
  [GLIP_FORMAT_UYVY] = { "UYVY", TRUE, 1, 8, 0,
      { { 0, 1, 2, 0, 0 }, { 0, 0, 4, 1, 0 }, { 0, 2, 4, 1, 0 } } },
  [GLIP_FORMAT_Y42B] = PLANAR ("Y42B", TRUE, 0, 1, 2, 1, 0),
  [GLIP_FORMAT_Y444] = PLANAR ("Y444", TRUE, 0, 1, 2, 0, 0),
  [GLIP_FORMAT_I420_10LE] = { "I420_10LE", TRUE, 3, 10, 0,
      { { 0, 0, 2, 0, 0 }, { 1, 0, 2, 1, 1 }, { 2, 0, 2, 1, 1 } } },
  [GLIP_FORMAT_P010_10LE] = { "P010_10LE", TRUE, 2, 10, 6,
      { { 0, 0, 2, 0, 0 }, { 1, 0, 4, 1, 1 }, { 1, 2, 4, 1, 1 } } },
};
/* clang-format on */

const GlipFormatInfo *
glip_format_get_info (GlipFormat format)
{
  g_assert ((guint) format < GLIP_N_FORMATS);
  return &formats[format];
}

size_t
glip_format_row_bytes (const GlipFormatInfo *info, int plane, int width)
{
  size_t bytes = 0;
  for (int i = 0; i < 3; i++) {
    const GlipComponent *component = &info->components[i];
    size_t samples = ((size_t) width + (1u << component->shift_x) - 1) >> component->shift_x;
    if (component->plane == plane)
      bytes = MAX (bytes, samples * component->step);
  }
  return bytes;
}

int
glip_format_row_shift (const GlipFormatInfo *info, int plane)
{
  for (int i = 0; i < 3; i++)
    if (info->components[i].plane == plane)
      return info->components[i].shift_y;
  g_assert_not_reached ();
}

static gboolean
check_plane (const GlipImage *image, const GlipFormatInfo *info, int plane, GError **error)
{
  size_t row_bytes = glip_format_row_bytes (info, plane, image->width);
  if (!image->planes[plane]) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_IMAGE,
        "plane %d of the %s image is NULL: the format has %d", plane, info->name,
        info->n_planes);
    return FALSE;
  }
  if (image->strides[plane] < row_bytes) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_IMAGE,
        "stride %zu of plane %d is too short: a row of %d pixels in %s has %zu bytes",
        image->strides[plane], plane, image->width, info->name, row_bytes);
    return FALSE;
  }
  if (image->strides[plane] > (size_t) PTRDIFF_MAX / GLIP_MAX_IMAGE_SIZE) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_IMAGE,
        "stride %zu of plane %d is larger than memory: strides count bytes and are not "
        "negative",
        image->strides[plane], plane);
    return FALSE;
  }
  return TRUE;
}

gboolean
glip_image_check (const GlipImage *image, GError **error)
{
  if ((guint) image->format >= GLIP_N_FORMATS) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_IMAGE,
        "image format %d is unknown: use a GLIP_FORMAT_ value", (int) image->format);
    return FALSE;
  }
  const GlipFormatInfo *info = glip_format_get_info (image->format);
  if (image->width < 1 || image->height < 1 || image->width > GLIP_MAX_IMAGE_SIZE ||
      image->height > GLIP_MAX_IMAGE_SIZE) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_IMAGE,
        "image of %dx%d pixels: width and height must be 1 to %d", image->width,
        image->height, GLIP_MAX_IMAGE_SIZE);
    return FALSE;
  }
  if (info->yuv && (guint) image->matrix > GLIP_MATRIX_BT2020) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_IMAGE,
        "colour matrix %d is unknown: use a GLIP_MATRIX_ value", (int) image->matrix);
    return FALSE;
  }
  gboolean square = image->par_n == 0 && image->par_d == 0;
  if (!square && (image->par_n < 1 || image->par_d < 1)) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_IMAGE,
        "pixel aspect ratio %d:%d: both sides must be positive, or 0 for square pixels",
        image->par_n, image->par_d);
    return FALSE;
  }
  for (int plane = 0; plane < info->n_planes; plane++)
    if (!check_plane (image, info, plane, error))
      return FALSE;
  return TRUE;
}

int
glip_image_display_width (const GlipImage *image)
{
  if (image->par_n == 0)
    return image->width;
  double width = round ((double) image->width * image->par_n / image->par_d);
  return (int) CLAMP (width, 1, G_MAXINT);
}
