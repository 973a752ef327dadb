/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The vertical pass of Pillow's triangle filter, then normalisation and the order of
 * the patch embedding's input.  There are only 256 levels, so normalising is a look-up
 * in a table [B, G, R][256] that the host divided: exact where a GPU's division is not.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "pixels.glsl"

layout (local_size_x = 64) in;

layout (push_constant) uniform Push { PreprocessArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Patches { float patches[]; };
layout (set = 0, binding = 1) readonly restrict buffer Pixels { uint pixels[]; };
layout (set = 0, binding = 2) readonly restrict buffer Table { int table[]; };
layout (set = 0, binding = 3) readonly restrict buffer Normal { float normal[]; };

void
main ()
{
  const uint x = gl_GlobalInvocationID.x, y = args.first + gl_WorkGroupID.y;
  if (x >= args.padded_width)
    return;
  vec3 value = vec3 (0.0);
  if (x < args.width && y < args.height) {
    const uint entry = y * (args.taps_y + 2);
    const uint source = (uint (table[entry]) - args.source_first) * args.source_width + x;
    const uint count = uint (table[entry + 1]);
    ivec3 sum = ivec3 (1 << (FILTER_BITS - 1));
    for (uint i = 0; i < count; i++)
      sum += unpack_pixel (pixels[source + i * args.source_width]) * table[entry + 2 + i];
    const uvec3 level = to_levels (sum);
    value = vec3 (normal[level.b], normal[256 + level.g], normal[512 + level.r]);
  }
  const uint at = patch_index (x, y, args.padded_width);
  patches[at] = value.x;
  patches[at + 1] = value.y;
  patches[at + 2] = value.z;
}
