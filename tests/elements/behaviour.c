/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * glipdetect from outside: its description, states, caps, events, and properties that
 * change while frames pass.
 */
#include "support.h"

#include <string.h>

#define PICTURE "video/x-raw,format=I420,width=240,height=180"
#define CLOCK "prompt=clock "

/* ---------------------------------------------------------------- description */

typedef struct {
  const char *name;
  GType type; /* 0: only looked at as text */
  GParamFlags flags;
  double minimum, maximum, initial;
} Property;

#define READY_RW (G_PARAM_READWRITE | GST_PARAM_MUTABLE_READY)
#define PLAYING_RW (G_PARAM_READWRITE | GST_PARAM_MUTABLE_PLAYING)

static void
test_description (void)
{
  const Property properties[] = {
    { "model", G_TYPE_STRING, READY_RW, 0, 0, 0 },
    { "device", G_TYPE_STRING, READY_RW, 0, 0, 0 },
    { "precision", 0, READY_RW, 0, 0, 0 },
    { "warm-up", G_TYPE_BOOLEAN, READY_RW, 0, 0, 1 },
    { "cache-dir", G_TYPE_STRING, READY_RW, 0, 0, 0 },
    { "input-size", G_TYPE_UINT, READY_RW, 0, 1600, 0 },
    { "prompt", G_TYPE_STRING, PLAYING_RW, 0, 0, 0 },
    { "phrase-thresholds", G_TYPE_STRING, PLAYING_RW, 0, 0, 0 },
    { "threshold", G_TYPE_FLOAT, PLAYING_RW | GST_PARAM_CONTROLLABLE, 0, 1, 0.5 },
    { "nms-iou-threshold", G_TYPE_FLOAT, PLAYING_RW | GST_PARAM_CONTROLLABLE, 0, 1, 0 },
    { "max-detections", G_TYPE_UINT, PLAYING_RW, 1, 300, 100 },
    { "inference-interval", G_TYPE_UINT, PLAYING_RW | GST_PARAM_CONTROLLABLE, 1, G_MAXUINT, 1 },
    { "active", G_TYPE_BOOLEAN, PLAYING_RW | GST_PARAM_CONTROLLABLE, 0, 0, 1 },
    { "meta", 0, PLAYING_RW, 0, 0, 0 },
    { "prompt-serial", G_TYPE_UINT, G_PARAM_READABLE, 0, G_MAXUINT, 0 },
    { "stats", 0, G_PARAM_READABLE, 0, 0, 0 },
  };
  const GParamFlags seen = G_PARAM_READWRITE | GST_PARAM_CONTROLLABLE |
      GST_PARAM_MUTABLE_READY | GST_PARAM_MUTABLE_PLAYING;
  GstElement *element = gst_element_factory_make ("glipdetect", NULL);
  gst_object_ref_sink (element);
  for (guint i = 0; i < G_N_ELEMENTS (properties); i++) {
    const Property *property = &properties[i];
    GParamSpec *spec =
        g_object_class_find_property (G_OBJECT_GET_CLASS (element), property->name);
    g_assert_nonnull (spec);
    g_assert_cmphex (spec->flags & seen, ==, property->flags);
    if (property->type)
      g_assert_true (spec->value_type == property->type);
    if (G_IS_PARAM_SPEC_UINT (spec)) {
      g_assert_cmpfloat (G_PARAM_SPEC_UINT (spec)->minimum, ==, property->minimum);
      g_assert_cmpfloat (G_PARAM_SPEC_UINT (spec)->maximum, ==, property->maximum);
      g_assert_cmpfloat (G_PARAM_SPEC_UINT (spec)->default_value, ==, property->initial);
    } else if (G_IS_PARAM_SPEC_FLOAT (spec)) {
      g_assert_cmpfloat (G_PARAM_SPEC_FLOAT (spec)->minimum, ==, property->minimum);
      g_assert_cmpfloat (G_PARAM_SPEC_FLOAT (spec)->maximum, ==, property->maximum);
      g_assert_cmpfloat (G_PARAM_SPEC_FLOAT (spec)->default_value, ==, property->initial);
    }
  }
  GstElementFactory *factory = gst_element_get_factory (element);
  g_assert_cmpstr (gst_element_factory_get_metadata (factory, GST_ELEMENT_METADATA_KLASS), ==,
      "Filter/Analyzer/Video");
  g_assert_cmpuint (gst_plugin_feature_get_rank (GST_PLUGIN_FEATURE (factory)), ==,
      GST_RANK_NONE);
  gst_object_unref (element);
}

