/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The program `glip` from outside: exit status, exactly one line on standard error
 * when something is wrong, nothing there when it is not.  No model is needed here.
 * GLIP_PROGRAM names the executable.
 */
#include "images.h"

#include <string.h>

typedef struct {
  int status;
  char *out, *err;
} Run;

static void
run_clear (Run *run)
{
  g_free (run->out);
  g_free (run->err);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static Run
run_program (const char *const *arguments)
{
  g_autoptr (GPtrArray) command = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  Run run = { 0 };
  int wait_status;

  g_ptr_array_add (command, (char *) g_getenv ("GLIP_PROGRAM"));
  for (; *arguments; arguments++)
    g_ptr_array_add (command, (char *) *arguments);
  g_ptr_array_add (command, NULL);
  g_spawn_sync (NULL, (char **) command->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL, &run.out,
      &run.err, &wait_status, &error);
  g_assert_no_error (error);

  g_spawn_check_wait_status (wait_status, &error);
  if (error && error->domain != G_SPAWN_EXIT_ERROR)
    g_error ("%s; standard error: %s", error->message, run.err);
  run.status = error ? error->code : 0;
  g_test_message ("%d %s", run.status, run.err);
  return run;
}

#define RUN(...) run_program ((const char *const[]) { __VA_ARGS__, NULL })

static void
assert_failed (const Run *run, int status, const char *beginning, const char *words)
{
  g_assert_cmpint (run->status, ==, status);
  g_assert_cmpstr (run->out, ==, "");
  g_assert_true (g_str_has_prefix (run->err, beginning));
  g_assert_nonnull (strstr (run->err, words));
  const char *end = strchr (run->err, '\n');
  g_assert_nonnull (end);
  g_assert_cmpstr (end, ==, "\n");
}

static void
test_general (void)
{
  g_auto (Run) version = RUN ("--version");
  g_assert_cmpint (version.status, ==, 0);
  g_assert_cmpstr (version.out, ==, "glip " GLIP_VERSION "\n");

  g_auto (Run) help = RUN ("--help");
  g_assert_cmpint (help.status, ==, 0);
  g_assert_cmpstr (help.err, ==, "");
  static const char *const names[] = { "convert", "info", "devices", "detect", "bench" };
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *line = g_strdup_printf ("\n  %s ", names[i]);
    g_assert_nonnull (strstr (help.out, line));

    g_autofree char *usage = g_strdup_printf ("glip %s [OPTION", names[i]);
    g_auto (Run) own = RUN (names[i], "--help");
    g_assert_cmpint (own.status, ==, 0);
    g_assert_cmpstr (own.err, ==, "");
    g_assert_nonnull (strstr (own.out, usage));
    g_auto (Run) brief = RUN (names[i], "-h");
    g_assert_cmpstr (brief.out, ==, own.out);
  }
}

