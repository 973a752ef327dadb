/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The two softmaxes of the bidirectional attention from one table of scores
 * S [rows, heads * tokens].  What a place in the image takes from the text is a softmax
 * over a head's real tokens.  What a word takes from the image is one over all rows, of
 * which a workgroup knows a chunk: it writes exp (S - m) with m the largest score of the
 * chunk, and m and the sum of these for every column; fusion_gather.comp, which adds up
 * the chunks, makes the softmax of it.
 *
 * A workgroup has a chunk and a head.  For the columns, lanes run along tokens and each
 * row of invocations takes a run of rows; for the rows, every invocation takes its own.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"

layout (local_size_x = 32, local_size_y = 8) in;

layout (push_constant) uniform Push { FusionArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer ToImage { float to_image[]; };
layout (set = 0, binding = 1) writeonly restrict buffer ToText { float to_text[]; };
/* [chunks, 2, columns] of maximum and sum. */
layout (set = 0, binding = 2) writeonly restrict buffer Chunks { float chunks[]; };
layout (set = 0, binding = 3) readonly restrict buffer Scores { float scores[]; };
layout (set = 0, binding = 4) readonly restrict buffer Real { uint real_tokens[]; };

const uint LANES = 32, RUNS = 8;
const float LOWEST = -3.4e38;

shared float maxima[RUNS * LANES];
shared float sums[RUNS * LANES];

/* Rows [first, end) of one column, for each run of them. */
void
weigh_column (uint first, uint end, uint column, uint columns, bool exists)
{
  const uint lane = gl_LocalInvocationID.x, run = gl_LocalInvocationID.y;
  const uint run_rows = args.chunk / RUNS;
  const uint own_first = min (first + run * run_rows, end);
  const uint own_end = exists ? min (own_first + run_rows, end) : own_first;
  float largest = LOWEST;
  for (uint row = own_first; row < own_end; row++)
    largest = max (largest, scores[row * columns + column]);
  maxima[run * LANES + lane] = largest;
  barrier (); /* the chunk's maximum is that of all runs */
  for (uint i = 0; i < RUNS; i++)
    largest = max (largest, maxima[i * LANES + lane]);

  float total = 0.0;
  for (uint row = own_first; row < own_end; row++) {
    const float weight = exp (scores[row * columns + column] - largest);
    to_text[row * columns + column] = weight;
    total += weight;
  }
  sums[run * LANES + lane] = total;
  barrier (); /* so is its sum */
  if (run == 0 && exists) {
    for (uint i = 1; i < RUNS; i++)
      total += sums[i * LANES + lane];
    chunks[gl_WorkGroupID.x * 2 * columns + column] = largest;
    chunks[(gl_WorkGroupID.x * 2 + 1) * columns + column] = total;
  }
}

/* One row, whose scores for the head begin at `at`. */
void
weigh_row (uint at)
{
  const uint real = min (real_tokens[0], args.tokens);
  float largest = LOWEST, total = 0.0;
  for (uint t = 0; t < real; t++)
    largest = max (largest, scores[at + t]);
  for (uint t = 0; t < real; t++)
    total += exp (scores[at + t] - largest);
  for (uint t = 0; t < args.tokens; t++)
    to_image[at + t] = t < real ? exp (scores[at + t] - largest) / total : 0.0;
}

void
main ()
{
  const uint columns = args.heads * args.tokens, column = gl_WorkGroupID.y * args.tokens;
  const uint first = gl_WorkGroupID.x * args.chunk;
  const uint end = min (first + args.chunk, args.rows);
  for (uint block = 0; block < args.tokens; block += LANES) {
    const uint token = block + gl_LocalInvocationID.x;
    weigh_column (first, end, column + token, columns, token < args.tokens);
  }
  for (uint row = first + gl_LocalInvocationIndex; row < end; row += LANES * RUNS)
    weigh_row (row * columns + column);
}