/* Input sizes come in steps of the network's padding. */
static void
test_input_size (void)
{
  static const guint cases[][2] = { { 0, 0 }, { 1, 32 }, { 224, 224 }, { 225, 256 },
    { 1600, 1600 } };
  GstElement *element = gst_element_factory_make ("glipdetect", NULL);
  gst_object_ref_sink (element);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    guint size;
    g_object_set (element, "input-size", cases[i][0], NULL);
    g_object_get (element, "input-size", &size, NULL);
    g_assert_cmpuint (size, ==, cases[i][1]);
  }
  gst_object_unref (element);
}

/* --------------------------------------------------------------------- states */

static guint
get_users (GstElement *element)
{
  g_autoptr (GstStructure) stats = NULL;
  guint users = 0;
  g_object_get (element, "stats", &stats, NULL);
  gst_structure_get_uint (stats, "instance-users", &users);
  return users;
}

static void
test_states (void)
{
  GstElement *element = gst_element_factory_make ("glipdetect", NULL);
  gst_object_ref_sink (element);
  g_object_set (element, "prompt", "clock", NULL);
  for (int i = 0; i < 20; i++) {
    g_assert_cmpint (gst_element_set_state (element, GST_STATE_PLAYING), ==,
        GST_STATE_CHANGE_SUCCESS);
    g_assert_cmpuint (get_users (element), ==, 1);
    g_assert_cmpint (
        gst_element_set_state (element, i % 2 ? GST_STATE_READY : GST_STATE_NULL), ==,
        GST_STATE_CHANGE_SUCCESS);
    g_assert_cmpuint (get_users (element), ==, 0);
  }
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
}

/* Elements with one key share an engine, each with its own prompt. */
static void
test_sharing (void)
{
  g_autoptr (GstSample) picture = test_picture (PICTURE);
  GstHarness *clock = test_harness (CLOCK), *house = test_harness ("prompt=house");
  g_assert_cmpuint (get_users (clock->element), ==, 2);
  for (guint i = 0; i < 3; i++) {
    g_autoptr (GstBuffer) one = test_push (clock, picture, i);
    g_autoptr (GstBuffer) other = test_push (house, picture, i);
    g_assert_cmpstr (
        gst_structure_get_string (test_get_detections (one), "prompt"), ==, "clock");
    g_assert_cmpstr (
        gst_structure_get_string (test_get_detections (other), "prompt"), ==, "house");
    g_autoptr (GArray) objects = test_get_objects (other);
    g_assert_cmpuint (objects->len, >, 0);
    g_assert_cmpstr (g_array_index (objects, TestObject, 0).phrase, ==, "house");
  }
  gst_harness_teardown (house);
  g_assert_cmpuint (get_users (clock->element), ==, 1);
  gst_harness_teardown (clock);
}

