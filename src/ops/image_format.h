/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * How every pixel format lies in memory, as a table: one line a format, one entry a
 * component, so that copying, checking and converting know no format by name.
 */
#ifndef GLIP_OPS_IMAGE_FORMAT_H
#define GLIP_OPS_IMAGE_FORMAT_H

#include "report.h"

enum {
  GLIP_MAX_IMAGE_SIZE = 16384,
  GLIP_MAX_PLANES = 3,
};

/* Where the samples of one component are: sample (x, y) of the picture is at row
 * y >> shift_y of `plane`, byte (x >> shift_x) * step + offset. */
typedef struct {
  uint8_t plane, offset, step;
  uint8_t shift_x, shift_y;
} GlipComponent;

typedef struct {
  const char *name;
  gboolean yuv;
  int n_planes;
  int bits;     /* 8; above, a sample has two bytes, the low one first */
  int low_bits; /* unused ones below the value */
  GlipComponent components[3]; /* R, G, B or Y, U, V */
} GlipFormatInfo;

/* `format` must be one (asserted).  (transfer none) */
const GlipFormatInfo *glip_format_get_info (GlipFormat format);

/* Bytes that hold samples in a row of `plane`, for a picture `width` wide. */
size_t glip_format_row_bytes (const GlipFormatInfo *info, int plane, int width);
/* How far a picture row must be shifted to be a row of `plane`. */
int glip_format_row_shift (const GlipFormatInfo *info, int plane);

/* Refuse what cannot be read: unknown format or matrix, impossible size or pixel
 * aspect ratio, missing plane, stride shorter than a row.  Errors: BAD_IMAGE. */
gboolean glip_image_check (const GlipImage *image, GError **error);

/* How wide a checked picture is when its pixels are as high as before and square. */
int glip_image_display_width (const GlipImage *image);

#endif /* GLIP_OPS_IMAGE_FORMAT_H */
