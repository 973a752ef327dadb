/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The element's class and properties.
 */
/**
 * SECTION:element-glipdetect
 * @title: glipdetect
 * @short_description: finds in video whatever a sentence names
 *
 * Finds the objects that #GstGlipDetect:prompt names and attaches them to the buffers;
 * the pictures are not changed.  Words, thresholds and #GstGlipDetect:active may be
 * changed while the pipeline plays and hold from the next frame on; every such change
 * raises #GstGlipDetect:prompt-serial, which each detection carries.
 *
 * A frame that was analysed has a `GstVideoRegionOfInterestMeta` per object, with the
 * parameters `detection` (confidence, label_id, x_min, x_max, y_min, y_max) and `glip`
 * (phrase, phrase-index, span-start, span-end, prompt-serial, age); object detections
 * of GStreamer's analytics where it has them (1.24); and one `GstCustomMeta` named
 * `GlipDetections` that holds everything, also as JSON, and is there when nothing was
 * found, too.  Boxes are in pixels of the picture that the caps describe: with a
 * `GstVideoCropMeta`, of its rectangle.
 *
 * Without #GstGlipDetect:model and without `$GLIP_MODEL` the small model that comes
 * with the plugin is used.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 filesrc location=demo.webm ! decodebin ! glipdetect prompt="cat . clock"
 *     threshold=0.35 ! glipoverlay ! videoconvert ! autovideosink
 * ]|
 *
 * Since: 0.1
 */
#include "gstglipdetect.h"
#include "gstglipregistry.h"

#include <stdlib.h>
#include <string.h>

GST_DEBUG_CATEGORY (gst_glip_detect_debug);
#define GST_CAT_DEFAULT gst_glip_detect_debug

enum {
  DEFAULT_MAX_DETECTIONS = 100,
  MAX_DETECTIONS = 300,
  MAX_INPUT_SIZE = 1600,
  INPUT_SIZE_STEP = 32,
};

#define DEFAULT_THRESHOLD 0.5f
#define DEFAULT_META (GST_GLIP_META_ROI | GST_GLIP_META_ANALYTICS | GST_GLIP_META_CUSTOM)

#define RAW_FIELDS                                                                         \
  "format = (string) " GST_GLIP_FORMATS ", width = [ 16, 16384 ], height = [ 16, 16384 ], "        \
  "framerate = " GST_VIDEO_FPS_RANGE
#define CAPS                                                                               \
  "video/x-raw, " RAW_FIELDS "; "                                                          \
  "video/x-raw(memory:SystemMemory, meta:GstVideoOverlayComposition), " RAW_FIELDS

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE (
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (CAPS));

enum {
  PROP_0,
  PROP_MODEL,
  PROP_DEVICE,
  PROP_PRECISION,
  PROP_WARM_UP,
  PROP_PROMPT,
  PROP_PROMPT_SERIAL,
  PROP_THRESHOLD,
  PROP_PHRASE_THRESHOLDS,
  PROP_NMS_IOU_THRESHOLD,
  PROP_MAX_DETECTIONS,
  PROP_INFERENCE_INTERVAL,
  PROP_INPUT_SIZE,
  PROP_ACTIVE,
  PROP_CACHE_DIR,
  PROP_META,
  PROP_STATS,
};

G_DEFINE_TYPE_WITH_CODE (GstGlipDetect, gst_glip_detect, GST_TYPE_BASE_TRANSFORM,
    GST_DEBUG_CATEGORY_INIT (gst_glip_detect_debug, "glipdetect", 0, "glipdetect element");
    GST_DEBUG_CATEGORY_INIT (gst_glip_engine_debug, "glipengine", 0, "the library glip"))
GST_ELEMENT_REGISTER_DEFINE (
    glipdetect, "glipdetect", GST_RANK_NONE, GST_TYPE_GLIP_DETECT)

static const GEnumValue precisions[] = {
  { GLIP_PRECISION_AUTO, "16 bit on GPUs that have it, else 32 bit", "auto" },
  { GLIP_PRECISION_FP32, "32-bit floating point", "fp32" },
  { GLIP_PRECISION_FP16, "Weights and operands of 16 bit, sums of 32 bit", "fp16" },
  { 0, NULL, NULL },
};

