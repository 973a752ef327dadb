/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What happens to a buffer.  prepare_output_buffer comes first: it takes the
 * properties as they are now, encodes a new prompt, and decides about inference.  A
 * frame that is not inferred leaves as it came, without even a copy of its metadata;
 * the others are made writable and analysed in transform_ip.
 */
#include "gstglipdetect.h"

#include <string.h>

#define GST_CAT_DEFAULT gst_glip_detect_debug

enum {
  MAX_PASSES = 8,
  UNREADABLE_PER_WARNING = 100,
};

/* -------------------------------------------------------------------- states */

static gboolean
start (GstBaseTransform *transform)
{
  GstGlipDetect *self = GST_GLIP_DETECT (transform);
  GST_OBJECT_LOCK (self);
  gst_glip_live_copy (&self->current, &self->live);
  gst_glip_loading_copy (&self->started, &self->loading);
  self->stats = (GstGlipStats) { 0 };
  self->prompt_set = TRUE;
  self->serial = 0;
  GST_OBJECT_UNLOCK (self);
  self->since_inference = G_MAXUINT64;
  self->unreadable = 0;
  self->interlaced_told = FALSE;
  return gst_glip_detect_open (self);
}

static gboolean
stop (GstBaseTransform *transform)
{
  GstGlipDetect *self = GST_GLIP_DETECT (transform);
  gst_glip_detect_close (self, FALSE);
  g_clear_pointer (&self->prompt_text, g_free);
  gst_glip_live_clear (&self->current);
  gst_glip_loading_clear (&self->started);
  return TRUE;
}

static gboolean
set_caps (GstBaseTransform *transform, GstCaps *input, GstCaps *output G_GNUC_UNUSED)
{
  GstGlipDetect *self = GST_GLIP_DETECT (transform);
  GstVideoInfo info;
  if (!gst_video_info_from_caps (&info, input) || GST_VIDEO_INFO_VIEWS (&info) > 1) {
    GST_WARNING_OBJECT (self, "cannot take caps %" GST_PTR_FORMAT, (gpointer) input);
    return FALSE;
  }
  self->info = info;
  self->since_inference = G_MAXUINT64;
  if (GST_VIDEO_INFO_IS_INTERLACED (&info) && !self->interlaced_told) {
    self->interlaced_told = TRUE;
    GST_ELEMENT_WARNING (self, STREAM, FORMAT,
        ("The video is interlaced and analysed as it is: objects that move have combed "
         "edges (a deinterlace element before this one helps)"), (NULL));
  }
  return TRUE;
}

static gboolean
sink_event (GstBaseTransform *transform, GstEvent *event)
{
  GstGlipDetect *self = GST_GLIP_DETECT (transform);
  GstBaseTransformClass *parent = g_type_class_peek (GST_TYPE_BASE_TRANSFORM);
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
    case GST_EVENT_SEGMENT:
    case GST_EVENT_FLUSH_STOP:
      self->since_inference = G_MAXUINT64;
      break;
    default:
      break;
  }
  return parent->sink_event (transform, event);
}

/* ---------------------------------------------------------------- allocation */

/* Buffers go on as they are, so upstream may use what downstream offers and no more. */
static gboolean
propose_allocation (
    GstBaseTransform *transform, GstQuery *decide G_GNUC_UNUSED, GstQuery *query)
{
  return gst_pad_peer_query (GST_BASE_TRANSFORM_SRC_PAD (transform), query);
}

/* No buffer is ever allocated here: no pool is to be set up. */
static gboolean
decide_allocation (GstBaseTransform *transform G_GNUC_UNUSED, GstQuery *query)
{
  while (gst_query_get_n_allocation_pools (query) > 0)
    gst_query_remove_nth_allocation_pool (query, 0);
  return TRUE;
}

/* -------------------------------------------------------------------- prompt */

static GstFlowReturn
fail (GstGlipDetect *self, const GError *error)
{
  gst_glip_detect_post_error (self, self->started.model ? self->started.model : "", error);
  return GST_FLOW_ERROR;
}

