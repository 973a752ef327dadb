/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * How GPUs bring floats and halves from memory to shared memory: in pieces of eight
 * elements.  Buffers are words: one SPIR-V serves float and half storage, and no device
 * needs 16-bit storage for it.
 */
#ifndef GLIP_PIECES_GLSL
#define GLIP_PIECES_GLSL

#extension GL_EXT_control_flow_attributes : require

/* A piece: eight elements as they lie in memory, floats, or halves in `low`. */
struct Eight {
  uvec4 low, high;
};

/* Element `at` of a buffer of words. */
#define LOAD_ELEMENT(words, half_words, at)                                               \
  (half_words ? unpackHalf2x16 (words[(at) / 2])[(at) % 2] : uintBitsToFloat (words[at]))
/* Eight elements from element `at`, a multiple of 8 (halves) or 4. */
#define LOAD_EIGHT(fours, half_words, at)                                                 \
  (half_words ? Eight (fours[(at) / 8], uvec4 (0))                                        \
              : Eight (fours[(at) / 4], fours[(at) / 4 + 1]))

Eight
floats_to_eight (float f[8])
{
  return Eight (floatBitsToUint (vec4 (f[0], f[1], f[2], f[3])),
      floatBitsToUint (vec4 (f[4], f[5], f[6], f[7])));
}

void
unpack (Eight piece, bool halves, out vec4 low, out vec4 high)
{
  if (halves) {
    low = vec4 (unpackHalf2x16 (piece.low.x), unpackHalf2x16 (piece.low.y));
    high = vec4 (unpackHalf2x16 (piece.low.z), unpackHalf2x16 (piece.low.w));
  } else {
    low = uintBitsToFloat (piece.low);
    high = uintBitsToFloat (piece.high);
  }
}

/* Four, and eight, halves. */
uvec2
pack_four (vec4 value)
{
  return uvec2 (packHalf2x16 (value.xy), packHalf2x16 (value.zw));
}

uvec4
pack (Eight piece, bool halves)
{
  if (halves)
    return piece.low;
  return uvec4 (pack_four (uintBitsToFloat (piece.low)), pack_four (uintBitsToFloat (piece.high)));
}

#endif /* GLIP_PIECES_GLSL */
