/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"
#include "ops/lanes.h"
#include "ops/product.h"

#include <string.h>

_Static_assert (sizeof (struct WindowAttentionArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");

enum {
  LARGEST_WINDOW = 16,
  LANES = 8,
  MOST_LANES_CHANNELS = 32, /* for the registers of a subgroup */
  LARGEST_SLAB = 64,
  MOST_INVOCATIONS = 256, /* what every device has */
};

static uint32_t
round_up (uint32_t a, uint32_t step)
{
  return glip_divide_up (a, step) * step;
}

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

/* How GPUs can read q, k and v, and write the result, as FORM_ bits. */
static uint32_t
find_form (GlipTensor qkv, GlipTensor y, uint32_t channels)
{
  const gboolean whole = channels % 8 == 0 &&
      glip_product_keeps_step (qkv, glip_product_word (qkv), 1, &y.columns);
  const gboolean whole_result =
      channels % 4 == 0 && glip_product_keeps_step (y, 4, 1, &y.columns);
  g_assert (y.type == GLIP_F32 || whole_result);
  return (qkv.type == GLIP_F16 ? FORM_A_HALF : 0) | (whole ? FORM_A_WHOLE : 0) |
      (y.type == GLIP_F16 ? FORM_C_HALF : 0) | (whole_result ? FORM_C_WHOLE : 0);
}

/* Channels of values that a workgroup of window_attention_tiles.comp has. */
static uint32_t
count_values (uint32_t channels)
{
  return channels > 32 ? 64 : 32;
}

/* Bytes of shared memory, as window_attention_tiles.comp declares it. */
static uint32_t
tiles_bytes (uint32_t tokens, uint32_t channels, uint32_t slab)
{
  const uint32_t chunk = MIN (round_up (channels, 8), 32), values = count_values (channels);
  const uint32_t tiles = 2 * slab * (chunk / 4 + 1), weights = slab * (slab / 4 + 1);
  const uint32_t words = MAX (tiles, weights) + slab * values / 4;
  return words * GLIP_WORD_BYTES + (2 * tokens + slab) * (uint32_t) sizeof (uint32_t);
}

/* The largest slabs that there is room for, and of those the smallest as few. */
static void
choose_tiles (const GlipDevice *device, GlipDispatch *dispatch, uint32_t window,
    uint32_t channels, uint32_t form)
{
  const uint32_t tokens = window * window;
  const uint32_t memory = device->properties.limits.maxComputeSharedMemorySize;
  uint32_t slabs = glip_divide_up (tokens, LARGEST_SLAB), slab;
  do
    slab = round_up (glip_divide_up (tokens, slabs++), WINDOW_SIDE);
  while (slab > WINDOW_SIDE && tiles_bytes (tokens, channels, slab) > memory);
  dispatch->shader = "window_attention_tiles";
  dispatch->n_specialisations = SPEC_FORM + 1;
  dispatch->specialisations[SPEC_WINDOW] = window;
  dispatch->specialisations[SPEC_CHANNELS] = channels;
  dispatch->specialisations[SPEC_SLAB] = slab;
  dispatch->specialisations[SPEC_FORM] = form;
  dispatch->groups[0] *=
      glip_divide_up (tokens, slab) * glip_divide_up (channels, count_values (channels));
}

/* Bytes of shared memory, as window_attention_matrix.comp declares it. */
static uint32_t
matrix_bytes (const GlipAbilities *abilities, uint32_t tokens, uint32_t channels, uint32_t slab,
    uint32_t strips)
{
  const GlipMatrixUnit *unit = &abilities->unit;
  const uint32_t depth = round_up (channels, MAX (unit->n, unit->k));
  const uint32_t sharing = MAX (abilities->subgroup_size / unit->m, 1);
  const uint32_t row = MAX (slab, depth) / 4;
  const uint32_t stride = row + (sharing + 8 - row % 8) % 8;
  const uint32_t words = 2 * slab * (depth / 8 + 1) + strips * unit->m * stride;
  return words * GLIP_WORD_BYTES + 2 * tokens * (uint32_t) sizeof (uint32_t);
}

/* As large slabs as there is room for beside one strip, then as many strips, which share
 * what is read.  FALSE when there is no room at all. */
static gboolean
choose_matrix (const GlipDevice *device, GlipDispatch *dispatch, uint32_t window,
    uint32_t channels, uint32_t form)
{
  const GlipAbilities *abilities = &device->abilities;
  const uint32_t memory = device->properties.limits.maxComputeSharedMemorySize;
  const uint32_t unit = MAX (abilities->unit.n, abilities->unit.k);
  const uint32_t tokens = window * window;
  const uint32_t all_strips = glip_divide_up (tokens, abilities->unit.m);
  uint32_t slab = round_up (glip_divide_up (tokens, glip_divide_up (tokens, LARGEST_SLAB)), unit);
  while (slab > unit && matrix_bytes (abilities, tokens, channels, slab, 1) > memory)
    slab -= unit;
  uint32_t strips = MIN (all_strips, MOST_INVOCATIONS / abilities->subgroup_size);
  while (strips > 0 && matrix_bytes (abilities, tokens, channels, slab, strips) > memory)
    strips--;
  if (strips == 0)
    return FALSE;
  strips = glip_divide_up (all_strips, glip_divide_up (all_strips, strips));
  const uint32_t specialisations[] = { strips * abilities->subgroup_size, 0, window, channels,
    slab, 0, form, 0, 0, abilities->subgroup_size, abilities->unit.m, abilities->unit.n,
    abilities->unit.k };
  dispatch->shader = "window_attention_matrix";
  dispatch->subgroup_size = abilities->subgroup_size;
  dispatch->n_specialisations = G_N_ELEMENTS (specialisations);
  memcpy (dispatch->specialisations, specialisations, sizeof specialisations);
  dispatch->groups[0] *= glip_divide_up (all_strips, strips);
  return TRUE;
}

/* Complete a dispatch whose groups are heads and windows.  What the lanes and the matrix
 * units cannot take, heads of unusual width and floats, goes by tiles. */
static void
choose_form (GlipGraph *graph, GlipDispatch *dispatch, GlipTensor qkv, GlipTensor y,
    const GlipWindowAttention *attention)
{
  const GlipDevice *device = graph->recorder->device;
  const GlipKernels kernels = device->tuning.kernels;
  const uint32_t window = attention->window, channels = y.columns / attention->heads;
  const uint32_t form = find_form (qkv, y, channels);
  if (kernels == GLIP_KERNELS_LANES && channels <= MOST_LANES_CHANNELS && channels % 2 == 0)
    choose_lanes (graph, dispatch, window, channels);
  else if (kernels != GLIP_KERNELS_MATRIX || qkv.type == GLIP_F32 ||
      !choose_matrix (device, dispatch, window, channels, form))
    choose_tiles (device, dispatch, window, channels, form);
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
  g_assert (attention->bias.type == GLIP_F32 && attention->pad.type == GLIP_F32);
  /* Halves are stored in fours. */
  GlipTensor y = channels % 4 == 0 ? glip_tensor_new_operand (graph, qkv.rows, columns)
                                   : glip_tensor_new (graph, qkv.rows, columns);
  y = glip_tensor_as_map (y, qkv.height, qkv.width);

  const struct WindowAttentionArgs args = {
    .height = qkv.height,
    .width = qkv.width,
    .columns = columns,
    .heads = heads,
    .channels = channels,
    .shift = attention->shift,
  };
  const uint32_t across = glip_divide_up (qkv.width, window);
  const uint32_t down = glip_divide_up (qkv.height, window);
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
  choose_form (graph, &dispatch, qkv, y, attention);
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return y;
}
