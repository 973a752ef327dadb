/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * glipoverlay pixel by pixel.  Where an attached overlay puts its rectangles tells
 * which pixels of a blended frame may change; all others must stay as they were.
 */
#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>
#include <math.h>
#include <string.h>

#define WIDTH 320
#define HEIGHT 240
#define FEATURE "video/x-raw(" GST_CAPS_FEATURE_MEMORY_SYSTEM_MEMORY "," \
    GST_CAPS_FEATURE_META_GST_VIDEO_OVERLAY_COMPOSITION ")"
#define BARE_FEATURE "video/x-raw(" GST_CAPS_FEATURE_META_GST_VIDEO_OVERLAY_COMPOSITION ")"
#define DETECTIONS "GlipDetections"

typedef struct {
  const char *phrase;
  int x, y, width, height;
  double confidence; /* < 0: no parameter */
} Region;

static const Region cat = { "cat", 40, 80, 120, 60, 0.875 };

static GstHarness *
new_harness (const char *settings, const char *caps, gboolean attach)
{
  g_autofree char *line = g_strdup_printf ("glipoverlay %s", settings);
  GstHarness *harness = gst_harness_new_parse (line);

  if (attach) {
    gst_harness_set_sink_caps_str (harness, FEATURE);
    gst_harness_add_propose_allocation_meta (harness,
        GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE, NULL);
  }
  gst_harness_set_src_caps_str (harness, caps);
  return harness;
}

static char *
make_caps (const char *format, int width, int height, const char *more)
{
  return g_strdup_printf ("video/x-raw,format=%s,width=%d,height=%d,framerate=30/1%s", format,
      width, height, more);
}

static void
get_info (const char *caps_text, GstVideoInfo *info)
{
  GstCaps *caps = gst_caps_from_string (caps_text);
  fail_unless (gst_video_info_from_caps (info, caps));
  gst_caps_unref (caps);
}

static void
add_region (GstBuffer *buffer, const Region *region)
{
  GstVideoRegionOfInterestMeta *meta = gst_buffer_add_video_region_of_interest_meta (buffer,
      region->phrase, (guint) region->x, (guint) region->y, (guint) region->width,
      (guint) region->height);
  if (region->confidence >= 0)
    gst_video_region_of_interest_meta_add_param (meta, gst_structure_new ("detection",
            "confidence", G_TYPE_DOUBLE, region->confidence, NULL));
}

static void
add_object (GValue *objects, const char *phrase, double confidence, double x, double y,
    double w, double h)
{
  GValue value = G_VALUE_INIT;
  g_value_init (&value, GST_TYPE_STRUCTURE);
  g_value_take_boxed (&value, gst_structure_new ("object", "phrase", G_TYPE_STRING, phrase,
          "confidence", G_TYPE_DOUBLE, confidence, "x", G_TYPE_DOUBLE, x, "y", G_TYPE_DOUBLE, y,
          "w", G_TYPE_DOUBLE, w, "h", G_TYPE_DOUBLE, h, NULL));
  gst_value_array_append_and_take_value (objects, &value);
}

/* The region as the custom meta has it, or nothing found when NULL. */
static void
add_custom (GstBuffer *buffer, const Region *region, guint64 age)
{
  GstStructure *structure =
      gst_custom_meta_get_structure (gst_buffer_add_custom_meta (buffer, DETECTIONS));
  GValue objects = G_VALUE_INIT;

  g_value_init (&objects, GST_TYPE_ARRAY);
  if (region)
    add_object (&objects, region->phrase, region->confidence, region->x / (double) WIDTH,
        region->y / (double) HEIGHT, region->width / (double) WIDTH,
        region->height / (double) HEIGHT);
  gst_structure_set (structure, "version", G_TYPE_INT, 1, "prompt", G_TYPE_STRING, "cat . dog",
      "age", G_TYPE_UINT64, age, "inference-time", G_TYPE_UINT64, 5 * GST_MSECOND, NULL);
  gst_structure_take_value (structure, "objects", &objects);
}

/* One grey level everywhere, and the frame `number` of a stream of 30 a second. */
static GstBuffer *
new_grey (const GstVideoInfo *info, int number)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, info->size, NULL);
  gst_buffer_memset (buffer, 0, 0x60, info->size);
  GST_BUFFER_PTS (buffer) = (GstClockTime) number * GST_SECOND / 30;
  GST_BUFFER_DURATION (buffer) = GST_SECOND / 30;
  return buffer;
}

/* `from` in the format of `to_info`, without any filtering of chroma. */
static GstBuffer *
convert (GstBuffer *from, const GstVideoInfo *from_info, const GstVideoInfo *to_info)
{
  GstBuffer *to = gst_buffer_new_allocate (NULL, to_info->size, NULL);
  GstVideoFrame source, target;
  GstVideoConverter *converter = gst_video_converter_new ((GstVideoInfo *) from_info,
      (GstVideoInfo *) to_info, gst_structure_new ("options",
          GST_VIDEO_CONVERTER_OPT_CHROMA_MODE, GST_TYPE_VIDEO_CHROMA_MODE,
          GST_VIDEO_CHROMA_MODE_NONE, GST_VIDEO_CONVERTER_OPT_DITHER_METHOD,
          GST_TYPE_VIDEO_DITHER_METHOD, GST_VIDEO_DITHER_NONE, NULL));

  gst_buffer_memset (to, 0, 0, to_info->size);
  fail_unless (gst_video_frame_map (&source, from_info, from, GST_MAP_READ));
  fail_unless (gst_video_frame_map (&target, to_info, to, GST_MAP_WRITE));
  gst_video_converter_frame (converter, &source, &target);
  gst_video_frame_unmap (&source);
  gst_video_frame_unmap (&target);
  gst_video_converter_free (converter);
  return to;
}

static GstBuffer *
push (GstHarness *harness, GstBuffer *buffer)
{
  /* Pulling would wait in vain after a failure. */
  fail_unless_equals_int (gst_harness_push (harness, buffer), GST_FLOW_OK);
  GstBuffer *result = gst_harness_pull (harness);
  fail_unless (result != NULL);
  return result;
}

