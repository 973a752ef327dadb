/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Conversion between float and IEEE half on the bits, so that it is the same on
 * every machine: round to nearest even, subnormals kept.
 */
#include "model/safetensors.h"

#include <string.h>

uint16_t
glip_float_to_half (float value)
{
  uint32_t bits;
  memcpy (&bits, &value, sizeof bits);
  uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;

  if (magnitude > 0x7f800000u) /* NaN: keep it one, quiet */
    return (uint16_t) (sign | 0x7e00u | (magnitude >> 13 & 0x3ffu));
  if (magnitude >= 0x477ff000u) /* 65520 and more round to infinity */
    return (uint16_t) (sign | 0x7c00u);
  if (magnitude <= 0x33000000u) /* up to half the smallest subnormal */
    return (uint16_t) sign;
  if (magnitude < 0x38800000u) {
    /* Subnormal: count units of 2^-24. */
    uint32_t shift = 126u - (magnitude >> 23);
    uint32_t mantissa = (magnitude & 0x7fffffu) | 0x800000u;
    uint32_t half = mantissa >> shift;
    uint32_t rest = mantissa & ((1u << shift) - 1u), middle = 1u << (shift - 1u);
    if (rest > middle || (rest == middle && (half & 1u)))
      half++;
    return (uint16_t) (sign | half);
  }
  /* Move the exponent's bias from 127 to 15; a carry of the rounding into the
   * exponent is right as it is. */
  uint32_t rebiased = magnitude - 0x38000000u;
  return (uint16_t) (sign | (rebiased + 0xfffu + (rebiased >> 13 & 1u)) >> 13);
}

float
glip_half_to_float (uint16_t half)
{
  uint32_t sign = (uint32_t) (half & 0x8000u) << 16, magnitude = half & 0x7fffu;
  uint32_t bits;
  if (magnitude >= 0x7c00u) {
    bits = sign | 0x7f800000u | (magnitude & 0x3ffu) << 13;
  } else if (magnitude >= 0x400u) {
    bits = sign | ((magnitude << 13) + 0x38000000u);
  } else {
    float units = (float) magnitude * 0x1p-24f;
    memcpy (&bits, &units, sizeof bits);
    bits |= sign;
  }
  float value;
  memcpy (&value, &bits, sizeof value);
  return value;
}
