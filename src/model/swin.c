/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Swin Transformer (Liu et al., ICCV 2021, section 3): windows of M x M tokens attend
 * within themselves, every second block with the map rolled by M / 2; patch merging
 * halves the map between stages.  In PyTorch: SwinTransformer of the released code,
 * backbone.body.
 */
#include "model/model.h"

#include <math.h>
#include <string.h>

static const float epsilon = 1e-5f;

/* Of norms that feed linear layers alone. */
static const GlipNormOptions norm_of_operand = { .operand = TRUE };

/* [C,3,4,4] to [C, 48] in the order of the patches: row, column, channel. */
static void
load_patch_embed (GlipSwin *swin, GlipLoader *loader, uint32_t dim)
{
  g_autofree float *weight = glip_loader_read (loader, "backbone.body.patch_embed.proj.weight");
  g_autofree float *bias = glip_loader_read (loader, "backbone.body.patch_embed.proj.bias");
  g_autofree float *ordered = g_new (float, dim * 48);
  for (uint32_t o = 0; o < dim; o++)
    for (uint32_t c = 0; c < 3; c++)
      for (uint32_t pixel = 0; pixel < 16; pixel++)
        ordered[o * 48 + pixel * 3 + c] = weight[(o * 3 + c) * 16 + pixel];
  swin->patch_embed = glip_loader_pack (loader, ordered, bias, dim, 48);
  swin->patch_norm =
      glip_loader_norm (loader, "backbone.body.patch_embed.norm", dim, epsilon);
}

/* With the score's scale in the query; and what padding tokens have: the biases. */
static void
load_attention (GlipSwinBlock *block, GlipLoader *loader, const char *prefix, uint32_t dim,
    uint32_t heads)
{
  g_autofree float *weight = glip_loader_read (loader, "%s.attn.qkv.weight", prefix);
  g_autofree float *bias = glip_loader_read (loader, "%s.attn.qkv.bias", prefix);
  const float scale = 1.0f / sqrtf ((float) dim / (float) heads);
  for (uint32_t i = 0; i < dim * dim; i++)
    weight[i] *= scale;
  for (uint32_t i = 0; i < dim; i++)
    bias[i] *= scale;
  block->qkv = glip_loader_pack (loader, weight, bias, 3 * dim, dim);
  block->attention.pad = block->qkv.bias;
}

/* The table is stored [(2M-1)^2, heads]; a window reads it head by head. */
static void
load_position_bias (GlipSwinBlock *block, GlipLoader *loader, const char *prefix)
{
  uint32_t heads = block->attention.heads, side = 2 * block->attention.window - 1;
  g_autofree float *table =
      glip_loader_read (loader, "%s.attn.relative_position_bias_table", prefix);
  g_autofree float *by_head = g_new (float, heads * side * side);
  for (uint32_t i = 0; i < side * side; i++)
    for (uint32_t h = 0; h < heads; h++)
      by_head[h * side * side + i] = table[i * heads + h];
  block->attention.bias = glip_loader_upload (loader, by_head, heads, side * side);
}

static void
load_block (GlipSwinBlock *block, GlipLoader *loader, const GlipConfig *config, int stage,
    int index)
{
  g_autofree char *prefix =
      g_strdup_printf ("backbone.body.layers.%d.blocks.%d", stage, index);
  g_autofree char *norm1 = g_strconcat (prefix, ".norm1", NULL);
  g_autofree char *norm2 = g_strconcat (prefix, ".norm2", NULL);
  g_autofree char *projection = g_strconcat (prefix, ".attn.proj", NULL);
  g_autofree char *fc1 = g_strconcat (prefix, ".mlp.fc1", NULL);
  g_autofree char *fc2 = g_strconcat (prefix, ".mlp.fc2", NULL);
  uint32_t dim = (uint32_t) glip_config_stage_dim (config, stage);
  uint32_t inner = (uint32_t) (dim * config->mlp_ratio);

  block->attention.window = (uint32_t) config->window;
  block->attention.heads = (uint32_t) config->heads[stage];
  block->attention.shift = index % 2 ? (uint32_t) config->window / 2 : 0;
  block->norm1 = glip_loader_norm (loader, norm1, dim, epsilon);
  load_attention (block, loader, prefix, dim, block->attention.heads);
  load_position_bias (block, loader, prefix);
  block->projection = glip_loader_linear (loader, projection, dim, dim);
  block->norm2 = glip_loader_norm (loader, norm2, dim, epsilon);
  block->fc1 = glip_loader_linear (loader, fc1, inner, dim);
  block->fc2 = glip_loader_linear (loader, fc2, dim, inner);
}

