/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Bilinear enlargement with aligned corners along one axis: where position `at` of
 * the large side falls between two positions of the small one.  The host divides
 * ratio = (small - 1) / (large - 1), 0 for a large side of 1.
 */
#ifndef GLIP_UPSAMPLE_GLSL
#define GLIP_UPSAMPLE_GLSL

struct Between {
  uint low, high;
  float fraction;
};

Between
enlarge (uint at, float ratio, uint small)
{
  const float source = ratio * float (at);
  const uint low = min (uint (source), small - 1);
  return Between (low, min (low + 1, small - 1), source - float (low));
}

#endif /* GLIP_UPSAMPLE_GLSL */
