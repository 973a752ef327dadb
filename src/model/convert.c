/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * From a checkpoint to a model file.  Nearly all of the configuration follows from
 * the tensors' shapes; the rest has the released values or comes from the user.
 * The tensors are streamed, so that memory holds one of them at a time.
 */
#include "model/checkpoint.h"

#include "model/parameters.h"
#include "model/weights.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define CHUNK 65536
#define TEXT "language_backbone.body.model."

/* ------------------------------------------------------------- inference */

/* Dimension `dim` of the named tensor with `n_dims` dimensions, into `value`. */
static gboolean
infer (GlipCheckpoint *checkpoint, const char *name, int n_dims, int dim, int *value,
    GError **error)
{
  const GlipCheckpointTensor *tensor = glip_checkpoint_lookup (checkpoint, name);
  const char *obstacle = glip_checkpoint_get_obstacle (checkpoint, name);
  const char *path = glip_checkpoint_get_path (checkpoint);
  if (tensor && tensor->n_dims == n_dims && tensor->dims[dim] > 0
      && tensor->dims[dim] <= G_MAXINT32) {
    *value = (int) tensor->dims[dim];
    return TRUE;
  }
  if (tensor)
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
        "%s: tensor \"%s\" has an unexpected shape: no GLIP checkpoint", path, name);
  else if (obstacle)
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
        "%s: tensor \"%s\" cannot be read: it is %s", path, name, obstacle);
  else
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
        "%s: has no tensor \"%s\": no GLIP checkpoint", path, name);
  return FALSE;
}

static gboolean
has_tensor (GlipCheckpoint *checkpoint, const char *format, int number)
{
  g_autofree char *before = g_strndup (format, (size_t) (strchr (format, '#') - format));
  g_autofree char *name =
      g_strdup_printf ("%s%d%s", before, number, strchr (format, '#') + 1);
  return glip_checkpoint_lookup (checkpoint, name) != NULL;
}

/* How many of the names with 0, `step`, 2 `step`, ... for '#' are there.  The
 * bound is above what glip_config_check accepts. */
static int
count_tensors (GlipCheckpoint *checkpoint, const char *format, int first, int step)
{
  int count = 0;
  while (count < 1000 && has_tensor (checkpoint, format, first + count * step))
    count++;
  return count;
}

static gboolean
infer_swin (GlipCheckpoint *checkpoint, GlipConfig *config, GError **error)
{
  int hidden = 0, table = 0;
  const char *patch = "backbone.body.patch_embed.proj.weight";
  if (!infer (checkpoint, patch, 4, 0, &config->embed_dim, error)
      || !infer (checkpoint, patch, 4, 2, &config->patch, error)
      || !infer (checkpoint, "backbone.body.layers.0.blocks.0.mlp.fc1.weight", 2, 0,
          &hidden, error))
    return FALSE;
  config->mlp_ratio = (double) hidden / config->embed_dim;
  for (int stage = 0; stage < GLIP_N_STAGES; stage++) {
    g_autofree char *blocks =
        g_strdup_printf ("backbone.body.layers.%d.blocks.#.norm1.weight", stage);
    g_autofree char *bias = g_strdup_printf (
        "backbone.body.layers.%d.blocks.0.attn.relative_position_bias_table", stage);
    config->depths[stage] = count_tensors (checkpoint, blocks, 0, 1);
    if (!infer (checkpoint, bias, 2, 0, &table, error)
        || !infer (checkpoint, bias, 2, 1, &config->heads[stage], error))
      return FALSE;
  }
  /* The table has (2 window - 1)^2 rows; if not, the check of shapes tells. */
  config->window = (int) ((sqrt ((double) table) + 1) / 2);
  return TRUE;
}

