/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What every kind of matrix product does to a sum between bias and residual.
 */
#ifndef GLIP_EPILOGUE_GLSL
#define GLIP_EPILOGUE_GLSL

#include "types.glsl"

float
activate (float value, uint flags, float limit)
{
  if ((flags & EPILOGUE_CLAMP) != 0)
    value = clamp (value, -limit, limit);
  if ((flags & EPILOGUE_GELU) != 0) {
    value = gelu (value);
    if ((flags & EPILOGUE_CLAMP) != 0)
      value = clamp (value, -limit, limit);
  }
  return value;
}

#endif /* GLIP_EPILOGUE_GLSL */
