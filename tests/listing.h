/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What `glip detect --json` prints, read back with a JSON parser that is not ours.
 */
#ifndef GLIP_TEST_LISTING_H
#define GLIP_TEST_LISTING_H

#include <glib.h>
#include <stdint.h>

typedef struct {
  char *phrase;
  double score, box[4];
  int64_t span[2], label;
} GlipListedDetection;

typedef struct {
  char *image, *prompt;
  int64_t width, height;
  GArray *detections; /* of GlipListedDetection */
} GlipListedImage;

/* One GlipListedImage a line of `output`; ends the test with a message when a line
 * is not an object of exactly the documented members.  (transfer full) */
GPtrArray *glip_listed_images_parse (const char *output);

#endif /* GLIP_TEST_LISTING_H */