/* The device is lost: once more from the start, with the prompt in effect. */
static GstFlowReturn
rebuild (GstGlipDetect *self, const GError *why)
{
  g_autoptr (GError) error = NULL;
  GST_WARNING_OBJECT (self, "making a new engine: %s", why->message);
  gst_glip_detect_close (self, TRUE);
  if (!gst_glip_detect_open (self))
    return GST_FLOW_ERROR;
  if (!self->prompt_text)
    return GST_FLOW_OK;
  self->prompt = glip_prompt_new (self->engine, self->prompt_text, &error);
  return self->prompt ? GST_FLOW_OK : fail (self, error);
}

/* The property goes back to the prompt in effect, unless it was set again. */
static void
refuse_prompt (GstGlipDetect *self, const char *text, const char *why)
{
  GST_ELEMENT_WARNING (self, LIBRARY, SETTINGS,
      ("prompt=\"%s\" is not used: %s; %s (property 'prompt')", text, why,
          self->prompt_text ? "the one before stays" : "nothing is looked for"), (NULL));
  GST_OBJECT_LOCK (self);
  gboolean replace = !self->prompt_set;
  if (replace) {
    g_free (self->live.prompt);
    self->live.prompt = g_strdup (self->prompt_text);
  }
  GST_OBJECT_UNLOCK (self);
  if (replace)
    g_object_notify (G_OBJECT (self), "prompt");
}

static void
use_prompt (GstGlipDetect *self, GlipPrompt *prompt, const char *text)
{
  g_clear_pointer (&self->prompt, glip_prompt_unref);
  self->prompt = prompt;
  g_free (self->prompt_text);
  self->prompt_text = g_strdup (text);
}

static GstFlowReturn
encode_prompt (GstGlipDetect *self, const char *text, gboolean *changed)
{
  g_autoptr (GError) error = NULL;
  gint64 begin = g_get_monotonic_time ();
  g_autoptr (GlipPrompt) prompt = glip_prompt_new (self->engine, text, &error);
  if (!prompt && g_error_matches (error, GLIP_ERROR, GLIP_ERROR_DEVICE_LOST)) {
    if (rebuild (self, error) != GST_FLOW_OK)
      return GST_FLOW_ERROR;
    g_clear_error (&error);
    prompt = glip_prompt_new (self->engine, text, &error);
  }
  if (!prompt && !g_error_matches (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT))
    return fail (self, error);

  size_t passes = prompt ? glip_prompt_get_n_passes (prompt) : 0;
  if (!prompt) {
    refuse_prompt (self, text, error->message);
    return GST_FLOW_OK;
  }
  if (passes > MAX_PASSES) {
    g_autofree char *why = g_strdup_printf (
        "it needs %zu passes over every frame, %d are allowed: name less", passes, MAX_PASSES);
    refuse_prompt (self, text, why);
    return GST_FLOW_OK;
  }
  if (passes > 1)
    GST_ELEMENT_WARNING (self, LIBRARY, SETTINGS,
        ("The prompt has %zu tokens and needs %zu passes over every frame: naming less is "
         "quicker (property 'prompt')", glip_prompt_get_n_tokens (prompt), passes), (NULL));
  use_prompt (self, g_steal_pointer (&prompt), text);
  GST_OBJECT_LOCK (self);
  self->stats.prompt_encode =
      (GstClockTime) (g_get_monotonic_time () - begin) * GST_USECOND;
  GST_OBJECT_UNLOCK (self);
  *changed = TRUE;
  return GST_FLOW_OK;
}

/* ------------------------------------------------------------------ decision */

static gboolean
is_new (const GstGlipLive *now, const GstGlipLive *before)
{
  return now->threshold != before->threshold || now->active != before->active ||
      now->phrase_thresholds != before->phrase_thresholds;
}

