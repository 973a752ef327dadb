/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What every subcommand needs: options, one-line complaints, small text files and
 * numbers for people.
 */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void
glip_cli_complain (const char *prefix, const char *message)
{
  g_autofree char *line = g_strdup (message);
  /* A file name may hold anything; the line stays a line and the terminal sane. */
  for (char *at = line; *at; at++)
    if (g_ascii_iscntrl (*at))
      *at = '?';
  fprintf (stderr, "%s: %s\n", prefix, line);
}

static void
complain_for (const GlipSubcommand *command, const char *message)
{
  g_autofree char *prefix = g_strconcat ("glip ", command->name, NULL);
  glip_cli_complain (prefix, message);
}

int
glip_cli_fail (const GlipSubcommand *command, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  complain_for (command, message);
  return GLIP_EXIT_FAILURE;
}

int
glip_cli_misuse (const GlipSubcommand *command, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  g_autofree char *full =
      g_strdup_printf ("%s (see \"glip %s --help\")", message, command->name);
  complain_for (command, full);
  return GLIP_EXIT_USAGE;
}

gboolean
glip_cli_parse (const GlipSubcommand *command, const GOptionEntry *entries, int *argc,
    char ***argv, int *status)
{
  g_autoptr (GOptionContext) context = g_option_context_new (command->parameters);
  g_autoptr (GError) error = NULL;
  g_autofree char *name = g_strconcat ("glip ", command->name, NULL);
  gboolean help = FALSE;
  const GOptionEntry common[] = {
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this help", NULL },
    G_OPTION_ENTRY_NULL
  };

  g_set_prgname (name);
  g_option_context_set_summary (context, command->summary);
  g_option_context_set_description (context, command->description);
  /* GLib's own --help leaves the program from inside the parser. */
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_main_entries (context, common, NULL);

  if (!g_option_context_parse (context, argc, argv, &error)) {
    *status = glip_cli_misuse (command, "%s", error->message);
    return FALSE;
  }
  if (help) {
    g_autofree char *text = g_option_context_get_help (context, TRUE, NULL);
    fputs (text, stdout);
    *status = GLIP_EXIT_OK;
    return FALSE;
  }
  return TRUE;
}

char *
glip_cli_read_text (const char *path, size_t limit, GError **error)
{
  g_autoptr (GError) inner = NULL;
  g_autofree char *text = NULL;
  struct stat status;
  size_t length = 0;

  if (stat (path, &status) != 0) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_IO, "%s: %s", path, g_strerror (errno));
    return NULL;
  }
  if (!S_ISREG (status.st_mode) || (uint64_t) status.st_size > limit) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_IO,
        "%s: not a regular file of at most %zu bytes", path, limit);
    return NULL;
  }
  if (!g_file_get_contents (path, &text, &length, &inner)) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_IO, "%s", inner->message);
    return NULL;
  }
  if (strlen (text) != length) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_IO,
        "%s: has a NUL byte at %zu, so it is no text file", path, strlen (text));
    return NULL;
  }
  return g_steal_pointer (&text);
}

char *
glip_cli_format_count (uint64_t count)
{
  char digits[32];
  int length = g_snprintf (digits, sizeof digits, "%" G_GUINT64_FORMAT, count);
  GString *text = g_string_new (NULL);
  for (int i = 0; i < length; i++) {
    if (i > 0 && (length - i) % 3 == 0)
      g_string_append_c (text, ',');
    g_string_append_c (text, digits[i]);
  }
  return g_string_free (text, FALSE);
}

char *
glip_cli_format_bytes (uint64_t bytes)
{
  static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
  double amount = (double) bytes;
  guint unit = 0;
  while (amount >= 1024 && unit + 1 < G_N_ELEMENTS (units))
    amount /= 1024, unit++;
  return g_strdup_printf (unit ? "%.1f %s" : "%.0f %s", amount, units[unit]);
}
