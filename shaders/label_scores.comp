/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Token logits to label scores, one invocation a (location, label): the mean, maximum
 * or geometric mean of the probabilities of the label's tokens.  Lanes run along the
 * labels of a location, whose logits are close together.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "types.glsl"

layout (local_size_x = 64) in;

layout (push_constant) uniform Push { LabelScoresArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Scores { float scores[]; };
layout (set = 0, binding = 1) readonly restrict buffer Logits { float logits[]; };
layout (set = 0, binding = 2) readonly restrict buffer Labels { uint labels[]; };
layout (set = 0, binding = 3) writeonly restrict buffer Counters { uint counters[]; };

float
probability (uint row, uint token)
{
  return token < args.tokens ? sigmoid (logits[row * args.tokens + token]) : 0.0;
}

float
score_label (uint row, uint label)
{
  if (args.aggregate == AGGREGATE_ONEHOT)
    return probability (row, label);
  const uint begin = labels[LABELS_OFFSETS + label];
  const uint end = min (labels[LABELS_OFFSETS + label + 1], LABELS_MAX_TOKENS);
  if (begin >= end)
    return 0.0;
  const float count = float (end - begin);
  float sum = 0.0, largest = 0.0, product = 1.0;
  for (uint i = begin; i < end; i++) {
    const float value = probability (row, labels[LABELS_TOKENS + i]);
    sum += value;
    largest = value > largest ? value : largest;
    product *= value;
  }
  if (args.aggregate == AGGREGATE_MAX)
    return largest;
  if (args.aggregate == AGGREGATE_POWER)
    return product > 0.0 ? pow (product, 1.0 / count) : 0.0;
  return sum / count;
}

void
main ()
{
  const uint group = gl_WorkGroupID.y * LONG_GRID + gl_WorkGroupID.x;
  const uint at = group * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
  if (at < SCORE_COUNTERS)
    counters[at] = 0;
  const uint row = at / args.capacity, label = at % args.capacity;
  if (row < args.rows && label < labels[LABELS_COUNT])
    scores[at] = score_label (row, label);
}
