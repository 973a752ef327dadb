/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * One table names every field, its type and its range; reading, writing and the
 * range check are loops over it.  The ranges are wide enough for any network one
 * would train and narrow enough that no product of sizes overflows.
 */
#include "model/config.h"

#include "model/json.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#define MAX_JSON_BYTES 65536
#define MAX_JSON_DEPTH 8

typedef enum {
  FIELD_NAME,
  FIELD_INT,
  FIELD_DOUBLE,
  FIELD_BOOL,
  FIELD_AGG,
} FieldType;

typedef struct {
  const char *name;
  FieldType type;
  size_t offset;
  int count; /* 1 is written as a number, more as an array */
  double min, max;
} Field;

#define ONE(kind, field, min, max) \
  { #field, FIELD_##kind, G_STRUCT_OFFSET (GlipConfig, field), 1, min, max }
#define MANY(kind, field, min, max) \
  { #field, FIELD_##kind, G_STRUCT_OFFSET (GlipConfig, field), \
    G_N_ELEMENTS (((GlipConfig *) NULL)->field), min, max }

static const Field fields[] = {
  ONE (NAME, name, 0, 0),
  ONE (INT, patch, 4, 4),
  ONE (INT, embed_dim, 4, 1024),
  MANY (INT, depths, 1, 64),
  MANY (INT, heads, 1, 256),
  ONE (INT, window, 2, 16),
  ONE (DOUBLE, mlp_ratio, 0.25, 16),
  ONE (INT, channels, 64, 1024),
  ONE (INT, head_blocks, 1, 64),
  ONE (INT, gn_groups, 1, 1024),
  ONE (INT, num_classes, 1, 100000),
  ONE (INT, vocab, 4, 1000000),
  ONE (INT, max_len, 3, 512),
  ONE (INT, bert_layers, 1, 64),
  ONE (INT, bert_hidden, 64, 4096),
  ONE (INT, bert_heads, 1, 64),
  ONE (INT, bert_inter, 4, 16384),
  ONE (INT, bert_positions, 3, 4096),
  ONE (BOOL, fusion, 0, 1),
  ONE (INT, fuse_dim, 4, 8192),
  ONE (INT, fuse_heads, 1, 64),
  ONE (DOUBLE, clamp, 1, 1e30),
  MANY (DOUBLE, anchor_sizes, 1, 65536),
  MANY (INT, strides, 1, 4096),
  MANY (DOUBLE, pixel_mean, -1e6, 1e6),
  MANY (DOUBLE, pixel_std, 1e-6, 1e6),
  ONE (INT, min_size, 1, 16384),
  ONE (INT, max_size, 1, 16384),
  ONE (INT, divisible, 32, 1024),
  ONE (AGG, score_agg, 0, 0),
  ONE (DOUBLE, pre_nms_thresh, 0, 1),
  ONE (INT, pre_nms_top_n, 1, 100000),
  ONE (DOUBLE, nms_thresh, 0, 1),
  ONE (INT, detections, 1, 100000),
  ONE (BOOL, tunable_linear, 0, 1),
};

static const char *const score_aggs[] = {
  [GLIP_SCORE_MEAN] = "MEAN",
  [GLIP_SCORE_MAX] = "MAX",
  [GLIP_SCORE_POWER] = "POWER",
  [GLIP_SCORE_ONEHOT] = "ONEHOT",
};

void
glip_config_init (GlipConfig *config)
{
  *config = (GlipConfig) {
    .name = "glip-t",
    .patch = 4,
    .embed_dim = 96,
    .depths = { 2, 2, 6, 2 },
    .heads = { 3, 6, 12, 24 },
    .window = 7,
    .mlp_ratio = 4,
    .channels = 256,
    .head_blocks = 6,
    .gn_groups = 16,
    .num_classes = 80,
    .vocab = 30522,
    .max_len = 256,
    .bert_layers = 12,
    .bert_hidden = 768,
    .bert_heads = 12,
    .bert_inter = 3072,
    .bert_positions = 512,
    .fusion = TRUE,
    .fuse_dim = 2048,
    .fuse_heads = 8,
    .clamp = 50000,
    .anchor_sizes = { 64, 128, 256, 512, 1024 },
    .strides = { 8, 16, 32, 64, 128 },
    .pixel_mean = { 103.530, 116.280, 123.675 },
    .pixel_std = { 57.375, 57.120, 58.395 },
    .min_size = 800,
    .max_size = 1333,
    .divisible = 32,
    .score_agg = GLIP_SCORE_MEAN,
    .pre_nms_thresh = 0.05,
    .pre_nms_top_n = 1000,
    .nms_thresh = 0.6,
    .detections = 100,
  };
}

/* The number in place `index` of a numeric field. */
static double
get_number (const GlipConfig *config, const Field *field, int index)
{
  const char *place = (const char *) config + field->offset;
  switch (field->type) {
    case FIELD_INT:
      return ((const int *) (const void *) place)[index];
    case FIELD_DOUBLE:
      return ((const double *) (const void *) place)[index];
    case FIELD_BOOL:
      return *(const gboolean *) (const void *) place;
    default:
      g_assert_not_reached ();
  }
}

static gboolean
refuse (GError **error, const char *field, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

static gboolean
refuse (GError **error, const char *field, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL, "configuration field \"%s\" %s",
      field, what);
  return FALSE;
}

static gboolean
check_range (const Field *field, double value, GError **error)
{
  if (value >= field->min && value <= field->max)
    return TRUE;
  return refuse (error, field->name, "is %g, allowed are %g to %g", value, field->min,
      field->max);
}

/* --------------------------------------------------------------- reading */

/* Whether a JSON parser that recurses may be let loose on `json`. */
static gboolean
is_shallow (const char *json)
{
  int depth = 0;
  gboolean in_string = FALSE;
  for (const char *at = json; *at; at++) {
    if (in_string) {
      if (*at == '\\' && at[1])
        at++;
      else if (*at == '"')
        in_string = FALSE;
    } else if (*at == '"') {
      in_string = TRUE;
    } else if (*at == '[' || *at == '{') {
      if (++depth > MAX_JSON_DEPTH)
        return FALSE;
    } else if (*at == ']' || *at == '}') {
      depth--;
    }
  }
  return TRUE;
}

static gboolean
parse_number (
    GlipConfig *config, const Field *field, int index, JsonNode *node, GError **error)
{
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : 0;
  char *place = (char *) config + field->offset;
  if (field->type == FIELD_BOOL) {
    if (type != G_TYPE_BOOLEAN)
      return refuse (error, field->name, "must be true or false");
    *(gboolean *) (void *) place = json_node_get_boolean (node);
    return TRUE;
  }
  if (type != G_TYPE_INT64 && type != G_TYPE_DOUBLE)
    return refuse (error, field->name, "must be a number");
  double value = json_node_get_double (node);
  if (!check_range (field, value, error))
    return FALSE;
  if (field->type == FIELD_DOUBLE)
    ((double *) (void *) place)[index] = value;
  else if (value == floor (value))
    ((int *) (void *) place)[index] = (int) value;
  else
    return refuse (error, field->name, "is %g, which is no whole number", value);
  return TRUE;
}

static gboolean
parse_text (GlipConfig *config, const Field *field, JsonNode *node, GError **error)
{
  const char *text = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_string (node) : NULL;
  if (!text)
    return refuse (error, field->name, "must be a string");
  if (field->type == FIELD_AGG) {
    for (guint i = 0; i < G_N_ELEMENTS (score_aggs); i++)
      if (g_str_equal (score_aggs[i], text)) {
        config->score_agg = (GlipScoreAgg) i;
        return TRUE;
      }
    return refuse (error, field->name, "must be MEAN, MAX, POWER or ONEHOT");
  }
  gboolean fit = *text && strlen (text) < sizeof config->name
                 && g_utf8_validate (text, -1, NULL);
  for (const char *at = text; fit && *at; at = g_utf8_next_char (at))
    fit = !g_unichar_iscntrl (g_utf8_get_char (at));
  if (!fit)
    return refuse (error, field->name, "must be 1 to %zu printable bytes",
        sizeof config->name - 1);
  g_strlcpy (config->name, text, sizeof config->name);
  return TRUE;
}

static gboolean
parse_field (GlipConfig *config, const Field *field, JsonNode *node, GError **error)
{
  if (field->type == FIELD_NAME || field->type == FIELD_AGG)
    return parse_text (config, field, node, error);
  if (field->count == 1)
    return parse_number (config, field, 0, node, error);
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  if (!array || json_array_get_length (array) != (guint) field->count)
    return refuse (error, field->name, "must be an array of %d numbers", field->count);
  for (int i = 0; i < field->count; i++)
    if (!parse_number (config, field, i, json_array_get_element (array, (guint) i), error))
      return FALSE;
  return TRUE;
}

gboolean
glip_config_parse (GlipConfig *config, const char *json, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) reason = NULL;
  const char *what = NULL;
  if (strlen (json) > MAX_JSON_BYTES || !is_shallow (json))
    what = "is too long or nested too deeply";
  else if (!g_utf8_validate (json, -1, NULL))
    what = "is not UTF-8";
  else if (!json_parser_load_from_data (parser, json, -1, &reason))
    what = reason->message;
  else if (!json_parser_get_root (parser)
           || !JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)))
    what = "is no JSON object";
  if (what) {
    g_autofree char *line = g_strdelimit (g_strdup (what), "\r\n", ' ');
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL, "the configuration %s%s",
        reason ? "cannot be read: " : "", line);
    return FALSE;
  }
  JsonObject *object = json_node_get_object (json_parser_get_root (parser));
  GlipConfig parsed = *config;
  for (size_t i = 0; i < G_N_ELEMENTS (fields); i++) {
    JsonNode *node = json_object_get_member (object, fields[i].name);
    if (node && !parse_field (&parsed, &fields[i], node, error))
      return FALSE;
  }
  *config = parsed;
  return TRUE;
}

