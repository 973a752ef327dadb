/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Every field of what glipdetect writes, and which of it survives which element: the
 * table is what GStreamer does, and a change in it is news for the documentation.
 */
#include "support.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#define PICTURE "video/x-raw,format=I420,width=240,height=180"
#define PROMPT "clock . house"

/* ---------------------------------------------------------------------- fields */

static const GstStructure *
get_param (GstVideoRegionOfInterestMeta *region, const char *name)
{
  GstStructure *param = gst_video_region_of_interest_meta_get_param (region, name);
  g_assert_nonnull (param);
  return param;
}

static void
check_region (GstVideoRegionOfInterestMeta *region, const TestObject *object, guint id)
{
  double confidence, left, right, top, bottom;
  int label, index, begin, end;
  guint serial;
  guint64 age;
  g_assert_cmpint (region->id, ==, (int) id);
  g_assert_cmpint (region->parent_id, ==, -1);
  g_assert_cmpstr (g_quark_to_string (region->roi_type), ==, object->phrase);
  g_assert_cmpfloat (fabs (region->x - object->x * 240), <=, 0.5 + 1e-6);
  g_assert_cmpfloat (fabs (region->y - object->y * 180), <=, 0.5 + 1e-6);
  g_assert_cmpuint (region->x + region->w, <=, 240);
  g_assert_cmpuint (region->y + region->h, <=, 180);
  g_assert_true (gst_structure_get (get_param (region, "detection"),
      "confidence", G_TYPE_DOUBLE, &confidence, "label_id", G_TYPE_INT, &label,
      "x_min", G_TYPE_DOUBLE, &left, "x_max", G_TYPE_DOUBLE, &right,
      "y_min", G_TYPE_DOUBLE, &top, "y_max", G_TYPE_DOUBLE, &bottom, NULL));
  g_assert_cmpfloat (confidence, ==, object->confidence);
  g_assert_cmpint (label, ==, object->phrase_index);
  g_assert_cmpfloat (left, ==, object->x);
  g_assert_cmpfloat (bottom, ==, object->y + object->h);
  g_assert_cmpfloat (right, <=, 1);
  const GstStructure *words = get_param (region, "glip");
  g_assert_cmpstr (gst_structure_get_string (words, "phrase"), ==, object->phrase);
  g_assert_true (gst_structure_get (words, "phrase-index", G_TYPE_INT, &index, "span-start",
      G_TYPE_INT, &begin, "span-end", G_TYPE_INT, &end, "prompt-serial", G_TYPE_UINT, &serial,
      "age", G_TYPE_UINT64, &age, NULL));
  g_assert_cmpint (index, ==, object->phrase_index);
  g_assert_cmpint (begin, ==, object->span_start);
  g_assert_cmpint (end, ==, object->span_end);
  g_assert_cmpuint (serial, ==, 1);
  g_assert_cmpuint (age, ==, 0);
}

static void
check_json (const GstStructure *detections, GArray *objects)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_assert_true (json_parser_load_from_data (
      parser, gst_structure_get_string (detections, "json"), -1, NULL));
  JsonObject *root = json_node_get_object (json_parser_get_root (parser));
  g_assert_cmpint (json_object_get_int_member (root, "version"), ==, 1);
  g_assert_cmpint (json_object_get_int_member (root, "pts"), ==, 7 * GST_SECOND);
  g_assert_cmpstr (json_object_get_string_member (root, "prompt"), ==, PROMPT);
  JsonArray *list = json_object_get_array_member (root, "objects");
  g_assert_cmpuint (json_array_get_length (list), ==, objects->len);
  for (guint i = 0; i < objects->len; i++) {
    JsonObject *item = json_array_get_object_element (list, i);
    const TestObject *object = &g_array_index (objects, TestObject, i);
    g_assert_cmpstr (json_object_get_string_member (item, "phrase"), ==, object->phrase);
    g_assert_cmpfloat (
        fabs (json_object_get_double_member (item, "w") - object->w), <, 1e-9);
  }
}

