/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * libglip finds in an image whatever a sentence names: GLIP (Grounded
 * Language-Image Pre-training, Li et al., CVPR 2022) as Vulkan compute shaders.
 * Four objects: a model (one file), an engine (that model on one device), a
 * prompt (text, encoded once) and a result.  A complete program:
 *
 *   #include <glip.h>
 *   #include <stdio.h>
 *
 *   int main (void)
 *   {
 *     static uint8_t pixels[480 * 640 * 3];          // your picture, RGB
 *     GlipImage image = { GLIP_FORMAT_RGB, 640, 480, { pixels }, { 640 * 3 } };
 *     GError *error = NULL;
 *     GlipModel *model = glip_model_open ("glip-t.safetensors", &error);
 *     GlipEngine *engine = model ? glip_engine_new (model, NULL, &error) : NULL;
 *     GlipPrompt *prompt = engine ? glip_prompt_new (engine, "person . red car", &error) : NULL;
 *     GlipResult *result =
 *         prompt ? glip_engine_detect (engine, &image, prompt, NULL, &error) : NULL;
 *     if (!result)
 *       return fprintf (stderr, "%s\n", error->message), 1;
 *     for (size_t i = 0; i < glip_result_get_count (result); i++) {
 *       const GlipDetection *d = glip_result_get_detection (result, i);
 *       printf ("%s %.2f at %g,%g\n", d->phrase, d->score, d->x0, d->y0);
 *     }
 *     glip_result_unref (result); glip_prompt_unref (prompt);
 *     glip_engine_unref (engine); glip_model_unref (model);
 *   }
 *
 * Every object is reference counted and immutable for its users.  All functions
 * may be called from any thread; calls into one engine run one after another.
 * A function that takes a GError returns NULL (or FALSE) exactly when it has set
 * the error; arguments it was given are never consumed, also on failure.
 */
#ifndef GLIP_H
#define GLIP_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

G_BEGIN_DECLS

#ifndef GLIP_API
#define GLIP_API __attribute__ ((visibility ("default")))
#endif

/* What went wrong, for programs; the message is for people. */
typedef enum {
  GLIP_ERROR_NO_DEVICE,     /* no Vulkan loader, driver or matching device */
  GLIP_ERROR_UNSUPPORTED,   /* the device or this library cannot do it */
  GLIP_ERROR_BAD_MODEL,     /* model or checkpoint file missing, corrupt or foreign */
  GLIP_ERROR_BAD_PROMPT,    /* prompt empty, not UTF-8, or too long */
  GLIP_ERROR_BAD_IMAGE,     /* impossible size, stride or format */
  GLIP_ERROR_OUT_OF_MEMORY, /* host or device memory exhausted */
  GLIP_ERROR_DEVICE_LOST,   /* the driver gave up: make a new engine */
  GLIP_ERROR_IO,            /* a file could not be read or written */
} GlipError;

#define GLIP_ERROR (glip_error_quark ())
GLIP_API GQuark glip_error_quark (void);

/* How the library speaks.  Called from any thread that is inside the library. */
typedef enum {
  GLIP_LOG_ERROR,   /* a function is lost */
  GLIP_LOG_WARNING, /* degraded */
  GLIP_LOG_INFO,    /* once per load */
  GLIP_LOG_DEBUG,   /* once per prompt or size */
  GLIP_LOG_TRACE,   /* per frame */
} GlipLogLevel;
typedef void (*GlipLogFunc) (GlipLogLevel level, const char *message, void *user_data);

/* ------------------------------------------------------------------ model */

/* A model file, mapped: safetensors with the configuration and the vocabulary in
 * its metadata ("glip convert" makes one from a released checkpoint). */
typedef struct _GlipModel GlipModel;

/* Open and check `path`.  (transfer full)
 * Errors: BAD_MODEL, IO.  Since 0.1 */
GLIP_API GlipModel *glip_model_open (const char *path, GError **error);
GLIP_API GlipModel *glip_model_ref (GlipModel *model);
GLIP_API void glip_model_unref (GlipModel *model);
/* The configuration's name, such as "glip-t".  (transfer none)  Since 0.1 */
GLIP_API const char *glip_model_get_name (GlipModel *model);

/* ----------------------------------------------------------------- engine */

/* A model on a device. */
typedef struct _GlipEngine GlipEngine;

/* How numbers are kept.  AUTO: float16 on GPUs that have it, else float. */
typedef enum {
  GLIP_PRECISION_AUTO,
  GLIP_PRECISION_FP32, /* floats everywhere: what the reference computes */
  GLIP_PRECISION_FP16, /* weights and operands of products as float16, sums as floats */
} GlipPrecision;

