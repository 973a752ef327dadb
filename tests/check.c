/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/safetensors.h"

static GlipDevice *device;
static GlipPipelines *pipelines;
static GlipArena *arena;
static GlipPlan *last_plan;
static GPtrArray *uploads; /* buffers of the current test */
static guint64 random_state = 1;

static void
fail_on_error (GError *error)
{
  if (error)
    g_error ("%s", error->message);
}

GlipDevice *
check_device (void)
{
  return device;
}

GlipPipelines *
check_pipelines (void)
{
  return pipelines;
}

static gboolean
flag (const char *name)
{
  return g_strcmp0 (g_getenv (name), "1") == 0;
}

static void
print_log (GlipLogLevel level, const char *message, void *user_data G_GNUC_UNUSED)
{
  if (level <= GLIP_LOG_INFO)
    g_test_message ("%s", message);
}

int
check_main (void (*add_tests) (void))
{
  GError *error = NULL;
  const GlipLog log = { print_log, NULL };
  const GlipDeviceOptions options = {
    .wanted = g_getenv ("GLIP_TEST_DEVICE"),
    .validation = flag ("GLIP_TEST_VALIDATION"),
  };
  device = glip_device_new (&options, &log, &error);
  if (!device) {
    if (flag ("GLIP_REQUIRE_GPU"))
      g_error ("%s", error->message);
    printf ("1..0 # SKIP %s\n", error->message);
    return 0;
  }
  pipelines = glip_pipelines_new (device, NULL, &error);
  fail_on_error (error);
  arena = glip_arena_new (device);
  uploads = g_ptr_array_new_with_free_func ((GDestroyNotify) glip_buffer_free);
  add_tests ();
  int status = g_test_run ();
  int messages = g_atomic_int_get (&device->instance->validation_messages);
  g_clear_pointer (&last_plan, glip_plan_free);
  g_ptr_array_unref (uploads);
  glip_arena_free (arena);
  glip_pipelines_free (pipelines);
  glip_device_free (device);
  if (messages) {
    fprintf (stderr, "%d validation messages\n", messages);
    return 1;
  }
  return status;
}

void
check_all_kernels (void (*test) (gconstpointer data), gconstpointer data)
{
  static const struct {
    GlipKernels kernels;
    GlipPrecision precision;
    gboolean uniform_loads;
  } ways[] = {
    { GLIP_KERNELS_LANES, GLIP_PRECISION_FP32, FALSE },
    { GLIP_KERNELS_LANES, GLIP_PRECISION_FP32, TRUE },
    { GLIP_KERNELS_TILES, GLIP_PRECISION_FP32, FALSE },
    { GLIP_KERNELS_TILES, GLIP_PRECISION_FP16, FALSE },
    { GLIP_KERNELS_MATRIX, GLIP_PRECISION_FP16, FALSE },
  };
  const GlipTuning own = device->tuning;
  for (size_t i = 0; i < G_N_ELEMENTS (ways); i++) {
    if (!glip_tuning_choose (
            &device->tuning, &device->abilities, ways[i].kernels, ways[i].precision, NULL))
      continue;
    /* Other drivers can, but compile for minutes what is written for scalar loads. */
    if (ways[i].uniform_loads && !device->abilities.uniform_loads)
      continue;
    device->tuning.uniform_loads = ways[i].uniform_loads;
    device->tuning.half_operands = device->tuning.half; /* operators can, whatever pays */
    g_test_message ("kernels %s, %s%s", glip_kernels_name (device->tuning.kernels),
        device->tuning.half ? "fp16" : "fp32",
        device->tuning.uniform_loads ? ", uniform loads" : "");
    test (data);
  }
  device->tuning = own;
}

GlipGraph *
check_graph (void)
{
  GlipGraph *graph = g_new0 (GlipGraph, 1);
  graph->recorder = glip_recorder_new (device, pipelines);
  glip_recorder_set_scope (graph->recorder, "test");
  return graph;
}

GlipTensor
check_upload (const float *data, uint32_t rows, uint32_t columns)
{
  GError *error = NULL;
  size_t bytes = (size_t) rows * columns * sizeof (float);
  GlipBuffer *buffer = glip_buffer_new (device, GLIP_MEMORY_DEVICE, bytes, "upload", &error);
  fail_on_error (error);
  glip_buffer_write (buffer, 0, data, bytes, &error);
  fail_on_error (error);
  g_ptr_array_add (uploads, buffer);
  return glip_tensor_in_buffer (buffer, 0, rows, columns);
}

