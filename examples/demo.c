/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The whole job on a video file: decode, detect, draw, encode.  Writes the annotated
 * video and a contact sheet, tells about the detections once a second of video, and ends
 * with a line that begins with OK or FAILED.
 *
 *   glip-demo --output=FOLDER VIDEO
 */
#include <gst/app/gstappsink.h>
#include <gst/video/video.h>
#include <stdlib.h>
#include <unistd.h>

#include "contact-sheet.h"

typedef struct {
  char *output, *prompt, *model;
  int frames, every;
  double threshold;
} Options;

typedef struct {
  const Options *options;
  GMainLoop *loop;
  GstElement *pipeline;
  ContactSheet *sheet; /* appsink's thread, then ours after the end */
  GHashTable *phrases; /* quarks seen; the thread of the detector, as what follows */
  guint64 n_arrived;
  gint64 next_report; /* second of the video */
  GMutex lock;        /* guards the rest */
  guint64 n_frames, n_detections;
  gint64 started, first_done; /* monotonic time, microseconds */
  char *failure;
} Demo;

static double
elapsed_seconds (gint64 since)
{
  return (double) (g_get_monotonic_time () - since) / G_USEC_PER_SEC;
}

/* Frames per second after the first one, which waits for shaders to be compiled.
 * Under the lock. */
static double
get_speed (const Demo *demo)
{
  const double seconds = elapsed_seconds (demo->first_done);
  return demo->n_frames > 1 && seconds > 0 ? (double) (demo->n_frames - 1) / seconds : 0;
}

static double
get_confidence (GstVideoRegionOfInterestMeta *roi)
{
  double confidence = 0;
  GstStructure *detection = gst_video_region_of_interest_meta_get_param (roi, "detection");
  if (detection)
    gst_structure_get_double (detection, "confidence", &confidence);
  return confidence;
}

/* ------------------------------------------------------------------ probes */

/* Before the detector: let every Nth frame through, and end after some. */
static GstPadProbeReturn
pick_frame (GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info, gpointer data)
{
  Demo *demo = data;
  const Options *options = demo->options;
  const guint64 number = demo->n_arrived++;
  if (options->frames > 0 && number > (guint64) (options->frames - 1) * (guint) options->every) {
    gst_clear_buffer ((GstBuffer **) &info->data);
    GST_PAD_PROBE_INFO_FLOW_RETURN (info) = GST_FLOW_EOS;
    return GST_PAD_PROBE_HANDLED;
  }
  return number % (guint) options->every == 0 ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

/* After the detector: count, and once a second of video say what is in the frame. */
static GstPadProbeReturn
look_at_frame (GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info, gpointer data)
{
  Demo *demo = data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  g_autoptr (GString) line = g_string_new (NULL);
  gpointer state = NULL;
  GstMeta *meta;
  guint n_detections = 0;
  while ((meta = gst_buffer_iterate_meta_filtered (
              buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE))) {
    GstVideoRegionOfInterestMeta *roi = (GstVideoRegionOfInterestMeta *) meta;
    g_string_append_printf (line, "%s%s %.2f", n_detections++ > 0 ? ", " : "",
        g_quark_to_string (roi->roi_type), get_confidence (roi));
    g_hash_table_add (demo->phrases, GUINT_TO_POINTER (roi->roi_type));
  }

  g_mutex_lock (&demo->lock);
  if (demo->n_frames++ == 0)
    demo->first_done = g_get_monotonic_time ();
  demo->n_detections += n_detections;
  const double speed = get_speed (demo);
  g_mutex_unlock (&demo->lock);

  const GstClockTime time = GST_BUFFER_PTS (buffer);
  if (GST_CLOCK_TIME_IS_VALID (time) && (gint64) (time / GST_SECOND) >= demo->next_report) {
    demo->next_report = (gint64) (time / GST_SECOND) + 1;
    g_print ("%s%6.2f s  %5.2f frames/s  %s\n", isatty (STDOUT_FILENO) ? "\r\033[K" : "",
        (double) time / GST_SECOND, speed, line->len > 0 ? line->str : "nothing");
  }
  return GST_PAD_PROBE_OK;
}

static GstFlowReturn
take_picture (GstAppSink *sink, gpointer data)
{
  Demo *demo = data;
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (sink);
  if (!sample)
    return GST_FLOW_EOS;
  return contact_sheet_add (demo->sheet, sample) ? GST_FLOW_OK : GST_FLOW_ERROR;
}

/* -------------------------------------------------------------------- loop */

/* A line that overwrites itself, on a terminal only. */
static gboolean
show_progress (gpointer data)
{
  Demo *demo = data;
  gint64 position = 0, duration = 0;
  gst_element_query_position (demo->pipeline, GST_FORMAT_TIME, &position);
  gst_element_query_duration (demo->pipeline, GST_FORMAT_TIME, &duration);
  g_mutex_lock (&demo->lock);
  if (demo->n_frames == 0)
    g_print ("\r\033[Kgetting ready: %.0f s", elapsed_seconds (demo->started));
  else
    g_print ("\r\033[Kframe %" G_GUINT64_FORMAT ", %.0f %%, %.2f frames/s", demo->n_frames,
        duration > 0 ? 100.0 * (double) position / (double) duration : 0.0, get_speed (demo));
  g_mutex_unlock (&demo->lock);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_message (GstBus *bus G_GNUC_UNUSED, GstMessage *message, gpointer data)
{
  Demo *demo = data;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS) {
    g_main_loop_quit (demo->loop);
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    g_autoptr (GError) error = NULL;
    gst_message_parse_error (message, &error, NULL);
    if (!demo->failure)
      demo->failure = g_strdup_printf ("%s: %s", GST_OBJECT_NAME (message->src), error->message);
    g_main_loop_quit (demo->loop);
  }
  return G_SOURCE_CONTINUE;
}

static void
add_probe (Demo *demo, const char *element_name, GstPadProbeCallback callback)
{
  g_autoptr (GstElement) element = gst_bin_get_by_name (GST_BIN (demo->pipeline), element_name);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, callback, demo, NULL);
}

