/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * One block of the dynamic head (Dai et al., CVPR 2021): spatial attention by modulated
 * deformable convolutions (Zhu et al., CVPR 2019) of a level and its neighbours, scale
 * attention over the up to three branches, task attention by a dynamic ReLU (Chen et
 * al., ECCV 2020).  In PyTorch: DyConv, rpn.head.dyhead_tower.{3i+2}.
 *
 * Group norm, enlargement, scale attention and mean are linear per channel once their
 * statistics are known, so a level costs three convolutions, their moments, one tiny
 * kernel and one pass (spec 13d).
 */
#include "model/model.h"

/* Branches in the order of GlipBranch and the convolution each uses. */
enum { MID, LOW, HIGH };
static const int conv_of_branch[] = { 1, 2, 0 };

void
glip_dyconv_load (
    GlipDyConv *dyconv, GlipLoader *loader, const GlipConfig *config, const char *prefix)
{
  uint32_t channels = (uint32_t) config->channels;
  g_autofree char *offset = g_strconcat (prefix, ".offset", NULL);
  dyconv->offset = glip_loader_conv (loader, offset, 27, channels);
  for (int i = 0; i < 3; i++) {
    g_autofree char *conv = g_strdup_printf ("%s.DyConv.%d.conv", prefix, i);
    g_autofree char *norm = g_strdup_printf ("%s.DyConv.%d.bn", prefix, i);
    dyconv->conv[i] = glip_loader_conv (loader, conv, channels, channels);
    dyconv->norm_weight[i] = glip_loader_vector (loader, norm, ".weight", channels);
    dyconv->norm_bias[i] = glip_loader_vector (loader, norm, ".bias", channels);
  }
  GlipDynamicRelu *relu = &dyconv->dynamic_relu;
  g_autofree char *fc0 = g_strconcat (prefix, ".relu.fc.0.weight", NULL);
  g_autofree char *fc2 = g_strconcat (prefix, ".relu.fc.2.weight", NULL);
  relu->groups = (uint32_t) config->gn_groups;
  relu->attention_weight = glip_loader_vector (loader, prefix, ".AttnConv.1.weight", channels);
  relu->attention_bias = glip_loader_vector (loader, prefix, ".AttnConv.1.bias", 1);
  relu->fc0_weight = glip_loader_tensor (loader, fc0, channels / 4, channels);
  relu->fc0_bias = glip_loader_vector (loader, prefix, ".relu.fc.0.bias", channels / 4);
  relu->fc2_weight = glip_loader_tensor (loader, fc2, 4 * channels, channels / 4);
  relu->fc2_bias = glip_loader_vector (loader, prefix, ".relu.fc.2.bias", 4 * channels);
}

static GlipBranch
convolve (GlipGraph *graph, const GlipDyConv *dyconv, int branch, GlipTensor x,
    GlipTensor offsets, GlipTensor target)
{
  int conv = conv_of_branch[branch];
  GlipBranch out = {
    .x = glip_deform_conv (graph, x, offsets, &dyconv->conv[conv], branch == LOW ? 2 : 1),
    .norm_weight = dyconv->norm_weight[conv],
    .norm_bias = dyconv->norm_bias[conv],
  };
  out.moments = branch == HIGH ? glip_moments (graph, out.x, target.height, target.width)
                               : glip_moments (graph, out.x, 0, 0);
  return out;
}

GlipPyramid
glip_dyconv_forward (
    GlipGraph *graph, const GlipDyConv *dyconv, const GlipPyramid *in, int block)
{
  GlipPyramid out = *in;
  out.all = glip_tensor_new (graph, in->all.rows, in->all.columns);
  for (int i = 0; i < GLIP_N_LEVELS; i++) {
    GlipTensor x = in->level[i];
    GlipTensor y = glip_tensor_as_map (
        glip_tensor_rows (out.all, in->first_row[i], x.rows), x.height, x.width);
    GlipTensor offsets = glip_conv2d (graph, x, &dyconv->offset, NULL);
    glip_tap (graph, GLIP_TAP_PLANAR, offsets, "head.%d.offset.p%d", block, i + 3);

    GlipBranch branches[3] = { 0 };
    branches[MID] = convolve (graph, dyconv, MID, x, offsets, x);
    if (i > 0)
      branches[LOW] = convolve (graph, dyconv, LOW, in->level[i - 1], offsets, x);
    if (i + 1 < GLIP_N_LEVELS)
      branches[HIGH] = convolve (graph, dyconv, HIGH, in->level[i + 1], offsets, x);
    GlipTensor coefficients = glip_dynamic_relu (graph, branches, &dyconv->dynamic_relu);
    glip_dyhead_merge (graph, branches, coefficients, y);
    out.level[i] = y;
    glip_tap (graph, GLIP_TAP_PLANAR, y, "head.%d.dyconv.p%d", block, i + 3);
  }
  return out;
}
