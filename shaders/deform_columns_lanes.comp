/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The sampling of deform_columns.comp for CPU drivers (lanes.glsl).  A subgroup computes
 * all nine kernel points of a pixel, lanes along channels; position, factors and addresses
 * are scalars.  A round of the inner loop is 16 channels, eight vector loads, stored as
 * pairs.  A workgroup is local_size_y pixels.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "lanes.glsl"

layout (local_size_x = 8, local_size_y_id = SPEC_LOCAL_Y) in;

layout (push_constant) uniform Push {
  uint64_t columns, x, offsets;
  DeformColumnsArgs args;
};

#define OFFSET(i) In (offsets).at[i]
#include "deform.glsl"

/* Channels c to c + 7 of the sample. */
float
interpolate (Sample s, uint c)
{
  return fma (s.w00, load_lanes (x, s.at00 + c), fma (s.w01, load_lanes (x, s.at01 + c),
      fma (s.w10, load_lanes (x, s.at10 + c), s.w11 * load_lanes (x, s.at11 + c))));
}

void
main ()
{
  find_lane ();
  const uint row = gl_WorkGroupID.x * gl_WorkGroupSize.y + gl_SubgroupID;
  const uint last = args.rows - 1;
  const Place place = find_place (min (row, last));
  uint tap = 0;
  [[dont_unroll]] do {
    const Sample s = find_sample (place, tap);
    const uint out_at = (min (row, last) * TAPS + tap) * args.channels;
    uint c = 0;
    [[dont_unroll]] do {
      const float low = interpolate (s, c), high = interpolate (s, c + LANES);
      if (row <= last)
        store_lanes (columns, out_at + c, low, high);
      c += 2 * LANES;
    } while (c < args.channels);
    tap++;
  } while (tap < TAPS);
}
