/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The element glipoverlay: draws detections into video of any format.
 */
#ifndef GST_GLIP_OVERLAY_H
#define GST_GLIP_OVERLAY_H

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_GLIP_OVERLAY (gst_glip_overlay_get_type ())
G_DECLARE_FINAL_TYPE (GstGlipOverlay, gst_glip_overlay, GST, GLIP_OVERLAY, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (glipoverlay)

G_END_DECLS

#endif /* GST_GLIP_OVERLAY_H */
