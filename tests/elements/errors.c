/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What goes wrong ends as a message on the bus that names property, value, cause and
 * remedy; a warning leaves the stream running.
 */
#include "support.h"

#include <glib/gstdio.h>
#include <string.h>

#define PICTURE "video/x-raw,format=I420,width=240,height=180"

static char *folder;

/* A file of that content in the test's folder.  (transfer full) */
static char *
write_file (const char *name, const void *data, gsize size)
{
  char *path = g_build_filename (folder, name, NULL);
  g_assert_true (g_file_set_contents (path, data, (gssize) size, NULL));
  return path;
}

/* The element does not start, and says why; every part of `parts` is in the message. */
static void
check_error (GstElement *element, GQuark domain, int code, const char *const *parts)
{
  g_autoptr (GstBus) bus = test_bus (element);
  g_assert_cmpint (
      gst_element_set_state (element, GST_STATE_PAUSED), ==, GST_STATE_CHANGE_FAILURE);
  g_autoptr (GstMessage) message = test_pop (bus, GST_MESSAGE_ERROR);
  g_autoptr (GError) error = NULL;
  g_autofree char *debug = NULL;
  gst_message_parse_error (message, &error, &debug);
  g_assert_error (error, domain, code);
  for (; *parts; parts++)
    if (!strstr (error->message, *parts))
      g_error ("\"%s\" does not say \"%s\"", error->message, *parts);
  g_assert_null (strchr (error->message, '\n'));
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
}

/* And with the mistake gone it starts. */
static void
check_recovery (GstElement *element)
{
  g_assert_cmpint (
      gst_element_set_state (element, GST_STATE_PAUSED), ==, GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (element, GST_STATE_NULL);
}

static void
check_model (const char *path, GQuark domain, int code, const char *part)
{
  const char *parts[] = { path, part, "property 'model' or $GLIP_MODEL", NULL };
  GstElement *element = gst_element_factory_make ("glipdetect", NULL);
  gst_object_ref_sink (element);
  g_object_set (element, "model", path, NULL);
  check_error (element, domain, code, parts);
  /* The same by the environment. */
  g_object_set (element, "model", NULL, NULL);
  g_setenv ("GLIP_MODEL", path, TRUE);
  check_error (element, domain, code, parts);
  g_setenv ("GLIP_MODEL", "", TRUE);
  check_recovery (element);
  gst_object_unref (element);
}

static void
test_models (void)
{
  static const char foreign[] = "\x3a\0\0\0\0\0\0\0"
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}  \0\0\0\0";
  g_autofree char *real = NULL;
  gsize size = 0;
  g_assert_true (g_file_get_contents (GLIP_BUNDLED_MODEL, &real, &size, NULL));
  g_autofree char *cut = write_file ("cut.safetensors", real, size / 2);
  g_autofree char *header = write_file ("header.safetensors", real, 100);
  g_autofree char *empty = write_file ("empty.safetensors", "", 0);
  g_autofree char *text = write_file ("text.safetensors", "hello, world", 12);
  g_autofree char *other = write_file ("other.safetensors", foreign, sizeof foreign - 1);
  check_model ("/nowhere/a.safetensors", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
      "model=/nowhere/a.safetensors not found");
  check_model (folder, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ, "not a regular file");
  check_model (cut, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE, "is not a model file");
  check_model (header, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE, "is not a model file");
  check_model (empty, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE, "is not a model file");
  check_model (text, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE, "is not a model file");
  check_model (other, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE, "is not a model file");
}

static void
test_device (void)
{
  const char *unknown[] = { "device=no such thing", "found: ", "property 'device'", NULL };
  const char *none[] = { "device=auto", "Vulkan", "property 'device'", NULL };
  GstElement *element = gst_element_factory_make ("glipdetect", NULL);
  gst_object_ref_sink (element);
  g_object_set (element, "device", "no such thing", NULL);
  check_error (element, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, unknown);

  /* A machine without a driver. */
  g_autofree char *old_files = g_strdup (g_getenv ("VK_DRIVER_FILES"));
  g_autofree char *old_names = g_strdup (g_getenv ("VK_ICD_FILENAMES"));
  g_setenv ("VK_DRIVER_FILES", "/nowhere/none.json", TRUE);
  g_setenv ("VK_ICD_FILENAMES", "/nowhere/none.json", TRUE);
  g_object_set (element, "device", "auto", NULL);
  check_error (element, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, none);
  g_unsetenv ("VK_DRIVER_FILES");
  g_unsetenv ("VK_ICD_FILENAMES");
  if (old_files)
    g_setenv ("VK_DRIVER_FILES", old_files, TRUE);
  if (old_names)
    g_setenv ("VK_ICD_FILENAMES", old_names, TRUE);
  check_recovery (element);
  gst_object_unref (element);
}

