/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The element glipdetect.  gstglipdetect.c is its class and properties,
 * gstglipdetect-stream.c what happens to buffers, gstglipdetect-load.c model, engine
 * and errors.
 */
#ifndef GST_GLIP_DETECT_H
#define GST_GLIP_DETECT_H

#include <glip.h>
#include <gst/base/gstbasetransform.h>

#include "gstglipframe.h"
#include "gstglipmeta.h"
#include "gstglipthresholds.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (gst_glip_detect_debug);

/* What may change while frames pass. */
typedef struct {
  char *prompt;
  float threshold, nms_threshold;
  GstGlipThresholds *phrase_thresholds;
  guint max_detections, interval;
  gboolean active;
  GstGlipMetaFlags meta;
} GstGlipLive;

/* What is read when the element leaves READY. */
typedef struct {
  char *model, *device, *cache_dir;
  GlipPrecision precision;
  gboolean warm_up;
  guint input_size;
} GstGlipLoading;

enum { GST_GLIP_LATENCIES = 128 };

typedef struct {
  guint64 frames, inferred, skipped, errors;
  GstClockTime latencies[GST_GLIP_LATENCIES]; /* ring of the newest */
  GstClockTime sum, max, prompt_encode;
  char *device; /* NULL while stopped */
  GlipEngine *engine;
} GstGlipStats;

#define GST_TYPE_GLIP_DETECT (gst_glip_detect_get_type ())
G_DECLARE_FINAL_TYPE (GstGlipDetect, gst_glip_detect, GST, GLIP_DETECT, GstBaseTransform)

struct _GstGlipDetect {
  GstBaseTransform parent;

  /* Under the object lock. */
  GstGlipLive live;
  GstGlipLoading loading;
  gboolean prompt_set; /* since the streaming thread last looked */
  GstGlipStats stats;
  guint serial;

  /* Streaming thread only, and while it does not run. */
  GstGlipLive current;     /* what the frame at hand is treated with */
  GstGlipLoading started;  /* what the engine was made with */
  char *prompt_text;       /* of the prompt in effect; NULL: none */
  GlipEngine *engine;
  GlipPrompt *prompt;
  GstVideoInfo info;
  guint64 since_inference; /* frames; G_MAXUINT64: the next one is due */
  guint64 unreadable;      /* buffers in a row */
  gboolean infer;          /* the frame at hand */
  gboolean interlaced_told;
};

GST_ELEMENT_REGISTER_DECLARE (glipdetect)

/* Copy all fields; `to` is cleared before. */
void gst_glip_live_copy (GstGlipLive *to, const GstGlipLive *from);
void gst_glip_live_clear (GstGlipLive *live);
void gst_glip_loading_copy (GstGlipLoading *to, const GstGlipLoading *from);
void gst_glip_loading_clear (GstGlipLoading *loading);

/* "auto", "fp32", "fp16" */
const char *gst_glip_precision_nick (GlipPrecision precision);

/* gstglipdetect-load.c.  Get an engine for `self->started`; FALSE when that failed and
 * an error is on the bus.  Streaming thread, or while it does not run. */
gboolean gst_glip_detect_open (GstGlipDetect *self);
/* Let go of prompt and engine; with `lost`, no one else will be given the engine. */
void gst_glip_detect_close (GstGlipDetect *self, gboolean lost);
/* Put an error of the library on the bus. */
void gst_glip_detect_post_error (GstGlipDetect *self, const char *model, const GError *error);

/* gstglipdetect-stream.c */
void gst_glip_detect_stream_class_init (GstBaseTransformClass *klass);

G_END_DECLS

#endif /* GST_GLIP_DETECT_H */
