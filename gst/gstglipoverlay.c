/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Whether a frame is touched at all is decided in prepare_output_buffer (), before the
 * base class would make it writable: a frame without detections goes on as it came.
 * The caps feature for overlays may be negotiated although nobody downstream draws
 * them (a converter in between passes any feature on); then the frames are drawn
 * into after all, which the feature allows.
 */

/**
 * SECTION:element-glipoverlay
 * @title: glipoverlay
 * @short_description: draws detections
 *
 * Draws what metadata says about a frame: a box for every object, and a label with
 * its phrase and confidence.  Object detections of GstAnalytics (GStreamer 1.24 and
 * later), regions of interest, and the custom meta "GlipDetections" are understood,
 * from whatever element they come.  Any raw video format is drawn into without
 * conversion; only the pixels of lines and labels change.  Where downstream draws
 * overlays itself, they are attached as GstVideoOverlayComposition instead.
 *
 * Frames that nobody analysed show the last detections again, for as long as
 * #GstGlipOverlay:expire-overlay says.  A "GlipDetections" meta without objects means
 * that a frame was analysed and nothing was found: nothing is drawn then.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 v4l2src ! videoconvert ! glipdetect prompt="person . coffee cup" ! glipoverlay ! videoconvert ! autovideosink
 * ]| Boxes around people and cups in the picture of a camera.
 *
 * Since: 0.1
 */
#include "gstglipoverlay.h"

#include "gstglipdraw.h"
#include "gstglipread.h"
#include "gstglipsprite.h"
#include "gstglipstyle.h"

#include <gst/video/video.h>

GST_DEBUG_CATEGORY_STATIC (gst_glip_overlay_debug);
#define GST_CAT_DEFAULT gst_glip_overlay_debug

#define COMPOSITION GST_CAPS_FEATURE_META_GST_VIDEO_OVERLAY_COMPOSITION
#define DEFAULT_EXPIRE GST_SECOND

/**
 * GstGlipOverlayRender:
 * @GST_GLIP_OVERLAY_RENDER_AUTO: attach where downstream says that it draws overlays
 * @GST_GLIP_OVERLAY_RENDER_ATTACH: always attach
 * @GST_GLIP_OVERLAY_RENDER_BLEND: always draw into the frames
 *
 * Since: 0.1
 */
typedef enum {
  GST_GLIP_OVERLAY_RENDER_AUTO,
  GST_GLIP_OVERLAY_RENDER_ATTACH,
  GST_GLIP_OVERLAY_RENDER_BLEND,
} GstGlipOverlayRender;

struct _GstGlipOverlay {
  GstBaseTransform parent;

  /* Guarded by the object lock. */
  GstGlipOverlaySource source;
  GstGlipOverlayRender render;
  guint64 expire;
  GstGlipStyle style;
  gboolean style_changed;

  /* Streaming thread. */
  GstVideoInfo info;
  gboolean system_memory; /* the pixels can be mapped */
  gboolean composition;   /* the output has the caps feature */
  gboolean decided;       /* `attach` is up to date; set FALSE from any thread, atomic */
  gboolean attach;
  gboolean warned;
  gboolean draw;          /* into the frame at hand */
  GstGlipDrawing *drawing;
  GstGlipReading reading, last;
  GstClockTime last_pts;  /* of the frame that `last` was read from */
};

enum {
  PROP_0,
  PROP_SOURCE,
  PROP_RENDER,
  PROP_EXPIRE_OVERLAY,
  PROP_STYLE, /* and those that follow */
};

static guint n_styles;

#define CAPS GST_VIDEO_CAPS_MAKE (GST_VIDEO_OVERLAY_COMPOSITION_BLEND_FORMATS) ";" \
    GST_VIDEO_CAPS_MAKE_WITH_FEATURES ("ANY", GST_VIDEO_FORMATS_ALL)

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (CAPS));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (CAPS));

