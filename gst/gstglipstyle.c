/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Strings are checked when they are set, so that drawing never meets a wrong one.
 */
#include "gstglipstyle.h"

#include "draw/palette.h"
#include "gstglipformat.h"

#include <string.h>

enum {
  STYLE_DRAW_BOXES,
  STYLE_DRAW_LABELS,
  STYLE_DRAW_CONFIDENCE,
  STYLE_DRAW_TRACK_ID,
  STYLE_SHOW_PROMPT,
  STYLE_SHOW_STATS,
  STYLE_LABEL_FORMAT,
  STYLE_COLOR_MODE,
  STYLE_COLOR,
  STYLE_TEXT_COLOR,
  STYLE_LABEL_BACKGROUND_COLOR,
  STYLE_PALETTE,
  STYLE_LINE_WIDTH,
  STYLE_FONT_DESC,
  STYLE_LABEL_POSITION,
  STYLE_FILL_ALPHA,
  STYLE_OPACITY,
  STYLE_MIN_CONFIDENCE,
  STYLE_SHOW_PHRASES,
  STYLE_HIDE_PHRASES,
  STYLE_STALE_STYLE,
  STYLE_STALE_AFTER,
  N_STYLES,
};

#define DEFAULT_FONT "Sans Bold 0"
#define DEFAULT_COLOR 0xffe69f00
#define DEFAULT_STALE_AFTER (500 * GST_MSECOND)

static GType
get_color_mode_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    { GST_GLIP_OVERLAY_COLOR_PHRASE, "A colour for every phrase", "phrase" },
    { GST_GLIP_OVERLAY_COLOR_TRACK, "A colour for every track", "track" },
    { GST_GLIP_OVERLAY_COLOR_CONFIDENCE, "Three colours by confidence", "confidence" },
    { GST_GLIP_OVERLAY_COLOR_FIXED, "The property color", "fixed" },
    { 0, NULL, NULL },
  };
  if (g_once_init_enter (&type)) {
    GType new_type = g_enum_register_static ("GstGlipOverlayColorMode", values);
    gst_type_mark_as_plugin_api (new_type, 0);
    g_once_init_leave (&type, new_type);
  }
  return type;
}

static GType
get_label_position_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    { GLIP_LABEL_AUTO, "Where it covers no other label", "auto" },
    { GLIP_LABEL_TOP, "Above the box", "top" },
    { GLIP_LABEL_INSIDE, "Inside the box", "inside" },
    { GLIP_LABEL_BOTTOM, "Below the box", "bottom" },
    { 0, NULL, NULL },
  };
  if (g_once_init_enter (&type)) {
    GType new_type = g_enum_register_static ("GstGlipOverlayLabelPosition", values);
    gst_type_mark_as_plugin_api (new_type, 0);
    g_once_init_leave (&type, new_type);
  }
  return type;
}

static GType
get_stale_style_type (void)
{
  static gsize type;
  static const GEnumValue values[] = {
    { GST_GLIP_OVERLAY_STALE_DASHED, "Dashed lines", "dashed" },
    { GST_GLIP_OVERLAY_STALE_FADE, "Half transparent", "fade" },
    { GST_GLIP_OVERLAY_STALE_HIDE, "Not drawn", "hide" },
    { GST_GLIP_OVERLAY_STALE_SOLID, "Like any other", "solid" },
    { 0, NULL, NULL },
  };
  if (g_once_init_enter (&type)) {
    GType new_type = g_enum_register_static ("GstGlipOverlayStaleStyle", values);
    gst_type_mark_as_plugin_api (new_type, 0);
    g_once_init_leave (&type, new_type);
  }
  return type;
}

void
gst_glip_style_init (GstGlipStyle *style)
{
  *style = (GstGlipStyle) {
    .draw_boxes = TRUE, .draw_labels = TRUE, .draw_confidence = TRUE, .draw_track_id = TRUE,
    .label_format = g_strdup (GST_GLIP_FORMAT_DEFAULT),
    .color = DEFAULT_COLOR,
    .font = g_strdup (DEFAULT_FONT),
    .opacity = 1,
    .stale_after = DEFAULT_STALE_AFTER,
  };
}

void
gst_glip_style_clear (GstGlipStyle *style)
{
  g_clear_pointer (&style->label_format, g_free);
  g_clear_pointer (&style->palette, g_free);
  g_clear_pointer (&style->colours, g_free);
  g_clear_pointer (&style->font, g_free);
  g_clear_pointer (&style->show_phrases, g_free);
  g_clear_pointer (&style->hide_phrases, g_free);
}

