/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * One branch of DyConv from its moments alone: the group norm as an affine map per
 * channel, y = scale x + shift, and DyHead's scale attention, a single number for the
 * branch, already multiplied in: [3, columns] of attention * scale,
 * attention * shift, attention * mean (y).  One workgroup does it all.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "types.glsl"

layout (local_size_x = 256) in;

layout (push_constant) uniform Push { ScaleAttentionArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Out { float branch[]; };
layout (set = 0, binding = 1) readonly restrict buffer Moments { float moments[]; };
layout (set = 0, binding = 2) readonly restrict buffer NormWeight { float norm_weight[]; };
layout (set = 0, binding = 3) readonly restrict buffer NormBias { float norm_bias[]; };
layout (set = 0, binding = 4) readonly restrict buffer Weight { float weight[]; };
layout (set = 0, binding = 5) readonly restrict buffer Bias { float bias[]; };

const uint LOCAL = 256;

/* As many groups as there may be channels. */
shared float group_mean[1024];
shared float group_scale[1024];
shared float partial[LOCAL];

/* All channels of a group have as many pixels, so the group's variance is the mean of
 * their variances plus the variance of their means. */
void
find_group (uint group, uint channels)
{
  const uint first = group * channels;
  const float origin = moments[first];
  float mean = 0.0, variance = 0.0;
  for (uint i = 0; i < channels; i++)
    mean += moments[first + i] - origin;
  mean = origin + mean / float (channels);
  for (uint i = 0; i < channels; i++) {
    const float deviation = moments[first + i] - mean;
    variance += fma (deviation, deviation, moments[args.columns + first + i]);
  }
  group_mean[group] = mean;
  group_scale[group] = 1.0 / sqrt (variance / float (channels) + args.epsilon);
}

/* The mean over space of the normalised channel. */
float
normalised_mean (uint column, uint group)
{
  const float deviation = moments[2 * args.columns + column] - group_mean[group];
  return fma (norm_weight[column] * group_scale[group], deviation, norm_bias[column]);
}

void
main ()
{
  const uint lane = gl_LocalInvocationID.x;
  const uint channels = args.columns / args.groups;
  for (uint group = lane; group < args.groups; group += LOCAL)
    find_group (group, channels);
  barrier (); /* groups are read by all */

  float sum = 0.0;
  for (uint column = lane; column < args.columns; column += LOCAL)
    sum = fma (weight[column], normalised_mean (column, column / channels), sum);
  partial[lane] = sum;
  for (uint half_way = LOCAL / 2; half_way > 0; half_way /= 2) {
    barrier (); /* each step reads what the previous one wrote */
    if (lane < half_way)
      partial[lane] += partial[lane + half_way];
  }
  barrier ();
  const float attention = hard_sigmoid (max (partial[0] + bias[0], 0.0));

  for (uint column = lane; column < args.columns; column += LOCAL) {
    const uint group = column / channels;
    const float scale = norm_weight[column] * group_scale[group];
    branch[column] = attention * scale;
    branch[args.columns + column] =
        attention * fma (-scale, group_mean[group], norm_bias[column]);
    branch[2 * args.columns + column] = attention * normalised_mean (column, group);
  }
}
