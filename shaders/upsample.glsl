/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Bilinear enlargement with aligned corners along one axis.
 */
#ifndef GLIP_UPSAMPLE_GLSL
#define GLIP_UPSAMPLE_GLSL

/* Where a position of the large side falls between two positions of the small one. */
struct Between {
  uint low, high;
  float fraction;
};

/* Small positions a step of the large side. */
float
enlargement_ratio (uint small, uint large)
{
  return large > 1 ? float (small - 1) / float (large - 1) : 0.0;
}

Between
enlarge (uint at, float ratio, uint small)
{
  const float source = ratio * float (at);
  const uint low = min (uint (source), small - 1);
  return Between (low, min (low + 1, small - 1), source - float (low));
}

/* What one position of the small side contributes to the mean of the large one. */
float
enlarged_share (uint source, uint small, uint large)
{
  const float ratio = enlargement_ratio (small, large);
  /* Large positions that can fall beside `source`, and a few more. */
  uint begin = 0, end = large;
  if (ratio > 0.0) {
    begin = uint (max (float (source) - 1.0, 0.0) / ratio);
    begin -= min (begin, 1);
    end = min (uint ((float (source) + 1.0) / ratio) + 2, large);
  }
  float sum = 0.0;
  for (uint at = begin; at < end; at++) {
    const Between between = enlarge (at, ratio, small);
    if (between.low == source)
      sum += 1.0 - between.fraction;
    if (between.high == source)
      sum += between.fraction;
  }
  return sum / float (large);
}

#endif /* GLIP_UPSAMPLE_GLSL */
