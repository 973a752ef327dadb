/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Arithmetic that several operators share.
 */
#ifndef GLIP_TYPES_GLSL
#define GLIP_TYPES_GLSL

#extension GL_EXT_control_flow_attributes : require

/* erf to 1.5e-7 (Abramowitz and Stegun 7.1.26). */
float
error_function (float x)
{
  float magnitude = abs (x);
  float t = 1.0 / (1.0 + 0.3275911 * magnitude);
  float series = t * (0.254829592 +
      t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return sign (x) * (1.0 - series * exp (-magnitude * magnitude));
}

/* The erf form; the tanh approximation is another function. */
float
gelu (float x)
{
  return 0.5 * x * (1.0 + error_function (x * 0.70710678118654752));
}

float
sigmoid (float x)
{
  return 1.0 / (1.0 + exp (-x));
}

/* relu6 (x + 3) / 6 */
float
hard_sigmoid (float x)
{
  return clamp (x + 3.0, 0.0, 6.0) / 6.0;
}

#endif /* GLIP_TYPES_GLSL */
