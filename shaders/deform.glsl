/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Where the deformable convolutions of DyConv sample: what their kernels share.  The
 * including shader defines OFFSET (i) and pushes `args`: the pyramid's height and width,
 * its channels.
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
#ifndef GLIP_DEFORM_GLSL
#define GLIP_DEFORM_GLSL

#include "pyramid.glsl"
#include "types.glsl"

const uint TAPS = 9;
const uint OFFSET_CHANNELS = 27;
const uint MASK_CHANNEL = 18;

/* A pixel of the output, and the levels that it is computed from. */
struct Place {
  Level out_level, offset_level, sampled;
  uint pixel, stride;
};

/* Four pixels of x: where their channels start, and factors with the mask applied. */
struct Sample {
  uint at00, at01, at10, at11;
  float w00, w01, w10, w11;
};

/* The place of a row of a branch. */
Place
find_place (uint branch, uint row)
{
  Level begin = first_level (args.height, args.width);
  if (branch != BRANCH_MID)
    begin = next_level (begin);
  const uint pyramid_row = begin.first + row;
  Place place;
  place.out_level = level_of_row (begin, pyramid_row);
  Level finer = place.out_level;
  if (branch != BRANCH_MID)
    finer = find_level (args.height, args.width, place.out_level.index - 1);
  place.sampled = place.out_level;
  place.offset_level = place.out_level;
  if (branch == BRANCH_LOW)
    place.sampled = finer;
  if (branch == BRANCH_HIGH)
    place.offset_level = finer;
  place.pixel = pyramid_row - place.out_level.first;
  place.stride = branch == BRANCH_LOW ? 2 : 1;
  return place;
}

/* Element of the planar memory that starts at `channel`. */
float
planar (Place place, uint channel, uint plane)
{
  const uint element = plane * count_pixels (place.out_level) + place.pixel;
  const uint grid = count_pixels (place.offset_level);
  const uint row = place.offset_level.first + element % grid;
  return OFFSET (row * OFFSET_CHANNELS + channel + element / grid);
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

Sample
find_sample (Place place, uint tap)
{
  const uint out_row = place.pixel / place.out_level.width;
  const uint out_column = place.pixel - out_row * place.out_level.width;
  const float y =
      float (int (out_row * place.stride + tap / 3) - 1) + planar (place, 0, 2 * tap);
  const float x =
      float (int (out_column * place.stride + tap % 3) - 1) + planar (place, 0, 2 * tap + 1);
  const float mask = sigmoid (planar (place, MASK_CHANNEL, tap));

  const Level level = place.sampled;
  const float height = float (level.height), width = float (level.width);
  const bool inside = y > -1.0 && x > -1.0 && y < height && x < width;
  const float floor_y = floor (inside ? y : 0.0), floor_x = floor (inside ? x : 0.0);
  const float fy = inside ? y - floor_y : 0.0, fx = inside ? x - floor_x : 0.0;
  const int y0 = int (floor_y), x0 = int (floor_x);

  /* A neighbour outside the map counts as zero. */
  const float scale = inside ? mask : 0.0;
  const float top = y0 >= 0 ? scale * (1.0 - fy) : 0.0;
  const float bottom = y0 + 1 < int (level.height) ? scale * fy : 0.0;
  const float left = x0 >= 0 ? 1.0 - fx : 0.0;
  const float right = x0 + 1 < int (level.width) ? fx : 0.0;
  return Sample (pixel_at (level, y0, x0), pixel_at (level, y0, x0 + 1),
      pixel_at (level, y0 + 1, x0), pixel_at (level, y0 + 1, x0 + 1),
      top * left, top * right, bottom * left, bottom * right);
}

#endif /* GLIP_DEFORM_GLSL */