void
glip_swin_load (GlipSwin *swin, GlipLoader *loader, const GlipConfig *config)
{
  load_patch_embed (swin, loader, (uint32_t) config->embed_dim);
  for (int i = 0; i < GLIP_N_STAGES; i++) {
    GlipSwinStage *stage = &swin->stages[i];
    uint32_t dim = (uint32_t) glip_config_stage_dim (config, i);
    stage->n_blocks = config->depths[i];
    stage->blocks = g_new0 (GlipSwinBlock, stage->n_blocks);
    for (int j = 0; j < stage->n_blocks; j++)
      load_block (&stage->blocks[j], loader, config, i, j);
    if (i > 0) {
      g_autofree char *norm = g_strdup_printf ("backbone.body.norm%d", i);
      stage->out_norm = glip_loader_norm (loader, norm, dim, epsilon);
    }
    if (i + 1 < GLIP_N_STAGES) {
      g_autofree char *norm = g_strdup_printf ("backbone.body.layers.%d.downsample.norm", i);
      g_autofree float *reduction =
          glip_loader_read (loader, "backbone.body.layers.%d.downsample.reduction.weight", i);
      stage->merge_norm = glip_loader_norm (loader, norm, 4 * dim, epsilon);
      stage->reduction = glip_loader_pack (loader, reduction, NULL, 2 * dim, 4 * dim);
    }
  }
}

void
glip_swin_clear (GlipSwin *swin)
{
  for (int i = 0; i < GLIP_N_STAGES; i++)
    g_clear_pointer (&swin->stages[i].blocks, g_free);
}

/* x + fc2 (GELU (fc1 (LN (x)))); the inner layer is four times as wide, and what cannot
 * be bound at once goes by strips. */
static GlipTensor
mlp (GlipGraph *graph, const GlipSwinBlock *block, GlipTensor x)
{
  GlipTensor out = glip_tensor_new_map (graph, x.height, x.width, x.columns);
  uint32_t strip = glip_bound_rows (graph, block->fc1.outputs, 64);
  for (uint32_t row = 0; row < x.rows; row += strip) {
    uint32_t n = MIN (strip, x.rows - row);
    GlipTensor part = glip_tensor_rows (x, row, n);
    GlipTensor y = glip_layer_norm (graph, part, &block->norm2, &norm_of_operand);
    y = glip_linear (
        graph, y, &block->fc1, &(GlipLinearOptions){ .gelu = TRUE, .operand = TRUE });
    glip_linear (graph, y, &block->fc2,
        &(GlipLinearOptions){ .residual = part, .out = glip_tensor_rows (out, row, n) });
  }
  return out;
}

static GlipTensor
block_forward (GlipGraph *graph, const GlipSwinBlock *block, GlipTensor x)
{
  GlipTensor y = glip_layer_norm (graph, x, &block->norm1, &norm_of_operand);
  y = glip_linear (graph, y, &block->qkv, &(GlipLinearOptions){ .operand = TRUE });
  y = glip_window_attention (graph, y, &block->attention);
  x = glip_linear (graph, y, &block->projection, &(GlipLinearOptions){ .residual = x });
  return mlp (graph, block, x);
}

void
glip_swin_forward (
    GlipGraph *graph, const GlipSwin *swin, GlipTensor patches, GlipTensor out[3])
{
  glip_recorder_set_scope (graph->recorder, "swin.patch_embed");
  GlipTensor x = glip_linear (graph, patches, &swin->patch_embed, NULL);
  x = glip_layer_norm (graph, x, &swin->patch_norm, NULL);
  glip_tap (graph, GLIP_TAP_MAP, x, "swin.patch_embed");
  for (int i = 0; i < GLIP_N_STAGES; i++) {
    const GlipSwinStage *stage = &swin->stages[i];
    for (int j = 0; j < stage->n_blocks; j++) {
      glip_recorder_set_scope (graph->recorder, "swin.%d.block.%d", i, j);
      x = block_forward (graph, &stage->blocks[j], x);
      glip_tap (graph, GLIP_TAP_MAP, x, "swin.%d.block.%d", i, j);
    }
    if (i > 0) { /* the map at stride 4 goes nowhere */
      out[i - 1] = glip_layer_norm (graph, x, &stage->out_norm, NULL);
      glip_tap (graph, GLIP_TAP_PLANAR, out[i - 1], "swin.c%d", i + 2);
    }
    if (i + 1 < GLIP_N_STAGES) {
      glip_recorder_set_scope (graph->recorder, "swin.%d.downsample", i);
      x = glip_patch_merge (graph, x, &stage->merge_norm);
      x = glip_linear (graph, x, &stage->reduction, NULL);
      glip_tap (graph, GLIP_TAP_MAP, x, "swin.%d.downsample", i);
    }
  }
}
