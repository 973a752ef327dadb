/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Dispatching the kernels of CPU drivers.  Those that load once what all lanes share
 * (shaders/lanes.glsl) have kernels built on that, and products of their own tile.
 */
#ifndef GLIP_LANES_H
#define GLIP_LANES_H

#include "interface.h"
#include "ops/tensor.h"

static inline gboolean
glip_lanes_are_used (const GlipGraph *graph)
{
  const GlipTuning *tuning = &graph->recorder->device->tuning;
  return tuning->kernels == GLIP_KERNELS_LANES && tuning->uniform_loads;
}

/* The tile of products: its size, how many steps of k make a round, and tiles that a
 * workgroup has.  A CPU driver runs the tiles of a workgroup one after another; the later
 * ones find weights in the cache. */
typedef struct {
  uint32_t rows, columns, steps, together;
} GlipLanesTile;

/* (shaders/lanes_tile.glsl, shaders/broadcast_tile.glsl)  Rounds of few steps spend much
 * of their time on the loop, rounds of more than 32 do not fit the caches of code. */
static inline GlipLanesTile
glip_lanes_tile (const GlipGraph *graph, uint32_t k)
{
  if (glip_lanes_are_used (graph))
    return (GlipLanesTile){ LANES_TILE_ROWS, LANES_TILE_COLUMNS, k % 32 == 0 ? 32 : 16, 8 };
  return (GlipLanesTile){ BROADCAST_TILE_ROWS, BROADCAST_TILE_COLUMNS, BROADCAST_STEPS, 4 };
}

/* Specialise a product for a tile and its LANES_ and EPILOGUE_ flags. */
static inline void
glip_lanes_specialise (GlipDispatch *dispatch, const GlipLanesTile *tile, uint32_t flags)
{
  dispatch->addressed = TRUE;
  dispatch->n_specialisations = SPEC_LANES_FLAGS + 1;
  dispatch->specialisations[SPEC_LOCAL_X] = 8;
  dispatch->specialisations[SPEC_LOCAL_Y] = tile->together;
  dispatch->specialisations[SPEC_LANES_STEPS] = tile->steps;
  dispatch->specialisations[SPEC_LANES_FLAGS] = flags;
}

#endif /* GLIP_LANES_H */
