/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The stored runs of the PyTorch reference over whole networks: which there are, and
 * the same model, prompt, picture and options for an engine of ours.
 */
#ifndef GLIP_TESTS_STORED_RUNS_H
#define GLIP_TESTS_STORED_RUNS_H

#include "engine.h"
#include "golden.h"

typedef struct {
  const char *suite, *golden, *config;
  const char *taps; /* where the tensors are, when not in `golden` */
} GlipStoredRun;

/* Give `add` every run of a suite.  The suite's model files are made with `vocabulary`
 * in `folder` when they are needed. */
void glip_stored_runs_start (const char *suite, const char *vocabulary, const char *folder,
    void (*add) (const GlipStoredRun *run));
/* Remove the last model file. */
void glip_stored_runs_end (void);

/* An engine for the run's model on the tests' device; fails the test when there is none.
 * (transfer full) */
GlipEngine *glip_stored_run_open (
    const GlipStoredRun *run, GlipKernels kernels, GlipPrecision precision);
/* Let go of it; validation messages fail the test. */
void glip_stored_run_close (GlipEngine *engine);

/* What the run saw, over the memory of `golden`. */
GlipPrompt *glip_stored_run_prompt (GlipEngine *engine, GlipGolden *golden);
GlipImage glip_stored_run_picture (GlipGolden *golden);
GlipDetectOptions glip_stored_run_options (GlipGolden *golden);

/* Of two boxes x0, y0, x1, y1 with inclusive corners: intersection over union. */
double glip_test_box_overlap (const float *a, const float *b);

#endif /* GLIP_TESTS_STORED_RUNS_H */