static gboolean
infer_text (GlipCheckpoint *checkpoint, GlipConfig *config, GError **error)
{
  const char *words = TEXT "embeddings.word_embeddings.weight";
  if (!infer (checkpoint, words, 2, 0, &config->vocab, error)
      || !infer (checkpoint, words, 2, 1, &config->bert_hidden, error)
      || !infer (checkpoint, TEXT "embeddings.position_embeddings.weight", 2, 0,
          &config->bert_positions, error)
      || !infer (checkpoint, TEXT "encoder.layer.0.intermediate.dense.weight", 2, 0,
          &config->bert_inter, error))
    return FALSE;
  config->bert_layers = count_tensors (
      checkpoint, TEXT "encoder.layer.#.attention.self.query.weight", 0, 1);
  config->bert_heads = MAX (1, config->bert_hidden / 64);
  config->max_len = MIN (256, config->bert_positions);
  return TRUE;
}

static gboolean
infer_head (GlipCheckpoint *checkpoint, GlipConfig *config, GError **error)
{
  const char *logits = "rpn.head.cls_logits.weight";
  config->fusion =
      glip_checkpoint_lookup (checkpoint, "rpn.head.dyhead_tower.0.b_attn.gamma_v") != NULL;
  config->head_blocks =
      count_tensors (checkpoint, "rpn.head.dyhead_tower.#.DyConv.0.conv.weight",
          config->fusion ? 2 : 0, config->fusion ? 3 : 1);
  config->tunable_linear =
      glip_checkpoint_lookup (checkpoint, "rpn.tunable_linear.weight") != NULL;
  if (!infer (checkpoint, "backbone.fpn.fpn_inner2.weight", 4, 0, &config->channels, error))
    return FALSE;
  if (glip_checkpoint_lookup (checkpoint, logits)
      && !infer (checkpoint, logits, 4, 0, &config->num_classes, error))
    return FALSE;
  if (!config->fusion)
    return TRUE;
  if (!infer (checkpoint, "rpn.head.dyhead_tower.0.b_attn.attn.v_proj.weight", 2, 0,
          &config->fuse_dim, error))
    return FALSE;
  config->fuse_heads = config->fuse_dim == 128 ? 4 : MAX (1, config->fuse_dim / 256);
  return TRUE;
}

/* The anchor generator's buffers hold [x0, y0, x1, y1] around the middle of the
 * first cell: size = x1 - x0 + 1, stride = x0 + x1 + 1. */
static gboolean
infer_anchors (GlipCheckpoint *checkpoint, GlipConfig *config, GError **error)
{
  for (int level = 0; level < GLIP_N_LEVELS; level++) {
    char name[64];
    g_snprintf (name, sizeof name, "rpn.anchor_generator.cell_anchors.%d", level);
    const GlipCheckpointTensor *tensor = glip_checkpoint_lookup (checkpoint, name);
    if (!tensor || tensor->n_elements != 4 || !glip_dtype_is_float (tensor->dtype))
      continue;
    g_autofree float *box = glip_checkpoint_read (checkpoint, tensor, error);
    if (!box)
      return FALSE;
    double size = (double) box[2] - box[0] + 1, stride = (double) box[0] + box[2] + 1;
    if (size >= 1 && size <= 65536 && stride >= 1 && stride <= 4096
        && stride == floor (stride)) {
      config->anchor_sizes[level] = size;
      config->strides[level] = (int) stride;
    }
  }
  return TRUE;
}

static void
infer_name (GlipConfig *config)
{
  static const int tiny[] = { 2, 2, 6, 2 }, large[] = { 2, 2, 18, 2 };
  const char *name = "glip";
  if (config->embed_dim == 96 && memcmp (config->depths, tiny, sizeof tiny) == 0)
    name = config->fusion ? "glip-t" : "glip-t-a";
  else if (config->embed_dim == 192 && config->fusion
           && memcmp (config->depths, large, sizeof large) == 0)
    name = "glip-l";
  else if (config->embed_dim == 32 && config->channels == 64)
    name = config->fusion ? "glip-nano" : "glip-nano-a";
  g_strlcpy (config->name, name, sizeof config->name);
}

