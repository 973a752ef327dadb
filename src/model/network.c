/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "model/network.h"

GlipNetwork *
glip_network_new (
    GlipDevice *device, GlipPipelines *pipelines, GlipModel *model, GError **error)
{
  g_autoptr (GlipLoader) loader = glip_loader_new (device, pipelines, model);
  g_autoptr (GlipNetwork) network = g_new0 (GlipNetwork, 1);
  network->config = glip_model_get_config (model);
  glip_bert_load (&network->bert, loader, network->config);
  /* Most of the time goes into backbone, pyramid and the head's deformable convolutions.
   * The rest of the head amplifies what rounding leaves in text, offsets and scores. */
  glip_loader_prefer_half (loader, TRUE);
  glip_swin_load (&network->swin, loader, network->config);
  glip_fpn_load (&network->fpn, loader, network->config);
  glip_loader_prefer_half (loader, FALSE);
  glip_head_load (&network->head, loader, network->config);
  network->buffers = glip_loader_finish (loader, error);
  return network->buffers ? g_steal_pointer (&network) : NULL;
}

void
glip_network_free (GlipNetwork *network)
{
  if (!network)
    return;
  glip_bert_clear (&network->bert);
  glip_swin_clear (&network->swin);
  glip_head_clear (&network->head);
  if (network->buffers)
    g_ptr_array_unref (network->buffers);
  g_free (network);
}

size_t
glip_network_get_bytes (const GlipNetwork *network)
{
  size_t bytes = 0;
  for (guint i = 0; i < network->buffers->len; i++)
    bytes += ((GlipBuffer *) g_ptr_array_index (network->buffers, i))->size;
  return bytes;
}
