/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Engines, shared: elements that name the same model file, device and precision use
 * one, which lives as long as one of them does.  And the search for the model file.
 */
#ifndef GST_GLIP_REGISTRY_H
#define GST_GLIP_REGISTRY_H

#include <glip.h>
#include <gst/gst.h>

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (gst_glip_engine_debug);

typedef struct {
  const char *model;     /* path */
  const char *device;    /* as GlipEngineOptions.device */
  GlipPrecision precision;
  const char *cache_dir; /* or NULL; the first one to ask decides, */
  gboolean warm_up;      /* and about this */
} GstGlipRegistryKey;

/* Told what loading has come to, when there is something to load. */
typedef void (*GstGlipProgressFunc) (
    GstProgressType type, const char *text, gpointer user_data);

/* Find or load.  Waits while another element loads.  Any thread.  (transfer full: give
 * it back with gst_glip_registry_release)  Errors: as glip_model_open and
 * glip_engine_new. */
GlipEngine *gst_glip_registry_acquire (const GstGlipRegistryKey *key,
    GstGlipProgressFunc progress, gpointer user_data, GError **error);
/* `engine` may be NULL. */
void gst_glip_registry_release (GlipEngine *engine);
/* Give back an engine whose device is lost: whoever asks next gets a new one. */
void gst_glip_registry_discard (GlipEngine *engine);
/* How many hold it. */
guint gst_glip_registry_get_users (GlipEngine *engine);

/* The model file to use: `property`, else $GLIP_MODEL, else the bundled one.  NULL when
 * there is not even that; `*places` then lists where it was looked for.
 * (transfer full) */
char *gst_glip_find_model (const char *property, char **places);

G_END_DECLS

#endif /* GST_GLIP_REGISTRY_H */