/* Caps change in the middle of a stream. */
static void
test_caps (void)
{
  static const struct {
    const char *caps;
    int width, height;
  } cases[] = {
    { "video/x-raw,format=I420,width=240,height=180", 240, 180 },
    { "video/x-raw,format=RGB,width=120,height=180", 120, 180 },
    { "video/x-raw,format=NV12,width=320,height=99", 320, 99 },
    { "video/x-raw,format=I420,width=240,height=180", 240, 180 },
  };
  GstHarness *harness = test_harness (CLOCK "inference-interval=100");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GstSample) picture = test_picture (cases[i].caps);
    g_autoptr (GstBuffer) first = test_push (harness, picture, 2 * i);
    g_autoptr (GstBuffer) second = test_push (harness, picture, 2 * i + 1);
    int width, height;
    g_assert_true (gst_structure_get (test_get_detections (first), "width", G_TYPE_INT,
        &width, "height", G_TYPE_INT, &height, NULL));
    g_assert_cmpint (width, ==, cases[i].width);
    g_assert_cmpint (height, ==, cases[i].height);
    g_assert_null (test_get_detections (second));
  }
  gst_harness_teardown (harness);
}

/* --------------------------------------------------------------------- events */

static void
push_segment (GstHarness *harness, double rate)
{
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.rate = rate;
  segment.stop = 100 * GST_SECOND;
  g_assert_true (gst_harness_push_event (harness, gst_event_new_segment (&segment)));
}

/* A flush and a new segment, forwards or backwards, begin a new interval; a gap, caps
 * and the end pass on in order. */
static void
test_events (void)
{
  g_autoptr (GstSample) picture = test_picture (PICTURE);
  GstHarness *harness = test_harness (CLOCK "inference-interval=3");
  static const gboolean expected[] = { TRUE, FALSE, FALSE, TRUE, FALSE };
  for (int round = 0; round < 3; round++) {
    for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
      g_autoptr (GstBuffer) buffer =
          test_push (harness, picture, (round == 2 ? 20 - i : i) * GST_SECOND);
      g_assert_cmpint (test_get_detections (buffer) != NULL, ==, expected[i]);
    }
    if (round == 0) {
      g_assert_true (gst_harness_push_event (harness, gst_event_new_flush_start ()));
      g_assert_true (gst_harness_push_event (harness, gst_event_new_flush_stop (TRUE)));
    }
    push_segment (harness, round == 1 ? -1 : 1);
  }
  while (gst_harness_events_in_queue (harness))
    gst_event_unref (gst_harness_pull_event (harness));
  g_assert_true (gst_harness_push_event (harness, gst_event_new_gap (0, GST_SECOND)));
  g_assert_true (gst_harness_push_event (harness, gst_event_new_eos ()));
  g_autoptr (GstEvent) gap = gst_harness_pull_event (harness);
  g_autoptr (GstEvent) eos = gst_harness_pull_event (harness);
  g_assert_cmpint (GST_EVENT_TYPE (gap), ==, GST_EVENT_GAP);
  g_assert_cmpint (GST_EVENT_TYPE (eos), ==, GST_EVENT_EOS);
  gst_harness_teardown (harness);
}

