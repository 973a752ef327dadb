/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * BERT's encoder (Devlin et al., 2019; Vaswani et al., 2017), post-norm, without the
 * pooler; GLIP's weights are fine-tuned ones.  Only real tokens are seen as keys.  In
 * PyTorch: BertModel, language_backbone.body.model, and BertEncoderLayer inside the
 * head.
 */
#include "model/model.h"

#include <math.h>

static const float epsilon = 1e-12f;

/* A linear layer by PREFIX and LEAF, its values multiplied by `scale`. */
static GlipLinear
load_linear (GlipLoader *loader, const char *prefix, const char *leaf, int outputs, int inputs,
    double scale)
{
  g_autofree float *weight = glip_loader_read (loader, "%s%s.weight", prefix, leaf);
  g_autofree float *bias = glip_loader_read (loader, "%s%s.bias", prefix, leaf);
  if (scale != 1.0) {
    for (size_t i = 0; i < (size_t) outputs * (size_t) inputs; i++)
      weight[i] = (float) (weight[i] * scale);
    for (int i = 0; i < outputs; i++)
      bias[i] = (float) (bias[i] * scale);
  }
  return glip_loader_pack (loader, weight, bias, (uint32_t) outputs, (uint32_t) inputs);
}

void
glip_bert_layer_load (GlipBertLayer *layer, GlipLoader *loader, const GlipConfig *config,
    const char *prefix)
{
  g_autofree char *norm1 = g_strconcat (prefix, ".attention.output.LayerNorm", NULL);
  g_autofree char *norm2 = g_strconcat (prefix, ".output.LayerNorm", NULL);
  int hidden = config->bert_hidden, inner = config->bert_inter;
  double scale = 1.0 / sqrt ((double) hidden / config->bert_heads);
  layer->heads = (uint32_t) config->bert_heads;
  layer->query = load_linear (loader, prefix, ".attention.self.query", hidden, hidden, scale);
  layer->key = load_linear (loader, prefix, ".attention.self.key", hidden, hidden, 1);
  layer->value = load_linear (loader, prefix, ".attention.self.value", hidden, hidden, 1);
  layer->dense = load_linear (loader, prefix, ".attention.output.dense", hidden, hidden, 1);
  layer->attention_norm = glip_loader_norm (loader, norm1, (uint32_t) hidden, epsilon);
  layer->intermediate = load_linear (loader, prefix, ".intermediate.dense", inner, hidden, 1);
  layer->output = load_linear (loader, prefix, ".output.dense", hidden, inner, 1);
  layer->output_norm = glip_loader_norm (loader, norm2, (uint32_t) hidden, epsilon);
}

GlipTensor
glip_bert_layer_forward (GlipGraph *graph, const GlipBertLayer *layer, GlipTensor x,
    GlipTensor real_tokens, float limit)
{
  GlipTensor q = glip_linear (graph, x, &layer->query, NULL);
  GlipTensor k = glip_linear (graph, x, &layer->key, NULL);
  GlipTensor v = glip_linear (graph, x, &layer->value, NULL);
  GlipTensor y = glip_attention (graph, q, k, v, layer->heads, real_tokens, limit);
  y = glip_linear (graph, y, &layer->dense, &(GlipLinearOptions){ .residual = x });
  y = glip_layer_norm (graph, y, &layer->attention_norm, 0);
  GlipTensor z = glip_linear (graph, y, &layer->intermediate,
      &(GlipLinearOptions){ .gelu = TRUE, .limit = limit });
  z = glip_linear (graph, z, &layer->output,
      &(GlipLinearOptions){ .limit = limit, .residual = y });
  return glip_layer_norm (graph, z, &layer->output_norm, limit);
}

void
glip_bert_load (GlipBert *bert, GlipLoader *loader, const GlipConfig *config)
{
  static const char prefix[] = "language_backbone.body.model.";
  uint32_t hidden = (uint32_t) config->bert_hidden;
  g_autofree char *words = g_strconcat (prefix, "embeddings.word_embeddings.weight", NULL);
  g_autofree char *positions =
      g_strconcat (prefix, "embeddings.position_embeddings.weight", NULL);
  g_autofree char *types = g_strconcat (prefix, "embeddings.token_type_embeddings.weight", NULL);
  g_autofree char *norm = g_strconcat (prefix, "embeddings.LayerNorm", NULL);
  bert->words = glip_loader_tensor (loader, words, (uint32_t) config->vocab, hidden);
  bert->positions =
      glip_loader_tensor (loader, positions, (uint32_t) config->bert_positions, hidden);
  bert->types = glip_loader_tensor (loader, types, 2, hidden);
  bert->norm = glip_loader_norm (loader, norm, hidden, epsilon);
  bert->n_layers = config->bert_layers;
  bert->layers = g_new0 (GlipBertLayer, bert->n_layers);
  for (int i = 0; i < bert->n_layers; i++) {
    g_autofree char *layer = g_strdup_printf ("%sencoder.layer.%d", prefix, i);
    glip_bert_layer_load (&bert->layers[i], loader, config, layer);
  }
  if (config->tunable_linear)
    bert->tunable = glip_loader_tensor (loader, "rpn.tunable_linear.weight", 1000, hidden);
}

void
glip_bert_clear (GlipBert *bert)
{
  g_clear_pointer (&bert->layers, g_free);
}

GlipTensor
glip_bert_forward (
    GlipGraph *graph, const GlipBert *bert, GlipTensor ids, GlipTensor real_tokens)
{
  glip_recorder_set_scope (graph->recorder, "bert.embeddings");
  GlipTensor x = glip_embed (graph, ids, bert->words, bert->positions, bert->types);
  x = glip_layer_norm (graph, x, &bert->norm, 0);
  glip_tap (graph, GLIP_TAP_ROWS, x, "bert.embeddings");
  for (int i = 0; i < bert->n_layers; i++) {
    glip_recorder_set_scope (graph->recorder, "bert.layer.%d", i);
    x = glip_bert_layer_forward (graph, &bert->layers[i], x, real_tokens, 0);
    glip_tap (graph, GLIP_TAP_ROWS, x, "bert.layer.%d", i);
  }
  /* Prompt tuning: a learned vector per position (language_prompt_v2 and v4). */
  if (glip_tensor_exists (bert->tunable))
    x = glip_add (graph, x, glip_tensor_rows (bert->tunable, 0, x.rows));
  return x;
}
