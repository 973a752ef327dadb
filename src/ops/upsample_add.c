/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"
#include "ops/rows.h"

_Static_assert (sizeof (struct UpsampleAddArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");

/* The shader multiplies two sides in 32 bits. */
enum { LARGEST_SIDE = 65535 };

GlipTensor
glip_upsample_add (GlipGraph *graph, GlipTensor fine, GlipTensor coarse)
{
  g_assert (fine.columns == coarse.columns);
  g_assert (fine.height > 0 && fine.height <= LARGEST_SIDE);
  g_assert (fine.width > 0 && fine.width <= LARGEST_SIDE);
  g_assert (coarse.height > 0 && coarse.height <= LARGEST_SIDE);
  g_assert (coarse.width > 0 && coarse.width <= LARGEST_SIDE);
  GlipTensor y = glip_tensor_new_map (graph, fine.height, fine.width, fine.columns);

  const struct UpsampleAddArgs args = {
    .height = fine.height,
    .width = fine.width,
    .columns = fine.columns,
    .coarse_height = coarse.height,
    .coarse_width = coarse.width,
  };
  GlipDispatch dispatch = {
    .shader = "upsample_add",
    .n_bindings = 3,
    .bindings = { { y.region, GLIP_WRITE }, { fine.region, GLIP_READ },
        { coarse.region, GLIP_READ } },
    .n_specialisations = 1,
    .specialisations = { glip_row_lanes (graph, fine.columns) },
    .args = &args,
    .args_bytes = sizeof args,
  };
  glip_row_groups (dispatch.groups, y.rows);
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return y;
}
