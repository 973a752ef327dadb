/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The program on a model of generated weights: detections against the stored ones of
 * the reference, drawings, traces, measurements, and what it refuses.
 */
#include "check.h"
#include "checkpoint.h"
#include "golden.h"
#include "images.h"
#include "listing.h"
#include "model/safetensors.h"

#include <json-glib/json-glib.h>
#include <math.h>
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

static char *model_path, *image_path;

static Run
run_program (const char *const *arguments, const char *variable, const char *value)
{
  g_autoptr (GPtrArray) command = g_ptr_array_new ();
  g_auto (GStrv) environment = g_get_environ ();
  GError *error = NULL;
  Run run = { 0 };
  int wait_status;
  g_ptr_array_add (command, (char *) g_getenv ("GLIP_PROGRAM"));
  for (; *arguments; arguments++)
    g_ptr_array_add (command, (char *) *arguments);
  g_ptr_array_add (command, NULL);
  if (variable)
    environment = g_environ_setenv (environment, variable, value, TRUE);
  g_spawn_sync (NULL, (char **) command->pdata, environment, G_SPAWN_DEFAULT, NULL, NULL,
      &run.out, &run.err, &wait_status, &error);
  g_assert_no_error (error);
  g_spawn_check_wait_status (wait_status, &error);
  if (error && error->domain != G_SPAWN_EXIT_ERROR)
    g_error ("%s; standard error: %s", error->message, run.err);
  run.status = error ? error->code : 0;
  g_clear_error (&error);
  return run;
}

#define RUN(...) run_program ((const char *const[]) { __VA_ARGS__, NULL }, NULL, NULL)

/* One line on standard error, exit status 1, nothing else. */
static void
assert_refused (const Run *run, const char *words)
{
  g_test_message ("%s", run->err);
  g_assert_cmpint (run->status, ==, 1);
  g_assert_nonnull (strstr (run->err, words));
  const char *end = strchr (run->err, '\n');
  g_assert_nonnull (end);
  g_assert_cmpstr (end, ==, "\n");
}

static void
assert_good (const Run *run)
{
  if (run->status != 0)
    g_error ("status %d: %s", run->status, run->err);
  g_assert_cmpstr (run->err, ==, "");
}

#define PROMPT "person . bicycle . traffic light . dog . potted plant"
#define SIZES "--min-size", "160", "--max-size", "224"

static double
overlap (const double *a, const float *b)
{
  double w = fmin (a[2], b[2]) - fmax (a[0], b[0]) + 1;
  double h = fmin (a[3], b[3]) - fmax (a[1], b[1]) + 1;
  double both = fmax (w, 0) * fmax (h, 0);
  return both / ((a[2] - a[0] + 1) * (a[3] - a[1] + 1) +
                    ((double) b[2] - b[0] + 1) * ((double) b[3] - b[1] + 1) - both);
}

static void
test_json (void)
{
  g_autoptr (GlipGolden) golden = glip_golden_open ("nano/list-160x224");
  const float *boxes = glip_golden_get (golden, "det.boxes_original")->f32;
  const GlipGoldenTensor *scores = glip_golden_get (golden, "det.scores");
  const int64_t *labels = glip_golden_get (golden, "det.labels")->i64;
  g_auto (Run) run = RUN ("detect", "--model", model_path, "--prompt", PROMPT, SIZES,
      "--threshold", "0", "--json", image_path);
  assert_good (&run);
  g_autoptr (GPtrArray) images = glip_listed_images_parse (run.out);
  g_assert_cmpuint (images->len, ==, 1);
  const GlipListedImage *image = g_ptr_array_index (images, 0);
  g_assert_cmpint (image->width, ==, 224);
  g_assert_cmpint (image->height, ==, 160);
  g_assert_cmpstr (image->prompt, ==, PROMPT);
  g_assert_cmpuint (image->detections->len, ==, scores->count);
  size_t matched = 0;
  double last = 1;
  for (guint i = 0; i < image->detections->len; i++) {
    const GlipListedDetection *d =
        &g_array_index (image->detections, GlipListedDetection, i);
    g_assert_cmpfloat (d->score, <=, last);
    last = d->score;
    g_assert_cmpint (strncmp (PROMPT + d->span[0], d->phrase, strlen (d->phrase)), ==, 0);
    g_assert_cmpint (d->span[1] - d->span[0], ==, (int64_t) strlen (d->phrase));
    for (size_t j = 0; j < scores->count; j++)
      if (labels[j] == d->label && fabs (scores->f32[j] - d->score) <= 1e-3 &&
          overlap (d->box, &boxes[4 * j]) >= 0.99) {
        matched++;
        break;
      }
  }
  g_assert_cmpuint (matched, ==, scores->count);
}

