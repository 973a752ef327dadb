/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * All boxes come first and all labels after them, so that a label is never crossed by
 * another box.  The first detection, the surest, lies on top and has the first choice
 * of a place for its label.
 */
#include "gstglipdraw.h"

#include "draw/palette.h"
#include "gstglipformat.h"
#include "gstglipsprite.h"
#include "gstgliptext.h"

#include <math.h>

/* More than any detector gives; what a hostile stream may cost is bounded. */
#define MAX_ITEMS 1024
/* Coordinates beyond this are cut: far outside of any frame, far from overflow. */
#define FAR 1e6
/* Rows of one sprite of the inside of a box. */
#define FILL_ROWS 64

/* What can be seen of one detection. */
typedef struct {
  GlipRectangle box; /* on the grid; may reach out of the frame */
  guint32 colour;
  gboolean stale;
  char *label;       /* or NULL */
} Item;

struct _GstGlipDrawing {
  GstGlipStyle style;
  GstGlipText *text;
  int width, height;    /* of the frame */
  int grid_x, grid_y;
  double aspect;        /* of a pixel */
  gboolean set_up;      /* FALSE: frame or style are new */
  GArray *items, *next; /* Item: as drawn, and as wanted */
  char *prompt, *stats; /* as drawn */
  GArray *sprites;      /* GstGlipSprite */
  GstVideoOverlayComposition *composition; /* of `sprites`, or NULL */
};

static void
clear_item (gpointer data)
{
  g_free (((Item *) data)->label);
}

static void
clear_sprite (gpointer data)
{
  gst_buffer_unref (((GstGlipSprite *) data)->pixels);
}

GstGlipDrawing *
gst_glip_drawing_new (void)
{
  GstGlipDrawing *drawing = g_new0 (GstGlipDrawing, 1);

  gst_glip_style_init (&drawing->style);
  drawing->text = gst_glip_text_new ();
  drawing->items = g_array_new (FALSE, FALSE, sizeof (Item));
  drawing->next = g_array_new (FALSE, FALSE, sizeof (Item));
  drawing->sprites = g_array_new (FALSE, FALSE, sizeof (GstGlipSprite));
  g_array_set_clear_func (drawing->items, clear_item);
  g_array_set_clear_func (drawing->next, clear_item);
  g_array_set_clear_func (drawing->sprites, clear_sprite);
  drawing->width = drawing->height = drawing->grid_x = drawing->grid_y = 1;
  drawing->aspect = 1;
  return drawing;
}

void
gst_glip_drawing_free (GstGlipDrawing *drawing)
{
  if (!drawing)
    return;
  g_clear_pointer (&drawing->composition, gst_video_overlay_composition_unref);
  g_array_unref (drawing->sprites);
  g_array_unref (drawing->items);
  g_array_unref (drawing->next);
  g_free (drawing->prompt);
  g_free (drawing->stats);
  gst_glip_text_free (drawing->text);
  gst_glip_style_clear (&drawing->style);
  g_free (drawing);
}

void
gst_glip_drawing_set_frame (GstGlipDrawing *drawing, const GstVideoInfo *info, gboolean blend)
{
  int over = MAX (GST_VIDEO_INFO_PAR_N (info), 1), under = MAX (GST_VIDEO_INFO_PAR_D (info), 1);

  drawing->width = GST_VIDEO_INFO_WIDTH (info);
  drawing->height = GST_VIDEO_INFO_HEIGHT (info);
  drawing->aspect = CLAMP ((double) over / under, 0.125, 8);
  drawing->grid_x = drawing->grid_y = 1;
  if (blend)
    gst_glip_sprite_get_grid (info->finfo, &drawing->grid_x, &drawing->grid_y);
  drawing->set_up = FALSE;
}

void
gst_glip_drawing_set_style (GstGlipDrawing *drawing, const GstGlipStyle *style)
{
  gst_glip_style_copy (&drawing->style, style);
  drawing->set_up = FALSE;
}

