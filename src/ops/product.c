/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/product.h"

#include <string.h>

enum {
  MANY_GROUPS = 192, /* workgroups that keep a large GPU busy */
};

/* A tile of the result, the step along k, and who computes it: invocations, and rows and
 * columns of one, or of a subgroup of them when it has matrix units. */
typedef struct {
  uint32_t m, n, k;
  uint32_t invocations; /* at most 256, what every device has */
  uint32_t own_m, own_n;
} Shape;

/* Large tiles read memory least; small ones are more workgroups for small products.  A
 * product takes the first that has room and leaves many workgroups. */
static const Shape tiles_shapes[] = {
  { .m = 128, .n = 64, .k = 16, .invocations = 128, .own_m = 8, .own_n = 8 },
  { .m = 64, .n = 64, .k = 16, .invocations = 128, .own_m = 8, .own_n = 4 },
  { .m = 32, .n = 32, .k = 16, .invocations = 64, .own_m = 4, .own_n = 4 },
};
static const Shape matrix_shapes[] = {
  { .m = 128, .n = 128, .k = 32, .invocations = 256 },
  { .m = 128, .n = 64, .k = 32, .invocations = 128 },
  { .m = 64, .n = 64, .k = 32, .invocations = 128 },
  { .m = 32, .n = 32, .k = 32, .invocations = 128 },
};

/* From these a product takes the first that has room and is not twice as wide as need be:
 * where rows are costly to fetch, none is fetched twice. */
static const Shape wide_tiles_shapes[] = {
  { .m = 64, .n = 256, .k = 16, .invocations = 256, .own_m = 8, .own_n = 8 },
  { .m = 64, .n = 128, .k = 16, .invocations = 128, .own_m = 8, .own_n = 8 },
  { .m = 64, .n = 64, .k = 16, .invocations = 128, .own_m = 8, .own_n = 4 },
};
static const Shape wide_matrix_shapes[] = {
  { .m = 64, .n = 256, .k = 32, .invocations = 256 },
  { .m = 64, .n = 128, .k = 32, .invocations = 256 },
  { .m = 64, .n = 64, .k = 32, .invocations = 128 },
};

gboolean
glip_product_keeps_step (
    GlipTensor tensor, uint32_t step, uint32_t n_strides, const uint32_t *strides)
{
  for (uint32_t i = 0; i < n_strides; i++)
    if (strides[i] % step != 0)
      return FALSE;
  return tensor.region.offset % (step * glip_type_bytes (tensor.type)) == 0;
}

uint32_t
glip_product_word (GlipTensor tensor)
{
  return GLIP_WORD_BYTES / (uint32_t) glip_type_bytes (tensor.type);
}

uint32_t
glip_product_convolution_form (GlipTensor x, GlipTensor weight, GlipTensor y)
{
  const gboolean whole = x.columns % 8 == 0 &&
      glip_product_keeps_step (x, glip_product_word (x), 1, &x.columns);
  const gboolean whole_weight =
      glip_product_keeps_step (weight, glip_product_word (weight), 0, NULL);
  const gboolean whole_result = glip_product_keeps_step (y, 4, 1, &y.columns);
  g_assert (y.type == GLIP_F32 || whole_result);
  return (x.type == GLIP_F16 ? FORM_A_HALF : 0) | (whole ? FORM_A_WHOLE : 0) |
      (weight.type == GLIP_F16 ? FORM_B_HALF : 0) | (whole_weight ? FORM_B_WHOLE : 0) |
      (y.type == GLIP_F16 ? FORM_C_HALF : 0) | (whole_result ? FORM_C_WHOLE : 0);
}

/* Bytes of shared memory, as the shaders declare it. */
static uint32_t
slab_bytes (const Shape *shape, gboolean matrix, gboolean across)
{
  const uint32_t along = matrix ? 8 : 4; /* elements of a word */
  const uint32_t a = matrix && across ? shape->k * (shape->m / along + 1)
                                      : shape->m * (shape->k / along + 1);
  const uint32_t b = shape->k * (shape->n / along + (matrix ? 1 : 0));
  return (a + b) * GLIP_WORD_BYTES;
}

static uint32_t
corner_bytes (const Shape *shape, const GlipAbilities *abilities)
{
  return shape->invocations / abilities->subgroup_size * abilities->unit.m *
      (shape->own_n / 4 + 1) * GLIP_WORD_BYTES;
}

/* Cut a tile among subgroups, always the longer side of what one owns, as far as units
 * and invocations last. */
