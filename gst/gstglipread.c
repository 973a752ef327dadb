/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Metadata may come from any element, or from another process: every field is looked
 * up by its type, and is left at "unknown" when it is missing or of another.
 */
#include "gstglipread.h"

#include <gst/video/gstvideometa.h>
#include <math.h>

#ifdef HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

static void
clear_object (gpointer data)
{
  GstGlipObject *object = data;
  g_free (object->phrase);
  g_free (object->region);
}

void
gst_glip_reading_init (GstGlipReading *reading)
{
  *reading = (GstGlipReading) { g_array_new (FALSE, TRUE, sizeof (GstGlipObject)) };
  g_array_set_clear_func (reading->objects, clear_object);
}

void
gst_glip_reading_clear (GstGlipReading *reading)
{
  g_clear_pointer (&reading->objects, g_array_unref);
  g_clear_pointer (&reading->prompt, g_free);
}

static void
reset (GstGlipReading *reading)
{
  g_array_set_size (reading->objects, 0);
  g_clear_pointer (&reading->prompt, g_free);
  reading->analysed = FALSE;
  reading->age = 0;
  reading->inference_time = 0;
}

/* A number of any type, since writers in other languages choose their own. */
static gboolean
get_number (const GstStructure *structure, const char *field, double *number)
{
  const GValue *value = gst_structure_get_value (structure, field);
  GValue converted = G_VALUE_INIT;

  if (!value || !g_value_type_transformable (G_VALUE_TYPE (value), G_TYPE_DOUBLE)
      || G_VALUE_HOLDS_STRING (value))
    return FALSE;
  g_value_init (&converted, G_TYPE_DOUBLE);
  gboolean done = g_value_transform (value, &converted);
  if (done)
    *number = g_value_get_double (&converted);
  g_value_unset (&converted);
  return done;
}

static void
read_confidence (const GstStructure *structure, GstGlipObject *object)
{
  double confidence;
  if (get_number (structure, "confidence", &confidence) && confidence >= 0)
    object->confidence = confidence;
}

static void
read_track (const GstStructure *structure, const char *field, GstGlipObject *object)
{
  double track;
  if (get_number (structure, field, &track) && track >= 0 && track < 9e15)
    object->track = (gint64) track;
}

static void
read_age (const GstStructure *structure, guint64 *age)
{
  guint64 value;
  if (gst_structure_get_uint64 (structure, "age", &value) && GST_CLOCK_TIME_IS_VALID (value))
    *age = value;
}

static void
read_custom_object (GstGlipReading *reading, const GstStructure *structure, guint64 age,
    int width, int height)
{
  GstGlipObject object = { .confidence = -1, .track = -1, .age = age };

  if (!get_number (structure, "x", &object.x) || !get_number (structure, "y", &object.y)
      || !get_number (structure, "w", &object.w) || !get_number (structure, "h", &object.h))
    return;
  object.x *= width;
  object.w *= width;
  object.y *= height;
  object.h *= height;
  read_confidence (structure, &object);
  read_track (structure, "track-id", &object);
  const char *phrase = gst_structure_get_string (structure, "phrase");
  object.phrase = g_strdup (phrase ? phrase : "");
  object.region = g_strdup (gst_structure_get_string (structure, "region"));
  g_array_append_val (reading->objects, object);
}

/* A buffer may hold several custom metas of one name: one for each detector. */
static gboolean
read_custom (GstGlipReading *reading, GstBuffer *buffer, int width, int height)
{
  gpointer state = NULL;
  GstMeta *meta;
  gboolean found = FALSE;

  while ((meta = gst_buffer_iterate_meta (buffer, &state))) {
    if (!gst_meta_info_is_custom (meta->info)
        || !gst_custom_meta_has_name ((GstCustomMeta *) meta, GST_GLIP_DETECTIONS_META))
      continue;
    const GstStructure *structure = gst_custom_meta_get_structure ((GstCustomMeta *) meta);
    const GValue *objects = gst_structure_get_value (structure, "objects");
    const char *prompt = gst_structure_get_string (structure, "prompt");

    found = TRUE;
    read_age (structure, &reading->age);
    gst_structure_get_uint64 (structure, "inference-time", &reading->inference_time);
    if (prompt && !reading->prompt)
      reading->prompt = g_strdup (prompt);
    if (!objects || !GST_VALUE_HOLDS_ARRAY (objects))
      continue;
    for (guint i = 0; i < gst_value_array_get_size (objects); i++) {
      const GValue *value = gst_value_array_get_value (objects, i);
      if (GST_VALUE_HOLDS_STRUCTURE (value) && gst_value_get_structure (value))
        read_custom_object (reading, gst_value_get_structure (value), reading->age, width,
            height);
    }
  }
  return found;
}

static void
read_region (GstGlipReading *reading, GstVideoRegionOfInterestMeta *meta, guint64 age)
{
  GstGlipObject object = { .confidence = -1, .track = -1, .age = age,
    .x = meta->x, .y = meta->y, .w = meta->w, .h = meta->h };
  const GstStructure *detection = gst_video_region_of_interest_meta_get_param (meta, "detection");
  const GstStructure *glip = gst_video_region_of_interest_meta_get_param (meta, "glip");
  const GstStructure *track = gst_video_region_of_interest_meta_get_param (meta, "object_id");
  const char *phrase = g_quark_to_string (meta->roi_type);

  if (detection)
    read_confidence (detection, &object);
  if (track)
    read_track (track, "id", &object);
  if (glip) {
    const char *typed = gst_structure_get_string (glip, "phrase");
    phrase = typed ? typed : phrase;
    object.region = g_strdup (gst_structure_get_string (glip, "region"));
    read_age (glip, &object.age);
  }
  object.phrase = g_strdup (phrase ? phrase : "");
  g_array_append_val (reading->objects, object);
}