#define GST_TYPE_GLIP_PRECISION (gst_glip_precision_get_type ())
static GType
gst_glip_precision_get_type (void)
{
  static gsize type;
  if (g_once_init_enter (&type)) {
    GType made = g_enum_register_static ("GstGlipPrecision", precisions);
    gst_type_mark_as_plugin_api (made, 0);
    g_once_init_leave (&type, made);
  }
  return type;
}

/* ------------------------------------------------------------------ settings */

void
gst_glip_live_clear (GstGlipLive *live)
{
  g_free (live->prompt);
  gst_glip_thresholds_unref (live->phrase_thresholds);
  *live = (GstGlipLive) { 0 };
}

void
gst_glip_live_copy (GstGlipLive *to, const GstGlipLive *from)
{
  gst_glip_live_clear (to);
  *to = *from;
  to->prompt = g_strdup (from->prompt);
  to->phrase_thresholds = gst_glip_thresholds_ref (from->phrase_thresholds);
}

void
gst_glip_loading_clear (GstGlipLoading *loading)
{
  g_free (loading->model);
  g_free (loading->device);
  g_free (loading->cache_dir);
  *loading = (GstGlipLoading) { 0 };
}

void
gst_glip_loading_copy (GstGlipLoading *to, const GstGlipLoading *from)
{
  gst_glip_loading_clear (to);
  *to = *from;
  to->model = g_strdup (from->model);
  to->device = g_strdup (from->device);
  to->cache_dir = g_strdup (from->cache_dir);
}

static void
set_string (char **field, const GValue *value)
{
  g_free (*field);
  *field = g_value_dup_string (value);
}

/* The engine pads the network's input to this step: sizes in between gain nothing. */
static guint
round_input_size (guint size)
{
  return (size + INPUT_SIZE_STEP - 1) / INPUT_SIZE_STEP * INPUT_SIZE_STEP;
}

/* Called without the object lock: a warning on the bus needs it. */
static void
set_phrase_thresholds (GstGlipDetect *self, const char *text)
{
  g_autofree char *message = NULL;
  GstGlipThresholds *thresholds = gst_glip_thresholds_parse (text, &message);
  if (!thresholds) {
    GST_ELEMENT_WARNING (self, LIBRARY, SETTINGS,
        ("phrase-thresholds=\"%s\" is not used: %s; the one before stays (property "
         "'phrase-thresholds')", text, message), (NULL));
    return;
  }
  GST_OBJECT_LOCK (self);
  gst_glip_thresholds_unref (self->live.phrase_thresholds);
  self->live.phrase_thresholds = thresholds;
  GST_OBJECT_UNLOCK (self);
}

