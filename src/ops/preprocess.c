/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "ops/preprocess.h"

#include "interface.h"
#include "ops/image_format.h"

#include <math.h>
#include <string.h>

_Static_assert (sizeof (struct PreprocessConvertArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");
_Static_assert (sizeof (struct PreprocessArgs) <= GLIP_MAX_ARGS_BYTES, "push constants");

enum {
  LOCAL_SIZE = 64,
  STRIP_BYTES = 32 << 20,
  PIXELS_PER_STRIP_BYTE = 4, /* unpacked pixels may be this much larger than a strip */
  TABLE_ALIGNMENT = 256,
};

/* Which source indices each target index of an axis is made of; see interface.h. */
typedef struct {
  uint32_t targets, taps;
  int32_t *words;
  GlipTensor tensor;
} Axis;

typedef struct {
  uint32_t first, end;               /* target rows, padding included */
  uint32_t source_first, source_end; /* source rows; the first one is even */
  GlipPlan *plan;
} Strip;

struct _GlipPreprocess {
  GlipDevice *device;
  GlipPreprocessKey key;
  const GlipFormatInfo *info;
  Axis x, y;
  GlipTensor normal; /* [3, 256] B, G, R by level */
  GlipTensor destination;
  GlipBuffer *tables, *upload;
  GArray *strips; /* of Strip */
};

gboolean
glip_preprocess_key_equal (const GlipPreprocessKey *a, const GlipPreprocessKey *b)
{
  return a->format == b->format && a->width == b->width && a->height == b->height &&
      a->matrix == b->matrix && a->full_range == b->full_range && a->resize == b->resize &&
      a->target_width == b->target_width && a->target_height == b->target_height &&
      a->padded_width == b->padded_width && a->padded_height == b->padded_height &&
      memcmp (a->mean, b->mean, sizeof a->mean) == 0 &&
      memcmp (a->std, b->std, sizeof a->std) == 0 && a->strip_bytes == b->strip_bytes;
}

static uint32_t
patches_along (int padded)
{
  return ((uint32_t) padded + PATCH_SIZE - 1) / PATCH_SIZE;
}

uint32_t
glip_preprocess_patches (const GlipPreprocessKey *key)
{
  return patches_along (key->padded_width) * patches_along (key->padded_height);
}

/* ------------------------------------------------------------------ tables */

static int32_t *
axis_entry (const Axis *axis, uint32_t target)
{
  return axis->words + (size_t) target * (axis->taps + 2);
}

/* Pillow's triangle filter: as wide as a source pixel when enlarging, as a target
 * pixel when shrinking.  The conversions to int truncate, as there. */
static void
make_filter (Axis *axis, int n, int m)
{
  double scale = (double) n / m, support = MAX (scale, 1.0);
  axis->targets = (uint32_t) m;
  axis->taps = (uint32_t) ceil (support) * 2 + 1;
  axis->words = g_new0 (int32_t, (size_t) m * (axis->taps + 2));
  g_autofree double *weights = g_new (double, axis->taps);
  for (int target = 0; target < m; target++) {
    double center = (target + 0.5) * scale, sum = 0;
    int low = MAX (0, (int) (center - support + 0.5));
    int high = MIN (n, (int) (center + support + 0.5));
    int32_t *entry = axis_entry (axis, (uint32_t) target);
    g_assert (high > low && (uint32_t) (high - low) <= axis->taps);
    for (int i = low; i < high; i++) {
      double distance = fabs ((i - center + 0.5) / support);
      weights[i - low] = MAX (0.0, 1.0 - distance);
      sum += weights[i - low];
    }
    entry[0] = low;
    entry[1] = high - low;
    for (int i = 0; i < high - low; i++)
      entry[2 + i] = (int32_t) (weights[i] / sum * (1 << FILTER_BITS) + 0.5);
  }
}

/* The two neighbours, clamped to the edge, and the fraction of the second. */
static void
make_bilinear (Axis *axis, int n, int m)
{
  axis->targets = (uint32_t) m;
  axis->taps = 1;
  axis->words = g_new0 (int32_t, (size_t) m * (axis->taps + 2));
  for (int target = 0; target < m; target++) {
    double at = (target + 0.5) * n / m - 0.5;
    int below = (int) floor (at);
    float fraction = (float) (at - below);
    int32_t *entry = axis_entry (axis, (uint32_t) target);
    entry[0] = MAX (below, 0);
    entry[1] = MIN (below + 1, n - 1) - entry[0] + 1;
    memcpy (&entry[2], &fraction, sizeof fraction);
  }
}

static void
make_normal (const GlipPreprocessKey *key, float *normal)
{
  for (int c = 0; c < 3; c++)
    for (int level = 0; level < 256; level++)
      normal[c * 256 + level] = ((float) level - key->mean[c]) / key->std[c];
}

static size_t
axis_bytes (const Axis *axis)
{
  return (size_t) axis->targets * (axis->taps + 2) * sizeof (int32_t);
}

static size_t
aligned (size_t bytes)
{
  return (bytes + TABLE_ALIGNMENT - 1) / TABLE_ALIGNMENT * TABLE_ALIGNMENT;
}

static gboolean
make_tables (GlipPreprocess *self, GError **error)
{
  const GlipPreprocessKey *key = &self->key;
  gboolean bilinear = key->resize == GLIP_RESIZE_BILINEAR;
  (bilinear ? make_bilinear : make_filter) (&self->x, key->width, key->target_width);
  (bilinear ? make_bilinear : make_filter) (&self->y, key->height, key->target_height);
  float normal[3 * 256];
  make_normal (key, normal);

  size_t y_at = aligned (axis_bytes (&self->x));
  size_t normal_at = y_at + aligned (axis_bytes (&self->y));
  self->tables = glip_buffer_new (self->device, GLIP_MEMORY_DEVICE, normal_at + sizeof normal,
      "preprocessing tables", error);
  if (!self->tables)
    return FALSE;
  self->x.tensor =
      glip_tensor_in_buffer (self->tables, 0, self->x.targets, self->x.taps + 2);
  self->y.tensor =
      glip_tensor_in_buffer (self->tables, y_at, self->y.targets, self->y.taps + 2);
  self->normal = glip_tensor_in_buffer (self->tables, normal_at, 3, 256);
  return glip_buffer_write (self->tables, 0, self->x.words, axis_bytes (&self->x), error) &&
      glip_buffer_write (self->tables, y_at, self->y.words, axis_bytes (&self->y), error) &&
      glip_buffer_write (self->tables, normal_at, normal, sizeof normal, error);
}

/* ------------------------------------------------------------------ strips */

/* Rows of a plane in the upload are packed to whole words. */
static size_t
plane_pitch (const GlipPreprocess *self, int plane)
{
  return (glip_format_row_bytes (self->info, plane, self->key.width) + 3) / 4 * 4;
}

/* The rows of `plane` that show picture rows [first, end). */
static uint32_t
plane_rows (const GlipPreprocess *self, int plane, uint32_t first, uint32_t end,
    uint32_t *plane_first)
{
  int shift = glip_format_row_shift (self->info, plane);
  *plane_first = first >> shift;
  return ((end - 1) >> shift) - *plane_first + 1;
}

static size_t
upload_bytes (const GlipPreprocess *self, uint32_t first, uint32_t end)
{
  size_t bytes = 0;
  uint32_t plane_first;
  for (int plane = 0; plane < self->info->n_planes; plane++)
    bytes += plane_rows (self, plane, first, end, &plane_first) * plane_pitch (self, plane);
  return bytes;
}

/* Of the larger of the buffers between the passes. */
static size_t
pixel_bytes (const GlipPreprocess *self, uint32_t first, uint32_t end)
{
  int width = self->key.width;
  if (self->key.resize == GLIP_RESIZE_ANTIALIAS)
    width = MAX (width, self->key.target_width);
  return (size_t) (end - first) * (size_t) width * sizeof (uint32_t);
}

static void
find_source (const GlipPreprocess *self, Strip *strip)
{
  const int32_t *first = axis_entry (&self->y, strip->first);
  const int32_t *last = axis_entry (&self->y, MIN (strip->end, self->y.targets) - 1);
  /* From an even row on, rows of halved chroma planes count from the strip's start. */
  strip->source_first = (uint32_t) first[0] & ~1u;
  strip->source_end = (uint32_t) (last[0] + last[1]);
}

static gboolean
fits (const GlipPreprocess *self, const Strip *strip)
{
  size_t limit = self->key.strip_bytes ? self->key.strip_bytes : STRIP_BYTES;
  size_t range = self->device->properties.limits.maxStorageBufferRange;
  return upload_bytes (self, strip->source_first, strip->source_end) <= MIN (limit, range) &&
      pixel_bytes (self, strip->source_first, strip->source_end) <=
      MIN (PIXELS_PER_STRIP_BYTE * limit, range);
}

/* As many target rows a strip as fit; one row always is a strip if the device can bind
 * what it needs.  The last strip has the padding below. */
static gboolean
cut_strips (GlipPreprocess *self, GError **error)
{
  size_t range = self->device->properties.limits.maxStorageBufferRange, largest = 0;
  for (uint32_t first = 0; first < self->y.targets;) {
    Strip strip = { .first = first, .end = first + 1 }, longer;
    find_source (self, &strip);
    for (longer = strip; longer.end < self->y.targets; strip = longer) {
      longer.end++;
      find_source (self, &longer);
      if (!fits (self, &longer))
        break;
    }
    first = strip.end;
    size_t pixels = pixel_bytes (self, strip.source_first, strip.source_end);
    if (pixels > range) {
      g_set_error (error, GLIP_ERROR, GLIP_ERROR_UNSUPPORTED,
          "shrinking %dx%d pixels to %dx%d needs a buffer of %.0f MiB, %s binds at most "
          "%.0f: use a larger input size or a smaller picture",
          self->key.width, self->key.height, self->key.target_width, self->key.target_height,
          (double) pixels / 1048576.0, self->device->description, (double) range / 1048576.0);
      return FALSE;
    }
    largest = MAX (largest, upload_bytes (self, strip.source_first, strip.source_end));
    if (strip.end == self->y.targets)
      strip.end = patches_along (self->key.padded_height) * PATCH_SIZE;
    g_array_append_val (self->strips, strip);
  }
  self->upload =
      glip_buffer_new (self->device, GLIP_MEMORY_UPLOAD, largest, "picture", error);
  return self->upload != NULL;
}

/* --------------------------------------------------------------- recording */

static uint32_t
groups_along (uint32_t n)
{
  return (n + LOCAL_SIZE - 1) / LOCAL_SIZE;
}

static void
set_components (const GlipPreprocess *self, const Strip *strip, struct PreprocessConvertArgs *args)
{
  uint32_t base[GLIP_MAX_PLANES] = { 0 }, at = 0, plane_first;
  for (int plane = 0; plane < self->info->n_planes; plane++) {
    base[plane] = at;
    at += (uint32_t) plane_pitch (self, plane) *
        plane_rows (self, plane, strip->source_first, strip->source_end, &plane_first);
  }
  for (int i = 0; i < 3; i++) {
    const GlipComponent *component = &self->info->components[i];
    args->base[i] = base[component->plane] + component->offset;
    args->row_bytes[i] = (uint32_t) plane_pitch (self, component->plane);
    args->step[i] = component->step;
    args->shift_x[i] = component->shift_x;
    args->shift_y[i] = component->shift_y;
  }
}

/* 10-bit values go to 8-bit levels in the same step. */
static void
set_colour (const GlipPreprocess *self, struct PreprocessConvertArgs *args)
{
  static const double red_share[] = { 0.299, 0.2126, 0.2627 };
  static const double blue_share[] = { 0.114, 0.0722, 0.0593 };
  args->bits = (uint32_t) self->info->bits;
  args->low_bits = (uint32_t) self->info->low_bits;
  args->yuv = self->info->yuv;
  if (!self->info->yuv)
    return;
  double red = red_share[self->key.matrix], blue = blue_share[self->key.matrix];
  double green = 1 - red - blue, one = 1 << COLOUR_BITS;
  int unit = 1 << (self->info->bits - 8), peak = 256 * unit - 1;
  gboolean full = self->key.full_range;
  double luma = one * 255 / (full ? peak : 219 * unit);
  double chroma = one * 255 / (full ? peak : 224 * unit);
  args->luma_zero = full ? 0 : 16 * unit;
  args->chroma_zero = 128 * unit;
  args->luma = (int) lround (luma);
  args->red_v = (int) lround (2 * (1 - red) * chroma);
  args->blue_u = (int) lround (2 * (1 - blue) * chroma);
  args->green_u = (int) lround (-2 * blue * (1 - blue) / green * chroma);
  args->green_v = (int) lround (-2 * red * (1 - red) / green * chroma);
}

static GlipTensor
record_convert (GlipPreprocess *self, GlipGraph *graph, const Strip *strip)
{
  uint32_t rows = strip->source_end - strip->source_first, width = (uint32_t) self->key.width;
  struct PreprocessConvertArgs args = { .width = width };
  set_components (self, strip, &args);
  set_colour (self, &args);
  GlipTensor pixels = glip_tensor_new (graph, rows, width);
  const GlipRegion bytes = { self->upload, 0, 0,
    upload_bytes (self, strip->source_first, strip->source_end) };
  const GlipDispatch dispatch = {
    .shader = "preprocess_convert",
    .n_bindings = 2,
    .bindings = { { pixels.region, GLIP_WRITE }, { bytes, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { groups_along (width), rows, 1 },
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return pixels;
}

static GlipTensor
record_resize (GlipPreprocess *self, GlipGraph *graph, GlipTensor pixels)
{
  const struct PreprocessResizeArgs args = {
    .source_width = pixels.columns,
    .width = self->x.targets,
    .taps = self->x.taps,
  };
  GlipTensor result = glip_tensor_new (graph, pixels.rows, self->x.targets);
  const GlipDispatch dispatch = {
    .shader = "preprocess_resize",
    .n_bindings = 3,
    .bindings = { { result.region, GLIP_WRITE }, { pixels.region, GLIP_READ },
        { self->x.tensor.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { groups_along (args.width), pixels.rows, 1 },
    .macs = 3.0 * pixels.rows * args.width * self->x.taps,
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
  return result;
}

static void
record_patches (GlipPreprocess *self, GlipGraph *graph, const Strip *strip, GlipTensor pixels)
{
  gboolean bilinear = self->key.resize == GLIP_RESIZE_BILINEAR;
  struct PreprocessArgs args = {
    .width = self->x.targets,
    .height = self->y.targets,
    .padded_width = patches_along (self->key.padded_width) * PATCH_SIZE,
    .first = strip->first,
    .source_width = pixels.columns,
    .source_first = strip->source_first,
    .taps_x = self->x.taps,
    .taps_y = self->y.taps,
  };
  for (int c = 0; c < 3; c++) {
    args.mean[c] = self->key.mean[c];
    args.inverse[c] = 1 / self->key.std[c];
  }
  const GlipRegion table_x = self->x.tensor.region, table_y = self->y.tensor.region;
  const GlipDispatch dispatch = {
    .shader = bilinear ? "preprocess_bilinear" : "preprocess",
    .n_bindings = 4,
    .bindings = { { self->destination.region, GLIP_WRITE }, { pixels.region, GLIP_READ },
        { bilinear ? table_x : table_y, GLIP_READ },
        { bilinear ? table_y : self->normal.region, GLIP_READ } },
    .args = &args,
    .args_bytes = sizeof args,
    .groups = { groups_along (args.padded_width), strip->end - strip->first, 1 },
    .macs = 3.0 * (strip->end - strip->first) * args.width * self->y.taps,
  };
  glip_recorder_dispatch (graph->recorder, &dispatch);
}

static gboolean
record_strip (GlipPreprocess *self, GlipPipelines *pipelines, GlipArena *arena, Strip *strip,
    GError **error)
{
  GlipGraph graph = { .recorder = glip_recorder_new (self->device, pipelines) };
  glip_recorder_set_scope (graph.recorder, "preprocess");
  GlipTensor pixels = record_convert (self, &graph, strip);
  if (self->key.resize == GLIP_RESIZE_ANTIALIAS && self->key.target_width != self->key.width)
    pixels = record_resize (self, &graph, pixels);
  record_patches (self, &graph, strip, pixels);
  strip->plan = glip_plan_new (graph.recorder, arena, error);
  return strip->plan != NULL;
}

GlipPreprocess *
glip_preprocess_new (GlipDevice *device, GlipPipelines *pipelines, GlipArena *arena,
    const GlipPreprocessKey *key, GlipTensor destination, GError **error)
{
  g_assert (key->width >= 1 && key->height >= 1 && key->width <= GLIP_MAX_IMAGE_SIZE &&
      key->height <= GLIP_MAX_IMAGE_SIZE);
  g_assert (key->target_width >= 1 && key->target_height >= 1);
  g_assert (key->padded_width >= key->target_width && key->padded_height >= key->target_height);
  g_assert (destination.region.buffer && destination.columns == PATCH_FLOATS &&
      destination.rows == glip_preprocess_patches (key));

  g_autoptr (GlipPreprocess) self = g_new0 (GlipPreprocess, 1);
  self->device = device;
  self->key = *key;
  self->info = glip_format_get_info (key->format);
  self->destination = destination;
  self->strips = g_array_new (FALSE, FALSE, sizeof (Strip));
  if (!make_tables (self, error) || !cut_strips (self, error))
    return NULL;
  for (guint i = 0; i < self->strips->len; i++)
    if (!record_strip (
            self, pipelines, arena, &g_array_index (self->strips, Strip, i), error))
      return NULL;
  return g_steal_pointer (&self);
}

void
glip_preprocess_free (GlipPreprocess *self)
{
  if (!self)
    return;
  for (guint i = 0; i < self->strips->len; i++)
    glip_plan_free (g_array_index (self->strips, Strip, i).plan);
  g_array_unref (self->strips);
  glip_buffer_free (self->upload);
  glip_buffer_free (self->tables);
  g_free (self->x.words);
  g_free (self->y.words);
  g_free (self);
}

/* ----------------------------------------------------------------- running */

static void
upload (GlipPreprocess *self, const GlipImage *image, const Strip *strip)
{
  uint8_t *to = self->upload->map;
  for (int plane = 0; plane < self->info->n_planes; plane++) {
    size_t pitch = plane_pitch (self, plane), stride = image->strides[plane];
    size_t row_bytes = glip_format_row_bytes (self->info, plane, self->key.width);
    uint32_t first;
    uint32_t rows =
        plane_rows (self, plane, strip->source_first, strip->source_end, &first);
    for (uint32_t row = 0; row < rows; row++, to += pitch)
      memcpy (to, image->planes[plane] + (first + row) * stride, row_bytes);
  }
}

GlipPlan *
glip_preprocess_begin (GlipPreprocess *self, const GlipImage *image, GError **error)
{
  const GlipPreprocessKey *key = &self->key;
  g_assert (image->format == key->format && image->width == key->width &&
      image->height == key->height);
  g_assert (!self->info->yuv ||
      (image->matrix == key->matrix && image->full_range == key->full_range));
  for (guint i = 0; i < self->strips->len; i++) {
    Strip *strip = &g_array_index (self->strips, Strip, i);
    upload (self, image, strip);
    if (i + 1 == self->strips->len)
      return strip->plan;
    if (!glip_plan_run (&strip->plan, 1, error))
      return NULL;
  }
  g_assert_not_reached ();
}

guint
glip_preprocess_get_n_strips (GlipPreprocess *self)
{
  return self->strips->len;
}
