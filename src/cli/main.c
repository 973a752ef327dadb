/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * `glip COMMAND ...`: finds the command and leaves with its status.  Of the locale
 * only LC_CTYPE is taken, so that numbers look the same everywhere.
 */
#include "cli/cli.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>

static const GlipSubcommand *const commands[] = {
  &glip_command_convert,
  &glip_command_info,
  &glip_command_devices,
  &glip_command_detect,
  &glip_command_bench,
};

static void
print_help (void)
{
  printf ("Usage:\n  glip COMMAND [OPTION...]\n\n"
          "Find in images whatever a sentence names.\n\nCommands:\n");
  for (size_t i = 0; i < G_N_ELEMENTS (commands); i++)
    printf ("  %-10s%s\n", commands[i]->name, commands[i]->summary);
  printf ("\n\"glip COMMAND --help\" tells more; \"glip --version\" the version.\n");
}

static int
run (int argc, char **argv)
{
  if (argc < 2) {
    glip_cli_complain ("glip", "a command is needed (see \"glip --help\")");
    return GLIP_EXIT_USAGE;
  }
  if (g_str_equal (argv[1], "--version")) {
    printf ("glip %s\n", GLIP_VERSION);
    return GLIP_EXIT_OK;
  }
  if (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h")) {
    print_help ();
    return GLIP_EXIT_OK;
  }
  for (size_t i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (argv[1], commands[i]->name))
      return commands[i]->run (argc - 1, argv + 1);

  g_autofree char *message =
      g_strdup_printf ("there is no command \"%s\" (see \"glip --help\")", argv[1]);
  glip_cli_complain ("glip", message);
  return GLIP_EXIT_USAGE;
}

int
main (int argc, char **argv)
{
  setlocale (LC_CTYPE, "");
  int status = run (argc, argv);

  /* A full disk behind a redirection must not look like success. */
  if ((fflush (stdout) != 0 || ferror (stdout)) && status == GLIP_EXIT_OK) {
    g_autofree char *message =
        g_strdup_printf ("cannot write the output: %s", g_strerror (errno));
    glip_cli_complain ("glip", message);
    status = GLIP_EXIT_FAILURE;
  }
  return status;
}
