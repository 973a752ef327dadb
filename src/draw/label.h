/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The text of labels and the place for them.  A phrase is whatever the user typed:
 * any script, any length, and perhaps markup; it is always shown as plain text on
 * one line.
 */
#ifndef GLIP_DRAW_LABEL_H
#define GLIP_DRAW_LABEL_H

#include <pango/pango.h>
#include <stddef.h>

typedef struct {
  int x, y, width, height; /* pixels; the right and lower edges are exclusive */
} GlipRectangle;

typedef enum {
  GLIP_LABEL_AUTO,   /* where it covers no other label, at best above the box */
  GLIP_LABEL_TOP,    /* above the box */
  GLIP_LABEL_INSIDE, /* in the box, at its upper edge */
  GLIP_LABEL_BOTTOM, /* below the box */
} GlipLabelPosition;

/* A layout for one line of bold sans serif text (or of `font`), `size` pixels high,
 * which is shortened in its middle when it becomes too wide.  (transfer full) */
PangoLayout *glip_label_layout_new (PangoContext *context, const char *font, double size);

/* `text` cut to at most `max` characters, the last of which is then an ellipsis;
 * marks stay with their letter, and what is no UTF-8 is replaced.  (transfer full) */
char *glip_label_shorten (const char *text, size_t max);

/* Wrap `text` in directional isolates, so that a phrase from right to left does not
 * pull along what is written beside it.  (transfer full) */
char *glip_label_isolate (const char *text);

/* Where a label of `width` x `height` pixels goes that belongs to `box`: always
 * within the frame as far as the label is no larger than it, and over none of
 * `taken` if that can be had. */
GlipRectangle glip_label_place (GlipLabelPosition position, int frame_width,
    int frame_height, const GlipRectangle *box, int width, int height,
    const GlipRectangle *taken, size_t n_taken);

#endif /* GLIP_DRAW_LABEL_H */
