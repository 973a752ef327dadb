/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Drawing onto small surfaces, checked pixel by pixel: frames in their colour at
 * the inclusive corners, labels within the picture, texts that look like markup.
 */
#include "cli/draw.h"
#include "images.h"

#include <string.h>

static cairo_surface_t *
new_surface (int width, int height)
{
  cairo_surface_t *surface =
      cairo_image_surface_create (CAIRO_FORMAT_RGB24, width, height);
  g_assert_cmpint (cairo_surface_status (surface), ==, CAIRO_STATUS_SUCCESS);
  return surface;
}

static uint32_t
pixel (cairo_surface_t *surface, int x, int y)
{
  cairo_surface_flush (surface);
  const uint8_t *data = cairo_image_surface_get_data (surface);
  uint32_t value;
  memcpy (&value, data + y * cairo_image_surface_get_stride (surface) + 4 * x, 4);
  return value & 0xffffff;
}

static size_t
count_pixels (cairo_surface_t *surface, uint32_t colour, gboolean equal)
{
  size_t count = 0;
  for (int y = 0; y < cairo_image_surface_get_height (surface); y++)
    for (int x = 0; x < cairo_image_surface_get_width (surface); x++)
      count += (pixel (surface, x, y) == colour) == equal;
  return count;
}

static void
draw_one (cairo_surface_t *surface, const char *phrase, float x0, float y0, float x1,
    float y1)
{
  const GlipDetection detection = { phrase, 0, 0, 1, 0.875f, x0, y0, x1, y1 };
  const GlipDetection *const detections[] = { &detection };
  glip_draw_detections (surface, detections, 1);
  g_assert_cmpint (cairo_surface_status (surface), ==, CAIRO_STATUS_SUCCESS);
}

static void
test_frame (void)
{
  cairo_surface_t *surface = new_surface (200, 150);
  uint32_t colour = glip_draw_get_colour ("cat");
  draw_one (surface, "cat", 40, 60, 159, 119);

  const int corners[4][2] = { { 40, 60 }, { 159, 60 }, { 40, 119 }, { 159, 119 } };
  for (int i = 0; i < 4; i++)
    g_assert_cmphex (pixel (surface, corners[i][0], corners[i][1]), ==, colour);
  /* Two pixels wide, inside the box, and nothing beyond. */
  g_assert_cmphex (pixel (surface, 41, 90), ==, colour);
  g_assert_cmphex (pixel (surface, 42, 90), ==, 0);
  g_assert_cmphex (pixel (surface, 39, 90), ==, 0);
  g_assert_cmphex (pixel (surface, 158, 90), ==, colour);
  g_assert_cmphex (pixel (surface, 160, 90), ==, 0);
  g_assert_cmphex (pixel (surface, 100, 120), ==, 0);
  /* The label lies above: its corner is coloured, its text is not all colour. */
  g_assert_cmphex (pixel (surface, 40, 58), ==, colour);
  g_assert_cmphex (pixel (surface, 40, 30), ==, 0);
  cairo_surface_destroy (surface);
}

static void
test_order (void)
{
  const GlipDetection first = { "cat", 0, 0, 1, 0.9f, 20, 60, 119, 109 };
  GlipDetection second = first;
  cairo_surface_t *surface = new_surface (200, 150);
  second.phrase = "dog";
  const GlipDetection *const detections[] = { &first, &second };
  g_assert_cmphex (glip_draw_get_colour ("cat"), !=, glip_draw_get_colour ("dog"));
  glip_draw_detections (surface, detections, 2);
  g_assert_cmphex (pixel (surface, 20, 100), ==, glip_draw_get_colour ("cat"));
  cairo_surface_destroy (surface);
}

/* Wherever the box is, the label's background is as tall and wide as in the open. */
static void
test_label_inside (void)
{
  static const float boxes[][4] = { { 0, 0, 3, 3 }, { 296, 0, 299, 3 }, { 0, 196, 3, 199 },
    { 296, 196, 299, 199 }, { 150, 100, 153, 103 } };
  uint32_t colour = glip_draw_get_colour ("zebra");
  size_t counts[G_N_ELEMENTS (boxes)];

  for (size_t i = 0; i < G_N_ELEMENTS (boxes); i++) {
    cairo_surface_t *surface = new_surface (300, 200);
    draw_one (surface, "zebra", boxes[i][0], boxes[i][1], boxes[i][2], boxes[i][3]);
    counts[i] = count_pixels (surface, 0, FALSE);
    g_assert_cmpuint (count_pixels (surface, colour, TRUE), >, 300);
    cairo_surface_destroy (surface);
  }
  for (size_t i = 0; i < G_N_ELEMENTS (boxes); i++)
    g_assert_cmpuint (counts[i] + 120, >, counts[4]);
}

