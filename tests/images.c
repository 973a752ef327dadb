/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * PNG is simple when nothing is compressed: zlib allows a stored block, and all that
 * remains are two check sums.
 */
#include "images.h"

#include <glib/gstdio.h>
#include <string.h>

static char *scratch;

static void
append_big_endian (GByteArray *bytes, uint32_t value)
{
  value = GUINT32_TO_BE (value);
  g_byte_array_append (bytes, (const uint8_t *) &value, 4);
}

static uint32_t
compute_crc (const uint8_t *data, size_t size)
{
  uint32_t crc = 0xffffffff;
  for (size_t i = 0; i < size; i++) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; bit++)
      crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

static uint32_t
compute_adler (const uint8_t *data, size_t size)
{
  uint32_t a = 1, b = 0;
  for (size_t i = 0; i < size; i++)
    a = (a + data[i]) % 65521, b = (b + a) % 65521;
  return b << 16 | a;
}

static void
append_chunk (GByteArray *png, const char *type, const GByteArray *body)
{
  append_big_endian (png, body->len);
  guint start = png->len;
  g_byte_array_append (png, (const uint8_t *) type, 4);
  g_byte_array_append (png, body->data, body->len);
  append_big_endian (png, compute_crc (png->data + start, png->len - start));
}

/* A zlib stream of stored blocks, of which one has at most 65535 bytes. */
static void
append_stored (GByteArray *bytes, const uint8_t *data, size_t size)
{
  g_byte_array_append (bytes, (const uint8_t *) "\x78\x01", 2);
  for (size_t done = 0; done == 0 || done < size;) {
    size_t part = MIN (size - done, 65535);
    const uint8_t head[5] = { done + part == size, (uint8_t) part, (uint8_t) (part >> 8),
      (uint8_t) ~part, (uint8_t) (~part >> 8) };
    g_byte_array_append (bytes, head, sizeof head);
    if (part == 0)
      return;
    g_byte_array_append (bytes, data + done, (guint) part);
    done += part;
  }
}

GByteArray *
glip_png_new (uint32_t width, uint32_t height, int depth, GlipPngColour colour,
    const uint8_t *data, size_t size)
{
  const uint8_t form[5] = { (uint8_t) depth, (uint8_t) colour, 0, 0, 0 };
  g_autoptr (GByteArray) header = g_byte_array_new ();
  g_autoptr (GByteArray) body = g_byte_array_new ();
  g_autoptr (GByteArray) empty = g_byte_array_new ();
  GByteArray *png = g_byte_array_new ();

  append_big_endian (header, width);
  append_big_endian (header, height);
  g_byte_array_append (header, form, sizeof form);
  append_stored (body, data, size);
  append_big_endian (body, compute_adler (data, size));

  g_byte_array_append (png, (const uint8_t *) "\x89PNG\r\n\x1a\n", 8);
  append_chunk (png, "IHDR", header);
  append_chunk (png, "IDAT", body);
  append_chunk (png, "IEND", empty);
  return png;
}

char *
glip_scratch_path (const char *name)
{
  if (!scratch) {
    g_autoptr (GError) error = NULL;
    scratch = g_dir_make_tmp ("glip-test-XXXXXX", &error);
    g_assert_no_error (error);
  }
  return g_build_filename (scratch, name, NULL);
}

char *
glip_scratch_write (const char *name, const void *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  char *path = glip_scratch_path (name);
  g_file_set_contents (path, data, (gssize) size, &error);
  g_assert_no_error (error);
  return path;
}

void
glip_scratch_clear (void)
{
  if (!scratch)
    return;
  g_autoptr (GDir) folder = g_dir_open (scratch, 0, NULL);
  for (const char *name; folder && (name = g_dir_read_name (folder));) {
    g_autofree char *path = g_build_filename (scratch, name, NULL);
    g_assert_cmpint (g_remove (path), ==, 0);
  }
  g_assert_cmpint (g_rmdir (scratch), ==, 0);
  g_clear_pointer (&scratch, g_free);
}
