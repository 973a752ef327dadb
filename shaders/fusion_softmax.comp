/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The two softmaxes of the bidirectional attention from one table of scores
 * S [rows, heads * tokens]: over a head's real text tokens (what a place in the image
 * takes from the text) and over all visual tokens (what a word takes from the image;
 * its column statistics are given).  A lane owns one (row, head).
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"

layout (local_size_x = 64) in;

layout (push_constant) uniform Push { FusionArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer ToImage { float to_image[]; };
layout (set = 0, binding = 1) writeonly restrict buffer ToText { float to_text[]; };
layout (set = 0, binding = 2) readonly restrict buffer Scores { float scores[]; };
layout (set = 0, binding = 3) readonly restrict buffer Merged { float merged[]; };
layout (set = 0, binding = 4) readonly restrict buffer Real { uint real_tokens[]; };

void
main ()
{
  const uint index =
      (gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * 64 + gl_LocalInvocationID.x;
  const uint row = index / args.heads, head = index % args.heads;
  if (row >= args.rows)
    return;
  const uint columns = args.heads * args.tokens, first = head * args.tokens;
  const uint at = row * columns + first;
  const uint real = min (real_tokens[0], args.tokens);
  float largest = -3.4e38;
  for (uint t = 0; t < args.tokens; t++) {
    const float score = scores[at + t];
    to_text[at + t] = exp (score - merged[first + t]) * merged[columns + first + t];
    if (t < real)
      largest = max (largest, score);
  }
  float total = 0.0;
  for (uint t = 0; t < real; t++)
    total += exp (scores[at + t] - largest);
  for (uint t = 0; t < args.tokens; t++)
    to_image[at + t] = t < real ? exp (scores[at + t] - largest) / total : 0.0;
}