#define gst_glip_overlay_parent_class parent_class
G_DEFINE_TYPE (GstGlipOverlay, gst_glip_overlay, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE (glipoverlay, "glipoverlay", GST_RANK_NONE, GST_TYPE_GLIP_OVERLAY)

static GType
get_source_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    { GST_GLIP_OVERLAY_SOURCE_AUTO, "Analytics, else regions, else custom", "auto" },
    { GST_GLIP_OVERLAY_SOURCE_ANALYTICS, "GstAnalyticsRelationMeta", "analytics" },
    { GST_GLIP_OVERLAY_SOURCE_ROI, "GstVideoRegionOfInterestMeta", "roi" },
    { GST_GLIP_OVERLAY_SOURCE_CUSTOM, "Custom meta GlipDetections", "custom" },
    { 0, NULL, NULL },
  };
  if (g_once_init_enter (&type)) {
    GType new_type = g_enum_register_static ("GstGlipOverlaySource", values);
    gst_type_mark_as_plugin_api (new_type, 0);
    g_once_init_leave (&type, new_type);
  }
  return type;
}

static GType
get_render_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    { GST_GLIP_OVERLAY_RENDER_AUTO, "Attach where downstream draws overlays", "auto" },
    { GST_GLIP_OVERLAY_RENDER_ATTACH, "Attach GstVideoOverlayComposition", "attach" },
    { GST_GLIP_OVERLAY_RENDER_BLEND, "Draw into the frames", "blend" },
    { 0, NULL, NULL },
  };
  if (g_once_init_enter (&type)) {
    GType new_type = g_enum_register_static ("GstGlipOverlayRender", values);
    gst_type_mark_as_plugin_api (new_type, 0);
    g_once_init_leave (&type, new_type);
  }
  return type;
}

/* Caps */

static gboolean
has_composition (const GstCapsFeatures *features)
{
  return features && !gst_caps_features_is_any (features)
      && gst_caps_features_contains (features, COMPOSITION);
}

/* No feature, or none that tells where the pixels are. */
static gboolean
is_system_memory (const GstCapsFeatures *features)
{
  if (!features)
    return TRUE;
  for (guint i = 0; i < gst_caps_features_get_size (features); i++) {
    const char *name = gst_caps_features_get_nth (features, i);
    if (g_str_has_prefix (name, "memory:")
        && !g_str_equal (name, GST_CAPS_FEATURE_MEMORY_SYSTEM_MEMORY))
      return FALSE;
  }
  return TRUE;
}

static void
append (GstCaps *caps, const GstStructure *structure, const GstCapsFeatures *features)
{
  gst_caps_append_structure_full (caps, gst_structure_copy (structure),
      gst_caps_features_copy (features));
}

/* What comes in may go out with the overlay's feature, first choice where it is both;
 * without it only if the pixels can be drawn into. */
static void
append_output (GstCaps *caps, const GstStructure *structure, const GstCapsFeatures *features,
    GstGlipOverlayRender render)
{
  if (has_composition (features)) {
    append (caps, structure, features);
    return;
  }
  if (render != GST_GLIP_OVERLAY_RENDER_BLEND) {
    GstCapsFeatures *more = gst_caps_features_copy (features);
    gst_caps_features_add (more, COMPOSITION);
    gst_caps_append_structure_full (caps, gst_structure_copy (structure), more);
    /* Some name only the overlay, which GStreamer holds for something else. */
    if (gst_caps_features_is_equal (features, GST_CAPS_FEATURES_MEMORY_SYSTEM_MEMORY))
      gst_caps_append_structure_full (caps, gst_structure_copy (structure),
          gst_caps_features_new (COMPOSITION, NULL));
  }
  if (render != GST_GLIP_OVERLAY_RENDER_ATTACH && is_system_memory (features))
    append (caps, structure, features);
}

static void
append_input (GstCaps *caps, const GstStructure *structure, const GstCapsFeatures *features,
    GstGlipOverlayRender render)
{
  if (has_composition (features)) {
    append (caps, structure, features);
    if (render != GST_GLIP_OVERLAY_RENDER_BLEND) {
      GstCapsFeatures *fewer = gst_caps_features_copy (features);
      gst_caps_features_remove (fewer, COMPOSITION);
      gst_caps_append_structure_full (caps, gst_structure_copy (structure), fewer);
    }
  } else if (render != GST_GLIP_OVERLAY_RENDER_ATTACH && is_system_memory (features))
    append (caps, structure, features);
}

