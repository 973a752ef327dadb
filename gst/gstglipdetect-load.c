/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * From properties to an engine, and from the library's errors to the bus: which
 * property, with which value, why, and what to do.
 */
#include "gstglipdetect.h"
#include "gstglipregistry.h"

#define GST_CAT_DEFAULT gst_glip_detect_debug

static void
post_progress (GstProgressType type, const char *text, gpointer user_data)
{
  GstElement *element = user_data;
  gst_element_post_message (element,
      gst_message_new_progress (GST_OBJECT (element), type, "load-model", text));
}

/* Where compiled pipelines are kept; NULL for nowhere.  (transfer full) */
static char *
find_cache_dir (const char *property)
{
  if (property)
    return *property ? g_strdup (property) : NULL;
  return g_build_filename (g_get_user_cache_dir (), "glip", NULL);
}

void
gst_glip_detect_post_error (GstGlipDetect *self, const char *model, const GError *error)
{
  const char *device = self->started.device ? self->started.device : "auto";
  const char *why = error->message;
  GST_OBJECT_LOCK (self);
  self->stats.errors++;
  GST_OBJECT_UNLOCK (self);
  switch ((GlipError) error->code) {
    case GLIP_ERROR_NO_DEVICE:
      GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND,
          ("device=%s: %s (property 'device')", device, why), (NULL));
      break;
    case GLIP_ERROR_BAD_MODEL:
      GST_ELEMENT_ERROR (self, STREAM, WRONG_TYPE,
          ("model=%s is not a model file that can be used: %s (property 'model' or "
           "$GLIP_MODEL)", model, why), (NULL));
      break;
    case GLIP_ERROR_IO:
      GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ,
          ("model=%s could not be read: %s (property 'model' or $GLIP_MODEL)", model, why),
          (NULL));
      break;
    case GLIP_ERROR_OUT_OF_MEMORY:
      GST_ELEMENT_ERROR (self, RESOURCE, NO_SPACE_LEFT,
          ("device=%s has too little memory: %s (choose a smaller property 'input-size' or "
           "another 'device')", device, why), (NULL));
      break;
    case GLIP_ERROR_DEVICE_LOST:
      GST_ELEMENT_ERROR (self, RESOURCE, FAILED,
          ("device=%s is lost, also after a new start: %s (look into the driver's log, or "
           "choose another property 'device')", device, why), (NULL));
      break;
    case GLIP_ERROR_UNSUPPORTED:
      GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS,
          ("device=%s, precision=%s, input-size=%u: %s (properties 'device', 'precision' and "
           "'input-size')", device, gst_glip_precision_nick (self->started.precision),
              self->started.input_size, why), (NULL));
      break;
    case GLIP_ERROR_BAD_PROMPT:
    case GLIP_ERROR_BAD_IMAGE:
      GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("%s", why), (NULL));
      break;
  }
}

gboolean
gst_glip_detect_open (GstGlipDetect *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *places = NULL;
  g_autofree char *model = gst_glip_find_model (self->started.model, &places);
  if (!model) {
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND,
        ("no model: property 'model' and $GLIP_MODEL are not set, and the bundled model is "
         "not in its places"), ("looked for %s", places));
    return FALSE;
  }
  if (!g_file_test (model, G_FILE_TEST_EXISTS)) {
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND,
        ("model=%s not found (property 'model' or $GLIP_MODEL)", model), (NULL));
    return FALSE;
  }

  g_autofree char *cache_dir = find_cache_dir (self->started.cache_dir);
  const GstGlipRegistryKey key = {
    .model = model,
    .device = self->started.device,
    .precision = self->started.precision,
    .cache_dir = cache_dir,
    .warm_up = self->started.warm_up,
  };
  GlipEngine *engine = gst_glip_registry_acquire (&key, post_progress, self, &error);
  if (!engine) {
    gst_glip_detect_post_error (self, model, error);
    return FALSE;
  }
  GST_INFO_OBJECT (self, "%s on %s", model, glip_engine_get_device (engine));
  self->engine = engine;
  GST_OBJECT_LOCK (self);
  self->stats.device = g_strdup (glip_engine_get_device (engine));
  self->stats.engine = engine;
  GST_OBJECT_UNLOCK (self);
  return TRUE;
}

void
gst_glip_detect_close (GstGlipDetect *self, gboolean lost)
{
  GST_OBJECT_LOCK (self);
  g_clear_pointer (&self->stats.device, g_free);
  self->stats.engine = NULL;
  GST_OBJECT_UNLOCK (self);
  g_clear_pointer (&self->prompt, glip_prompt_unref);
  GlipEngine *engine = g_steal_pointer (&self->engine);
  if (lost)
    gst_glip_registry_discard (engine);
  else
    gst_glip_registry_release (engine);
}
