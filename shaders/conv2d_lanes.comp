/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The 3x3 convolution of CPU drivers with scalar loads: conv2d_lanes.glsl over lanes_tile.glsl.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"
#include "lanes_tile.glsl"
#include "conv2d_lanes.glsl"
