/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * A pyramid is one tensor: maps one after another, each half as high and wide as the
 * one before, rounded up.  So where a row of the tensor lies follows from the size of
 * the first map alone.
 */
#ifndef GLIP_PYRAMID_GLSL
#define GLIP_PYRAMID_GLSL

struct Level {
  uint index; /* 0: the finest */
  uint height, width;
  uint first; /* row of the pyramid where the map begins */
};

uint
count_pixels (Level level)
{
  return level.height * level.width;
}

Level
first_level (uint height, uint width)
{
  return Level (0, height, width, 0);
}

Level
next_level (Level level)
{
  return Level (level.index + 1, (level.height + 1) / 2, (level.width + 1) / 2,
      level.first + count_pixels (level));
}

Level
find_level (uint height, uint width, uint index)
{
  Level level = first_level (height, width);
  while (level.index < index)
    level = next_level (level);
  return level;
}

/* The level, from `level` on, that holds a row of the pyramid. */
Level
level_of_row (Level level, uint row)
{
  while (row - level.first >= count_pixels (level))
    level = next_level (level);
  return level;
}

uint
count_tiles (Level level, uint size)
{
  return (count_pixels (level) + size - 1) / size;
}

/* Every map from `level` on is cut into tiles of `size` rows for itself: the level of a
 * tile; `tile` becomes its number on that level.  Behind the last tile lie levels that
 * the pyramid does not have. */
Level
level_of_tile (Level level, inout uint tile, uint size)
{
  uint tiles = count_tiles (level, size);
  while (tile >= tiles) {
    tile -= tiles;
    level = next_level (level);
    tiles = count_tiles (level, size);
  }
  return level;
}

#endif /* GLIP_PYRAMID_GLSL */
