/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The horizontal pass of Pillow's triangle filter: integer weights, rounded to 8 bits.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "pixels.glsl"

layout (local_size_x = 64) in;

layout (push_constant) uniform Push { PreprocessResizeArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Out { uint result[]; };
layout (set = 0, binding = 1) readonly restrict buffer Pixels { uint pixels[]; };
layout (set = 0, binding = 2) readonly restrict buffer Table { int table[]; };

void
main ()
{
  const uint x = gl_GlobalInvocationID.x, y = gl_WorkGroupID.y;
  if (x >= args.width)
    return;
  const uint entry = x * (args.taps + 2);
  const uint source = y * args.source_width + uint (table[entry]);
  const uint count = uint (table[entry + 1]);
  ivec3 sum = ivec3 (1 << (FILTER_BITS - 1));
  for (uint i = 0; i < count; i++)
    sum += unpack_pixel (pixels[source + i]) * table[entry + 2 + i];
  const uvec3 level = to_levels (sum);
  result[y * args.width + x] = level.r | level.g << 8 | level.b << 16;
}
