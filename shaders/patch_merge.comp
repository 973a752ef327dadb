/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Swin's patch merging: a workgroup puts the four pixels of a 2 x 2 cell side by side,
 * in the order (row, column) = (0,0), (1,0), (0,1), (1,1).  Pixels that an odd map
 * lacks are zero.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "grid.glsl"

layout (local_size_x_id = SPEC_LOCAL_X) in;

layout (push_constant) uniform Push { PatchMergeArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Y { float y[]; };
layout (set = 0, binding = 1) readonly restrict buffer X { float x[]; };

void
main ()
{
  const uint cell = row_of_group ();
  const uint cells_across = (args.width + 1) / 2;
  const uint top = cell / cells_across * 2, left = cell % cells_across * 2;
  if (top >= args.height)
    return;
  for (uint part = 0; part < 4; part++) {
    const uint row = top + part % 2, column = left + part / 2;
    const bool inside = row < args.height && column < args.width;
    const uint from = inside ? (row * args.width + column) * args.columns : 0;
    const uint to = (cell * 4 + part) * args.columns;
    for (uint i = gl_LocalInvocationID.x; i < args.columns; i += gl_WorkGroupSize.x) {
      const float value = x[from + i];
      y[to + i] = inside ? value : 0.0;
    }
  }
}
