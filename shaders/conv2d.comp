/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * 3x3 convolution as a matrix product whose rows are pixels and whose k runs over nine
 * neighbours' channels; the matrix of neighbours is never stored.  An invocation keeps
 * 8 consecutive pixels x 4 output channels in registers; a workgroup is 8 lanes (one
 * packed panel) x local_size_y tiles.  Whether a neighbour lies on the map is settled
 * once per tap, outside the loop over channels.  With several levels the maps are those
 * of a pyramid, and a tile lies on one of them.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "pyramid.glsl"
#include "tile.glsl"

layout (local_size_x = 8, local_size_y_id = SPEC_LOCAL_Y) in;
layout (constant_id = SPEC_RELU_INPUT) const bool RELU_INPUT = false;

layout (push_constant) uniform Push { Conv2dArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Y { float y[]; };
layout (set = 0, binding = 1) readonly restrict buffer X { float x[]; };
layout (set = 0, binding = 2) readonly restrict buffer Weight { float weight[]; };
layout (set = 0, binding = 3) readonly restrict buffer Bias { float bias[]; };

void
main ()
{
  const uint lane = gl_LocalInvocationID.x;
  const uint panel = gl_WorkGroupID.x;
  uint tile = gl_WorkGroupID.y * gl_WorkGroupSize.y + gl_LocalInvocationID.y;
  const Level level = level_of_tile (
      first_level (args.out_height, args.out_width), tile, GLIP_TILE_ROWS);
  if (level.index >= args.levels)
    return;
  const uint pixels = count_pixels (level), pixel0 = tile * GLIP_TILE_ROWS;
  /* Only a single map has another size than its result. */
  const uint height = args.levels > 1 ? level.height : args.height;
  const uint width = args.levels > 1 ? level.width : args.width;

  /* The upper left neighbour; -1 wraps and fails the bounds test like any other row
   * or column off the map.  Pixels past the end repeat the last one. */
  uint top[GLIP_TILE_ROWS], left[GLIP_TILE_ROWS];
  [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++) {
    const uint pixel = min (pixel0 + i, pixels - 1);
    top[i] = pixel / level.width * args.stride - 1;
    left[i] = pixel % level.width * args.stride - 1;
  }

  float sum[GLIP_TILE_ROWS][COLUMNS];
  clear (sum);

  uint weight_at = panel * 9 * args.inputs * GLIP_PANEL + lane;
  for (uint tap = 0; tap < 9; tap++) {
    uint x_at[GLIP_TILE_ROWS];
    bool inside[GLIP_TILE_ROWS];
    [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++) {
      const uint row = top[i] + tap / 3, column = left[i] + tap % 3;
      inside[i] = row < height && column < width;
      x_at[i] = inside[i] ? (level.first + row * width + column) * args.inputs : 0;
    }
    for (uint k = 0; k < args.inputs;) {
      float part[GLIP_TILE_ROWS][COLUMNS];
      clear (part);
      const uint part_end = min (k + PART_SUM, args.inputs);
      /* One channel at a time: unrolled further, CPU drivers run out of registers. */
      for (; k < part_end; k++) {
        float factor[COLUMNS];
        [[unroll]] for (uint j = 0; j < COLUMNS; j++)
          factor[j] = weight[weight_at + j * LANES];
        weight_at += GLIP_PANEL;
        [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++) {
          const float loaded = x[x_at[i] + k];
          const float value = inside[i] && !(RELU_INPUT && loaded < 0.0) ? loaded : 0.0;
          [[unroll]] for (uint j = 0; j < COLUMNS; j++)
            part[i][j] = fma (value, factor[j], part[i][j]);
        }
      }
      add (sum, part);
    }
  }

  [[unroll]] for (uint j = 0; j < COLUMNS; j++) {
    const uint column = panel * GLIP_PANEL + lane + j * LANES;
    if (column < args.outputs) {
      const float constant = bias[column];
      [[unroll]] for (uint i = 0; i < GLIP_TILE_ROWS; i++)
        if (pixel0 + i < pixels)
          y[(level.first + pixel0 + i) * args.outputs + column] = sum[i][j] + constant;
    }
  }
}