static guint
count_rectangles (GstBuffer *buffer)
{
  GstVideoOverlayCompositionMeta *meta = gst_buffer_get_video_overlay_composition_meta (buffer);
  return meta ? gst_video_overlay_composition_n_rectangles (meta->overlay) : 0;
}

static GstVideoRectangle
get_rectangle (GstBuffer *buffer, guint i)
{
  GstVideoOverlayCompositionMeta *meta = gst_buffer_get_video_overlay_composition_meta (buffer);
  GstVideoRectangle place;
  guint width, height;

  fail_unless (meta != NULL);
  gst_video_overlay_rectangle_get_render_rectangle (
      gst_video_overlay_composition_get_rectangle (meta->overlay, i), &place.x, &place.y, &width,
      &height);
  place.w = (int) width;
  place.h = (int) height;
  return place;
}

/* What an attached overlay of these regions looks like; frame in RGBA. */
static GstBuffer *
attach_regions (const char *settings, int width, int height, const char *more,
    const Region *regions, gsize n_regions)
{
  g_autofree char *caps = make_caps ("RGBA", width, height, more);
  GstHarness *harness = new_harness (settings, caps, TRUE);
  GstVideoInfo info;

  get_info (caps, &info);
  GstBuffer *buffer = new_grey (&info, 0);
  for (gsize i = 0; i < n_regions; i++)
    add_region (buffer, &regions[i]);
  buffer = push (harness, buffer);
  gst_harness_teardown (harness);
  return buffer;
}

/* For every pixel of the frame: TRUE within `margin` of a rectangle. */
static guint8 *
make_mask (GstBuffer *overlay, int margin)
{
  guint8 *mask = g_malloc0 (WIDTH * HEIGHT);
  for (guint i = 0; i < count_rectangles (overlay); i++) {
    GstVideoRectangle place = get_rectangle (overlay, i);
    for (int y = MAX (place.y - margin, 0); y < MIN (place.y + place.h + margin, HEIGHT); y++)
      for (int x = MAX (place.x - margin, 0); x < MIN (place.x + place.w + margin, WIDTH); x++)
        mask[y * WIDTH + x] = TRUE;
  }
  return mask;
}

/* Blend one box into noise: only pixels near the overlay's rectangles may change, and
 * the lines must have the colour of the phrase. */
static void
check_format (const char *format, int tolerance)
{
  const GstVideoFormatInfo *format_info =
      gst_video_format_get_info (gst_video_format_from_string (format));
  g_autofree char *rgba_caps = make_caps ("RGBA", WIDTH, HEIGHT, "");
  g_autofree char *caps = make_caps (format, WIDTH, HEIGHT,
      GST_VIDEO_FORMAT_INFO_IS_YUV (format_info) ? ",colorimetry=bt709" : "");
  GstVideoInfo info, rgba;
  GstHarness *harness = new_harness ("render=blend", caps, FALSE);
  GstBuffer *overlay = attach_regions ("", WIDTH, HEIGHT, "", &cat, 1);
  g_autofree guint8 *drawn = make_mask (overlay, 0), *around = make_mask (overlay, 3);
  GRand *random = g_rand_new_with_seed (3);
  int changed = 0, wrong = 0;

  GST_INFO ("format %s", format);
  get_info (caps, &info);
  get_info (rgba_caps, &rgba);
  GstBuffer *noise = new_grey (&rgba, 0);
  GstMapInfo map, before_map, after_map;
  gst_buffer_map (noise, &map, GST_MAP_WRITE);
  for (gsize i = 0; i < map.size; i++)
    map.data[i] = i % 4 == 3 ? 255 : (guint8) g_rand_int_range (random, 40, 200);
  gst_buffer_unmap (noise, &map);
  GstBuffer *frame = convert (noise, &rgba, &info);
  GstBuffer *before = convert (frame, &info, &rgba);
  add_region (frame, &cat);
  GST_BUFFER_PTS (frame) = 0;
  frame = push (harness, frame);
  GstBuffer *after = convert (frame, &info, &rgba);

  gst_buffer_map (before, &before_map, GST_MAP_READ);
  gst_buffer_map (after, &after_map, GST_MAP_READ);
  for (int i = 0; i < WIDTH * HEIGHT; i++) {
    gboolean differs = memcmp (before_map.data + 4 * i, after_map.data + 4 * i, 3) != 0;
    changed += differs && drawn[i];
    wrong += differs && !around[i];
  }
  fail_unless (wrong == 0, "%s: %d pixels changed outside", format, wrong);
  fail_unless (changed > 1500, "%s: only %d pixels changed", format, changed);

  /* "cat" is blue, 0x0072b2; grey formats keep its luminance. */
  static const int places[][2] = { { 100, 138 }, { 40, 110 }, { 158, 110 } };
  gboolean grey = GST_VIDEO_FORMAT_INFO_IS_GRAY (format_info);
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++) {
    const guint8 *pixel = after_map.data + (places[i][1] * WIDTH + places[i][0]) * 4;
    const int wanted[] = { grey ? 90 : 0, grey ? 90 : 0x72, grey ? 90 : 0xb2 };
    for (int c = 0; c < 3; c++)
      fail_unless (ABS (pixel[c] - wanted[c]) <= tolerance, "%s: %02x%02x%02x at %d,%d", format,
          pixel[0], pixel[1], pixel[2], places[i][0], places[i][1]);
  }
  gst_buffer_unmap (before, &before_map);
  gst_buffer_unmap (after, &after_map);
  gst_buffer_unref (noise);
  gst_buffer_unref (before);
  gst_buffer_unref (after);
  gst_buffer_unref (frame);
  gst_buffer_unref (overlay);
  g_rand_free (random);
  gst_harness_teardown (harness);
}