static size_t
count_drawn (const char *phrase)
{
  cairo_surface_t *surface = new_surface (400, 100);
  draw_one (surface, phrase, 10, 50, 390, 90);
  size_t drawn = 0;
  for (int y = 0; y < 50; y++)
    for (int x = 0; x < 400; x++)
      drawn += pixel (surface, x, y) != 0;
  cairo_surface_destroy (surface);
  return drawn;
}

/* As markup the first would be as short as the second, and "<b>&" nothing. */
static void
test_markup_is_text (void)
{
  g_assert_cmpuint (count_drawn ("<b>cat</b>"), >, count_drawn ("cat") * 5 / 4);
  g_assert_cmpuint (count_drawn ("<b>&"), >, 500);
  g_assert_cmpuint (count_drawn ("&amp;&amp;"), >, count_drawn ("&&") * 5 / 4);
}

static void
test_texts (void)
{
  static const char *const texts[] = { "", " ", "紅い車", "سيارة حمراء", "שלום", "🚗👩‍👩‍👧",
    "e\xcc\x81\xcc\x81\xcc\x81", "a\nb\nc", "tab\there", "\xff\xfe", "\xe2\x80\xaereversed",
    "%s %n %d", "\x01\x02" };
  for (size_t i = 0; i < G_N_ELEMENTS (texts); i++) {
    size_t drawn = count_drawn (texts[i]);
    g_assert_cmpuint (drawn, >, 100);      /* the score at least */
    g_assert_cmpuint (drawn, <, 400 * 30); /* and one line only */
  }
}

static void
test_long_text (void)
{
  g_autofree char *text = g_strnfill (20000, 'w');
  size_t drawn = count_drawn (text);
  g_assert_cmpuint (drawn, >, 390 * 12);
  g_assert_cmpuint (drawn, <, 400 * 30);
}

static void
test_odd_boxes (void)
{
  static const float boxes[][4] = { { 0, 0, 0, 0 }, { 5, 5, 4.2f, 4.2f }, { 0, 0, 9, 9 },
    { -3, -3, 100, 100 }, { 9, 9, 9, 9 } };
  for (int size = 1; size <= 10; size += 3)
    for (size_t i = 0; i < G_N_ELEMENTS (boxes); i++) {
      cairo_surface_t *surface = new_surface (size, 11 - size);
      draw_one (surface, "cat", boxes[i][0], boxes[i][1], boxes[i][2], boxes[i][3]);
      cairo_surface_destroy (surface);
    }
}

static void
test_colours (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  for (int i = 0; i < 200; i++) {
    g_autofree char *phrase = g_strdup_printf ("phrase %d", i);
    g_hash_table_add (seen, GUINT_TO_POINTER (glip_draw_get_colour (phrase)));
  }
  g_assert_cmpuint (g_hash_table_size (seen), ==, 7);
  /* Stable from run to run: the hash of nothing is 2166136261, 2 modulo 7. */
  g_assert_cmphex (glip_draw_get_colour (""), ==, 0x009e73);
}

/* Alpha is dropped and not blended on the way to the surface and the file. */
static void
test_round_trip (void)
{
  g_autoptr (GdkPixbuf) picture = gdk_pixbuf_new (GDK_COLORSPACE_RGB, TRUE, 8, 5, 3);
  g_autofree char *path = glip_scratch_path ("drawn.png");
  g_autofree char *nowhere = glip_scratch_path ("no/such/drawn.png");
  g_autoptr (GError) error = NULL;

  gdk_pixbuf_fill (picture, 0x11223300);
  cairo_surface_t *surface = glip_draw_surface_new (picture, &error);
  g_assert_no_error (error);
  g_assert_cmphex (pixel (surface, 4, 2), ==, 0x112233);
  g_assert_true (glip_draw_save (surface, path, &error));
  g_assert_no_error (error);

  g_autoptr (GdkPixbuf) read = gdk_pixbuf_new_from_file (path, &error);
  g_assert_no_error (error);
  g_assert_false (gdk_pixbuf_get_has_alpha (read));
  g_assert_cmpmem (gdk_pixbuf_read_pixels (read), 3, "\x11\x22\x33", 3);

  g_assert_false (glip_draw_save (surface, nowhere, &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_IO);
  g_assert_nonnull (strstr (error->message, "no/such/drawn.png"));
  cairo_surface_destroy (surface);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/draw/frame", test_frame);
  g_test_add_func ("/draw/order", test_order);
  g_test_add_func ("/draw/label-inside", test_label_inside);
  g_test_add_func ("/draw/markup-is-text", test_markup_is_text);
  g_test_add_func ("/draw/texts", test_texts);
  g_test_add_func ("/draw/long-text", test_long_text);
  g_test_add_func ("/draw/odd-boxes", test_odd_boxes);
  g_test_add_func ("/draw/colours", test_colours);
  g_test_add_func ("/draw/round-trip", test_round_trip);
  int status = g_test_run ();
  glip_scratch_clear ();
  return status;
}