static void
test_outputs (void)
{
  g_autofree char *drawing = glip_scratch_path ("drawing.png");
  g_autofree char *trace_path = glip_scratch_path ("trace.safetensors");
  g_auto (Run) run = RUN ("detect", "--model", model_path, "--prompt", PROMPT, SIZES,
      "--threshold", "0.5", "--output", drawing, "--trace", trace_path, image_path);
  assert_good (&run);
  g_assert_nonnull (strstr (run.out, "224x160"));
  g_autofree char *png = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (drawing, &png, &size, NULL));
  g_assert_cmpuint (size, >, 1000);
  g_assert_cmpint (memcmp (png, "\x89PNG", 4), ==, 0);

  GError *error = NULL;
  g_autoptr (GlipSafetensors) trace = glip_safetensors_open (trace_path, &error);
  g_assert_no_error (error);
  g_autoptr (GlipGolden) golden = glip_golden_open ("nano/list-160x224");
  g_autoptr (JsonParser) parser = json_parser_new ();
  json_parser_load_from_data (
      parser, glip_golden_get_metadata (golden, "tap_order"), -1, &error);
  g_assert_no_error (error);
  JsonArray *order = json_node_get_array (json_parser_get_root (parser));
  for (guint i = 0; i < json_array_get_length (order); i++)
    g_assert_nonnull (
        glip_safetensors_lookup (trace, json_array_get_string_element (order, i)));
}

static void
test_several (void)
{
  g_auto (Run) run = RUN ("detect", "--model", model_path, "--name", "person", "--name",
      "dog", SIZES, "--json", image_path, image_path);
  assert_good (&run);
  g_autoptr (GPtrArray) images = glip_listed_images_parse (run.out);
  g_assert_cmpuint (images->len, ==, 2);
}

static void
test_tools (void)
{
  g_auto (Run) info = RUN ("info", model_path);
  assert_good (&info);
  g_assert_nonnull (strstr (info.out, "glip-nano"));
  g_assert_nonnull (strstr (info.out, "2048"));
  g_auto (Run) devices = RUN ("devices");
  assert_good (&devices);
  g_assert_nonnull (strstr (devices.out, "chosen"));
  g_auto (Run) bench = RUN (
      "bench", "--model", model_path, "--size", "128x96", "--tokens", "12", "--runs", "1");
  assert_good (&bench);
  g_assert_nonnull (strstr (bench.out, "128x96 pixels, 16 tokens"));
  g_assert_nonnull (strstr (bench.out, "head.fusion"));
  g_assert_nonnull (strstr (bench.out, "window_attention"));
  g_assert_nonnull (strstr (bench.out, "whole image: first"));
  g_auto (Run) count = RUN (
      "bench", "--model", model_path, "--size", "128x96", "--tokens", "12", "--runs", "0");
  assert_good (&count);
  g_assert_nonnull (strstr (count.out, "window_attention"));
  g_assert_null (strstr (count.out, "whole image"));
}

