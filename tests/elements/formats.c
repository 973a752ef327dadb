/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * glipdetect finds the same in a picture whatever its format, stride, size, crop,
 * colorimetry and pixel aspect ratio.  Each is compared with the RGB picture it was
 * made from.  Formats that keep all colours must agree but for rounding (overlap 0.95,
 * scores 0.02); shared colours blur edges, which is why theirs may differ more
 * (overlap 0.8, scores 0.1), and objects near the threshold may come or go.
 */
#include "support.h"

#include <string.h>

#define PROMPT "clock . house . diamond . butterfly"
#define DETECT "prompt=\"" PROMPT "\""

enum { WIDTH = 240, HEIGHT = 180 };

typedef struct {
  const char *format;
  gboolean shared; /* neighbours share their colour */
} Format;

static const Format formats[] = {
  { "RGB", FALSE }, { "BGR", FALSE }, { "RGBA", FALSE }, { "BGRA", FALSE },
  { "ARGB", FALSE }, { "ABGR", FALSE }, { "RGBx", FALSE }, { "BGRx", FALSE },
  { "xRGB", FALSE }, { "xBGR", FALSE }, { "RGBP", FALSE }, { "BGRP", FALSE },
  { "GBR", FALSE }, { "Y444", FALSE }, { "NV12", TRUE }, { "NV21", TRUE },
  { "I420", TRUE }, { "YV12", TRUE }, { "NV16", TRUE }, { "Y42B", TRUE },
  { "YUY2", TRUE }, { "UYVY", TRUE }, { "P010_10LE", TRUE }, { "I420_10LE", TRUE },
};

/* The RGB picture of that size.  (transfer full) */
static GstSample *
make_rgb (int width, int height)
{
  g_autofree char *caps = g_strdup_printf (
      "video/x-raw,format=RGB,width=%d,height=%d,pixel-aspect-ratio=1/1", width, height);
  return test_picture (caps);
}

/* The picture converted to `caps` by GStreamer.  (transfer full) */
static GstSample *
convert (GstSample *picture, const char *caps)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstCaps) to = gst_caps_from_string (caps);
  GstSample *converted = gst_video_convert_sample (picture, to, 10 * GST_SECOND, &error);
  g_assert_no_error (error);
  return converted;
}

/* What is found in a picture.  (transfer full) */
static GArray *
detect (GstHarness *harness, GstSample *picture)
{
  g_autoptr (GstBuffer) buffer = test_push (harness, picture, 0);
  return test_get_objects (buffer);
}

static void
check (GstHarness *harness, const char *what, GArray *expected, GstSample *picture,
    gboolean shared)
{
  g_autoptr (GArray) found = detect (harness, picture);
  test_compare (what, expected, found, shared ? 0.4 : 0.3, shared ? 0.8 : 0.95,
      shared ? 0.1 : 0.02);
  test_compare (what, found, expected, shared ? 0.4 : 0.3, shared ? 0.8 : 0.95,
      shared ? 0.1 : 0.02);
}

/* Something certain must be there, or the comparisons say nothing. */
static GArray *
detect_reference (GstHarness *harness, GstSample *picture)
{
  GArray *expected = detect (harness, picture);
  guint certain = 0;
  for (guint i = 0; i < expected->len; i++)
    certain += g_array_index (expected, TestObject, i).confidence >= 0.4;
  g_assert_cmpuint (certain, >=, 2);
  return expected;
}

static void
check_all_formats (int width, int height)
{
  GstHarness *harness = test_harness (DETECT);
  g_autoptr (GstSample) rgb = make_rgb (width, height);
  g_autoptr (GArray) expected = detect_reference (harness, rgb);
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_autofree char *caps = g_strdup_printf ("video/x-raw,format=%s", formats[i].format);
    g_autoptr (GstSample) picture = convert (rgb, caps);
    check (harness, formats[i].format, expected, picture, formats[i].shared);
  }
  gst_harness_teardown (harness);
}

static void
test_formats (void)
{
  check_all_formats (WIDTH, HEIGHT);
}

static void
test_odd_size (void)
{
  check_all_formats (WIDTH - 1, HEIGHT - 5);
}

/* GRAY8 against the same grey as RGB. */
static void
test_gray (void)
{
  GstHarness *harness = test_harness (DETECT);
  g_autoptr (GstSample) rgb = make_rgb (WIDTH, HEIGHT);
  g_autoptr (GstSample) gray = convert (rgb, "video/x-raw,format=GRAY8");
  g_autoptr (GstSample) again = convert (gray, "video/x-raw,format=RGB");
  g_autoptr (GArray) expected = detect (harness, again);
  g_assert_cmpuint (expected->len, >, 0);
  check (harness, "GRAY8", expected, gray, FALSE);
  gst_harness_teardown (harness);
}

/* ------------------------------------------------------------ strides and crops */

/* The picture in a buffer whose frame is larger: `left` and `up` pixels of noise lie
 * before it, and rows are longer than need be; GstVideoMeta and, with a margin,
 * GstVideoCropMeta tell.  (transfer full) */