GST_START_TEST (test_formats)
{
  static const char *const formats[] = { "RGBA", "BGRA", "ARGB", "ABGR", "RGBx", "BGRx", "xRGB",
    "xBGR", "RGB", "BGR", "GBR", "RGBP", "BGRP", "NV12", "NV21", "NV16", "NV24", "I420", "YV12",
    "YUY2", "UYVY", "YVYU", "Y42B", "Y444", "Y41B", "YUV9", "AYUV", "VUYA", "A420", "P010_10LE",
    "I420_10LE", "I422_10LE", "Y444_12LE", "P016_LE", "Y210", "Y410", "v308", "v216", "ARGB64",
    "AYUV64", "GBR_10LE", "GBRA", "r210", "v210", "UYVP", "IYU1", "NV12_10LE32",
    "NV12_4L4", "NV12_32L32", "NV12_64Z32" };
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    check_format (formats[i], 8);
  check_format ("RGB16", 12);
  check_format ("RGB15", 12);
  check_format ("GRAY8", 16);
  check_format ("GRAY16_LE", 16);
}
GST_END_TEST;

GST_START_TEST (test_untouched)
{
  g_autofree char *caps = make_caps ("NV12", WIDTH, HEIGHT, "");
  GstHarness *harness = new_harness ("", caps, FALSE);
  GstVideoInfo info;

  get_info (caps, &info);
  for (int i = 0; i < 3; i++) {
    GstBuffer *buffer = new_grey (&info, i);
    if (i == 1)
      add_custom (buffer, NULL, 0);
    GstBuffer *shared = gst_buffer_ref (buffer);
    GstBuffer *result = push (harness, buffer);
    /* Even though it was not writable: nothing asked for that. */
    fail_unless (result == shared);
    gst_buffer_unref (result);
    gst_buffer_unref (shared);
  }
  gst_harness_teardown (harness);
}
GST_END_TEST;

/* A frame that somebody else holds, too, must not change under their eyes. */
GST_START_TEST (test_shared_frame)
{
  g_autofree char *caps = make_caps ("I420", WIDTH, HEIGHT, "");
  GstHarness *harness = new_harness ("", caps, FALSE);
  GstVideoInfo info;
  guint8 was, is;

  get_info (caps, &info);
  GstBuffer *buffer = new_grey (&info, 0);
  add_region (buffer, &cat);
  GstBuffer *shared = gst_buffer_ref (buffer);
  GstBuffer *result = push (harness, buffer);
  gst_buffer_extract (shared, 138 * WIDTH + 100, &was, 1);
  gst_buffer_extract (result, 138 * WIDTH + 100, &is, 1);
  fail_unless_equals_int (was, 0x60);
  fail_unless (is != 0x60);
  fail_unless_equals_uint64 (GST_BUFFER_DURATION (result), GST_SECOND / 30);
  gst_buffer_unref (result);
  gst_buffer_unref (shared);
  gst_harness_teardown (harness);
}
GST_END_TEST;

GST_START_TEST (test_attach)
{
  GstBuffer *buffer = attach_regions ("", WIDTH, HEIGHT, "", &cat, 1);
  guint8 pixel;

  fail_unless_equals_int (count_rectangles (buffer), 5);
  GstVideoRectangle top = get_rectangle (buffer, 0), label = get_rectangle (buffer, 4);
  fail_unless (top.x == 40 && top.y == 80 && top.w == 120 && top.h == 2);
  fail_unless (label.x == 40 && label.y + label.h == 80 && label.w > 20 && label.h > 8);
  gst_buffer_extract (buffer, (80 * WIDTH + 60) * 4, &pixel, 1);
  fail_unless_equals_int (pixel, 0x60);
  gst_buffer_unref (buffer);

  /* The feature alone is no promise: without the allocation's answer it is drawn. */
  g_autofree char *caps = make_caps ("RGBA", WIDTH, HEIGHT, "");
  GstHarness *harness = gst_harness_new ("glipoverlay");
  GstVideoInfo info;
  gst_harness_set_sink_caps_str (harness, FEATURE);
  gst_harness_set_src_caps_str (harness, caps);
  get_info (caps, &info);
  buffer = new_grey (&info, 0);
  add_region (buffer, &cat);
  buffer = push (harness, buffer);
  fail_unless_equals_int (count_rectangles (buffer), 0);
  gst_buffer_extract (buffer, (80 * WIDTH + 60) * 4, &pixel, 1);
  fail_unless_equals_int (pixel, 0);
  gst_buffer_unref (buffer);
  gst_harness_teardown (harness);
}
GST_END_TEST;

/* Who negotiates what; a sink that takes anything draws nothing. */
GST_START_TEST (test_negotiation)
{
  static const struct {
    const char *settings, *sink;
    gboolean allocation, attached;
  } cases[] = { { "", FEATURE, TRUE, TRUE }, { "", BARE_FEATURE, TRUE, TRUE },
    { "", FEATURE ";video/x-raw", TRUE, TRUE }, { "", "video/x-raw;" FEATURE, TRUE, TRUE },
    { "", "video/x-raw;" FEATURE, FALSE, FALSE }, { "", "ANY", TRUE, FALSE },
    { "", "video/x-raw", TRUE, FALSE }, { "", "video/x-raw(ANY)", TRUE, FALSE },
    { "render=attach", "ANY", FALSE, TRUE }, { "render=attach", BARE_FEATURE, FALSE, TRUE },
    { "render=blend", "ANY", TRUE, FALSE },
    { "render=blend", "video/x-raw;" FEATURE, TRUE, FALSE } };
  g_autofree char *caps = make_caps ("NV12", WIDTH, HEIGHT, "");
  GstVideoInfo info;

  get_info (caps, &info);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *line = g_strdup_printf ("glipoverlay %s", cases[i].settings);
    GstHarness *harness = gst_harness_new_parse (line);
    guint8 pixel;

    gst_harness_set_sink_caps_str (harness, cases[i].sink);
    if (cases[i].allocation)
      gst_harness_add_propose_allocation_meta (harness,
          GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE, NULL);
    gst_harness_set_src_caps_str (harness, caps);
    GstBuffer *buffer = new_grey (&info, 0);
    add_region (buffer, &cat);
    buffer = push (harness, buffer);
    gst_buffer_extract (buffer, 80 * WIDTH + 60, &pixel, 1);
    fail_unless ((count_rectangles (buffer) > 0) == cases[i].attached, "case %" G_GSIZE_FORMAT, i);
    fail_unless ((pixel == 0x60) == cases[i].attached, "case %" G_GSIZE_FORMAT, i);
    gst_buffer_unref (buffer);
    gst_harness_teardown (harness);
  }

  /* Where blending is asked for and overlays are all that is taken: no agreement. */
  GstHarness *harness = new_harness ("render=blend", caps, TRUE);
  fail_unless_equals_int (gst_harness_push (harness, new_grey (&info, 0)),
      GST_FLOW_NOT_NEGOTIATED);
  gst_harness_teardown (harness);
}
GST_END_TEST;

