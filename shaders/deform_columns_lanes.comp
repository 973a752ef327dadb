/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The sampling of deform_columns.comp for CPU drivers.  A subgroup computes all nine kernel
 * points of a pixel, lanes along channels.  A round of the inner loop is 16 channels, two a
 * lane: eight vector loads (lanes.glsl), or, compiled with BROADCAST, four loads of pairs
 * (addresses.glsl).  They are stored as pairs.  A workgroup is local_size_y pixels; the
 * grid is pixels x 1 x branches.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#ifdef BROADCAST
#include "addresses.glsl"
#else
#include "lanes.glsl"
#endif

layout (local_size_x = 8, local_size_y_id = SPEC_LOCAL_Y) in;

layout (push_constant) uniform Push {
  uint64_t columns, x, offsets;
  DeformColumnsArgs args;
};

#define OFFSET(i) In (offsets).at[i]
#include "deform.glsl"

/* Sixteen channels from float `at` of x on, and to float `at` of the columns on. */
#ifdef BROADCAST
void
find_lane ()
{
}

vec2
load_channels (uint at)
{
  return unpack_pair (InPairs (x + floats (at)).at[gl_SubgroupInvocationID]);
}

void
store_channels (uint at, vec2 value)
{
  OutPairs (columns + floats (at)).at[gl_SubgroupInvocationID] = pack_pair (value);
}
#else
vec2
load_channels (uint at)
{
  return vec2 (load_lanes (x, at), load_lanes (x, at + LANES));
}

void
store_channels (uint at, vec2 value)
{
  store_lanes (columns, at, value.x, value.y);
}
#endif

vec2
interpolate (Sample s, uint c)
{
  return fma (vec2 (s.w00), load_channels (s.at00 + c),
      fma (vec2 (s.w01), load_channels (s.at01 + c),
          fma (vec2 (s.w10), load_channels (s.at10 + c),
              s.w11 * load_channels (s.at11 + c))));
}

void
main ()
{
  find_lane ();
  const uint row = gl_WorkGroupID.x * gl_WorkGroupSize.y + gl_SubgroupID;
  const uint last = args.rows - 1, layer = gl_WorkGroupID.z;
  const Place place = find_place (args.branch + layer, args.first + min (row, last));
  uint tap = 0;
  [[dont_unroll]] do {
    const Sample s = find_sample (place, tap);
    const uint out_at =
        ((layer * args.rows + min (row, last)) * TAPS + tap) * args.channels;
    uint c = 0;
    [[dont_unroll]] do {
      const vec2 value = interpolate (s, c);
      if (row <= last)
        store_channels (out_at + c, value);
      c += 2 * LANES;
    } while (c < args.channels);
    tap++;
  } while (tap < TAPS);
}
