/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Statistics of some rows of one channel, all relative to an origin near the values, so
 * that channels far from zero lose no digits.  Two sets merge by Chan's formula (Chan,
 * Golub, LeVeque 1983).
 */
#ifndef GLIP_MOMENTS_GLSL
#define GLIP_MOMENTS_GLSL

struct Moments {
  float count, mean;
  float squares;              /* of deviations from the mean, summed */
  float weighted, weight_sum; /* weighted deviations from the mean, and weights */
};

const Moments NO_MOMENTS = Moments (0.0, 0.0, 0.0, 0.0, 0.0);

Moments
merge (Moments a, Moments b)
{
  if (b.count == 0.0)
    return a;
  if (a.count == 0.0)
    return b;
  Moments both;
  both.count = a.count + b.count;
  const float delta = b.mean - a.mean;
  const float shift_a = delta * (b.count / both.count);
  const float shift_b = delta * (a.count / both.count);
  both.mean = a.mean + shift_a;
  both.squares = a.squares + b.squares + delta * shift_b * b.count;
  both.weighted = a.weighted - a.weight_sum * shift_a + b.weighted + b.weight_sum * shift_b;
  both.weight_sum = a.weight_sum + b.weight_sum;
  return both;
}

#endif /* GLIP_MOMENTS_GLSL */
