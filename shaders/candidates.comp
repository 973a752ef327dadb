/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Keep the (location, label) pairs whose score passes the threshold, with the score
 * times the centerness, in a list for every level.  Few pass, so one atomic addition
 * each is cheap.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "types.glsl"

layout (local_size_x = 64) in;

layout (push_constant) uniform Push { CandidatesArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer List { uvec2 list[]; };
layout (set = 0, binding = 1) readonly restrict buffer Scores { float scores[]; };
layout (set = 0, binding = 2) readonly restrict buffer Regression { float regression[]; };
layout (set = 0, binding = 3) readonly restrict buffer Labels { uint labels[]; };
layout (set = 0, binding = 4) restrict buffer Counters { uint counters[]; };

const uint INFINITY_BITS = 0x7f800000;

void
main ()
{
  const uint group = gl_WorkGroupID.y * LONG_GRID + gl_WorkGroupID.x;
  const uint at = group * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  const uint row = at / args.capacity, label = at % args.capacity;
  if (row >= args.rows || label >= labels[LABELS_COUNT])
    return;
  const float score = scores[at];
  /* By the bits, a comparison that no compiler's idea of NaN changes. */
  if (floatBitsToUint (score) > INFINITY_BITS || !(score > args.threshold))
    return;
  const uint bits = floatBitsToUint (score * sigmoid (regression[row * 5 + 4]));
  if (bits > INFINITY_BITS)
    return;
  uint level = 0, first = 0;
  while (row >= args.level_ends[level]) {
    first = args.level_ends[level];
    level++;
  }
  const uint slot = atomicAdd (counters[level], 1);
  list[first * args.capacity + slot] = uvec2 (at, bits);
}
