/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Detections as text: a table for people and a line of JSON for programs.
 */
#ifndef GLIP_CLI_LISTING_H
#define GLIP_CLI_LISTING_H

#include "glip.h"

typedef struct {
  const char *image; /* as given on the command line */
  int width, height;
  const char *prompt;
  const GlipDetection *const *detections; /* best first */
  size_t n_detections;
} GlipListing;

/* One line and its end:
 *   {"image": ..., "width": ..., "height": ..., "prompt": ..., "detections": [
 *    {"phrase", "score", "box": [x0, y0, x1, y1], "span": [begin, end], "label"}]}
 * Bytes that are no UTF-8 become U+FFFD.  (transfer full) */
char *glip_listing_to_json (const GlipListing *listing);
/* Several lines.  (transfer full) */
char *glip_listing_to_table (const GlipListing *listing);

#endif /* GLIP_CLI_LISTING_H */