static GstSample *
embed (GstSample *picture, int left, int up)
{
  GstVideoInfo info, outer;
  g_assert_true (gst_video_info_from_caps (&info, gst_sample_get_caps (picture)));
  gst_video_info_set_format (&outer, GST_VIDEO_INFO_FORMAT (&info), (guint) info.width + 64,
      (guint) info.height + 32);
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, outer.size, NULL);
  gst_buffer_memset (buffer, 0, 0x5a, outer.size);
  gboolean crop = left > 0 || up > 0;
  GstVideoFrame from, to;
  g_assert_true (gst_video_frame_map (
      &from, &info, gst_sample_get_buffer (picture), GST_MAP_READ));
  g_assert_true (gst_video_frame_map (&to, &outer, buffer, GST_MAP_WRITE));
  for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES (&from); plane++) {
    guint c = 0;
    while (GST_VIDEO_FORMAT_INFO_PLANE (info.finfo, c) != plane)
      c++;
    int rows = GST_VIDEO_FRAME_COMP_HEIGHT (&from, c);
    int step = GST_VIDEO_FRAME_COMP_PSTRIDE (&from, c);
    int x = left >> GST_VIDEO_FORMAT_INFO_W_SUB (info.finfo, c);
    int y = up >> GST_VIDEO_FORMAT_INFO_H_SUB (info.finfo, c);
    gsize bytes = (gsize) (GST_VIDEO_FRAME_COMP_WIDTH (&from, c) * step);
    for (int row = 0; row < rows; row++)
      memcpy ((guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&to, plane) +
              (row + y) * GST_VIDEO_FRAME_PLANE_STRIDE (&to, plane) + x * step,
          (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&from, plane) +
              row * GST_VIDEO_FRAME_PLANE_STRIDE (&from, plane), bytes);
  }
  gst_video_frame_unmap (&to);
  gst_video_frame_unmap (&from);
  gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_INFO_FORMAT (&info), crop ? (guint) outer.width : (guint) info.width,
      crop ? (guint) outer.height : (guint) info.height, GST_VIDEO_INFO_N_PLANES (&outer),
      outer.offset, outer.stride);
  if (crop) {
    GstVideoCropMeta *meta = gst_buffer_add_video_crop_meta (buffer);
    meta->x = (guint) left;
    meta->y = (guint) up;
    meta->width = (guint) info.width;
    meta->height = (guint) info.height;
  }
  return gst_sample_new (buffer, gst_sample_get_caps (picture), NULL, NULL);
}

static void
check_embedded (const char *format, int left, int up)
{
  GstHarness *harness = test_harness (DETECT);
  g_autofree char *caps = g_strdup_printf ("video/x-raw,format=%s", format);
  g_autoptr (GstSample) rgb = make_rgb (WIDTH, HEIGHT);
  g_autoptr (GstSample) plain = convert (rgb, caps);
  g_autoptr (GArray) expected = detect_reference (harness, plain);
  g_autoptr (GstSample) embedded = embed (plain, left, up);
  g_autoptr (GArray) found = detect (harness, embedded);
  g_assert_cmpuint (found->len, ==, expected->len);
  test_compare (format, expected, found, 0, 0.9999, 1e-5);
  gst_harness_teardown (harness);
}

static void
test_strides (void)
{
  static const char *const some[] = { "RGB", "BGRx", "GBR", "I420", "NV12", "YUY2", "Y42B",
    "P010_10LE" };
  for (guint i = 0; i < G_N_ELEMENTS (some); i++)
    check_embedded (some[i], 0, 0);
}

static void
test_crop (void)
{
  check_embedded ("RGB", 17, 9);
  check_embedded ("GBR", 1, 0);
  check_embedded ("I420", 16, 8);
  check_embedded ("NV12", 32, 30);
  check_embedded ("YUY2", 2, 3);
  check_embedded ("Y42B", 4, 1);
}

/* A crop that begins between pixels that share their colour: the picture of an odd
 * crop is compared with the same rectangle cut out of the RGB picture. */
