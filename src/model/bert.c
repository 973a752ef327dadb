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
#include <string.h>

static const float epsilon = 1e-12f;

/* Query, key and value as one layer, the scale of the scores in the query. */
static GlipLinear
load_qkv (GlipLoader *loader, const char *prefix, uint32_t hidden, uint32_t heads)
{
  static const char *const names[] = { "query", "key", "value" };
  const size_t n = (size_t) hidden * hidden;
  g_autofree float *weight = g_new (float, 3 * n);
  g_autofree float *bias = g_new (float, 3 * hidden);
  for (uint32_t i = 0; i < 3; i++) {
    g_autofree float *w =
        glip_loader_read (loader, "%s.attention.self.%s.weight", prefix, names[i]);
    g_autofree float *b =
        glip_loader_read (loader, "%s.attention.self.%s.bias", prefix, names[i]);
    memcpy (weight + i * n, w, n * sizeof (float));
    memcpy (bias + i * hidden, b, hidden * sizeof (float));
  }
  const double scale = 1.0 / sqrt ((double) hidden / heads);
  for (size_t i = 0; i < n; i++)
    weight[i] = (float) (weight[i] * scale);
  for (uint32_t i = 0; i < hidden; i++)
    bias[i] = (float) (bias[i] * scale);
  return glip_loader_pack (loader, weight, bias, 3 * hidden, hidden);
}

void
glip_bert_layer_load (GlipBertLayer *layer, GlipLoader *loader, const GlipConfig *config,
    const char *prefix)
{
  g_autofree char *norm1 = g_strconcat (prefix, ".attention.output.LayerNorm", NULL);
  g_autofree char *norm2 = g_strconcat (prefix, ".output.LayerNorm", NULL);
  g_autofree char *dense = g_strconcat (prefix, ".attention.output.dense", NULL);
  g_autofree char *intermediate = g_strconcat (prefix, ".intermediate.dense", NULL);
  g_autofree char *output = g_strconcat (prefix, ".output.dense", NULL);
  uint32_t hidden = (uint32_t) config->bert_hidden, inner = (uint32_t) config->bert_inter;
  layer->heads = (uint32_t) config->bert_heads;
  layer->qkv = load_qkv (loader, prefix, hidden, layer->heads);
  layer->dense = glip_loader_linear (loader, dense, hidden, hidden);
  layer->attention_norm = glip_loader_norm (loader, norm1, hidden, epsilon);
  layer->intermediate = glip_loader_linear (loader, intermediate, inner, hidden);
  layer->output = glip_loader_linear (loader, output, hidden, inner);
  layer->output_norm = glip_loader_norm (loader, norm2, hidden, epsilon);
}

GlipTensor
glip_bert_layer_forward (GlipGraph *graph, const GlipBertLayer *layer, GlipTensor x,
    GlipTensor real_tokens, float limit)
{
  GlipTensor y = glip_linear (graph, x, &layer->qkv, NULL);
  y = glip_attention (graph, y, layer->heads, real_tokens, limit);
  y = glip_linear (graph, y, &layer->dense, &(GlipLinearOptions){ .residual = x });
  y = glip_layer_norm (graph, y, &layer->attention_norm, NULL);
  GlipTensor z = glip_linear (graph, y, &layer->intermediate,
      &(GlipLinearOptions){ .gelu = TRUE, .limit = limit });
  z = glip_linear (graph, z, &layer->output,
      &(GlipLinearOptions){ .limit = limit, .residual = y });
  return glip_layer_norm (
      graph, z, &layer->output_norm, &(GlipNormOptions){ .limit = limit });
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
  x = glip_layer_norm (graph, x, &bert->norm, NULL);
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