void
check_round_operand (float *data, size_t n)
{
  for (size_t i = 0; device->tuning.half && i < n; i++)
    data[i] = glip_half_to_float (glip_float_to_half (data[i]));
}

GlipTensor
check_upload_operand (float *data, uint32_t rows, uint32_t columns, GlipType type)
{
  const size_t n = (size_t) rows * columns;
  check_round_operand (data, n);
  /* Halves come in words of two. */
  if (!device->tuning.half || type == GLIP_F32 || n % 2 != 0)
    return check_upload (data, rows, columns);
  g_autofree uint16_t *halves = g_new (uint16_t, n);
  for (size_t i = 0; i < n; i++)
    halves[i] = glip_float_to_half (data[i]);
  GlipTensor tensor = check_upload ((const float *) (const void *) halves, 1, (uint32_t) (n / 2));
  tensor.rows = rows;
  tensor.columns = columns;
  tensor.type = GLIP_F16;
  return tensor;
}

float *
check_random (size_t n, double deviation)
{
  float *data = g_new (float, MAX (n, 1));
  for (size_t i = 0; i < n; i++) {
    double sum = 0;
    for (int j = 0; j < 3; j++) {
      random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
      sum += (double) (random_state >> 33) / 2147483648.0 - 0.5;
    }
    data[i] = (float) (2 * sum * deviation);
  }
  return data;
}

float *
check_side_by_side (float *const *matrices, uint32_t n, uint32_t rows, uint32_t columns)
{
  float *all = g_new (float, (size_t) rows * n * columns);
  for (uint32_t row = 0; row < rows; row++)
    for (uint32_t i = 0; i < n; i++)
      memcpy (all + ((size_t) row * n + i) * columns, matrices[i] + (size_t) row * columns,
          columns * sizeof (float));
  return all;
}

void
check_keep (GlipGraph *graph, GlipTensor tensor)
{
  glip_recorder_keep (graph->recorder, tensor.region);
}

void
check_run (GlipGraph *graph)
{
  GError *error = NULL;
  g_clear_pointer (&last_plan, glip_plan_free);
  last_plan = glip_plan_new (graph->recorder, arena, &error);
  fail_on_error (error);
  g_free (graph);
  glip_plan_run (&last_plan, 1, &error);
  fail_on_error (error);
}

float *
check_read (GlipTensor tensor)
{
  GError *error = NULL;
  GlipRegion region = glip_plan_resolve (last_plan, tensor.region);
  float *data = g_malloc (region.size);
  glip_buffer_read (region.buffer, region.offset, data, region.size, &error);
  fail_on_error (error);
  if (tensor.type == GLIP_F32)
    return data;
  const size_t n = (size_t) tensor.rows * tensor.columns;
  g_autofree uint16_t *halves = (uint16_t *) (void *) data;
  data = g_new (float, n);
  for (size_t i = 0; i < n; i++)
    data[i] = glip_half_to_float (halves[i]);
  return data;
}

void
check_close (
    const char *what, const float *actual, const float *expected, size_t n, double tolerance)
{
  double scale = 0, worst = 0;
  size_t worst_at = 0, first_bad = n;
  for (size_t i = 0; i < n; i++)
    scale = fmax (scale, fabs ((double) expected[i]));
  if (scale == 0)
    scale = 1;
  for (size_t i = 0; i < n; i++) {
    double difference = fabs ((double) actual[i] - (double) expected[i]) / scale;
    gboolean good = actual[i] == expected[i] || difference <= tolerance;
    if (!good && first_bad == n)
      first_bad = i;
    if (difference > worst || isnan (difference)) {
      worst = difference;
      worst_at = i;
    }
  }
  if (first_bad < n)
    g_error ("%s: first bad at %zu of %zu: %g instead of %g; worst %g at %zu, tolerance %g", what,
        first_bad, n, (double) actual[first_bad], (double) expected[first_bad], worst, worst_at,
        tolerance);
  g_test_message ("%s: worst error %.3g", what, worst);
}
