/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The 3x3 convolution of conv2d.comp for CPU drivers (lanes_tile.glsl): a tile is 4
 * consecutive pixels of a level x 16 output channels.  For every tap the tile's rows are
 * the neighbours' channels; a neighbour off the map, or of a pixel past the end, is the row
 * of zeros behind the packed weights, so that the rounds know no border.  A workgroup is
 * local_size_y tiles of pixels that share weights; the grid is column tiles x blocks of
 * pixels.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "lanes_tile.glsl"
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
  find_lane ();
  const uint lane = gl_SubgroupInvocationID;
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
  const uint column0 = gl_WorkGroupID.x * LANES_TILE_COLUMNS;
  const uint tap_floats = args.inputs * GLIP_PANEL;
  const uint panels = (args.outputs + GLIP_PANEL - 1) / GLIP_PANEL;
  const uint64_t zeros = weight + floats (panels * TAPS * tap_floats);
  const uint64_t panel = weight +
      floats (column0 / GLIP_PANEL * TAPS * tap_floats + column0 % GLIP_PANEL);
  uint own[VECTORS];
  [[unroll]] for (uint j = 0; j < VECTORS; j++)
    own[j] = min (column0 + j * LANES + lane, args.outputs - 1);

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

  [[unroll]] for (uint j = 0; j < VECTORS; j++) {
    const uint first = column0 + j * LANES;
    const float constant = load_result (bias, first, own[j]);
    const bool exists = !has (LANES_RESULT_TAIL) || own[j] == first + lane;
    [[unroll]] for (uint i = 0; i < ROWS; i++)
      if (pixel0 + i < pixels && exists)
        Out (y).at[(level.first + pixel0 + i) * args.outputs + own[j]] = sum[i][j] + constant;
  }
}
