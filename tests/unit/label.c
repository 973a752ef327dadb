/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Colours and labels without any drawing: hashes, lists of colours, shortened text,
 * and places that stay in the frame and off each other.
 */
#include "draw/label.h"
#include "draw/palette.h"

static void
test_choose (void)
{
  const uint32_t own[] = { 1, 2, 3 };
  /* The hash of nothing is 2166136261, 2 modulo 7 and 1 modulo 3. */
  g_assert_cmphex (glip_palette_choose (NULL, 0, ""), ==, GLIP_PALETTE_GREEN);
  g_assert_cmphex (glip_palette_choose (own, 3, ""), ==, 2);
  g_assert_cmphex (glip_palette_choose_ink (0xffff00), ==, 0x000000);
  g_assert_cmphex (glip_palette_choose_ink (0x0000ff), ==, 0xffffff);
}

static void
test_parse (void)
{
  static const char *const wrong[] = { "", " ,", "red", "#12345", "#1234567", "#12345g", "#+12345",
    "#123456;#123456", "# 12345", "0x1234" };
  size_t n;

  for (size_t i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_null (glip_palette_parse (wrong[i], &n));
  g_autofree uint32_t *colours = glip_palette_parse ("#e69f00, 56B4E9", &n);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmphex (colours[0], ==, GLIP_PALETTE_ORANGE);
  g_assert_cmphex (colours[1], ==, GLIP_PALETTE_SKY_BLUE);
}

static void
test_shorten (void)
{
  static const struct {
    const char *text;
    size_t max;
    const char *expected;
  } cases[] = { { "", 4, "" }, { "cats", 4, "cats" }, { "a cat", 4, "a c…" }, { "红色汽车", 3, "红色…" },
    { "ae\xcc\x81\xcc\x82zz", 4, "a…" }, { "\xff", 4, "\xef\xbf\xbd" }, { "ab", 1, "…" } };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *text = glip_label_shorten (cases[i].text, cases[i].max);
    g_assert_cmpstr (text, ==, cases[i].expected);
  }
}

static gboolean
overlap (const GlipRectangle *a, const GlipRectangle *b)
{
  return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height
      && b->y < a->y + a->height;
}

static void
test_place (void)
{
  const GlipRectangle box = { 20, 40, 50, 30 };
  GlipRectangle taken[6];

  GlipRectangle place = glip_label_place (GLIP_LABEL_AUTO, 100, 100, &box, 30, 10, NULL, 0);
  g_assert_cmpint (place.x, ==, 20);
  g_assert_cmpint (place.y, ==, 30);
  place = glip_label_place (GLIP_LABEL_INSIDE, 100, 100, &box, 30, 10, NULL, 0);
  g_assert_cmpint (place.y, ==, 40);
  place = glip_label_place (GLIP_LABEL_BOTTOM, 100, 100, &box, 30, 10, NULL, 0);
  g_assert_cmpint (place.y, ==, 70);
  /* Larger than the frame: at its origin. */
  place = glip_label_place (GLIP_LABEL_AUTO, 20, 5, &box, 30, 10, NULL, 0);
  g_assert_true (place.x == 0 && place.y == 0);

  for (size_t i = 0; i < G_N_ELEMENTS (taken); i++) {
    taken[i] = glip_label_place (GLIP_LABEL_AUTO, 100, 100, &box, 60, 10, taken, i);
    g_assert_true (taken[i].x >= 0 && taken[i].x <= 40 && taken[i].y >= 0 && taken[i].y <= 90);
    for (size_t j = 0; j < i; j++)
      g_assert_false (overlap (&taken[i], &taken[j]));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/label/choose", test_choose);
  g_test_add_func ("/label/parse", test_parse);
  g_test_add_func ("/label/shorten", test_shorten);
  g_test_add_func ("/label/place", test_place);
  return g_test_run ();
}