/* An overlay from upstream stays, below ours. */
GST_START_TEST (test_attach_to_attached)
{
  g_autofree char *plain = make_caps ("RGBA", WIDTH, HEIGHT, "");
  g_autofree char *caps = g_strconcat (FEATURE, plain + strlen ("video/x-raw"), NULL);
  GstHarness *harness = new_harness ("", caps, TRUE);
  GstVideoInfo info;

  get_info (plain, &info);
  GstBuffer *other = attach_regions ("", WIDTH, HEIGHT, "", &cat, 1);
  GstBuffer *buffer = new_grey (&info, 0);
  gst_buffer_add_video_overlay_composition_meta (buffer,
      gst_buffer_get_video_overlay_composition_meta (other)->overlay);
  add_region (buffer, &cat);
  buffer = push (harness, buffer);
  fail_unless_equals_int (count_rectangles (buffer), 10);
  gst_buffer_unref (buffer);
  gst_buffer_unref (other);
  gst_harness_teardown (harness);
}
GST_END_TEST;

static guint
count_source (const char *settings, const Region *region, const Region *custom)
{
  g_autofree char *caps = make_caps ("RGBA", WIDTH, HEIGHT, "");
  GstHarness *harness = new_harness (settings, caps, TRUE);
  GstVideoInfo info;

  get_info (caps, &info);
  GstBuffer *buffer = new_grey (&info, 0);
  if (region)
    add_region (buffer, region);
  if (custom)
    add_custom (buffer, custom, 0);
  buffer = push (harness, buffer);
  guint count = count_rectangles (buffer);
  gst_buffer_unref (buffer);
  gst_harness_teardown (harness);
  return count;
}

GST_START_TEST (test_sources)
{
  fail_unless_equals_int (count_source ("", &cat, NULL), 5);
  fail_unless_equals_int (count_source ("", NULL, &cat), 5);
  fail_unless_equals_int (count_source ("", &cat, &cat), 5);
  fail_unless_equals_int (count_source ("source=roi", &cat, NULL), 5);
  fail_unless_equals_int (count_source ("source=roi", NULL, &cat), 0);
  fail_unless_equals_int (count_source ("source=custom", &cat, NULL), 0);
  fail_unless_equals_int (count_source ("source=custom", NULL, &cat), 5);
  fail_unless_equals_int (count_source ("source=analytics", &cat, &cat), 0);
  fail_unless_equals_int (count_source ("draw-labels=false", &cat, NULL), 4);
  fail_unless_equals_int (count_source ("draw-boxes=false", &cat, NULL), 1);
  fail_unless_equals_int (count_source ("show-prompt=true show-stats=true", NULL, &cat), 7);
  fail_unless_equals_int (count_source ("fill-alpha=0.5", &cat, NULL), 6);
  fail_unless_equals_int (count_source ("opacity=0", &cat, NULL), 0);
  fail_unless_equals_int (count_source ("min-confidence=0.9", &cat, NULL), 0);
  fail_unless_equals_int (count_source ("min-confidence=0.8", &cat, NULL), 5);
  fail_unless_equals_int (count_source ("show-phrases=\"dog, CAT\"", &cat, NULL), 5);
  fail_unless_equals_int (count_source ("show-phrases=dog", &cat, NULL), 0);
  fail_unless_equals_int (count_source ("hide-phrases=cat", &cat, NULL), 0);
  fail_unless_equals_int (count_source ("hide-phrases=ca", &cat, NULL), 5);
}
GST_END_TEST;

static int
measure_label (const char *settings, const Region *region, const Region *custom)
{
  g_autofree char *caps = make_caps ("RGBA", WIDTH, HEIGHT, "");
  GstHarness *harness = new_harness (settings, caps, TRUE);
  GstVideoInfo info;

  get_info (caps, &info);
  GstBuffer *buffer = new_grey (&info, 0);
  add_region (buffer, region);
  if (custom)
    add_custom (buffer, custom, 0);
  buffer = push (harness, buffer);
  int width = count_rectangles (buffer) == 5 ? get_rectangle (buffer, 4).w : 0;
  gst_buffer_unref (buffer);
  gst_harness_teardown (harness);
  return width;
}

/* A converter drops a region's parameters, and the custom meta makes up for it. */
GST_START_TEST (test_lost_confidence)
{
  Region lost = cat, moved = cat;
  lost.confidence = -1;
  moved.x += 20;
  int with = measure_label ("", &cat, NULL), without = measure_label ("", &lost, NULL);

  fail_unless (with > without + 15);
  fail_unless_equals_int (measure_label ("", &lost, &cat), with);
  fail_unless_equals_int (measure_label ("", &lost, &moved), without);
  fail_unless_equals_int (measure_label ("draw-confidence=false", &cat, NULL), without);
  fail_unless_equals_int (measure_label ("label-format={phrase}", &cat, NULL), without);
  fail_unless (measure_label ("label-format=\"{phrase} {confidence:.0%}\"", &cat, NULL)
      > without + 15);
  fail_unless_equals_int (measure_label ("label-format=\"\"", &cat, NULL), 0);
}
GST_END_TEST;

