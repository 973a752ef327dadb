/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Dispatching the kernels for CPU drivers that load once what all lanes share
 * (shaders/lanes.glsl).
 */
#ifndef GLIP_LANES_H
#define GLIP_LANES_H

#include "ops/tensor.h"

static inline gboolean
glip_lanes_are_used (const GlipGraph *graph)
{
  const GlipTuning *tuning = &graph->recorder->device->tuning;
  return tuning->kernels == GLIP_KERNELS_LANES && tuning->uniform_loads;
}

/* How many of k steps make a round (shaders/lanes_tile.glsl): rounds of few steps spend
 * much of their time on the loop, rounds of more than 32 do not fit the caches of code. */
static inline uint32_t
glip_lanes_steps (uint32_t k)
{
  return k % 32 == 0 ? 32 : 16;
}

#endif /* GLIP_LANES_H */
