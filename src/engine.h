/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What the program needs of an engine beyond the public interface: traces and
 * measurements.
 */
#ifndef GLIP_ENGINE_H
#define GLIP_ENGINE_H

#include "plans.h"

struct _GlipEngine {
  int references; /* atomic */
  GlipModel *model;
  GlipTokenizer *tokenizer;
  GlipLog log;
  GMutex lock; /* guards everything below: one call at a time uses the device */
  GlipDevice *device;
  GlipPipelines *pipelines;
  GlipNetwork *network;
  GlipPlans *plans;
  guint64 next_pass; /* numbers for GlipHeadPlan.filled_with */
};

struct _GlipPrompt {
  int references; /* atomic */
  GlipEngine *engine;
  GlipText *text;
  float **hidden;       /* by pass: [rounded tokens, hidden], as the encoder left it */
  guint64 first_number; /* of its passes, unique in the engine */
};

/* Longest side of the network's input. */
#define GLIP_MAX_INPUT 4096

/* One image on its way: sizes, plans and what the options say. */
typedef struct {
  const GlipImage *image;
  GlipPrompt *prompt;
  GlipDetectOptions options; /* no field 0 but threshold */
  int width, height;         /* resized, before padding */
  GlipImagePlan *plan;
  GlipPlan *preprocess;
} GlipJob;

/* The steps of a detection; the engine is locked.  glip_job_start checks the image and
 * finds the plans among `plans`; glip_job_run_pass runs the head for one pass (with
 * the image network ahead of the first) and appends its boxes, in pixels of the
 * resized image, as GlipBox to `boxes`. */
gboolean glip_job_start (GlipJob *job, GlipEngine *engine, GlipPlans *plans,
    const GlipImage *image, GlipPrompt *prompt, const GlipDetectOptions *options,
    GError **error);
gboolean glip_job_run_pass (
    GlipJob *job, GlipEngine *engine, GlipPlans *plans, guint pass, GArray *boxes, GError **error);
/* What the device left in a head's output, decoded and suppressed as the job's options
 * say. */
void glip_job_decode (const GlipJob *job, const GlipHeadPlan *head, GArray *boxes);
/* Add a pass's boxes to a result, scaled to the image. */
void glip_job_report (const GlipJob *job, GArray *boxes, guint pass, GlipResult *result);
GlipResult *glip_result_new (GlipPrompt *prompt);
void glip_result_sort (GlipResult *result);

/* Token counts and encoded text of every pass.  Errors as glip_prompt_new. */
gboolean glip_engine_encode (
    GlipEngine *engine, GlipPlans *plans, guint pass, GlipPrompt *prompt, GError **error);

/* A prompt of `n_tokens` arbitrary tokens, every second one a label, to be encoded; the
 * engine is locked.  (transfer full) */
GlipPrompt *glip_prompt_new_arbitrary (GlipEngine *engine, int n_tokens);

/* Detect, and write every intermediate tensor to `trace_path` under the reference's
 * names.  (transfer full)  Errors as glip_engine_detect, and IO. */
GlipResult *glip_engine_detect_traced (GlipEngine *engine, const GlipImage *image,
    GlipPrompt *prompt, const GlipDetectOptions *options, const char *trace_path,
    GError **error);

/* One line of a measurement: an operator in a part of the network. */
typedef struct {
  char *part, *op;
  int dispatches;
  double milliseconds; /* median over the runs of the sum over its dispatches */
  double gmac;
} GlipBenchRow;

typedef struct {
  GArray *rows; /* of GlipBenchRow, in network order */
  double encode_ms; /* of the prompt, when its plan exists */
  double first_ms, min_ms, median_ms; /* whole frames: submission to results */
  int dispatches, barriers;
  size_t weights_bytes, arena_bytes, peak_bytes; /* device memory */
  int width, height, tokens; /* as run: padded, rounded up */
} GlipBench;

/* Time a frame of random pixels with a prompt of `n_tokens` tokens; width and height
 * are the network's input.  Without `runs`, only count what a frame would take.
 * (transfer full)  Errors: as glip_engine_detect. */
GlipBench *glip_engine_bench (
    GlipEngine *engine, int width, int height, int n_tokens, int runs, GError **error);
void glip_bench_free (GlipBench *bench);

#endif /* GLIP_ENGINE_H */