/* A real pipeline, with a seek while it plays, to its end. */
static void
test_seek (void)
{
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (
      "filesrc location=\"" GLIP_EXAMPLES "/media/demo.webm\" ! matroskademux ! vp8dec ! "
      "glipdetect name=d prompt=clock input-size=64 inference-interval=25 ! "
      "fakesink sync=false", &error);
  g_assert_no_error (error);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  g_autoptr (GstMessage) ready = gst_bus_timed_pop_filtered (
      bus, 20 * GST_SECOND, GST_MESSAGE_ASYNC_DONE | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (ready), ==, GST_MESSAGE_ASYNC_DONE);
  g_assert_true (gst_element_seek_simple (pipeline, GST_FORMAT_TIME,
      GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_KEY_UNIT, 3 * GST_SECOND));
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_autoptr (GstMessage) end = gst_bus_timed_pop_filtered (
      bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (end), ==, GST_MESSAGE_EOS);
  g_autoptr (GstElement) detect = gst_bin_get_by_name (GST_BIN (pipeline), "d");
  g_autoptr (GstStructure) stats = NULL;
  guint64 frames = 0, inferred = 0, skipped = 0;
  g_object_get (detect, "stats", &stats, NULL);
  g_assert_true (gst_structure_get (stats, "frames", G_TYPE_UINT64, &frames, "inferred",
      G_TYPE_UINT64, &inferred, "skipped", G_TYPE_UINT64, &skipped, NULL));
  g_assert_cmpuint (inferred, >=, 2);
  g_assert_cmpuint (frames, ==, inferred + skipped);
  gst_bus_set_flushing (bus, TRUE);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

/* ----------------------------------------------------------- changes at PLAYING */

static guint
get_serial (GstBuffer *buffer)
{
  guint serial = 0;
  g_assert_true (
      gst_structure_get_uint (test_get_detections (buffer), "prompt-serial", &serial));
  return serial;
}

/* From exactly the next frame on; the interval does not hold it up. */
static void
test_live_prompt (void)
{
  static const char *const prompts[] = { "clock", "house", "a [butterfly] by the [clock]" };
  g_autoptr (GstSample) picture = test_picture (PICTURE);
  GstHarness *harness = test_harness ("inference-interval=4");
  for (guint i = 0; i < 6; i++) {
    const char *prompt = prompts[i % G_N_ELEMENTS (prompts)];
    g_object_set (harness->element, "prompt", prompt, NULL);
    for (guint j = 0; j < 3; j++) {
      g_autoptr (GstBuffer) buffer = test_push (harness, picture, 3 * i + j);
      if (j > 0) {
        g_assert_null (test_get_detections (buffer));
        continue;
      }
      g_assert_cmpuint (get_serial (buffer), ==, i + 1);
      g_assert_cmpstr (
          gst_structure_get_string (test_get_detections (buffer), "prompt"), ==, prompt);
      g_autoptr (GArray) objects = test_get_objects (buffer);
      for (guint k = 0; k < objects->len; k++)
        g_assert_nonnull (strstr (prompt, g_array_index (objects, TestObject, k).phrase));
    }
  }
  /* The same again is no change: it neither begins an interval nor counts. */
  g_object_set (harness->element, "prompt", prompts[2], NULL);
  g_autoptr (GstBuffer) fourth = test_push (harness, picture, 99);
  g_assert_null (test_get_detections (fourth));
  g_autoptr (GstBuffer) same = test_push (harness, picture, 100);
  g_assert_nonnull (test_get_detections (same));
  g_assert_cmpuint (get_serial (same), ==, 6);
  gst_harness_teardown (harness);
}

/* No prompt, or not active: the very buffer that came, with nothing on it. */
static void
test_pass_through (void)
{
  g_autoptr (GstSample) picture = test_picture (PICTURE);
  GstHarness *harness = test_harness ("");
  static const struct {
    const char *prompt;
    gboolean active, infer;
    guint serial;
  } steps[] = { { NULL, TRUE, FALSE, 0 }, { "", TRUE, FALSE, 0 }, { "clock", TRUE, TRUE, 1 },
    { "clock", FALSE, FALSE, 2 }, { "clock", TRUE, TRUE, 3 }, { "", TRUE, FALSE, 4 },
    { "clock", FALSE, FALSE, 5 } };
  gst_harness_set_src_caps (harness, gst_caps_ref (gst_sample_get_caps (picture)));
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    guint serial;
    g_object_set (
        harness->element, "prompt", steps[i].prompt, "active", steps[i].active, NULL);
    GstBuffer *in = gst_buffer_copy (gst_sample_get_buffer (picture));
    g_autoptr (GstBuffer) kept = gst_buffer_ref (in);
    g_autoptr (GstBuffer) out = gst_harness_push_and_pull (harness, in);
    g_assert_cmpint (test_get_detections (out) != NULL, ==, steps[i].infer);
    /* Ours is a second reference: metadata cannot be written without a copy. */
    g_assert_cmpint (out == kept, ==, !steps[i].infer);
    g_assert_null (test_get_detections (kept));
    g_object_get (harness->element, "prompt-serial", &serial, NULL);
    g_assert_cmpuint (serial, ==, steps[i].serial);
  }
  gst_harness_teardown (harness);
}

