/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * From options to an engine.
 */
#include "cli/open.h"

#include <string.h>

void
glip_open_options_clear (GlipOpenOptions *options)
{
  g_free (options->model);
  g_free (options->device);
  g_free (options->precision);
  g_free (options->kernels);
}

/* The place of `word` in a list that begins with "auto", which NULL means too. */
static gboolean
find_word (const char *word, const char *option, const char *const *words, int *place,
    GError **error)
{
  *place = 0;
  if (!word)
    return TRUE;
  for (int i = 0; words[i]; i++)
    if (strcmp (words[i], word) == 0) {
      *place = i;
      return TRUE;
    }
  g_autofree char *list = g_strjoinv (", ", (char **) words);
  g_set_error (error, GLIP_ERROR, GLIP_ERROR_UNSUPPORTED, "--%s can be %s, not \"%s\"", option,
      list, word);
  return FALSE;
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
  /* In the order of GlipPrecision and GlipKernels. */
  static const char *const precisions[] = { "auto", "fp32", "fp16", NULL };
  static const char *const kernels[] = { "auto", "lanes", "tiles", "matrix", NULL };
  int precision, family;
  if (!find_word (options->precision, "precision", precisions, &precision, error) ||
      !find_word (options->kernels, "kernels", kernels, &family, error))
    return NULL;
  g_autofree char *cache = g_build_filename (g_get_user_cache_dir (), "glip", NULL);
  const GlipEngineOptions engine_options = {
    .device = options->device,
    .cache_dir = cache,
    .precision = (GlipPrecision) precision,
    .kernels = (GlipKernels) family,
    .warm_up = options->warm_up,
    .validation = options->validation,
    .log = print_log,
    .log_data = (void *) options,
  };
  g_autoptr (GlipModel) model = glip_model_open (options->model, error);
  return model ? glip_engine_new (model, &engine_options, error) : NULL;
}