static void
test_fields (void)
{
  g_autoptr (GstSample) picture = test_picture (PICTURE);
  GstHarness *harness = test_harness ("prompt=\"" PROMPT "\"");
  g_autoptr (GstBuffer) buffer = test_push (harness, picture, 7 * GST_SECOND);
  const GstStructure *detections = test_get_detections (buffer);
  int version, width, height;
  guint64 pts, inference_pts, age, took;
  gboolean stale, inferred;
  guint serial;
  g_assert_true (gst_structure_get (detections, "version", G_TYPE_INT, &version, "width",
      G_TYPE_INT, &width, "height", G_TYPE_INT, &height, "pts", G_TYPE_UINT64, &pts,
      "inference-pts", G_TYPE_UINT64, &inference_pts, "age", G_TYPE_UINT64, &age, "stale",
      G_TYPE_BOOLEAN, &stale, "inferred", G_TYPE_BOOLEAN, &inferred, "prompt-serial",
      G_TYPE_UINT, &serial, "inference-time", G_TYPE_UINT64, &took, NULL));
  g_assert_cmpint (version, ==, 1);
  g_assert_cmpint (width, ==, 240);
  g_assert_cmpint (height, ==, 180);
  g_assert_cmpuint (pts, ==, 7 * GST_SECOND);
  g_assert_cmpuint (inference_pts, ==, pts);
  g_assert_cmpuint (age, ==, 0);
  g_assert_false (stale);
  g_assert_true (inferred);
  g_assert_cmpuint (serial, ==, 1);
  g_assert_cmpuint (took, >, 0);

  g_autoptr (GArray) objects = test_get_objects (buffer);
  g_assert_cmpuint (objects->len, >=, 2);
  guint n_regions = 0;
  gpointer state = NULL;
  GstMeta *meta;
  while ((meta = gst_buffer_iterate_meta_filtered (
              buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE))) {
    g_assert_cmpuint (n_regions, <, objects->len);
    check_region ((GstVideoRegionOfInterestMeta *) meta,
        &g_array_index (objects, TestObject, n_regions), n_regions + 1);
    n_regions++;
  }
  g_assert_cmpuint (n_regions, ==, objects->len);
  for (guint i = 0; i < objects->len; i++) {
    const TestObject *object = &g_array_index (objects, TestObject, i);
    g_autofree char *span = g_strndup (
        &PROMPT[object->span_start], (gsize) (object->span_end - object->span_start));
    g_assert_cmpstr (span, ==, object->phrase);
    g_assert_cmpint (object->phrase_index, ==, g_str_equal (span, "house"));
    if (i > 0)
      g_assert_cmpfloat (object->confidence, <=, object[-1].confidence);
  }
  check_json (detections, objects);
  gst_harness_teardown (harness);
}

/* Nothing found is an empty list, not nothing. */
static void
test_empty (void)
{
  g_autoptr (GstSample) picture = test_picture (PICTURE);
  GstHarness *harness = test_harness ("prompt=clock threshold=1");
  g_autoptr (GstBuffer) buffer = test_push (harness, picture, 0);
  g_autoptr (GArray) objects = test_get_objects (buffer);
  g_assert_cmpuint (objects->len, ==, 0);
  g_assert_null (gst_buffer_get_video_region_of_interest_meta_id (buffer, 1));
  gst_harness_teardown (harness);
}

/* Two detectors in a row: regions go on counting, and there are two custom metas. */
static void
test_two_in_a_row (void)
{
  g_autoptr (GstSample) picture = test_picture (PICTURE);
  GstHarness *harness = gst_harness_new_parse (
      "glipdetect input-size=128 threshold=0.25 prompt=clock ! "
      "glipdetect input-size=128 threshold=0.25 prompt=house");
  g_autoptr (GstBuffer) buffer = test_push (harness, picture, 0);
  gpointer state = NULL;
  GstMeta *meta;
  int regions = 0, customs = 0;
  while ((meta = gst_buffer_iterate_meta (buffer, &state))) {
    if (meta->info->api == GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)
      g_assert_cmpint (((GstVideoRegionOfInterestMeta *) meta)->id, ==, ++regions);
    customs += gst_meta_info_is_custom (meta->info);
  }
  g_assert_cmpint (regions, >=, 2);
  g_assert_cmpint (customs, ==, 2);
  gst_harness_teardown (harness);
}

/* -------------------------------------------------------------------- survival */