/* As markup, the first would be as short as the second, and "<b>&" nothing. */
GST_START_TEST (test_texts)
{
  static const char *const texts[] = { "man & <dog>", "红色汽车", "سيارة حمراء", "שלום", "🚗👩‍👩‍👧",
    "\xff\xfe", "a\nb\nc", "tab\there", "\xe2\x80\xaereversed", "%s %n", "\x01\x02", " ", "<b>&",
    "e\xcc\x81\xcc\x81\xcc\x81" };
  Region region = cat;

  region.phrase = "<b>cat</b>";
  fail_unless (measure_label ("", &region, NULL)
      > measure_label ("", &cat, NULL) + 30);
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    region.phrase = texts[i];
    GstBuffer *buffer = attach_regions ("label-background-color=0xff000000 text-color=0xffffffff",
        WIDTH, HEIGHT, "", &region, 1);
    fail_unless_equals_int (count_rectangles (buffer), 5);
    GstVideoRectangle label = get_rectangle (buffer, 4);
    fail_unless (label.h < 30, "\"%s\": %d pixels high", texts[i], label.h);

    GstBuffer *pixels = gst_video_overlay_rectangle_get_pixels_unscaled_argb (
        gst_video_overlay_composition_get_rectangle (
            gst_buffer_get_video_overlay_composition_meta (buffer)->overlay, 4),
        GST_VIDEO_OVERLAY_FORMAT_FLAG_PREMULTIPLIED_ALPHA);
    GstMapInfo map;
    int ink = 0;
    gst_buffer_map (pixels, &map, GST_MAP_READ);
    for (gsize at = 0; at < map.size; at += 4)
      ink += map.data[at + 1] > 128;
    gst_buffer_unmap (pixels, &map);
    fail_unless (ink > 20 && ink < label.w * label.h / 2, "\"%s\": %d pixels of ink", texts[i],
        ink);
    gst_buffer_unref (buffer);
  }
}
GST_END_TEST;

GST_START_TEST (test_long_phrase)
{
  g_autofree char *text = g_strnfill (500, 'w'), *most = g_strnfill (64, 'w');
  Region region = cat;

  /* Wide enough for 64 letters and not for 500. */
  region.phrase = text;
  GstBuffer *long_one = attach_regions ("", 1920, 1080, "", &region, 1);
  region.phrase = most;
  GstBuffer *most_one = attach_regions ("", 1920, 1080, "", &region, 1);
  int width = get_rectangle (long_one, 4).w, limit = get_rectangle (most_one, 4).w;
  fail_unless (width > limit * 9 / 10 && width <= limit + 8, "%d of %d", width, limit);
  gst_buffer_unref (long_one);
  gst_buffer_unref (most_one);

  region.phrase = text;
  fail_unless (measure_label ("", &region, NULL) <= WIDTH);
  fail_unless (measure_label ("", &region, NULL) > WIDTH * 9 / 10);
}
GST_END_TEST;

static gboolean
overlap (GstVideoRectangle a, GstVideoRectangle b)
{
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

GST_START_TEST (test_labels_avoid)
{
  Region regions[12];
  for (int i = 0; i < 12; i++)
    regions[i] = (Region) { "zebra", 250 + i, 4 * i, 60, 40, 0.5 };
  GstBuffer *buffer = attach_regions ("", WIDTH, HEIGHT, "", regions, 12);

  fail_unless_equals_int (count_rectangles (buffer), 5 * 12);
  for (guint i = 48; i < 60; i++) {
    GstVideoRectangle label = get_rectangle (buffer, i);
    fail_unless (label.x >= 0 && label.y >= 0 && label.x + label.w <= WIDTH
        && label.y + label.h <= HEIGHT);
    for (guint j = 48; j < i; j++)
      fail_if (overlap (label, get_rectangle (buffer, j)), "labels %u and %u", i - 48, j - 48);
  }
  gst_buffer_unref (buffer);
}
GST_END_TEST;

GST_START_TEST (test_label_position)
{
  static const struct {
    const char *settings;
    int y;
  } cases[] = { { "label-position=inside", 80 }, { "label-position=bottom", 140 } };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstBuffer *buffer = attach_regions (cases[i].settings, WIDTH, HEIGHT, "", &cat, 1);
    fail_unless_equals_int (get_rectangle (buffer, 4).y, cases[i].y);
    gst_buffer_unref (buffer);
  }
}
GST_END_TEST;

/* Pixels twice as wide: a label half as wide, the line as well. */
GST_START_TEST (test_pixel_aspect_ratio)
{
  GstBuffer *square = attach_regions ("line-width=4", WIDTH, HEIGHT, "", &cat, 1);
  GstBuffer *wide = attach_regions ("line-width=4", WIDTH / 2, HEIGHT, ",pixel-aspect-ratio=2/1",
      &cat, 1);
  int expected = get_rectangle (square, 4).w / 2;

  fail_unless (ABS (get_rectangle (wide, 4).w - expected) <= 2);
  fail_unless_equals_int (get_rectangle (square, 2).w, 4);
  fail_unless_equals_int (get_rectangle (wide, 2).w, 2);
  fail_unless_equals_int (get_rectangle (wide, 0).h, 4);
  gst_buffer_unref (square);
  gst_buffer_unref (wide);
}
GST_END_TEST;

