/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Pictures to patches: against the stored reference to the bit, every pixel format and
 * both ways of resampling against plain C, strips against the whole.  With mean 0 and
 * deviation 1 the patches hold the levels themselves.
 */
#include "check.h"
#include "golden.h"
#include "ops/image_format.h"
#include "ops/preprocess.h"

#include <math.h>
#include <string.h>

static uint32_t
random_word (void)
{
  static uint64_t state = 7;
  state = state * 6364136223846793005ULL + 1442695040888963407ULL;
  return (uint32_t) (state >> 33);
}

static int
round_up (int n, int step)
{
  return (n + step - 1) / step * step;
}

/* ---------------------------------------------------------------- pictures */

/* A picture of random bytes whose rows have `slack` bytes more than they need; planes
 * are separate allocations, as long as they must be and no longer. */
typedef struct {
  GlipImage image;
  uint8_t *memory[3];
} Picture;

static void
picture_clear (Picture *picture)
{
  for (int i = 0; i < 3; i++)
    g_free (picture->memory[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Picture, picture_clear)

/* Bytes of a row and rows of the planes, written down once more. */
static void
plane_sizes (GlipFormat format, int w, int h, int plane, int *row_bytes, int *rows)
{
  int half_w = (w + 1) / 2, half_h = (h + 1) / 2;
  *row_bytes = w;
  *rows = h;
  switch (format) {
  case GLIP_FORMAT_RGB:
  case GLIP_FORMAT_BGR:
    *row_bytes = 3 * w;
    break;
  case GLIP_FORMAT_RGBA:
  case GLIP_FORMAT_BGRA:
  case GLIP_FORMAT_ARGB:
  case GLIP_FORMAT_ABGR:
    *row_bytes = 4 * w;
    break;
  case GLIP_FORMAT_YUY2:
  case GLIP_FORMAT_UYVY:
    *row_bytes = 4 * half_w;
    break;
  case GLIP_FORMAT_I420:
  case GLIP_FORMAT_YV12:
    if (plane > 0)
      *row_bytes = half_w, *rows = half_h;
    break;
  case GLIP_FORMAT_NV12:
  case GLIP_FORMAT_NV21:
    if (plane > 0)
      *row_bytes = 2 * half_w, *rows = half_h;
    break;
  case GLIP_FORMAT_NV16:
    if (plane > 0)
      *row_bytes = 2 * half_w;
    break;
  case GLIP_FORMAT_Y42B:
    if (plane > 0)
      *row_bytes = half_w;
    break;
  case GLIP_FORMAT_I420_10LE:
    *row_bytes = plane > 0 ? 2 * half_w : 2 * w;
    if (plane > 0)
      *rows = half_h;
    break;
  case GLIP_FORMAT_P010_10LE:
    *row_bytes = plane > 0 ? 4 * half_w : 2 * w;
    if (plane > 0)
      *rows = half_h;
    break;
  default:
    break;
  }
}

static void
make_picture (Picture *picture, GlipFormat format, int width, int height, int slack)
{
  const GlipFormatInfo *info = glip_format_get_info (format);
  *picture = (Picture){ .image = { .format = format, .width = width, .height = height } };
  for (int plane = 0; plane < info->n_planes; plane++) {
    int row_bytes, rows;
    plane_sizes (format, width, height, plane, &row_bytes, &rows);
    g_assert_cmpuint (glip_format_row_bytes (info, plane, width), ==, (guint) row_bytes);
    size_t stride = (size_t) (row_bytes + slack);
    size_t bytes = stride * (size_t) (rows - 1) + (size_t) row_bytes;
    uint8_t *memory = g_malloc (bytes);
    for (size_t i = 0; i < bytes; i++)
      memory[i] = (uint8_t) random_word ();
    picture->memory[plane] = memory;
    picture->image.planes[plane] = memory;
    picture->image.strides[plane] = stride;
  }
  g_autoptr (GError) error = NULL;
  glip_image_check (&picture->image, &error);
  g_assert_no_error (error);
}

static int
byte_at (const GlipImage *image, int plane, int row, int column)
{
  return image->planes[plane][(size_t) row * image->strides[plane] + (size_t) column];
}

static int
word_at (const GlipImage *image, int plane, int row, int column)
{
  return byte_at (image, plane, row, 2 * column) | byte_at (image, plane, row, 2 * column + 1) << 8;
}

/* Where the components of RGB formats are: bytes of a pixel, or planes. */
static gboolean
read_rgb (const GlipImage *image, int x, int y, int value[3])
{
  static const struct {
    GlipFormat format;
    int step, r, g, b;
  } packed[] = { { GLIP_FORMAT_RGB, 3, 0, 1, 2 }, { GLIP_FORMAT_BGR, 3, 2, 1, 0 },
    { GLIP_FORMAT_RGBA, 4, 0, 1, 2 }, { GLIP_FORMAT_BGRA, 4, 2, 1, 0 },
    { GLIP_FORMAT_ARGB, 4, 1, 2, 3 }, { GLIP_FORMAT_ABGR, 4, 3, 2, 1 },
    { GLIP_FORMAT_GRAY8, 1, 0, 0, 0 }, { GLIP_FORMAT_RGBP, 0, 0, 1, 2 },
    { GLIP_FORMAT_BGRP, 0, 2, 1, 0 }, { GLIP_FORMAT_GBR, 0, 2, 0, 1 } };
  for (size_t i = 0; i < G_N_ELEMENTS (packed); i++) {
    const int at[3] = { packed[i].r, packed[i].g, packed[i].b };
    if (packed[i].format != image->format)
      continue;
    for (int c = 0; c < 3; c++)
      value[c] = packed[i].step ? byte_at (image, 0, y, packed[i].step * x + at[c])
                                : byte_at (image, at[c], y, x);
    return TRUE;
  }
  return FALSE;
}

static void
read_yuv (const GlipImage *image, int x, int y, int value[3])
{
  int cx = x / 2, cy = y / 2;
  value[0] = byte_at (image, 0, y, x);
  switch (image->format) {
  case GLIP_FORMAT_I420:
    value[1] = byte_at (image, 1, cy, cx), value[2] = byte_at (image, 2, cy, cx);
    break;
  case GLIP_FORMAT_YV12:
    value[1] = byte_at (image, 2, cy, cx), value[2] = byte_at (image, 1, cy, cx);
    break;
  case GLIP_FORMAT_NV12:
    value[1] = byte_at (image, 1, cy, 2 * cx), value[2] = byte_at (image, 1, cy, 2 * cx + 1);
    break;
  case GLIP_FORMAT_NV21:
    value[1] = byte_at (image, 1, cy, 2 * cx + 1), value[2] = byte_at (image, 1, cy, 2 * cx);
    break;
  case GLIP_FORMAT_NV16:
    value[1] = byte_at (image, 1, y, 2 * cx), value[2] = byte_at (image, 1, y, 2 * cx + 1);
    break;
  case GLIP_FORMAT_YUY2:
    value[0] = byte_at (image, 0, y, 2 * x);
    value[1] = byte_at (image, 0, y, 4 * cx + 1), value[2] = byte_at (image, 0, y, 4 * cx + 3);
    break;
  case GLIP_FORMAT_UYVY:
    value[0] = byte_at (image, 0, y, 2 * x + 1);
    value[1] = byte_at (image, 0, y, 4 * cx), value[2] = byte_at (image, 0, y, 4 * cx + 2);
    break;
  case GLIP_FORMAT_Y42B:
    value[1] = byte_at (image, 1, y, cx), value[2] = byte_at (image, 2, y, cx);
    break;
  case GLIP_FORMAT_Y444:
    value[1] = byte_at (image, 1, y, x), value[2] = byte_at (image, 2, y, x);
    break;
  case GLIP_FORMAT_I420_10LE:
    value[0] = word_at (image, 0, y, x) & 1023;
    value[1] = word_at (image, 1, cy, cx) & 1023, value[2] = word_at (image, 2, cy, cx) & 1023;
    break;
  case GLIP_FORMAT_P010_10LE:
    value[0] = word_at (image, 0, y, x) >> 6;
    value[1] = word_at (image, 1, cy, 2 * cx) >> 6;
    value[2] = word_at (image, 1, cy, 2 * cx + 1) >> 6;
    break;
  default:
    g_assert_not_reached ();
  }
}

/* One pixel as exact R, G, B levels, not yet rounded nor clamped. */
static void
convert (const GlipImage *image, int x, int y, double rgb[3])
{
  static const double kr[] = { 0.299, 0.2126, 0.2627 }, kb[] = { 0.114, 0.0722, 0.0593 };
  int value[3];
  if (read_rgb (image, x, y, value)) {
    for (int c = 0; c < 3; c++)
      rgb[c] = value[c];
    return;
  }
  read_yuv (image, x, y, value);
  gboolean wide =
      image->format == GLIP_FORMAT_I420_10LE || image->format == GLIP_FORMAT_P010_10LE;
  double unit = wide ? 4 : 1, peak = wide ? 1023 : 255;
  double luma = image->full_range ? value[0] / peak : (value[0] - 16 * unit) / (219 * unit);
  double range = image->full_range ? peak : 224 * unit;
  double u = (value[1] - 128 * unit) / range, v = (value[2] - 128 * unit) / range;
  double r = kr[image->matrix], b = kb[image->matrix];
  rgb[0] = 255 * (luma + 2 * (1 - r) * v);
  rgb[2] = 255 * (luma + 2 * (1 - b) * u);
  rgb[1] = (255 * luma - r * rgb[0] - b * rgb[2]) / (1 - r - b);
}

/* ---------------------------------------------------------- running a key */

static GlipPreprocessKey
make_key (const GlipImage *image, GlipResize resize, int target_width, int target_height)
{
  return (GlipPreprocessKey){
    .format = image->format,
    .width = image->width,
    .height = image->height,
    .matrix = image->matrix,
    .full_range = image->full_range,
    .resize = resize,
    .target_width = target_width,
    .target_height = target_height,
    .padded_width = round_up (target_width, 32),
    .padded_height = round_up (target_height, 32),
    .std = { 1, 1, 1 },
  };
}

/* The patches of `image`, from a destination full of NaN. */
static float *
run (const GlipPreprocessKey *key, const GlipImage *image, guint *n_strips)
{
  g_autoptr (GError) error = NULL;
  uint32_t rows = glip_preprocess_patches (key);
  size_t bytes = (size_t) rows * PATCH_FLOATS * sizeof (float);
  g_autoptr (GlipArena) arena = glip_arena_new (check_device ());
  g_autoptr (GlipBuffer) buffer =
      glip_buffer_new (check_device (), GLIP_MEMORY_DEVICE, bytes, "patches", &error);
  g_assert_no_error (error);
  g_autofree float *patches = g_malloc (bytes);
  memset (patches, 0xff, bytes);
  glip_buffer_write (buffer, 0, patches, bytes, &error);
  g_assert_no_error (error);

  g_autoptr (GlipPreprocess) preprocess = glip_preprocess_new (check_device (),
      check_pipelines (), arena, key, glip_tensor_in_buffer (buffer, 0, rows, PATCH_FLOATS),
      &error);
  g_assert_no_error (error);
  GlipPlan *plan = glip_preprocess_begin (preprocess, image, &error);
  g_assert_no_error (error);
  glip_plan_run (&plan, 1, &error);
  g_assert_no_error (error);
  glip_buffer_read (buffer, 0, patches, bytes, &error);
  g_assert_no_error (error);
  if (n_strips)
    *n_strips = glip_preprocess_get_n_strips (preprocess);
  return g_steal_pointer (&patches);
}

/* Channel `c` (B, G, R) of a padded pixel. */
static float
patch_value (const GlipPreprocessKey *key, const float *patches, int x, int y, int c)
{
  int across = (key->padded_width + 3) / 4;
  return patches[(y / 4 * across + x / 4) * PATCH_FLOATS + (y % 4 * 4 + x % 4) * 3 + c];
}

/* Everything outside the target is 0. */
static void
check_padding (const GlipPreprocessKey *key, const float *patches)
{
  for (int y = 0; y < round_up (key->padded_height, 4); y++)
    for (int x = 0; x < round_up (key->padded_width, 4); x++)
      for (int c = 0; c < 3 && (x >= key->target_width || y >= key->target_height); c++)
        if (patch_value (key, patches, x, y, c) != 0)
          g_error ("padding at %d,%d is %g", x, y, (double) patch_value (key, patches, x, y, c));
}

/* Levels [height, width, R G B], to the bit. */
static void
check_levels (const GlipPreprocessKey *key, const float *patches, const uint8_t *levels)
{
  check_padding (key, patches);
  for (int y = 0; y < key->target_height; y++)
    for (int x = 0; x < key->target_width; x++)
      for (int c = 0; c < 3; c++) {
        int expected = levels[(y * key->target_width + x) * 3 + 2 - c];
        float actual = patch_value (key, patches, x, y, c);
        if (actual != (float) expected)
          g_error ("%dx%d to %dx%d: pixel %d,%d channel %d is %g instead of %d", key->width,
              key->height, key->target_width, key->target_height, x, y, c, (double) actual,
              expected);
      }
}

/* ----------------------------------------------------------- plain resizing */

/* One axis of the reference's filter: `lines` independent rows of n pixels, each pixel
 * `step` bytes from the next, to m pixels. */
static void
resize_axis (const uint8_t *from, uint8_t *to, int n, int m, int lines, int step,
    int from_line, int to_line)
{
  double scale = (double) n / m, fs = scale > 1 ? scale : 1;
  g_autofree int64_t *k = g_new (int64_t, n);
  for (int o = 0; o < m; o++) {
    double center = (o + 0.5) * scale, sum = 0;
    int low = (int) (center - fs + 0.5), high = (int) (center + fs + 0.5);
    low = low < 0 ? 0 : low;
    high = high > n ? n : high;
    for (int i = low; i < high; i++)
      sum += fmax (0, 1 - fabs ((i - center + 0.5) / fs));
    for (int i = low; i < high; i++)
      k[i] = (int64_t) floor (fmax (0, 1 - fabs ((i - center + 0.5) / fs)) / sum * 4194304 + 0.5);
    for (int line = 0; line < lines; line++)
      for (int c = 0; c < 3; c++) {
        int64_t total = 1 << 21;
        for (int i = low; i < high; i++)
          total += k[i] * from[line * from_line + i * step + c];
        total >>= 22;
        to[line * to_line + o * step + c] = (uint8_t) CLAMP (total, 0, 255);
      }
  }
}

static uint8_t *
resize_reference (const uint8_t *rgb, int w, int h, int ow, int oh)
{
  g_autofree uint8_t *wide = g_malloc ((size_t) ow * (size_t) h * 3);
  uint8_t *result = g_malloc ((size_t) ow * (size_t) oh * 3);
  resize_axis (rgb, wide, w, ow, h, 3, 3 * w, 3 * ow);
  resize_axis (wide, result, h, oh, ow, 3 * ow, 3, 3);
  return result;
}

/* ------------------------------------------------------------------- tests */

static void
test_golden (gconstpointer data)
{
  int number = GPOINTER_TO_INT (data);
  g_autoptr (GlipGolden) golden = glip_golden_open ("preprocess/cases");
  const GlipGoldenTensor *rgb = glip_golden_getf (golden, "%d.rgb", number);
  const GlipGoldenTensor *resized = glip_golden_getf (golden, "%d.resized", number);
  const GlipImage image = { .format = GLIP_FORMAT_RGB, .width = (int) rgb->dims[1],
    .height = (int) rgb->dims[0], .planes = { rgb->u8 }, .strides = { 3 * (size_t) rgb->dims[1] } };
  GlipPreprocessKey key = make_key (&image, GLIP_RESIZE_ANTIALIAS, (int) resized->dims[1],
      (int) resized->dims[0]);
  g_autofree float *levels = run (&key, &image, NULL);
  check_levels (&key, levels, resized->u8);

  g_autofree char *name = g_strdup_printf ("%d.tensor", number);
  const GlipGoldenTensor *tensor = glip_golden_lookup (golden, name);
  if (!tensor)
    return;
  memcpy (key.mean, (const float[]){ 103.53f, 116.28f, 123.675f }, sizeof key.mean);
  memcpy (key.std, (const float[]){ 57.375f, 57.12f, 58.395f }, sizeof key.std);
  g_autofree float *patches = run (&key, &image, NULL);
  g_assert_cmpint (tensor->dims[3], ==, key.padded_width);
  g_autofree float *planar = g_new (float, tensor->count);
  size_t at = 0;
  for (int c = 0; c < 3; c++)
    for (int y = 0; y < key.padded_height; y++)
      for (int x = 0; x < key.padded_width; x++)
        planar[at++] = patch_value (&key, patches, x, y, c);
  g_assert_cmpuint (at, ==, tensor->count);
  check_close (name, planar, tensor->f32, tensor->count, TOLERANCE_EXACT);
}

static void
check_conversion (const GlipImage *image)
{
  GlipPreprocessKey key =
      make_key (image, GLIP_RESIZE_ANTIALIAS, image->width, image->height);
  key.padded_width = image->width; /* not a multiple of a patch */
  key.padded_height = image->height;
  g_autofree float *patches = run (&key, image, NULL);
  check_padding (&key, patches);
  for (int y = 0; y < image->height; y++)
    for (int x = 0; x < image->width; x++) {
      double rgb[3];
      convert (image, x, y, rgb);
      for (int c = 0; c < 3; c++) {
        /* A level within 0.002 of the middle may round either way. */
        float actual = patch_value (&key, patches, x, y, 2 - c);
        double exact = CLAMP (rgb[c], 0, 255);
        if (!(fabs ((double) actual - exact) <= 0.502) || actual != truncf (actual))
          g_error ("%s matrix %d range %d: pixel %d,%d component %d is %g instead of %g",
              glip_format_get_info (image->format)->name, (int) image->matrix,
              image->full_range, x, y, c, (double) actual, exact);
      }
    }
}

static void
test_format (gconstpointer data)
{
  static const int sizes[][3] = { { 1, 1, 0 }, { 2, 1, 3 }, { 5, 3, 1 }, { 70, 31, 6 } };
  GlipFormat format = (GlipFormat) GPOINTER_TO_INT (data);
  gboolean yuv = glip_format_get_info (format)->yuv;
  for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_auto (Picture) picture;
    make_picture (&picture, format, sizes[i][0], sizes[i][1], sizes[i][2]);
    for (int matrix = GLIP_MATRIX_BT601; matrix <= (yuv ? GLIP_MATRIX_BT2020 : 0); matrix++)
      for (int full = 0; full <= (yuv ? 1 : 0); full++) {
        picture.image.matrix = (GlipMatrix) matrix;
        picture.image.full_range = full;
        check_conversion (&picture.image);
      }
  }
}

static const struct {
  int width, height, target_width, target_height;
} resizes[] = {
  { 1, 1, 1, 1 },
  { 1, 1, 5, 7 },
  { 1, 300, 1, 77 },
  { 300, 1, 37, 9 },
  { 400, 260, 20, 13 },
  { 13, 20, 260, 401 },
  { 97, 61, 96, 62 },
  { 50, 40, 50, 20 },
  { 50, 40, 25, 40 },
  { 64, 48, 64, 48 },
  { 1000, 3, 1, 1 },
};

static void
test_antialias (void)
{
  for (size_t i = 0; i < G_N_ELEMENTS (resizes); i++) {
    g_auto (Picture) picture;
    make_picture (&picture, GLIP_FORMAT_RGB, resizes[i].width, resizes[i].height, 0);
    GlipPreprocessKey key = make_key (&picture.image, GLIP_RESIZE_ANTIALIAS,
        resizes[i].target_width, resizes[i].target_height);
    g_autofree float *patches = run (&key, &picture.image, NULL);
    g_autofree uint8_t *expected = resize_reference (picture.memory[0], resizes[i].width,
        resizes[i].height, resizes[i].target_width, resizes[i].target_height);
    check_levels (&key, patches, expected);
  }
}

/* One normalised value of the four-neighbour resampling. */
static double
bilinear_reference (const GlipPreprocessKey *key, const GlipImage *image, int x, int y, int c)
{
  int w = image->width, h = image->height;
  double sx = (x + 0.5) * w / key->target_width - 0.5;
  double sy = (y + 0.5) * h / key->target_height - 0.5;
  double value = 0;
  for (int j = 0; j < 2; j++)
    for (int i = 0; i < 2; i++) {
      double column = floor (sx) + i, row = floor (sy) + j;
      double weight = (1 - fabs (sx - column)) * (1 - fabs (sy - row));
      int at = 3 * (int) CLAMP (column, 0, w - 1) + 2 - c;
      value += weight * byte_at (image, 0, (int) CLAMP (row, 0, h - 1), at);
    }
  return (value - (double) key->mean[c]) / (double) key->std[c];
}

static void
test_bilinear (void)
{
  for (size_t i = 0; i < G_N_ELEMENTS (resizes); i++) {
    g_auto (Picture) picture;
    make_picture (&picture, GLIP_FORMAT_RGB, resizes[i].width, resizes[i].height, 2);
    GlipPreprocessKey key = make_key (&picture.image, GLIP_RESIZE_BILINEAR,
        resizes[i].target_width, resizes[i].target_height);
    memcpy (key.mean, (const float[]){ 103.53f, 116.28f, 123.675f }, sizeof key.mean);
    memcpy (key.std, (const float[]){ 57.375f, 57.12f, 58.395f }, sizeof key.std);
    g_autofree float *patches = run (&key, &picture.image, NULL);
    check_padding (&key, patches);
    size_t n = (size_t) (key.target_width * key.target_height * 3), at = 0;
    g_autofree float *actual = g_new (float, n), *expected = g_new (float, n);
    for (int y = 0; y < key.target_height; y++)
      for (int x = 0; x < key.target_width; x++)
        for (int c = 0; c < 3; c++, at++) {
          actual[at] = patch_value (&key, patches, x, y, c);
          expected[at] = (float) bilinear_reference (&key, &picture.image, x, y, c);
        }
    check_close ("bilinear", actual, expected, n, TOLERANCE_ROUNDING);
  }
}

static void
test_strips (void)
{
  static const GlipFormat formats[] = { GLIP_FORMAT_RGB, GLIP_FORMAT_I420, GLIP_FORMAT_NV16,
    GLIP_FORMAT_P010_10LE };
  static const int targets[][2] = { { 40, 29 }, { 111, 93 }, { 200, 170 } };
  for (size_t i = 0; i < G_N_ELEMENTS (formats); i++)
    for (size_t j = 0; j < G_N_ELEMENTS (targets); j++)
      for (int resize = GLIP_RESIZE_ANTIALIAS; resize <= GLIP_RESIZE_BILINEAR; resize++) {
        g_auto (Picture) picture;
        make_picture (&picture, formats[i], 111, 93, 1);
        GlipPreprocessKey key =
            make_key (&picture.image, (GlipResize) resize, targets[j][0], targets[j][1]);
        guint n_strips;
        g_autofree float *whole = run (&key, &picture.image, &n_strips);
        g_assert_cmpuint (n_strips, ==, 1);
        key.strip_bytes = 5000;
        g_autofree float *strips = run (&key, &picture.image, &n_strips);
        g_assert_cmpuint (n_strips, >, 2);
        size_t bytes = (size_t) glip_preprocess_patches (&key) * PATCH_FLOATS * sizeof (float);
        g_assert_cmpmem (whole, bytes, strips, bytes);
      }
}

/* One target row a strip, whatever it needs. */
static void
test_smallest_strips (void)
{
  g_auto (Picture) picture;
  make_picture (&picture, GLIP_FORMAT_RGB, 90, 60, 0);
  GlipPreprocessKey key = make_key (&picture.image, GLIP_RESIZE_ANTIALIAS, 30, 20);
  key.strip_bytes = 1;
  guint n_strips;
  g_autofree float *patches = run (&key, &picture.image, &n_strips);
  g_assert_cmpuint (n_strips, ==, 20);
  g_autofree uint8_t *expected = resize_reference (picture.memory[0], 90, 60, 30, 20);
  check_levels (&key, patches, expected);
}

/* Widest, and more than one strip of the ordinary size. */
static void
test_large (void)
{
  g_auto (Picture) picture;
  make_picture (&picture, GLIP_FORMAT_GRAY8, 16384, 600, 0);
  GlipPreprocessKey key = make_key (&picture.image, GLIP_RESIZE_ANTIALIAS, 96, 32);
  key.strip_bytes = 4 << 20;
  guint n_strips;
  g_autofree float *patches = run (&key, &picture.image, &n_strips);
  g_assert_cmpuint (n_strips, >, 1);
  g_autofree uint8_t *rgb = g_malloc (16384 * 600 * 3);
  for (size_t i = 0; i < 16384 * 600; i++)
    memset (rgb + 3 * i, picture.memory[0][i], 3);
  g_autofree uint8_t *expected = resize_reference (rgb, 16384, 600, 96, 32);
  check_levels (&key, patches, expected);
}

static void
test_too_much (void)
{
  if (check_device ()->properties.limits.maxStorageBufferRange >= 1u << 30) {
    g_test_skip ("the device binds any picture");
    return;
  }
  g_autoptr (GError) error = NULL;
  const GlipImage image = { .format = GLIP_FORMAT_GRAY8, .width = 16384, .height = 16384 };
  const GlipPreprocessKey key = make_key (&image, GLIP_RESIZE_ANTIALIAS, 1, 1);
  g_autoptr (GlipArena) arena = glip_arena_new (check_device ());
  g_autoptr (GlipBuffer) buffer = glip_buffer_new (
      check_device (), GLIP_MEMORY_DEVICE, 64 * PATCH_FLOATS * 4, "patches", &error);
  g_assert_no_error (error);
  g_autoptr (GlipPreprocess) preprocess = glip_preprocess_new (check_device (),
      check_pipelines (), arena, &key, glip_tensor_in_buffer (buffer, 0, 64, PATCH_FLOATS),
      &error);
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_UNSUPPORTED);
  g_assert_null (preprocess);
  g_assert_nonnull (
      strstr (error->message, "shrinking 16384x16384 pixels to 1x1 needs a buffer of 1024 MiB"));
}

