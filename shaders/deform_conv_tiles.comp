/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Modulated deformable convolutions (DCNv2) on GPUs, for all branches of DyConv on all
 * levels that have them, as matrix products (product.glsl) whose rows are pixels and
 * whose k runs over nine sampled points' channels.  Samples are interpolated on their
 * way to shared memory and never stored; a workgroup is as wide as the outputs, so none
 * is taken twice.  Where to sample (deform.glsl) is found once per row and point; the
 * four pixels of a sample are loaded while the slab before is multiplied.
 *
 * The grid is tiles of outputs x tiles of pixels, those of mid before those of low and
 * high.  Branches are tiled each for itself, as each has weights of its own.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"

#define INTERPOLATED
#include "product.glsl"

layout (constant_id = SPEC_INPUTS) const uint INPUTS = 256;

layout (push_constant) uniform Push { DeformConvArgs args; };

layout (set = 0, binding = 4) readonly buffer Offsets { float offsets[]; };

#define OFFSET(i) offsets[i]
#include "deform.glsl"

uint branch; /* of the workgroup */
Place places[A_PIECES];
Sample samples[A_PIECES]; /* at the point `points[i]` of the kernel */
uint points[A_PIECES];

void
begin_row (uint i, uint row)
{
  /* Pixels past the end repeat the last one. */
  places[i] = find_place (branch, min (row, product.m - 1));
  points[i] = TAPS;
}

void
follow_point (uint i, uint point)
{
  if (points[i] != point) {
    points[i] = point;
    samples[i] = find_sample (places[i], point);
  }
}

Held
fetch_eight (uint i, uint k)
{
  follow_point (i, k / INPUTS);
  const Sample s = samples[i];
  const uint channel = k % INPUTS;
  return Held (Eight[4] (LOAD_EIGHT (a4, A_HALF, s.at00 + channel),
          LOAD_EIGHT (a4, A_HALF, s.at01 + channel), LOAD_EIGHT (a4, A_HALF, s.at10 + channel),
          LOAD_EIGHT (a4, A_HALF, s.at11 + channel)),
      vec4 (s.w00, s.w01, s.w10, s.w11));
}

float
fetch_one (uint i, uint k)
{
  follow_point (i, k / INPUTS);
  const Sample s = samples[i];
  const uint channel = k % INPUTS;
  return fma (s.w00, LOAD_ELEMENT (a1, A_HALF, s.at00 + channel),
      fma (s.w01, LOAD_ELEMENT (a1, A_HALF, s.at01 + channel),
          fma (s.w10, LOAD_ELEMENT (a1, A_HALF, s.at10 + channel),
              s.w11 * LOAD_ELEMENT (a1, A_HALF, s.at11 + channel))));
}

void
main ()
{
  uint tile = gl_WorkGroupID.y, rows = args.mid_rows, first_row = 0;
  branch = BRANCH_MID;
  while (tile >= (rows + TILE_M - 1) / TILE_M) {
    tile -= (rows + TILE_M - 1) / TILE_M;
    first_row += rows;
    rows = args.low_rows;
    branch++;
  }
  begin_convolution (rows, args.outputs, INPUTS);
  product.row = tile * TILE_M;
  product.b_at = branch * args.outputs * TAPS * INPUTS;
  product.c_at = first_row * args.outputs;
  product.bias_at = branch * args.outputs;
  run ();
}
