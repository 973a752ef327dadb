/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Packed pixels and where they go in the patch embedding's input.
 */
#ifndef GLIP_PIXELS_GLSL
#define GLIP_PIXELS_GLSL

ivec3
unpack_pixel (uint pixel)
{
  return ivec3 (pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255);
}

/* A sum of weighted levels, half a level included, to levels. */
uvec3
to_levels (ivec3 sum)
{
  return uvec3 (clamp (sum >> FILTER_BITS, ivec3 (0), ivec3 (255)));
}

/* The first float of a target pixel. */
uint
patch_index (uint x, uint y, uint padded_width)
{
  const uint patch_number =
      (y / PATCH_SIZE) * (padded_width / PATCH_SIZE) + x / PATCH_SIZE;
  return patch_number * PATCH_FLOATS + (y % PATCH_SIZE * PATCH_SIZE + x % PATCH_SIZE) * 3;
}

#endif /* GLIP_PIXELS_GLSL */
