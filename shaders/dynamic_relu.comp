/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The coefficients of DyHead's task attention (dynamic ReLU, Chen et al. 2020) from
 * the branches' affine maps (scale_attention.comp), [9, columns] in the order mid,
 * low, high: the mean over space of the branches' average goes through two small
 * layers, and everything that the last elementwise pass needs comes out, [8, columns].
 * A workgroup makes 64 channels; each repeats the first layer, which is cheaper than
 * another dispatch.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "types.glsl"

layout (local_size_x = 256) in;

layout (push_constant) uniform Push { DynamicReluArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Out { float coefficients[]; };
layout (set = 0, binding = 1) readonly restrict buffer Branches { float branches[]; };
layout (set = 0, binding = 2) readonly restrict buffer Weight0 { float fc0_weight[]; };
layout (set = 0, binding = 3) readonly restrict buffer Bias0 { float fc0_bias[]; };
layout (set = 0, binding = 4) readonly restrict buffer Weight2 { float fc2_weight[]; };
layout (set = 0, binding = 5) readonly restrict buffer Bias2 { float fc2_bias[]; };

const uint LOCAL = 256;
const uint CHANNELS = 64; /* of a workgroup, by 4 blocks of the second layer */

shared float mean[1024];   /* of the average, by channel */
shared float partial[LOCAL];
shared float hidden[256];

bool
branch_exists (uint branch)
{
  return branch == 0 || (args.branches & (branch == 1 ? BRANCH_LOW : BRANCH_HIGH)) != 0;
}

/* Row 0 factor, 1 constant, 2 mean of a branch; nothing is read of an absent one. */
float
branch_value (uint branch, uint row, uint column)
{
  return branch_exists (branch) ? branches[(branch * 3 + row) * args.columns + column] : 0.0;
}

float
sum_of_branches (uint row, uint column)
{
  return branch_value (0, row, column) + branch_value (1, row, column) +
      branch_value (2, row, column);
}

/* relu (W0 mean + b0): several neighbouring lanes share a row. */
void
find_hidden (uint lane)
{
  const uint parts = LOCAL / args.hidden;
  const uint row = lane / parts, part = lane % parts;
  float sum = 0.0;
  if (row < args.hidden)
    for (uint i = part; i < args.columns; i += parts)
      sum = fma (fc0_weight[row * args.columns + i], mean[i], sum);
  partial[lane] = sum;
  barrier (); /* a row's parts meet */
  if (lane < args.hidden) {
    float total = fc0_bias[lane];
    for (uint i = 0; i < parts; i++)
      total += partial[lane * parts + i];
    hidden[lane] = max (total, 0.0);
  }
}

void
main ()
{
  const uint lane = gl_LocalInvocationID.x;
  const float share = 1.0 /
      float (1 + uint (branch_exists (1)) + uint (branch_exists (2)));
  for (uint i = lane; i < args.columns; i += LOCAL)
    mean[i] = share * sum_of_branches (2, i);
  barrier (); /* all channels enter every hidden unit */
  find_hidden (lane);
  barrier (); /* all hidden units enter every output */

  const uint column = gl_WorkGroupID.x * CHANNELS + lane % CHANNELS;
  const uint block = lane / CHANNELS; /* a1, b1, a2, b2 */
  if (column >= args.columns)
    return;
  const uint row = block * args.columns + column;
  float value = fc2_bias[row];
  for (uint i = 0; i < args.hidden; i++)
    value = fma (fc2_weight[row * args.hidden + i], hidden[i], value);
  value = hard_sigmoid (value) - 0.5;
  if (block % 2 == 0)
    value *= 2.0;
  if (block == 0)
    value += 1.0;
  coefficients[(4 + block) * args.columns + column] = value;
  coefficients[row] = share *
      (block < 3 ? branch_value (block, 0, column) : sum_of_branches (1, column));
}
