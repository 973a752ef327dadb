/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Modulated deformable convolution (DCNv2) on GPUs, for one branch of DyConv on all
 * levels that have it, as a matrix product (product.glsl) whose rows are pixels and
 * whose k runs over nine sampled points' channels.  Samples are interpolated on their
 * way to shared memory and never stored; a workgroup is as wide as the outputs, so none
 * is taken twice.  Where to sample (deform.glsl) is found once per row and point; the
 * four pixels of a sample are loaded while the slab before is multiplied.
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

Place places[A_PIECES];
Sample samples[A_PIECES]; /* at the point `points[i]` of the kernel */
uint points[A_PIECES];

void
begin_row (uint i, uint row)
{
  /* Pixels past the end repeat the last one. */
  places[i] = find_place (min (row, product.m - 1));
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
  begin_convolution (args.rows, args.outputs, INPUTS);
  run ();
}
