/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * A page of small pictures, evenly spread over a video whose length is not known
 * beforehand: every Nth frame is kept; when there are too many, every other one is
 * dropped and N doubles.
 */
#ifndef GLIP_EXAMPLE_CONTACT_SHEET_H
#define GLIP_EXAMPLE_CONTACT_SHEET_H

#include <gst/video/video.h>

typedef struct _ContactSheet ContactSheet;

/* A page of `columns` by `rows` pictures, each `tile_width` pixels wide. */
ContactSheet *contact_sheet_new (int columns, int rows, int tile_width);
void contact_sheet_free (ContactSheet *sheet);
/* Look at the next frame, which must be BGRx.  FALSE: it could not be read. */
gboolean contact_sheet_add (ContactSheet *sheet, GstSample *sample);
/* Write a PNG.  An empty sheet is an error. */
gboolean contact_sheet_save (ContactSheet *sheet, const char *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ContactSheet, contact_sheet_free)

#endif /* GLIP_EXAMPLE_CONTACT_SHEET_H */
