/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * 3x3 convolution on GPUs, as a matrix product (product.glsl) whose rows are pixels of
 * the result and whose k runs over nine neighbours' channels; the matrix of neighbours
 * is never stored.  A piece of eight k belongs to one neighbour when channels are a
 * multiple of eight.  With several levels the maps are those of a pyramid, and rows of
 * one tile may lie on several of them.  The grid is tiles of outputs x tiles of pixels.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "product.glsl"
#include "pyramid.glsl"

layout (constant_id = SPEC_INPUTS) const uint INPUTS = 256;

layout (push_constant) uniform Push { Conv2dArgs args; };

const bool A_RELU = (FORM & FORM_A_RELU) != 0;

/* The map that the row's pixel is convolved from and the upper left neighbour, where -1
 * wraps and fails the bounds test like any other row or column off the map. */
struct Corner {
  uint first, height, width;
  uint top, left;
};

Corner corners[A_PIECES];

void
begin_row (uint i, uint row)
{
  /* Pixels past the end repeat the last one. */
  const uint place = min (row, product.m - 1);
  const Level level = level_of_row (first_level (args.out_height, args.out_width), place);
  const uint pixel = place - level.first;
  /* Only a single map has another size than its result. */
  corners[i] = Corner (level.first, args.levels > 1 ? level.height : args.height,
      args.levels > 1 ? level.width : args.width, pixel / level.width * args.stride - 1,
      pixel % level.width * args.stride - 1);
}

/* Where element k of a row is in x; FALSE when the neighbour is off the map. */
bool
find_element (uint i, uint k, out uint at)
{
  const uint tap = k / INPUTS, channel = k % INPUTS;
  const uint row = corners[i].top + tap / 3, column = corners[i].left + tap % 3;
  at = (corners[i].first + row * corners[i].width + column) * INPUTS + channel;
  return row < corners[i].height && column < corners[i].width;
}

/* Words without the numbers that have a sign. */
uvec4
cut_negative (uvec4 words)
{
  return A_HALF ? words & ~((words >> 15 & 0x00010001u) * 0xffffu) : words & ((words >> 31) - 1);
}

Eight
fetch_eight (uint i, uint k)
{
  uint at;
  Eight piece = Eight (uvec4 (0), uvec4 (0));
  if (find_element (i, k, at))
    piece = LOAD_EIGHT (a4, A_HALF, at);
  if (A_RELU)
    piece = Eight (cut_negative (piece.low), cut_negative (piece.high));
  return piece;
}

float
fetch_one (uint i, uint k)
{
  uint at;
  float element = 0.0;
  if (find_element (i, k, at))
    element = LOAD_ELEMENT (a1, A_HALF, at);
  return A_RELU && element < 0.0 ? 0.0 : element;
}

void
main ()
{
  begin_convolution (args.rows, args.outputs, INPUTS);
  run ();
}
