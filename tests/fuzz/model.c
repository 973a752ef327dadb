/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Any bytes as a model file: whatever opens must be readable to the last element.
 */
#include "model/weights.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
read_all (GlipSafetensors *file)
{
  for (size_t i = 0; i < glip_safetensors_get_count (file); i++) {
    const GlipStored *stored = glip_safetensors_get (file, i);
    g_assert (glip_safetensors_lookup (file, stored->name) == stored);
    float value;
    for (size_t j = 0; glip_dtype_is_float (stored->dtype) && j < stored->n_elements; j++)
      glip_stored_read (stored, j, 1, &value);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  GlipSafetensors *file = glip_safetensors_new_from_bytes (bytes, &error);
  if (!file) {
    g_assert (error);
    return 0;
  }
  read_all (file);
  g_autoptr (GlipModel) model = glip_model_new (file, "fuzz", &error);
  g_assert (!model == !!error);
  if (model)
    g_ptr_array_unref (glip_model_list_ignored (model));
  return 0;
}
