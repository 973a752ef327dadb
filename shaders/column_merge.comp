/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Softmax over visual tokens, second step: the partial maxima and sums of all chunks
 * become one maximum and one reciprocal sum per column.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"

layout (local_size_x = 32) in;

layout (push_constant) uniform Push { FusionArgs args; };

/* [2, columns] */
layout (set = 0, binding = 0) writeonly restrict buffer Merged { float merged[]; };
layout (set = 0, binding = 1) readonly restrict buffer Partials { float partials[]; };

void
main ()
{
  const uint columns = args.heads * args.tokens, column = gl_GlobalInvocationID.x;
  if (column >= columns)
    return;
  float largest = -3.4e38;
  for (uint chunk = 0; chunk < args.chunks; chunk++)
    largest = max (largest, partials[chunk * 2 * columns + column]);
  float total = 0.0;
  for (uint chunk = 0; chunk < args.chunks; chunk++)
    total += partials[(chunk * 2 + 1) * columns + column] *
        exp (partials[chunk * 2 * columns + column] - largest);
  merged[column] = largest;
  merged[columns + column] = 1.0 / total;
}
