/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * make-model CONFIG SEED VOCABULARY OUTPUT: a model file with generated values, for
 * tests that need a network of a given size.
 */
#include "checkpoint.h"

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  guint64 seed = 0;
  if (argc != 5 || !g_ascii_string_to_unsigned (argv[2], 10, 0, G_MAXUINT64, &seed, NULL)) {
    g_printerr ("usage: %s CONFIG SEED VOCABULARY OUTPUT\n", argv[0]);
    return 2;
  }
  if (!glip_test_write_model (argv[4], argv[1], seed, argv[3], &error)) {
    g_printerr ("%s: %s\n", argv[0], error->message);
    return 1;
  }
  return 0;
}
