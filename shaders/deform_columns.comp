/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The sampling half of a modulated deformable convolution (DCNv2), for one branch of
 * DyConv on all levels that have it: for every output pixel and kernel point,
 * mask * bilinear (x at the displaced position), written as a matrix
 * [pixels, 9 channels] for the product that follows.  Lanes run along channels, so that
 * position, weights and mask are computed once for all of a pixel's channels.
 *
 * On the grid of level g, mid samples level g with the offsets of level g, low samples
 * the finer level g - 1 in steps of two with the offsets of level g, and high, which is
 * enlarged for level g - 1 later, samples level g with the offsets of level g - 1.
 *
 * Offsets are addressed in the flat planar memory [27 planes][pixels of their level]
 * with planes as long as the output's level has pixels, although the map is stored with
 * channels last: flat element e is channel e / grid of pixel e % grid.  For mid and low
 * that is the plain reading; for high it is the one that the released weights were
 * trained with.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "pyramid.glsl"
#include "types.glsl"

layout (local_size_x_id = SPEC_LOCAL_X, local_size_y_id = SPEC_LOCAL_Y) in;

layout (push_constant) uniform Push { DeformColumnsArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Columns { float columns[]; };
layout (set = 0, binding = 1) readonly restrict buffer X { float x[]; };
layout (set = 0, binding = 2) readonly restrict buffer Offsets { float offsets[]; };

const uint TAPS = 9;
const uint OFFSET_CHANNELS = 27;
const uint MASK_CHANNEL = 18;

/* Element of the planar memory that starts at `channel`; planes have the size of the
 * output's level `out_level`. */
float
planar (Level offset_level, Level out_level, uint channel, uint plane, uint pixel)
{
  const uint element = plane * count_pixels (out_level) + pixel;
  const uint grid = count_pixels (offset_level);
  const uint row = offset_level.first + element % grid;
  return offsets[row * OFFSET_CHANNELS + channel + element / grid];
}

/* Where the channels of pixel (row, column) start; clamped, so that no offset, be it
 * NaN, leads out of the map. */
uint
pixel_at (Level level, int row, int column)
{
  const uint inside_row = uint (clamp (row, 0, int (level.height) - 1));
  const uint inside_column = uint (clamp (column, 0, int (level.width) - 1));
  return (level.first + inside_row * level.width + inside_column) * args.channels;
}

void
main ()
{
  const uint row = gl_WorkGroupID.x * gl_WorkGroupSize.y + gl_LocalInvocationID.y;
  const uint tap = gl_WorkGroupID.y;
  if (row >= args.rows)
    return;

  Level begin = first_level (args.height, args.width);
  if (args.branch != BRANCH_MID)
    begin = next_level (begin);
  const uint pyramid_row = begin.first + args.first + row;
  const Level out_level = level_of_row (begin, pyramid_row);
  Level finer = out_level;
  if (args.branch != BRANCH_MID)
    finer = find_level (args.height, args.width, out_level.index - 1);
  Level sampled = out_level, offset_level = out_level;
  if (args.branch == BRANCH_LOW)
    sampled = finer;
  if (args.branch == BRANCH_HIGH)
    offset_level = finer;
  const uint stride = args.branch == BRANCH_LOW ? 2 : 1;

  const uint pixel = pyramid_row - out_level.first;
  const uint out_row = pixel / out_level.width;
  const uint out_column = pixel - out_row * out_level.width;
  const float y = float (int (out_row * stride + tap / 3) - 1) +
      planar (offset_level, out_level, 0, 2 * tap, pixel);
  const float x_position = float (int (out_column * stride + tap % 3) - 1) +
      planar (offset_level, out_level, 0, 2 * tap + 1, pixel);
  const float mask = sigmoid (planar (offset_level, out_level, MASK_CHANNEL, tap, pixel));

  const float height = float (sampled.height), width = float (sampled.width);
  const bool inside = y > -1.0 && x_position > -1.0 && y < height && x_position < width;
  const float floor_y = floor (inside ? y : 0.0);
  const float floor_x = floor (inside ? x_position : 0.0);
  const float fy = inside ? y - floor_y : 0.0, fx = inside ? x_position - floor_x : 0.0;
  const int y0 = int (floor_y), x0 = int (floor_x);

  /* A neighbour outside the map counts as zero. */
  const float scale = inside ? mask : 0.0;
  const float top = y0 >= 0 ? scale * (1.0 - fy) : 0.0;
  const float bottom = y0 + 1 < int (sampled.height) ? scale * fy : 0.0;
  const float left = x0 >= 0 ? 1.0 - fx : 0.0;
  const float right = x0 + 1 < int (sampled.width) ? fx : 0.0;
  const float w00 = top * left, w01 = top * right, w10 = bottom * left, w11 = bottom * right;

  const uint at00 = pixel_at (sampled, y0, x0), at01 = pixel_at (sampled, y0, x0 + 1);
  const uint at10 = pixel_at (sampled, y0 + 1, x0), at11 = pixel_at (sampled, y0 + 1, x0 + 1);
  const uint out_at = (row * TAPS + tap) * args.channels;
  for (uint c = gl_LocalInvocationID.x; c < args.channels; c += gl_WorkGroupSize.x)
    columns[out_at + c] =
        fma (w00, x[at00 + c], fma (w01, x[at01 + c], fma (w10, x[at10 + c],
            w11 * x[at11 + c])));
}
