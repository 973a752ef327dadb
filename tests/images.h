/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Picture files for tests, made of given samples; also ones no library would write.
 */
#ifndef GLIP_TEST_IMAGES_H
#define GLIP_TEST_IMAGES_H

#include <glib.h>
#include <stdint.h>

typedef enum {
  GLIP_PNG_GRAY = 0,
  GLIP_PNG_RGB = 2,
  GLIP_PNG_RGBA = 6,
} GlipPngColour;

/* A PNG whose header says what it is told and whose rows are `data`, uncompressed:
 * each row a filter byte 0 and its samples.  `size` is at most 65535.
 * (transfer full) */
GByteArray *glip_png_new (uint32_t width, uint32_t height, int depth,
    GlipPngColour colour, const uint8_t *data, size_t size);

/* A path of that name in a folder of the test's own.  (transfer full) */
char *glip_scratch_path (const char *name);
/* Write a file there and give its path.  (transfer full) */
char *glip_scratch_write (const char *name, const void *data, size_t size);
/* Remove the folder and what is in it. */
void glip_scratch_clear (void);

#endif /* GLIP_TEST_IMAGES_H */
