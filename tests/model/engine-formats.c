/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * One picture in every memory layout of glip.h gives the same detections in every bit.
 * YUV is compared with RGB that the test converts in double and rounds to bytes once;
 * the library does the same in integers that are fine enough.
 */
#include "check.h"
#include "engines.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 128, HEIGHT = 96, PADDING = 5 };

static const GlipDetectOptions small = { .min_size = 96, .max_size = 128 };

/* An image of a format in rows with padding, filled with garbage. */
typedef struct {
  GlipImage image;
  uint8_t *memory[3];
} Layout;

static Layout
make_layout (GlipFormat format, int planes, const size_t row_bytes[3], const int rows[3])
{
  Layout layout = { .image = { .format = format, .width = WIDTH, .height = HEIGHT } };
  for (int i = 0; i < planes; i++) {
    size_t stride = row_bytes[i] + PADDING;
    layout.memory[i] = g_malloc (stride * (size_t) rows[i]);
    memset (layout.memory[i], 0xa5, stride * (size_t) rows[i]);
    layout.image.planes[i] = layout.memory[i];
    layout.image.strides[i] = stride;
  }
  return layout;
}

static void
clear_layout (Layout *layout)
{
  for (int i = 0; i < 3; i++)
    g_free (layout->memory[i]);
}

static uint8_t *
at (Layout *layout, int plane, int y, int byte)
{
  return layout->memory[plane] + (size_t) y * layout->image.strides[plane] + byte;
}

static GlipResult *
detect (const GlipImage *image)
{
  g_autoptr (GlipPrompt) prompt =
      glip_test_prompt (glip_test_engine (), "person . red car . dog");
  return glip_test_detect (glip_test_engine (), image, prompt, &small);
}

/* -------------------------------------------------------------------- RGB */

static void
test_rgb (void)
{
  static const struct {
    GlipFormat format;
    int planes, bytes;   /* per pixel */
    int place[3];        /* of R, G, B: byte, or plane */
  } cases[] = {
    { GLIP_FORMAT_RGB, 1, 3, { 0, 1, 2 } },  { GLIP_FORMAT_BGR, 1, 3, { 2, 1, 0 } },
    { GLIP_FORMAT_RGBA, 1, 4, { 0, 1, 2 } }, { GLIP_FORMAT_BGRA, 1, 4, { 2, 1, 0 } },
    { GLIP_FORMAT_ARGB, 1, 4, { 1, 2, 3 } }, { GLIP_FORMAT_ABGR, 1, 4, { 3, 2, 1 } },
    { GLIP_FORMAT_RGBP, 3, 1, { 0, 1, 2 } }, { GLIP_FORMAT_BGRP, 3, 1, { 2, 1, 0 } },
    { GLIP_FORMAT_GBR, 3, 1, { 2, 0, 1 } },
  };
  g_autoptr (GlipTestPicture) picture = glip_test_picture_new (WIDTH, HEIGHT, 1);
  g_autoptr (GlipResult) expected = detect (&picture->image);
  g_assert_cmpuint (glip_result_get_count (expected), >, 10);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    size_t row = (size_t) (WIDTH * cases[i].bytes);
    Layout layout = make_layout (cases[i].format, cases[i].planes,
        (size_t[3]){ row, row, row }, (int[3]){ HEIGHT, HEIGHT, HEIGHT });
    for (int y = 0; y < HEIGHT; y++)
      for (int x = 0; x < WIDTH; x++)
        for (int c = 0; c < 3; c++) {
          int plane = cases[i].planes == 3 ? cases[i].place[c] : 0;
          int byte = cases[i].planes == 3 ? x : x * cases[i].bytes + cases[i].place[c];
          *at (&layout, plane, y, byte) = picture->pixels[(y * WIDTH + x) * 3 + c];
        }
    g_test_message ("format %d", (int) cases[i].format);
    g_autoptr (GlipResult) result = detect (&layout.image);
    glip_test_assert_same (result, expected);
    clear_layout (&layout);
  }
}

static void
test_gray (void)
{
  g_autoptr (GlipTestPicture) picture = glip_test_picture_new (WIDTH, HEIGHT, 2);
  Layout layout =
      make_layout (GLIP_FORMAT_GRAY8, 1, (size_t[3]){ WIDTH }, (int[3]){ HEIGHT });
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) {
      uint8_t *pixel = picture->pixels + (y * WIDTH + x) * 3;
      pixel[1] = pixel[2] = *at (&layout, 0, y, x) = pixel[0];
    }
  g_autoptr (GlipResult) expected = detect (&picture->image);
  g_autoptr (GlipResult) result = detect (&layout.image);
  g_assert_cmpuint (glip_result_get_count (expected), >, 10);
  glip_test_assert_same (result, expected);
  clear_layout (&layout);
}

/* -------------------------------------------------------------------- YUV */

/* Samples of a picture whose chroma is constant in blocks of 2x2, so that every
 * subsampling holds the same. */
typedef struct {
  uint8_t y[HEIGHT][WIDTH], u[HEIGHT][WIDTH], v[HEIGHT][WIDTH];
} Samples;

