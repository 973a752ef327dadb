/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * All parts of a model on a device.
 */
#ifndef GLIP_NETWORK_H
#define GLIP_NETWORK_H

#include "model/model.h"

typedef struct {
  const GlipConfig *config; /* the model's */
  GlipBert bert;
  GlipSwin swin;
  GlipFpn fpn;
  GlipHead head;
  GPtrArray *buffers; /* of GlipBuffer: the weights */
} GlipNetwork;

/* Bring every weight of `model`, which must outlive the network, onto the device.
 * (transfer full)  Errors: OUT_OF_MEMORY, DEVICE_LOST, UNSUPPORTED. */
GlipNetwork *glip_network_new (
    GlipDevice *device, GlipPipelines *pipelines, GlipModel *model, GError **error);
void glip_network_free (GlipNetwork *network);
/* Bytes of device memory that the weights take. */
size_t glip_network_get_bytes (const GlipNetwork *network);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipNetwork, glip_network_free)

#endif /* GLIP_NETWORK_H */