static void
test_odd_crop (void)
{
  static const char *const some[] = { "I420", "NV12", "YUY2", "UYVY", "P010_10LE" };
  GstHarness *harness = test_harness (DETECT);
  g_autoptr (GstSample) rgb = make_rgb (WIDTH, HEIGHT);
  for (guint i = 0; i < G_N_ELEMENTS (some); i++) {
    g_autoptr (GstCaps) smaller = gst_caps_copy (gst_sample_get_caps (rgb));
    gst_caps_set_simple (smaller, "width", G_TYPE_INT, WIDTH - 8, "height", G_TYPE_INT,
        HEIGHT - 8, NULL);
    g_autofree char *caps = g_strdup_printf ("video/x-raw,format=%s", some[i]);
    g_autoptr (GstSample) converted = convert (rgb, caps);
    GstSample *whole[] = { rgb, converted };
    GArray *found[2];
    for (guint j = 0; j < 2; j++) {
      g_autoptr (GstBuffer) buffer = gst_buffer_copy (gst_sample_get_buffer (whole[j]));
      GstVideoInfo info;
      gst_video_info_from_caps (&info, gst_sample_get_caps (whole[j]));
      if (!gst_buffer_get_video_meta (buffer))
        gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
            GST_VIDEO_INFO_FORMAT (&info), WIDTH, HEIGHT, GST_VIDEO_INFO_N_PLANES (&info),
            info.offset, info.stride);
      GstVideoCropMeta *crop = gst_buffer_add_video_crop_meta (buffer);
      crop->x = 3;
      crop->y = 5;
      crop->width = WIDTH - 8;
      crop->height = HEIGHT - 8;
      g_autoptr (GstCaps) of = gst_caps_copy (gst_sample_get_caps (whole[j]));
      gst_caps_set_simple (of, "width", G_TYPE_INT, WIDTH - 8, "height", G_TYPE_INT,
          HEIGHT - 8, NULL);
      g_autoptr (GstSample) cropped = gst_sample_new (buffer, of, NULL, NULL);
      found[j] = detect (harness, cropped);
    }
    test_compare (some[i], found[0], found[1], 0.4, 0.8, 0.1);
    test_compare (some[i], found[1], found[0], 0.4, 0.8, 0.1);
    g_array_unref (found[0]);
    g_array_unref (found[1]);
  }
  gst_harness_teardown (harness);
}

/* ------------------------------------------------------------- colours and shape */

/* Full-colour YUV in every colorimetry; read with the wrong one the colours are off,
 * and a black and a white object of the picture show it. */
static void
test_colorimetry (void)
{
  static const char *const all[] = { "bt601", "bt709", "bt2020", "1:4:0:0", "1:3:0:0",
    "2:4:16:4" };
  GstHarness *harness = test_harness (DETECT);
  g_autoptr (GstSample) rgb = make_rgb (WIDTH, HEIGHT);
  g_autoptr (GArray) expected = detect_reference (harness, rgb);
  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    GstVideoInfo info;
    g_autofree char *caps =
        g_strdup_printf ("video/x-raw,format=Y444,colorimetry=%s", all[i]);
    g_autoptr (GstSample) picture = convert (rgb, caps);
    g_assert_true (gst_video_info_from_caps (&info, gst_sample_get_caps (picture)));
    check (harness, all[i], expected, picture, FALSE);
  }
  gst_harness_teardown (harness);
}

/* Half the pixels, each twice as wide, is the same picture.  Squeezing loses detail:
 * the tolerance of shared colours. */
static void
test_aspect_ratio (void)
{
  static const struct {
    int width, height;
    const char *ratio;
  } cases[] = { { WIDTH / 2, HEIGHT, "2/1" }, { WIDTH, HEIGHT / 2, "1/2" } };
  GstHarness *harness = test_harness (DETECT);
  g_autoptr (GstSample) rgb = make_rgb (WIDTH, HEIGHT);
  g_autoptr (GArray) expected = detect_reference (harness, rgb);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *caps = g_strdup_printf (
        "video/x-raw,format=RGB,width=%d,height=%d,pixel-aspect-ratio=%s", cases[i].width,
        cases[i].height, cases[i].ratio);
    g_autoptr (GstSample) squeezed = convert (rgb, caps);
    g_autoptr (GArray) found = detect (harness, squeezed);
    test_compare (cases[i].ratio, expected, found, 0.45, 0.8, 0.15);
  }
  gst_harness_teardown (harness);
}

/* Very small, very flat, very narrow: no matter what is found, it is inside. */
static void
test_extreme_sizes (void)
{
  static const int sizes[][2] = { { 16, 16 }, { 17, 16 }, { 640, 16 }, { 16, 333 } };
  GstHarness *harness = test_harness (DETECT " threshold=0");
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree char *caps = g_strdup_printf (
        "video/x-raw,format=I420,width=%d,height=%d", sizes[i][0], sizes[i][1]);
    g_autoptr (GstSample) picture = test_picture (caps);
    g_autoptr (GArray) found = detect (harness, picture);
    for (guint j = 0; j < found->len; j++) {
      const TestObject *object = &g_array_index (found, TestObject, j);
      g_assert_cmpfloat (object->x, >=, 0);
      g_assert_cmpfloat (object->y, >=, 0);
      g_assert_cmpfloat (object->x + object->w, <=, 1 + 1e-9);
      g_assert_cmpfloat (object->y + object->h, <=, 1 + 1e-9);
    }
  }
  gst_harness_teardown (harness);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/glipdetect/formats/all", test_formats);
  g_test_add_func ("/glipdetect/formats/odd-size", test_odd_size);
  g_test_add_func ("/glipdetect/formats/gray", test_gray);
  g_test_add_func ("/glipdetect/formats/strides", test_strides);
  g_test_add_func ("/glipdetect/formats/crop", test_crop);
  g_test_add_func ("/glipdetect/formats/odd-crop", test_odd_crop);
  g_test_add_func ("/glipdetect/formats/colorimetry", test_colorimetry);
  g_test_add_func ("/glipdetect/formats/aspect-ratio", test_aspect_ratio);
  g_test_add_func ("/glipdetect/formats/extreme-sizes", test_extreme_sizes);
  return test_run ();
}
