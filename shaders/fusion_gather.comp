/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What the words take from the image, from the sums over chunks of rows that
 * fusion_softmax.comp weighed each for itself: with the largest score m_i and the sum
 * z_i of chunk i, the softmax over all rows scales chunk i by
 * exp (m_i - m) / sum_i (z_i exp (m_i - m)), m being the largest of all.  A workgroup has
 * a token and a head, its lanes run along channels.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"

layout (local_size_x = 64) in;

layout (push_constant) uniform Push { FusionGatherArgs args; };

/* [tokens, heads * channels] */
layout (set = 0, binding = 0) writeonly restrict buffer Output { float o[]; };
/* [chunks, tokens, heads * channels] */
layout (set = 0, binding = 1) readonly restrict buffer Partials { float partials[]; };
/* [chunks, 2, heads * tokens] */
layout (set = 0, binding = 2) readonly restrict buffer Chunks { float chunks[]; };

shared float weights[FUSION_MOST_CHUNKS];

void
main ()
{
  const uint token = gl_WorkGroupID.x, head = gl_WorkGroupID.y;
  const uint columns = args.heads * args.tokens, column = head * args.tokens + token;
  float largest = -3.4e38;
  for (uint i = 0; i < args.chunks; i++)
    largest = max (largest, chunks[i * 2 * columns + column]);
  for (uint i = gl_LocalInvocationID.x; i < args.chunks; i += gl_WorkGroupSize.x)
    weights[i] = exp (chunks[i * 2 * columns + column] - largest);
  barrier (); /* every channel wants all weights */
  float total = 0.0;
  for (uint i = 0; i < args.chunks; i++)
    total = fma (weights[i], chunks[(i * 2 + 1) * columns + column], total);

  const uint width = args.heads * args.channels;
  for (uint c = gl_LocalInvocationID.x; c < args.channels; c += gl_WorkGroupSize.x) {
    const uint at = token * width + head * args.channels + c;
    float sum = 0.0;
    for (uint i = 0; i < args.chunks; i++)
      sum = fma (weights[i], partials[i * args.tokens * width + at], sum);
    o[at] = sum / total;
  }
}
