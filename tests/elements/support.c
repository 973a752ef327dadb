/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#define GST_USE_UNSTABLE_API /* tracers */
#include "support.h"

#include <math.h>
#include <stdlib.h>

enum { SKIPPED = 77 };

/* ---------------------------------------------------------------------- main */

/* GStreamer's own plugins that the tests use, and no other: most plugins bring
 * libraries with them that the sanitizers have something to say about.  One that is not
 * installed is not there. */
static void
load_plugins (void)
{
  static const char *const names[] = { "coreelements", "app", "matroska", "vpx",
    "videoconvertscale", "videoconvert", "videoscale", "videorate", "jpeg", "videocrop",
    "videobox", "videofilter", "compositor", "coretracers" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_strdup_printf (GLIP_PLUGINS_DIR "/libgst%s.so", names[i]);
    if (!g_file_test (path, G_FILE_TEST_EXISTS))
      continue;
    g_autoptr (GError) error = NULL;
    GstPlugin *plugin = gst_plugin_load_file (path, &error);
    g_assert_no_error (error);
    gst_object_unref (plugin);
  }
}

static GstTracer *leaks; /* or NULL, when GStreamer was built without it */

/* GST_TRACERS would be read before the plugin that has it is loaded. */
static void
watch_leaks (void)
{
  g_autoptr (GstPluginFeature) feature = gst_registry_find_feature (
      gst_registry_get (), "leaks", GST_TYPE_TRACER_FACTORY);
  if (!feature)
    return;
  leaks = g_object_new (gst_tracer_factory_get_tracer_type (GST_TRACER_FACTORY (feature)),
      "params", "filters=\"GstElement,GstPad,GstBuffer,GstEvent,GstMessage\"", NULL);
}

static gboolean
have_device (void)
{
  GstElement *element = gst_element_factory_make ("glipdetect", NULL);
  if (!element)
    g_error ("no element glipdetect: GST_PLUGIN_PATH_1_0 is %s",
        g_getenv ("GST_PLUGIN_PATH_1_0"));
  gst_object_ref_sink (element);
  gboolean found =
      gst_element_set_state (element, GST_STATE_PAUSED) != GST_STATE_CHANGE_FAILURE;
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
  return found;
}

void
test_init (int *argc, char ***argv)
{
  g_test_init (argc, argv, NULL);
  gst_init (argc, argv);
  load_plugins ();
  watch_leaks ();
  if (!have_device () && !g_getenv ("GLIP_REQUIRE_GPU"))
    exit (SKIPPED);
}

/* How many objects the tracer still counts; each is named. */
static guint
count_leaks (void)
{
  GstStructure *live = NULL;
  if (!leaks)
    return 0;
  g_signal_emit_by_name (leaks, "get-live-objects", &live);
  const GValue *list = live ? gst_structure_get_value (live, "live-objects-list") : NULL;
  guint n = list ? gst_value_list_get_size (list) : 0;
  if (n > 0) {
    g_autofree char *text = gst_structure_to_string (live);
    g_printerr ("still alive: %s\n", text);
  }
  g_clear_pointer (&live, gst_structure_free);
  return n;
}

int
test_run (void)
{
  int status = g_test_run ();
  guint n_leaks = count_leaks ();
  g_clear_pointer (&leaks, gst_object_unref);
  gst_deinit ();
  return status ? status : n_leaks > 0;
}

/* ------------------------------------------------------------------- pictures */

GstSample *
test_pull (const char *description)
{
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (description, &error);
  g_assert_no_error (error);
  GstElement *sink = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  GstSample *sample = NULL;
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_signal_emit_by_name (sink, "pull-sample", &sample);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  if (message) {
    gst_message_parse_error (message, &error, NULL);
    g_error ("%s: %s", description, error->message);
  }
  g_assert_nonnull (sample);
  gst_bus_set_flushing (bus, TRUE);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (sink);
  gst_object_unref (pipeline);
  return sample;
}

GstSample *
test_picture (const char *caps)
{
  g_autofree char *description = g_strdup_printf (
      "filesrc location=\"" GLIP_EXAMPLES "/media/demo.webm\" ! matroskademux ! vp8dec ! "
      "videoscale ! videoconvert ! %s ! appsink sync=false name=out", caps);
  return test_pull (description);
}