void
gst_glip_style_copy (GstGlipStyle *style, const GstGlipStyle *from)
{
  gst_glip_style_clear (style);
  *style = *from;
  style->label_format = g_strdup (from->label_format);
  style->palette = g_strdup (from->palette);
  style->colours = from->colours
      ? g_memdup2 (from->colours, from->n_colours * sizeof *from->colours) : NULL;
  style->font = g_strdup (from->font);
  style->show_phrases = g_strdup (from->show_phrases);
  style->hide_phrases = g_strdup (from->hide_phrases);
}

static gboolean
is_listed (const char *list, const char *phrase)
{
  g_autofree char *wanted = g_utf8_make_valid (phrase, -1);
  g_autofree char *folded = g_utf8_casefold (g_strstrip (wanted), -1);
  g_auto (GStrv) words = g_strsplit (list, ",", -1);

  for (char **word = words; *word; word++) {
    g_autofree char *entry = g_utf8_casefold (g_strstrip (*word), -1);
    if (g_str_equal (entry, folded))
      return TRUE;
  }
  return FALSE;
}

gboolean
gst_glip_style_shows (const GstGlipStyle *style, const char *phrase)
{
  if (style->show_phrases && *style->show_phrases && !is_listed (style->show_phrases, phrase))
    return FALSE;
  return !style->hide_phrases || !*style->hide_phrases
      || !is_listed (style->hide_phrases, phrase);
}

static void
install_draw (GObjectClass *object_class, guint first)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING;
  static const struct {
    guint number;
    const char *name, *nick, *blurb;
    gboolean value;
  } switches[] = {
    { STYLE_DRAW_BOXES, "draw-boxes", "Draw boxes", "Draw a frame around every object", TRUE },
    { STYLE_DRAW_LABELS, "draw-labels", "Draw labels", "Draw a label beside every object", TRUE },
    { STYLE_DRAW_CONFIDENCE, "draw-confidence", "Draw confidence",
        "Show the confidence where label-format names it", TRUE },
    { STYLE_DRAW_TRACK_ID, "draw-track-id", "Draw track id",
        "Show the number of the track of tracked objects", TRUE },
    { STYLE_SHOW_PROMPT, "show-prompt", "Show prompt",
        "Show the prompt in the lower left corner (of the GlipDetections meta)", FALSE },
    { STYLE_SHOW_STATS, "show-stats", "Show statistics",
        "Show number, age and inference time in the upper left corner", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (switches); i++)
    g_object_class_install_property (object_class, first + switches[i].number,
        g_param_spec_boolean (switches[i].name, switches[i].nick, switches[i].blurb,
            switches[i].value, flags));
}

static void
install_colours (GObjectClass *object_class, guint first)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING;
  const GParamFlags controllable = flags | GST_PARAM_CONTROLLABLE;

  g_object_class_install_property (object_class, first + STYLE_COLOR_MODE,
      g_param_spec_enum ("color-mode", "Colour mode", "What decides the colour of a box",
          get_color_mode_type (), GST_GLIP_OVERLAY_COLOR_PHRASE, flags));
  g_object_class_install_property (object_class, first + STYLE_COLOR,
      g_param_spec_uint ("color", "Colour", "Colour of boxes with color-mode=fixed, 0xAARRGGBB",
          0, G_MAXUINT32, DEFAULT_COLOR, flags));
  g_object_class_install_property (object_class, first + STYLE_TEXT_COLOR,
      g_param_spec_uint ("text-color", "Text colour",
          "Colour of text, 0xAARRGGBB; 0 = black or white, whichever reads better",
          0, G_MAXUINT32, 0, flags));
  g_object_class_install_property (object_class, first + STYLE_LABEL_BACKGROUND_COLOR,
      g_param_spec_uint ("label-background-color", "Label background colour",
          "Colour behind text, 0xAARRGGBB; 0 = that of the box", 0, G_MAXUINT32, 0, flags));
  g_object_class_install_property (object_class, first + STYLE_PALETTE,
      g_param_spec_string ("palette", "Palette",
          "Colours to choose from, such as \"#e69f00,#56b4e9\"; NULL = seven that "
          "colour-blind people can tell apart", NULL, flags));
  g_object_class_install_property (object_class, first + STYLE_FILL_ALPHA,
      g_param_spec_double ("fill-alpha", "Fill alpha", "Opacity of the inside of a box",
          0, 1, 0, controllable));
  g_object_class_install_property (object_class, first + STYLE_OPACITY,
      g_param_spec_double ("opacity", "Opacity", "Opacity of everything that is drawn",
          0, 1, 1, controllable));
}

