/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The 3x3 convolution of CPU drivers whose lanes load for one another: conv2d_lanes.glsl
 * over broadcast_tile.glsl.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "broadcast_tile.glsl"
#include "conv2d_lanes.glsl"