/* From here on `self->current` is what the application set before this frame. */
static GstFlowReturn
take_settings (GstGlipDetect *self)
{
  GstGlipLive next = { 0 };
  GST_OBJECT_LOCK (self);
  gst_glip_live_copy (&next, &self->live);
  gboolean prompt_set = self->prompt_set;
  self->prompt_set = FALSE;
  GST_OBJECT_UNLOCK (self);
  gboolean changed = is_new (&next, &self->current);
  gst_glip_live_clear (&self->current);
  self->current = next;

  GstFlowReturn flow = GST_FLOW_OK;
  const char *wanted = next.prompt && *next.prompt ? next.prompt : NULL;
  if (prompt_set && g_strcmp0 (wanted, self->prompt_text) != 0) {
    if (wanted) {
      flow = encode_prompt (self, wanted, &changed);
    } else {
      use_prompt (self, NULL, NULL);
      changed = TRUE;
    }
  }
  if (flow != GST_FLOW_OK || !changed)
    return flow;
  self->since_inference = G_MAXUINT64;
  GST_OBJECT_LOCK (self);
  self->serial++;
  GST_OBJECT_UNLOCK (self);
  GST_DEBUG_OBJECT (self, "serial %u: prompt \"%s\", threshold %g, %s", self->serial,
      GST_STR_NULL (self->prompt_text), self->current.threshold,
      self->current.active ? "active" : "inactive");
  g_object_notify (G_OBJECT (self), "prompt-serial");
  return GST_FLOW_OK;
}

static gboolean
is_due (GstGlipDetect *self)
{
  if (!self->current.active || !self->prompt)
    return FALSE;
  if (self->since_inference == G_MAXUINT64 ||
      self->since_inference + 1 >= self->current.interval) {
    self->since_inference = 0;
    return TRUE;
  }
  self->since_inference++;
  return FALSE;
}

static GstFlowReturn
prepare_output_buffer (GstBaseTransform *transform, GstBuffer *input, GstBuffer **output)
{
  GstGlipDetect *self = GST_GLIP_DETECT (transform);
  GstClockTime stream_time = gst_segment_to_stream_time (
      &transform->segment, GST_FORMAT_TIME, GST_BUFFER_PTS (input));
  if (GST_CLOCK_TIME_IS_VALID (stream_time))
    gst_object_sync_values (GST_OBJECT (self), stream_time);
  GstFlowReturn flow = take_settings (self);
  if (flow != GST_FLOW_OK)
    return flow;
  self->infer = is_due (self);
  GST_OBJECT_LOCK (self);
  self->stats.frames++;
  if (!self->infer)
    self->stats.skipped++;
  GST_OBJECT_UNLOCK (self);
  gboolean copy = self->infer && !gst_buffer_is_writable (input);
  *output = copy ? gst_buffer_copy (input) : input;
  return GST_FLOW_OK;
}

/* ----------------------------------------------------------------- inference */

static void
append_object (GstGlipDetect *self, const GstGlipFrame *frame, const GlipDetection *found,
    GArray *objects)
{
  float threshold = gst_glip_thresholds_get (
      self->current.phrase_thresholds, found->phrase, self->current.threshold);
  if (!(found->score > threshold) || objects->len >= self->current.max_detections)
    return;
  /* Corners are pixels that belong to the box. */
  double left = CLAMP (found->x0 + frame->x, 0, frame->width);
  double top = CLAMP (found->y0 + frame->y, 0, frame->height);
  double right = CLAMP (found->x1 + frame->x + 1, left, frame->width);
  double bottom = CLAMP (found->y1 + frame->y + 1, top, frame->height);
  GstGlipObject object = {
    .phrase = found->phrase,
    .phrase_index = found->label - 1,
    .span_start = (int) found->span_begin,
    .span_end = (int) found->span_end,
    .confidence = found->score,
    .x = left / frame->width,
    .y = top / frame->height,
    .w = (right - left) / frame->width,
    .h = (bottom - top) / frame->height,
  };
  g_array_append_val (objects, object);
}

static GlipResult *
detect (GstGlipDetect *self, const GlipImage *image, GError **error)
{
  const GlipDetectOptions options = {
    .threshold = gst_glip_thresholds_get_lowest (
        self->current.phrase_thresholds, self->current.threshold),
    .nms_threshold = self->current.nms_threshold,
    .max_detections = (int) self->current.max_detections,
    .min_size = (int) self->started.input_size,
  };
  return glip_engine_detect (self->engine, image, self->prompt, &options, error);
}

