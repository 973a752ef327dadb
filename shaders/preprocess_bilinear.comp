/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The quick way to resample: the four nearest pixels, weighted, whatever the ratio;
 * then as preprocess.comp.  Indices and fractions come from the host's tables, made in
 * double, so that strips meet exactly and far columns lose no precision.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "pixels.glsl"

layout (local_size_x = 64) in;

layout (push_constant) uniform Push { PreprocessArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Patches { float patches[]; };
layout (set = 0, binding = 1) readonly restrict buffer Pixels { uint pixels[]; };
layout (set = 0, binding = 2) readonly restrict buffer TableX { int table_x[]; };
layout (set = 0, binding = 3) readonly restrict buffer TableY { int table_y[]; };

/* Two neighbours of a row. */
vec3
sample_row (uint row, uint x0, uint x1, float fraction)
{
  const vec3 left = vec3 (unpack_pixel (pixels[row * args.source_width + x0]));
  const vec3 right = vec3 (unpack_pixel (pixels[row * args.source_width + x1]));
  return left + (right - left) * fraction;
}

void
main ()
{
  const uint x = gl_GlobalInvocationID.x, y = args.first + gl_WorkGroupID.y;
  if (x >= args.padded_width)
    return;
  vec3 value = vec3 (0.0);
  if (x < args.width && y < args.height) {
    const uint column = x * (args.taps_x + 2), row = y * (args.taps_y + 2);
    const uint x0 = uint (table_x[column]), x1 = x0 + uint (table_x[column + 1]) - 1;
    const uint y0 = uint (table_y[row]) - args.source_first;
    const uint y1 = y0 + uint (table_y[row + 1]) - 1;
    const float fraction_x = intBitsToFloat (table_x[column + 2]);
    const float fraction_y = intBitsToFloat (table_y[row + 2]);
    const vec3 top = sample_row (y0, x0, x1, fraction_x);
    const vec3 bottom = sample_row (y1, x0, x1, fraction_x);
    const vec3 rgb = top + (bottom - top) * fraction_y;
    value = (rgb.bgr - vec3 (args.mean[0], args.mean[1], args.mean[2])) *
        vec3 (args.inverse[0], args.inverse[1], args.inverse[2]);
  }
  const uint at = patch_index (x, y, args.padded_width);
  patches[at] = value.x;
  patches[at + 1] = value.y;
  patches[at + 2] = value.z;
}
