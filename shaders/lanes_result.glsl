/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Columns of the result for both tiles of CPU drivers, whose names for that are included
 * before: whole tiles go by pairs of vectors, others column by column (LANES_RESULT_TAIL).
 */
#ifndef GLIP_LANES_RESULT_GLSL
#define GLIP_LANES_RESULT_GLSL

void
clear (out float sum[ROWS][VECTORS])
{
  [[unroll]] for (uint i = 0; i < ROWS; i++)
    [[unroll]] for (uint j = 0; j < VECTORS; j++)
      sum[i][j] = 0.0;
}

/* This lane's columns of all vectors, counted from the tile's first column; the last of
 * `columns` that there are stands for those past the end. */
void
find_columns (out uint own[VECTORS], uint first, uint columns)
{
  [[unroll]] for (uint j = 0; j < VECTORS; j++)
    own[j] = min (column_of (j), columns - 1 - first);
}

/* Two vectors of the row that begins at float `at` from `base`, its columns being
 * `stride` floats apart. */
vec2
load_result (uint64_t base, uint at, uint stride, uint pair, const uint own[VECTORS])
{
  if (!has (LANES_RESULT_TAIL))
    return load_pair (base, at, pair);
  return vec2 (In (base).at[at + own[2 * pair] * stride],
      In (base).at[at + own[2 * pair + 1] * stride]);
}

void
store_result (uint64_t base, uint at, uint stride, uint pair, const uint own[VECTORS], vec2 value)
{
  if (!has (LANES_RESULT_TAIL)) {
    store_pair (base, at, pair, value);
    return;
  }
  [[unroll]] for (uint i = 0; i < 2; i++)
    if (own[2 * pair + i] == column_of (2 * pair + i))
      Out (base).at[at + own[2 * pair + i] * stride] = value[i];
}

#endif /* GLIP_LANES_RESULT_GLSL */
