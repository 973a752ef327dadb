/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Measuring a frame: whole frames by the host's clock, then each operator by the
 * device's timestamps with a barrier around every dispatch (their sum is a little
 * more than a frame, where independent dispatches overlap).
 */
#include "engine.h"
#include "model/postprocess.h"

#include <string.h>

/* "swin.2.block.3" belongs to "swin", "head.4.dyconv" to "head.dyconv". */
static char *
part_of (const char *scope)
{
  g_auto (GStrv) words = g_strsplit (scope, ".", 0);
  if (g_strv_length (words) >= 3 && strcmp (words[0], "head") == 0)
    return g_strconcat ("head.", words[2], NULL);
  return g_strdup (words[0]);
}

static GlipBenchRow *
find_row (GArray *rows, const char *part, const char *op)
{
  for (guint i = 0; i < rows->len; i++) {
    GlipBenchRow *row = &g_array_index (rows, GlipBenchRow, i);
    if (strcmp (row->part, part) == 0 && strcmp (row->op, op) == 0)
      return row;
  }
  GlipBenchRow row = { .part = g_strdup (part), .op = g_strdup (op) };
  g_array_append_val (rows, row);
  return &g_array_index (rows, GlipBenchRow, rows->len - 1);
}

static gint
compare_doubles (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;
  return x < y ? -1 : x > y;
}

