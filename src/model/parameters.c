/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The network's tensors, part by part in the order of its modules.  The fusion
 * variant has three entries per block in "dyhead_tower" (fusion, text layer,
 * dynamic convolution), the other one just the convolution.
 */
#include "model/parameters.h"

#include <inttypes.h>
#include <string.h>

#define TEXT_MODEL "language_backbone.body.model."

typedef struct {
  const GlipConfig *config;
  GlipParameterFunc func;
  void *user_data;
  gboolean needed; /* of what is added next */
} List;

/* Announce `prefix` + `leaf`; a dimension of 0 ends the shape. */
static void
add (List *list, const char *prefix, const char *leaf, gboolean integer,
    const int64_t dims[4])
{
  char name[160];
  g_snprintf (name, sizeof name, "%s%s", prefix, leaf);
  GlipParameter parameter = {
    .name = name,
    .integer = integer,
    .needed = list->needed && !integer,
  };
  while (parameter.n_dims < 4 && dims[parameter.n_dims] > 0) {
    parameter.dims[parameter.n_dims] = dims[parameter.n_dims];
    parameter.n_dims++;
  }
  list->func (&parameter, list->user_data);
}

#define ADD(list, prefix, leaf, ...) \
  add (list, prefix, leaf, FALSE, (int64_t[4]) { __VA_ARGS__ })

static void
add_norm (List *list, const char *prefix, const char *name, int64_t channels)
{
  g_autofree char *path = g_strconcat (prefix, name, NULL);
  ADD (list, path, ".weight", channels);
  ADD (list, path, ".bias", channels);
}

static void
add_linear (
    List *list, const char *prefix, const char *name, int64_t outputs, int64_t inputs)
{
  g_autofree char *path = g_strconcat (prefix, name, NULL);
  ADD (list, path, ".weight", outputs, inputs);
  ADD (list, path, ".bias", outputs);
}

static void
add_conv (List *list, const char *prefix, const char *name, int64_t outputs,
    int64_t inputs, int64_t size)
{
  g_autofree char *path = g_strconcat (prefix, name, NULL);
  ADD (list, path, ".weight", outputs, inputs, size, size);
  ADD (list, path, ".bias", outputs);
}

/* ------------------------------------------------------------------ Swin */

static void
add_swin_stage (List *list, int stage)
{
  const GlipConfig *config = list->config;
  int64_t dim = glip_config_stage_dim (config, stage);
  int64_t hidden = (int64_t) ((double) dim * config->mlp_ratio);
  int64_t window = config->window, tokens = window * window;
  for (int block = 0; block < config->depths[stage]; block++) {
    char path[64];
    g_snprintf (
        path, sizeof path, "backbone.body.layers.%d.blocks.%d.", stage, block);
    add_norm (list, path, "norm1", dim);
    ADD (list, path, "attn.relative_position_bias_table",
        (2 * window - 1) * (2 * window - 1), config->heads[stage]);
    add (list, path, "attn.relative_position_index", TRUE,
        (int64_t[4]) { tokens, tokens });
    add_linear (list, path, "attn.qkv", 3 * dim, dim);
    add_linear (list, path, "attn.proj", dim, dim);
    add_norm (list, path, "norm2", dim);
    add_linear (list, path, "mlp.fc1", hidden, dim);
    add_linear (list, path, "mlp.fc2", dim, hidden);
  }
  if (stage + 1 < GLIP_N_STAGES) {
    char path[64];
    g_snprintf (path, sizeof path, "backbone.body.layers.%d.downsample.", stage);
    ADD (list, path, "reduction.weight", 2 * dim, 4 * dim);
    add_norm (list, path, "norm", 4 * dim);
  }
}

static void
add_backbone (List *list)
{
  const GlipConfig *config = list->config;
  add_conv (list, "backbone.body.", "patch_embed.proj", config->embed_dim, 3,
      config->patch);
  add_norm (list, "backbone.body.", "patch_embed.norm", config->embed_dim);
  for (int stage = 0; stage < GLIP_N_STAGES; stage++)
    add_swin_stage (list, stage);
  for (int stage = 1; stage < GLIP_N_STAGES; stage++) {
    char name[16];
    g_snprintf (name, sizeof name, "norm%d", stage);
    add_norm (list, "backbone.body.", name, glip_config_stage_dim (config, stage));
  }
  for (int stage = 1; stage < GLIP_N_STAGES; stage++) {
    char inner[16], layer[16];
    g_snprintf (inner, sizeof inner, "fpn_inner%d", stage + 1);
    g_snprintf (layer, sizeof layer, "fpn_layer%d", stage + 1);
    add_conv (list, "backbone.fpn.", inner, config->channels,
        glip_config_stage_dim (config, stage), 1);
    add_conv (list, "backbone.fpn.", layer, config->channels, config->channels, 3);
  }
  add_conv (list, "backbone.fpn.", "top_blocks.p6", config->channels, config->channels, 3);
  add_conv (list, "backbone.fpn.", "top_blocks.p7", config->channels, config->channels, 3);
}

