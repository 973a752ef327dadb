/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Swin's shifted-window attention on CPU drivers.  A subgroup has one row of a
 * window's queries, one a lane (up to eight of them, where rows are longer), with all their
 * channels and those of the result in registers.  It goes through the window by rows of
 * keys.  Keys and values are the same for all queries: scalar loads, and no number crosses
 * lanes (lanes.glsl), or, compiled with BROADCAST, a load of every lane for itself that is
 * handed around (addresses.glsl).  The softmax keeps a running maximum: results so far are
 * scaled down when a row of keys raises it.  A workgroup is the rows of one window and
 * head; the grid is heads, windows across, windows down.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#ifdef BROADCAST
#include "addresses.glsl"
#extension GL_KHR_shader_subgroup_ballot : require
#else
#include "lanes.glsl"
#endif

layout (local_size_x = 8, local_size_y_id = SPEC_LOCAL_Y) in;
layout (constant_id = SPEC_WINDOW) const uint WINDOW = 7;
layout (constant_id = SPEC_CHANNELS) const uint CHANNELS = 32; /* an even number */

layout (push_constant) uniform Push {
  uint64_t y, qkv, bias, pad;
  WindowAttentionArgs args;
};

const uint SPAN = 2 * WINDOW - 1;              /* distances along one axis */
const uint PARTS = (WINDOW + LANES - 1) / LANES; /* subgroups of a row of queries */

/* The pixel under the window's token (column, row), if there is one: the map is padded to
 * whole windows and rolled up and left. */
bool
find_pixel (uint column, uint row, out uint pixel)
{
  const uvec2 size = gl_NumWorkGroups.yz * WINDOW;
  uvec2 at = gl_WorkGroupID.yz * WINDOW + uvec2 (column, row) + args.shift;
  at -= size * uvec2 (greaterThanEqual (at, size));
  const bool real = at.x < args.width && at.y < args.height;
  pixel = real ? at.y * args.width + at.x : 0;
  return real;
}

/* Does a token lie beyond the roll's seam?  Tokens on both sides of it lie side by side
 * only because of the roll. */
bool
is_beyond (uint place, uint window, uint windows)
{
  return window == windows - 1 && place >= WINDOW - args.shift;
}

/* How a lane comes by what it needs: OWN queries and KEYS keys of a row are those whose
 * addresses it is given; channels go by pairs. */
#ifdef BROADCAST
const uint OWN = 1;
const uint KEYS = PARTS;

void
find_lane ()
{
}

uint
query_of (uint i, uint first)
{
  return min (first + gl_SubgroupInvocationID, WINDOW - 1);
}

uint
key_of (uint i)
{
  return min (i * LANES + gl_SubgroupInvocationID, WINDOW - 1);
}

float
load_own (const uint64_t at[OWN], uint c)
{
  return In (at[0]).at[c];
}

void
load_keys (const uint64_t at[KEYS], uint c, out vec2 key[WINDOW])
{
  vec2 own[KEYS];
  [[unroll]] for (uint i = 0; i < KEYS; i++)
    own[i] = unpack_pair (InPairs (at[i]).at[c / 2]);
  [[unroll]] for (uint j = 0; j < WINDOW; j++)
    key[j] = subgroupBroadcast (own[j / LANES], j % LANES);
}
#else
const uint OWN = LANES;
const uint KEYS = WINDOW;

uint
query_of (uint i, uint first)
{
  return min (first + i, WINDOW - 1);
}

uint
key_of (uint i)
{
  return i;
}

float
load_own (const uint64_t at[OWN], uint c)
{
  float own = load_uniform (at[0] + floats (c));
  [[unroll]] for (uint i = 1; i < OWN; i++)
    own = mix (own, load_uniform (at[i] + floats (c)), is_lane[i]);
  return own;
}

void
load_keys (const uint64_t at[KEYS], uint c, out vec2 key[WINDOW])
{
  [[unroll]] for (uint j = 0; j < WINDOW; j++)
    key[j] = vec2 (load_uniform (at[j] + floats (c)), load_uniform (at[j] + floats (c + 1)));
}
#endif

