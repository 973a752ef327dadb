/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The tower of fusion, text layer and dynamic convolution (GLIP, section 3.2), and the
 * outputs: box deltas and centerness as in ATSS, and the alignment of places with words
 * as dot products (GLIP, section 3.1, equation 3).  In PyTorch: VLDyHead, rpn.head.
 */
#include "model/model.h"

#include <math.h>
#include <string.h>

static void
load_alignment (GlipHead *head, GlipLoader *loader, const GlipConfig *config)
{
  uint32_t hidden = (uint32_t) config->bert_hidden, channels = (uint32_t) config->channels;
  g_autofree float *weight =
      glip_loader_read (loader, "rpn.head.dot_product_projection_text.weight");
  g_autofree float *bias =
      glip_loader_read (loader, "rpn.head.dot_product_projection_text.bias");
  g_autofree float *log_scale = glip_loader_read (loader, "rpn.head.log_scale");
  g_autofree float *bias_lang = glip_loader_read (loader, "rpn.head.bias_lang");
  g_autofree float *bias0 = glip_loader_read (loader, "rpn.head.bias0");
  /* The embedding is halved before the projection but not before the bias; the
   * product is divided by exp (log_scale), the bias is not. */
  double scale = exp (-(double) log_scale[0]);
  for (uint32_t i = 0; i < channels * hidden; i++)
    weight[i] = (float) (weight[i] * 0.5 * scale);
  for (uint32_t i = 0; i < channels; i++)
    bias[i] = (float) (bias[i] * scale);
  head->log_scale = log_scale[0];
  g_autofree float *rows = g_new (float, (channels + 1) * hidden);
  g_autofree float *constants = g_new (float, channels + 1);
  memcpy (rows, weight, channels * hidden * sizeof (float));
  memcpy (rows + channels * hidden, bias_lang, hidden * sizeof (float));
  memcpy (constants, bias, channels * sizeof (float));
  constants[channels] = bias0[0];
  head->projection = glip_loader_pack (loader, rows, constants, channels + 1, hidden);
}

static void
load_regression (GlipHead *head, GlipLoader *loader, const GlipConfig *config)
{
  uint32_t channels = (uint32_t) config->channels;
  g_autofree float *box = glip_loader_read (loader, "rpn.head.bbox_pred.weight");
  g_autofree float *box_bias = glip_loader_read (loader, "rpn.head.bbox_pred.bias");
  g_autofree float *centerness = glip_loader_read (loader, "rpn.head.centerness.weight");
  g_autofree float *centerness_bias = glip_loader_read (loader, "rpn.head.centerness.bias");
  g_autofree float *weight = g_new (float, 5 * channels);
  float bias[5];
  memcpy (weight, box, 4 * channels * sizeof (float));
  memcpy (weight + 4 * channels, centerness, channels * sizeof (float));
  memcpy (bias, box_bias, 4 * sizeof (float));
  bias[4] = centerness_bias[0];
  head->regression = glip_loader_pack (loader, weight, bias, 5, channels);
  for (int level = 0; level < GLIP_N_LEVELS; level++) {
    g_autofree float *scale = glip_loader_read (loader, "rpn.head.scales.%d.scale", level);
    head->box_scale[level] = scale[0];
  }
}

void
glip_head_load (GlipHead *head, GlipLoader *loader, const GlipConfig *config)
{
  int step = config->fusion ? 3 : 1;
  head->config = config;
  head->n_blocks = config->head_blocks;
  head->dyconv = g_new0 (GlipDyConv, head->n_blocks);
  if (config->fusion) {
    head->fusion = g_new0 (GlipFusion, head->n_blocks);
    head->text = g_new0 (GlipBertLayer, head->n_blocks);
  }
  for (int i = 0; i < head->n_blocks; i++) {
    if (config->fusion) {
      g_autofree char *fuse = g_strdup_printf ("rpn.head.dyhead_tower.%d.b_attn", 3 * i);
      g_autofree char *text = g_strdup_printf ("rpn.head.dyhead_tower.%d", 3 * i + 1);
      glip_fusion_load (&head->fusion[i], loader, config, fuse);
      glip_bert_layer_load (&head->text[i], loader, config, text);
    }
    g_autofree char *conv = g_strdup_printf ("rpn.head.dyhead_tower.%d", step * i + step - 1);
    glip_dyconv_load (&head->dyconv[i], loader, config, conv);
  }
  load_alignment (head, loader, config);
  load_regression (head, loader, config);
}

void
glip_head_clear (GlipHead *head)
{
  g_clear_pointer (&head->fusion, g_free);
  g_clear_pointer (&head->text, g_free);
  g_clear_pointer (&head->dyconv, g_free);
}