static void
push_odd (const char *format, int width, int height, gboolean attach)
{
  static const double numbers[] = { NAN, INFINITY, -INFINITY, 1e300, -1e300, 0, -0.2, 0.3, 1.5 };
  g_autofree char *caps = make_caps (format, width, height, "");
  GstHarness *harness = new_harness ("fill-alpha=0.2 expire-overlay=0", caps, attach);
  GstVideoInfo info;
  const gsize n = G_N_ELEMENTS (numbers);

  get_info (caps, &info);
  for (gsize i = 0; i < n * n; i++) {
    GstBuffer *buffer = new_grey (&info, (int) i);
    GValue objects = G_VALUE_INIT;
    g_value_init (&objects, GST_TYPE_ARRAY);
    add_object (&objects, "x", numbers[i % n], numbers[i / n], numbers[i % n], numbers[i % n],
        numbers[(i + i / n) % n]);
    GstStructure *structure =
        gst_custom_meta_get_structure (gst_buffer_add_custom_meta (buffer, DETECTIONS));
    gst_structure_take_value (structure, "objects", &objects);
    gst_buffer_unref (push (harness, buffer));
  }
  for (int i = 0; i < 3; i++) {
    static const Region regions[] = { { "a", 0, 0, -1, -1, 1 }, { "b", -1, -1, 5, 5, 2 },
      { "c", 3, 3, 0, 4, -1 } };
    GstBuffer *buffer = new_grey (&info, 100 + i);
    add_region (buffer, &regions[i]);
    gst_buffer_unref (push (harness, buffer));
  }
  gst_harness_teardown (harness);
}

GST_START_TEST (test_odd_boxes)
{
  static const char *const formats[] = { "NV12", "YUV9", "YUY2", "RGB16", "P010_10LE", "v210" };
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++) {
    push_odd (formats[i], 16, 16, FALSE);
    push_odd (formats[i], 37, 21, FALSE);
  }
  push_odd ("RGBA", 1, 1, FALSE);
  push_odd ("I420", 3, 1, FALSE);
  push_odd ("RGBA", 16, 16, TRUE);
}
GST_END_TEST;

/* Metadata with fields of the wrong types, or without any. */
GST_START_TEST (test_wrong_metadata)
{
  static const char *const structures[] = { "x", "x,objects=5", "x,objects=<1,2>",
    "x,objects=<(structure)\"object;\">", "x,age=-5,prompt=3,objects=<(structure)\"o,x=abc;\">",
    "x,objects=<(structure)\"o,x=0.1,y=0.1,w=1,h=(int)1,confidence=(string)high;\">" };
  g_autofree char *caps = make_caps ("NV12", WIDTH, HEIGHT, "");
  GstHarness *harness = new_harness ("show-prompt=true show-stats=true", caps, FALSE);
  GstVideoInfo info;

  get_info (caps, &info);
  for (gsize i = 0; i < G_N_ELEMENTS (structures); i++) {
    GstBuffer *buffer = new_grey (&info, (int) i);
    GstStructure *from = gst_structure_from_string (structures[i], NULL);
    fail_unless (from != NULL, "%s", structures[i]);
    GstStructure *to =
        gst_custom_meta_get_structure (gst_buffer_add_custom_meta (buffer, DETECTIONS));
    for (int field = 0; field < gst_structure_n_fields (from); field++) {
      const char *name = gst_structure_nth_field_name (from, (guint) field);
      gst_structure_set_value (to, name, gst_structure_get_value (from, name));
    }
    gst_structure_free (from);
    gst_buffer_unref (push (harness, buffer));
  }
  gst_harness_teardown (harness);
}
GST_END_TEST;

GST_START_TEST (test_many)
{
  Region regions[300];
  for (int i = 0; i < 300; i++)
    regions[i] = (Region) { i % 2 ? "cat" : "dog", 31 * i % 300, 17 * i % 220, 40, 30, 0.5 };
  GstBuffer *buffer = attach_regions ("", WIDTH, HEIGHT, "", regions, 300);
  fail_unless (count_rectangles (buffer) > 1000);
  gst_buffer_unref (buffer);
}
GST_END_TEST;

static guint
count_at (GstHarness *harness, const GstVideoInfo *info, int number, gboolean region,
    gboolean empty)
{
  GstBuffer *buffer = new_grey (info, number);
  if (region)
    add_region (buffer, &cat);
  if (empty)
    add_custom (buffer, NULL, 0);
  buffer = push (harness, buffer);
  guint count = count_rectangles (buffer);
  gst_buffer_unref (buffer);
  return count;
}

GST_START_TEST (test_expire)
{
  g_autofree char *caps = make_caps ("RGBA", WIDTH, HEIGHT, "");
  GstHarness *harness = new_harness ("", caps, TRUE);
  GstVideoInfo info;

  get_info (caps, &info);
  fail_unless_equals_int (count_at (harness, &info, 0, TRUE, FALSE), 5);
  fail_unless_equals_int (count_at (harness, &info, 1, FALSE, FALSE), 5);
  fail_unless_equals_int (count_at (harness, &info, 29, FALSE, FALSE), 5);
  fail_unless_equals_int (count_at (harness, &info, 31, FALSE, FALSE), 0);
  fail_unless_equals_int (count_at (harness, &info, 29, FALSE, FALSE), 0);
  /* Found nothing: that is an answer, too. */
  fail_unless_equals_int (count_at (harness, &info, 40, TRUE, FALSE), 5);
  fail_unless_equals_int (count_at (harness, &info, 41, FALSE, TRUE), 0);
  fail_unless_equals_int (count_at (harness, &info, 42, FALSE, FALSE), 0);
  /* A flush forgets. */
  fail_unless_equals_int (count_at (harness, &info, 50, TRUE, FALSE), 5);
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  fail_unless (gst_harness_push_event (harness, gst_event_new_flush_start ()));
  fail_unless (gst_harness_push_event (harness, gst_event_new_flush_stop (TRUE)));
  fail_unless (gst_harness_push_event (harness, gst_event_new_segment (&segment)));
  fail_unless_equals_int (count_at (harness, &info, 51, FALSE, FALSE), 0);
  /* Never repeated. */
  gst_harness_set (harness, "glipoverlay", "expire-overlay", (guint64) 0, NULL);
  fail_unless_equals_int (count_at (harness, &info, 60, TRUE, FALSE), 5);
  fail_unless_equals_int (count_at (harness, &info, 60, FALSE, FALSE), 0);
  gst_harness_teardown (harness);
}
GST_END_TEST;

