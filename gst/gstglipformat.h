/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The template of a label, such as "{phrase} {confidence:.2f}": names in braces are
 * replaced, "{{" and "}}" stand for a brace.  {phrase}, {track}, {region} take no
 * format; {confidence} takes ".Nf" or ".N%", {age} (seconds) takes ".Nf", N = 0..9.
 */
#ifndef GST_GLIP_FORMAT_H
#define GST_GLIP_FORMAT_H

#include "gstglipread.h"

G_BEGIN_DECLS

#define GST_GLIP_FORMAT_DEFAULT "{phrase} {confidence:.2f}"

/* What is shown at all; the rest is treated as unknown. */
typedef enum {
  GST_GLIP_FORMAT_CONFIDENCE = 1 << 0,
  GST_GLIP_FORMAT_TRACK = 1 << 1,
} GstGlipFormatFlags;

/* Whether `format` is a template; where it is not, *message says why (transfer full). */
gboolean gst_glip_format_check (const char *format, char **message);

/* The text for `object`.  What is unknown becomes nothing, and spaces around it are
 * dropped.  A track that `format` does not name comes last.  `format` passed the
 * check.  (transfer full) */
char *gst_glip_format_expand (const char *format, GstGlipFormatFlags flags,
    const GstGlipObject *object);

G_END_DECLS

#endif /* GST_GLIP_FORMAT_H */
