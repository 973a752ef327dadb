/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Feature pyramid (Lin et al., CVPR 2017, section 3), with P6 and P7 made from P5 as in
 * RetinaNet.  No norms, no activations, but a ReLU between P6 and P7.  In PyTorch:
 * FPN and LastLevelP6P7 of the released code, backbone.fpn.
 */
#include "model/model.h"

void
glip_fpn_load (GlipFpn *fpn, GlipLoader *loader, const GlipConfig *config)
{
  uint32_t channels = (uint32_t) config->channels;
  for (int i = 0; i < 3; i++) {
    g_autofree char *inner = g_strdup_printf ("backbone.fpn.fpn_inner%d", i + 2);
    g_autofree char *layer = g_strdup_printf ("backbone.fpn.fpn_layer%d", i + 2);
    uint32_t dim = (uint32_t) glip_config_stage_dim (config, i + 1);
    fpn->inner[i] = glip_loader_linear (loader, inner, channels, dim);
    fpn->layer[i] = glip_loader_conv (loader, layer, channels, channels);
  }
  fpn->p6 = glip_loader_conv (loader, "backbone.fpn.top_blocks.p6", channels, channels);
  fpn->p7 = glip_loader_conv (loader, "backbone.fpn.top_blocks.p7", channels, channels);
}

GlipTensor
glip_fpn_forward (GlipGraph *graph, const GlipFpn *fpn, const GlipTensor maps[3])
{
  uint32_t height = maps[0].height, width = maps[0].width;
  GlipTensor pyramid = glip_tensor_as_pyramid (
      glip_tensor_new (
          graph, glip_pyramid_rows (height, width, GLIP_N_LEVELS), fpn->p6.outputs),
      height, width, GLIP_N_LEVELS);
  GlipTensor p[GLIP_N_LEVELS];
  for (uint32_t i = 0; i < GLIP_N_LEVELS; i++)
    p[i] = glip_pyramid_level (pyramid, i);

  glip_recorder_set_scope (graph->recorder, "fpn");
  GlipTensor top = glip_linear (graph, maps[2], &fpn->inner[2], NULL);
  glip_conv2d (graph, top, &fpn->layer[2], &(GlipConvOptions){ .out = p[2] });
  for (int i = 1; i >= 0; i--) {
    GlipTensor lateral = glip_linear (graph, maps[i], &fpn->inner[i], NULL);
    top = glip_upsample_add (graph, lateral, top);
    glip_conv2d (graph, top, &fpn->layer[i], &(GlipConvOptions){ .out = p[i] });
  }
  glip_conv2d (graph, p[2], &fpn->p6, &(GlipConvOptions){ .stride = 2, .out = p[3] });
  glip_conv2d (graph, p[3], &fpn->p7,
      &(GlipConvOptions){ .stride = 2, .relu_input = TRUE, .out = p[4] });
  glip_tap_pyramid (graph, pyramid, "fpn");
  return pyramid;
}
