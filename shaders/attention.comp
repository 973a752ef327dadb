/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Multi-head attention among a few hundred text tokens.  A lane owns one query of one
 * head and walks over the real keys with a running maximum and sum (the scores are
 * never stored); all lanes of a workgroup read the same key at the same time.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "types.glsl"

layout (local_size_x = ATTENTION_QUERIES) in;
layout (constant_id = SPEC_HEAD_DIM) const uint HEAD_DIM = 64;

layout (push_constant) uniform Push { AttentionArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Output { float o[]; };
/* [tokens, 3 columns]: queries, keys, values */
layout (set = 0, binding = 1) readonly restrict buffer Qkv { float qkv[]; };
layout (set = 0, binding = 2) readonly restrict buffer Real { uint real_tokens[]; };

void
main ()
{
  const uint query = gl_GlobalInvocationID.x;
  const uint head = gl_WorkGroupID.y * HEAD_DIM;
  if (query >= args.tokens)
    return;

  float own[HEAD_DIM], sum[HEAD_DIM];
  for (uint i = 0; i < HEAD_DIM; i++) {
    own[i] = qkv[query * 3 * args.columns + head + i];
    sum[i] = 0.0;
  }
  float largest = -3.4e38, total = 0.0;
  for (uint token = 0; token < real_tokens[0]; token++) {
    const uint key_at = (token * 3 + 1) * args.columns + head;
    const uint value_at = key_at + args.columns;
    float score = 0.0;
    for (uint i = 0; i < HEAD_DIM; i++)
      score = fma (own[i], qkv[key_at + i], score);
    if (args.limit > 0.0)
      score = clamp (score, -args.limit, args.limit);
    const float before = largest;
    largest = max (largest, score);
    const float keep = exp (before - largest), weight = exp (score - largest);
    total = total * keep + weight;
    for (uint i = 0; i < HEAD_DIM; i++)
      sum[i] = fma (weight, qkv[value_at + i], sum[i] * keep);
  }
  for (uint i = 0; i < HEAD_DIM; i++)
    o[query * args.columns + head + i] = sum[i] / total;
}
