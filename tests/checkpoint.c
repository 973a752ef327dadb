/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Compiled without contraction of floating-point expressions: mean + deviation * g
 * rounds twice, and a checksum over millions of values says so.
 */
#include "checkpoint.h"

#include "model/weights.h"

#include <math.h>
#include <string.h>

#define GOLD UINT64_C (0x9e3779b97f4a7c15)

typedef struct {
  double mean, deviation;
} Recipe;

gboolean
glip_test_config (const char *name, GlipConfig *config)
{
  static const struct {
    const char *name, *changes;
  } configs[] = {
    { "glip-t", "{}" },
    { "glip-t-a", "{\"fusion\":false}" },
    { "glip-l", "{\"embed_dim\":192,\"depths\":[2,2,18,2],\"heads\":[6,12,24,48],"
                "\"window\":12,\"head_blocks\":8}" },
#define NANO "\"embed_dim\":32,\"depths\":[2,2,2,2],\"heads\":[1,2,4,8],\"channels\":64," \
             "\"head_blocks\":2,\"vocab\":2048,\"bert_layers\":2,\"bert_hidden\":128," \
             "\"bert_heads\":2,\"bert_inter\":256,\"fuse_dim\":128,\"fuse_heads\":4"
    { "glip-nano", "{" NANO "}" },
    { "glip-nano-a", "{" NANO ",\"fusion\":false}" },
    { "glip-nano-tuned", "{" NANO ",\"tunable_linear\":true}" },
    { "glip-nano-max", "{" NANO ",\"score_agg\":\"MAX\"}" },
    { "glip-nano-power", "{" NANO ",\"score_agg\":\"POWER\"}" },
    { "glip-nano-onehot", "{" NANO ",\"score_agg\":\"ONEHOT\"}" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (configs); i++)
    if (g_str_equal (configs[i].name, name)) {
      glip_config_init (config);
      g_strlcpy (config->name, name, sizeof config->name);
      return glip_config_parse (config, configs[i].changes, NULL);
    }
  return FALSE;
}

/* ---------------------------------------------------------------- recipe */

static gboolean
has (const char *name, const char *part)
{
  return strstr (name, part) != NULL;
}

static Recipe
make_norm_recipe (gboolean weight, gboolean text)
{
  if (weight)
    return (Recipe) { 1.0, 0.2 };
  return (Recipe) { 0.0, text ? 0.04 : 0.15 };
}

static Recipe
make_bias_recipe (const char *name, gboolean text)
{
  if (has (name, ".offset."))
    return (Recipe) { 0.0, 0.5 };
  if (has (name, "AttnConv"))
    return (Recipe) { 0.3, 0.3 };
  if (has (name, "relu.fc.2"))
    return (Recipe) { 0.0, 1.0 };
  if (has (name, "cls_logits"))
    return (Recipe) { -4.6, 0.1 };
  if (has (name, "dot_product_projection_text"))
    return (Recipe) { 0.0, 0.03 };
  if (has (name, "centerness"))
    return (Recipe) { 0.5, 0.2 };
  return (Recipe) { 0.0, text ? 0.03 : 0.1 };
}

/* How much a weight matrix amplifies; divided by the root of its inputs. */
static double
find_gain (const char *name)
{
  static const struct {
    const char *part;
    double gain;
  } gains[] = {
    { ".self.query.", 1.3 },  { ".self.key.", 1.3 },
    { ".self.value.", 0.8 },  { ".attention.output.dense.", 0.5 },
    { ".intermediate.", 1.0 }, { ".output.dense.", 0.7 },
    { ".attn.v_proj", 1.3 },  { ".attn.l_proj", 1.3 },
    { "values_v", 1.5 },      { ".b_attn.attn.", 1.2 },
    { ".DyConv.", 1.4 },      { ".AttnConv.", 8.0 },
    { ".relu.fc.0.", 4.0 },   { ".relu.fc.2.", 2.0 },
    { ".offset.", 1.6 },      { "bbox_pred", 3.0 },
    { "centerness", 1.5 },
  };
  if (g_str_has_prefix (name, "backbone.body"))
    return has (name, ".qkv.") ? 1.3 : 1.0;
  if (g_str_has_prefix (name, "backbone.fpn"))
    return 1.0;
  for (size_t i = 0; i < G_N_ELEMENTS (gains); i++)
    if (has (name, gains[i].part))
      return gains[i].gain;
  g_assert_not_reached ();
}

static Recipe
make_weight_recipe (const GlipConfig *config, const GlipParameter *parameter)
{
  const char *name = parameter->name;
  if (has (name, "word_embeddings"))
    return (Recipe) { 0.0, 0.05 };
  if (has (name, "position_embeddings") || has (name, "token_type"))
    return (Recipe) { 0.0, 0.03 };
  if (has (name, "cls_logits"))
    return (Recipe) { 0.0, 0.01 };
  if (has (name, "dot_product_projection_text"))
    return (Recipe) { 0.0, 24.0 / sqrt (config->channels) };
  int64_t inputs = 1;
  for (int i = 1; i < parameter->n_dims; i++)
    inputs *= parameter->dims[i];
  return (Recipe) { 0.0, find_gain (name) / sqrt ((double) inputs) };
}

static Recipe
make_recipe (const GlipConfig *config, const GlipParameter *parameter)
{
  static const struct {
    const char *suffix;
    Recipe recipe;
  } special[] = {
    { ".relative_position_bias_table", { 0.0, 0.6 } },
    { "log_scale", { 0.3, 0.05 } },
    { "bias_lang", { 0.0, 0.8 } },
    { "bias0", { -2.0, 0.1 } },
    { ".gamma_v", { 0.35, 0.12 } },
    { ".gamma_l", { 0.3, 0.1 } },
    { ".scale", { 1.0, 0.15 } },
    { "tunable_linear.weight", { 0.0, 0.3 } },
  };
  const char *name = parameter->name;
  for (size_t i = 0; i < G_N_ELEMENTS (special); i++)
    if (g_str_has_suffix (name, special[i].suffix))
      return special[i].recipe;
  gboolean weight = g_str_has_suffix (name, ".weight");
  gboolean text = has (name, "encoder.layer.") || has (name, ".attention.")
                  || has (name, "intermediate") || has (name, ".output.");
  if (has (name, "norm") || has (name, "Norm") || has (name, ".bn."))
    return make_norm_recipe (weight, text);
  return weight ? make_weight_recipe (config, parameter) : make_bias_recipe (name, text);
}

/* ---------------------------------------------------------------- values */

size_t
glip_test_count (const GlipParameter *parameter)
{
  size_t count = 1;
  for (int i = 0; i < parameter->n_dims; i++)
    count *= (size_t) parameter->dims[i];
  return count;
}

static uint64_t
make_key (uint64_t seed, const char *name)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT ":%s", seed, name);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_checksum_update (checksum, (const guchar *) text, -1);
  uint8_t digest[32];
  gsize size = sizeof digest;
  g_checksum_get_digest (checksum, digest, &size);
  uint64_t key = 0;
  for (int i = 7; i >= 0; i--)
    key = key << 8 | digest[i];
  return key;
}

