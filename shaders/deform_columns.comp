/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The sampling half of modulated deformable convolutions (DCNv2), for branches of
 * DyConv on all levels that have them (deform.glsl): for every output pixel and kernel
 * point, mask * bilinear (x at the displaced position), written as a matrix
 * [pixels, 9 channels] for the product that follows, branch after branch.  Lanes run
 * along channels, so that position, weights and mask are computed once for all of a
 * pixel's channels.  The grid is pixels x kernel points x branches.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"

layout (local_size_x_id = SPEC_LOCAL_X, local_size_y_id = SPEC_LOCAL_Y) in;

layout (push_constant) uniform Push { DeformColumnsArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Columns { float columns[]; };
layout (set = 0, binding = 1) readonly restrict buffer X { float x[]; };
layout (set = 0, binding = 2) readonly restrict buffer Offsets { float offsets[]; };

#define OFFSET(i) offsets[i]
#include "deform.glsl"

void
main ()
{
  const uint row = gl_WorkGroupID.x * gl_WorkGroupSize.y + gl_LocalInvocationID.y;
  const uint tap = gl_WorkGroupID.y;
  if (row >= args.rows)
    return;
  const uint layer = gl_WorkGroupID.z;
  const Sample s = find_sample (find_place (args.branch + layer, args.first + row), tap);
  const uint out_at = ((layer * args.rows + row) * TAPS + tap) * args.channels;
  for (uint c = gl_LocalInvocationID.x; c < args.channels; c += gl_WorkGroupSize.x)
    columns[out_at + c] = fma (s.w00, x[s.at00 + c],
        fma (s.w01, x[s.at01 + c], fma (s.w10, x[s.at10 + c], s.w11 * x[s.at11 + c])));
}
