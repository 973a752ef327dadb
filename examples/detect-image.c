/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * libglip without GStreamer: finds in a picture what a sentence names.
 *
 *   detect-image MODEL PICTURE PROMPT
 *
 * prints a line a detection: score, corners in pixels, phrase.  gdk-pixbuf is here
 * only to read the picture; any pointer to pixels will do.
 */
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glip.h>
#include <stdio.h>

static GlipResult *
detect (const char *model_path, GdkPixbuf *picture, const char *text, GError **error)
{
  g_autoptr (GlipModel) model = glip_model_open (model_path, error);
  if (!model)
    return NULL;
  /* No options: the best device, nothing cached. */
  g_autoptr (GlipEngine) engine = glip_engine_new (model, NULL, error);
  if (!engine)
    return NULL;
  g_autoptr (GlipPrompt) prompt = glip_prompt_new (engine, text, error);
  if (!prompt)
    return NULL;

  const GlipImage image = {
    .format = gdk_pixbuf_get_has_alpha (picture) ? GLIP_FORMAT_RGBA : GLIP_FORMAT_RGB,
    .width = gdk_pixbuf_get_width (picture),
    .height = gdk_pixbuf_get_height (picture),
    .planes = { gdk_pixbuf_read_pixels (picture) },
    .strides = { (size_t) gdk_pixbuf_get_rowstride (picture) },
  };
  const GlipDetectOptions options = { .threshold = 0.35f };
  return glip_engine_detect (engine, &image, prompt, &options, error);
}

int
main (int argc, char **argv)
{
  if (argc != 4) {
    fprintf (stderr, "Usage: %s MODEL PICTURE PROMPT\n", argv[0]);
    return 2;
  }

  g_autoptr (GError) error = NULL;
  g_autoptr (GdkPixbuf) picture = gdk_pixbuf_new_from_file (argv[2], &error);
  g_autoptr (GlipResult) result = NULL;
  if (picture)
    result = detect (argv[1], picture, argv[3], &error);
  if (!result) {
    fprintf (stderr, "%s: %s\n", argv[0], error->message);
    return 1;
  }

  for (size_t i = 0; i < glip_result_get_count (result); i++) {
    const GlipDetection *d = glip_result_get_detection (result, i);
    printf ("%.3f  %.1f %.1f %.1f %.1f  %s\n",
        d->score, d->x0, d->y0, d->x1, d->y1, d->phrase);
  }
  return 0;
}