static void
set_text (Demo *demo, const char *element_name, const char *property, const char *value)
{
  g_autoptr (GstElement) element = gst_bin_get_by_name (GST_BIN (demo->pipeline), element_name);
  g_object_set (element, property, value, NULL);
}

static gboolean
make_pipeline (Demo *demo, const char *video)
{
  const Options *options = demo->options;
  g_autoptr (GError) error = NULL;
  g_autofree char *threshold = g_strdup_printf ("%g", options->threshold);
  g_autofree char *text = g_strdup_printf (
      "filesrc name=source ! decodebin ! identity name=pick"
      " ! glipdetect name=detect threshold=%s ! glipoverlay ! tee name=annotated"
      " annotated. ! queue ! videoconvert ! vp8enc deadline=1 cpu-used=8 target-bitrate=1500000"
      " ! webmmux ! filesink name=video"
      " annotated. ! queue ! videoconvert ! video/x-raw,format=BGRx"
      " ! appsink name=pictures sync=false max-buffers=4", threshold);
  demo->pipeline = gst_parse_launch_full (text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
  if (!demo->pipeline) {
    demo->failure = g_strdup (error->message);
    return FALSE;
  }
  g_autofree char *annotated = g_build_filename (options->output, "annotated.webm", NULL);
  set_text (demo, "source", "location", video);
  set_text (demo, "video", "location", annotated);
  set_text (demo, "detect", "prompt", options->prompt);
  if (options->model)
    set_text (demo, "detect", "model", options->model);
  add_probe (demo, "pick", pick_frame);
  add_probe (demo, "detect", look_at_frame);

  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (demo->pipeline), "pictures");
  GstAppSinkCallbacks callbacks = { .new_sample = take_picture };
  gst_app_sink_set_callbacks (GST_APP_SINK (sink), &callbacks, demo, NULL);
  return TRUE;
}

static void
print_device (Demo *demo)
{
  g_autoptr (GstElement) detect = gst_bin_get_by_name (GST_BIN (demo->pipeline), "detect");
  g_autoptr (GstStructure) stats = NULL;
  g_object_get (detect, "stats", &stats, NULL);
  const char *device = stats ? gst_structure_get_string (stats, "device") : NULL;
  if (device)
    g_print ("device: %s\n", device);
}

