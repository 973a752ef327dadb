/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * From options to an engine, for the subcommands that run the network.
 */
#ifndef GLIP_CLI_OPEN_H
#define GLIP_CLI_OPEN_H

#include "cli/cli.h"

typedef struct {
  const GlipSubcommand *command; /* whose name the log lines carry */
  char *model, *device, *precision, *kernels;
  gboolean warm_up, validation, verbose;
} GlipOpenOptions;

void glip_open_options_clear (GlipOpenOptions *options);

/* Pipelines are cached in the user's cache folder.  Warnings go to standard error,
 * with `verbose` everything else too; `options` must outlive the engine.
 * (transfer full) */
GlipEngine *glip_open_engine (const GlipOpenOptions *options, GError **error);

/* The entries for all of it. */
#define GLIP_OPEN_ENTRIES(options)                                                      \
  { "model", 'm', 0, G_OPTION_ARG_FILENAME, &(options).model,                           \
    "Model file, made by \"glip convert\" (needed)", "FILE" },                          \
  { "device", 0, 0, G_OPTION_ARG_FILENAME, &(options).device,                           \
    "Device: index, name or id as of \"glip devices\" [auto]", "DEVICE" },              \
  { "precision", 0, 0, G_OPTION_ARG_STRING, &(options).precision,                       \
    "auto, fp32 or fp16 [auto]", "PRECISION" },                                         \
  { "kernels", 0, 0, G_OPTION_ARG_STRING, &(options).kernels,                           \
    "auto, lanes, tiles or matrix: what the device runs [auto]", "KERNELS" },           \
  { "validation", 0, 0, G_OPTION_ARG_NONE, &(options).validation,                       \
    "Ask for the Vulkan validation layer", NULL },                                      \
  { "verbose", 'v', 0, G_OPTION_ARG_NONE, &(options).verbose,                           \
    "Say what happens on standard error", NULL }

#endif /* GLIP_CLI_OPEN_H */