static void
install_text (GObjectClass *object_class, guint first)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING;

  g_object_class_install_property (object_class, first + STYLE_LABEL_FORMAT,
      g_param_spec_string ("label-format", "Label format",
          "Template of a label with {phrase}, {confidence:.2f}, {confidence:.0%}, {track}, "
          "{age:.1f} and {region}", GST_GLIP_FORMAT_DEFAULT, flags));
  g_object_class_install_property (object_class, first + STYLE_FONT_DESC,
      g_param_spec_string ("font-desc", "Font description",
          "Pango font description; size 0 = by the height of the frame", DEFAULT_FONT, flags));
  g_object_class_install_property (object_class, first + STYLE_LABEL_POSITION,
      g_param_spec_enum ("label-position", "Label position", "Where labels go",
          get_label_position_type (), GLIP_LABEL_AUTO, flags));
  g_object_class_install_property (object_class, first + STYLE_LINE_WIDTH,
      g_param_spec_double ("line-width", "Line width",
          "Width of lines in pixels, 0.5 to 32; 0 = by the height of the frame", 0, 32, 0,
          flags));
}

static void
install_choice (GObjectClass *object_class, guint first)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING;

  g_object_class_install_property (object_class, first + STYLE_MIN_CONFIDENCE,
      g_param_spec_float ("min-confidence", "Minimum confidence",
          "Draw objects of at least this confidence, and those whose confidence is unknown",
          0, 1, 0, flags | GST_PARAM_CONTROLLABLE));
  g_object_class_install_property (object_class, first + STYLE_SHOW_PHRASES,
      g_param_spec_string ("show-phrases", "Show phrases",
          "Draw only these phrases (with commas between)", NULL, flags));
  g_object_class_install_property (object_class, first + STYLE_HIDE_PHRASES,
      g_param_spec_string ("hide-phrases", "Hide phrases",
          "Do not draw these phrases (with commas between)", NULL, flags));
  g_object_class_install_property (object_class, first + STYLE_STALE_STYLE,
      g_param_spec_enum ("stale-style", "Stale style", "How stale boxes are drawn",
          get_stale_style_type (), GST_GLIP_OVERLAY_STALE_DASHED, flags));
  g_object_class_install_property (object_class, first + STYLE_STALE_AFTER,
      g_param_spec_uint64 ("stale-after", "Stale after",
          "Age from which a box counts as stale (in ns)", 0, G_MAXUINT64, DEFAULT_STALE_AFTER,
          flags));
}

guint
gst_glip_style_install (GObjectClass *object_class, guint first)
{
  install_draw (object_class, first);
  install_colours (object_class, first);
  install_text (object_class, first);
  install_choice (object_class, first);
  return N_STYLES;
}

static void
replace_string (char **string, const char *value, const char *otherwise)
{
  g_free (*string);
  *string = g_strdup (value ? value : otherwise);
}

static gboolean
set_palette (GstGlipStyle *style, const char *list, char **message)
{
  guint32 *colours = NULL;
  gsize n_colours = 0;

  if (list && *list) {
    colours = glip_palette_parse (list, &n_colours);
    if (!colours) {
      *message = g_strdup ("it takes colours such as #e69f00, with commas between");
      return FALSE;
    }
  }
  g_free (style->colours);
  style->colours = colours;
  style->n_colours = n_colours;
  replace_string (&style->palette, list, NULL);
  return TRUE;
}

static gboolean
set_string (GstGlipStyle *style, guint number, const char *string, char **message)
{
  if (number == STYLE_PALETTE)
    return set_palette (style, string, message);
  if (string && number == STYLE_LABEL_FORMAT && !gst_glip_format_check (string, message))
    return FALSE;
  if (string && !g_utf8_validate (string, -1, NULL)) {
    *message = g_strdup ("it is not UTF-8");
    return FALSE;
  }
  if (number == STYLE_LABEL_FORMAT)
    replace_string (&style->label_format, string, GST_GLIP_FORMAT_DEFAULT);
  else if (number == STYLE_FONT_DESC)
    replace_string (&style->font, string, DEFAULT_FONT);
  else if (number == STYLE_SHOW_PHRASES)
    replace_string (&style->show_phrases, string, NULL);
  else
    replace_string (&style->hide_phrases, string, NULL);
  return TRUE;
}