static void
test_key (void)
{
  const GlipImage image = { .format = GLIP_FORMAT_NV12, .width = 64, .height = 48 };
  const GlipPreprocessKey key = make_key (&image, GLIP_RESIZE_ANTIALIAS, 32, 24);
  GlipPreprocessKey other = key;
  g_assert_true (glip_preprocess_key_equal (&key, &other));
#define DIFFERS(field, value)                                 \
  other = key;                                                \
  other.field = value;                                        \
  g_assert_false (glip_preprocess_key_equal (&key, &other))
  DIFFERS (format, GLIP_FORMAT_NV21);
  DIFFERS (width, 65);
  DIFFERS (height, 49);
  DIFFERS (matrix, GLIP_MATRIX_BT709);
  DIFFERS (full_range, TRUE);
  DIFFERS (resize, GLIP_RESIZE_BILINEAR);
  DIFFERS (target_width, 31);
  DIFFERS (target_height, 25);
  DIFFERS (padded_width, 64);
  DIFFERS (padded_height, 64);
  DIFFERS (mean[2], 1);
  DIFFERS (std[0], 2);
  DIFFERS (strip_bytes, 1);
#undef DIFFERS
}

static const uint8_t some_bytes[64];
static const struct {
  GlipImage image;
  const char *message; /* NULL: good */
} images[] = {
  { { GLIP_FORMAT_RGB, 4, 4, { some_bytes }, { 12 } }, NULL },
  { { GLIP_FORMAT_RGB, 4, 4, { some_bytes }, { 11 } },
      "stride 11 of plane 0 is too short: a row of 4 pixels in RGB has 12 bytes" },
  { { GLIP_FORMAT_RGB, 0, 4, { some_bytes }, { 12 } },
      "image of 0x4 pixels: width and height must be 1 to 16384" },
  { { GLIP_FORMAT_RGB, 4, -1, { some_bytes }, { 12 } },
      "image of 4x-1 pixels: width and height must be 1 to 16384" },
  { { GLIP_FORMAT_RGB, 16385, 4, { some_bytes }, { 1 << 20 } },
      "image of 16385x4 pixels: width and height must be 1 to 16384" },
  { { GLIP_FORMAT_RGB, 4, 4, { NULL }, { 12 } },
      "plane 0 of the RGB image is NULL: the format has 1" },
  { { GLIP_FORMAT_NV12, 4, 4, { some_bytes }, { 4, 4 } },
      "plane 1 of the NV12 image is NULL: the format has 2" },
  { { GLIP_FORMAT_YUY2, 3, 1, { some_bytes }, { 6 } },
      "stride 6 of plane 0 is too short: a row of 3 pixels in YUY2 has 8 bytes" },
  { { GLIP_FORMAT_I420, 3, 1, { some_bytes, some_bytes, some_bytes }, { 3, 2, 1 } },
      "stride 1 of plane 2 is too short: a row of 3 pixels in I420 has 2 bytes" },
  { { GLIP_FORMAT_I420, 3, 1, { some_bytes, some_bytes, some_bytes }, { 3, 2, 2 } }, NULL },
  { { GLIP_FORMAT_I420, 3, 1, { some_bytes, some_bytes, some_bytes }, { 3, 2, 2 },
        (GlipMatrix) 3 },
      "colour matrix 3 is unknown: use a GLIP_MATRIX_ value" },
  { { GLIP_N_FORMATS, 4, 4, { some_bytes }, { 12 } },
      "image format 21 is unknown: use a GLIP_FORMAT_ value" },
  { { (GlipFormat) -1, 4, 4, { some_bytes }, { 12 } },
      "image format -1 is unknown: use a GLIP_FORMAT_ value" },
  { { GLIP_FORMAT_GRAY8, 4, 4, { some_bytes }, { SIZE_MAX - 63 } },
      "stride 18446744073709551552 of plane 0 is larger than memory: strides count bytes "
      "and are not negative" },
  { { GLIP_FORMAT_RGB, 4, 4, { some_bytes }, { 12 }, .par_n = 16, .par_d = 11 }, NULL },
  { { GLIP_FORMAT_RGB, 4, 4, { some_bytes }, { 12 }, .par_n = 16 },
      "pixel aspect ratio 16:0: both sides must be positive, or 0 for square pixels" },
  { { GLIP_FORMAT_RGB, 4, 4, { some_bytes }, { 12 }, .par_n = -1, .par_d = -1 },
      "pixel aspect ratio -1:-1: both sides must be positive, or 0 for square pixels" },
};

