/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Compiles where the compiler knows cooperative matrices; shaders/meson.build asks.
 */
#version 460
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require

layout (constant_id = 0) const uint SIDE = 16;

void
main ()
{
  coopmat<float, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseAccumulator> sum[SIDE / 8];
  sum[0] = coopmat<float, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseAccumulator> (0.0);
}