/* Rows of an output tensor that belong to one level. */
static void
tap_outputs (GlipGraph *graph, const GlipHead *head, GlipTensor image,
    const GlipHeadOutput *out)
{
  for (uint32_t i = 0; i < image.levels; i++) {
    GlipTap tap = { .layout = GLIP_TAP_ROWS, .n_columns = out->logits.columns, .scale = 1 };
    tap.tensor = glip_pyramid_level_shape (image, i, &tap.first_row);
    tap.tensor.region = out->logits.region;
    tap.tensor.columns = out->logits.columns;
    glip_tap_part (graph, &tap, "head.logits.p%u", i + 3);
    tap.layout = GLIP_TAP_PLANAR;
    tap.tensor.region = out->regression.region;
    tap.tensor.columns = 5;
    tap.n_columns = 4;
    tap.scale = head->box_scale[i];
    glip_tap_part (graph, &tap, "head.bbox.p%u", i + 3);
    tap.first_column = 4;
    tap.n_columns = 1;
    tap.scale = 1;
    glip_tap_part (graph, &tap, "head.centerness.p%u", i + 3);
  }
}

/* logit[n, t] = clamp (x_n . g_t / exp (log_scale) + beta_t) */
static GlipTensor
align (GlipGraph *graph, const GlipHead *head, GlipTensor image, GlipTensor text)
{
  const GlipLinear *projection = &head->projection;
  uint32_t tokens = text.rows, channels = image.columns;
  GlipTensor embedding = glip_l2_normalize (graph, text);
  /* Transposed: g, and beta as its last row. */
  GlipTensor words = glip_tensor_new (graph, channels + 1, tokens);
  const GlipGemm project = {
    .a = embedding,
    .b = projection->weight,
    .c = words,
    .bias = projection->bias,
    .args = { .m = tokens, .n = channels + 1, .k = projection->inputs,
        .a_row = projection->inputs, .a_column = 1, .b_row = GLIP_PANEL,
        .b_panel = GLIP_PANEL * projection->inputs,
        .b_columns = projection->weight.rows * GLIP_PANEL, .c_row = 1, .c_column = tokens,
        .splits = 1, .k_split = projection->inputs, .flags = EPILOGUE_BIAS },
  };
  glip_gemm (graph, &project);
  GlipTensor bias = glip_tensor_rows (words, channels, 1);
  words = glip_tensor_rows (words, 0, channels);
  glip_tap_part (graph,
      &(GlipTap){ .layout = GLIP_TAP_TRANSPOSED, .tensor = words, .n_columns = tokens,
          .scale = expf (head->log_scale) },
      "head.tokens");
  glip_tap (graph, GLIP_TAP_VECTOR, bias, "head.token_bias");

  GlipTensor logits = glip_tensor_new (graph, image.rows, tokens);
  const GlipGemm dot = {
    .a = image,
    .b = words,
    .c = logits,
    .bias = bias,
    .args = { .m = image.rows, .n = tokens, .k = channels, .a_row = channels,
        .a_column = 1, .b_row = tokens, .b_panel = GLIP_PANEL, .b_columns = tokens,
        .c_row = tokens, .c_column = 1, .splits = 1, .k_split = channels,
        .flags = EPILOGUE_BIAS | EPILOGUE_CLAMP, .limit = (float) head->config->clamp },
  };
  glip_gemm (graph, &dot);
  return logits;
}

GlipHeadOutput
glip_head_forward (GlipGraph *graph, const GlipHead *head, GlipTensor features,
    GlipTensor text, GlipTensor real_tokens)
{
  GlipTensor image = features;
  for (int i = 0; i < head->n_blocks; i++) {
    if (head->fusion) {
      glip_recorder_set_scope (graph->recorder, "head.%d.fusion", i);
      glip_fusion_forward (graph, &head->fusion[i], &image, &text, real_tokens);
      glip_tap_pyramid (graph, image, "head.%d.fuse", i);
      glip_tap (graph, GLIP_TAP_ROWS, text, "head.%d.fuse.lang", i);
      glip_recorder_set_scope (graph->recorder, "head.%d.text", i);
      text = glip_bert_layer_forward (
          graph, &head->text[i], text, real_tokens, (float) head->config->clamp);
      glip_tap (graph, GLIP_TAP_ROWS, text, "head.%d.lang", i);
    }
    glip_recorder_set_scope (graph->recorder, "head.%d.dyconv", i);
    image = glip_dyconv_forward (graph, &head->dyconv[i], image, i);
  }
  glip_recorder_set_scope (graph->recorder, "outputs");
  GlipHeadOutput out = {
    .logits = align (graph, head, image, text),
    .regression = glip_linear (graph, image, &head->regression, NULL),
  };
  tap_outputs (graph, head, image, &out);
  return out;
}