/* gst-inspect-1.0 in a process of its own, with no driver and no model. */
static void
test_inspect (void)
{
#ifdef __SANITIZE_ADDRESS__
  g_test_skip ("a program without AddressSanitizer cannot load the plugin");
  return;
#endif
  g_autofree char *program = g_find_program_in_path ("gst-inspect-1.0");
  if (!program) {
    g_test_skip ("gst-inspect-1.0 is not installed");
    return;
  }
  g_auto (GStrv) variables = g_get_environ ();
  const char *nowhere[] = { "VK_DRIVER_FILES", "VK_ICD_FILENAMES", "GLIP_MODEL" };
  for (guint i = 0; i < G_N_ELEMENTS (nowhere); i++)
    variables = g_environ_setenv (variables, nowhere[i], "/nowhere/nothing", TRUE);
  char *arguments[] = { program, (char *) "glipdetect", NULL };
  g_autofree char *out = NULL;
  g_autofree char *complaints = NULL;
  g_autoptr (GError) error = NULL;
  int status = -1;
  g_spawn_sync (NULL, arguments, variables, G_SPAWN_DEFAULT, NULL, NULL, &out, &complaints,
      &status, &error);
  g_assert_no_error (error);
  g_assert_true (g_spawn_check_wait_status (status, NULL));
  g_assert_cmpstr (complaints, ==, "");
  const char *words[] = { "Filter/Analyzer/Video", "P010_10LE", "inference-interval", "prompt",
    "phrase-thresholds", "nms-iou-threshold", "cache-dir", "stats" };
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    g_assert_nonnull (strstr (out, words[i]));
}

/* ------------------------------------------------------------------- warnings */

static void
check_warning (GstBus *bus, const char *part, const char *other)
{
  g_autoptr (GstMessage) message = test_pop (bus, GST_MESSAGE_WARNING);
  g_autoptr (GError) error = NULL;
  gst_message_parse_warning (message, &error, NULL);
  if (!strstr (error->message, part) || !strstr (error->message, other))
    g_error ("\"%s\" does not say \"%s\" and \"%s\"", error->message, part, other);
  g_assert_null (gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR));
}

/* A prompt that cannot be used: one warning, and the one before stays. */
static void
test_prompts (void)
{
  g_autoptr (GString) long_text = g_string_new ("clock");
  for (int i = 0; i < 2000; i++)
    g_string_append (long_text, " . red cat");
  const char *bad[] = { " . . ", "\xff\xfe", long_text->str };
  g_autoptr (GstSample) picture = test_picture (PICTURE);
  GstHarness *harness = test_harness ("prompt=clock");
  g_autoptr (GstBus) bus = test_bus (harness->element);
  gst_buffer_unref (test_push (harness, picture, 0));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *now = NULL;
    guint serial;
    g_object_set (harness->element, "prompt", bad[i], NULL);
    for (guint j = 0; j < 2; j++) {
      g_autoptr (GstBuffer) buffer = test_push (harness, picture, 1);
      g_assert_cmpstr (
          gst_structure_get_string (test_get_detections (buffer), "prompt"), ==, "clock");
    }
    check_warning (bus, "the one before stays", "property 'prompt'");
    g_object_get (harness->element, "prompt", &now, "prompt-serial", &serial, NULL);
    g_assert_cmpstr (now, ==, "clock");
    g_assert_cmpuint (serial, ==, 1);
  }
  gst_element_set_bus (harness->element, NULL);
  gst_harness_teardown (harness);
}

