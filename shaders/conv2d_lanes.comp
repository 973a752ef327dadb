/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The 3x3 convolution of CPU drivers, over the tiles of gemm_lanes.comp, whose rows are
 * consecutive pixels of a level.  For every tap the values of a row are a neighbour's
 * channels; a neighbour off the map, or of a pixel past the end, is the row of zeros behind
 * the packed weights, so that the rounds know no border.  A workgroup is local_size_y tiles
 * of pixels that share weights; the grid is column tiles x blocks of pixels.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#ifdef BROADCAST
#include "broadcast_tile.glsl"
#else
#include "lanes_tile.glsl"
#endif
#include "lanes_result.glsl"
#include "pyramid.glsl"

layout (local_size_x = 8, local_size_y_id = SPEC_LOCAL_Y) in;

layout (push_constant) uniform Push {
  uint64_t y, x, weight, bias;
  Conv2dArgs args;
};

const uint TAPS = 9;

void
main ()
{
  prepare_tile ();
  uint tile = gl_WorkGroupID.y * gl_WorkGroupSize.y + gl_SubgroupID;
  const Level level =
      level_of_tile (first_level (args.out_height, args.out_width), tile, ROWS);
  const uint pixel0 = tile * ROWS;
  const uint pixels = level.index < args.levels ? count_pixels (level) : 0;
  /* Only a single map has another size than its result. */
  const uint height = args.levels > 1 ? level.height : args.height;
  const uint width = args.levels > 1 ? level.width : args.width;

  /* The upper left neighbour; -1 wraps and fails the bounds test like any other row
   * or column off the map. */
  uint top[ROWS], left[ROWS];
  [[unroll]] for (uint i = 0; i < ROWS; i++) {
    top[i] = (pixel0 + i) / level.width * args.stride - 1;
    left[i] = (pixel0 + i) % level.width * args.stride - 1;
  }
  const uint column0 = gl_WorkGroupID.x * LANES * VECTORS;
  const uint tap_floats = args.inputs * GLIP_PANEL;
  const uint panels = (args.outputs + GLIP_PANEL - 1) / GLIP_PANEL;
  const uint64_t zeros = weight + floats (panels * TAPS * tap_floats);
  const uint64_t panel = weight +
      floats (column0 / GLIP_PANEL * TAPS * tap_floats + column0 % GLIP_PANEL);
  uint own[VECTORS];
  find_columns (own, column0, args.outputs);

  float sum[ROWS][VECTORS];
  clear (sum);
  uint tap = 0;
  [[dont_unroll]] do {
    uint64_t x_at[ROWS];
    [[unroll]] for (uint i = 0; i < ROWS; i++) {
      const uint row = top[i] + tap / 3, column = left[i] + tap % 3;
      const bool inside = pixel0 + i < pixels && row < height && column < width;
      x_at[i] = inside ? x + floats ((level.first + row * width + column) * args.inputs)
                       : zeros;
    }
    uint k = 0;
    [[dont_unroll]] do {
      add_round (sum, k, args.inputs, x_at, 1, panel + floats (tap * tap_floats), GLIP_PANEL,
          own);
      k += STEPS;
    } while (k < args.inputs);
    tap++;
  } while (tap < TAPS);

  [[unroll]] for (uint p = 0; p < PAIRS; p++) {
    const vec2 constant = load_result (bias, column0, 1, p, own);
    [[unroll]] for (uint i = 0; i < ROWS; i++)
      if (pixel0 + i < pixels)
        store_result (y, (level.first + pixel0 + i) * args.outputs + column0, 1, p, own,
            vec2 (sum[i][2 * p], sum[i][2 * p + 1]) + constant);
  }
}
