/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The plugin "glip".  Registering needs no GPU, driver or model: those are looked for
 * when an element leaves READY.
 */
#include "gstglipdetect.h"
#include "gstglipmeta.h"
#include "gstglipoverlay.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  gst_glip_meta_register ();
  gboolean registered = FALSE;
  registered |= GST_ELEMENT_REGISTER (glipdetect, plugin);
  registered |= GST_ELEMENT_REGISTER (glipoverlay, plugin);
  return registered;
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, glip,
    "Finds in video whatever a sentence names (GLIP)", plugin_init, VERSION, GST_LICENSE,
    GST_PACKAGE_NAME, GST_PACKAGE_ORIGIN)
