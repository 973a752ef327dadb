/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"
#include "ops/lanes.h"

_Static_assert (sizeof (struct WindowAttentionArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");

enum {
  LARGEST_WINDOW = 16,
  LANES = 8,
  SCORE_BYTES = 14 << 10, /* of shared memory; 16 KiB is what every device has */
  MOST_LANES_CHANNELS = 32, /* for the registers of a subgroup */
};

/* A workgroup for every window and head. */
static void
choose_lanes (
    GlipGraph *graph, GlipDispatch *dispatch, uint32_t window, uint32_t channels)
{
  dispatch->shader = glip_lanes_are_used (graph) ? "window_attention_lanes"
                                                 : "window_attention_broadcast";
  dispatch->addressed = TRUE;
  dispatch->n_specialisations = SPEC_CHANNELS + 1;
  dispatch->specialisations[SPEC_LOCAL_X] = LANES;
  dispatch->specialisations[SPEC_LOCAL_Y] = window * ((window + LANES - 1) / LANES);
  dispatch->specialisations[SPEC_WINDOW] = window;
  dispatch->specialisations[SPEC_CHANNELS] = channels;
}

/* Tiles of 8 queries; as many share a workgroup as have room for their scores. */
static void
choose_general (GlipDispatch *dispatch, uint32_t window)
{
  const uint32_t tokens = window * window;
  const uint32_t tiles = (tokens + GLIP_TILE_ROWS - 1) / GLIP_TILE_ROWS;
  const uint32_t room = SCORE_BYTES / (tokens * GLIP_TILE_ROWS * sizeof (float));
  const uint32_t together = CLAMP (room, 1, tiles);
  dispatch->shader = "window_attention";
  dispatch->n_specialisations = SPEC_WINDOW + 1;
  dispatch->specialisations[SPEC_LOCAL_X] = LANES;
  dispatch->specialisations[SPEC_LOCAL_Y] = together;
  dispatch->specialisations[SPEC_WINDOW] = window;
  dispatch->groups[0] *= (tiles + together - 1) / together;
}

GlipTensor
glip_window_attention (
    GlipGraph *graph, GlipTensor qkv, const GlipWindowAttention *attention)
{
  const uint32_t window = attention->window, heads = attention->heads;
  g_assert (window > 0 && window <= LARGEST_WINDOW && attention->shift < window);
  g_assert (heads > 0 && qkv.columns % (3 * heads) == 0);
  const uint32_t columns = qkv.columns / 3, channels = columns / heads;
  g_assert (qkv.height > 0 && qkv.width > 0);
  g_assert (attention->bias.rows == heads);
  g_assert (attention->bias.columns == (2 * window - 1) * (2 * window - 1));
  g_assert (attention->pad.rows == 1 && attention->pad.columns == qkv.columns);
  GlipTensor y = glip_tensor_new_map (graph, qkv.height, qkv.width, columns);

  const struct WindowAttentionArgs args = {
    .height = qkv.height,
    .width = qkv.width,
    .columns = columns,
    .heads = heads,
    .channels = channels,
    .shift = attention->shift,
  };
  const uint32_t across = (qkv.width + window - 1) / window;
  const uint32_t down = (qkv.height + window - 1) / window;
  const uint32_t tokens = window * window;
  GlipDispatch dispatch = {
    .n_bindings = 4,
    .bindings = { { y.region, GLIP_WRITE }, { qkv.region, GLIP_READ },
        { attention->bias.region, GLIP_READ }, { attention->pad.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { heads, across, down },
    .macs = 2.0 * across * down * tokens * tokens * columns,
  };
  const gboolean lanes = graph->recorder->device->tuning.kernels == GLIP_KERNELS_LANES;
  if (lanes && channels <= MOST_LANES_CHANNELS && channels % 2 == 0)
    choose_lanes (graph, &dispatch, window, channels);
  else
    choose_general (&dispatch, window);
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return y;
}
