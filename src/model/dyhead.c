/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * One block of the dynamic head (Dai et al., CVPR 2021): spatial attention by modulated
 * deformable convolutions (Zhu et al., CVPR 2019) of a level and its neighbours, scale
 * attention over the up to three branches, task attention by a dynamic ReLU (Chen et
 * al., ECCV 2020).  In PyTorch: DyConv, rpn.head.dyhead_tower.{3i+2}.
 *
 * Group norm, enlargement, scale attention and mean are linear per channel once their
 * statistics are known, so a block costs an offset convolution, the deformable ones, the
 * moments of their results, one tiny kernel and one pass (spec 13d).  Each of these runs
 * over all levels and branches at once.
 */
#include "model/model.h"

#include <string.h>

/* The convolutions of the three branches as one with the outputs of each. */
static GlipConv
load_convs (GlipLoader *loader, const char *prefix, const int number[3], uint32_t channels)
{
  const size_t n = (size_t) channels * channels * 9;
  g_autofree float *weights = g_new (float, 3 * n);
  g_autofree float *biases = g_new (float, 3 * channels);
  for (int i = 0; i < 3; i++) {
    g_autofree float *weight =
        glip_loader_read (loader, "%s.DyConv.%d.conv.weight", prefix, number[i]);
    g_autofree float *bias =
        glip_loader_read (loader, "%s.DyConv.%d.conv.bias", prefix, number[i]);
    memcpy (weights + i * n, weight, n * sizeof (float));
    memcpy (biases + i * channels, bias, channels * sizeof (float));
  }
  return glip_loader_pack_conv (loader, weights, biases, 3 * channels, channels);
}

/* The vectors of the three branches as rows of one tensor: weight and bias of each. */
static GlipTensor
load_norms (GlipLoader *loader, const char *prefix, const int number[3], uint32_t channels)
{
  g_autofree float *rows = g_new (float, 6 * channels);
  for (int i = 0; i < 3; i++) {
    g_autofree float *weight =
        glip_loader_read (loader, "%s.DyConv.%d.bn.weight", prefix, number[i]);
    g_autofree float *bias =
        glip_loader_read (loader, "%s.DyConv.%d.bn.bias", prefix, number[i]);
    memcpy (rows + (2 * i) * channels, weight, channels * sizeof (float));
    memcpy (rows + (2 * i + 1) * channels, bias, channels * sizeof (float));
  }
  return glip_loader_upload (loader, rows, 6, channels);
}

static GlipTensor
load_attention (GlipLoader *loader, const char *prefix, uint32_t channels)
{
  g_autofree float *weight = glip_loader_read (loader, "%s.AttnConv.1.weight", prefix);
  g_autofree float *bias = glip_loader_read (loader, "%s.AttnConv.1.bias", prefix);
  g_autofree float *both = g_new (float, channels + 1);
  memcpy (both, weight, channels * sizeof (float));
  both[channels] = bias[0];
  return glip_loader_upload (loader, both, 1, channels + 1);
}

void
glip_dyconv_load (
    GlipDyConv *dyconv, GlipLoader *loader, const GlipConfig *config, const char *prefix)
{
  static const int number[] = { [BRANCH_MID] = 1, [BRANCH_LOW] = 2, [BRANCH_HIGH] = 0 };
  uint32_t channels = (uint32_t) config->channels;
  g_autofree char *offset = g_strconcat (prefix, ".offset", NULL);
  dyconv->offset = glip_loader_conv (loader, offset, 27, channels);
  glip_loader_prefer_half (loader, TRUE);
  dyconv->convs = load_convs (loader, prefix, number, channels);
  glip_loader_prefer_half (loader, FALSE);
  GlipDynamicRelu *relu = &dyconv->dynamic_relu;
  g_autofree char *fc0 = g_strconcat (prefix, ".relu.fc.0.weight", NULL);
  g_autofree char *fc2 = g_strconcat (prefix, ".relu.fc.2.weight", NULL);
  relu->groups = (uint32_t) config->gn_groups;
  relu->norms = load_norms (loader, prefix, number, channels);
  relu->attention = load_attention (loader, prefix, channels);
  relu->fc0_weight = glip_loader_tensor (loader, fc0, channels / 4, channels);
  relu->fc0_bias = glip_loader_vector (loader, prefix, ".relu.fc.0.bias", channels / 4);
  relu->fc2_weight = glip_loader_tensor (loader, fc2, 4 * channels, channels / 4);
  relu->fc2_bias = glip_loader_vector (loader, prefix, ".relu.fc.2.bias", 4 * channels);
}

GlipTensor
glip_dyconv_forward (GlipGraph *graph, const GlipDyConv *dyconv, GlipTensor x, int block)
{
  GlipTensor offsets = glip_conv2d (graph, x, &dyconv->offset, NULL);
  glip_tap_pyramid (graph, offsets, "head.%d.offset", block);

  GlipBranches branches = glip_branches_new (graph, x, x.columns);
  glip_deform_conv (graph, x, offsets, &dyconv->convs, &branches);
  GlipTensor moments = glip_moments (graph, &branches);
  GlipTensor coefficients =
      glip_dynamic_relu (graph, &branches, moments, &dyconv->dynamic_relu);
  GlipTensor y = glip_dyhead_merge (graph, &branches, coefficients);
  glip_tap_pyramid (graph, y, "head.%d.dyconv", block);
  return y;
}
