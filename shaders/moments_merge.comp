/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The moments of all chunks of a map: [3, columns] of mean, variance and weighted
 * mean.  Pairs of sets merge by Chan's formula (Chan, Golub, LeVeque 1983) in an order
 * that is always the same: each of the workgroup's rows of invocations merges a run of
 * chunks, then the first row merges the runs.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"

layout (local_size_x_id = SPEC_LOCAL_X, local_size_y_id = SPEC_LOCAL_Y) in;

layout (push_constant) uniform Push { MomentsArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Out { float moments[]; };
layout (set = 0, binding = 1) readonly restrict buffer Partials { float partials[]; };
layout (set = 0, binding = 2) readonly restrict buffer X { float x[]; };

struct Moments {
  float count, mean, squares, weighted, weight_sum;
};

/* One set for every invocation of a workgroup of at most 256. */
shared Moments runs[256];

Moments
merge (Moments a, Moments b)
{
  if (b.count == 0.0)
    return a;
  if (a.count == 0.0)
    return b;
  Moments both;
  both.count = a.count + b.count;
  const float delta = b.mean - a.mean;
  const float shift_a = delta * (b.count / both.count);
  const float shift_b = delta * (a.count / both.count);
  both.mean = a.mean + shift_a;
  both.squares = a.squares + b.squares + delta * shift_b * b.count;
  both.weighted = a.weighted - a.weight_sum * shift_a + b.weighted + b.weight_sum * shift_b;
  both.weight_sum = a.weight_sum + b.weight_sum;
  return both;
}

void
main ()
{
  const uint lane = gl_LocalInvocationID.x, run = gl_LocalInvocationID.y;
  const uint column = gl_WorkGroupID.x * gl_WorkGroupSize.x + lane;
  const uint length = (args.chunks + gl_WorkGroupSize.y - 1) / gl_WorkGroupSize.y;

  Moments sum = Moments (0.0, 0.0, 0.0, 0.0, 0.0);
  if (column < args.columns) {
    const uint end = min ((run + 1) * length, args.chunks);
    for (uint chunk = run * length; chunk < end; chunk++) {
      const uint at = chunk * 4 * args.columns + column;
      const uint first = chunk * args.chunk_rows;
      const float count = float (min (args.chunk_rows, args.rows - first));
      sum = merge (sum,
          Moments (count, partials[at], partials[at + args.columns],
              partials[at + 2 * args.columns], partials[at + 3 * args.columns]));
    }
  }
  runs[run * gl_WorkGroupSize.x + lane] = sum;
  barrier (); /* the first row reads what the others merged */

  if (run > 0 || column >= args.columns)
    return;
  for (uint i = 1; i < gl_WorkGroupSize.y; i++)
    sum = merge (sum, runs[i * gl_WorkGroupSize.x + lane]);
  moments[column] = x[column] + sum.mean;
  moments[args.columns + column] = sum.squares / float (args.rows);
  moments[2 * args.columns + column] = x[column] + (sum.mean + sum.weighted);
}
