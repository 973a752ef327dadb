/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What suits a device: the one table from which the family of kernels and the storage
 * of weights and operands follow.  Plain C, without Vulkan.
 *
 *   lanes   CPU drivers: tiles in registers, lanes along the contiguous axis, no barriers
 *   tiles   any GPU: tiles in shared memory, float or float16 weights, sums in float
 *   matrix  GPUs with matrix units (VK_KHR_cooperative_matrix): float16 in, sums in float
 */
#ifndef GLIP_VULKAN_TUNING_H
#define GLIP_VULKAN_TUNING_H

#include "report.h"

/* Rows, columns and inner dimension that a matrix unit multiplies at a time. */
typedef struct {
  uint32_t m, n, k;
} GlipMatrixUnit;

/* What a device and its driver can do. */
typedef struct {
  const char *name;      /* for messages */
  gboolean is_cpu;       /* a software driver such as lavapipe */
  gboolean addresses;    /* buffer device addresses and 64-bit integers */
  gboolean matrix;       /* matrix units of a shape that the kernels can use: `unit` */
  uint32_t subgroup_size;
  gboolean uniform_loads; /* what is the same for all lanes is loaded once */
  GlipMatrixUnit unit;
} GlipAbilities;

typedef struct {
  GlipKernels kernels; /* never GLIP_KERNELS_AUTO */
  gboolean half;       /* weights of products are stored as float16 */
  gboolean half_operands; /* so is what only products read: matrix units take nothing
                           * else, while products of floats would only lose digits */
  gboolean uniform_loads; /* of the lanes: kernels that are built on such loads */
} GlipTuning;

/* Choose for a device; `kernels` and `precision` may be AUTO.
 * Errors: UNSUPPORTED, for what the device lacks or does not go together. */
gboolean glip_tuning_choose (GlipTuning *tuning, const GlipAbilities *abilities,
    GlipKernels kernels, GlipPrecision precision, GError **error);

/* Of `n` units that a device offers, the one for our kernels; FALSE when none is.  Its
 * sides are multiples of 8 and divide 32: a larger one reuses what it reads more. */
gboolean glip_tuning_choose_unit (
    GlipMatrixUnit *unit, const GlipMatrixUnit *offered, size_t n);

/* "lanes", "tiles", "matrix". */
const char *glip_kernels_name (GlipKernels kernels);

#endif /* GLIP_VULKAN_TUNING_H */