static gboolean
read_regions (GstGlipReading *reading, GstBuffer *buffer)
{
  gpointer state = NULL;
  GstMeta *meta;
  gboolean found = FALSE;

  while ((meta = gst_buffer_iterate_meta_filtered (buffer, &state,
              GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE))) {
    read_region (reading, (GstVideoRegionOfInterestMeta *) meta, reading->age);
    found = TRUE;
  }
  return found;
}

#ifdef HAVE_GST_ANALYTICS
static gboolean
read_analytics (GstGlipReading *reading, GstBuffer *buffer)
{
  GstAnalyticsRelationMeta *meta = gst_buffer_get_analytics_relation_meta (buffer);
  gpointer state = NULL;
  GstAnalyticsMtd found_mtd;
  gboolean found = FALSE;

  while (meta && gst_analytics_relation_meta_iterate (meta, &state,
          gst_analytics_od_mtd_get_mtd_type (), &found_mtd)) {
    GstAnalyticsODMtd *detection = (GstAnalyticsODMtd *) &found_mtd;
    GstGlipObject object = { .confidence = -1, .track = -1, .age = reading->age };
    GstAnalyticsMtd related;
    gpointer track_state = NULL;
    guint64 track;
    GstClockTime first, last;
    gboolean lost;
    int x, y, w, h;
    float confidence;

    if (!gst_analytics_od_mtd_get_location (detection, &x, &y, &w, &h, &confidence))
      continue;
    object.x = x;
    object.y = y;
    object.w = w;
    object.h = h;
    if (confidence >= 0)
      object.confidence = confidence;
    if (gst_analytics_relation_meta_get_direct_related (meta, found_mtd.id,
            GST_ANALYTICS_REL_TYPE_RELATE_TO, gst_analytics_tracking_mtd_get_mtd_type (),
            &track_state, &related)
        && gst_analytics_tracking_mtd_get_info ((GstAnalyticsTrackingMtd *) &related, &track,
            &first, &last, &lost))
      object.track = (gint64) (track & G_MAXINT64);
    const char *phrase = g_quark_to_string (gst_analytics_od_mtd_get_obj_type (detection));
    object.phrase = g_strdup (phrase ? phrase : "");
    g_array_append_val (reading->objects, object);
    found = TRUE;
  }
  return found;
}
#else
static gboolean
read_analytics (GstGlipReading *reading, GstBuffer *buffer)
{
  (void) reading, (void) buffer;
  return FALSE;
}
#endif

/* Both stand for the same detection: regions are whole pixels, and scaling rounds. */
static gboolean
is_same (const GstGlipObject *a, const GstGlipObject *b, int width, int height)
{
  double dx = 1.5 + width / 200.0, dy = 1.5 + height / 200.0;
  return fabs (a->x - b->x) <= dx && fabs (a->y - b->y) <= dy
      && fabs (a->x + a->w - b->x - b->w) <= dx && fabs (a->y + a->h - b->y - b->h) <= dy
      && g_str_equal (a->phrase, b->phrase);
}

/* What a converter took from the regions. */
static void
complete (GstGlipReading *reading, const GstGlipReading *custom, int width, int height)
{
  for (guint i = 0; i < reading->objects->len; i++) {
    GstGlipObject *object = &g_array_index (reading->objects, GstGlipObject, i);
    for (guint j = 0; j < custom->objects->len; j++) {
      const GstGlipObject *other = &g_array_index (custom->objects, GstGlipObject, j);
      if (!is_same (object, other, width, height))
        continue;
      if (object->confidence < 0)
        object->confidence = other->confidence;
      if (object->track < 0)
        object->track = other->track;
      if (!object->region)
        object->region = g_strdup (other->region);
      break;
    }
  }
}

void
gst_glip_reading_read (GstGlipReading *reading, GstBuffer *buffer,
    GstGlipOverlaySource source, int width, int height)
{
  GstGlipReading custom;
  gboolean found = FALSE;

  reset (reading);
  gst_glip_reading_init (&custom);
  gboolean has_custom = read_custom (&custom, buffer, width, height);
  reading->prompt = g_steal_pointer (&custom.prompt);
  reading->age = custom.age;
  reading->inference_time = custom.inference_time;

  if (source == GST_GLIP_OVERLAY_SOURCE_AUTO || source == GST_GLIP_OVERLAY_SOURCE_ANALYTICS)
    found = read_analytics (reading, buffer);
  if (!found
      && (source == GST_GLIP_OVERLAY_SOURCE_AUTO || source == GST_GLIP_OVERLAY_SOURCE_ROI))
    found = read_regions (reading, buffer);
  if (found)
    complete (reading, &custom, width, height);
  else if (source == GST_GLIP_OVERLAY_SOURCE_AUTO || source == GST_GLIP_OVERLAY_SOURCE_CUSTOM) {
    GArray *objects = reading->objects;
    reading->objects = custom.objects;
    custom.objects = objects;
  }
  reading->analysed = found || has_custom;
  gst_glip_reading_clear (&custom);
}
