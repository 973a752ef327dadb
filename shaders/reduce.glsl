/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Sums over the lanes of a workgroup's row.  A tree in shared memory instead of
 * subgroup arithmetic: it is right for every subgroup size, its order of additions
 * depends on the number of lanes alone, and not every Vulkan 1.1 device has the other.
 * local_size_x is a power of two; include this after the layout that sets it.
 */
#ifndef GLIP_REDUCE_GLSL
#define GLIP_REDUCE_GLSL

shared float reduce_partial[gl_WorkGroupSize.x * gl_WorkGroupSize.y];

/* The sum over gl_LocalInvocationID.x, for each y.  To be called by all invocations. */
float
sum_over_lanes (float value)
{
  /* Known when the pipeline is made: no barrier is left then, which matters to CPU
   * drivers, where one makes every invocation a coroutine. */
  if (gl_WorkGroupSize.x == 1)
    return value;
  const uint lane = gl_LocalInvocationID.x, at = gl_LocalInvocationIndex;
  reduce_partial[at] = value;
  for (uint count = gl_WorkGroupSize.x / 2; count > 0; count /= 2) {
    barrier ();
    if (lane < count)
      reduce_partial[at] += reduce_partial[at + count];
  }
  barrier ();
  const float sum = reduce_partial[at - lane];
  barrier (); /* the next sum overwrites it */
  return sum;
}

#endif /* GLIP_REDUCE_GLSL */
