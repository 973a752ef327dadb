/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Three ways to say the same: region-of-interest metas for everything that exists,
 * GStreamer's analytics where it has them, and our own structure with the words.
 * The parameters "detection" of a region are those that DL Streamer's elements read.
 */
#include "gstglipmeta.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>
#ifdef HAVE_GST_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

enum {
  META_VERSION = 1,
  MAX_LABEL_BYTES = 256, /* a quark is never freed */
};

/* A box in whole pixels. */
typedef struct {
  int x, y, w, h;
} PixelBox;

GType
gst_glip_meta_flags_get_type (void)
{
  static const GFlagsValue values[] = {
    { GST_GLIP_META_ROI, "GstVideoRegionOfInterestMeta, one per object", "roi" },
    { GST_GLIP_META_ANALYTICS, "GstAnalyticsRelationMeta (GStreamer 1.24 and newer)",
        "analytics" },
    { GST_GLIP_META_CUSTOM, "GstCustomMeta \"" GST_GLIP_META_NAME "\"", "custom" },
    { 0, NULL, NULL },
  };
  static gsize type;
  if (g_once_init_enter (&type)) {
    GType made = g_flags_register_static ("GstGlipMetaFlags", values);
    gst_type_mark_as_plugin_api (made, 0);
    g_once_init_leave (&type, made);
  }
  return type;
}

void
gst_glip_meta_register (void)
{
  static const gchar *no_tags[] = { NULL };
  if (!gst_meta_get_info (GST_GLIP_META_NAME))
    gst_meta_register_custom (GST_GLIP_META_NAME, no_tags, NULL, NULL, NULL);
}

/* ------------------------------------------------------------------ writing */

static PixelBox
to_pixels (const GstGlipObject *object, int width, int height)
{
  int x = CLAMP ((int) lround (object->x * width), 0, width - 1);
  int y = CLAMP ((int) lround (object->y * height), 0, height - 1);
  int right = CLAMP ((int) lround ((object->x + object->w) * width), x + 1, width);
  int bottom = CLAMP ((int) lround ((object->y + object->h) * height), y + 1, height);
  return (PixelBox) { x, y, right - x, bottom - y };
}

static GQuark
label_quark (const char *phrase)
{
  if (strlen (phrase) <= MAX_LABEL_BYTES)
    return g_quark_from_string (phrase);
  const char *end = g_utf8_find_prev_char (phrase, phrase + MAX_LABEL_BYTES + 1);
  g_autofree char *start = g_strndup (phrase, (gsize) (end - phrase));
  return g_quark_from_string (start);
}

/* Regions that are there already keep their numbers. */
static int
first_free_id (GstBuffer *buffer)
{
  gpointer state = NULL;
  GstMeta *meta;
  int id = 0;
  while ((meta = gst_buffer_iterate_meta_filtered (
              buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)))
    id = MAX (id, ((GstVideoRegionOfInterestMeta *) meta)->id);
  return id + 1;
}

static void
write_region (
    GstBuffer *buffer, const GstGlipDetections *detections, const GstGlipObject *object, int id)
{
  PixelBox box = to_pixels (object, detections->width, detections->height);
  GstVideoRegionOfInterestMeta *region = gst_buffer_add_video_region_of_interest_meta_id (
      buffer, label_quark (object->phrase), (guint) box.x, (guint) box.y, (guint) box.w,
      (guint) box.h);
  region->id = id;
  region->parent_id = -1;
  gst_video_region_of_interest_meta_add_param (region,
      gst_structure_new ("detection",
          "confidence", G_TYPE_DOUBLE, object->confidence,
          "label_id", G_TYPE_INT, object->phrase_index,
          "x_min", G_TYPE_DOUBLE, object->x,
          "x_max", G_TYPE_DOUBLE, object->x + object->w,
          "y_min", G_TYPE_DOUBLE, object->y,
          "y_max", G_TYPE_DOUBLE, object->y + object->h, NULL));
  gst_video_region_of_interest_meta_add_param (region,
      gst_structure_new ("glip",
          "phrase", G_TYPE_STRING, object->phrase,
          "phrase-index", G_TYPE_INT, object->phrase_index,
          "span-start", G_TYPE_INT, object->span_start,
          "span-end", G_TYPE_INT, object->span_end,
          "prompt-serial", G_TYPE_UINT, detections->prompt_serial,
          "age", G_TYPE_UINT64, detections->age, NULL));
}