gboolean
glip_checkpoint_infer_config (
    GlipCheckpoint *checkpoint, GlipConfig *config, GError **error)
{
  glip_config_init (config);
  if (!infer_swin (checkpoint, config, error) || !infer_text (checkpoint, config, error)
      || !infer_head (checkpoint, config, error)
      || !infer_anchors (checkpoint, config, error))
    return FALSE;
  infer_name (config);
  return TRUE;
}

/* --------------------------------------------------------------- writing */

/* What the steps of one conversion share. */
typedef struct {
  GlipCheckpoint *checkpoint;
  GlipConfig config;
  GlipDType type;
  GlipSafetensorsWriter *writer;
  size_t alignment;    /* of the tensors this pass is about */
  GPtrArray *tensors;  /* GlipCheckpointTensor in the order of the file */
  char *obstacle;      /* name of the first needed tensor that is no tensor */
} Conversion;

static gboolean
find_parameter (const char *name, GlipParameterFound *found, void *user_data)
{
  const GlipCheckpointTensor *tensor = glip_checkpoint_lookup (user_data, name);
  if (tensor)
    *found = (GlipParameterFound) { tensor->dtype, tensor->n_dims, tensor->dims };
  return tensor != NULL;
}

static void
find_obstacle (const GlipParameter *parameter, void *user_data)
{
  Conversion *conversion = user_data;
  if (parameter->needed && !conversion->obstacle
      && glip_checkpoint_get_obstacle (conversion->checkpoint, parameter->name))
    conversion->obstacle = g_strdup (parameter->name);
}

static gboolean
settle_config (Conversion *conversion, const char *config_json, GError **error)
{
  GlipCheckpoint *checkpoint = conversion->checkpoint;
  GlipConfig *config = &conversion->config;
  if (!glip_checkpoint_infer_config (checkpoint, config, error)
      || (config_json && !glip_config_parse (config, config_json, error))
      || !glip_config_check (config, error))
    return FALSE;
  glip_parameters_foreach (config, find_obstacle, conversion);
  g_autofree char *name = g_steal_pointer (&conversion->obstacle);
  if (name) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
        "%s: tensor \"%s\" cannot be read: it is %s", glip_checkpoint_get_path (checkpoint),
        name, glip_checkpoint_get_obstacle (checkpoint, name));
    return FALSE;
  }
  if (glip_parameters_check (config, find_parameter, checkpoint, error))
    return TRUE;
  g_prefix_error (error, "%s: ", glip_checkpoint_get_path (checkpoint));
  return FALSE;
}

/* The vocabulary with plain line ends. */
static gboolean
set_vocabulary (Conversion *conversion, const char *vocabulary, GError **error)
{
  if (!g_utf8_validate (vocabulary, -1, NULL)) {
    g_set_error_literal (
        error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL, "the vocabulary is not UTF-8");
    return FALSE;
  }
  g_autoptr (GString) text = g_string_new (vocabulary);
  g_string_replace (text, "\r\n", "\n", 0);
  if (!glip_vocabulary_check (text->str, &conversion->config, error))
    return FALSE;
  glip_safetensors_writer_set_metadata (
      conversion->writer, GLIP_METADATA_VOCABULARY, text->str);
  return TRUE;
}

static void
declare (const GlipParameter *parameter, void *user_data)
{
  Conversion *conversion = user_data;
  if (!parameter->needed)
    return;
  const GlipCheckpointTensor *tensor =
      glip_checkpoint_lookup (conversion->checkpoint, parameter->name);
  size_t size = tensor->n_elements * glip_dtype_size (conversion->type);
  if (glip_safetensors_alignment (size) != conversion->alignment)
    return;
  glip_safetensors_writer_declare (conversion->writer, parameter->name, conversion->type,
      parameter->n_dims, parameter->dims);
  g_ptr_array_add (conversion->tensors, (void *) tensor);
}