/* The one field of each property that is no string. */
static gpointer
find_field (const GstGlipStyle *style, guint number)
{
  const gpointer fields[N_STYLES] = {
    [STYLE_DRAW_BOXES] = (gpointer) &style->draw_boxes,
    [STYLE_DRAW_LABELS] = (gpointer) &style->draw_labels,
    [STYLE_DRAW_CONFIDENCE] = (gpointer) &style->draw_confidence,
    [STYLE_DRAW_TRACK_ID] = (gpointer) &style->draw_track_id,
    [STYLE_SHOW_PROMPT] = (gpointer) &style->show_prompt,
    [STYLE_SHOW_STATS] = (gpointer) &style->show_stats,
    [STYLE_LABEL_FORMAT] = (gpointer) &style->label_format,
    [STYLE_COLOR_MODE] = (gpointer) &style->color_mode,
    [STYLE_COLOR] = (gpointer) &style->color,
    [STYLE_TEXT_COLOR] = (gpointer) &style->text_color,
    [STYLE_LABEL_BACKGROUND_COLOR] = (gpointer) &style->label_background,
    [STYLE_PALETTE] = (gpointer) &style->palette,
    [STYLE_LINE_WIDTH] = (gpointer) &style->line_width,
    [STYLE_FONT_DESC] = (gpointer) &style->font,
    [STYLE_LABEL_POSITION] = (gpointer) &style->label_position,
    [STYLE_FILL_ALPHA] = (gpointer) &style->fill_alpha,
    [STYLE_OPACITY] = (gpointer) &style->opacity,
    [STYLE_MIN_CONFIDENCE] = (gpointer) &style->min_confidence,
    [STYLE_SHOW_PHRASES] = (gpointer) &style->show_phrases,
    [STYLE_HIDE_PHRASES] = (gpointer) &style->hide_phrases,
    [STYLE_STALE_STYLE] = (gpointer) &style->stale_style,
    [STYLE_STALE_AFTER] = (gpointer) &style->stale_after,
  };
  return number < N_STYLES ? fields[number] : NULL;
}

gboolean
gst_glip_style_set (GstGlipStyle *style, guint number, const GValue *value, char **message)
{
  gpointer field = find_field (style, number);

  if (G_VALUE_HOLDS_STRING (value))
    return set_string (style, number, g_value_get_string (value), message);
  if (G_VALUE_HOLDS_BOOLEAN (value))
    *(gboolean *) field = g_value_get_boolean (value);
  else if (G_VALUE_HOLDS_UINT (value))
    *(guint *) field = g_value_get_uint (value);
  else if (G_VALUE_HOLDS_UINT64 (value))
    *(guint64 *) field = g_value_get_uint64 (value);
  else if (G_VALUE_HOLDS_FLOAT (value))
    *(float *) field = g_value_get_float (value);
  else if (G_VALUE_HOLDS_DOUBLE (value))
    *(double *) field = g_value_get_double (value);
  else if (number == STYLE_COLOR_MODE)
    style->color_mode = (GstGlipOverlayColorMode) g_value_get_enum (value);
  else if (number == STYLE_LABEL_POSITION)
    style->label_position = (GlipLabelPosition) g_value_get_enum (value);
  else
    style->stale_style = (GstGlipOverlayStaleStyle) g_value_get_enum (value);
  return TRUE;
}

void
gst_glip_style_get (const GstGlipStyle *style, guint number, GValue *value)
{
  gconstpointer field = find_field (style, number);

  if (G_VALUE_HOLDS_STRING (value))
    g_value_set_string (value, *(char *const *) field);
  else if (G_VALUE_HOLDS_BOOLEAN (value))
    g_value_set_boolean (value, *(const gboolean *) field);
  else if (G_VALUE_HOLDS_UINT (value))
    g_value_set_uint (value, *(const guint *) field);
  else if (G_VALUE_HOLDS_UINT64 (value))
    g_value_set_uint64 (value, *(const guint64 *) field);
  else if (G_VALUE_HOLDS_FLOAT (value))
    g_value_set_float (value, *(const float *) field);
  else if (G_VALUE_HOLDS_DOUBLE (value))
    g_value_set_double (value, *(const double *) field);
  else if (number == STYLE_COLOR_MODE)
    g_value_set_enum (value, (int) style->color_mode);
  else if (number == STYLE_LABEL_POSITION)
    g_value_set_enum (value, (int) style->label_position);
  else
    g_value_set_enum (value, (int) style->stale_style);
}
