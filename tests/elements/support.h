/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What the tests of the elements share: a real picture in any format, a harness, and
 * a look for leaks at the end.
 */
#ifndef GLIP_TEST_ELEMENTS_SUPPORT_H
#define GLIP_TEST_ELEMENTS_SUPPORT_H

#include <gst/check/gstharness.h>
#include <gst/video/video.h>

/* g_test_init and gst_init; exits with 77 (skipped) when there is no Vulkan device,
 * unless GLIP_REQUIRE_GPU is set. */
void test_init (int *argc, char ***argv);
/* g_test_run; then fails when the leaks tracer sees an object that is still alive. */
int test_run (void);

/* The first picture of the example video, converted: caps such as
 * "video/x-raw,format=I420,width=240,height=180".  (transfer full) */
GstSample *test_picture (const char *caps);
/* Any pipeline description that ends in "appsink name=out"; its next sample. */
GstSample *test_pull (const char *description);

/* A harness around "glipdetect PROPERTIES" with a small input size.  (transfer full) */
GstHarness *test_harness (const char *properties);
/* Send a picture through; its buffer gets `pts`.  (transfer full) */
GstBuffer *test_push (GstHarness *harness, GstSample *picture, GstClockTime pts);

typedef struct {
  char phrase[64];
  double confidence, x, y, w, h;
  int phrase_index, span_start, span_end;
} TestObject;

/* The structure of the buffer's "GlipDetections", or NULL.  (transfer none) */
const GstStructure *test_get_detections (GstBuffer *buffer);
/* Its objects, of TestObject.  (transfer full) */
GArray *test_get_objects (GstBuffer *buffer);
/* For every object of `expected` there is one in `found` with the phrase, an overlap
 * of at least `overlap` and a score at most `score` away.  Objects of `expected` below
 * `certain` may be missing. */
void test_compare (const char *what, GArray *expected, GArray *found, double certain,
    double overlap, double score);

/* The next message of `type` from the harness's element; fails when there is none.
 * (transfer full) */
GstMessage *test_pop (GstBus *bus, GstMessageType type);
/* A bus of the harness's element.  (transfer full) */
GstBus *test_bus (GstElement *element);

#endif /* GLIP_TEST_ELEMENTS_SUPPORT_H */
