/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * One mutex guards the table, and is held while an engine loads: of several elements
 * that start together the first loads and the others find what it made.
 */
#include "gstglipregistry.h"

#include <stdlib.h>

#define BUNDLED_MODEL "glip-nano.safetensors"

GST_DEBUG_CATEGORY (gst_glip_engine_debug);
#define GST_CAT_DEFAULT gst_glip_engine_debug

typedef struct {
  char *key; /* NULL when discarded: not to be found any more */
  GlipEngine *engine;
  guint users;
} Entry;

static GMutex table_lock;  /* guards the table and its entries */
static GPtrArray *table; /* of Entry; NULL when empty */

static void
free_entry (gpointer data)
{
  Entry *entry = data;
  glip_engine_unref (entry->engine);
  g_free (entry->key);
  g_free (entry);
}

/* ------------------------------------------------------------------ loading */

static void
log_message (GlipLogLevel level, const char *message, void *user_data G_GNUC_UNUSED)
{
  static const GstDebugLevel levels[] = {
    [GLIP_LOG_ERROR] = GST_LEVEL_ERROR,
    [GLIP_LOG_WARNING] = GST_LEVEL_WARNING,
    [GLIP_LOG_INFO] = GST_LEVEL_INFO,
    [GLIP_LOG_DEBUG] = GST_LEVEL_DEBUG,
    [GLIP_LOG_TRACE] = GST_LEVEL_LOG,
  };
  GST_CAT_LEVEL_LOG (GST_CAT_DEFAULT, levels[level], NULL, "%s", message);
}

static GlipEngine *
load (const GstGlipRegistryKey *key, GstGlipProgressFunc progress, gpointer user_data,
    GError **error)
{
  const GlipEngineOptions options = {
    .device = key->device,
    .cache_dir = key->cache_dir,
    .precision = key->precision,
    .warm_up = key->warm_up,
    .log = log_message,
  };
  g_autofree char *opening = g_strdup_printf ("Opening %s", key->model);
  progress (GST_PROGRESS_TYPE_START, opening, user_data);
  g_autoptr (GlipModel) model = glip_model_open (key->model, error);
  if (model)
    progress (GST_PROGRESS_TYPE_CONTINUE, "Moving the network to the device", user_data);
  GlipEngine *engine = model ? glip_engine_new (model, &options, error) : NULL;
  if (!engine) {
    progress (GST_PROGRESS_TYPE_ERROR, "The model could not be loaded", user_data);
    return NULL;
  }
  g_autofree char *done = g_strdup_printf (
      "%s is ready on %s", glip_model_get_name (model), glip_engine_get_device (engine));
  progress (GST_PROGRESS_TYPE_COMPLETE, done, user_data);
  return engine;
}

/* The same file under two names is one model.  (transfer full) */
static char *
make_key (const GstGlipRegistryKey *key)
{
  char *path = realpath (key->model, NULL);
  char *text = g_strdup_printf (
      "%s\n%s\n%d", path ? path : key->model, key->device ? key->device : "auto",
      (int) key->precision);
  free (path);
  return text;
}

/* -------------------------------------------------------------------- table */

static Entry *
find_key (const char *key)
{
  for (guint i = 0; table && i < table->len; i++) {
    Entry *entry = g_ptr_array_index (table, i);
    if (g_strcmp0 (entry->key, key) == 0)
      return entry;
  }
  return NULL;
}

static Entry *
find_engine (GlipEngine *engine)
{
  for (guint i = 0; table && i < table->len; i++) {
    Entry *entry = g_ptr_array_index (table, i);
    if (entry->engine == engine)
      return entry;
  }
  return NULL;
}

GlipEngine *
gst_glip_registry_acquire (const GstGlipRegistryKey *wanted, GstGlipProgressFunc progress,
    gpointer user_data, GError **error)
{
  g_autofree char *key = make_key (wanted);
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&table_lock);
  Entry *entry = find_key (key);
  if (!entry) {
    GlipEngine *engine = load (wanted, progress, user_data, error);
    if (!engine)
      return NULL;
    entry = g_new0 (Entry, 1);
    entry->key = g_steal_pointer (&key);
    entry->engine = engine;
    if (!table)
      table = g_ptr_array_new_with_free_func (free_entry);
    g_ptr_array_add (table, entry);
  }
  entry->users++;
  GST_DEBUG ("engine %p has %u users", (gpointer) entry->engine, entry->users);
  return entry->engine;
}

static void
release_entry (Entry *entry)
{
  GST_DEBUG ("engine %p has %u users", (gpointer) entry->engine, entry->users - 1);
  if (--entry->users > 0)
    return;
  g_ptr_array_remove (table, entry);
  if (table->len == 0)
    g_clear_pointer (&table, g_ptr_array_unref);
}

void
gst_glip_registry_release (GlipEngine *engine)
{
  if (!engine)
    return;
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&table_lock);
  Entry *entry = find_engine (engine);
  g_return_if_fail (entry != NULL);
  release_entry (entry);
}

void
gst_glip_registry_discard (GlipEngine *engine)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&table_lock);
  Entry *entry = find_engine (engine);
  g_return_if_fail (entry != NULL);
  g_clear_pointer (&entry->key, g_free);
  release_entry (entry);
}

guint
gst_glip_registry_get_users (GlipEngine *engine)
{
  G_GNUC_UNUSED g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&table_lock);
  Entry *entry = find_engine (engine);
  return entry ? entry->users : 0;
}

/* --------------------------------------------------------------- model file */

/* A plugin that runs from its build tree has the model in the folder beside its own.
 * (transfer full), or NULL */
static char *
find_in_build_tree (void)
{
  g_autoptr (GstPlugin) plugin = gst_registry_find_plugin (gst_registry_get (), "glip");
  const char *filename = plugin ? gst_plugin_get_filename (plugin) : NULL;
  if (!filename)
    return NULL;
  /* GST_PLUGIN_PATH may be relative, and then so is the name. */
  g_autofree char *absolute = g_canonicalize_filename (filename, NULL);
  g_autofree char *folder = g_path_get_dirname (absolute);
  return g_canonicalize_filename ("../src/assets/" BUNDLED_MODEL, folder);
}

char *
gst_glip_find_model (const char *property, char **places)
{
  if (property && *property)
    return g_strdup (property);
  const char *variable = g_getenv ("GLIP_MODEL");
  if (variable && *variable)
    return g_strdup (variable);

  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  char *beside = find_in_build_tree ();
  if (beside)
    g_ptr_array_add (paths, beside);
  g_ptr_array_add (paths, g_build_filename (GLIP_DATA_DIR, BUNDLED_MODEL, NULL));
  g_ptr_array_add (
      paths, g_build_filename (g_get_user_data_dir (), "glip", BUNDLED_MODEL, NULL));
  for (const char *const *folder = g_get_system_data_dirs (); *folder; folder++)
    g_ptr_array_add (paths, g_build_filename (*folder, "glip", BUNDLED_MODEL, NULL));
  for (guint i = 0; i < paths->len; i++)
    if (g_file_test (g_ptr_array_index (paths, i), G_FILE_TEST_EXISTS))
      return g_strdup (g_ptr_array_index (paths, i));
  g_ptr_array_add (paths, NULL);
  *places = g_strjoinv (", ", (char **) paths->pdata);
  return NULL;
}
