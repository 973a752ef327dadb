/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Loading pictures: which samples come out, and what is refused with which words.
 */
#include "cli/picture.h"
#include "images.h"

#include <glib/gstdio.h>
#include <string.h>

static GdkPixbuf *
load_png (uint32_t width, uint32_t height, int depth, GlipPngColour colour,
    const uint8_t *data, size_t size)
{
  g_autoptr (GByteArray) png = glip_png_new (width, height, depth, colour, data, size);
  g_autofree char *path = glip_scratch_write ("picture.png", png->data, png->len);
  g_autoptr (GError) error = NULL;
  GdkPixbuf *picture = glip_picture_load (path, &error);
  g_assert_no_error (error);
  return picture;
}

static void
test_rgb (void)
{
  const uint8_t data[] = { 0, 1, 2, 3, 4, 5, 6, 0, 7, 8, 9, 250, 251, 252 };
  g_autoptr (GdkPixbuf) picture = load_png (2, 2, 8, GLIP_PNG_RGB, data, sizeof data);
  GlipImage image = glip_picture_view (picture);
  g_assert_cmpint (image.format, ==, GLIP_FORMAT_RGB);
  g_assert_cmpint (image.width, ==, 2);
  g_assert_cmpint (image.height, ==, 2);
  g_assert_cmpmem (image.planes[0], 6, data + 1, 6);
  g_assert_cmpmem (image.planes[0] + image.strides[0], 6, data + 8, 6);
}

/* A transparent pixel keeps the colour that is stored. */
static void
test_alpha (void)
{
  const uint8_t data[] = { 0, 200, 100, 50, 0, 10, 20, 30, 128 };
  g_autoptr (GdkPixbuf) picture = load_png (2, 1, 8, GLIP_PNG_RGBA, data, sizeof data);
  GlipImage image = glip_picture_view (picture);
  g_assert_cmpint (image.format, ==, GLIP_FORMAT_RGBA);
  g_assert_cmpmem (image.planes[0], 3, data + 1, 3);
  g_assert_cmpmem (image.planes[0] + 4, 3, data + 5, 3);
}

static void
test_gray (void)
{
  const uint8_t data[] = { 0, 77 }, expected[] = { 77, 77, 77 };
  g_autoptr (GdkPixbuf) picture = load_png (1, 1, 8, GLIP_PNG_GRAY, data, sizeof data);
  GlipImage image = glip_picture_view (picture);
  g_assert_cmpint (image.format, ==, GLIP_FORMAT_RGB);
  g_assert_cmpmem (image.planes[0], 3, expected, 3);
}

static void
test_16_bit (void)
{
  const uint8_t data[] = { 0, 0x12, 0x10, 0x80, 0x20, 0xff, 0xff }, high[] = { 0x12, 0x80,
    0xff };
  g_autoptr (GdkPixbuf) picture = load_png (1, 1, 16, GLIP_PNG_RGB, data, sizeof data);
  GlipImage image = glip_picture_view (picture);
  g_assert_cmpmem (image.planes[0], 3, high, 3);
}

/* A JPEG that asks to be turned by 90 degrees stays as it is stored. */
static void
test_no_rotation (void)
{
  static const uint8_t exif[] = { 0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0,
    42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0 };
  g_autoptr (GdkPixbuf) stored = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, 24, 8);
  g_autoptr (GError) error = NULL;
  g_autofree char *plain = NULL;
  size_t size;

  gdk_pixbuf_fill (stored, 0x20406000);
  gdk_pixbuf_save_to_buffer (stored, &plain, &size, "jpeg", &error, NULL);
  g_assert_no_error (error);
  g_autoptr (GByteArray) turned = g_byte_array_new ();
  g_byte_array_append (turned, (const uint8_t *) plain, 2);
  g_byte_array_append (turned, exif, sizeof exif);
  g_byte_array_append (turned, (const uint8_t *) plain + 2, (guint) size - 2);
  g_autofree char *path = glip_scratch_write ("turned.jpg", turned->data, turned->len);

  g_autoptr (GdkPixbuf) picture = glip_picture_load (path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (gdk_pixbuf_get_option (picture, "orientation"), ==, "6");
  g_assert_cmpint (glip_picture_view (picture).width, ==, 24);
  g_assert_cmpint (glip_picture_view (picture).height, ==, 8);
}