static GstGlipOverlayRender
get_render (GstGlipOverlay *self)
{
  GST_OBJECT_LOCK (self);
  GstGlipOverlayRender render = self->render;
  GST_OBJECT_UNLOCK (self);
  return render;
}

static GstCaps *
gst_glip_overlay_transform_caps (GstBaseTransform *transform, GstPadDirection direction,
    GstCaps *caps, GstCaps *filter)
{
  GstGlipOverlayRender render = get_render (GST_GLIP_OVERLAY (transform));
  GstCaps *result = gst_caps_new_empty ();

  for (guint i = 0; i < gst_caps_get_size (caps); i++) {
    const GstStructure *structure = gst_caps_get_structure (caps, i);
    const GstCapsFeatures *features = gst_caps_get_features (caps, i);
    if (gst_caps_features_is_any (features))
      append (result, structure, features);
    else if (direction == GST_PAD_SINK)
      append_output (result, structure, features, render);
    else
      append_input (result, structure, features, render);
  }
  if (filter) {
    GstCaps *all = result;
    result = gst_caps_intersect_full (filter, all, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref (all);
  }
  return gst_caps_simplify (result);
}

/* Whether downstream names the feature, and not just takes anything. */
static gboolean
wants_composition (GstGlipOverlay *self)
{
  g_autoptr (GstCaps) caps =
      gst_pad_peer_query_caps (GST_BASE_TRANSFORM_SRC_PAD (self), NULL);

  for (guint i = 0; !gst_caps_is_any (caps) && i < gst_caps_get_size (caps); i++)
    if (has_composition (gst_caps_get_features (caps, i)))
      return TRUE;
  return FALSE;
}

static GstCaps *
gst_glip_overlay_fixate_caps (GstBaseTransform *transform, GstPadDirection direction,
    GstCaps *caps, GstCaps *othercaps)
{
  GstGlipOverlay *self = GST_GLIP_OVERLAY (transform);

  if (direction == GST_PAD_SINK) {
    gboolean composition = has_composition (gst_caps_get_features (caps, 0))
        || get_render (self) == GST_GLIP_OVERLAY_RENDER_ATTACH || wants_composition (self);
    for (guint i = 0; i < gst_caps_get_size (othercaps); i++)
      if (has_composition (gst_caps_get_features (othercaps, i)) == composition) {
        GstCaps *chosen = gst_caps_copy_nth (othercaps, i);
        gst_caps_unref (othercaps);
        othercaps = chosen;
        break;
      }
  }
  GST_DEBUG_OBJECT (self, "fixating %" GST_PTR_FORMAT, (gpointer) othercaps);
  return GST_BASE_TRANSFORM_CLASS (parent_class)->fixate_caps (transform, direction, caps,
      othercaps);
}

static void
forget (GstGlipOverlay *self)
{
  self->last.analysed = FALSE;
  self->last_pts = GST_CLOCK_TIME_NONE;
}

static gboolean
gst_glip_overlay_set_caps (GstBaseTransform *transform, GstCaps *in, GstCaps *out)
{
  GstGlipOverlay *self = GST_GLIP_OVERLAY (transform);
  const GstCapsFeatures *features = gst_caps_get_features (out, 0);

  if (!gst_video_info_from_caps (&self->info, in)) {
    GST_ERROR_OBJECT (self, "cannot use caps %" GST_PTR_FORMAT, (gpointer) in);
    return FALSE;
  }
  self->composition = has_composition (features);
  self->system_memory = is_system_memory (features);
  self->warned = FALSE;
  g_atomic_int_set (&self->decided, FALSE);
  forget (self);
  return TRUE;
}

/* Only now that downstream knows the caps does it answer for sure. */
static void
decide (GstGlipOverlay *self)
{
  if (g_atomic_int_get (&self->decided))
    return;
  g_atomic_int_set (&self->decided, TRUE);

  GstGlipOverlayRender render = get_render (self);
  self->attach = self->composition
      && (render == GST_GLIP_OVERLAY_RENDER_ATTACH || !self->system_memory);
  if (self->composition && !self->attach && render == GST_GLIP_OVERLAY_RENDER_AUTO) {
    GstPad *pad = GST_BASE_TRANSFORM_SRC_PAD (self);
    g_autoptr (GstCaps) caps = gst_pad_get_current_caps (pad);
    GstQuery *query = gst_query_new_allocation (caps, FALSE);
    self->attach = gst_pad_peer_query (pad, query)
        && gst_query_find_allocation_meta (query, GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE,
            NULL);
    gst_query_unref (query);
  }
  GST_INFO_OBJECT (self, "%s", self->attach ? "attaching overlays" : "drawing into frames");
  gst_glip_drawing_set_frame (self->drawing, &self->info, !self->attach);
}

/* Frames */

static void
swap_readings (GstGlipOverlay *self)
{
  GstGlipReading reading = self->reading;
  self->reading = self->last;
  self->last = reading;
}

/* Which detections to draw: those of the frame, else the last ones while they are
 * young enough.  NULL: none. */
static const GstGlipReading *
choose_reading (GstGlipOverlay *self, GstBuffer *buffer, guint64 *more_age)
{
  GstClockTime pts = GST_BUFFER_PTS (buffer);

  GST_OBJECT_LOCK (self);
  GstGlipOverlaySource source = self->source;
  guint64 expire = self->expire;
  GST_OBJECT_UNLOCK (self);

  *more_age = 0;
  gst_glip_reading_read (&self->reading, buffer, source, GST_VIDEO_INFO_WIDTH (&self->info),
      GST_VIDEO_INFO_HEIGHT (&self->info));
  if (self->reading.analysed) {
    swap_readings (self);
    self->last_pts = pts;
    return &self->last;
  }
  if (!self->last.analysed || !GST_CLOCK_TIME_IS_VALID (pts)
      || !GST_CLOCK_TIME_IS_VALID (self->last_pts))
    return NULL;
  /* Streams may run backwards. */
  *more_age = pts > self->last_pts ? pts - self->last_pts : self->last_pts - pts;
  if (*more_age <= expire && expire > 0)
    return &self->last;
  forget (self);
  return NULL;
}

static void
synchronise (GstGlipOverlay *self, GstBuffer *buffer)
{
  GstClockTime time = gst_segment_to_stream_time (&GST_BASE_TRANSFORM (self)->segment,
      GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  if (GST_CLOCK_TIME_IS_VALID (time))
    gst_object_sync_values (GST_OBJECT (self), time);

  GST_OBJECT_LOCK (self);
  if (self->style_changed) {
    gst_glip_drawing_set_style (self->drawing, &self->style);
    self->style_changed = FALSE;
  }
  GST_OBJECT_UNLOCK (self);
}

static gboolean
can_draw (GstGlipOverlay *self)
{
  if (self->attach || (self->system_memory && gst_glip_sprite_can_blend (self->info.finfo)))
    return TRUE;
  if (!self->warned)
    GST_ELEMENT_WARNING (self, STREAM, FORMAT,
        ("Cannot draw into video of format %s.", self->info.finfo->name),
        ("Convert it, for example with videoconvert, before glipoverlay."));
  self->warned = TRUE;
  return FALSE;
}

static GstFlowReturn
gst_glip_overlay_prepare_output_buffer (GstBaseTransform *transform, GstBuffer *input,
    GstBuffer **output)
{
  GstGlipOverlay *self = GST_GLIP_OVERLAY (transform);
  guint64 more_age;

  *output = input;
  self->draw = FALSE;
  synchronise (self, input);
  const GstGlipReading *reading = choose_reading (self, input, &more_age);
  if (!reading)
    return GST_FLOW_OK;
  decide (self);
  if (!can_draw (self) || !gst_glip_drawing_update (self->drawing, reading, more_age))
    return GST_FLOW_OK;

  /* The base class keeps its reference to the input when the output is another. */
  if (!gst_buffer_is_writable (input))
    *output = gst_buffer_copy (input);
  if (!*output)
    return GST_FLOW_ERROR;
  self->draw = TRUE;
  return GST_FLOW_OK;
}

static void
attach (GstGlipOverlay *self, GstBuffer *buffer)
{
  GstVideoOverlayComposition *ours = gst_glip_drawing_get_composition (self->drawing);
  GstVideoOverlayCompositionMeta *meta = gst_buffer_get_video_overlay_composition_meta (buffer);

  if (!meta || !meta->overlay) {
    gst_buffer_add_video_overlay_composition_meta (buffer, ours);
    return;
  }
  /* Something was attached upstream: ours comes on top of it. */
  g_autoptr (GstVideoOverlayComposition) both = gst_video_overlay_composition_copy (meta->overlay);
  for (guint i = 0; i < gst_video_overlay_composition_n_rectangles (ours); i++)
    gst_video_overlay_composition_add_rectangle (both,
        gst_video_overlay_composition_get_rectangle (ours, i));
  gst_buffer_remove_video_overlay_composition_meta (buffer, meta);
  gst_buffer_add_video_overlay_composition_meta (buffer, both);
}

static GstFlowReturn
gst_glip_overlay_transform_ip (GstBaseTransform *transform, GstBuffer *buffer)
{
  GstGlipOverlay *self = GST_GLIP_OVERLAY (transform);
  GstVideoFrame frame;

  if (!self->draw)
    return GST_FLOW_OK;
  if (self->attach) {
    attach (self, buffer);
    return GST_FLOW_OK;
  }
  /* Memory that others see, too, is copied by this. */
  if (!gst_video_frame_map (&frame, &self->info, buffer, GST_MAP_READWRITE)) {
    GST_ELEMENT_WARNING (self, RESOURCE, WRITE, ("Cannot draw into a frame."),
        ("A buffer of %" G_GSIZE_FORMAT " bytes cannot be mapped as %s, %dx%d pixels.",
            gst_buffer_get_size (buffer), self->info.finfo->name,
            GST_VIDEO_INFO_WIDTH (&self->info), GST_VIDEO_INFO_HEIGHT (&self->info)));
    return GST_FLOW_OK;
  }
  if (!gst_glip_drawing_blend (self->drawing, &frame))
    GST_WARNING_OBJECT (self, "cannot blend into a frame of format %s", self->info.finfo->name);
  gst_video_frame_unmap (&frame);
  return GST_FLOW_OK;
}

/* Events and states */

static gboolean
gst_glip_overlay_sink_event (GstBaseTransform *transform, GstEvent *event)
{
  GstEventType type = GST_EVENT_TYPE (event);
  if (type == GST_EVENT_FLUSH_STOP || type == GST_EVENT_STREAM_START
      || type == GST_EVENT_SEGMENT)
    forget (GST_GLIP_OVERLAY (transform));
  return GST_BASE_TRANSFORM_CLASS (parent_class)->sink_event (transform, event);
}

static gboolean
gst_glip_overlay_src_event (GstBaseTransform *transform, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_RECONFIGURE)
    g_atomic_int_set (&GST_GLIP_OVERLAY (transform)->decided, FALSE);
  return GST_BASE_TRANSFORM_CLASS (parent_class)->src_event (transform, event);
}

static gboolean
gst_glip_overlay_start (GstBaseTransform *transform)
{
  GstGlipOverlay *self = GST_GLIP_OVERLAY (transform);

  self->drawing = gst_glip_drawing_new ();
  gst_glip_reading_init (&self->reading);
  gst_glip_reading_init (&self->last);
  forget (self);
  GST_OBJECT_LOCK (self);
  self->style_changed = TRUE;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

static gboolean
gst_glip_overlay_stop (GstBaseTransform *transform)
{
  GstGlipOverlay *self = GST_GLIP_OVERLAY (transform);

  g_clear_pointer (&self->drawing, gst_glip_drawing_free);
  gst_glip_reading_clear (&self->reading);
  gst_glip_reading_clear (&self->last);
  return TRUE;
}

/* Properties */

static void
gst_glip_overlay_set_property (GObject *object, guint id, const GValue *value,
    GParamSpec *pspec)
{
  GstGlipOverlay *self = GST_GLIP_OVERLAY (object);
  g_autofree char *message = NULL;

  GST_OBJECT_LOCK (self);
  if (id == PROP_SOURCE)
    self->source = (GstGlipOverlaySource) g_value_get_enum (value);
  else if (id == PROP_RENDER)
    self->render = (GstGlipOverlayRender) g_value_get_enum (value);
  else if (id == PROP_EXPIRE_OVERLAY)
    self->expire = g_value_get_uint64 (value);
  else if (id >= PROP_STYLE && id < PROP_STYLE + n_styles)
    self->style_changed |= gst_glip_style_set (&self->style, id - PROP_STYLE, value, &message);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
  if (message)
    GST_ELEMENT_WARNING (self, LIBRARY, SETTINGS,
        ("Property \"%s\" keeps its value: %s.", pspec->name, message), (NULL));
}

static void
gst_glip_overlay_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstGlipOverlay *self = GST_GLIP_OVERLAY (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_SOURCE)
    g_value_set_enum (value, (int) self->source);
  else if (id == PROP_RENDER)
    g_value_set_enum (value, (int) self->render);
  else if (id == PROP_EXPIRE_OVERLAY)
    g_value_set_uint64 (value, self->expire);
  else if (id >= PROP_STYLE && id < PROP_STYLE + n_styles)
    gst_glip_style_get (&self->style, id - PROP_STYLE, value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_glip_overlay_finalize (GObject *object)
{
  gst_glip_style_clear (&GST_GLIP_OVERLAY (object)->style);
  G_OBJECT_CLASS (parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  /**
   * GstGlipOverlay:source:
   *
   * The metadata that is drawn.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_SOURCE,
      g_param_spec_enum ("source", "Source", "The metadata that is drawn", get_source_type (),
          GST_GLIP_OVERLAY_SOURCE_AUTO, flags | GST_PARAM_MUTABLE_PLAYING));
  /**
   * GstGlipOverlay:render:
   *
   * Who draws: this element, or one downstream.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_RENDER,
      g_param_spec_enum ("render", "Render", "Draw into frames, or attach overlays to them",
          get_render_type (), GST_GLIP_OVERLAY_RENDER_AUTO, flags | GST_PARAM_MUTABLE_READY));
  /**
   * GstGlipOverlay:expire-overlay:
   *
   * For how long the last detections are drawn again on frames that were not analysed.
   *
   * Since: 0.1
   */
  g_object_class_install_property (object_class, PROP_EXPIRE_OVERLAY,
      g_param_spec_uint64 ("expire-overlay", "Expire overlay",
          "Draw the last detections for this long on frames without any (in ns); 0 = never",
          0, G_MAXUINT64, DEFAULT_EXPIRE, flags | GST_PARAM_MUTABLE_PLAYING));
  n_styles = gst_glip_style_install (object_class, PROP_STYLE);
}

static void
gst_glip_overlay_class_init (GstGlipOverlayClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *transform_class = GST_BASE_TRANSFORM_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (gst_glip_overlay_debug, "glipoverlay", 0, "overlay of detections");
  object_class->set_property = gst_glip_overlay_set_property;
  object_class->get_property = gst_glip_overlay_get_property;
  object_class->finalize = gst_glip_overlay_finalize;
  install_properties (object_class);

  gst_element_class_set_static_metadata (element_class, "GLIP overlay",
      "Analyzer/Visualization/Video", "Draws boxes and labels of detected objects",
      "the glip authors");
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);

  transform_class->transform_caps = GST_DEBUG_FUNCPTR (gst_glip_overlay_transform_caps);
  transform_class->fixate_caps = GST_DEBUG_FUNCPTR (gst_glip_overlay_fixate_caps);
  transform_class->set_caps = GST_DEBUG_FUNCPTR (gst_glip_overlay_set_caps);
  transform_class->prepare_output_buffer =
      GST_DEBUG_FUNCPTR (gst_glip_overlay_prepare_output_buffer);
  transform_class->transform_ip = GST_DEBUG_FUNCPTR (gst_glip_overlay_transform_ip);
  transform_class->sink_event = GST_DEBUG_FUNCPTR (gst_glip_overlay_sink_event);
  transform_class->src_event = GST_DEBUG_FUNCPTR (gst_glip_overlay_src_event);
  transform_class->start = GST_DEBUG_FUNCPTR (gst_glip_overlay_start);
  transform_class->stop = GST_DEBUG_FUNCPTR (gst_glip_overlay_stop);
}

static void
gst_glip_overlay_init (GstGlipOverlay *self)
{
  self->expire = DEFAULT_EXPIRE;
  gst_glip_style_init (&self->style);
}
