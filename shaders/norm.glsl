/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * How rows that are normalised move: in pieces, as NORM_ bits of interface.h say.  A piece
 * is four columns, loaded by 128 bits and stored as floats or halves, or it is one column,
 * the first of four of which the others are zero.
 */
#ifndef GLIP_NORM_GLSL
#define GLIP_NORM_GLSL

layout (local_size_x_id = SPEC_LOCAL_X, local_size_y_id = SPEC_LOCAL_Y) in;
layout (constant_id = SPEC_NORM_FORM) const uint FORM = 0;
#include "reduce.glsl"

layout (set = 0, binding = 0) writeonly buffer Y1 { float y1[]; };
layout (set = 0, binding = 0) writeonly buffer Y2 { uvec2 y2[]; };
layout (set = 0, binding = 0) writeonly buffer Y4 { vec4 y4[]; };
layout (set = 0, binding = 1) readonly buffer X1 { float x1[]; };
layout (set = 0, binding = 1) readonly buffer X4 { vec4 x4[]; };
layout (set = 0, binding = 2) readonly buffer Weight1 { float weight1[]; };
layout (set = 0, binding = 2) readonly buffer Weight4 { vec4 weight4[]; };
layout (set = 0, binding = 3) readonly buffer Bias1 { float bias1[]; };
layout (set = 0, binding = 3) readonly buffer Bias4 { vec4 bias4[]; };

const bool FOURS = (FORM & NORM_FOURS) != 0;
const bool HALF = (FORM & NORM_HALF) != 0; /* only with FOURS */
const uint PIECE = FOURS ? 4 : 1;

/* A lane's pieces of `columns`: the columns at which they begin. */
#define FOR_OWN_PIECES(at, columns)                                                       \
  for (uint at = gl_LocalInvocationID.x * PIECE; at < (columns); at += gl_WorkGroupSize.x * PIECE)

vec4
load_x (uint at)
{
  return FOURS ? x4[at / 4] : vec4 (x1[at], 0.0, 0.0, 0.0);
}

float
sum_of_piece (vec4 piece)
{
  return FOURS ? (piece.x + piece.y) + (piece.z + piece.w) : piece.x;
}

/* `squares` and those of the distances from the mean. */
float
add_squares (vec4 piece, float mean, float squares)
{
  const vec4 centred = piece - mean;
  squares = fma (centred.x, centred.x, squares);
  if (FOURS) {
    squares = fma (centred.y, centred.y, squares);
    squares = fma (centred.z, centred.z, squares);
    squares = fma (centred.w, centred.w, squares);
  }
  return squares;
}

/* The normalised piece with the weight and bias of column `at`. */
vec4
weigh (vec4 normalised, uint at)
{
  return FOURS ? normalised * weight4[at / 4] + bias4[at / 4]
               : normalised * weight1[at] + bias1[at];
}

void
store_y (uint at, vec4 piece)
{
  if (HALF)
    y2[at / 4] = uvec2 (packHalf2x16 (piece.xy), packHalf2x16 (piece.zw));
  else if (FOURS)
    y4[at / 4] = piece;
  else
    y1[at] = piece.x;
}

#endif /* GLIP_NORM_GLSL */