static const double red_weight[] = { 0.299, 0.2126, 0.2627 };
static const double blue_weight[] = { 0.114, 0.0722, 0.0593 };

static double
clip (double value, double low, double high)
{
  return fmin (fmax (value, low), high);
}

static Samples *
make_samples (const GlipTestPicture *picture, gboolean full)
{
  Samples *samples = g_new (Samples, 1);
  double span = full ? 255 : 219, chroma = full ? 255 : 224, zero = full ? 0 : 16;
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) {
      const uint8_t *own = picture->pixels + (y * WIDTH + x) * 3;
      const uint8_t *block = picture->pixels + (y / 2 * 2 * WIDTH + x / 2 * 2) * 3;
      double luma = (0.299 * own[0] + 0.587 * own[1] + 0.114 * own[2]) / 255;
      double base = (0.299 * block[0] + 0.587 * block[1] + 0.114 * block[2]) / 255;
      samples->y[y][x] = (uint8_t) lround (zero + span * luma);
      samples->u[y][x] =
          (uint8_t) lround (clip (128 + chroma * (block[2] / 255.0 - base) / 1.772, 0, 255));
      samples->v[y][x] =
          (uint8_t) lround (clip (128 + chroma * (block[0] / 255.0 - base) / 1.402, 0, 255));
    }
  return samples;
}

/* Where a format keeps its samples; two bytes a sample hold 10 bits, shifted. */
static const struct YuvFormat {
  GlipFormat format;
  int planes, bytes, shift;
  struct {
    int plane, offset, step, shift_x, shift_y;
  } place[3]; /* Y, U, V */
} yuv_formats[] = {
  { GLIP_FORMAT_Y444, 3, 1, 0, { { 0, 0, 1, 0, 0 }, { 1, 0, 1, 0, 0 }, { 2, 0, 1, 0, 0 } } },
  { GLIP_FORMAT_I420, 3, 1, 0, { { 0, 0, 1, 0, 0 }, { 1, 0, 1, 1, 1 }, { 2, 0, 1, 1, 1 } } },
  { GLIP_FORMAT_YV12, 3, 1, 0, { { 0, 0, 1, 0, 0 }, { 2, 0, 1, 1, 1 }, { 1, 0, 1, 1, 1 } } },
  { GLIP_FORMAT_NV12, 2, 1, 0, { { 0, 0, 1, 0, 0 }, { 1, 0, 2, 1, 1 }, { 1, 1, 2, 1, 1 } } },
  { GLIP_FORMAT_NV21, 2, 1, 0, { { 0, 0, 1, 0, 0 }, { 1, 1, 2, 1, 1 }, { 1, 0, 2, 1, 1 } } },
  { GLIP_FORMAT_NV16, 2, 1, 0, { { 0, 0, 1, 0, 0 }, { 1, 0, 2, 1, 0 }, { 1, 1, 2, 1, 0 } } },
  { GLIP_FORMAT_Y42B, 3, 1, 0, { { 0, 0, 1, 0, 0 }, { 1, 0, 1, 1, 0 }, { 2, 0, 1, 1, 0 } } },
  { GLIP_FORMAT_YUY2, 1, 1, 0, { { 0, 0, 2, 0, 0 }, { 0, 1, 4, 1, 0 }, { 0, 3, 4, 1, 0 } } },
  { GLIP_FORMAT_UYVY, 1, 1, 0, { { 0, 1, 2, 0, 0 }, { 0, 0, 4, 1, 0 }, { 0, 2, 4, 1, 0 } } },
  { GLIP_FORMAT_I420_10LE, 3, 2, 0,
      { { 0, 0, 2, 0, 0 }, { 1, 0, 2, 1, 1 }, { 2, 0, 2, 1, 1 } } },
  { GLIP_FORMAT_P010_10LE, 2, 2, 6,
      { { 0, 0, 2, 0, 0 }, { 1, 0, 4, 1, 1 }, { 1, 2, 4, 1, 1 } } },
};

/* A byte as the format stores it: ten bits have 4 times the scale, but 1023 where
 * the full range ends. */
static unsigned
widen (const struct YuvFormat *format, uint8_t value, gboolean chroma, gboolean full)
{
  if (format->bytes == 1)
    return value;
  int zero = chroma ? 128 : 0;
  double scale = full ? 1023.0 / 255 : 4;
  long wide = MIN (4 * zero + lround ((value - zero) * scale), 1023);
  return (unsigned) wide << format->shift;
}

static Layout
store_samples (const struct YuvFormat *format, const Samples *samples, gboolean full)
{
  size_t row_bytes[3] = { 0 };
  int rows[3] = { 0 };
  for (int c = 0; c < 3; c++) {
    int plane = format->place[c].plane;
    row_bytes[plane] = MAX (row_bytes[plane],
        (size_t) ((WIDTH >> format->place[c].shift_x) * format->place[c].step));
    rows[plane] = HEIGHT >> format->place[c].shift_y;
  }
  Layout layout = make_layout (format->format, format->planes, row_bytes, rows);
  const uint8_t *const maps[3] = { &samples->y[0][0], &samples->u[0][0], &samples->v[0][0] };
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++)
      for (int c = 0; c < 3; c++) {
        int column = x >> format->place[c].shift_x, row = y >> format->place[c].shift_y;
        uint8_t *byte = at (&layout, format->place[c].plane, row,
            column * format->place[c].step + format->place[c].offset);
        unsigned value = widen (format, maps[c][y * WIDTH + x], c > 0, full);
        byte[0] = (uint8_t) value;
        if (format->bytes == 2)
          byte[1] = (uint8_t) (value >> 8);
      }
  return layout;
}

