/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What the products of CPU drivers are specialised for.
 */
#ifndef GLIP_LANES_FLAGS_GLSL
#define GLIP_LANES_FLAGS_GLSL

layout (constant_id = SPEC_LANES_STEPS) const uint STEPS = 16;
layout (constant_id = SPEC_LANES_FLAGS) const uint FLAGS = 0; /* of EPILOGUE_, LANES_ */

bool
has (uint flag)
{
  return (FLAGS & flag) != 0;
}

#endif /* GLIP_LANES_FLAGS_GLSL */