static void
test_misuse (void)
{
  static const struct {
    const char *arguments[12], *beginning, *words;
  } cases[] = {
    { { NULL }, "glip: ", "a command is needed" },
    { { "detekt" }, "glip: ", "no command \"detekt\"" },
    { { "two\nlines" }, "glip: ", "two?lines" },
    { { "info" }, "glip info: ", "one model file" },
    { { "info", "a", "b" }, "glip info: ", "one model file" },
    { { "info", "--nonsense" }, "glip info: ", "--nonsense" },
    { { "convert" }, "glip convert: ", "two files" },
    { { "convert", "a" }, "glip convert: ", "two files" },
    { { "convert", "a", "b", "c" }, "glip convert: ", "two files" },
    { { "convert", "a", "b", "--type", "f8" }, "glip convert: ", "\"f8\"" },
    { { "convert", "a", "b", "--vocab" }, "glip convert: ", "--vocab" },
    { { "devices", "0" }, "glip devices: ", "\"0\"" },
    { { "detect" }, "glip detect: ", "image" },
    { { "detect", "a.png" }, "glip detect: ", "--model" },
    { { "detect", "-m", "m", "a.png" }, "glip detect: ", "--prompt or --name" },
    { { "detect", "-m", "m", "-p", "x", "-n", "y", "a.png" }, "glip detect: ",
        "--prompt or --name" },
    { { "detect", "-m", "m", "-p", "x", "--list-style", "demo", "a" }, "glip detect: ",
        "--list-style" },
    { { "detect", "-m", "m", "-n", "x", "--list-style", "list", "a" }, "glip detect: ",
        "demo or evaluation" },
    { { "detect", "-m", "m", "-p", "x", "--resize", "cubic", "a" }, "glip detect: ",
        "antialias or bilinear" },
    { { "detect", "-m", "m", "-p", "x", "-t", "1.5", "a" }, "glip detect: ", "0 to 1" },
    { { "detect", "-m", "m", "-p", "x", "-t", "nan", "a" }, "glip detect: ", "0 to 1" },
    { { "detect", "-m", "m", "-p", "x", "-t", "high", "a" }, "glip detect: ", "high" },
    { { "detect", "-m", "m", "-p", "x", "--min-size", "-1", "a" }, "glip detect: ",
        "--min-size" },
    { { "detect", "-m", "m", "-p", "x", "--max-size", "16385", "a" }, "glip detect: ",
        "--max-size" },
    { { "detect", "-m", "m", "-p", "x", "--max-size", "99999999999", "a" },
        "glip detect: ", "99999999999" },
    { { "detect", "-m", "m", "-p", "x", "--trace", "t", "a", "b" }, "glip detect: ",
        "one image" },
    { { "bench" }, "glip bench: ", "--model" },
    { { "bench", "-m", "m" }, "glip bench: ", "WxH" },
    { { "bench", "-m", "m", "-s", "640", "--tokens", "8" }, "glip bench: ", "WxH" },
    { { "bench", "-m", "m", "-s", "640x-480", "--tokens", "8" }, "glip bench: ", "WxH" },
    { { "bench", "-m", "m", "-s", "640x480x3", "--tokens", "8" }, "glip bench: ", "WxH" },
    { { "bench", "-m", "m", "-s", "0x480", "--tokens", "8" }, "glip bench: ", "WxH" },
    { { "bench", "-m", "m", "-s", "640x99999", "--tokens", "8" }, "glip bench: ", "WxH" },
    { { "bench", "-m", "m", "-s", "64x64" }, "glip bench: ", "--tokens" },
    { { "bench", "-m", "m", "-s", "64x64", "--tokens", "8", "--runs", "-1" }, "glip bench: ",
        "--runs" },
    { { "bench", "-m", "m", "x" }, "glip bench: ", "\"x\"" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_auto (Run) run = run_program (cases[i].arguments);
    assert_failed (&run, 2, cases[i].beginning, cases[i].words);
    g_assert_nonnull (strstr (run.err, "--help\")"));
  }
}

static void
test_missing_files (void)
{
  g_autofree char *missing = glip_scratch_path ("missing");
  g_autofree char *output = glip_scratch_path ("out.safetensors");
  static const uint8_t data[] = { 0, 1, 2, 3 };
  g_autoptr (GByteArray) png = glip_png_new (1, 1, 8, GLIP_PNG_RGB, data, sizeof data);
  g_autofree char *image = glip_scratch_write ("a.png", png->data, png->len);

  g_auto (Run) info = RUN ("info", missing);
  assert_failed (&info, 1, "glip info: ", "missing");
  g_auto (Run) convert = RUN ("convert", missing, output);
  assert_failed (&convert, 1, "glip convert: ", "missing");
  g_auto (Run) picture = RUN ("detect", "-m", missing, "-p", "cat", missing);
  assert_failed (&picture, 1, "glip detect: ", "missing: No such file");
  g_auto (Run) model = RUN ("detect", "-m", missing, "-p", "cat", image);
  assert_failed (&model, 1, "glip detect: ", "missing");
  g_auto (Run) bench = RUN ("bench", "-m", missing, "-s", "64x64", "--tokens", "8");
  assert_failed (&bench, 1, "glip bench: ", "missing");
}

/* Every kind of file where a model or a checkpoint should be. */
static void
test_bad_models (void)
{
  static const uint8_t zeros[4096], ones[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, '{', '}' };
  const struct {
    const char *name;
    const void *data;
    size_t size;
  } cases[] = {
    { "empty", "", 0 },
    { "text", "hello, world\n", 13 },
    { "zeros", zeros, sizeof zeros },
    { "length", ones, sizeof ones },
    { "bare", "\2\0\0\0\0\0\0\0{}", 10 },
    { "zip", "PK\3\4 and then nothing of the kind", 33 },
    { "pickle", "\x80\2\x8a\nlF\xfc\x9c", 8 },
  };
  g_autofree char *output = glip_scratch_path ("out.safetensors");
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = glip_scratch_write (cases[i].name, cases[i].data, cases[i].size);
    g_auto (Run) info = RUN ("info", path);
    assert_failed (&info, 1, "glip info: ", path);
    g_auto (Run) convert = RUN ("convert", path, output);
    assert_failed (&convert, 1, "glip convert: ", path);
    g_assert_false (g_file_test (output, G_FILE_TEST_EXISTS));
  }
  g_autofree char *folder = glip_scratch_path (".");
  g_autofree char *archive = glip_scratch_path ("zip");
  g_auto (Run) info = RUN ("info", folder);
  assert_failed (&info, 1, "glip info: ", folder);
  g_auto (Run) zip = RUN ("info", archive);
  assert_failed (&zip, 1, "glip info: ", "glip convert");
}

/* Refused by their header, so before a model is opened. */
static void
test_bad_images (void)
{
  g_autoptr (GByteArray) wide =
      glip_png_new (16385, 1, 8, GLIP_PNG_RGB, (const uint8_t *) "", 0);
  const struct {
    const char *name;
    const void *data;
    size_t size;
    const char *words;
  } cases[] = {
    { "empty.png", "", 0, "empty.png: is empty" },
    { "text.png", "hello, world\n", 13, "text.png: not a PNG or JPEG" },
    { "wide.png", wide->data, wide->len, "16385x1" },
    { "two\nlines.png", "x", 1, "two?lines.png: not a PNG" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = glip_scratch_write (cases[i].name, cases[i].data, cases[i].size);
    g_auto (Run) run = RUN ("detect", "--model", "none", "--prompt", "cat", path);
    assert_failed (&run, 1, "glip detect: ", cases[i].words);
  }
  g_autofree char *folder = glip_scratch_path (".");
  g_auto (Run) run = RUN ("detect", "--model", "none", "--prompt", "cat", folder);
  assert_failed (&run, 1, "glip detect: ", "is a directory");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_nonnull (g_getenv ("GLIP_PROGRAM"));
  g_test_add_func ("/program/general", test_general);
  g_test_add_func ("/program/misuse", test_misuse);
  g_test_add_func ("/program/missing-files", test_missing_files);
  g_test_add_func ("/program/bad-models", test_bad_models);
  g_test_add_func ("/program/bad-images", test_bad_images);
  int status = g_test_run ();
  glip_scratch_clear ();
  return status;
}