/* Detect, with a second try on a new engine; NULL with an error on the bus. */
static GlipResult *
detect_or_fail (GstGlipDetect *self, const GlipImage *image)
{
  g_autoptr (GError) error = NULL;
  GlipResult *result = detect (self, image, &error);
  if (!result && g_error_matches (error, GLIP_ERROR, GLIP_ERROR_DEVICE_LOST)) {
    if (rebuild (self, error) != GST_FLOW_OK)
      return NULL;
    g_clear_error (&error);
    result = detect (self, image, &error);
  }
  if (!result)
    fail (self, error);
  return result;
}

static void
count_inference (GstGlipDetect *self, GstClockTime took)
{
  GST_OBJECT_LOCK (self);
  GstGlipStats *stats = &self->stats;
  stats->latencies[stats->inferred++ % GST_GLIP_LATENCIES] = took;
  stats->sum += took;
  stats->max = MAX (stats->max, took);
  GST_OBJECT_UNLOCK (self);
}

static void
attach (GstGlipDetect *self, GstBuffer *buffer, const GstGlipFrame *frame, GlipResult *result,
    GstClockTime took)
{
  g_autoptr (GArray) objects = g_array_new (FALSE, FALSE, sizeof (GstGlipObject));
  for (size_t i = 0; i < glip_result_get_count (result); i++)
    append_object (self, frame, glip_result_get_detection (result, i), objects);
  const GstGlipDetections detections = {
    .width = frame->width,
    .height = frame->height,
    .pts = GST_BUFFER_PTS (buffer),
    .inference_pts = GST_BUFFER_PTS (buffer),
    .inference_time = took,
    .inferred = TRUE,
    .prompt = self->prompt_text,
    .prompt_serial = self->serial,
    .objects = objects,
  };
  gst_glip_meta_write (buffer, &detections, self->current.meta);
  GST_LOG_OBJECT (self, "%u objects in %" GST_TIME_FORMAT, objects->len, GST_TIME_ARGS (took));
}

/* A damaged buffer is not worth ending the stream for. */
static void
tell_unreadable (GstGlipDetect *self, const char *reason)
{
  GST_OBJECT_LOCK (self);
  self->stats.errors++;
  GST_OBJECT_UNLOCK (self);
  if (self->unreadable++ % UNREADABLE_PER_WARNING == 0)
    GST_ELEMENT_WARNING (self, STREAM, DECODE,
        ("A frame passes without detections: %s", reason), (NULL));
}

static GstFlowReturn
transform_ip (GstBaseTransform *transform, GstBuffer *buffer)
{
  GstGlipDetect *self = GST_GLIP_DETECT (transform);
  GstGlipFrame frame;
  const char *reason;
  if (!self->infer)
    return GST_FLOW_OK;
  if (!gst_glip_frame_map (&frame, &self->info, buffer, &reason)) {
    tell_unreadable (self, reason);
    return GST_FLOW_OK;
  }
  gint64 begin = g_get_monotonic_time ();
  g_autoptr (GlipResult) result = detect_or_fail (self, &frame.image);
  gst_glip_frame_unmap (&frame);
  if (!result)
    return GST_FLOW_ERROR;
  GstClockTime took = (GstClockTime) (g_get_monotonic_time () - begin) * GST_USECOND;
  count_inference (self, took);
  attach (self, buffer, &frame, result, took);
  return GST_FLOW_OK;
}

void
gst_glip_detect_stream_class_init (GstBaseTransformClass *klass)
{
  klass->start = GST_DEBUG_FUNCPTR (start);
  klass->stop = GST_DEBUG_FUNCPTR (stop);
  klass->set_caps = GST_DEBUG_FUNCPTR (set_caps);
  klass->sink_event = GST_DEBUG_FUNCPTR (sink_event);
  klass->propose_allocation = GST_DEBUG_FUNCPTR (propose_allocation);
  klass->decide_allocation = GST_DEBUG_FUNCPTR (decide_allocation);
  klass->prepare_output_buffer = GST_DEBUG_FUNCPTR (prepare_output_buffer);
  klass->transform_ip = GST_DEBUG_FUNCPTR (transform_ip);
}