/* A property that is one field; the object is locked. */
static gboolean
set_field (GstGlipDetect *self, guint id, const GValue *value)
{
  GstGlipLive *live = &self->live;
  GstGlipLoading *loading = &self->loading;
  switch (id) {
    case PROP_MODEL:
      set_string (&loading->model, value);
      return TRUE;
    case PROP_DEVICE:
      set_string (&loading->device, value);
      return TRUE;
    case PROP_CACHE_DIR:
      set_string (&loading->cache_dir, value);
      return TRUE;
    case PROP_PRECISION:
      loading->precision = (GlipPrecision) g_value_get_enum (value);
      return TRUE;
    case PROP_WARM_UP:
      loading->warm_up = g_value_get_boolean (value);
      return TRUE;
    case PROP_INPUT_SIZE:
      loading->input_size = round_input_size (g_value_get_uint (value));
      return TRUE;
    case PROP_PROMPT:
      set_string (&live->prompt, value);
      self->prompt_set = TRUE;
      return TRUE;
    case PROP_THRESHOLD:
      live->threshold = g_value_get_float (value);
      return TRUE;
    case PROP_NMS_IOU_THRESHOLD:
      live->nms_threshold = g_value_get_float (value);
      return TRUE;
    case PROP_MAX_DETECTIONS:
      live->max_detections = g_value_get_uint (value);
      return TRUE;
    case PROP_INFERENCE_INTERVAL:
      live->interval = g_value_get_uint (value);
      return TRUE;
    case PROP_ACTIVE:
      live->active = g_value_get_boolean (value);
      return TRUE;
    case PROP_META:
      live->meta = g_value_get_flags (value);
      return TRUE;
    default:
      return FALSE;
  }
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  GstGlipDetect *self = GST_GLIP_DETECT (object);
  if (id == PROP_PHRASE_THRESHOLDS) {
    set_phrase_thresholds (self, g_value_get_string (value));
    return;
  }
  GST_OBJECT_LOCK (self);
  gboolean known = set_field (self, id, value);
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

const char *
gst_glip_precision_nick (GlipPrecision precision)
{
  return precisions[precision].value_nick;
}

/* --------------------------------------------------------------------- stats */

static int
compare_times (const void *a, const void *b)
{
  GstClockTime x = *(const GstClockTime *) a, y = *(const GstClockTime *) b;
  return x < y ? -1 : x > y;
}

/* Of the newest; 0 when there is none. */
static GstClockTime
percentile_95 (const GstGlipStats *stats)
{
  GstClockTime sorted[GST_GLIP_LATENCIES];
  guint n = (guint) MIN (stats->inferred, (guint64) GST_GLIP_LATENCIES);
  if (n == 0)
    return 0;
  memcpy (sorted, stats->latencies, n * sizeof *sorted);
  qsort (sorted, n, sizeof *sorted, compare_times);
  return sorted[(n * 95 + 99) / 100 - 1];
}

static GstStructure *
make_stats (GstGlipDetect *self)
{
  GST_OBJECT_LOCK (self);
  GstGlipStats stats = self->stats;
  g_autofree char *device = g_strdup (self->stats.device);
  const char *precision = gst_glip_precision_nick (stats.engine
      ? glip_engine_get_precision (stats.engine) : self->loading.precision);
  GST_OBJECT_UNLOCK (self);
  GstClockTime last =
      stats.inferred ? stats.latencies[(stats.inferred - 1) % GST_GLIP_LATENCIES] : 0;
  return gst_structure_new ("application/x-glip-stats",
      "frames", G_TYPE_UINT64, stats.frames,
      "inferred", G_TYPE_UINT64, stats.inferred,
      "skipped", G_TYPE_UINT64, stats.skipped,
      "errors", G_TYPE_UINT64, stats.errors,
      "last-latency", G_TYPE_UINT64, last,
      "avg-latency", G_TYPE_UINT64, stats.inferred ? stats.sum / stats.inferred : 0,
      "max-latency", G_TYPE_UINT64, stats.max,
      "p95-latency", G_TYPE_UINT64, percentile_95 (&stats),
      "prompt-encode", G_TYPE_UINT64, stats.prompt_encode,
      "device", G_TYPE_STRING, device,
      "precision", G_TYPE_STRING, precision,
      "instance-users", G_TYPE_UINT,
      stats.engine ? gst_glip_registry_get_users (stats.engine) : 0, NULL);
}

/* A property that is one field; the object is locked. */
static gboolean
get_field (GstGlipDetect *self, guint id, GValue *value)
{
  const GstGlipLive *live = &self->live;
  const GstGlipLoading *loading = &self->loading;
  switch (id) {
    case PROP_MODEL:
      g_value_set_string (value, loading->model);
      return TRUE;
    case PROP_DEVICE:
      g_value_set_string (value, loading->device);
      return TRUE;
    case PROP_CACHE_DIR:
      g_value_set_string (value, loading->cache_dir);
      return TRUE;
    case PROP_PRECISION:
      g_value_set_enum (value, (int) loading->precision);
      return TRUE;
    case PROP_WARM_UP:
      g_value_set_boolean (value, loading->warm_up);
      return TRUE;
    case PROP_INPUT_SIZE:
      g_value_set_uint (value, loading->input_size);
      return TRUE;
    case PROP_PROMPT:
      g_value_set_string (value, live->prompt);
      return TRUE;
    case PROP_PROMPT_SERIAL:
      g_value_set_uint (value, self->serial);
      return TRUE;
    case PROP_THRESHOLD:
      g_value_set_float (value, live->threshold);
      return TRUE;
    case PROP_PHRASE_THRESHOLDS:
      g_value_set_string (value, gst_glip_thresholds_get_text (live->phrase_thresholds));
      return TRUE;
    case PROP_NMS_IOU_THRESHOLD:
      g_value_set_float (value, live->nms_threshold);
      return TRUE;
    case PROP_MAX_DETECTIONS:
      g_value_set_uint (value, live->max_detections);
      return TRUE;
    case PROP_INFERENCE_INTERVAL:
      g_value_set_uint (value, live->interval);
      return TRUE;
    case PROP_ACTIVE:
      g_value_set_boolean (value, live->active);
      return TRUE;
    case PROP_META:
      g_value_set_flags (value, live->meta);
      return TRUE;
    default:
      return FALSE;
  }
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  GstGlipDetect *self = GST_GLIP_DETECT (object);
  if (id == PROP_STATS) {
    g_value_take_boxed (value, make_stats (self));
    return;
  }
  GST_OBJECT_LOCK (self);
  gboolean known = get_field (self, id, value);
  GST_OBJECT_UNLOCK (self);
  if (!known)
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

/* --------------------------------------------------------------------- class */

static void
finalize (GObject *object)
{
  GstGlipDetect *self = GST_GLIP_DETECT (object);
  gst_glip_live_clear (&self->live);
  gst_glip_loading_clear (&self->loading);
  G_OBJECT_CLASS (gst_glip_detect_parent_class)->finalize (object);
}

#define READY (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define PLAYING (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)
#define CONTROL (PLAYING | GST_PARAM_CONTROLLABLE)
#define READ_ONLY (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

/* What is read when the element leaves READY. */
static void
install_loading (GObjectClass *klass)
{
  /**
   * GstGlipDetect:model:
   *
   * The model file ("glip convert" makes one).  NULL: `$GLIP_MODEL`, and without that
   * the bundled model.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_MODEL,
      g_param_spec_string ("model", "Model",
          "Model file; NULL: $GLIP_MODEL, then the bundled model", NULL, READY));
  /**
   * GstGlipDetect:device:
   *
   * "auto", an index of `glip devices`, "vendor:device" in hexadecimal, the beginning
   * of a UUID, or a part of the device's name.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_DEVICE,
      g_param_spec_string ("device", "Device",
          "\"auto\", index, \"vendor:device\", beginning of the UUID or part of the name",
          "auto", READY));
  /**
   * GstGlipDetect:precision:
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_PRECISION,
      g_param_spec_enum ("precision", "Precision", "Arithmetic of the network",
          GST_TYPE_GLIP_PRECISION, GLIP_PRECISION_AUTO, READY));
  /**
   * GstGlipDetect:warm-up:
   *
   * Have the driver compile everything while the model loads rather than when the first
   * frame comes.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_WARM_UP,
      g_param_spec_boolean ("warm-up", "Warm up", "Run the network once while loading", TRUE,
          READY));
  /**
   * GstGlipDetect:input-size:
   *
   * Short side of what the network sees, rounded up to a multiple of 32: the knob for
   * speed.  0: the size the model was trained for.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_INPUT_SIZE,
      g_param_spec_uint ("input-size", "Input size",
          "Short side of what the network sees, in steps of 32; 0: the model's own", 0,
          MAX_INPUT_SIZE, 0, READY));
  /**
   * GstGlipDetect:cache-dir:
   *
   * Where compiled pipelines are kept for the next start.  NULL: the folder "glip" in
   * the user's cache folder; "": nowhere.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_CACHE_DIR,
      g_param_spec_string ("cache-dir", "Cache folder",
          "Folder for compiled pipelines; NULL: $XDG_CACHE_HOME/glip, \"\": none", NULL,
          READY));
}

/* What holds from the next frame on. */
static void
install_live (GObjectClass *klass)
{
  /**
   * GstGlipDetect:prompt:
   *
   * What to find: "person . red car", every name a label; or a caption in which
   * [square brackets] mark the phrases.  NULL or "": frames pass untouched.  A prompt
   * that cannot be used gives a warning on the bus, and the one before stays.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_PROMPT,
      g_param_spec_string ("prompt", "Prompt",
          "What to find: \"person . red car\", or a caption with [phrases]; NULL or \"\": "
          "nothing", NULL, PLAYING));
  /**
   * GstGlipDetect:threshold:
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_THRESHOLD,
      g_param_spec_float ("threshold", "Threshold", "Report objects with a score above this",
          0, 1, DEFAULT_THRESHOLD, CONTROL));
  /**
   * GstGlipDetect:phrase-thresholds:
   *
   * Thresholds of single phrases: "red car=0.35, person=0.6".
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_PHRASE_THRESHOLDS,
      g_param_spec_string ("phrase-thresholds", "Phrase thresholds",
          "Thresholds of single phrases: \"red car=0.35, person=0.6\"", NULL, PLAYING));
  /**
   * GstGlipDetect:nms-iou-threshold:
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_NMS_IOU_THRESHOLD,
      g_param_spec_float ("nms-iou-threshold", "NMS overlap threshold",
          "Boxes of one phrase that overlap more are one object; 0: the model's own", 0, 1, 0,
          CONTROL));
  /**
   * GstGlipDetect:max-detections:
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_MAX_DETECTIONS,
      g_param_spec_uint ("max-detections", "Most detections",
          "Report at most this many objects of a frame, the best ones", 1, MAX_DETECTIONS,
          DEFAULT_MAX_DETECTIONS, PLAYING));
  /**
   * GstGlipDetect:inference-interval:
   *
   * Analyse every Nth frame; the others pass untouched.  The first frame after a
   * change of the prompt, a seek or new caps is always analysed.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_INFERENCE_INTERVAL,
      g_param_spec_uint ("inference-interval", "Inference interval", "Analyse every Nth frame",
          1, G_MAXUINT, 1, CONTROL));
  /**
   * GstGlipDetect:active:
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_ACTIVE,
      g_param_spec_boolean ("active", "Active", "FALSE: frames pass untouched", TRUE, CONTROL));
  /**
   * GstGlipDetect:meta:
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_META,
      g_param_spec_flags ("meta", "Metadata", "What to attach to the buffers",
          GST_TYPE_GLIP_META_FLAGS, DEFAULT_META, PLAYING));
}

static void
install_results (GObjectClass *klass)
{
  /**
   * GstGlipDetect:prompt-serial:
   *
   * Goes up with every change of prompt, thresholds or active, on the frame where it
   * takes effect.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_PROMPT_SERIAL,
      g_param_spec_uint ("prompt-serial", "Prompt serial",
          "Goes up when a new prompt, threshold or active takes effect", 0, G_MAXUINT, 0,
          READ_ONLY));
  /**
   * GstGlipDetect:stats:
   *
   * `application/x-glip-stats`: frames, inferred, skipped, errors; last-latency,
   * avg-latency, max-latency, p95-latency (of the newest 128) and prompt-encode in
   * nanoseconds; device, precision, instance-users.
   *
   * Since: 0.1
   */
  g_object_class_install_property (klass, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics", "Counters and times since READY",
          GST_TYPE_STRUCTURE, READ_ONLY));
}

static void
gst_glip_detect_class_init (GstGlipDetectClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  install_loading (object_class);
  install_live (object_class);
  install_results (object_class);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "GLIP detector",
      "Filter/Analyzer/Video", "Finds in video whatever a sentence names",
      "the glip authors");
  gst_glip_detect_stream_class_init (GST_BASE_TRANSFORM_CLASS (klass));
}

static void
gst_glip_detect_init (GstGlipDetect *self)
{
  self->live = (GstGlipLive) {
    .threshold = DEFAULT_THRESHOLD,
    .phrase_thresholds = gst_glip_thresholds_parse (NULL, NULL),
    .max_detections = DEFAULT_MAX_DETECTIONS,
    .interval = 1,
    .active = TRUE,
    .meta = DEFAULT_META,
  };
  self->loading = (GstGlipLoading) { .device = g_strdup ("auto"), .warm_up = TRUE };
  gst_base_transform_set_in_place (GST_BASE_TRANSFORM (self), TRUE);
  gst_base_transform_set_gap_aware (GST_BASE_TRANSFORM (self), TRUE);
}
