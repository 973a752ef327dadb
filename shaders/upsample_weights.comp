/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The mean of an enlarged map is a weighted mean of the small one, and the weights are
 * a product of one vector per axis: [height] weights of rows, then [width] of columns,
 * each the mean over target positions of the bilinear weight.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "upsample.glsl"

layout (local_size_x_id = SPEC_LOCAL_X) in;

layout (push_constant) uniform Push { UpsampleWeightsArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Weights { float weights[]; };

void
main ()
{
  const uint at = gl_GlobalInvocationID.x;
  if (at >= args.height + args.width)
    return;
  const bool is_row = at < args.height;
  const uint source = is_row ? at : at - args.height;
  const uint small = is_row ? args.height : args.width;
  const uint large = is_row ? args.target_height : args.target_width;
  const float ratio = is_row ? args.ratio_y : args.ratio_x;

  float sum = 0.0;
  for (uint i = 0; i < large; i++) {
    const Between between = enlarge (i, ratio, small);
    if (between.low == source)
      sum += 1.0 - between.fraction;
    if (between.high == source)
      sum += between.fraction;
  }
  weights[at] = sum / float (large);
}
