/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Only the two formats are let through to gdk-pixbuf's loaders: others, such as
 * SVG, are programs of their own that a detector has no business running.
 */
#include "cli/picture.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static gboolean
is_filled_file (const char *path, GError **error)
{
  struct stat status;
  const char *wrong = NULL;

  if (stat (path, &status) != 0)
    wrong = g_strerror (errno);
  else if (S_ISDIR (status.st_mode))
    wrong = "is a directory, not an image";
  else if (!S_ISREG (status.st_mode))
    wrong = "is not a regular file";
  else if (status.st_size == 0)
    wrong = "is empty";
  if (wrong)
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_IO, "%s: %s", path, wrong);
  return wrong == NULL;
}

static gboolean
check_size (const char *path, int width, int height, GError **error)
{
  if (width >= 1 && height >= 1 && width <= GLIP_MAX_PICTURE && height <= GLIP_MAX_PICTURE)
    return TRUE;
  g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_IMAGE,
      "%s: %dx%d pixels; the size may be 1x1 to %dx%d", path, width, height,
      GLIP_MAX_PICTURE, GLIP_MAX_PICTURE);
  return FALSE;
}

gboolean
glip_picture_check (const char *path, GError **error)
{
  int width = 0, height = 0;
  if (!is_filled_file (path, error))
    return FALSE;

  GdkPixbufFormat *format = gdk_pixbuf_get_file_info (path, &width, &height);
  g_autofree char *name = format ? gdk_pixbuf_format_get_name (format) : NULL;
  if (!name || !(g_str_equal (name, "png") || g_str_equal (name, "jpeg"))) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_IMAGE,
        "%s: not a PNG or JPEG image, or its header is damaged", path);
    return FALSE;
  }
  return check_size (path, width, height, error);
}

GdkPixbuf *
glip_picture_load (const char *path, GError **error)
{
  g_autoptr (GError) inner = NULL;

  if (!glip_picture_check (path, error))
    return NULL;
  /* Not from a stream: gdk-pixbuf's incremental loader takes a file that is cut short
   * for a whole one. */
  g_autoptr (GdkPixbuf) picture = gdk_pixbuf_new_from_file (path, &inner);
  if (!picture) {
    /* The message begins with the file's name in quotes. */
    const char *quote = strstr (inner->message, "”: ");
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_IMAGE, "%s: %s", path,
        quote ? quote + strlen ("”: ") : inner->message);
    return NULL;
  }
  /* The file may be another one by now. */
  if (!check_size (path, gdk_pixbuf_get_width (picture), gdk_pixbuf_get_height (picture),
          error))
    return NULL;
  return g_steal_pointer (&picture);
}

GlipImage
glip_picture_view (GdkPixbuf *picture)
{
  return (GlipImage) {
    .format = gdk_pixbuf_get_has_alpha (picture) ? GLIP_FORMAT_RGBA : GLIP_FORMAT_RGB,
    .width = gdk_pixbuf_get_width (picture),
    .height = gdk_pixbuf_get_height (picture),
    .planes = { gdk_pixbuf_read_pixels (picture) },
    .strides = { (size_t) gdk_pixbuf_get_rowstride (picture) },
  };
}