/* Append the values as halfs; one that a half cannot hold is an error. */
static gboolean
append_halfs (Conversion *conversion, const GlipCheckpointTensor *tensor,
    const float *values, GError **error)
{
  g_autofree uint16_t *halfs = g_new (uint16_t, CHUNK);
  for (size_t first = 0; first < tensor->n_elements; first += CHUNK) {
    size_t count = MIN (CHUNK, tensor->n_elements - first);
    for (size_t i = 0; i < count; i++) {
      float value = values[first + i];
      halfs[i] = glip_float_to_half (value);
      if ((halfs[i] & 0x7fffu) == 0x7c00u && isfinite (value)) {
        g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
            "%s: tensor \"%s\" holds %g, beyond the range of half precision: convert to "
            "float", glip_checkpoint_get_path (conversion->checkpoint), tensor->name,
            (double) value);
        return FALSE;
      }
    }
    if (!glip_safetensors_writer_append (
            conversion->writer, halfs, count * sizeof *halfs, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
write_tensor (
    Conversion *conversion, const GlipCheckpointTensor *tensor, GError **error)
{
  g_autofree float *values = glip_checkpoint_read (conversion->checkpoint, tensor, error);
  if (!values)
    return FALSE;
  if (conversion->type == GLIP_DTYPE_F16)
    return append_halfs (conversion, tensor, values, error);
  return glip_safetensors_writer_append (
      conversion->writer, values, tensor->n_elements * sizeof *values, error);
}

/* The output is renamed into place, which would replace an input of that name. */
static gboolean
check_output (GlipCheckpoint *checkpoint, const char *output_path, GError **error)
{
  GStatBuf input, output;
  if (g_stat (glip_checkpoint_get_path (checkpoint), &input) != 0
      || g_stat (output_path, &output) != 0 || input.st_dev != output.st_dev
      || input.st_ino != output.st_ino)
    return TRUE;
  g_set_error (error, GLIP_ERROR, GLIP_ERROR_IO,
      "%s: is the checkpoint itself: give the model file another name", output_path);
  return FALSE;
}

static gboolean
write_all (Conversion *conversion, GlipProgressFunc progress, void *user_data,
    GError **error)
{
  size_t total = 0, done = 0;
  for (guint i = 0; i < conversion->tensors->len; i++)
    total += ((GlipCheckpointTensor *) conversion->tensors->pdata[i])->n_elements;
  for (guint i = 0; i < conversion->tensors->len; i++) {
    const GlipCheckpointTensor *tensor = conversion->tensors->pdata[i];
    if (!write_tensor (conversion, tensor, error))
      return FALSE;
    done += tensor->n_elements;
    if (progress)
      progress ((double) done / (double) total, user_data);
  }
  return glip_safetensors_writer_finish (conversion->writer, error);
}

gboolean
glip_checkpoint_convert (GlipCheckpoint *checkpoint, const char *config_json,
    const char *vocabulary, GlipDType type, const char *output_path,
    GlipProgressFunc progress, void *user_data, GError **error)
{
  g_assert (type == GLIP_DTYPE_F32 || type == GLIP_DTYPE_F16);
  g_autoptr (GlipSafetensorsWriter) writer = glip_safetensors_writer_new (output_path);
  g_autoptr (GPtrArray) tensors = g_ptr_array_new ();
  Conversion conversion = { checkpoint, .type = type, .writer = writer, .tensors = tensors };
  if (!check_output (checkpoint, output_path, error)
      || !settle_config (&conversion, config_json, error))
    return FALSE;

  g_autofree char *json = glip_config_to_json (&conversion.config);
  glip_safetensors_writer_set_metadata (writer, GLIP_METADATA_FORMAT, GLIP_FORMAT_VERSION);
  glip_safetensors_writer_set_metadata (writer, GLIP_METADATA_CONFIG, json);
  if (vocabulary && !set_vocabulary (&conversion, vocabulary, error))
    return FALSE;
  for (size_t alignment = GLIP_SAFETENSORS_ALIGNMENT; alignment > 0; alignment /= 2) {
    conversion.alignment = alignment;
    glip_parameters_foreach (&conversion.config, declare, &conversion);
  }
  return write_all (&conversion, progress, user_data, error);
}