/* Families of kernels.  AUTO takes what suits the device; the others are there to
 * measure, and to look for the mistakes of drivers. */
typedef enum {
  GLIP_KERNELS_AUTO,
  GLIP_KERNELS_LANES,  /* CPU drivers; FP32 */
  GLIP_KERNELS_TILES,  /* any device */
  GLIP_KERNELS_MATRIX, /* matrix units (VK_KHR_cooperative_matrix); FP16 */
} GlipKernels;

typedef struct {
  /* "auto" (or NULL), an index of `glip devices`, "vendor:device" in hexadecimal,
   * the beginning of a UUID, or a part of the device's name. */
  const char *device;
  /* Folder for compiled pipelines, or NULL for none.  Created when missing. */
  const char *cache_dir;
  GlipPrecision precision;
  GlipKernels kernels;
  /* Run the smallest frame once while loading, so that the first detection waits for
   * few compilers. */
  gboolean warm_up;
  /* Ask for the Khronos validation layer; its messages go to `log`. */
  gboolean validation;
  /* NULL: GLib's log, domain "Glip". */
  GlipLogFunc log;
  void *log_data;
} GlipEngineOptions;

/* Load `model` onto a device.  `options` may be NULL.  Takes its own reference to
 * `model`.  (transfer full)  Errors: NO_DEVICE, UNSUPPORTED, OUT_OF_MEMORY,
 * BAD_MODEL, DEVICE_LOST.  Since 0.1 */
GLIP_API GlipEngine *glip_engine_new (
    GlipModel *model, const GlipEngineOptions *options, GError **error);
GLIP_API GlipEngine *glip_engine_ref (GlipEngine *engine);
GLIP_API void glip_engine_unref (GlipEngine *engine);
/* The device's name and driver, such as "llvmpipe (LLVM 19.1.7, 256 bits), Mesa
 * 25.0.7".  (transfer none)  Since 0.1 */
GLIP_API const char *glip_engine_get_device (GlipEngine *engine);
/* What AUTO came to; never AUTO.  Since 0.1 */
GLIP_API GlipPrecision glip_engine_get_precision (GlipEngine *engine);
GLIP_API GlipKernels glip_engine_get_kernels (GlipEngine *engine);

/* ----------------------------------------------------------------- prompt */

/* A text and its phrases, encoded for one engine. */
typedef struct _GlipPrompt GlipPrompt;

/* A piece of the prompt, in bytes [begin, end), that belongs to label `label`
 * (from 1).  Several spans may share a label, which then is scored on the tokens
 * of all of them and called by the text of the first. */
typedef struct {
  size_t begin, end;
  int label;
} GlipSpan;

/* How a list of names becomes a text. */
typedef enum {
  GLIP_LIST_DEMO,       /* "cat . dog . ": as the authors' demonstration */
  GLIP_LIST_EVALUATION, /* "cat. dog": as the published benchmark figures; names
                           lose "(...)" and "_" in what the network reads */
} GlipListStyle;

/* Encode what a user typed: "person . red car" (or "person. red car"), every
 * name a label; or a caption in which [square brackets] mark the phrases.  A text
 * longer than the model's token limit is split into several passes over the same
 * image features.  (transfer full)
 * Errors: BAD_PROMPT, OUT_OF_MEMORY, DEVICE_LOST.  Since 0.1 */
GLIP_API GlipPrompt *glip_prompt_new (
    GlipEngine *engine, const char *text, GError **error);
/* The same from separate names; the prompt's text is the joined list, a label's
 * phrase is the name as given.  Since 0.1 */
GLIP_API GlipPrompt *glip_prompt_new_from_names (GlipEngine *engine,
    const char *const *names, size_t n_names, GlipListStyle style, GError **error);
/* The same from a caption and explicit spans.  Since 0.1 */
GLIP_API GlipPrompt *glip_prompt_new_from_spans (GlipEngine *engine,
    const char *caption, const GlipSpan *spans, size_t n_spans, GError **error);
GLIP_API GlipPrompt *glip_prompt_ref (GlipPrompt *prompt);
GLIP_API void glip_prompt_unref (GlipPrompt *prompt);
/* The text the user gave.  (transfer none)  Since 0.1 */
GLIP_API const char *glip_prompt_get_text (GlipPrompt *prompt);
/* Number of labels, and the phrase of label `label` (from 1).  Since 0.1 */
GLIP_API size_t glip_prompt_get_n_labels (GlipPrompt *prompt);
GLIP_API const char *glip_prompt_get_phrase (GlipPrompt *prompt, int label);
/* Tokens over all passes, and how often the head runs per image.  Since 0.1 */
GLIP_API size_t glip_prompt_get_n_tokens (GlipPrompt *prompt);
GLIP_API size_t glip_prompt_get_n_passes (GlipPrompt *prompt);