void
main ()
{
  find_lane ();
  const uint head_at = gl_WorkGroupID.x * CHANNELS;
  const uint query_row = gl_SubgroupID / PARTS, first = gl_SubgroupID % PARTS * LANES;
  const uint query_column = min (first + gl_SubgroupInvocationID, WINDOW - 1);
  const uvec2 window = gl_WorkGroupID.yz, windows = gl_NumWorkGroups.yz;
  const bool beyond_x = is_beyond (query_column, window.x, windows.x);
  const bool beyond_y = is_beyond (query_row, window.y, windows.y);

  /* A query that pads is nobody's: any other serves for it. */
  uint64_t q_at[OWN];
  [[unroll]] for (uint i = 0; i < OWN; i++) {
    uint pixel;
    find_pixel (query_of (i, first), query_row, pixel);
    q_at[i] = qkv + floats (pixel * 3 * args.columns + head_at);
  }
  float query[CHANNELS], result[CHANNELS];
  [[unroll]] for (uint c = 0; c < CHANNELS; c++) {
    query[c] = load_own (q_at, c);
    result[c] = 0.0;
  }

  float highest = -3.402823466e38, total = 0.0;
  uint row = 0;
  [[dont_unroll]] do {
    uint64_t k_at[KEYS], v_at[KEYS];
    [[unroll]] for (uint i = 0; i < KEYS; i++) {
      uint pixel;
      const bool real = find_pixel (key_of (i), row, pixel);
      const uint64_t pixel_at =
          real ? qkv + floats (pixel * 3 * args.columns + head_at) : pad + floats (head_at);
      k_at[i] = pixel_at + floats (args.columns);
      v_at[i] = pixel_at + floats (2 * args.columns);
    }
    float score[WINDOW];
    [[unroll]] for (uint j = 0; j < WINDOW; j++)
      score[j] = 0.0;
    [[unroll]] for (uint c = 0; c < CHANNELS; c += 2) {
      vec2 key[WINDOW];
      load_keys (k_at, c, key);
      [[unroll]] for (uint j = 0; j < WINDOW; j++)
        score[j] = fma (query[c + 1], key[j].y, fma (query[c], key[j].x, score[j]));
    }

    const bool seam_y = is_beyond (row, window.y, windows.y) != beyond_y;
    const uint64_t bias_at =
        bias + floats ((gl_WorkGroupID.x * SPAN + query_row + WINDOW - 1 - row) * SPAN);
    float raised = highest;
    [[unroll]] for (uint j = 0; j < WINDOW; j++) {
      uint64_t distance_at[OWN];
      [[unroll]] for (uint i = 0; i < OWN; i++)
        distance_at[i] = bias_at + floats (query_of (i, first) + WINDOW - 1 - j);
      const bool seam_x = is_beyond (j, window.x, windows.x) != beyond_x;
      score[j] += load_own (distance_at, 0) + mix (0.0, -100.0, seam_x || seam_y);
      raised = max (raised, score[j]);
    }

    const float fade = exp (highest - raised);
    highest = raised;
    total *= fade;
    [[unroll]] for (uint j = 0; j < WINDOW; j++) {
      score[j] = exp (score[j] - raised);
      total += score[j];
    }
    [[unroll]] for (uint c = 0; c < CHANNELS; c += 2) {
      vec2 value[WINDOW];
      load_keys (v_at, c, value);
      vec2 sum = score[0] * value[0];
      [[unroll]] for (uint j = 1; j < WINDOW; j++)
        sum = fma (vec2 (score[j]), value[j], sum);
      result[c] = fma (result[c], fade, sum.x);
      result[c + 1] = fma (result[c + 1], fade, sum.y);
    }
    row++;
  } while (row < WINDOW);

  uint pixel;
  if (find_pixel (query_column, query_row, pixel) &&
      first + gl_SubgroupInvocationID < WINDOW) {
    const float scale = 1.0 / total;
    OutPairs out_at = OutPairs (y + floats (pixel * args.columns + head_at));
    [[unroll]] for (uint c = 0; c < CHANNELS; c += 2)
      out_at.at[c / 2] = pack_pair (vec2 (result[c], result[c + 1]) * scale);
  }
}
