/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Partial sums of a product whose inner dimension was split, added in order.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"

layout (local_size_x = 64) in;

layout (push_constant) uniform Push { SumSplitsArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Output { float o[]; };
layout (set = 0, binding = 1) readonly restrict buffer Partials { float partials[]; };

void
main ()
{
  const uint at =
      (gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * 64 + gl_LocalInvocationID.x;
  if (at >= args.n)
    return;
  float sum = 0.0;
  for (uint split = 0; split < args.splits; split++)
    sum += partials[split * args.n + at];
  o[at] = sum;
}
