/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "model/trace.h"

static void
clear_tap (gpointer data)
{
  g_free (((GlipTap *) data)->name);
}

GlipTrace *
glip_trace_new (void)
{
  GlipTrace *trace = g_new0 (GlipTrace, 1);
  trace->taps = g_array_new (FALSE, FALSE, sizeof (GlipTap));
  g_array_set_clear_func (trace->taps, clear_tap);
  return trace;
}

void
glip_trace_free (GlipTrace *trace)
{
  if (!trace)
    return;
  g_array_unref (trace->taps);
  g_free (trace);
}

static void
add_tap (GlipGraph *graph, const GlipTap *tap, char *name)
{
  GlipTap own = *tap;
  own.name = name;
  glip_recorder_keep (graph->recorder, tap->tensor.region);
  g_array_append_val (graph->trace->taps, own);
}

void
glip_tap (GlipGraph *graph, GlipTapLayout layout, GlipTensor tensor, const char *format, ...)
{
  if (!graph->trace)
    return;
  va_list args;
  va_start (args, format);
  const GlipTap tap = {
    .layout = layout,
    .tensor = tensor,
    .n_columns = tensor.columns,
    .scale = 1,
  };
  add_tap (graph, &tap, g_strdup_vprintf (format, args));
  va_end (args);
}

void
glip_tap_part (GlipGraph *graph, const GlipTap *tap, const char *format, ...)
{
  if (!graph->trace)
    return;
  va_list args;
  va_start (args, format);
  add_tap (graph, tap, g_strdup_vprintf (format, args));
  va_end (args);
}

void
glip_tap_pyramid (GlipGraph *graph, GlipTensor pyramid, const char *format, ...)
{
  if (!graph->trace)
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *name = g_strdup_vprintf (format, args);
  va_end (args);
  for (uint32_t i = 0; i < pyramid.levels; i++) {
    GlipTap tap = { .layout = GLIP_TAP_PLANAR, .n_columns = pyramid.columns, .scale = 1 };
    tap.tensor = glip_pyramid_level_shape (pyramid, i, &tap.first_row);
    tap.tensor.region = pyramid.region;
    add_tap (graph, &tap, g_strdup_printf ("%s.p%u", name, i + 3));
  }
}

static uint32_t
count_rows (const GlipTap *tap)
{
  const GlipTensor *tensor = &tap->tensor;
  return tensor->height ? tensor->height * tensor->width : tensor->rows;
}

int
glip_tap_dims (const GlipTap *tap, int64_t dims[4])
{
  const GlipTensor *tensor = &tap->tensor;
  dims[0] = 1;
  switch (tap->layout) {
  case GLIP_TAP_ROWS:
    dims[1] = count_rows (tap);
    dims[2] = tap->n_columns;
    return 3;
  case GLIP_TAP_TRANSPOSED:
    dims[1] = tap->n_columns;
    dims[2] = count_rows (tap);
    return 3;
  case GLIP_TAP_VECTOR:
    dims[1] = (int64_t) count_rows (tap) * tap->n_columns;
    return 2;
  case GLIP_TAP_MAP:
    dims[1] = tensor->height;
    dims[2] = tensor->width;
    dims[3] = tap->n_columns;
    return 4;
  case GLIP_TAP_PLANAR:
    dims[1] = tap->n_columns;
    dims[2] = tensor->height;
    dims[3] = tensor->width;
    return 4;
  case GLIP_TAP_PATCHES:
  default:
    dims[1] = 3;
    dims[2] = (int64_t) tensor->height * 4;
    dims[3] = (int64_t) tensor->width * 4;
    return 4;
  }
}

/* Where element (row, column) of the tensor goes in the written layout. */
static size_t
place (const GlipTap *tap, uint32_t row, uint32_t column)
{
  const GlipTensor *tensor = &tap->tensor;
  if (tap->layout == GLIP_TAP_PLANAR || tap->layout == GLIP_TAP_TRANSPOSED)
    return (size_t) column * count_rows (tap) + row;
  if (tap->layout == GLIP_TAP_PATCHES) {
    size_t y = row / tensor->width * 4 + column / 12;
    size_t x = row % tensor->width * 4 + column / 3 % 4;
    return (column % 3 * tensor->height * 4 + y) * tensor->width * 4 + x;
  }
  return (size_t) row * tap->n_columns + column;
}

float *
glip_tap_read (const GlipTap *tap, GlipPlan *plan, GError **error)
{
  GlipRegion region = glip_plan_resolve (plan, tap->tensor.region);
  g_autofree float *whole = g_malloc (region.size);
  if (!glip_buffer_read (region.buffer, region.offset, whole, region.size, error))
    return NULL;
  uint32_t rows = count_rows (tap);
  float *values = g_new (float, (size_t) rows * tap->n_columns);
  for (uint32_t row = 0; row < rows; row++) {
    const float *from =
        whole + (size_t) (tap->first_row + row) * tap->tensor.columns + tap->first_column;
    for (uint32_t column = 0; column < tap->n_columns; column++)
      values[place (tap, row, column)] = from[column] * tap->scale;
  }
  return values;
}