static guint32
choose_colour (const GstGlipStyle *style, const GstGlipObject *object)
{
  char track[32];

  if (style->color_mode == GST_GLIP_OVERLAY_COLOR_FIXED)
    return style->color;
  if (style->color_mode == GST_GLIP_OVERLAY_COLOR_CONFIDENCE) {
    if (object->confidence < 0)
      return 0xff999999;
    return 0xff000000 | (object->confidence < 0.5 ? GLIP_PALETTE_VERMILLION
        : object->confidence < 0.75 ? GLIP_PALETTE_YELLOW : GLIP_PALETTE_GREEN);
  }
  if (style->color_mode == GST_GLIP_OVERLAY_COLOR_TRACK && object->track >= 0) {
    g_snprintf (track, sizeof track, "%" G_GINT64_FORMAT, object->track);
    return 0xff000000 | glip_palette_choose (style->colours, style->n_colours, track);
  }
  return 0xff000000 | glip_palette_choose (style->colours, style->n_colours, object->phrase);
}

/* The pixels that an interval covers, on the grid.  FALSE: none within the frame. */
static gboolean
find_pixels (double start, double size, int grid, int limit, int *first, int *count)
{
  if (!isfinite (start) || !isfinite (size) || size <= 0)
    return FALSE;
  double end = CLAMP (start + size, -FAR, FAR);
  start = CLAMP (start, -FAR, FAR);
  int from = (int) (floor (floor (start + 0.5) / grid) * grid);
  int to = (int) (ceil (floor (end + 0.5) / grid) * grid);

  *first = from;
  *count = MAX (to - from, grid);
  return from < limit && from + *count > 0;
}

static gboolean
make_item (const GstGlipDrawing *drawing, const GstGlipObject *object, guint64 more_age,
    Item *item)
{
  const GstGlipStyle *style = &drawing->style;
  GstGlipObject older = *object;
  GstGlipFormatFlags flags = (style->draw_confidence ? GST_GLIP_FORMAT_CONFIDENCE : 0)
      | (style->draw_track_id ? GST_GLIP_FORMAT_TRACK : 0);

  older.age = object->age < G_MAXUINT64 - more_age ? object->age + more_age : G_MAXUINT64;
  item->stale = older.age >= style->stale_after && older.age > 0
      && style->stale_style != GST_GLIP_OVERLAY_STALE_SOLID;
  if ((object->confidence >= 0 && (float) object->confidence < style->min_confidence)
      || (item->stale && style->stale_style == GST_GLIP_OVERLAY_STALE_HIDE)
      || !gst_glip_style_shows (style, object->phrase)
      || !find_pixels (object->x, object->w, drawing->grid_x, drawing->width, &item->box.x,
          &item->box.width)
      || !find_pixels (object->y, object->h, drawing->grid_y, drawing->height, &item->box.y,
          &item->box.height))
    return FALSE;
  item->colour = choose_colour (style, object);
  item->label = style->draw_labels
      ? gst_glip_format_expand (style->label_format, flags, &older) : NULL;
  if (item->label && !*item->label)
    g_clear_pointer (&item->label, g_free);
  return TRUE;
}

static gboolean
are_equal (const GArray *a, const GArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++) {
    const Item *one = &g_array_index (a, Item, i), *other = &g_array_index (b, Item, i);
    if (one->box.x != other->box.x || one->box.y != other->box.y
        || one->box.width != other->box.width || one->box.height != other->box.height
        || one->colour != other->colour || one->stale != other->stale
        || g_strcmp0 (one->label, other->label) != 0)
      return FALSE;
  }
  return TRUE;
}

/* Takes the reference. */
static void
add_sprite (GstGlipDrawing *drawing, GstBuffer *pixels, const GlipRectangle *place)
{
  GstGlipSprite sprite = { pixels, *place };
  if (pixels)
    g_array_append_val (drawing->sprites, sprite);
}

static gboolean
clip (const GstGlipDrawing *drawing, GlipRectangle *place)
{
  int right = MIN (place->x + place->width, drawing->width);
  int bottom = MIN (place->y + place->height, drawing->height);

  place->x = MAX (place->x, 0);
  place->y = MAX (place->y, 0);
  place->width = right - place->x;
  place->height = bottom - place->y;
  return place->width > 0 && place->height > 0;
}

static void
add_line (GstGlipDrawing *drawing, GlipRectangle place, guint32 colour, int dash)
{
  if (clip (drawing, &place))
    add_sprite (drawing,
        gst_glip_pixels_new_line (place.width, place.height, colour, dash), &place);
}

