/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What the GPUs' forms of the windows' attention share: tokens from memory, results back.
 * A workgroup has some queries of one window (window.glsl) and head, and goes through the
 * window's keys and values by slabs of SLAB tokens, with a running maximum: results so far
 * fade when a slab raises it.
 */
#ifndef GLIP_WINDOW_ATTENTION_GLSL
#define GLIP_WINDOW_ATTENTION_GLSL

#include "pieces.glsl"

layout (constant_id = SPEC_WINDOW) const uint WINDOW = 7;
layout (constant_id = SPEC_CHANNELS) const uint CHANNELS = 32;
layout (constant_id = SPEC_SLAB) const uint SLAB = 64;
layout (constant_id = SPEC_FORM) const uint FORM = 0;

const bool QKV_HALF = (FORM & FORM_A_HALF) != 0;
const bool QKV_WHOLE = (FORM & FORM_A_WHOLE) != 0;
const bool Y_HALF = (FORM & FORM_C_HALF) != 0;
const bool Y_WHOLE = (FORM & FORM_C_WHOLE) != 0;

layout (push_constant) uniform Push { WindowAttentionArgs args; };

layout (set = 0, binding = 0) writeonly buffer Y1 { uint y1[]; };
layout (set = 0, binding = 0) writeonly buffer Y2 { uvec2 y2[]; };
layout (set = 0, binding = 0) writeonly buffer Y4 { uvec4 y4[]; };
layout (set = 0, binding = 1) readonly buffer Qkv1 { uint qkv1[]; };
layout (set = 0, binding = 1) readonly buffer Qkv4 { uvec4 qkv4[]; };
layout (set = 0, binding = 2) readonly restrict buffer Bias { float bias[]; };
layout (set = 0, binding = 3) readonly restrict buffer Pad { float pad[]; };

#include "window.glsl"

const uint QUERY = 0, KEY = 1, VALUE = 2;

/* Eight channels, from `channel` on, of a token's query, key or value; zeros for what does
 * not exist. */
Eight
fetch_eight (uint token, uint kind, uint head, uint channel, out bool halves)
{
  halves = false;
  if (token >= TOKENS || channel >= CHANNELS)
    return Eight (uvec4 (0), uvec4 (0));
  const uint pixel = pixels[token];
  const uint column = kind * args.columns + head * CHANNELS + channel;
  const uint at = pixel * 3 * args.columns + column;
  if (QKV_WHOLE && pixel != NOWHERE) {
    halves = QKV_HALF;
    return LOAD_EIGHT (qkv4, QKV_HALF, at);
  }
  float f[8];
  [[unroll]] for (uint i = 0; i < 8; i++) {
    f[i] = 0.0;
    if (channel + i < CHANNELS)
      f[i] = pixel == NOWHERE ? pad[column + i] : LOAD_ELEMENT (qkv1, QKV_HALF, at + i);
  }
  return floats_to_eight (f);
}

/* Four channels of a query's result. */
void
store_four (uint query, uint head, uint channel, vec4 value)
{
  if (query >= TOKENS || channel >= CHANNELS)
    return;
  const uint pixel = pixels[query];
  if (pixel == NOWHERE)
    return;
  const uint at = pixel * args.columns + head * CHANNELS + channel;
  if (Y_WHOLE && Y_HALF) {
    y2[at / 4] = pack_four (value);
  } else if (Y_WHOLE) {
    y4[at / 4] = floatBitsToUint (value);
  } else {
    [[unroll]] for (uint i = 0; i < 4; i++)
      if (channel + i < CHANNELS)
        y1[at + i] = floatBitsToUint (value[i]);
  }
}

#endif /* GLIP_WINDOW_ATTENTION_GLSL */