static void
fill_anchor (const GlipConfig *config, const char *name, float *values)
{
  int level = name[strlen (name) - 1] - '0';
  double centre = 0.5 * (config->strides[level] - 1);
  double half = 0.5 * (config->anchor_sizes[level] - 1);
  values[0] = values[1] = (float) (centre - half);
  values[2] = values[3] = (float) (centre + half);
}

void
glip_test_fill (const GlipConfig *config, uint64_t seed, const GlipParameter *parameter,
    float *values)
{
  if (has (parameter->name, "cell_anchors")) {
    fill_anchor (config, parameter->name, values);
    return;
  }
  const uint64_t field = (UINT64_C (1) << 21) - 1;
  Recipe recipe = make_recipe (config, parameter);
  uint64_t state = make_key (seed, parameter->name);
  size_t count = glip_test_count (parameter);
  for (size_t i = 0; i < count; i++) {
    state += GOLD;
    uint64_t z = state;
    z = (z ^ z >> 30) * UINT64_C (0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C (0x94d049bb133111eb);
    z ^= z >> 31;
    int64_t sum = (int64_t) ((z & field) + (z >> 21 & field) + (z >> 42 & field));
    double noise = ((double) sum - 1.5 * (double) field) * 0x1p-20;
    values[i] = (float) (recipe.mean + recipe.deviation * noise);
  }
}

/* ------------------------------------------------------------------ file */

typedef struct {
  const GlipConfig *config;
  uint64_t seed;
  GlipSafetensorsWriter *writer;
  size_t alignment;
  gboolean failed;
  GError **error;
} Output;

static gboolean
belongs_to_pass (const Output *output, const GlipParameter *parameter)
{
  size_t size = glip_test_count (parameter) * sizeof (float);
  return parameter->needed && glip_safetensors_alignment (size) == output->alignment;
}

static void
declare (const GlipParameter *parameter, void *user_data)
{
  Output *output = user_data;
  if (belongs_to_pass (output, parameter))
    glip_safetensors_writer_declare (output->writer, parameter->name, GLIP_DTYPE_F32,
        parameter->n_dims, parameter->dims);
}

static void
append (const GlipParameter *parameter, void *user_data)
{
  Output *output = user_data;
  if (output->failed || !belongs_to_pass (output, parameter))
    return;
  size_t count = glip_test_count (parameter);
  g_autofree float *values = g_new (float, count);
  glip_test_fill (output->config, output->seed, parameter, values);
  output->failed = !glip_safetensors_writer_append (
      output->writer, values, count * sizeof *values, output->error);
}

static void
run_passes (Output *output, GlipParameterFunc func)
{
  for (output->alignment = GLIP_SAFETENSORS_ALIGNMENT; output->alignment > 0;
       output->alignment /= 2)
    glip_parameters_foreach (output->config, func, output);
}

gboolean
glip_test_write_model (const char *path, const char *config_name, uint64_t seed,
    const char *vocabulary_path, GError **error)
{
  GlipConfig config;
  g_autofree char *vocabulary = NULL;
  if (!glip_test_config (config_name, &config)) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL, "unknown configuration \"%s\"",
        config_name);
    return FALSE;
  }
  if (!g_file_get_contents (vocabulary_path, &vocabulary, NULL, error))
    return FALSE;
  g_autoptr (GlipSafetensorsWriter) writer = glip_safetensors_writer_new (path);
  g_autofree char *json = glip_config_to_json (&config);
  glip_safetensors_writer_set_metadata (writer, GLIP_METADATA_FORMAT, GLIP_FORMAT_VERSION);
  glip_safetensors_writer_set_metadata (writer, GLIP_METADATA_CONFIG, json);
  glip_safetensors_writer_set_metadata (writer, GLIP_METADATA_VOCABULARY, vocabulary);
  Output output = { &config, seed, writer, .error = error };
  run_passes (&output, declare);
  run_passes (&output, append);
  return !output.failed && glip_safetensors_writer_finish (writer, error);
}
