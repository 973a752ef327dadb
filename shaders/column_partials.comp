/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Softmax over visual tokens, first step: for every column (head, text token) of the
 * scores [rows, heads * tokens] and every chunk of rows, the maximum and the sum of
 * exp (score - maximum).  A lane per column, so that loads run along columns.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"

layout (local_size_x = 32) in;

layout (push_constant) uniform Push { FusionArgs args; };

/* [chunks, 2, columns] */
layout (set = 0, binding = 0) writeonly restrict buffer Partials { float partials[]; };
layout (set = 0, binding = 1) readonly restrict buffer Scores { float scores[]; };

void
main ()
{
  const uint columns = args.heads * args.tokens;
  const uint column = gl_GlobalInvocationID.x, chunk = gl_WorkGroupID.y;
  if (column >= columns)
    return;
  const uint first = chunk * FUSION_CHUNK, end = min (first + FUSION_CHUNK, args.rows);
  float largest = -3.4e38;
  for (uint row = first; row < end; row++)
    largest = max (largest, scores[row * columns + column]);
  float total = 0.0;
  for (uint row = first; row < end; row++)
    total += exp (scores[row * columns + column] - largest);
  partials[chunk * 2 * columns + column] = largest;
  partials[(chunk * 2 + 1) * columns + column] = total;
}