static double
median (double *values, guint n)
{
  if (n == 0)
    return 0;
  qsort (values, n, sizeof *values, compare_doubles);
  return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* The median over `runs` of every command's time, added to its row; without runs, what
 * was recorded. */
static gboolean
profile (GlipBench *bench, GlipPlan *plan, guint runs, GError **error)
{
  GArray *commands = glip_plan_get_commands (plan);
  g_autofree double *times = g_new (double, (size_t) runs * commands->len);
  g_autofree double *one = g_new (double, runs);
  for (guint run = 0; run < runs; run++)
    if (!glip_plan_profile (plan, times + (size_t) run * commands->len, error))
      return FALSE;
  for (guint i = 0; i < commands->len; i++) {
    const GlipCommand *command = &g_array_index (commands, GlipCommand, i);
    g_autofree char *part = part_of (command->scope);
    GlipBenchRow *row = find_row (bench->rows, part, command->dispatch.shader);
    for (guint run = 0; run < runs; run++)
      one[run] = times[(size_t) run * commands->len + i];
    row->dispatches++;
    row->milliseconds += median (one, runs) / 1e6;
    row->gmac += command->dispatch.macs / 1e9;
  }
  bench->dispatches += (int) commands->len;
  bench->barriers += (int) glip_plan_get_barriers (plan);
  return TRUE;
}

static gboolean
time_frame (GlipEngine *engine, const GlipImage *image, GlipPrompt *prompt,
    const GlipDetectOptions *options, double *milliseconds, GError **error)
{
  g_autoptr (GArray) boxes = g_array_new (FALSE, FALSE, sizeof (GlipBox));
  GlipJob job;
  gint64 start = g_get_monotonic_time ();
  gboolean ok =
      glip_job_start (&job, engine, engine->plans, image, prompt, options, error) &&
      glip_job_run_pass (&job, engine, engine->plans, 0, boxes, error);
  *milliseconds = (double) (g_get_monotonic_time () - start) / 1000;
  return ok;
}

/* The text encoder's own time: the first encoding records and compiles. */
static gboolean
time_encoding (GlipEngine *engine, GlipPrompt *prompt, double *milliseconds, GError **error)
{
  if (!glip_engine_encode (engine, engine->plans, 0, prompt, error))
    return FALSE;
  gint64 start = g_get_monotonic_time ();
  gboolean ok = glip_engine_encode (engine, engine->plans, 0, prompt, error);
  *milliseconds = (double) (g_get_monotonic_time () - start) / 1000;
  return ok;
}

/* Whole frames, the first one apart. */
static gboolean
time_frames (GlipEngine *engine, GlipBench *bench, const GlipImage *image, GlipPrompt *prompt,
    const GlipDetectOptions *options, guint runs, GError **error)
{
  g_autofree double *times = g_new (double, runs);
  if (!time_encoding (engine, prompt, &bench->encode_ms, error) ||
      !time_frame (engine, image, prompt, options, &bench->first_ms, error))
    return FALSE;
  for (guint i = 0; i < runs; i++)
    if (!time_frame (engine, image, prompt, options, &times[i], error))
      return FALSE;
  bench->median_ms = median (times, runs);
  bench->min_ms = times[0];
  return TRUE;
}

static gboolean
measure (GlipEngine *engine, GlipBench *bench, const GlipImage *image, GlipPrompt *prompt,
    guint runs, GError **error)
{
  const GlipDetectOptions options = { .min_size = MIN (image->width, image->height),
    .max_size = MAX (image->width, image->height) };
  GlipJob job;
  if (runs > 0 && !time_frames (engine, bench, image, prompt, &options, runs, error))
    return FALSE;
  if (!glip_job_start (&job, engine, engine->plans, image, prompt, &options, error))
    return FALSE;
  GlipHeadPlan *head =
      glip_plans_get_head (engine->plans, job.plan, (uint32_t) bench->tokens, error);
  if (!head)
    return FALSE;
  if ((engine->device->timestamps || runs == 0) &&
      (!profile (bench, job.preprocess, runs, error) ||
          !profile (bench, job.plan->plan, runs, error) ||
          !profile (bench, head->plan, runs, error)))
    return FALSE;
  bench->width = job.plan->width;
  bench->height = job.plan->height;
  return TRUE;
}

GlipBench *
glip_engine_bench (
    GlipEngine *engine, int width, int height, int n_tokens, int runs, GError **error)
{
  const GlipConfig *config = glip_model_get_config (engine->model);
  if (width < 1 || height < 1 || width > GLIP_MAX_INPUT || height > GLIP_MAX_INPUT) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_IMAGE,
        "the size %dx%d is not between 1x1 and %dx%d", width, height, GLIP_MAX_INPUT,
        GLIP_MAX_INPUT);
    return NULL;
  }
  if (n_tokens < 3 || n_tokens > config->max_len) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT,
        "%d tokens are not between 3 and the model's %d", n_tokens, config->max_len);
    return NULL;
  }
  g_autofree uint8_t *pixels = g_malloc ((size_t) width * (size_t) height * 3);
  guint32 state = 1;
  for (size_t i = 0; i < (size_t) width * (size_t) height * 3; i++) {
    state = state * 1664525 + 1013904223;
    pixels[i] = (uint8_t) (state >> 24);
  }
  const GlipImage image = { .format = GLIP_FORMAT_RGB, .width = width, .height = height,
    .planes = { pixels }, .strides = { (size_t) width * 3 } };

  GlipBench *bench = g_new0 (GlipBench, 1);
  bench->rows = g_array_new (FALSE, FALSE, sizeof (GlipBenchRow));
  bench->tokens = (int) glip_plans_round_tokens ((uint32_t) n_tokens);
  g_mutex_lock (&engine->lock);
  GlipPrompt *prompt = glip_prompt_new_arbitrary (engine, n_tokens);
  gboolean ok = measure (engine, bench, &image, prompt, (guint) MAX (runs, 0), error);
  bench->weights_bytes = glip_network_get_bytes (engine->network);
  bench->arena_bytes = glip_plans_get_arena_bytes (engine->plans);
  bench->peak_bytes = engine->device->peak_bytes;
  g_mutex_unlock (&engine->lock);
  glip_prompt_unref (prompt);
  if (!ok)
    g_clear_pointer (&bench, glip_bench_free);
  return bench;
}

void
glip_bench_free (GlipBench *bench)
{
  if (!bench)
    return;
  for (guint i = 0; i < bench->rows->len; i++) {
    g_free (g_array_index (bench->rows, GlipBenchRow, i).part);
    g_free (g_array_index (bench->rows, GlipBenchRow, i).op);
  }
  g_array_unref (bench->rows);
  g_free (bench);
}