/* In bands that share their pixels, since a box may be as large as the frame. */
static void
add_fill (GstGlipDrawing *drawing, GlipRectangle place, guint32 colour)
{
  GstBuffer *band = NULL;
  int made = 0;

  if (!clip (drawing, &place))
    return;
  for (int y = 0; y < place.height; y += FILL_ROWS) {
    GlipRectangle part = { place.x, place.y + y, place.width,
      MIN (FILL_ROWS, place.height - y) };
    if (part.height != made) {
      gst_clear_buffer (&band);
      band = gst_glip_pixels_new_line (part.width, part.height, colour, 0);
      made = part.height;
    }
    add_sprite (drawing, band ? gst_buffer_ref (band) : NULL, &part);
  }
  gst_clear_buffer (&band);
}

static double
get_alpha (const GstGlipDrawing *drawing, const Item *item)
{
  gboolean fade = item->stale && drawing->style.stale_style == GST_GLIP_OVERLAY_STALE_FADE;
  return drawing->style.opacity * (fade ? 0.5 : 1);
}

static int
round_to_grid (double value, int grid)
{
  return MAX ((int) (ceil (round (value) / grid) * grid), grid);
}

static void
add_box (GstGlipDrawing *drawing, const Item *item)
{
  const GstGlipStyle *style = &drawing->style;
  double side = MIN (drawing->width * drawing->aspect, drawing->height);
  double line = style->line_width > 0 ? style->line_width
      : MIN (MAX (round (side / 300), 2), MAX (side / 8, 1));
  int across = round_to_grid (line / drawing->aspect, drawing->grid_x);
  int down = round_to_grid (line, drawing->grid_y);
  GlipRectangle box = item->box;
  guint32 colour = gst_glip_premultiply (item->colour,
      get_alpha (drawing, item) * (item->colour >> 24) / 255);
  gboolean dashed = item->stale && style->stale_style == GST_GLIP_OVERLAY_STALE_DASHED;
  int dash = dashed ? 4 * MAX (across, down) : 0;

  if (box.width <= 2 * across || box.height <= 2 * down) {
    add_line (drawing, box, colour, dash);
    return;
  }
  int inside = box.height - 2 * down;
  add_line (drawing, (GlipRectangle) { box.x, box.y, box.width, down }, colour, dash);
  add_line (drawing, (GlipRectangle) { box.x, box.y + box.height - down, box.width, down },
      colour, dash);
  add_line (drawing, (GlipRectangle) { box.x, box.y + down, across, inside }, colour, dash);
  add_line (drawing,
      (GlipRectangle) { box.x + box.width - across, box.y + down, across, inside }, colour, dash);
}

/* Keep the place of a label for those that follow. */
static void
add_label (GstGlipDrawing *drawing, GArray *taken, GlipLabelPosition position,
    const char *label, const GlipRectangle *box, guint32 colour, double alpha)
{
  const GstGlipStyle *style = &drawing->style;
  guint32 background = style->label_background ? style->label_background : colour;
  guint32 ink = style->text_color ? style->text_color
      : 0xff000000 | glip_palette_choose_ink (background & 0xffffff);
  int width, height;
  GstBuffer *pixels =
      gst_glip_text_get (drawing->text, label, ink, background, alpha, &width, &height);

  if (!pixels)
    return;
  GlipRectangle place = glip_label_place (position, drawing->width, drawing->height, box,
      width, height, (const GlipRectangle *) (void *) taken->data, taken->len);
  place.x -= place.x % drawing->grid_x;
  place.y -= place.y % drawing->grid_y;
  add_sprite (drawing, gst_buffer_ref (pixels), &place);
  g_array_append_val (taken, place);
}

static void
set_up (GstGlipDrawing *drawing)
{
  GstGlipTextSetup setup = { drawing->width, drawing->height, drawing->grid_x, drawing->grid_y,
    drawing->aspect, drawing->style.opacity, drawing->style.font };

  gst_glip_text_set_up (drawing->text, &setup);
  drawing->set_up = TRUE;
}

