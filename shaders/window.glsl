/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * A window of Swin's attention, as a workgroup sees it: gl_WorkGroupID.yz.  Padding the map
 * to whole windows and rolling it by -shift is address arithmetic.
 *
 * Includers have declared WINDOW, `args` and `bias`.
 */
#ifndef GLIP_WINDOW_GLSL
#define GLIP_WINDOW_GLSL

const uint TOKENS = WINDOW * WINDOW;
const uint SPAN = 2 * WINDOW - 1; /* distances along one axis */
const uint NOWHERE = 0xffffffffu;
const float LOWEST = -3.402823466e38;

/* Of the window's tokens: the pixel under it, NOWHERE for one that pads; and its place,
 * row * SPAN + column, with the region in the upper half of the word. */
shared uint pixels[TOKENS];
shared uint places[TOKENS];

/* To be called by all invocations.  Tokens of different regions lie side by side only
 * because of the roll: in the last row and the last column of windows. */
void
find_tokens ()
{
  const uvec2 window = gl_WorkGroupID.yz, windows = gl_NumWorkGroups.yz;
  [[dont_unroll]] for (uint token = gl_LocalInvocationIndex; token < TOKENS;
       token += gl_WorkGroupSize.x * gl_WorkGroupSize.y) {
    const uvec2 place = uvec2 (token % WINDOW, token / WINDOW);
    uvec2 at = window * WINDOW + place + args.shift;
    at -= windows * WINDOW * uvec2 (greaterThanEqual (at, windows * WINDOW));
    pixels[token] =
        at.x < args.width && at.y < args.height ? at.y * args.width + at.x : NOWHERE;
    const uvec2 beyond = uvec2 (equal (window, windows - 1)) *
        uvec2 (greaterThanEqual (place, uvec2 (WINDOW - args.shift)));
    places[token] = (beyond.x + 2 * beyond.y) << 16 | (place.y * SPAN + place.x);
  }
  barrier (); /* everybody looks up any token */
}

/* The place of a query; those past the last, which are nobody's, share one. */
uint
find_query (uint query)
{
  return places[min (query, TOKENS - 1)];
}

/* What a head's query, at a place, makes of its product with a key: plus the relative
 * position's bias, less 100 across regions. */
float
find_score (float product, uint head, uint place, uint key)
{
  if (key >= TOKENS)
    return LOWEST;
  const uint other = places[key];
  const uint bias_at = head * SPAN * SPAN + (WINDOW - 1) * (SPAN + 1);
  return product + bias[bias_at + (place & 0xffff) - (other & 0xffff)] +
      ((place ^ other) < 0x10000 ? 0.0 : -100.0);
}

#endif /* GLIP_WINDOW_GLSL */
