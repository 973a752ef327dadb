/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Any bytes as a pickle: every tensor that comes out must lie in its storage.
 */
#include "model/pickle.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_tensor (const GlipPickleTensor *tensor)
{
  if (tensor->n_elements == 0)
    return;
  uint64_t last = tensor->offset;
  for (int i = 0; i < tensor->n_dims; i++)
    last += (uint64_t) (tensor->dims[i] - 1) * (uint64_t) tensor->strides[i];
  g_assert ((last + 1) * tensor->element_size
            <= tensor->storage->n_elements * tensor->storage->element_size);
}

/* Values may contain themselves, so go down a few levels only. */
static void
walk (const GlipPickleValue *value, int depth)
{
  if (value->kind == GLIP_PICKLE_TENSOR)
    check_tensor (value->tensor);
  else if (value->kind == GLIP_PICKLE_STRING || value->kind == GLIP_PICKLE_BYTES)
    g_assert (value->string.data[value->string.length] == 0);
  else if (value->kind == GLIP_PICKLE_OPAQUE || value->kind == GLIP_PICKLE_GLOBAL)
    g_assert (strlen (value->name) > 0);
  else if (value->kind == GLIP_PICKLE_TUPLE || value->kind == GLIP_PICKLE_LIST
           || value->kind == GLIP_PICKLE_DICT)
    for (guint i = 0; depth > 0 && i < MIN (value->items->len, 20); i++)
      walk (value->items->pdata[i], depth - 1);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GlipPickle) pickle = glip_pickle_parse (data, size, &error);
  g_assert (!pickle == !!error);
  if (pickle) {
    const GlipPickleValue *root = glip_pickle_get_root (pickle);
    glip_pickle_lookup (root, "model");
    walk (root, 3);
  }
  return 0;
}