static void
draw_labels (GstGlipDrawing *drawing)
{
  g_autoptr (GArray) taken = g_array_new (FALSE, FALSE, sizeof (GlipRectangle));
  const GlipRectangle bottom = { 0, drawing->height, 0, 0 }, top = { 0, 0, 0, 0 };

  gst_glip_text_sweep (drawing->text);
  if (drawing->prompt)
    add_label (drawing, taken, GLIP_LABEL_TOP, drawing->prompt, &bottom, 0xc0000000, 1);
  if (drawing->stats)
    add_label (drawing, taken, GLIP_LABEL_INSIDE, drawing->stats, &top, 0xc0000000, 1);
  for (guint i = 0; i < drawing->items->len; i++) {
    const Item *item = &g_array_index (drawing->items, Item, i);
    double alpha = item->stale
        && drawing->style.stale_style == GST_GLIP_OVERLAY_STALE_FADE ? 0.5 : 1;
    if (item->label)
      add_label (drawing, taken, drawing->style.label_position, item->label, &item->box,
          item->colour, alpha);
  }
}

static void
draw (GstGlipDrawing *drawing)
{
  const GArray *items = drawing->items;

  g_clear_pointer (&drawing->composition, gst_video_overlay_composition_unref);
  g_array_set_size (drawing->sprites, 0);
  if (drawing->style.fill_alpha > 0)
    for (guint i = items->len; i-- > 0;) {
      const Item *item = &g_array_index (items, Item, i);
      add_fill (drawing, item->box, gst_glip_premultiply (item->colour,
              drawing->style.fill_alpha * get_alpha (drawing, item)));
    }
  if (drawing->style.draw_boxes)
    for (guint i = items->len; i-- > 0;)
      add_box (drawing, &g_array_index (items, Item, i));
  draw_labels (drawing);
}

static char *
describe (const GstGlipReading *reading, guint64 more_age)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text, "%u object%s", reading->objects->len,
      reading->objects->len == 1 ? "" : "s");
  if (reading->inference_time)
    g_string_append_printf (text, " · %" G_GUINT64_FORMAT " ms",
        reading->inference_time / GST_MSECOND);
  g_string_append_printf (text, " · age %" G_GUINT64_FORMAT " ms",
      (reading->age + more_age) / GST_MSECOND);
  return g_string_free (text, FALSE);
}

gboolean
gst_glip_drawing_update (GstGlipDrawing *drawing, const GstGlipReading *reading,
    guint64 more_age)
{
  const GstGlipStyle *style = &drawing->style;
  g_autofree char *prompt = style->show_prompt && reading->prompt && *reading->prompt
      ? glip_label_shorten (reading->prompt, 1000) : NULL;
  g_autofree char *stats =
      style->show_stats && reading->analysed ? describe (reading, more_age) : NULL;

  if (style->opacity <= 0)
    return FALSE;
  g_array_set_size (drawing->next, 0);
  for (guint i = 0; i < reading->objects->len && drawing->next->len < MAX_ITEMS; i++) {
    Item item;
    if (make_item (drawing, &g_array_index (reading->objects, GstGlipObject, i), more_age, &item))
      g_array_append_val (drawing->next, item);
  }
  if (!drawing->set_up || !are_equal (drawing->items, drawing->next)
      || g_strcmp0 (prompt, drawing->prompt) || g_strcmp0 (stats, drawing->stats)) {
    GArray *items = drawing->items;
    drawing->items = drawing->next;
    drawing->next = items;
    g_free (drawing->prompt);
    drawing->prompt = g_steal_pointer (&prompt);
    g_free (drawing->stats);
    drawing->stats = g_steal_pointer (&stats);
    if (!drawing->set_up)
      set_up (drawing);
    draw (drawing);
  }
  return drawing->sprites->len > 0;
}

gboolean
gst_glip_drawing_blend (GstGlipDrawing *drawing, GstVideoFrame *frame)
{
  gboolean done = TRUE;
  for (guint i = 0; i < drawing->sprites->len; i++)
    done &= gst_glip_sprite_blend (&g_array_index (drawing->sprites, GstGlipSprite, i), frame);
  return done;
}

GstVideoOverlayComposition *
gst_glip_drawing_get_composition (GstGlipDrawing *drawing)
{
  if (drawing->composition)
    return drawing->composition;
  for (guint i = 0; i < drawing->sprites->len; i++) {
    g_autoptr (GstVideoOverlayRectangle) rectangle =
        gst_glip_sprite_to_rectangle (&g_array_index (drawing->sprites, GstGlipSprite, i));
    if (!drawing->composition)
      drawing->composition = gst_video_overlay_composition_new (rectangle);
    else
      gst_video_overlay_composition_add_rectangle (drawing->composition, rectangle);
  }
  return drawing->composition;
}