static void
test_check (void)
{
  for (size_t i = 0; i < G_N_ELEMENTS (images); i++) {
    g_autoptr (GError) error = NULL;
    gboolean good = glip_image_check (&images[i].image, &error);
    g_assert_cmpint (good, ==, !images[i].message);
    if (images[i].message)
      g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_IMAGE);
    g_assert_cmpstr (error ? error->message : NULL, ==, images[i].message);
  }
}

static void
test_display_width (void)
{
  static const struct {
    int width, par_n, par_d, expected;
  } cases[] = {
    { 720, 0, 0, 720 },
    { 720, 1, 1, 720 },
    { 720, 16, 15, 768 },
    { 720, 8, 9, 640 },
    { 3, 1, 2, 2 },
    { 16, 1, G_MAXINT, 1 },
    { 16384, G_MAXINT, 1, G_MAXINT },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    GlipImage image = { .width = cases[i].width, .height = 16, .par_n = cases[i].par_n,
      .par_d = cases[i].par_d };
    g_assert_cmpint (glip_image_display_width (&image), ==, cases[i].expected);
  }
}

static void
add_tests (void)
{
  for (int i = 0; i < 5; i++) {
    g_autofree char *path = g_strdup_printf ("/ops/preprocess/golden/%d", i);
    g_test_add_data_func (path, GINT_TO_POINTER (i), test_golden);
  }
  for (int i = 0; i < GLIP_N_FORMATS; i++) {
    g_autofree char *path = g_strdup_printf (
        "/ops/preprocess/format/%s", glip_format_get_info ((GlipFormat) i)->name);
    g_test_add_data_func (path, GINT_TO_POINTER (i), test_format);
  }
  g_test_add_func ("/ops/preprocess/antialias", test_antialias);
  g_test_add_func ("/ops/preprocess/bilinear", test_bilinear);
  g_test_add_func ("/ops/preprocess/strips", test_strips);
  g_test_add_func ("/ops/preprocess/smallest-strips", test_smallest_strips);
  g_test_add_func ("/ops/preprocess/large", test_large);
  g_test_add_func ("/ops/preprocess/too-much", test_too_much);
  g_test_add_func ("/ops/preprocess/key", test_key);
  g_test_add_func ("/ops/preprocess/image-check", test_check);
  g_test_add_func ("/ops/preprocess/display-width", test_display_width);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return check_main (add_tests);
}
