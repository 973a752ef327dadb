/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Swin's shifted-window attention.  8 lanes have 8 queries of one window and head, and
 * do two small matrix products over a strip of scores [M M keys][8 queries] in shared
 * memory: scores with lanes along keys, softmax with a lane for every query, and the
 * weighted sum of values with lanes along channels.  A workgroup is local_size_y such
 * tiles of queries; scores never leave it.
 *
 * Padding the map to whole windows and rolling it by -shift is address arithmetic.
 * Tokens that pad all have the same key and value, which come from `pad`.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "types.glsl"

layout (local_size_x = 8, local_size_y_id = SPEC_LOCAL_Y) in;
layout (constant_id = SPEC_WINDOW) const uint WINDOW = 7;

layout (push_constant) uniform Push { WindowAttentionArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Y { float y[]; };
layout (set = 0, binding = 1) readonly restrict buffer Qkv { float qkv[]; };
layout (set = 0, binding = 2) readonly restrict buffer Bias { float bias[]; };
layout (set = 0, binding = 3) readonly restrict buffer Pad { float pad[]; };

const uint LANES = 8;
const uint COLUMNS = 4; /* keys or channels of a lane */
const uint TOKENS = WINDOW * WINDOW;
const uint SPAN = 2 * WINDOW - 1; /* distances along one axis */
const uint NOWHERE = 0xffffffffu;

shared uint pixels[TOKENS];  /* under the window's tokens; NOWHERE for one that pads */
shared uint regions[TOKENS];
shared float scores[gl_WorkGroupSize.y * TOKENS * GLIP_TILE_ROWS]; /* [tile][key][query] */
shared float scales[gl_WorkGroupSize.y * GLIP_TILE_ROWS];

/* Where the window's tokens come from.  Tokens of different regions lie side by side
 * only because of the roll: in the last row and the last column of windows. */
void
find_tokens ()
{
  const uvec2 window = gl_WorkGroupID.yz, windows = gl_NumWorkGroups.yz;
  [[dont_unroll]] for (uint token = gl_LocalInvocationIndex; token < TOKENS;
       token += LANES * gl_WorkGroupSize.y) {
    const uvec2 place = uvec2 (token % WINDOW, token / WINDOW);
    uvec2 at = window * WINDOW + place + args.shift;
    at -= windows * WINDOW * uvec2 (greaterThanEqual (at, windows * WINDOW));
    pixels[token] =
        at.x < args.width && at.y < args.height ? at.y * args.width + at.x : NOWHERE;
    const uvec2 beyond = uvec2 (equal (window, windows - 1)) *
        uvec2 (greaterThanEqual (place, uvec2 (WINDOW - args.shift)));
    regions[token] = beyond.x + 2 * beyond.y;
  }
}

/* Scores of keys first_key .. first_key + 31 for the 8 queries at `query0`. */
void
score_keys (uint first_key, uint query0, uint head, uint scores_at)
{
  const uint lane = gl_LocalInvocationID.x;
  uint q_at[GLIP_TILE_ROWS], k_at[COLUMNS];
  bool real[COLUMNS];
  [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++) {
    /* A query that pads is nobody's: any other serves for it. */
    const uint pixel = pixels[min (query0 + i, TOKENS - 1)];
    q_at[i] = (pixel == NOWHERE ? 0 : pixel) * 3 * args.columns + head * args.channels;
  }
  [[unroll]] for (uint j = 0; j < COLUMNS; j++) {
    const uint pixel = pixels[min (first_key + lane + j * LANES, TOKENS - 1)];
    real[j] = pixel != NOWHERE;
    k_at[j] = (real[j] ? pixel : 0) * 3 * args.columns + args.columns + head * args.channels;
  }
  const uint pad_at = args.columns + head * args.channels;

  float sum[GLIP_TILE_ROWS][COLUMNS];
  [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++)
    [[unroll]] for (uint j = 0; j < COLUMNS; j++)
      sum[i][j] = 0.0;
  for (uint c = 0; c < args.channels; c++) {
    const float pad_key = pad[pad_at + c];
    float key[COLUMNS];
    [[unroll]] for (uint j = 0; j < COLUMNS; j++) {
      const float loaded = qkv[k_at[j] + c];
      key[j] = real[j] ? loaded : pad_key;
    }
    [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++) {
      const float query = qkv[q_at[i] + c];
      [[unroll]] for (uint j = 0; j < COLUMNS; j++)
        sum[i][j] = fma (query, key[j], sum[i][j]);
    }
  }

  [[unroll]] for (uint j = 0; j < COLUMNS; j++) {
    const uint key = first_key + lane + j * LANES;
    if (key < TOKENS)
      [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++)
        scores[scores_at + key * GLIP_TILE_ROWS + i] = sum[i][j];
  }
}

/* The lane's query: bias and mask, then the exponentials. */
void
exponentiate (uint query0, uint head, uint scores_at, uint scales_at)
{
  const uint lane = gl_LocalInvocationID.x;
  const uint query = min (query0 + lane, TOKENS - 1);
  const uint region = regions[query];
  /* The key at (row, column) is that many distances before. */
  const uint bias_at =
      (head * SPAN + query / WINDOW + WINDOW - 1) * SPAN + query % WINDOW + WINDOW - 1;
  float highest = -3.402823466e38;
  [[dont_unroll]] for (uint row = 0; row < WINDOW; row++)
    [[dont_unroll]] for (uint column = 0; column < WINDOW; column++) {
      const uint key = row * WINDOW + column;
      const uint at = scores_at + key * GLIP_TILE_ROWS + lane;
      const float score = scores[at] + bias[bias_at - row * SPAN - column] +
          (regions[key] == region ? 0.0 : -100.0);
      scores[at] = score;
      highest = max (highest, score);
    }
  float total = 0.0;
  [[dont_unroll]] for (uint key = 0; key < TOKENS; key++) {
    const uint at = scores_at + key * GLIP_TILE_ROWS + lane;
    const float weight = exp (scores[at] - highest);
    scores[at] = weight;
    total += weight;
  }
  scales[scales_at + lane] = 1.0 / total;
}

/* Channels first_channel .. first_channel + 31 of the 8 results. */
void
add_values (uint first_channel, uint query0, uint head, uint scores_at, uint scales_at)
{
  const uint lane = gl_LocalInvocationID.x;
  uint channel[COLUMNS];
  float pad_value[COLUMNS];
  [[unroll]] for (uint j = 0; j < COLUMNS; j++) {
    channel[j] = head * args.channels +
        min (first_channel + lane + j * LANES, args.channels - 1);
    pad_value[j] = pad[2 * args.columns + channel[j]];
  }
  float sum[GLIP_TILE_ROWS][COLUMNS];
  [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++)
    [[unroll]] for (uint j = 0; j < COLUMNS; j++)
      sum[i][j] = 0.0;
  [[dont_unroll]] for (uint key = 0; key < TOKENS; key++) {
    const uint pixel = pixels[key];
    const bool real = pixel != NOWHERE;
    const uint v_at = ((real ? pixel : 0) * 3 + 2) * args.columns;
    float value[COLUMNS];
    [[unroll]] for (uint j = 0; j < COLUMNS; j++) {
      const float loaded = qkv[v_at + channel[j]];
      value[j] = real ? loaded : pad_value[j];
    }
    [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++) {
      const float weight = scores[scores_at + key * GLIP_TILE_ROWS + i];
      [[unroll]] for (uint j = 0; j < COLUMNS; j++)
        sum[i][j] = fma (weight, value[j], sum[i][j]);
    }
  }

  [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++) {
    const uint query = query0 + i;
    const uint pixel = query < TOKENS ? pixels[min (query, TOKENS - 1)] : NOWHERE;
    const float scale = scales[scales_at + i];
    [[unroll]] for (uint j = 0; j < COLUMNS; j++)
      if (pixel != NOWHERE && first_channel + lane + j * LANES < args.channels)
        y[pixel * args.columns + channel[j]] = sum[i][j] * scale;
  }
}

void
main ()
{
  const uint head = gl_WorkGroupID.x % args.heads, block = gl_WorkGroupID.x / args.heads;
  const uint tile = gl_LocalInvocationID.y;
  const uint query0 = (block * gl_WorkGroupSize.y + tile) * GLIP_TILE_ROWS;
  const uint scores_at = tile * TOKENS * GLIP_TILE_ROWS, scales_at = tile * GLIP_TILE_ROWS;

  find_tokens ();
  barrier (); /* everybody looks up any token */
  [[dont_unroll]] for (uint key = 0; key < TOKENS; key += LANES * COLUMNS)
    score_keys (key, query0, head, scores_at);
  barrier (); /* a lane's query has scores from all lanes */
  exponentiate (query0, head, scores_at, scales_at);
  barrier (); /* a lane's channel needs all queries' weights */
  for (uint channel = 0; channel < args.channels; channel += LANES * COLUMNS)
    add_values (channel, query0, head, scores_at, scales_at);
}
