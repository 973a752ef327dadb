/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Sums over a workgroup.  A tree in shared memory instead of subgroup arithmetic: it
 * is right for every subgroup size, and its order of additions depends on the number
 * of lanes alone.  The workgroup is one power of two along x, at most 256; include this after its layout.
 */
#ifndef GLIP_REDUCE_GLSL
#define GLIP_REDUCE_GLSL

shared float reduce_partial[256];

/* To be called by all lanes; all get the sum. */
float
workgroup_sum (float value)
{
  const uint lane = gl_LocalInvocationID.x;
  reduce_partial[lane] = value;
  for (uint count = gl_WorkGroupSize.x / 2; count > 0; count /= 2) {
    barrier ();
    if (lane < count)
      reduce_partial[lane] += reduce_partial[lane + count];
  }
  barrier ();
  const float sum = reduce_partial[0];
  barrier (); /* the next sum overwrites it */
  return sum;
}

#endif /* GLIP_REDUCE_GLSL */
