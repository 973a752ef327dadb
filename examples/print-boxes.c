/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * An application that takes frames out of a pipeline and reads the detections on
 * them, without a header of glip: from GStreamer's own region-of-interest metadata and,
 * where the library exists (GStreamer 1.24 and later), from its analytics metadata.
 *
 *   print-boxes VIDEO PROMPT [SECONDS]
 *
 * prints a line a detection: time, "roi" or "analytics", confidence, box, phrase.
 */
#include <gst/app/gstappsink.h>
#include <gst/video/video.h>
#ifdef HAVE_ANALYTICS
#include <gst/analytics/analytics.h>
#endif
#include <stdlib.h>

/* The confidence is in a parameter called "detection", as other detectors have it. */
static double
get_confidence (GstVideoRegionOfInterestMeta *roi)
{
  double confidence = 0;
  GstStructure *detection = gst_video_region_of_interest_meta_get_param (roi, "detection");
  if (detection)
    gst_structure_get_double (detection, "confidence", &confidence);
  return confidence;
}

static void
print_regions (GstBuffer *buffer, double seconds)
{
  gpointer state = NULL;
  GstMeta *meta;
  while ((meta = gst_buffer_iterate_meta_filtered (
              buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE))) {
    GstVideoRegionOfInterestMeta *roi = (GstVideoRegionOfInterestMeta *) meta;
    g_print ("%8.3f roi %.3f %u,%u %ux%u %s\n", seconds, get_confidence (roi), roi->x,
        roi->y, roi->w, roi->h, g_quark_to_string (roi->roi_type));
  }
}

#ifdef HAVE_ANALYTICS
static void
print_analytics (GstBuffer *buffer, double seconds)
{
  GstAnalyticsRelationMeta *relations = gst_buffer_get_analytics_relation_meta (buffer);
  GstAnalyticsODMtd object;
  gpointer state = NULL;
  while (relations && gst_analytics_relation_meta_iterate (relations, &state,
                          gst_analytics_od_mtd_get_mtd_type (), &object)) {
    gint x, y, w, h;
    gfloat confidence;
    if (gst_analytics_od_mtd_get_location (&object, &x, &y, &w, &h, &confidence))
      g_print ("%8.3f analytics %.3f %d,%d %dx%d %s\n", seconds, confidence, x, y, w, h,
          g_quark_to_string (gst_analytics_od_mtd_get_obj_type (&object)));
  }
}
#endif

/* Whether the pipeline ended well; otherwise its error has been printed. */
static gboolean
check_end (GstElement *pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  if (!message)
    return TRUE;
  g_autoptr (GError) error = NULL;
  gst_message_parse_error (message, &error, NULL);
  g_printerr ("%s\n", error->message);
  return FALSE;
}

static GstElement *
make_pipeline (const char *video, const char *prompt)
{
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (
      "filesrc name=source ! decodebin ! glipdetect name=detect threshold=0.35"
      " ! appsink name=frames sync=false max-buffers=4", &error);
  if (!pipeline) {
    g_printerr ("%s\n", error->message);
    return NULL;
  }
  /* As properties, so that any file name and any prompt is taken as it is. */
  g_autoptr (GstElement) source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  g_autoptr (GstElement) detect = gst_bin_get_by_name (GST_BIN (pipeline), "detect");
  g_object_set (source, "location", video, NULL);
  g_object_set (detect, "prompt", prompt, NULL);
  return pipeline;
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  if (argc < 3 || argc > 4) {
    g_printerr ("Usage: %s VIDEO PROMPT [SECONDS]\n", argv[0]);
    return 2;
  }
  const double limit = argc == 4 ? g_ascii_strtod (argv[3], NULL) : G_MAXDOUBLE;
  g_autoptr (GstElement) pipeline = make_pipeline (argv[1], argv[2]);
  if (!pipeline)
    return 1;

  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), "frames");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (;;) {
    /* NULL at the end of the video, and after an error. */
    g_autoptr (GstSample) sample = gst_app_sink_pull_sample (GST_APP_SINK (sink));
    if (!sample)
      break;
    GstBuffer *buffer = gst_sample_get_buffer (sample);
    const double seconds = (double) GST_BUFFER_PTS (buffer) / GST_SECOND;
    if (seconds >= limit)
      break;
    print_regions (buffer, seconds);
#ifdef HAVE_ANALYTICS
    print_analytics (buffer, seconds);
#endif
  }
  const gboolean ok = check_end (pipeline);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return ok ? 0 : 1;
}
