/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * FNV-1a of a phrase, modulo the palette: short, and the same on every machine.
 */
#include "draw/palette.h"

#include <string.h>

uint32_t
glip_palette_choose (const uint32_t *colours, size_t n_colours, const char *text)
{
  static const uint32_t palette[] = { GLIP_PALETTE_ORANGE, GLIP_PALETTE_SKY_BLUE,
    GLIP_PALETTE_GREEN, GLIP_PALETTE_YELLOW, GLIP_PALETTE_BLUE, GLIP_PALETTE_VERMILLION,
    GLIP_PALETTE_PURPLE };
  uint32_t hash = 2166136261u;

  for (const char *at = text; *at; at++)
    hash = (hash ^ (uint8_t) *at) * 16777619u;
  if (!colours || !n_colours)
    return palette[hash % G_N_ELEMENTS (palette)];
  return colours[hash % n_colours];
}

/* By the luminance of ITU-R BT.601. */
uint32_t
glip_palette_choose_ink (uint32_t colour)
{
  uint32_t luminance =
      299 * (colour >> 16 & 255) + 587 * (colour >> 8 & 255) + 114 * (colour & 255);
  return luminance > 128000 ? 0x000000 : 0xffffff;
}

uint32_t *
glip_palette_parse (const char *list, size_t *n_colours)
{
  g_auto (GStrv) words = g_strsplit_set (list, ", \t\n", -1);
  g_autofree uint32_t *colours = g_new (uint32_t, g_strv_length (words) + 1);

  *n_colours = 0;
  for (char **word = words; *word; word++) {
    guint64 colour;
    const char *digits = **word == '#' ? *word + 1 : *word;
    if (!**word)
      continue;
    if (strlen (digits) != 6
        || !g_ascii_string_to_unsigned (digits, 16, 0, 0xffffff, &colour, NULL))
      return NULL;
    colours[(*n_colours)++] = (uint32_t) colour;
  }
  return *n_colours ? g_steal_pointer (&colours) : NULL;
}
