/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The matrix product of CPU drivers with scalar loads: gemm_lanes.glsl over lanes_tile.glsl.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "lanes_tile.glsl"
#include "gemm_lanes.glsl"