/* Bytes of ink in the upper edge, or -1 without one. */
static int
measure_edge (const char *settings, guint64 age)
{
  g_autofree char *caps = make_caps ("RGBA", WIDTH, HEIGHT, "");
  GstHarness *harness = new_harness (settings, caps, TRUE);
  GstVideoInfo info;
  int sum = -1;

  get_info (caps, &info);
  GstBuffer *buffer = new_grey (&info, 0);
  add_custom (buffer, &cat, age);
  buffer = push (harness, buffer);
  if (count_rectangles (buffer)) {
    GstBuffer *pixels = gst_video_overlay_rectangle_get_pixels_unscaled_argb (
        gst_video_overlay_composition_get_rectangle (
            gst_buffer_get_video_overlay_composition_meta (buffer)->overlay, 0),
        GST_VIDEO_OVERLAY_FORMAT_FLAG_PREMULTIPLIED_ALPHA);
    GstMapInfo map;
    gst_buffer_map (pixels, &map, GST_MAP_READ);
    sum = 0;
    for (gsize i = 3; i < map.size; i += 4)
      sum += map.data[i];
    gst_buffer_unmap (pixels, &map);
  }
  gst_buffer_unref (buffer);
  gst_harness_teardown (harness);
  return sum;
}

GST_START_TEST (test_stale)
{
  int full = 120 * 2 * 255, dashed = measure_edge ("", GST_SECOND);

  fail_unless_equals_int (measure_edge ("", 0), full);
  fail_unless_equals_int (measure_edge ("", 400 * GST_MSECOND), full);
  fail_unless (dashed > full / 3 && dashed < full * 2 / 3);
  fail_unless_equals_int (measure_edge ("stale-style=solid", GST_SECOND), full);
  fail_unless_equals_int (measure_edge ("stale-style=hide", GST_SECOND), -1);
  fail_unless (abs (measure_edge ("stale-style=fade", GST_SECOND) - full / 2) < full / 100);
  fail_unless (abs (measure_edge ("opacity=0.5", 0) - full / 2) < full / 100);
  fail_unless_equals_int (measure_edge ("line-width=7", 0), full / 2 * 7);
}
GST_END_TEST;

GST_START_TEST (test_properties)
{
  static const struct {
    const char *name, *value; /* the default */
  } defaults[] = { { "source", "auto" }, { "render", "auto" }, { "draw-boxes", "TRUE" },
    { "draw-labels", "TRUE" }, { "draw-confidence", "TRUE" }, { "draw-track-id", "TRUE" },
    { "show-prompt", "FALSE" }, { "show-stats", "FALSE" },
    { "label-format", "{phrase} {confidence:.2f}" }, { "color-mode", "phrase" },
    { "color", "4293304064" }, { "text-color", "0" }, { "label-background-color", "0" },
    { "palette", NULL }, { "line-width", "0" }, { "font-desc", "Sans Bold 0" },
    { "label-position", "auto" }, { "fill-alpha", "0" }, { "opacity", "1" },
    { "min-confidence", "0" }, { "show-phrases", NULL }, { "hide-phrases", NULL },
    { "expire-overlay", "1000000000" }, { "stale-style", "dashed" },
    { "stale-after", "500000000" } };
  GstElement *element = gst_element_factory_make ("glipoverlay", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (defaults); i++) {
    GParamSpec *spec =
        g_object_class_find_property (G_OBJECT_GET_CLASS (element), defaults[i].name);
    GValue value = G_VALUE_INIT, wanted = G_VALUE_INIT;
    fail_unless (spec != NULL, "%s", defaults[i].name);
    g_value_init (&value, spec->value_type);
    g_value_init (&wanted, spec->value_type);
    g_object_get_property (G_OBJECT (element), spec->name, &value);
    if (defaults[i].value)
      fail_unless (gst_value_deserialize (&wanted, defaults[i].value));
    fail_unless (g_param_values_cmp (spec, &value, &wanted) == 0, "%s", spec->name);
    fail_unless (g_param_value_defaults (spec, &value), "%s", spec->name);
    g_object_set_property (G_OBJECT (element), spec->name, &value);
    g_value_unset (&value);
    g_value_unset (&wanted);
  }
  gst_object_unref (element);
}
GST_END_TEST;

/* What is refused leaves the value and says so on the bus. */
GST_START_TEST (test_refused)
{
  static const struct {
    const char *name, *value;
    gboolean accepted;
  } cases[] = { { "label-format", "{phrase", FALSE }, { "label-format", "}", FALSE },
    { "label-format", "{nothing}", FALSE }, { "label-format", "{phrase:.2f}", FALSE },
    { "label-format", "{confidence:.22f}", FALSE }, { "label-format", "{confidence:2f}", FALSE },
    { "label-format", "{confidence:.9s}", FALSE }, { "label-format", "\xff", FALSE },
    { "label-format", "{age:.1%}", FALSE }, { "label-format", "{}", FALSE },
    { "label-format", "{{{phrase}}} {track} {age:.0f} {region} {confidence:.9%}", TRUE },
    { "palette", "red", FALSE }, { "palette", "#12345", FALSE }, { "palette", "#-12345", FALSE },
    { "palette", "#123456,", TRUE }, { "palette", "ABCDEF #000000", TRUE }, { "palette", "", TRUE },
    { "font-desc", "\xff", FALSE }, { "font-desc", "Serif 12", TRUE },
    { "font-desc", "No Such Font 400", TRUE }, { "hide-phrases", "\xc3(", FALSE } };
  GstElement *element = gst_element_factory_make ("glipoverlay", NULL);
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (element, bus);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *before = NULL, *after = NULL;
    g_object_get (element, cases[i].name, &before, NULL);
    g_object_set (element, cases[i].name, cases[i].value, NULL);
    g_object_get (element, cases[i].name, &after, NULL);
    GstMessage *message = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING);
    fail_unless ((message == NULL) == cases[i].accepted, "%s=%s", cases[i].name, cases[i].value);
    fail_unless_equals_string (after, cases[i].accepted ? cases[i].value : before);
    if (message) {
      g_autoptr (GError) error = NULL;
      gst_message_parse_warning (message, &error, NULL);
      fail_unless (strstr (error->message, cases[i].name) != NULL);
      gst_message_unref (message);
    }
  }
  gst_element_set_bus (element, NULL);
  gst_object_unref (bus);
  gst_object_unref (element);
}
GST_END_TEST;

