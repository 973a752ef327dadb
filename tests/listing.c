/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Strict on purpose: an additional, missing or mistyped member fails.
 */
#include "listing.h"

#include <json-glib/json-glib.h>

static void
clear_detection (gpointer data)
{
  GlipListedDetection *detection = data;
  g_free (detection->phrase);
}

static void
free_image (gpointer data)
{
  GlipListedImage *image = data;
  g_free (image->image);
  g_free (image->prompt);
  g_array_unref (image->detections);
  g_free (image);
}

static JsonNode *
get_member (JsonObject *object, const char *name, GType type)
{
  JsonNode *node = json_object_get_member (object, name);
  if (!node)
    g_error ("there is no member \"%s\"", name);
  if (type != G_TYPE_NONE && json_node_get_value_type (node) != type)
    g_error ("member \"%s\" is a %s", name, json_node_type_name (node));
  return node;
}

static int64_t
get_integer (JsonObject *object, const char *name)
{
  return json_node_get_int (get_member (object, name, G_TYPE_INT64));
}

static char *
get_string (JsonObject *object, const char *name)
{
  return json_node_dup_string (get_member (object, name, G_TYPE_STRING));
}

static JsonArray *
get_array (JsonObject *object, const char *name, guint length)
{
  JsonArray *array = json_node_get_array (get_member (object, name, G_TYPE_NONE));
  g_assert_nonnull (array);
  if (length)
    g_assert_cmpuint (json_array_get_length (array), ==, length);
  return array;
}

static void
add_detection (GArray *detections, JsonObject *object)
{
  JsonArray *box = get_array (object, "box", 4), *span = get_array (object, "span", 2);
  GlipListedDetection detection = {
    .phrase = get_string (object, "phrase"),
    .score = json_node_get_double (get_member (object, "score", G_TYPE_DOUBLE)),
    .label = get_integer (object, "label"),
  };
  for (guint i = 0; i < 4; i++)
    detection.box[i] = json_array_get_double_element (box, i);
  for (guint i = 0; i < 2; i++)
    detection.span[i] = json_array_get_int_element (span, i);
  g_assert_cmpuint (json_object_get_size (object), ==, 5);
  g_array_append_val (detections, detection);
}

static GlipListedImage *
parse_line (const char *line)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  if (!json_parser_load_from_data (parser, line, -1, &error))
    g_error ("%s in: %s", error->message, line);

  JsonObject *object = json_node_get_object (json_parser_get_root (parser));
  GlipListedImage *image = g_new0 (GlipListedImage, 1);
  image->image = get_string (object, "image");
  image->prompt = get_string (object, "prompt");
  image->width = get_integer (object, "width");
  image->height = get_integer (object, "height");
  image->detections = g_array_new (FALSE, FALSE, sizeof (GlipListedDetection));
  g_array_set_clear_func (image->detections, clear_detection);
  g_assert_cmpuint (json_object_get_size (object), ==, 5);

  JsonArray *detections = get_array (object, "detections", 0);
  for (guint i = 0; i < json_array_get_length (detections); i++)
    add_detection (image->detections, json_array_get_object_element (detections, i));
  return image;
}

GPtrArray *
glip_listed_images_parse (const char *output)
{
  g_auto (GStrv) lines = g_strsplit (output, "\n", -1);
  GPtrArray *images = g_ptr_array_new_with_free_func (free_image);

  for (char **line = lines; *line; line++)
    if (line[1])
      g_ptr_array_add (images, parse_line (*line));
    else
      g_assert_cmpstr (*line, ==, ""); /* the output ends with a line end */
  return images;
}