static void
test_convert (void)
{
  g_autofree char *output = glip_scratch_path ("converted.safetensors");
  const char *checkpoint = GLIP_TEST_DATA "/checkpoint.pth";
  const char *types[] = { "f16", "f32" };
  g_auto (Run) missing = RUN ("convert", checkpoint, output);
  assert_refused (&missing, "vocab");
  for (int i = 0; i < 2; i++) {
    static const char pieces[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ndog\n";
    g_autofree char *words = glip_scratch_write ("v.txt", pieces, sizeof pieces - 1);
    g_auto (Run) run =
        RUN ("convert", checkpoint, output, "--vocab", words, "--type", types[i]);
    assert_good (&run);
    g_auto (Run) info = RUN ("info", output);
    assert_good (&info);
    g_assert_nonnull (strstr (info.out, types[i]));
  }
}

static void
test_refused (void)
{
#define DETECT "detect", "--model", model_path
  g_auto (Run) empty = RUN (DETECT, "--prompt", "", image_path);
  assert_refused (&empty, "names nothing");
  g_auto (Run) encoding = RUN (DETECT, "--prompt", "dog \xc3", image_path);
  assert_refused (&encoding, "UTF-8");
  g_auto (Run) device = RUN (DETECT, "--prompt", "dog", "--device", "99", image_path);
  assert_refused (&device, "\"99\"");
  g_auto (Run) model = RUN ("detect", "--model", "/nowhere", "--prompt", "dog", image_path);
  assert_refused (&model, "/nowhere: ");
  g_auto (Run) large = RUN (DETECT, "--prompt", "dog", "--min-size", "9000", image_path);
  assert_refused (&large, "9000");
  const char *arguments[] = { DETECT, "--prompt", "dog", image_path, NULL };
  g_auto (Run) driver = run_program (arguments, "VK_DRIVER_FILES", "/nonexistent");
  if (driver.status == 0) { /* loaders before 1.3.207 know the other name alone */
    run_clear (&driver);
    driver = run_program (arguments, "VK_ICD_FILENAMES", "/nonexistent");
  }
  assert_refused (&driver, "driver");

  /* 100 kB of words are several passes or a clear no, of one word just unknown. */
  g_autoptr (GString) words = g_string_new (NULL);
  while (words->len < 100000)
    g_string_append (words, "dog . ");
  g_auto (Run) list = RUN (DETECT, "--prompt", words->str, SIZES, image_path);
  assert_refused (&list, "passes");
  g_autofree char *word = g_strnfill (100000, 'x');
  g_auto (Run) single = RUN (DETECT, "--prompt", word, SIZES, image_path);
  assert_good (&single);
}

/* A good file cut or changed at many places: refused with a line, or still a model. */
static void
test_damaged_models (void)
{
  g_autofree char *good = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (model_path, &good, &size, NULL));
  const gsize cuts[] = { 0, 1, 7, 8, 9, 100, 5000, size / 2, size - 1 };
  for (size_t i = 0; i < G_N_ELEMENTS (cuts); i++) {
    g_autofree char *path = glip_scratch_write ("cut.safetensors", good, cuts[i]);
    g_auto (Run) run = RUN ("detect", "--model", path, "--prompt", "dog", image_path);
    assert_refused (&run, "cut.safetensors: ");
  }
  for (gsize at = 0; at < 20000; at += 977) {
    g_autofree char *changed = g_memdup2 (good, size);
    changed[at] = (char) (changed[at] ^ 0x15);
    g_autofree char *path = glip_scratch_write ("changed.safetensors", changed, size);
    g_auto (Run) run = RUN ("info", path);
    g_assert_cmpint (run.status, <=, 1);
    if (run.status == 1)
      assert_refused (&run, "changed.safetensors");
  }
}

static void
make_files (void)
{
  GError *error = NULL;
  g_autoptr (GlipGolden) golden = glip_golden_open ("nano/list-160x224");
  const GlipGoldenTensor *pixels = glip_golden_get (golden, "image_u8");
  size_t rows = (size_t) pixels->dims[0], row_bytes = (size_t) pixels->dims[1] * 3;
  g_autoptr (GByteArray) data = g_byte_array_new ();
  for (size_t y = 0; y < rows; y++) {
    g_byte_array_append (data, (const uint8_t *) "", 1); /* no filter */
    g_byte_array_append (data, pixels->u8 + y * row_bytes, (guint) row_bytes);
  }
  g_autoptr (GByteArray) png = glip_png_new (
      (uint32_t) row_bytes / 3, (uint32_t) rows, 8, GLIP_PNG_RGB, data->data, data->len);
  image_path = glip_scratch_write ("picture.png", png->data, png->len);
  model_path = glip_scratch_path ("nano.safetensors");
  glip_test_write_model (
      model_path, "glip-nano", 1, GLIP_GOLDEN "/vocab-2048.txt", &error);
  g_assert_no_error (error);
}

static void
add_tests (void)
{
  make_files ();
  g_test_add_func ("/program/detect/json", test_json);
  g_test_add_func ("/program/detect/outputs", test_outputs);
  g_test_add_func ("/program/detect/several", test_several);
  g_test_add_func ("/program/tools", test_tools);
  g_test_add_func ("/program/convert", test_convert);
  g_test_add_func ("/program/refused", test_refused);
  g_test_add_func ("/program/damaged-models", test_damaged_models);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  int status = check_main (add_tests);
  glip_scratch_clear ();
  g_free (model_path);
  g_free (image_path);
  return status;
}