/* ------------------------------------------------------------------ image */

/* Memory order of the components, as in GStreamer's video formats.  Alpha and
 * padding bytes are ignored: RGBx is RGBA here. */
typedef enum {
  GLIP_FORMAT_RGB,
  GLIP_FORMAT_BGR,
  GLIP_FORMAT_RGBA,
  GLIP_FORMAT_BGRA,
  GLIP_FORMAT_ARGB,
  GLIP_FORMAT_ABGR,
  GLIP_FORMAT_RGBP, /* three planes R, G, B */
  GLIP_FORMAT_BGRP, /* three planes B, G, R */
  GLIP_FORMAT_GBR,  /* three planes G, B, R */
  GLIP_FORMAT_GRAY8,
  GLIP_FORMAT_I420,
  GLIP_FORMAT_YV12,
  GLIP_FORMAT_NV12,
  GLIP_FORMAT_NV21,
  GLIP_FORMAT_NV16,
  GLIP_FORMAT_YUY2,
  GLIP_FORMAT_UYVY,
  GLIP_FORMAT_Y42B,
  GLIP_FORMAT_Y444,
  GLIP_FORMAT_I420_10LE,
  GLIP_FORMAT_P010_10LE,
  GLIP_N_FORMATS
} GlipFormat;

typedef enum {
  GLIP_MATRIX_BT601,
  GLIP_MATRIX_BT709,
  GLIP_MATRIX_BT2020,
} GlipMatrix;

/* A picture in the caller's memory, only read during the call. */
typedef struct {
  GlipFormat format;
  int width, height;         /* pixels, 1 to 16384 */
  const uint8_t *planes[3];  /* first byte of each plane the format has */
  size_t strides[3];         /* bytes from one row to the next */
  GlipMatrix matrix;         /* YUV formats only */
  gboolean full_range;       /* YUV formats only: 0-255 instead of 16-235 */
  int par_n, par_d;          /* a pixel's width : height; 0:0 is square */
} GlipImage;

/* -------------------------------------------------------------- detection */

typedef enum {
  GLIP_RESIZE_ANTIALIAS, /* bit-equal to the reference's resampling */
  GLIP_RESIZE_BILINEAR,  /* four neighbours: quicker, aliases when shrinking */
} GlipResize;

/* A field that is 0 has the default in brackets. */
typedef struct {
  float threshold;      /* report scores above this [everything] */
  float nms_threshold;  /* overlap that suppresses, per label [the model's, 0.6] */
  int max_detections;   /* per pass [the model's, 100] */
  int min_size;         /* short side fed to the network, pixels [the model's, 800] */
  int max_size;         /* limit for the long side [the model's, 1333, scaled as min_size] */
  GlipResize resize;
} GlipDetectOptions;

typedef struct {
  const char *phrase;           /* exactly what the user typed; owned by the result */
  size_t span_begin, span_end;  /* where, in bytes of the prompt's text */
  int label;                    /* from 1 */
  float score;                  /* 0 to 1 */
  float x0, y0, x1, y1;         /* pixels of the given image, inclusive corners */
} GlipDetection;

/* The detections of one image, best first. */
typedef struct _GlipResult GlipResult;

/* Find the phrases of `prompt` in `image`.  `options` may be NULL.  Blocks until
 * the device is done.  `prompt` must belong to `engine`.  (transfer full)
 * Errors: BAD_IMAGE, UNSUPPORTED, OUT_OF_MEMORY, DEVICE_LOST.  Since 0.1 */
GLIP_API GlipResult *glip_engine_detect (GlipEngine *engine, const GlipImage *image,
    GlipPrompt *prompt, const GlipDetectOptions *options, GError **error);
GLIP_API GlipResult *glip_result_ref (GlipResult *result);
GLIP_API void glip_result_unref (GlipResult *result);
GLIP_API size_t glip_result_get_count (GlipResult *result);
GLIP_API const GlipDetection *glip_result_get_detection (GlipResult *result, size_t index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipModel, glip_model_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipEngine, glip_engine_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipPrompt, glip_prompt_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipResult, glip_result_unref)

G_END_DECLS

#endif /* GLIP_H */
