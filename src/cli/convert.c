/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * `glip convert`: a released checkpoint becomes a model file.  What the checkpoint
 * does not hold, the vocabulary and the parts of the configuration that shapes do
 * not tell, is looked for beside it.
 */
#include "cli/cli.h"
#include "model/checkpoint.h"
#include "model/weights.h"

#include <stdio.h>
#include <unistd.h>

enum {
  MAX_VOCABULARY_BYTES = 64 << 20,
  MAX_CONFIG_BYTES = 1 << 20,
};

typedef struct {
  char *vocabulary, *config, *type;
  char **files;
} Options;

static void
options_clear (Options *options)
{
  g_free (options->vocabulary);
  g_free (options->config);
  g_free (options->type);
  g_strfreev (options->files);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static void
show_progress (double progress, void *user_data)
{
  enum { WIDTH = 40 };
  int *shown = user_data, percent = (int) (CLAMP (progress, 0, 1) * 100);
  char bar[WIDTH + 1];

  if (percent == *shown)
    return;
  *shown = percent;
  for (int i = 0; i < WIDTH; i++)
    bar[i] = i * 100 < percent * WIDTH ? '#' : '.';
  bar[WIDTH] = 0;
  fprintf (stderr, "\r[%s] %3d %%%s", bar, percent, percent == 100 ? "\n" : "");
}

/* The vocabulary's path: as given, or the first that exists.  (transfer full) */
static char *
find_vocabulary (const Options *options, const char *input)
{
  if (options->vocabulary)
    return g_strdup (options->vocabulary);
  g_autofree char *own = g_strconcat (input, ".vocab.txt", NULL);
  if (g_file_test (own, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&own);
  g_autofree char *folder = g_path_get_dirname (input);
  g_autofree char *beside = g_build_filename (folder, "vocab.txt", NULL);
  return g_file_test (beside, G_FILE_TEST_EXISTS) ? g_steal_pointer (&beside) : NULL;
}

/* The configuration's path, or NULL when there is none.  (transfer full) */
static char *
find_config (const Options *options, const char *input)
{
  if (options->config)
    return g_strdup (options->config);
  g_autofree char *own = g_strconcat (input, ".json", NULL);
  return g_file_test (own, G_FILE_TEST_EXISTS) ? g_steal_pointer (&own) : NULL;
}

static gboolean
summarise (const char *path, GError **error)
{
  g_autoptr (GlipModel) model = glip_model_open (path, error);
  if (!model)
    return FALSE;

  GlipSafetensors *file = glip_model_get_file (model);
  size_t count = glip_safetensors_get_count (file);
  uint64_t bytes = 0;
  for (size_t i = 0; i < count; i++)
    bytes += glip_safetensors_get (file, i)->size_bytes;
  g_autofree char *size = glip_cli_format_bytes (bytes);
  printf ("%s: %s, %zu tensors, %s\n", path, glip_model_get_name (model), count, size);
  return TRUE;
}

static gboolean
convert (const Options *options, GlipDType type, GError **error)
{
  const char *input = options->files[0], *output = options->files[1];
  g_autoptr (GlipCheckpoint) checkpoint = glip_checkpoint_open (input, error);
  if (!checkpoint)
    return FALSE;

  g_autofree char *vocabulary_path = find_vocabulary (options, input);
  if (!vocabulary_path) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_IO,
        "no vocabulary: neither %s.vocab.txt nor vocab.txt beside it exists; get vocab.txt "
        "of the BERT model bert-base-uncased and name it with --vocab", input);
    return FALSE;
  }
  g_autofree char *vocabulary =
      glip_cli_read_text (vocabulary_path, MAX_VOCABULARY_BYTES, error);
  if (!vocabulary)
    return FALSE;
  g_autofree char *config_path = find_config (options, input);
  g_autofree char *config =
      config_path ? glip_cli_read_text (config_path, MAX_CONFIG_BYTES, error) : NULL;
  if (config_path && !config)
    return FALSE;

  printf ("checkpoint:    %s, %zu tensors\n", input, glip_checkpoint_get_count (checkpoint));
  printf ("vocabulary:    %s\n", vocabulary_path);
  printf ("configuration: %s\n", config_path ? config_path : "from the tensors' shapes");
  fflush (stdout);

  int shown = -1;
  if (!glip_checkpoint_convert (checkpoint, config, vocabulary, type, output,
          isatty (STDERR_FILENO) ? show_progress : NULL, &shown, error)) {
    if (shown >= 0 && shown < 100)
      fputc ('\n', stderr);
    return FALSE;
  }
  return summarise (output, error);
}

static int
run (int argc, char **argv)
{
  g_auto (Options) options = { NULL };
  g_autoptr (GError) error = NULL;
  const GOptionEntry entries[] = {
    { "vocab", 0, 0, G_OPTION_ARG_FILENAME, &options.vocabulary,
        "Vocabulary, one piece a line [IN.pth.vocab.txt, or vocab.txt beside it]", "FILE" },
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &options.config,
        "What shapes do not tell, as JSON [IN.pth.json if there is one]", "FILE" },
    { "type", 0, 0, G_OPTION_ARG_FILENAME, &options.type,
        "Store weights as f32 or f16 [f32]", "TYPE" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.files, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  int status;

  if (!glip_cli_parse (&glip_command_convert, entries, &argc, &argv, &status))
    return status;
  if (!options.files || g_strv_length (options.files) != 2)
    return glip_cli_misuse (&glip_command_convert,
        "give two files: the checkpoint and the model file to write");
  gboolean half = g_strcmp0 (options.type, "f16") == 0;
  if (options.type && !half && !g_str_equal (options.type, "f32"))
    return glip_cli_misuse (
        &glip_command_convert, "--type is \"%s\"; it can be f32 or f16", options.type);
  if (!convert (&options, half ? GLIP_DTYPE_F16 : GLIP_DTYPE_F32, &error))
    return glip_cli_fail (&glip_command_convert, "%s", error->message);
  return GLIP_EXIT_OK;
}

const GlipSubcommand glip_command_convert = {
  .name = "convert",
  .parameters = "IN.pth OUT.safetensors",
  .summary = "Make a model file from a released checkpoint",
  .description =
      "Nothing in the checkpoint is executed.  The vocabulary is vocab.txt of the BERT\n"
      "model bert-base-uncased.",
  .run = run,
};
