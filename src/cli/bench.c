/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * `glip bench`: where the time of one image goes, by part of the network and by
 * operator, from the device's own clock.
 */
#include "cli/open.h"
#include "engine.h"

#include <stdio.h>
#include <sys/resource.h>

typedef struct {
  GlipOpenOptions open;
  char *size;
  char **rest;
  int tokens, runs;
} Options;

static void
options_clear (Options *options)
{
  glip_open_options_clear (&options->open);
  g_free (options->size);
  g_strfreev (options->rest);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
parse_size (const char *text, int *width, int *height)
{
  char *end;
  guint64 first = g_ascii_strtoull (text, &end, 10);
  if (!g_ascii_isdigit (*text) || *end != 'x' || !g_ascii_isdigit (end[1]))
    return FALSE;
  guint64 second = g_ascii_strtoull (end + 1, &end, 10);
  if (*end || first < 1 || first > 16384 || second < 1 || second > 16384)
    return FALSE;
  *width = (int) first;
  *height = (int) second;
  return TRUE;
}

static const char *
get_part (const GlipBenchRow *row)
{
  return row->part;
}

static const char *
get_operator (const GlipBenchRow *row)
{
  return row->op;
}

/* Rows that share `get_key`, added up, in the order of their first. */
static void
print_table (const GlipBench *bench, const char *title,
    const char *(*get_key) (const GlipBenchRow *row))
{
  g_autoptr (GArray) sums = g_array_new (FALSE, FALSE, sizeof (GlipBenchRow));
  g_autoptr (GHashTable) places = g_hash_table_new (g_str_hash, g_str_equal);
  double total = 0;

  for (guint i = 0; i < bench->rows->len; i++) {
    const GlipBenchRow *row = &g_array_index (bench->rows, GlipBenchRow, i);
    const char *key = get_key (row);
    gpointer place;
    total += row->milliseconds;
    if (!g_hash_table_lookup_extended (places, key, NULL, &place)) {
      g_hash_table_insert (places, (char *) key, GUINT_TO_POINTER (sums->len));
      g_array_append_vals (sums, row, 1);
      continue;
    }
    GlipBenchRow *sum = &g_array_index (sums, GlipBenchRow, GPOINTER_TO_UINT (place));
    sum->dispatches += row->dispatches;
    sum->milliseconds += row->milliseconds;
    sum->gmac += row->gmac;
  }

  printf ("\n%-24s%12s%9s%11s%11s%12s\n", title, "ms", "share", "GMAC", "GFLOP/s",
      "dispatches");
  for (guint i = 0; i < sums->len; i++) {
    const GlipBenchRow *sum = &g_array_index (sums, GlipBenchRow, i);
    double share = total > 0 ? 100 * sum->milliseconds / total : 0;
    double speed = sum->milliseconds > 0 ? 2000 * sum->gmac / sum->milliseconds : 0;
    printf ("%-24s%12.3f%7.1f %%%11.3f%11.1f%12d\n", get_key (sum), sum->milliseconds,
        share, sum->gmac, speed, sum->dispatches);
  }
}

/* What opening the model took; on a CPU driver the device's memory is the host's. */
typedef struct {
  double milliseconds;
  size_t peak_bytes; /* of the process, until then */
} Loading;

static GlipEngine *
load (const GlipOpenOptions *options, Loading *loading, GError **error)
{
  struct rusage usage;
  gint64 start = g_get_monotonic_time ();
  GlipEngine *engine = glip_open_engine (options, error);
  loading->milliseconds = (double) (g_get_monotonic_time () - start) / 1000;
  getrusage (RUSAGE_SELF, &usage);
  loading->peak_bytes = (size_t) usage.ru_maxrss * 1024;
  return engine;
}

static void
print_bench (const GlipBench *bench, GlipEngine *engine, const Loading *loading, int runs)
{
  g_autofree char *host = glip_cli_format_bytes (loading->peak_bytes);
  g_autofree char *weights = glip_cli_format_bytes (bench->weights_bytes);
  g_autofree char *arena = glip_cli_format_bytes (bench->arena_bytes);
  g_autofree char *peak = glip_cli_format_bytes (bench->peak_bytes);

  printf ("device:      %s\n", glip_engine_get_device (engine));
  printf ("kernels:     %s, %s\n", glip_kernels_name (glip_engine_get_kernels (engine)),
      glip_engine_get_precision (engine) == GLIP_PRECISION_FP16 ? "fp16" : "fp32");
  printf ("input:       %dx%d pixels, %d tokens\n", bench->width, bench->height,
      bench->tokens);
  printf ("memory:      weights %s, activations %s, peak %s of the device\n", weights, arena, peak);
  printf ("loading:     %.0f ms, up to %s of the host\n", loading->milliseconds, host);
  if (runs > 0)
    printf ("prompt:      %.3f ms\n", bench->encode_ms);
  printf ("dispatches:  %d with %d barriers\n", bench->dispatches, bench->barriers);
  print_table (bench, "part", get_part);
  print_table (bench, "operator", get_operator);
  if (runs > 0)
    printf ("\nwhole image: first %.3f ms, then best %.3f ms and median %.3f ms of %d\n",
      bench->first_ms, bench->min_ms, bench->median_ms, runs);
}

static int
run (int argc, char **argv)
{
  g_auto (Options) options = { .runs = 5 };
  g_autoptr (GError) error = NULL;
  const GOptionEntry entries[] = {
    GLIP_OPEN_ENTRIES (options.open),
    { "size", 's', 0, G_OPTION_ARG_FILENAME, &options.size,
        "Size of what the network sees, such as 1333x800 (needed)", "WxH" },
    { "tokens", 0, 0, G_OPTION_ARG_INT, &options.tokens,
        "Tokens of the prompt (needed)", "N" },
    { "warm-up", 0, 0, G_OPTION_ARG_NONE, &options.open.warm_up,
        "Warm up while loading", NULL },
    { "runs", 0, 0, G_OPTION_ARG_INT, &options.runs,
        "Timed runs [5]; 0: only count dispatches, GMAC and memory", "K" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options.rest, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  const GlipSubcommand *command = &glip_command_bench;
  int status, width, height;

  options.open.command = command;
  if (!glip_cli_parse (command, entries, &argc, &argv, &status))
    return status;
  if (options.rest)
    return glip_cli_misuse (command, "\"%s\" is one argument too many", options.rest[0]);
  if (!options.open.model)
    return glip_cli_misuse (command, "name a model file with --model");
  if (!options.size || !parse_size (options.size, &width, &height))
    return glip_cli_misuse (command, "give --size as WxH, 1x1 to 16384x16384");
  if (options.tokens < 2 || options.tokens > 4096)
    return glip_cli_misuse (command, "give --tokens as a number from 2 to the model's limit");
  if (options.runs < 0 || options.runs > 10000)
    return glip_cli_misuse (command, "--runs can be 0 to 10000");

  Loading loading;
  g_autoptr (GlipEngine) engine = load (&options.open, &loading, &error);
  GlipBench *bench = engine
      ? glip_engine_bench (engine, width, height, options.tokens, options.runs, &error)
      : NULL;
  if (!bench)
    return glip_cli_fail (command, "%s", error->message);
  print_bench (bench, engine, &loading, options.runs);
  glip_bench_free (bench);
  return GLIP_EXIT_OK;
}

const GlipSubcommand glip_command_bench = {
  .name = "bench",
  .summary = "Measure where the time of one image goes",
  .run = run,
};
