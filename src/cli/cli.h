/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The program `glip`: one file per subcommand, and what they share.  An exit status
 * is 0, 1 (it failed) or 2 (it was called wrongly); in the last two cases exactly
 * one line on standard error says why.
 */
#ifndef GLIP_CLI_H
#define GLIP_CLI_H

#include "glip.h"

enum {
  GLIP_EXIT_OK = 0,
  GLIP_EXIT_FAILURE = 1,
  GLIP_EXIT_USAGE = 2,
};

typedef struct {
  const char *name;
  const char *parameters;  /* after the options, such as "IMAGE..." */
  const char *summary;     /* one line */
  const char *description; /* more for --help, or NULL */
  int (*run) (int argc, char **argv);
} GlipSubcommand;

/* A subcommand is its description; `run` gets its own name as argv[0]. */
extern const GlipSubcommand glip_command_convert;
extern const GlipSubcommand glip_command_info;
extern const GlipSubcommand glip_command_devices;
extern const GlipSubcommand glip_command_detect;
extern const GlipSubcommand glip_command_bench;

/* Read the options; --help is added and answered here.  FALSE: return `*status`.
 * An entry for what a user types freely has the type G_OPTION_ARG_FILENAME, which
 * hands bytes through in any locale; the library checks that a prompt is UTF-8. */
gboolean glip_cli_parse (const GlipSubcommand *command, const GOptionEntry *entries,
    int *argc, char ***argv, int *status);

/* Print "glip COMMAND: message" as one line, whatever the message holds, and return
 * the exit status to leave with. */
int glip_cli_fail (const GlipSubcommand *command, const char *format, ...)
    G_GNUC_PRINTF (2, 3);
int glip_cli_misuse (const GlipSubcommand *command, const char *format, ...)
    G_GNUC_PRINTF (2, 3);
void glip_cli_complain (const char *prefix, const char *message);

/* Read a text file of at most `limit` bytes.  (transfer full)  Errors: IO. */
char *glip_cli_read_text (const char *path, size_t limit, GError **error);

/* "231,780,222" and "884.2 MiB".  (transfer full) */
char *glip_cli_format_count (uint64_t count);
char *glip_cli_format_bytes (uint64_t bytes);

#endif /* GLIP_CLI_H */
