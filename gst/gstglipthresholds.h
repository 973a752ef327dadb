/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Thresholds for single phrases, as typed: "red car=0.35, person=0.6".  A phrase is
 * compared without regard to case and surrounding blanks.
 */
#ifndef GST_GLIP_THRESHOLDS_H
#define GST_GLIP_THRESHOLDS_H

#include <glib.h>

G_BEGIN_DECLS

/* Immutable. */
typedef struct _GstGlipThresholds GstGlipThresholds;

/* `text` may be NULL or empty.  NULL and a message (the caller frees it) when an entry
 * is not "phrase=number" with a number from 0 to 1.  (transfer full) */
GstGlipThresholds *gst_glip_thresholds_parse (const char *text, char **message);
GstGlipThresholds *gst_glip_thresholds_ref (GstGlipThresholds *thresholds);
void gst_glip_thresholds_unref (GstGlipThresholds *thresholds);

/* The phrase's threshold, or `otherwise`. */
float gst_glip_thresholds_get (
    const GstGlipThresholds *thresholds, const char *phrase, float otherwise);
/* The lowest of all and `otherwise`. */
float gst_glip_thresholds_get_lowest (const GstGlipThresholds *thresholds, float otherwise);
/* As it was typed; NULL when nothing was.  (transfer none) */
const char *gst_glip_thresholds_get_text (const GstGlipThresholds *thresholds);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstGlipThresholds, gst_glip_thresholds_unref)

G_END_DECLS

#endif /* GST_GLIP_THRESHOLDS_H */