static void
write_regions (GstBuffer *buffer, const GstGlipDetections *detections)
{
  int id = first_free_id (buffer);
  for (guint i = 0; i < detections->objects->len; i++)
    write_region (
        buffer, detections, &g_array_index (detections->objects, GstGlipObject, i), id++);
}

#ifdef HAVE_GST_ANALYTICS
static void
write_analytics (GstBuffer *buffer, const GstGlipDetections *detections)
{
  GstAnalyticsRelationMeta *relations = gst_buffer_get_analytics_relation_meta (buffer);
  if (!relations)
    relations = gst_buffer_add_analytics_relation_meta (buffer);
  for (guint i = 0; i < detections->objects->len; i++) {
    const GstGlipObject *object = &g_array_index (detections->objects, GstGlipObject, i);
    PixelBox box = to_pixels (object, detections->width, detections->height);
    GstAnalyticsODMtd detection;
    gst_analytics_relation_meta_add_od_mtd (relations, label_quark (object->phrase), box.x,
        box.y, box.w, box.h, (gfloat) object->confidence, &detection);
  }
}
#endif

static void
add_number (JsonBuilder *builder, const char *name, double value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_double_value (builder, value);
}

static void
add_integer (JsonBuilder *builder, const char *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

/* A time, or null when there is none. */
static void
add_time (JsonBuilder *builder, const char *name, GstClockTime time)
{
  json_builder_set_member_name (builder, name);
  if (GST_CLOCK_TIME_IS_VALID (time))
    json_builder_add_int_value (builder, (gint64) time);
  else
    json_builder_add_null_value (builder);
}

static void
add_text (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_truth (JsonBuilder *builder, const char *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

static void
add_object (JsonBuilder *builder, const GstGlipObject *object)
{
  json_builder_begin_object (builder);
  add_text (builder, "phrase", object->phrase);
  add_integer (builder, "phrase-index", object->phrase_index);
  add_integer (builder, "span-start", object->span_start);
  add_integer (builder, "span-end", object->span_end);
  add_number (builder, "confidence", object->confidence);
  add_number (builder, "x", object->x);
  add_number (builder, "y", object->y);
  add_number (builder, "w", object->w);
  add_number (builder, "h", object->h);
  json_builder_end_object (builder);
}

/* The same fields as the structure, one line.  (transfer full) */
static char *
to_json (const GstGlipDetections *detections)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  add_integer (builder, "version", META_VERSION);
  add_integer (builder, "width", detections->width);
  add_integer (builder, "height", detections->height);
  add_time (builder, "pts", detections->pts);
  add_time (builder, "inference-pts", detections->inference_pts);
  add_time (builder, "age", detections->age);
  add_truth (builder, "stale", detections->stale);
  add_truth (builder, "inferred", detections->inferred);
  add_text (builder, "prompt", detections->prompt);
  add_integer (builder, "prompt-serial", detections->prompt_serial);
  add_time (builder, "inference-time", detections->inference_time);
  json_builder_set_member_name (builder, "objects");
  json_builder_begin_array (builder);
  for (guint i = 0; i < detections->objects->len; i++)
    add_object (builder, &g_array_index (detections->objects, GstGlipObject, i));
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

static void
append_object (GValue *array, const GstGlipObject *object)
{
  GValue item = G_VALUE_INIT;
  g_value_init (&item, GST_TYPE_STRUCTURE);
  g_value_take_boxed (&item,
      gst_structure_new ("object",
          "phrase", G_TYPE_STRING, object->phrase,
          "phrase-index", G_TYPE_INT, object->phrase_index,
          "span-start", G_TYPE_INT, object->span_start,
          "span-end", G_TYPE_INT, object->span_end,
          "confidence", G_TYPE_DOUBLE, object->confidence,
          "x", G_TYPE_DOUBLE, object->x,
          "y", G_TYPE_DOUBLE, object->y,
          "w", G_TYPE_DOUBLE, object->w,
          "h", G_TYPE_DOUBLE, object->h, NULL));
  gst_value_array_append_and_take_value (array, &item);
}

static void
write_custom (GstBuffer *buffer, const GstGlipDetections *detections)
{
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer, GST_GLIP_META_NAME);
  GstStructure *structure = gst_custom_meta_get_structure (meta);
  GValue objects = G_VALUE_INIT;
  g_autofree char *json = to_json (detections);
  gst_structure_set (structure,
      "version", G_TYPE_INT, META_VERSION,
      "width", G_TYPE_INT, detections->width,
      "height", G_TYPE_INT, detections->height,
      "pts", G_TYPE_UINT64, detections->pts,
      "inference-pts", G_TYPE_UINT64, detections->inference_pts,
      "age", G_TYPE_UINT64, detections->age,
      "stale", G_TYPE_BOOLEAN, detections->stale,
      "inferred", G_TYPE_BOOLEAN, detections->inferred,
      "prompt", G_TYPE_STRING, detections->prompt,
      "prompt-serial", G_TYPE_UINT, detections->prompt_serial,
      "inference-time", G_TYPE_UINT64, detections->inference_time,
      "json", G_TYPE_STRING, json, NULL);
  g_value_init (&objects, GST_TYPE_ARRAY);
  for (guint i = 0; i < detections->objects->len; i++)
    append_object (&objects, &g_array_index (detections->objects, GstGlipObject, i));
  gst_structure_take_value (structure, "objects", &objects);
}

void
gst_glip_meta_write (
    GstBuffer *buffer, const GstGlipDetections *detections, GstGlipMetaFlags flags)
{
  if (flags & GST_GLIP_META_ROI)
    write_regions (buffer, detections);
#ifdef HAVE_GST_ANALYTICS
  if (flags & GST_GLIP_META_ANALYTICS)
    write_analytics (buffer, detections);
#endif
  if (flags & GST_GLIP_META_CUSTOM)
    write_custom (buffer, detections);
}

/* ------------------------------------------------------------------ reading */

static void
read_object (const GValue *value, GArray *objects)
{
  if (!GST_VALUE_HOLDS_STRUCTURE (value) || !gst_value_get_structure (value))
    return;
  const GstStructure *structure = gst_value_get_structure (value);
  GstGlipObject object = { .phrase = gst_structure_get_string (structure, "phrase") };
  if (!object.phrase)
    return;
  gst_structure_get_int (structure, "phrase-index", &object.phrase_index);
  gst_structure_get_int (structure, "span-start", &object.span_start);
  gst_structure_get_int (structure, "span-end", &object.span_end);
  gst_structure_get_double (structure, "confidence", &object.confidence);
  gst_structure_get_double (structure, "x", &object.x);
  gst_structure_get_double (structure, "y", &object.y);
  gst_structure_get_double (structure, "w", &object.w);
  gst_structure_get_double (structure, "h", &object.h);
  g_array_append_val (objects, object);
}

static void
read_structure (const GstStructure *structure, GstGlipDetections *detections)
{
  *detections = (GstGlipDetections) {
    .pts = GST_CLOCK_TIME_NONE,
    .inference_pts = GST_CLOCK_TIME_NONE,
    .prompt = gst_structure_get_string (structure, "prompt"),
    .objects = g_array_new (FALSE, FALSE, sizeof (GstGlipObject)),
  };
  gst_structure_get_int (structure, "width", &detections->width);
  gst_structure_get_int (structure, "height", &detections->height);
  gst_structure_get_uint64 (structure, "pts", &detections->pts);
  gst_structure_get_uint64 (structure, "inference-pts", &detections->inference_pts);
  gst_structure_get_uint64 (structure, "age", &detections->age);
  gst_structure_get_uint64 (structure, "inference-time", &detections->inference_time);
  gst_structure_get_boolean (structure, "stale", &detections->stale);
  gst_structure_get_boolean (structure, "inferred", &detections->inferred);
  gst_structure_get_uint (structure, "prompt-serial", &detections->prompt_serial);
  const GValue *objects = gst_structure_get_value (structure, "objects");
  if (!objects || !GST_VALUE_HOLDS_ARRAY (objects))
    return;
  for (guint i = 0; i < gst_value_array_get_size (objects); i++)
    read_object (gst_value_array_get_value (objects, i), detections->objects);
}

gboolean
gst_glip_meta_read (GstBuffer *buffer, gpointer *state, GstGlipDetections *detections)
{
  GstMeta *meta;
  while ((meta = gst_buffer_iterate_meta (buffer, state))) {
    if (!gst_meta_info_is_custom (meta->info) ||
        !gst_custom_meta_has_name ((GstCustomMeta *) meta, GST_GLIP_META_NAME))
      continue;
    read_structure (gst_custom_meta_get_structure ((GstCustomMeta *) meta), detections);
    return TRUE;
  }
  return FALSE;
}
