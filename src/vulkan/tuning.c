/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "vulkan/tuning.h"

/* A way of running that a device may have, the best first.  A row is taken when the
 * device has what it needs and it is what was asked for; AUTO asks for no particular
 * one, and takes no kernels meant for the other kind of device. */
typedef struct {
  GlipKernels kernels;
  gboolean half;
  gboolean for_cpu, for_gpu; /* what AUTO takes it for */
} Way;

static const Way ways[] = {
  { GLIP_KERNELS_MATRIX, TRUE, FALSE, TRUE },
  { GLIP_KERNELS_LANES, FALSE, TRUE, FALSE },
  { GLIP_KERNELS_TILES, TRUE, FALSE, TRUE },
  { GLIP_KERNELS_TILES, FALSE, TRUE, TRUE },
};

const char *
glip_kernels_name (GlipKernels kernels)
{
  static const char *const names[] = { "auto", "lanes", "tiles", "matrix" };
  g_assert (kernels < G_N_ELEMENTS (names));
  return names[kernels];
}

/* What the device lacks for a way, or NULL. */
static const char *
find_obstacle (const GlipAbilities *abilities, const Way *way)
{
  if (way->kernels == GLIP_KERNELS_MATRIX && !abilities->matrix)
    return "cooperative matrices of float16";
  if (way->kernels == GLIP_KERNELS_LANES &&
      !(abilities->addresses && abilities->subgroup_size == 8))
    return "buffer addresses and subgroups of 8";
  return NULL;
}

static gboolean
is_asked_for (const GlipAbilities *abilities, const Way *way, GlipKernels kernels,
    GlipPrecision precision)
{
  if (precision != GLIP_PRECISION_AUTO && way->half != (precision == GLIP_PRECISION_FP16))
    return FALSE;
  if (kernels != GLIP_KERNELS_AUTO)
    return way->kernels == kernels;
  /* Asked for by precision alone, any kernels that have it will do. */
  return precision == GLIP_PRECISION_FP16 ||
      (abilities->is_cpu ? way->for_cpu : way->for_gpu);
}

gboolean
glip_tuning_choose (GlipTuning *tuning, const GlipAbilities *abilities, GlipKernels kernels,
    GlipPrecision precision, GError **error)
{
  const char *obstacle = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS (ways); i++) {
    const Way *way = &ways[i];
    if (!is_asked_for (abilities, way, kernels, precision))
      continue;
    /* Matrix units that a CPU driver imitates are slower than no matrix units. */
    if (kernels == GLIP_KERNELS_AUTO && abilities->is_cpu && way->kernels == GLIP_KERNELS_MATRIX)
      continue;
    obstacle = find_obstacle (abilities, way);
    if (!obstacle) {
      *tuning = (GlipTuning){
        .kernels = way->kernels,
        .half = way->half,
        .half_operands = way->half && way->kernels == GLIP_KERNELS_MATRIX,
        .uniform_loads = way->kernels == GLIP_KERNELS_LANES && abilities->uniform_loads,
      };
      return TRUE;
    }
  }
  if (obstacle)
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_UNSUPPORTED,
        "%s lacks %s: choose another precision, other kernels or another device",
        abilities->name, obstacle);
  else
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_UNSUPPORTED,
        "the kernels \"%s\" have no precision %s: leave one of them at auto",
        glip_kernels_name (kernels), precision == GLIP_PRECISION_FP16 ? "fp16" : "fp32");
  return FALSE;
}

static gboolean
is_usable_side (uint32_t side)
{
  return side == 8 || side == 16 || side == 32;
}

gboolean
glip_tuning_choose_unit (GlipMatrixUnit *unit, const GlipMatrixUnit *offered, size_t n)
{
  *unit = (GlipMatrixUnit){ 0 };
  for (size_t i = 0; i < n; i++) {
    const GlipMatrixUnit *other = &offered[i];
    if (is_usable_side (other->m) && is_usable_side (other->n) && is_usable_side (other->k) &&
        other->m * other->n * other->k > unit->m * unit->n * unit->k)
      *unit = *other;
  }
  return unit->m > 0;
}