/* ------------------------------------------------------------------ text */

static void
add_text_layer (List *list, const char *path)
{
  int64_t hidden = list->config->bert_hidden, inter = list->config->bert_inter;
  add_linear (list, path, "attention.self.query", hidden, hidden);
  add_linear (list, path, "attention.self.key", hidden, hidden);
  add_linear (list, path, "attention.self.value", hidden, hidden);
  add_linear (list, path, "attention.output.dense", hidden, hidden);
  add_norm (list, path, "attention.output.LayerNorm", hidden);
  add_linear (list, path, "intermediate.dense", inter, hidden);
  add_linear (list, path, "output.dense", hidden, inter);
  add_norm (list, path, "output.LayerNorm", hidden);
}

static void
add_text_encoder (List *list)
{
  const GlipConfig *config = list->config;
  const char *path = TEXT_MODEL "embeddings.";
  add (list, path, "position_ids", TRUE, (int64_t[4]) { 1, config->bert_positions });
  ADD (list, path, "word_embeddings.weight", config->vocab, config->bert_hidden);
  ADD (list, path, "position_embeddings.weight", config->bert_positions,
      config->bert_hidden);
  ADD (list, path, "token_type_embeddings.weight", 2, config->bert_hidden);
  add_norm (list, path, "LayerNorm", config->bert_hidden);
  for (int layer = 0; layer < config->bert_layers; layer++) {
    char name[64];
    g_snprintf (name, sizeof name, TEXT_MODEL "encoder.layer.%d.", layer);
    add_text_layer (list, name);
  }
}

/* ------------------------------------------------------------------ head */

static void
add_fusion (List *list, int entry)
{
  const GlipConfig *config = list->config;
  int64_t channels = config->channels, hidden = config->bert_hidden;
  int64_t width = config->fuse_dim;
  char path[64];
  g_snprintf (path, sizeof path, "rpn.head.dyhead_tower.%d.b_attn.", entry);
  ADD (list, path, "gamma_v", channels);
  ADD (list, path, "gamma_l", hidden);
  add_norm (list, path, "layer_norm_v", channels);
  add_norm (list, path, "layer_norm_l", hidden);
  add_linear (list, path, "attn.v_proj", width, channels);
  add_linear (list, path, "attn.l_proj", width, hidden);
  add_linear (list, path, "attn.values_v_proj", width, channels);
  add_linear (list, path, "attn.values_l_proj", width, hidden);
  add_linear (list, path, "attn.out_v_proj", channels, width);
  add_linear (list, path, "attn.out_l_proj", hidden, width);
}

static void
add_dynamic_convolution (List *list, int entry)
{
  int64_t channels = list->config->channels;
  char path[64];
  g_snprintf (path, sizeof path, "rpn.head.dyhead_tower.%d.", entry);
  for (int branch = 0; branch < 3; branch++) {
    char conv[32], norm[32];
    g_snprintf (conv, sizeof conv, "DyConv.%d.conv", branch);
    g_snprintf (norm, sizeof norm, "DyConv.%d.bn", branch);
    add_conv (list, path, conv, channels, channels, 3);
    add_norm (list, path, norm, channels);
  }
  add_conv (list, path, "AttnConv.1", 1, channels, 1);
  add_linear (list, path, "relu.fc.0", channels / 4, channels);
  add_linear (list, path, "relu.fc.2", 4 * channels, channels / 4);
  /* Nine taps, each with two offsets and a mask. */
  add_conv (list, path, "offset", 27, channels, 3);
}

