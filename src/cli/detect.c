/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * `glip detect`: pictures in, boxes out.  All headers are looked at before the model
 * is loaded, so that a mistyped name costs nothing; a picture that turns out to be
 * damaged later is reported and the others are still done.
 */
#include "cli/draw.h"
#include "cli/listing.h"
#include "cli/open.h"
#include "cli/picture.h"
#include "engine.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_THRESHOLD 0.5

typedef struct {
  GlipOpenOptions open;
  char *prompt, *list_style, *resize, *output, *trace;
  char **names, **images;
  double threshold;
  int min_size, max_size;
  gboolean json;
} Options;

static void
options_clear (Options *options)
{
  glip_open_options_clear (&options->open);
  g_free (options->prompt);
  g_free (options->list_style);
  g_free (options->resize);
  g_free (options->output);
  g_free (options->trace);
  g_strfreev (options->names);
  g_strfreev (options->images);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

/* Whether `word` (may be NULL: the first) is one of two; `*second` tells which. */
static gboolean
choose (const char *word, const char *first, const char *other, gboolean *second)
{
  *second = g_strcmp0 (word, other) == 0;
  return !word || *second || g_str_equal (word, first);
}

/* What is wrong with the options, or NULL. */
static const char *
find_misuse (const Options *options)
{
  gboolean ignored;
  if (!options->images)
    return "give at least one image";
  if (!options->open.model)
    return "name a model file with --model";
  if (!options->prompt == !options->names)
    return "say what to look for with either --prompt or --name";
  if (options->list_style && !options->names)
    return "--list-style belongs to --name";
  if (!choose (options->list_style, "demo", "evaluation", &ignored))
    return "--list-style can be demo or evaluation";
  if (!choose (options->resize, "antialias", "bilinear", &ignored))
    return "--resize can be antialias or bilinear";
  if (!(options->threshold >= 0 && options->threshold <= 1))
    return "--threshold can be 0 to 1";
  if (options->min_size < 0 || options->min_size > GLIP_MAX_PICTURE ||
      options->max_size < 0 || options->max_size > GLIP_MAX_PICTURE)
    return "--min-size and --max-size can be 1 to 16384, or 0 for the model's";
  if (options->trace && options->images[1])
    return "--trace takes one image only";
  return NULL;
}

static GlipPrompt *
make_prompt (const Options *options, GlipEngine *engine, GError **error)
{
  gboolean evaluation;
  if (options->prompt)
    return glip_prompt_new (engine, options->prompt, error);
  choose (options->list_style, "demo", "evaluation", &evaluation);
  return glip_prompt_new_from_names (engine, (const char *const *) options->names,
      g_strv_length (options->names), evaluation ? GLIP_LIST_EVALUATION : GLIP_LIST_DEMO,
      error);
}

static GlipResult *
detect (const Options *options, GlipEngine *engine, GlipPrompt *prompt, GdkPixbuf *picture,
    GError **error)
{
  const GlipImage image = glip_picture_view (picture);
  gboolean bilinear;
  choose (options->resize, "antialias", "bilinear", &bilinear);
  const GlipDetectOptions detect_options = {
    .threshold = (float) options->threshold,
    .min_size = options->min_size,
    .max_size = options->max_size,
    .resize = bilinear ? GLIP_RESIZE_BILINEAR : GLIP_RESIZE_ANTIALIAS,
  };

  if (!options->trace)
    return glip_engine_detect (engine, &image, prompt, &detect_options, error);
  return glip_engine_detect_traced (
      engine, &image, prompt, &detect_options, options->trace, error);
}

/* "a.png" is "a-2.png" for the second of several images.  (transfer full) */
static char *
number_output (const char *path, guint index, guint n_images)
{
  if (n_images == 1)
    return g_strdup (path);
  const char *slash = strrchr (path, '/'), *dot = strrchr (path, '.');
  if (!dot || dot == path || (slash && dot <= slash + 1))
    dot = path + strlen (path);
  return g_strdup_printf ("%.*s-%u%s", (int) (dot - path), path, index + 1, dot);
}

static gboolean
run_image (const Options *options, GlipEngine *engine, GlipPrompt *prompt, guint index,
    GError **error)
{
  const char *path = options->images[index];
  g_autoptr (GdkPixbuf) picture = glip_picture_load (path, error);
  if (!picture)
    return FALSE;
  g_autoptr (GlipResult) result = detect (options, engine, prompt, picture, error);
  if (!result) {
    g_prefix_error (error, "%s: ", path);
    return FALSE;
  }

  size_t count = glip_result_get_count (result);
  g_autofree const GlipDetection **detections = g_new (const GlipDetection *, count + 1);
  for (size_t i = 0; i < count; i++)
    detections[i] = glip_result_get_detection (result, i);
  const GlipListing listing = { path, gdk_pixbuf_get_width (picture),
    gdk_pixbuf_get_height (picture), glip_prompt_get_text (prompt), detections, count };
  g_autofree char *text =
      options->json ? glip_listing_to_json (&listing) : glip_listing_to_table (&listing);
  fputs (text, stdout);
  fflush (stdout);
  if (!options->output)
    return TRUE;

  g_autofree char *output =
      number_output (options->output, index, g_strv_length (options->images));
  cairo_surface_t *surface = glip_draw_surface_new (picture, error);
  if (!surface)
    return FALSE;
  glip_draw_detections (surface, detections, count);
  gboolean saved = glip_draw_save (surface, output, error);
  cairo_surface_destroy (surface);
  return saved;
}

static int
run_all (const Options *options)
{
  g_autoptr (GError) error = NULL;
  int status = GLIP_EXIT_OK;

  for (char **path = options->images; *path; path++)
    if (!glip_picture_check (*path, &error))
      return glip_cli_fail (&glip_command_detect, "%s", error->message);
  g_autoptr (GlipEngine) engine = glip_open_engine (&options->open, &error);
  g_autoptr (GlipPrompt) prompt = engine ? make_prompt (options, engine, &error) : NULL;
  if (!prompt)
    return glip_cli_fail (&glip_command_detect, "%s", error->message);

  for (guint i = 0; options->images[i]; i++) {
    if (run_image (options, engine, prompt, i, &error))
      continue;
    status = glip_cli_fail (&glip_command_detect, "%s", error->message);
    /* The engine is dead, and so is every further image. */
    if (g_error_matches (error, GLIP_ERROR, GLIP_ERROR_DEVICE_LOST))
      break;
    g_clear_error (&error);
  }
  return status;
}

static int
run (int argc, char **argv)
{
  g_auto (Options) options = { .threshold = DEFAULT_THRESHOLD };
  const GOptionEntry entries[] = {
    GLIP_OPEN_ENTRIES (options.open),
    { "prompt", 'p', 0, G_OPTION_ARG_FILENAME, &options.prompt,
        "What to find: \"person . red car\", or \"a [man] with a [red hat]\"", "TEXT" },
    { "name", 'n', 0, G_OPTION_ARG_FILENAME_ARRAY, &options.names,
        "Instead of --prompt: one thing to find; may be repeated", "NAME" },
    { "list-style", 0, 0, G_OPTION_ARG_FILENAME, &options.list_style,
        "How names become a sentence: demo or evaluation [demo]", "STYLE" },
    { "threshold", 't', 0, G_OPTION_ARG_DOUBLE, &options.threshold,
        "Report scores above this; 0 lists everything [0.5]", "SCORE" },
    { "min-size", 0, 0, G_OPTION_ARG_INT, &options.min_size,
        "Short side of what the network sees [the model's]", "PIXELS" },
    { "max-size", 0, 0, G_OPTION_ARG_INT, &options.max_size,
        "Limit for its long side [the model's, scaled as --min-size]", "PIXELS" },
    { "resize", 0, 0, G_OPTION_ARG_FILENAME, &options.resize,
        "antialias (exact) or bilinear (quick) [antialias]", "HOW" },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &options.json,
        "Print one line of JSON per image", NULL },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output,
        "Write the picture with boxes; several become a-1.png, a-2.png ...", "a.png" },
    { "trace", 0, 0, G_OPTION_ARG_FILENAME, &options.trace,
        "Write every intermediate tensor of one image", "taps.safetensors" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.images, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  int status;

  options.open.command = &glip_command_detect;
  if (!glip_cli_parse (&glip_command_detect, entries, &argc, &argv, &status))
    return status;
  const char *misuse = find_misuse (&options);
  if (misuse)
    return glip_cli_misuse (&glip_command_detect, "%s", misuse);
  return run_all (&options);
}

const GlipSubcommand glip_command_detect = {
  .name = "detect",
  .parameters = "IMAGE...",
  .summary = "Find what a sentence names in PNG or JPEG images",
  .description =
      "Boxes are in pixels of the image as stored (EXIF rotation is not applied), with\n"
      "inclusive corners, best first.  The threshold holds for the table, the JSON and\n"
      "the picture alike.",
  .run = run,
};