static void
test_phrase_thresholds (void)
{
  static const struct {
    const char *text, *message; /* NULL: good */
  } cases[] = {
    { "red car=0.35, person=0.6", NULL },
    { " a = b =1,, ", NULL },
    { "red car", "\"red car\" is not of the form phrase=threshold" },
    { "=0.5", "\"=0.5\" is not of the form phrase=threshold" },
    { "a=", "\"\" is no threshold for \"a\"" },
    { "a=1.5", "\"1.5\" is no threshold for \"a\": give a number from 0 to 1" },
    { "a=nan", "\"nan\" is no threshold" },
    { "b=0.5,a=-0.1", "\"-0.1\" is no threshold for \"a\"" },
    { "a=0,5", "\"5\" is not of the form" },
    { "a=0.5x", "\"0.5x\" is no threshold" },
  };
  GstElement *element = gst_element_factory_make ("glipdetect", NULL);
  gst_object_ref_sink (element);
  g_autoptr (GstBus) bus = test_bus (element);
  const char *valid = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *now = NULL;
    g_object_set (element, "phrase-thresholds", cases[i].text, NULL);
    if (cases[i].message)
      check_warning (bus, cases[i].message, "property 'phrase-thresholds'");
    else
      valid = cases[i].text;
    g_object_get (element, "phrase-thresholds", &now, NULL);
    g_assert_cmpstr (now, ==, valid);
  }
  g_assert_null (gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING));
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
}

/* Buffers that hold no frame: they pass, with a warning for every hundred. */
static void
test_damaged (void)
{
  g_autoptr (GstSample) picture = test_picture (PICTURE);
  GstHarness *harness = test_harness ("prompt=clock");
  g_autoptr (GstBus) bus = test_bus (harness->element);
  gst_buffer_unref (test_push (harness, picture, 0));
  for (guint i = 0; i < 100; i++) {
    GstBuffer *buffer = gst_buffer_new_allocate (NULL, i, NULL);
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_CORRUPTED);
    g_autoptr (GstBuffer) out = gst_harness_push_and_pull (harness, buffer);
    g_assert_null (test_get_detections (out));
    g_assert_true (GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_CORRUPTED));
  }
  check_warning (bus, "passes without detections", "too small");

  /* A whole frame that is only marked so is analysed. */
  g_autoptr (GstBuffer) whole = gst_buffer_copy (gst_sample_get_buffer (picture));
  GST_BUFFER_FLAG_SET (whole, GST_BUFFER_FLAG_CORRUPTED);
  g_autoptr (GstBuffer) out = gst_harness_push_and_pull (harness, gst_buffer_ref (whole));
  g_assert_nonnull (test_get_detections (out));
  gst_element_set_bus (harness->element, NULL);
  gst_harness_teardown (harness);
}

static void
test_progress (void)
{
  static const GstProgressType expected[] = { GST_PROGRESS_TYPE_START,
    GST_PROGRESS_TYPE_CONTINUE, GST_PROGRESS_TYPE_COMPLETE };
  GstElement *element = gst_element_factory_make ("glipdetect", NULL);
  gst_object_ref_sink (element);
  g_autoptr (GstBus) bus = test_bus (element);
  check_recovery (element);
  gst_element_set_state (element, GST_STATE_PAUSED);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    g_autoptr (GstMessage) message = test_pop (bus, GST_MESSAGE_PROGRESS);
    GstProgressType type;
    g_autofree char *code = NULL;
    gst_message_parse_progress (message, &type, &code, NULL);
    g_assert_cmpint (type, ==, expected[i]);
    g_assert_cmpstr (code, ==, "load-model");
  }
  gst_element_set_state (element, GST_STATE_NULL);
  gst_bus_set_flushing (bus, TRUE);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  folder = g_dir_make_tmp ("glip-XXXXXX", NULL);
  g_test_add_func ("/glipdetect/errors/models", test_models);
  g_test_add_func ("/glipdetect/errors/device", test_device);
  g_test_add_func ("/glipdetect/errors/inspect", test_inspect);
  g_test_add_func ("/glipdetect/errors/prompts", test_prompts);
  g_test_add_func ("/glipdetect/errors/phrase-thresholds", test_phrase_thresholds);
  g_test_add_func ("/glipdetect/errors/damaged", test_damaged);
  g_test_add_func ("/glipdetect/errors/progress", test_progress);
  int status = test_run ();
  static const char *const names[] = { "cut", "header", "empty", "text", "other" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path =
        g_strdup_printf ("%s/%s.safetensors", folder, names[i]);
    g_remove (path);
  }
  g_rmdir (folder);
  g_free (folder);
  return status;
}
