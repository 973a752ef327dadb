/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * From options to an engine.
 */
#include "cli/open.h"

void
glip_open_options_clear (GlipOpenOptions *options)
{
  g_free (options->model);
  g_free (options->device);
}

static void
print_log (GlipLogLevel level, const char *message, void *user_data)
{
  static const char *const words[] = { "error", "warning", "info", "debug", "trace" };
  const GlipOpenOptions *options = user_data;
  if (level > GLIP_LOG_WARNING && !options->verbose)
    return;
  g_autofree char *prefix =
      g_strdup_printf ("glip %s: %s", options->command->name, words[level]);
  glip_cli_complain (prefix, message);
}

GlipEngine *
glip_open_engine (const GlipOpenOptions *options, GError **error)
{
  g_autofree char *cache = g_build_filename (g_get_user_cache_dir (), "glip", NULL);
  const GlipEngineOptions engine_options = {
    .device = options->device,
    .cache_dir = cache,
    .validation = options->validation,
    .log = print_log,
    .log_data = (void *) options,
  };
  g_autoptr (GlipModel) model = glip_model_open (options->model, error);
  return model ? glip_engine_new (model, &engine_options, error) : NULL;
}