GST_START_TEST (test_palette)
{
  GstBuffer *buffer = attach_regions ("palette=#123456", WIDTH, HEIGHT, "", &cat, 1);
  GstBuffer *fixed =
      attach_regions ("color-mode=fixed color=0xff654321", WIDTH, HEIGHT, "", &cat, 1);
  GstBuffer *const drawn[] = { buffer, fixed };
  const guint32 colours[] = { 0xff123456, 0xff654321 };

  for (int i = 0; i < 2; i++) {
    guint32 pixel;
    gst_buffer_extract (gst_video_overlay_rectangle_get_pixels_unscaled_argb (
            gst_video_overlay_composition_get_rectangle (
                gst_buffer_get_video_overlay_composition_meta (drawn[i])->overlay, 0),
            GST_VIDEO_OVERLAY_FORMAT_FLAG_PREMULTIPLIED_ALPHA), 0, &pixel, 4);
    fail_unless_equals_int_hex (pixel, colours[i]);
    gst_buffer_unref (drawn[i]);
  }
}
GST_END_TEST;

/* Text and lines are made once: later frames share them with the first. */
GST_START_TEST (test_static_costs_nothing)
{
  g_autofree char *caps = make_caps ("RGBA", WIDTH, HEIGHT, "");
  GstHarness *harness = new_harness ("", caps, TRUE);
  GstVideoInfo info;
  guint wanted = 0;

  get_info (caps, &info);
  for (int i = 0; i < 5; i++) {
    GstBuffer *buffer = new_grey (&info, i);
    add_region (buffer, &cat);
    buffer = push (harness, buffer);
    guint number = gst_video_overlay_composition_get_seqnum (
        gst_buffer_get_video_overlay_composition_meta (buffer)->overlay);
    wanted = i == 0 ? number : wanted;
    fail_unless_equals_int (number, wanted);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (harness);
}
GST_END_TEST;

/* Measured, and bounded generously: the machine may be busy. */
GST_START_TEST (test_speed)
{
  g_autofree char *caps = make_caps ("NV12", 1920, 1080, "");
  GstHarness *harness = new_harness ("", caps, FALSE);
  GstVideoInfo info;
  gint64 best = G_MAXINT64;

  get_info (caps, &info);
  for (int i = 0; i < 30; i++) {
    GstBuffer *buffer = new_grey (&info, i);
    for (int j = 0; j < 10; j++) {
      const Region region = { "red car", 60 + 170 * j, 100 + 50 * j, 400, 300, 0.5 };
      add_region (buffer, &region);
    }
    gint64 start = g_get_monotonic_time ();
    buffer = push (harness, buffer);
    best = MIN (best, g_get_monotonic_time () - start);
    gst_buffer_unref (buffer);
  }
  gst_harness_teardown (harness);
  GST_INFO ("ten static boxes in 1920x1080 NV12: %" G_GINT64_FORMAT " us", best);
  g_print ("ten static boxes in 1920x1080 NV12: %" G_GINT64_FORMAT " us\n", best);
  fail_unless (best < 20000);
}
GST_END_TEST;

GST_START_TEST (test_states)
{
  g_autofree char *caps = make_caps ("NV12", WIDTH, HEIGHT, "");
  GstElement *element = gst_element_factory_make ("glipoverlay", NULL);
  GstHarness *harness = gst_harness_new_with_element (element, "sink", "src");
  GstVideoInfo info;

  get_info (caps, &info);
  for (int i = 0; i < 20; i++) {
    gst_harness_set_src_caps_str (harness, caps);
    GstBuffer *buffer = new_grey (&info, i);
    add_region (buffer, &cat);
    gst_buffer_unref (push (harness, buffer));
    fail_unless_equals_int (gst_element_set_state (element, GST_STATE_NULL),
        GST_STATE_CHANGE_SUCCESS);
    gst_harness_play (harness);
  }
  gst_harness_teardown (harness);
  ASSERT_OBJECT_REFCOUNT (element, "element", 1);
  gst_object_unref (element);
}
GST_END_TEST;

static Suite *
glipoverlay_suite (void)
{
  Suite *suite = suite_create ("glipoverlay");
  TCase *tests = tcase_create ("general");

  suite_add_tcase (suite, tests);
  tcase_add_test (tests, test_formats);
  tcase_add_test (tests, test_untouched);
  tcase_add_test (tests, test_shared_frame);
  tcase_add_test (tests, test_attach);
  tcase_add_test (tests, test_negotiation);
  tcase_add_test (tests, test_attach_to_attached);
  tcase_add_test (tests, test_sources);
  tcase_add_test (tests, test_lost_confidence);
  tcase_add_test (tests, test_texts);
  tcase_add_test (tests, test_long_phrase);
  tcase_add_test (tests, test_labels_avoid);
  tcase_add_test (tests, test_label_position);
  tcase_add_test (tests, test_pixel_aspect_ratio);
  tcase_add_test (tests, test_odd_boxes);
  tcase_add_test (tests, test_wrong_metadata);
  tcase_add_test (tests, test_many);
  tcase_add_test (tests, test_expire);
  tcase_add_test (tests, test_stale);
  tcase_add_test (tests, test_properties);
  tcase_add_test (tests, test_refused);
  tcase_add_test (tests, test_palette);
  tcase_add_test (tests, test_static_costs_nothing);
  tcase_add_test (tests, test_speed);
  tcase_add_test (tests, test_states);
  return suite;
}

GST_CHECK_MAIN (glipoverlay)
