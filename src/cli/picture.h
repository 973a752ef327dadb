/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * PNG and JPEG files as the network wants them: 8 bits a component as stored, no
 * EXIF rotation, alpha dropped and not blended.
 */
#ifndef GLIP_CLI_PICTURE_H
#define GLIP_CLI_PICTURE_H

#include "glip.h"

#include <gdk-pixbuf/gdk-pixbuf.h>

enum { GLIP_MAX_PICTURE = 16384 }; /* pixels of width and of height */

/* Whether the header promises a picture of an acceptable size; decodes nothing, so
 * that a huge one costs nothing.  Errors: IO, BAD_IMAGE. */
gboolean glip_picture_check (const char *path, GError **error);

/* Check and decode.  (transfer full)  Errors: IO, BAD_IMAGE. */
GdkPixbuf *glip_picture_load (const char *path, GError **error);

/* A view of `picture`, valid as long as it lives. */
GlipImage glip_picture_view (GdkPixbuf *picture);

#endif /* GLIP_CLI_PICTURE_H */
