/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The best `top_n` candidates of a level, one workgroup a level.  A radix selection:
 * the key of a candidate is 64 bits, the inverted bits of its score (not negative, so
 * they order as the numbers do) above its index; from the top, 8 bits at a time, count
 * the keys with the digits found so far and go on in the bin where the top_n-th lies.
 * That makes ties exact, and one more pass takes every key up to the last one.
 */
#version 460
#extension GL_GOOGLE_include_directive : require
#include "interface.h"

layout (local_size_x = 256) in;

layout (push_constant) uniform Push { TopKArgs args; };

layout (set = 0, binding = 0) writeonly restrict buffer Result { uint result[]; };
layout (set = 0, binding = 1) readonly restrict buffer List { uvec2 list[]; };
layout (set = 0, binding = 2) readonly restrict buffer Regression { float regression[]; };
layout (set = 0, binding = 3) readonly restrict buffer Counters { uint counters[]; };

const uint BINS = 256;

shared uint bins[BINS];
shared uvec2 prefix, mask;  /* the digits found, and where they are; y is the upper half */
shared uint wanted;         /* how many to take among the keys with this prefix */
shared bool done;
shared uint taken;

uvec2
key_of (uvec2 candidate)
{
  return uvec2 (candidate.x, ~candidate.y);
}

bool
is_selected (uvec2 key)
{
  key &= mask;
  return key.y < prefix.y || (key.y == prefix.y && key.x <= prefix.x);
}

/* The digit of pass 0 (top) to 7. */
uint
digit_of (uvec2 key, uint pass)
{
  return ((pass < 4 ? key.y : key.x) >> (24 - pass % 4 * 8)) & (BINS - 1);
}

/* By one invocation: which bin the wanted-th key is in. */
void
choose_bin (uint pass)
{
  uint bin = 0;
  while (bin < BINS - 1 && bins[bin] < wanted) {
    wanted -= bins[bin];
    bin++;
  }
  done = bins[bin] == wanted;
  const uint shift = 24 - pass % 4 * 8;
  if (pass < 4) {
    prefix.y |= bin << shift;
    mask.y |= (BINS - 1) << shift;
  } else {
    prefix.x |= bin << shift;
    mask.x |= (BINS - 1) << shift;
  }
}

void
select_keys (uint first, uint count)
{
  const uint lane = gl_LocalInvocationID.x;
  for (uint pass = 0; pass < 8; pass++) {
    bins[lane] = 0;
    barrier ();
    if (done)
      break;
    for (uint i = lane; i < count; i += BINS) {
      const uvec2 key = key_of (list[first + i]);
      if ((key & mask) == prefix)
        atomicAdd (bins[digit_of (key, pass)], 1);
    }
    barrier ();
    if (lane == 0)
      choose_bin (pass);
    barrier ();
  }
}

void
store (uint level, uvec2 candidate)
{
  const uint slot = atomicAdd (taken, 1);
  if (slot >= args.top_n)
    return;
  const uint row = candidate.x / args.capacity;
  const uint at = TOP_K_HEADER + (level * args.top_n + slot) * TOP_K_ENTRY;
  result[at] = level;
  result[at + 1] = row - args.level_starts[level];
  result[at + 2] = candidate.x % args.capacity;
  result[at + 3] = candidate.y;
  for (uint i = 0; i < 4; i++)
    result[at + 4 + i] = floatBitsToUint (regression[row * 5 + i]);
}

void
main ()
{
  const uint level = gl_WorkGroupID.x, lane = gl_LocalInvocationID.x;
  const uint first = args.level_starts[level] * args.capacity;
  const uint room = args.level_starts[level + 1] * args.capacity - first;
  const uint count = min (counters[level], room);
  const bool all = count <= args.top_n;
  if (lane == 0) {
    prefix = mask = uvec2 (0); /* nothing masked in: every key is selected */
    wanted = args.top_n;
    done = all;
    taken = 0;
    result[TOP_K_KEPT + level] = min (count, args.top_n);
    result[TOP_K_FOUND + level] = count;
  }
  barrier ();
  select_keys (first, count);
  for (uint i = lane; i < count; i += BINS) {
    const uvec2 candidate = list[first + i];
    if (is_selected (key_of (candidate)))
      store (level, candidate);
  }
}