static void
assert_refused (const char *path, int code, const char *words, gboolean early)
{
  g_autoptr (GError) error = NULL, check_error = NULL;
  g_autoptr (GdkPixbuf) picture = glip_picture_load (path, &error);
  g_assert_null (picture);
  g_assert_error (error, GLIP_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, words));
  g_assert_true (g_str_has_prefix (error->message, path));
  g_assert_null (strchr (error->message, '\n'));
  g_assert_cmpint (glip_picture_check (path, &check_error), ==, !early);
}

static void
test_bad_files (void)
{
  static const uint8_t noise[40 * 121];
  static const char svg[] = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>";
  static const char gif[] = "GIF89a\1\0\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;";
  g_autoptr (GByteArray) png = glip_png_new (40, 40, 8, GLIP_PNG_RGB, noise, sizeof noise);
  g_autoptr (GByteArray) wide = glip_png_new (16385, 1, 8, GLIP_PNG_RGB, noise, 9);
  g_autoptr (GByteArray) huge =
      glip_png_new (0x7fffffff, 0x7fffffff, 8, GLIP_PNG_RGB, noise, 9);
  const struct {
    const char *name;
    const void *data;
    size_t size;
    int code;
    const char *words;
    gboolean early; /* the header alone tells */
  } cases[] = {
    { "empty.png", "", 0, GLIP_ERROR_IO, "is empty", TRUE },
    { "text.png", "hello, world\n", 13, GLIP_ERROR_BAD_IMAGE, "not a PNG or JPEG", TRUE },
    { "a.svg", svg, sizeof svg - 1, GLIP_ERROR_BAD_IMAGE, "not a PNG or JPEG", TRUE },
    { "a.gif", gif, sizeof gif - 1, GLIP_ERROR_BAD_IMAGE, "not a PNG or JPEG", TRUE },
    { "zero.jpg", noise, sizeof noise, GLIP_ERROR_BAD_IMAGE, "not a PNG or JPEG", TRUE },
    { "cut.png", png->data, 600, GLIP_ERROR_BAD_IMAGE, ": ", FALSE },
    { "wide.png", wide->data, wide->len, GLIP_ERROR_BAD_IMAGE, "16385x1", TRUE },
    { "huge.png", huge->data, huge->len, GLIP_ERROR_BAD_IMAGE, ": ", TRUE },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path =
        glip_scratch_write (cases[i].name, cases[i].data, cases[i].size);
    assert_refused (path, cases[i].code, cases[i].words, cases[i].early);
  }
}

/* However much of a PNG is missing, there is an error and no picture. */
static void
test_every_truncation (void)
{
  static const uint8_t noise[4 * 13];
  g_autoptr (GByteArray) png = glip_png_new (4, 4, 8, GLIP_PNG_RGB, noise, sizeof noise);
  for (guint size = 1; size < 41 + 40; size++) {
    g_autofree char *path = glip_scratch_write ("cut.png", png->data, size);
    g_autoptr (GError) error = NULL;
    g_autoptr (GdkPixbuf) picture = glip_picture_load (path, &error);
    g_assert_null (picture);
    g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_IMAGE);
  }
}

static void
test_no_file (void)
{
  g_autofree char *missing = glip_scratch_path ("missing.png");
  g_autofree char *folder = glip_scratch_path (".");
  assert_refused (missing, GLIP_ERROR_IO, "No such file", TRUE);
  assert_refused (folder, GLIP_ERROR_IO, "is a directory", TRUE);
  assert_refused ("/dev/null", GLIP_ERROR_IO, "not a regular file", TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/picture/rgb", test_rgb);
  g_test_add_func ("/picture/alpha", test_alpha);
  g_test_add_func ("/picture/gray", test_gray);
  g_test_add_func ("/picture/16-bit", test_16_bit);
  g_test_add_func ("/picture/no-rotation", test_no_rotation);
  g_test_add_func ("/picture/bad-files", test_bad_files);
  g_test_add_func ("/picture/every-truncation", test_every_truncation);
  g_test_add_func ("/picture/no-file", test_no_file);
  int status = g_test_run ();
  glip_scratch_clear ();
  return status;
}