static void
play (Demo *demo)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (demo->pipeline);
  gst_bus_add_watch (bus, on_message, demo);
  const guint progress = isatty (STDOUT_FILENO) ? g_timeout_add (250, show_progress, demo) : 0;
  demo->started = g_get_monotonic_time ();
  gst_element_set_state (demo->pipeline, GST_STATE_PLAYING);
  g_main_loop_run (demo->loop);
  if (progress) {
    g_source_remove (progress);
    g_print ("\r\033[K");
  }
  if (!demo->failure)
    print_device (demo);
  gst_element_set_state (demo->pipeline, GST_STATE_NULL);
  gst_bus_remove_watch (bus);
}

/* The last line. */
static gboolean
give_verdict (Demo *demo)
{
  const Options *options = demo->options;
  g_autoptr (GError) error = NULL;
  g_autofree char *sheet = g_build_filename (options->output, "contact-sheet.png", NULL);
  if (!demo->failure && !contact_sheet_save (demo->sheet, sheet, &error))
    demo->failure = g_strdup (error->message);
  if (!demo->failure && demo->n_detections == 0)
    demo->failure = g_strdup_printf ("nothing found in %" G_GUINT64_FORMAT " frames",
        demo->n_frames);
  if (demo->failure) {
    g_print ("FAILED: %s\n", demo->failure);
    return FALSE;
  }
  g_print ("wrote %s/annotated.webm and %s\n", options->output, sheet);
  g_print ("OK: %" G_GUINT64_FORMAT " frames at %.2f frames/s, %" G_GUINT64_FORMAT
           " detections of %u phrases\n", demo->n_frames, get_speed (demo), demo->n_detections,
      g_hash_table_size (demo->phrases));
  return TRUE;
}

static gboolean
run (const Options *options, const char *video)
{
  Demo demo = { .options = options };
  g_mutex_init (&demo.lock);
  demo.loop = g_main_loop_new (NULL, FALSE);
  demo.sheet = contact_sheet_new (3, 4, 320);
  demo.phrases = g_hash_table_new (NULL, NULL);
  if (g_mkdir_with_parents (options->output, 0777) != 0)
    demo.failure = g_strdup_printf ("%s: cannot be created", options->output);
  else if (make_pipeline (&demo, video))
    play (&demo);
  const gboolean ok = give_verdict (&demo);

  gst_clear_object (&demo.pipeline);
  g_main_loop_unref (demo.loop);
  contact_sheet_free (demo.sheet);
  g_hash_table_unref (demo.phrases);
  g_free (demo.failure);
  g_mutex_clear (&demo.lock);
  return ok;
}

int
main (int argc, char **argv)
{
  Options options = { .every = 1, .threshold = 0.35 };
  g_auto (GStrv) videos = NULL;
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output, "Where to write [out]", "FOLDER" },
    { "prompt", 'p', 0, G_OPTION_ARG_STRING, &options.prompt, "What to find", "TEXT" },
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &options.model, "Model file [bundled]", "FILE" },
    { "threshold", 't', 0, G_OPTION_ARG_DOUBLE, &options.threshold,
        "Least confidence [0.35]", "SCORE" },
    { "frames", 0, 0, G_OPTION_ARG_INT, &options.frames, "Stop after as many [all]", "N" },
    { "every", 0, 0, G_OPTION_ARG_INT, &options.every, "Take every Nth frame [1]", "N" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &videos, NULL, "VIDEO" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  int status = 2;
  if (!g_option_context_parse (context, &argc, &argv, &error))
    g_printerr ("glip-demo: %s\n", error->message);
  else if (!videos || videos[1] || !options.prompt || options.every < 1 || options.frames < 0)
    g_printerr ("glip-demo: name one video and --prompt (see --help)\n");
  else {
    if (!options.output)
      options.output = g_strdup ("out");
    status = run (&options, videos[0]) ? 0 : 1;
  }
  g_free (options.output);
  g_free (options.prompt);
  g_free (options.model);
  return status;
}
