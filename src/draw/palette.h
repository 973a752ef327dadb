/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The colours of phrases.  A phrase has the same colour in every run, picture and
 * stream, since a hash of its bytes chooses from a palette that colour-blind
 * people can tell apart (Okabe and Ito, 2008).  All functions: any thread.
 */
#ifndef GLIP_DRAW_PALETTE_H
#define GLIP_DRAW_PALETTE_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#define GLIP_PALETTE_ORANGE 0xe69f00
#define GLIP_PALETTE_SKY_BLUE 0x56b4e9
#define GLIP_PALETTE_GREEN 0x009e73
#define GLIP_PALETTE_YELLOW 0xf0e442
#define GLIP_PALETTE_BLUE 0x0072b2
#define GLIP_PALETTE_VERMILLION 0xd55e00
#define GLIP_PALETTE_PURPLE 0xcc79a7

/* 0xRRGGBB of `text`, out of `colours` or, where that is NULL, of the palette above. */
uint32_t glip_palette_choose (const uint32_t *colours, size_t n_colours, const char *text);

/* Black or white, whichever reads better on `colour`. */
uint32_t glip_palette_choose_ink (uint32_t colour);

/* The colours of a list such as "#e69f00, #56b4e9", each 0xRRGGBB.  NULL where one is
 * something else, or when there is none.  (transfer full) */
uint32_t *glip_palette_parse (const char *list, size_t *n_colours);

#endif /* GLIP_DRAW_PALETTE_H */