static double
lowest_score (GArray *objects, const char *phrase)
{
  double lowest = 2;
  for (guint i = 0; i < objects->len; i++) {
    const TestObject *object = &g_array_index (objects, TestObject, i);
    if (g_strcmp0 (object->phrase, phrase) == 0)
      lowest = MIN (lowest, object->confidence);
  }
  return lowest;
}

static void
test_thresholds (void)
{
  g_autoptr (GstSample) picture = test_picture (PICTURE);
  GstHarness *harness = test_harness ("prompt=\"clock . house\" threshold=0.1");
  g_autoptr (GstBuffer) low = test_push (harness, picture, 0);
  g_autoptr (GArray) all = test_get_objects (low);
  double clock = lowest_score (all, "clock"), house = lowest_score (all, "house");
  g_assert_cmpfloat (clock, <, 0.3);
  g_assert_cmpfloat (house, <, 0.3);

  g_object_set (harness->element, "threshold", 0.3f, NULL);
  g_autoptr (GstBuffer) high = test_push (harness, picture, 1);
  g_autoptr (GArray) fewer = test_get_objects (high);
  g_assert_cmpuint (fewer->len, <, all->len);
  g_assert_cmpfloat (lowest_score (fewer, "clock"), >, 0.3);
  g_assert_cmpuint (get_serial (high), ==, 2);

  g_object_set (harness->element, "phrase-thresholds", " CLOCK = 0.1 ,house=1", NULL);
  g_autoptr (GstBuffer) single = test_push (harness, picture, 2);
  g_autoptr (GArray) clocks = test_get_objects (single);
  g_assert_cmpfloat (lowest_score (clocks, "clock"), ==, clock);
  g_assert_cmpfloat (lowest_score (clocks, "house"), ==, 2);
  g_assert_cmpuint (get_serial (single), ==, 3);

  g_object_set (harness->element, "max-detections", 1, "threshold", 0.0f, NULL);
  g_autoptr (GstBuffer) one = test_push (harness, picture, 3);
  g_autoptr (GArray) best = test_get_objects (one);
  g_assert_cmpuint (best->len, ==, 1);
  gst_harness_teardown (harness);
}

static void
test_meta_flags (void)
{
  g_autoptr (GstSample) picture = test_picture (PICTURE);
  static const struct {
    const char *meta;
    gboolean region, custom;
  } cases[] = { { "roi", TRUE, FALSE }, { "custom", FALSE, TRUE }, { "roi+custom", TRUE, TRUE },
    { "analytics", FALSE, FALSE } };
  GstHarness *harness = test_harness (CLOCK);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    gst_util_set_object_arg (G_OBJECT (harness->element), "meta", cases[i].meta);
    g_autoptr (GstBuffer) buffer = test_push (harness, picture, i);
    g_assert_cmpint (
        gst_buffer_get_video_region_of_interest_meta_id (buffer, 1) != NULL, ==,
        cases[i].region);
    g_assert_cmpint (test_get_detections (buffer) != NULL, ==, cases[i].custom);
  }
  gst_harness_teardown (harness);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/glipdetect/description", test_description);
  g_test_add_func ("/glipdetect/input-size", test_input_size);
  g_test_add_func ("/glipdetect/states", test_states);
  g_test_add_func ("/glipdetect/sharing", test_sharing);
  g_test_add_func ("/glipdetect/caps", test_caps);
  g_test_add_func ("/glipdetect/events", test_events);
  g_test_add_func ("/glipdetect/seek", test_seek);
  g_test_add_func ("/glipdetect/live-prompt", test_live_prompt);
  g_test_add_func ("/glipdetect/pass-through", test_pass_through);
  g_test_add_func ("/glipdetect/thresholds", test_thresholds);
  g_test_add_func ("/glipdetect/meta-flags", test_meta_flags);
  return test_run ();
}
