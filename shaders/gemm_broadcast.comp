/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The matrix product of CPU drivers whose lanes load for one another: gemm_lanes.glsl over
 * broadcast_tile.glsl.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "broadcast_tile.glsl"
#include "gemm_lanes.glsl"
