/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The text of detections: exact bytes for a plain case, a parser's view of the
 * nasty ones.
 */
#include "cli/listing.h"
#include "listing.h"

#include <locale.h>

static const GlipDetection cat = { "cat", 0, 3, 1, 0.87654321f, 1, 2.5f, 30.0625f, 40 };

static void
test_json (void)
{
  const GlipDetection *const detections[] = { &cat };
  const GlipListing listing = { "a.png", 64, 48, "cat . dog", detections, 1 };
  g_autofree char *json = glip_listing_to_json (&listing);
  g_assert_cmpstr (json, ==,
      "{\"image\": \"a.png\", \"width\": 64, \"height\": 48, \"prompt\": \"cat . dog\", "
      "\"detections\": [{\"phrase\": \"cat\", \"score\": 0.876543, \"box\": [1.000, 2.500, "
      "30.062, 40.000], \"span\": [0, 3], \"label\": 1}]}\n");

  const GlipListing empty = { "a.png", 1, 1, "x", NULL, 0 };
  g_autofree char *nothing = glip_listing_to_json (&empty);
  g_autoptr (GPtrArray) images = glip_listed_images_parse (nothing);
  const GlipListedImage *image = g_ptr_array_index (images, 0);
  g_assert_cmpuint (image->detections->len, ==, 0);
}

static void
test_json_strings (void)
{
  static const struct {
    const char *given, *read;
  } cases[] = {
    { "plain", "plain" },
    { "", "" },
    { "a \"b\" \\ /c", "a \"b\" \\ /c" },
    { "line\nbreak\ttab\rret\x01\x1f\x7f", "line\nbreak\ttab\rret\x01\x1f\x7f" },
    { "紅い車 سيارة 🚗", "紅い車 سيارة 🚗" },
    { "bad \xff byte", "bad \xef\xbf\xbd byte" },
    { "{}[],:", "{}[],:" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    GlipDetection detection = cat;
    detection.phrase = cases[i].given;
    const GlipDetection *const detections[] = { &detection, &cat };
    const GlipListing listing = { cases[i].given, 3, 4, cases[i].given, detections, 2 };
    g_autofree char *json = glip_listing_to_json (&listing);
    g_autoptr (GPtrArray) images = glip_listed_images_parse (json);
    g_assert_cmpuint (images->len, ==, 1);
    const GlipListedImage *image = g_ptr_array_index (images, 0);
    const GlipListedDetection *first =
        &g_array_index (image->detections, GlipListedDetection, 0);
    g_assert_cmpstr (image->image, ==, cases[i].read);
    g_assert_cmpstr (image->prompt, ==, cases[i].read);
    g_assert_cmpstr (first->phrase, ==, cases[i].read);
    g_assert_cmpuint (image->detections->len, ==, 2);
    g_assert_cmpint (image->width, ==, 3);
    g_assert_cmpint (image->height, ==, 4);
    g_assert_cmpint (first->label, ==, 1);
    g_assert_cmpint (first->span[1], ==, 3);
    g_assert_cmpfloat_with_epsilon (first->box[2], 30.0625, 0.0006);
  }
}

/* Numbers keep their point where the locale writes a comma. */
static void
test_locale (void)
{
  static const char *const names[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "fr_FR" };
  gboolean set = FALSE;
  for (size_t i = 0; !set && i < G_N_ELEMENTS (names); i++)
    set = setlocale (LC_NUMERIC, names[i]) != NULL;
  if (!set) {
    g_test_skip ("no locale with a decimal comma is installed");
    return;
  }
  test_json ();
  setlocale (LC_NUMERIC, "C");
}

static void
test_table (void)
{
  GlipDetection odd = cat;
  odd.phrase = "red\ncar";
  odd.score = 0.5f;
  const GlipDetection *const detections[] = { &cat, &odd };
  const GlipListing listing = { "b\n.png", 640, 480, "cat", detections, 2 };
  g_autofree char *table = glip_listing_to_table (&listing);
  g_assert_cmpstr (table, ==,
      "b .png: 640x480, 2 detections\n"
      "   score        x0        y0        x1        y1  phrase\n"
      "   0.877       1.0       2.5      30.1      40.0  cat\n"
      "   0.500       1.0       2.5      30.1      40.0  red car\n");

  const GlipListing one = { "c", 1, 1, "cat", detections, 1 };
  g_autofree char *single = glip_listing_to_table (&one);
  g_assert_true (g_str_has_prefix (single, "c: 1x1, 1 detection\n"));
  const GlipListing none = { "c", 1, 1, "cat", NULL, 0 };
  g_autofree char *empty = glip_listing_to_table (&none);
  g_assert_cmpstr (empty, ==, "c: 1x1, 0 detections\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/listing/json", test_json);
  g_test_add_func ("/listing/json-strings", test_json_strings);
  g_test_add_func ("/listing/locale", test_locale);
  g_test_add_func ("/listing/table", test_table);
  return g_test_run ();
}