static void
cut (Shape *shape, const GlipAbilities *abilities)
{
  const GlipMatrixUnit *unit = &abilities->unit;
  uint32_t invocations = abilities->subgroup_size;
  shape->own_m = shape->m;
  shape->own_n = shape->n;
  for (; invocations * 2 <= shape->invocations; invocations *= 2) {
    const gboolean m_divides = shape->own_m / 2 % unit->m == 0;
    const gboolean n_divides = shape->own_n / 2 % unit->n == 0;
    if (n_divides && (shape->own_n >= shape->own_m || !m_divides))
      shape->own_n /= 2;
    else if (m_divides)
      shape->own_m /= 2;
    else
      break;
  }
  shape->invocations = invocations;
}

/* Workgroups along x, y, z. */
static void
find_groups (const GlipProduct *product, const Shape *shape, uint32_t groups[3])
{
  groups[0] = (product->n + shape->n - 1) / shape->n;
  groups[1] = 0;
  for (size_t i = 0; i < G_N_ELEMENTS (product->m); i++)
    groups[1] += (product->m[i] + shape->m - 1) / shape->m;
  groups[2] = product->layers;
}

/* Matrix units take halves: a product whose operands are both floats is not theirs. */
static gboolean
is_for_units (const GlipDevice *device, const GlipProduct *product)
{
  return device->tuning.kernels == GLIP_KERNELS_MATRIX &&
      (product->form & (FORM_A_HALF | FORM_B_HALF)) != 0;
}

/* Does a tile of the list suit the product and the device? */
static gboolean
suits (const GlipDevice *device, const GlipProduct *product, const Shape *shape)
{
  const gboolean matrix = is_for_units (device, product);
  if (slab_bytes (shape, matrix, product->form & FORM_A_ACROSS) >
      device->properties.limits.maxComputeSharedMemorySize)
    return FALSE;
  if (product->wide)
    return product->n > shape->n / 2;
  uint32_t groups[3];
  find_groups (product, shape, groups);
  return groups[0] * groups[1] * groups[2] >= MANY_GROUPS;
}

/* The first tile that suits, else the smallest. */
static Shape
choose_shape (const GlipDevice *device, const GlipProduct *product)
{
  static const struct {
    const Shape *shapes;
    size_t n;
  } lists[2][2] = {
    { { tiles_shapes, G_N_ELEMENTS (tiles_shapes) },
        { wide_tiles_shapes, G_N_ELEMENTS (wide_tiles_shapes) } },
    { { matrix_shapes, G_N_ELEMENTS (matrix_shapes) },
        { wide_matrix_shapes, G_N_ELEMENTS (wide_matrix_shapes) } },
  };
  const gboolean matrix = is_for_units (device, product);
  const Shape *shapes = lists[matrix][product->wide].shapes;
  const size_t last = lists[matrix][product->wide].n - 1;
  size_t i = 0;
  while (i < last && !suits (device, product, &shapes[i]))
    i++;
  return shapes[i];
}

void
glip_product_dispatch (GlipGraph *graph, const GlipProduct *product, GlipDispatch *dispatch)
{
  const GlipDevice *device = graph->recorder->device;
  const GlipAbilities *abilities = &device->abilities;
  const gboolean matrix = is_for_units (device, product);
  const uint32_t memory = device->properties.limits.maxComputeSharedMemorySize;
  Shape shape = choose_shape (device, product);
  uint32_t form = product->form;

  if (matrix) {
    cut (&shape, abilities);
    g_assert (corner_bytes (&shape, abilities) <= memory);
  }
  if (2 * slab_bytes (&shape, matrix, form & FORM_A_ACROSS) <= memory)
    form |= FORM_TWO_STAGES;

  const uint32_t specialisations[] = { shape.invocations, shape.m, shape.n, shape.k, shape.own_m,
    shape.own_n, form, product->epilogue, product->inputs, abilities->subgroup_size,
    abilities->unit.m, abilities->unit.n, abilities->unit.k };
  dispatch->shader = matrix ? product->matrix : product->tiles;
  dispatch->subgroup_size = matrix ? abilities->subgroup_size : 0;
  dispatch->n_specialisations = matrix ? G_N_ELEMENTS (specialisations) : SPEC_INPUTS + 1;
  memcpy (dispatch->specialisations, specialisations,
      dispatch->n_specialisations * sizeof specialisations[0]);
  find_groups (product, &shape, dispatch->groups);
  glip_recorder_dispatch (graph->recorder, dispatch);
}