typedef enum {
  LOST,
  BARE,    /* the region without its params */
  SCALED,  /* the same, moved with the picture */
  WHOLE,
  ANY,     /* differs between releases of GStreamer */
} Fate;

static const struct {
  const char *through;
  Fate region;
  gboolean custom;
} table[] = {
  { "queue", WHOLE, TRUE },
  { "tee", WHOLE, TRUE },
  { "identity", WHOLE, TRUE },
  { "videorate", WHOLE, TRUE },
  { "videoconvert ! video/x-raw,format=RGB", BARE, TRUE },
  { "videoscale ! video/x-raw,width=120,height=90", SCALED, TRUE },
  { "jpegenc", WHOLE, TRUE },
  { "jpegenc ! jpegdec", WHOLE, TRUE },
  { "videocrop left=8 top=8", LOST, TRUE },
  { "videobox left=8 top=8", LOST, TRUE },
  { "videoflip method=horizontal-flip", ANY, TRUE },
  { "compositor", LOST, FALSE },
};

static Fate
find_fate (GstBuffer *before, GstBuffer *after)
{
  GstVideoRegionOfInterestMeta *old = gst_buffer_get_video_region_of_interest_meta_id (before, 1);
  GstVideoRegionOfInterestMeta *new = gst_buffer_get_video_region_of_interest_meta_id (after, 1);
  g_assert_nonnull (old);
  if (!new)
    return LOST;
  g_assert_true (new->roi_type == old->roi_type);
  if (new->w != old->w)
    return SCALED;
  return gst_video_region_of_interest_meta_get_param (new, "glip") ? WHOLE : BARE;
}

static gboolean
have_elements (const char *description)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *whole = g_strdup_printf ("fakesrc ! %s ! fakesink", description);
  GstElement *element = gst_parse_launch_full (whole, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  gboolean have = !g_error_matches (error, GST_PARSE_ERROR, GST_PARSE_ERROR_NO_SUCH_ELEMENT);
  if (element)
    gst_object_unref (gst_object_ref_sink (element));
  return have;
}

static void
test_survival (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  if (!have_elements (table[i].through)) {
    g_test_skip ("an element is not installed");
    return;
  }
  g_autofree char *description = g_strdup_printf (
      "filesrc location=\"" GLIP_EXAMPLES "/media/demo.webm\" ! matroskademux ! vp8dec ! "
      "identity eos-after=2 ! videoscale ! " PICTURE ",pixel-aspect-ratio=1/1 ! "
      "glipdetect input-size=128 threshold=0.25 prompt=clock ! tee name=t "
      "t. ! queue ! appsink sync=false name=before "
      "t. ! queue ! %s ! appsink sync=false name=after", table[i].through);
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (description, &error);
  g_assert_no_error (error);
  g_autoptr (GstElement) first = gst_bin_get_by_name (GST_BIN (pipeline), "before");
  g_autoptr (GstElement) second = gst_bin_get_by_name (GST_BIN (pipeline), "after");
  g_autoptr (GstSample) before = NULL;
  g_autoptr (GstSample) after = NULL;
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_signal_emit_by_name (first, "pull-sample", &before);
  g_signal_emit_by_name (second, "pull-sample", &after);
  g_assert_nonnull (before);
  g_assert_nonnull (after);
  Fate fate = find_fate (gst_sample_get_buffer (before), gst_sample_get_buffer (after));
  if (table[i].region != ANY)
    g_assert_cmpint (fate, ==, table[i].region);
  const GstStructure *kept = test_get_detections (gst_sample_get_buffer (after));
  g_assert_cmpint (kept != NULL, ==, table[i].custom);
  if (kept)
    g_assert_true (gst_structure_is_equal (
        kept, test_get_detections (gst_sample_get_buffer (before))));
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/glipdetect/metadata/fields", test_fields);
  g_test_add_func ("/glipdetect/metadata/empty", test_empty);
  g_test_add_func ("/glipdetect/metadata/two-in-a-row", test_two_in_a_row);
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autofree char *word = g_strndup (table[i].through, strcspn (table[i].through, " "));
    g_autofree char *path =
        g_strdup_printf ("/glipdetect/metadata/survival/%u-%s", i, word);
    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_survival);
  }
  return test_run ();
}