static void
add_head (List *list)
{
  const GlipConfig *config = list->config;
  int64_t channels = config->channels;
  ADD (list, "rpn.head.", "log_scale", 1);
  ADD (list, "rpn.head.", "bias_lang", config->bert_hidden);
  ADD (list, "rpn.head.", "bias0", 1);
  for (int block = 0, entry = 0; block < config->head_blocks; block++) {
    if (config->fusion) {
      char path[64];
      add_fusion (list, entry++);
      g_snprintf (path, sizeof path, "rpn.head.dyhead_tower.%d.", entry++);
      add_text_layer (list, path);
    }
    add_dynamic_convolution (list, entry++);
  }
  list->needed = FALSE; /* the text replaces the classifier */
  add_conv (list, "rpn.head.", "cls_logits", config->num_classes, channels, 1);
  list->needed = TRUE;
  add_conv (list, "rpn.head.", "bbox_pred", 4, channels, 1);
  add_conv (list, "rpn.head.", "centerness", 1, channels, 1);
  add_linear (
      list, "rpn.head.", "dot_product_projection_text", channels, config->bert_hidden);
  for (int level = 0; level < GLIP_N_LEVELS; level++) {
    char name[32];
    g_snprintf (name, sizeof name, "scales.%d.scale", level);
    ADD (list, "rpn.head.", name, 1);
  }
}

void
glip_parameters_foreach (
    const GlipConfig *config, GlipParameterFunc func, void *user_data)
{
  List list = { config, func, user_data, TRUE };
  add_backbone (&list);
  add_text_encoder (&list);
  add_head (&list);
  list.needed = FALSE; /* follow from the configuration */
  for (int level = 0; level < GLIP_N_LEVELS; level++) {
    char name[32];
    g_snprintf (name, sizeof name, "cell_anchors.%d", level);
    ADD (&list, "rpn.anchor_generator.", name, 1, 4);
  }
  list.needed = TRUE;
  if (config->tunable_linear)
    ADD (&list, "rpn.tunable_linear.", "weight", 1000, config->bert_hidden);
}

/* --------------------------------------------------------------- checking */

typedef struct {
  GlipParameterLookup lookup;
  void *user_data;
  size_t n_needed, n_missing;
  char *missing; /* the first */
  char *wrong;   /* what is wrong with the first present but unfit one */
} Check;

static char *
format_shape (const int64_t *dims, int n_dims)
{
  GString *shape = g_string_new ("[");
  for (int i = 0; i < n_dims; i++)
    g_string_append_printf (shape, "%s%" PRId64, i ? "," : "", dims[i]);
  g_string_append_c (shape, ']');
  return g_string_free (shape, FALSE);
}

static void
check_parameter (const GlipParameter *parameter, void *user_data)
{
  Check *check = user_data;
  GlipParameterFound found = { 0 };
  if (!parameter->needed || check->wrong)
    return;
  check->n_needed++;
  if (!check->lookup (parameter->name, &found, check->user_data)) {
    if (check->n_missing++ == 0)
      check->missing = g_strdup (parameter->name);
  } else if (found.n_dims != parameter->n_dims
             || memcmp (found.dims, parameter->dims,
                    (size_t) found.n_dims * sizeof *found.dims) != 0) {
    g_autofree char *expected = format_shape (parameter->dims, parameter->n_dims);
    g_autofree char *shape = format_shape (found.dims, found.n_dims);
    check->wrong = g_strdup_printf ("tensor \"%s\" has shape %s, the configuration needs %s",
        parameter->name, shape, expected);
  } else if (!glip_dtype_is_float (found.dtype)) {
    check->wrong = g_strdup_printf ("tensor \"%s\" has a data type other than float, half, "
                                    "bfloat16 and double", parameter->name);
  }
}

gboolean
glip_parameters_check (const GlipConfig *config, GlipParameterLookup lookup,
    void *user_data, GError **error)
{
  Check check = { lookup, user_data };
  glip_parameters_foreach (config, check_parameter, &check);
  g_autofree char *missing = check.missing;
  g_autofree char *wrong = check.wrong;
  if (wrong)
    g_set_error_literal (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL, wrong);
  else if (check.n_missing == check.n_needed)
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
        "none of the %zu tensors of \"%s\" is here: this is another network's file",
        check.n_needed, config->name);
  else if (check.n_missing > 1)
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
        "tensor \"%s\" and %zu more that \"%s\" needs are missing", missing,
        check.n_missing - 1, config->name);
  else if (check.n_missing == 1)
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
        "tensor \"%s\" that \"%s\" needs is missing", missing, config->name);
  return !wrong && check.n_missing == 0;
}