/* What the samples mean in RGB, as the format holds them. */
static GlipTestPicture *
convert (const struct YuvFormat *format, const Samples *samples, GlipMatrix matrix,
    gboolean full)
{
  GlipTestPicture *picture = glip_test_picture_new (WIDTH, HEIGHT, 0);
  /* Levels of a byte's full range in a sample. */
  double unit = 1 << format->shift, top = format->bytes == 1 ? 255 : 1023 * unit;
  double zero = format->bytes == 1 ? 1 : 4 * unit;
  double kr = red_weight[matrix], kb = blue_weight[matrix], kg = 1 - kr - kb;
  for (int i = 0; i < WIDTH * HEIGHT; i++) {
    double y = widen (format, (&samples->y[0][0])[i], FALSE, full);
    double u = widen (format, (&samples->u[0][0])[i], TRUE, full) - 128 * zero;
    double v = widen (format, (&samples->v[0][0])[i], TRUE, full) - 128 * zero;
    y = full ? y * 255 / top : (y / zero - 16) * 255 / 219;
    u *= full ? 255 / top : 255 / 224.0 / zero;
    v *= full ? 255 / top : 255 / 224.0 / zero;
    const double rgb[3] = { y + 2 * (1 - kr) * v,
      y - 2 * kb * (1 - kb) / kg * u - 2 * kr * (1 - kr) / kg * v, y + 2 * (1 - kb) * u };
    for (int c = 0; c < 3; c++)
      picture->pixels[i * 3 + c] = (uint8_t) lround (clip (rgb[c], 0, 255));
  }
  return picture;
}

static void
test_yuv (void)
{
  static const struct {
    GlipMatrix matrix;
    gboolean full;
  } kinds[] = { { GLIP_MATRIX_BT601, FALSE }, { GLIP_MATRIX_BT709, FALSE },
    { GLIP_MATRIX_BT2020, TRUE } };
  g_autoptr (GlipTestPicture) picture = glip_test_picture_new (WIDTH, HEIGHT, 3);
  for (size_t k = 0; k < G_N_ELEMENTS (kinds); k++) {
    g_autofree Samples *samples = make_samples (picture, kinds[k].full);
    g_autoptr (GlipResult) first = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS (yuv_formats); i++) {
      Layout layout = store_samples (&yuv_formats[i], samples, kinds[k].full);
      layout.image.matrix = kinds[k].matrix;
      layout.image.full_range = kinds[k].full;
      g_test_message ("format %d", (int) yuv_formats[i].format);
      g_autoptr (GlipTestPicture) rgb =
          convert (&yuv_formats[i], samples, kinds[k].matrix, kinds[k].full);
      g_autoptr (GlipResult) expected = detect (&rgb->image);
      GlipResult *result = detect (&layout.image);
      glip_test_assert_same (result, expected);
      if (first && yuv_formats[i].bytes == 1)
        glip_test_assert_same (result, first);
      if (first)
        glip_result_unref (result);
      else
        first = result;
      clear_layout (&layout);
    }
  }
}

/* Matrix and range mean something. */
static void
test_colour_matters (void)
{
  static const struct {
    GlipMatrix matrix;
    gboolean full;
  } kinds[] = { { GLIP_MATRIX_BT601, FALSE }, { GLIP_MATRIX_BT709, FALSE },
    { GLIP_MATRIX_BT2020, FALSE }, { GLIP_MATRIX_BT601, TRUE } };
  float scores[G_N_ELEMENTS (kinds)];
  g_autoptr (GlipTestPicture) picture = glip_test_picture_new (WIDTH, HEIGHT, 3);
  g_autofree Samples *samples = make_samples (picture, FALSE);
  Layout layout = store_samples (&yuv_formats[0], samples, FALSE);
  for (size_t i = 0; i < G_N_ELEMENTS (kinds); i++) {
    layout.image.matrix = kinds[i].matrix;
    layout.image.full_range = kinds[i].full;
    g_autoptr (GlipResult) result = detect (&layout.image);
    scores[i] = glip_result_get_detection (result, 0)->score;
    for (size_t j = 0; j < i; j++)
      g_assert_cmpfloat (fabsf (scores[i] - scores[j]), >, 1e-6);
  }
  clear_layout (&layout);
}

static void
add_tests (void)
{
  g_test_add_func ("/engine-formats/rgb", test_rgb);
  g_test_add_func ("/engine-formats/gray", test_gray);
  g_test_add_func ("/engine-formats/yuv", test_yuv);
  g_test_add_func ("/engine-formats/colour-matters", test_colour_matters);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  int status = check_main (add_tests);
  glip_test_engines_clear ();
  return status;
}