GstHarness *
test_harness (const char *properties)
{
  g_autofree char *description =
      g_strdup_printf ("glipdetect input-size=128 threshold=0.25 %s", properties);
  g_autoptr (GError) error = NULL;
  GstElement *element = gst_parse_launch (description, &error);
  g_assert_no_error (error);
  GstHarness *harness = gst_harness_new_with_element (element, "sink", "src");
  gst_object_unref (element);
  return harness;
}

GstBuffer *
test_push (GstHarness *harness, GstSample *picture, GstClockTime pts)
{
  g_autoptr (GstCaps) old = gst_pad_get_current_caps (harness->srcpad);
  if (!old || !gst_caps_is_equal (old, gst_sample_get_caps (picture)))
    gst_harness_set_src_caps (harness, gst_caps_ref (gst_sample_get_caps (picture)));
  GstBuffer *buffer = gst_buffer_copy (gst_sample_get_buffer (picture));
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = GST_SECOND / 25;
  GstBuffer *out = gst_harness_push_and_pull (harness, buffer);
  g_assert_nonnull (out);
  g_assert_cmpuint (GST_BUFFER_PTS (out), ==, pts);
  return out;
}

/* -------------------------------------------------------------------- objects */

const GstStructure *
test_get_detections (GstBuffer *buffer)
{
  GstCustomMeta *meta = gst_buffer_get_custom_meta (buffer, "GlipDetections");
  return meta ? gst_custom_meta_get_structure (meta) : NULL;
}

GArray *
test_get_objects (GstBuffer *buffer)
{
  const GstStructure *detections = test_get_detections (buffer);
  g_assert_nonnull (detections);
  const GValue *objects = gst_structure_get_value (detections, "objects");
  g_assert_true (GST_VALUE_HOLDS_ARRAY (objects));
  GArray *found = g_array_new (FALSE, TRUE, sizeof (TestObject));
  for (guint i = 0; i < gst_value_array_get_size (objects); i++) {
    const GstStructure *structure =
        gst_value_get_structure (gst_value_array_get_value (objects, i));
    TestObject object = { .phrase_index = -1 };
    g_assert_true (gst_structure_has_name (structure, "object"));
    g_strlcpy (object.phrase, gst_structure_get_string (structure, "phrase"),
        sizeof object.phrase);
    g_assert_true (gst_structure_get (structure,
        "phrase-index", G_TYPE_INT, &object.phrase_index,
        "span-start", G_TYPE_INT, &object.span_start,
        "span-end", G_TYPE_INT, &object.span_end,
        "confidence", G_TYPE_DOUBLE, &object.confidence,
        "x", G_TYPE_DOUBLE, &object.x, "y", G_TYPE_DOUBLE, &object.y,
        "w", G_TYPE_DOUBLE, &object.w, "h", G_TYPE_DOUBLE, &object.h, NULL));
    g_array_append_val (found, object);
  }
  return found;
}

static double
get_overlap (const TestObject *a, const TestObject *b)
{
  double w = MIN (a->x + a->w, b->x + b->w) - MAX (a->x, b->x);
  double h = MIN (a->y + a->h, b->y + b->h) - MAX (a->y, b->y);
  if (w <= 0 || h <= 0)
    return 0;
  return w * h / (a->w * a->h + b->w * b->h - w * h);
}

void
test_compare (const char *what, GArray *expected, GArray *found, double certain,
    double overlap, double score)
{
  for (guint i = 0; i < expected->len; i++) {
    const TestObject *wanted = &g_array_index (expected, TestObject, i);
    double best = 0, apart = 1;
    for (guint j = 0; j < found->len; j++) {
      const TestObject *candidate = &g_array_index (found, TestObject, j);
      double value = get_overlap (wanted, candidate);
      if (g_strcmp0 (wanted->phrase, candidate->phrase) == 0 && value > best) {
        best = value;
        apart = fabs (wanted->confidence - candidate->confidence);
      }
    }
    if (wanted->confidence >= certain && !(best >= overlap && apart <= score)) {
      g_test_message ("%s: %s %.3f: overlap %.3f, scores %.3f apart", what, wanted->phrase,
          wanted->confidence, best, apart);
      g_test_fail ();
    }
  }
}

/* ------------------------------------------------------------------------ bus */

GstBus *
test_bus (GstElement *element)
{
  GstBus *bus = gst_bus_new ();
  gst_element_set_bus (element, bus);
  return bus;
}

GstMessage *
test_pop (GstBus *bus, GstMessageType type)
{
  GstMessage *message = gst_bus_pop_filtered (bus, type);
  if (!message)
    g_error ("no %s message", gst_message_type_get_name (type));
  return message;
}