/* -------------------------------------------------------------- checking */

static gboolean
check_swin (const GlipConfig *config, GError **error)
{
  double hidden = config->embed_dim * config->mlp_ratio;
  if (config->embed_dim % 4 != 0)
    return refuse (error, "embed_dim", "is %d, must be a multiple of 4", config->embed_dim);
  if (hidden != floor (hidden) || fmod (hidden, 4) != 0)
    return refuse (error, "mlp_ratio", "is %g, which makes the hidden width %g instead of "
        "a multiple of 4", config->mlp_ratio, hidden);
  for (int i = 0; i < GLIP_N_STAGES; i++) {
    int dim = glip_config_stage_dim (config, i), heads = config->heads[i];
    if (dim % heads != 0 || dim / heads % 4 != 0 || dim / heads > 64)
      return refuse (error, "heads", "is %d in stage %d, which does not split the width %d "
          "into multiples of 4 up to 64", heads, i, dim);
  }
  return TRUE;
}

/* Attention over `dim` channels in `heads` parts. */
static gboolean
check_heads (const char *field, int heads, int dim, GError **error)
{
  if (dim % heads == 0 && dim / heads % 4 == 0 && dim / heads <= 512)
    return TRUE;
  return refuse (error, field, "is %d, which does not split the width %d into multiples "
      "of 4 up to 512", heads, dim);
}

