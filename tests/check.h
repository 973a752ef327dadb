/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What tests of operators share: a device, random tensors, a graph that runs at
 * once, comparison.  Without a device the whole file skips, or fails when
 * GLIP_REQUIRE_GPU=1; GLIP_TEST_VALIDATION=1 turns the validation layer on, and any
 * message of it fails the test.
 */
#ifndef GLIP_TESTS_CHECK_H
#define GLIP_TESTS_CHECK_H

#include "ops/ops.h"
#include "vulkan/plan.h"

/* The tolerance table.  Errors are relative to the largest magnitude of the expected
 * tensor. */
#define TOLERANCE_EXACT 0.0      /* integers, moves, selections */
#define TOLERANCE_ROUNDING 2e-6  /* sums of products in another order */
#define TOLERANCE_FUNCTION 1e-5  /* exp, erf, square roots of drivers */
#define TOLERANCE_HALF 5e-4      /* results stored as float16: 2^-11 */
#define TOLERANCE_TAP 1e-3       /* a part of the network against PyTorch */

/* Call in main after g_test_init; returns the exit status. */
int check_main (void (*add_tests) (void));

/* The tests' device; made once. */
GlipDevice *check_device (void);
GlipPipelines *check_pipelines (void);

/* Run `test` once for every family of kernels and precision that the device can. */
void check_all_kernels (void (*test) (gconstpointer data), gconstpointer data);

/* A graph to record into; check_run frees it after running. */
GlipGraph *check_graph (void);
/* Host memory to a tensor, and fresh random values (mean 0, deviation 1, fixed seed
 * sequence). */
GlipTensor check_upload (const float *data, uint32_t rows, uint32_t columns);
/* An operand of products: where the device's tuning asks for half, `data` is rounded to
 * float16, so that a reference sees what the device sees, and stored as `type`. */
GlipTensor check_upload_operand (
    float *data, uint32_t rows, uint32_t columns, GlipType type);
/* The same but for storing anything. */
void check_round_operand (float *data, size_t n);
float *check_random (size_t n, double deviation);
/* Matrices [rows, columns] side by side: [rows, n columns].  (transfer full) */
float *check_side_by_side (float *const *matrices, uint32_t n, uint32_t rows, uint32_t columns);
/* Mark as result before running; read after. */
void check_keep (GlipGraph *graph, GlipTensor tensor);
void check_run (GlipGraph *graph);
float *check_read (GlipTensor tensor); /* as floats, whatever its type */

/* Compare; NaN fails; the message says the first bad index and the worst error. */
void check_close (const char *what, const float *actual, const float *expected, size_t n,
    double tolerance);

#endif /* GLIP_TESTS_CHECK_H */
