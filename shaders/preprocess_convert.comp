/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The uploaded bytes of any format to pixels packed in one uint.  YUV goes through
 * fixed point (20 fractional bits, within 0.001 of a level of the exact value), so
 * that all devices round alike; chroma is replicated.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"

layout (local_size_x = 64) in;

layout (push_constant) uniform Push { PreprocessConvertArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Pixels { uint pixels[]; };
layout (set = 0, binding = 1) readonly restrict buffer Bytes { uint bytes[]; };

int
load_sample (uint component, uint x, uint y)
{
  const uint at = args.base[component] +
      (y >> args.shift_y[component]) * args.row_bytes[component] +
      (x >> args.shift_x[component]) * args.step[component];
  const uint word = bytes[at >> 2] >> ((at & 3) * 8);
  return int ((word >> args.low_bits) & ((1u << args.bits) - 1));
}

uint
to_level (int fixed_point)
{
  return uint (clamp ((fixed_point + (1 << (COLOUR_BITS - 1))) >> COLOUR_BITS, 0, 255));
}

void
main ()
{
  const uint x = gl_GlobalInvocationID.x, y = gl_WorkGroupID.y;
  if (x >= args.width)
    return;
  const int first = load_sample (0, x, y);
  const int second = load_sample (1, x, y);
  const int third = load_sample (2, x, y);
  uint red = uint (first), green = uint (second), blue = uint (third);
  if (args.yuv != 0) {
    const int luma = (first - args.luma_zero) * args.luma;
    const int u = second - args.chroma_zero, v = third - args.chroma_zero;
    red = to_level (luma + v * args.red_v);
    green = to_level (luma + u * args.green_u + v * args.green_v);
    blue = to_level (luma + u * args.blue_u);
  }
  pixels[y * args.width + x] = red | green << 8 | blue << 16;
}
