/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/ops.h"

_Static_assert (sizeof (struct DyheadMergeArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");

enum {
  LANES = 32,             /* along channels */
  ROW_LANES = 8,          /* along a row of pixels */
  PIXELS = 4 * ROW_LANES, /* of a workgroup */
};

void
glip_dyhead_merge (GlipGraph *graph, const GlipBranch branches[3], GlipTensor coefficients,
    GlipTensor out)
{
  const GlipTensor mid = branches[0].x;
  const gboolean has_low = glip_tensor_exists (branches[1].x);
  const gboolean has_high = glip_tensor_exists (branches[2].x);
  /* Absent branches are bound to something harmless. */
  const GlipTensor low = has_low ? branches[1].x : mid;
  const GlipTensor high = has_high ? branches[2].x : mid;
  g_assert (mid.height > 0 && high.height > 0);
  g_assert (out.rows == mid.rows && out.columns == mid.columns);
  g_assert (low.rows == mid.rows && low.columns == mid.columns);
  g_assert (high.columns == mid.columns);
  g_assert (coefficients.rows == 8 && coefficients.columns == mid.columns);

  const struct DyheadMergeArgs args = {
    .height = mid.height,
    .width = mid.width,
    .columns = mid.columns,
    .high_height = high.height,
    .high_width = high.width,
    .ratio_y = glip_upsample_ratio (high.height, mid.height),
    .ratio_x = glip_upsample_ratio (high.width, mid.width),
    .branches = (has_low ? BRANCH_LOW : 0) | (has_high ? BRANCH_HIGH : 0),
  };
  const GlipDispatch dispatch = {
    .shader = "dyhead_merge",
    .n_bindings = 5,
    .bindings = { { out.region, GLIP_WRITE }, { coefficients.region, GLIP_READ },
        { mid.region, GLIP_READ }, { low.region, GLIP_READ }, { high.region, GLIP_READ } },
    .n_specialisations = 2,
    .specialisations = { LANES, ROW_LANES },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { (mid.columns + LANES - 1) / LANES, (mid.width + PIXELS - 1) / PIXELS,
        mid.height },
    .macs = 8.0 * mid.rows * mid.columns,
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
}