gboolean
glip_config_check (const GlipConfig *config, GError **error)
{
  for (size_t i = 0; i < G_N_ELEMENTS (fields); i++)
    for (int j = 0; j < fields[i].count; j++)
      if (fields[i].type != FIELD_NAME && fields[i].type != FIELD_AGG
          && !check_range (&fields[i], get_number (config, &fields[i], j), error))
        return FALSE;
  if (!check_swin (config, error)
      || !check_heads ("bert_heads", config->bert_heads, config->bert_hidden, error)
      || !check_heads ("fuse_heads", config->fuse_heads, config->fuse_dim, error))
    return FALSE;
  if (config->channels % 64 != 0)
    return refuse (error, "channels", "is %d, must be a multiple of 64", config->channels);
  if (config->channels % config->gn_groups != 0)
    return refuse (error, "gn_groups", "is %d, which does not divide the %d channels",
        config->gn_groups, config->channels);
  if (config->bert_hidden % 64 != 0)
    return refuse (error, "bert_hidden", "is %d, must be a multiple of 64",
        config->bert_hidden);
  if (config->bert_inter % 4 != 0)
    return refuse (error, "bert_inter", "is %d, must be a multiple of 4",
        config->bert_inter);
  if (config->max_len > config->bert_positions)
    return refuse (error, "max_len", "is %d, more than the %d positions of the text "
        "encoder", config->max_len, config->bert_positions);
  if (config->divisible % 32 != 0)
    return refuse (error, "divisible", "is %d, must be a multiple of 32",
        config->divisible);
  if (config->max_size < config->min_size)
    return refuse (error, "max_size", "is %d, less than min_size, %d", config->max_size,
        config->min_size);
  return TRUE;
}

/* --------------------------------------------------------------- writing */

/* The shortest of two spellings that means the same double. */
static void
append_number (GString *json, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_formatd (text, sizeof text, "%.15g", value);
  if (g_ascii_strtod (text, NULL) != value)
    g_ascii_formatd (text, sizeof text, "%.17g", value);
  g_string_append (json, text);
}

char *
glip_config_to_json (const GlipConfig *config)
{
  GString *json = g_string_new ("{");
  for (size_t i = 0; i < G_N_ELEMENTS (fields); i++) {
    const Field *field = &fields[i];
    g_string_append_printf (json, "%s\"%s\":", i ? "," : "", field->name);
    if (field->type == FIELD_NAME) {
      glip_json_append_string (json, config->name);
    } else if (field->type == FIELD_AGG) {
      glip_json_append_string (json, score_aggs[config->score_agg]);
    } else if (field->type == FIELD_BOOL) {
      g_string_append (json, get_number (config, field, 0) != 0 ? "true" : "false");
    } else {
      for (int j = 0; j < field->count; j++) {
        g_string_append (json, field->count == 1 ? "" : j == 0 ? "[" : ",");
        append_number (json, get_number (config, field, j));
      }
      g_string_append (json, field->count == 1 ? "" : "]");
    }
  }
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}
