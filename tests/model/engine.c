/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The public interface on a nano model of generated weights ("test-engine VOCABULARY
 * FOLDER"): prompts of several passes, image formats, many sizes, threads, lifetimes,
 * and what is refused.
 */
#include "check.h"
#include "checkpoint.h"
#include "engine.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

enum { WIDTH = 160, HEIGHT = 96 };

static const char *vocabulary, *folder;
static GlipModel *model;
static uint8_t pixels[HEIGHT * WIDTH * 3];
static const GlipImage picture = { .format = GLIP_FORMAT_RGB, .width = WIDTH,
  .height = HEIGHT, .planes = { pixels }, .strides = { WIDTH * 3 } };
static const GlipDetectOptions small = { .min_size = 96, .max_size = 160 };

static void
must (gboolean ok, GError *error)
{
  if (!ok)
    g_error ("%s", error ? error->message : "failed without an error");
}

static GlipEngine *
new_engine (void)
{
  GError *error = NULL;
  const GlipEngineOptions options = {
    .device = g_getenv ("GLIP_TEST_DEVICE"),
    .validation = g_strcmp0 (g_getenv ("GLIP_TEST_VALIDATION"), "1") == 0,
  };
  GlipEngine *engine = glip_engine_new (model, &options, &error);
  must (engine != NULL, error);
  return engine;
}

static void
close_engine (GlipEngine *engine)
{
  g_assert_cmpint (
      g_atomic_int_get (&engine->device->instance->validation_messages), ==, 0);
  glip_engine_unref (engine);
}

static GlipPrompt *
new_prompt (GlipEngine *engine, const char *text)
{
  GError *error = NULL;
  GlipPrompt *prompt = glip_prompt_new (engine, text, &error);
  must (prompt != NULL, error);
  return prompt;
}

static GlipResult *
detect (GlipEngine *engine, const GlipImage *image, GlipPrompt *prompt,
    const GlipDetectOptions *options)
{
  GError *error = NULL;
  GlipResult *result = glip_engine_detect (engine, image, prompt, options, &error);
  must (result != NULL, error);
  return result;
}

static void
check_same (GlipResult *a, GlipResult *b, double tolerance)
{
  g_assert_cmpuint (glip_result_get_count (a), ==, glip_result_get_count (b));
  g_assert_cmpuint (glip_result_get_count (a), >, 0);
  for (size_t i = 0; i < glip_result_get_count (a); i++) {
    const GlipDetection *x = glip_result_get_detection (a, i);
    const GlipDetection *y = glip_result_get_detection (b, i);
    g_assert_cmpint (x->label, ==, y->label);
    g_assert_cmpstr (x->phrase, ==, y->phrase);
    g_assert_cmpfloat (fabsf (x->score - y->score), <=, tolerance);
    g_assert_cmpfloat (fabsf (x->x0 - y->x0), <=, 1000 * tolerance);
    g_assert_cmpfloat (fabsf (x->y1 - y->y1), <=, 1000 * tolerance);
  }
}

/* ---------------------------------------------------------------- prompts */

static void
test_prompts (void)
{
  GlipEngine *engine = new_engine ();
  g_autoptr (GlipPrompt) list = new_prompt (engine, "person . red car");
  g_assert_cmpuint (glip_prompt_get_n_labels (list), ==, 2);
  g_assert_cmpstr (glip_prompt_get_phrase (list, 2), ==, "red car");
  g_assert_cmpuint (glip_prompt_get_n_passes (list), ==, 1);
  g_autoptr (GlipPrompt) caption = new_prompt (engine, "A [dog] near the [Red  Car]");
  g_autoptr (GlipResult) result = detect (engine, &picture, caption, &small);
  gboolean seen = FALSE;
  for (size_t i = 0; i < glip_result_get_count (result); i++) {
    const GlipDetection *d = glip_result_get_detection (result, i);
    g_assert_cmpstr (d->phrase, ==, d->label == 1 ? "dog" : "Red  Car");
    g_assert_cmpuint (d->span_begin, ==, d->label == 1 ? 3 : 18);
    seen = seen || d->label == 2;
  }
  g_assert_true (seen);

  /* The same list by text and by names. */
  const char *names[] = { "person", "red car" };
  GError *error = NULL;
  g_autoptr (GlipPrompt) named =
      glip_prompt_new_from_names (engine, names, 2, GLIP_LIST_DEMO, &error);
  must (named != NULL, error);
  g_autoptr (GlipResult) a = detect (engine, &picture, list, &small);
  g_autoptr (GlipResult) b = detect (engine, &picture, named, &small);
  check_same (a, b, 0);

  static const struct {
    const char *text, *message;
  } bad[] = {
    { "", "names nothing" },
    { " . . ", "names nothing" },
    { "a [dog", "bracket" },
    { "dog \xff", "not UTF-8" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_null (glip_prompt_new (engine, bad[i].text, &error));
    g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_PROMPT);
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, bad[i].message));
    g_clear_error (&error);
  }
  close_engine (engine);
}

/* What a pass of a long prompt finds is what a prompt of its names alone finds. */
static void
check_pass (GlipEngine *engine, GlipPrompt *prompt, guint index, GlipResult *whole)
{
  const GlipPass *pass = g_ptr_array_index (prompt->text->passes, index);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GError *error = NULL;
  for (int i = 0; i < pass->n_labels; i++)
    g_ptr_array_add (
        names, (char *) glip_prompt_get_phrase (prompt, pass->labels[i] + 1));
  g_autoptr (GlipPrompt) alone = glip_prompt_new_from_names (engine,
      (const char *const *) names->pdata, names->len, GLIP_LIST_DEMO, &error);
  must (alone != NULL, error);
  g_assert_cmpuint (glip_prompt_get_n_passes (alone), ==, 1);
  g_autoptr (GlipResult) part = detect (engine, &picture, alone, &small);
  size_t n = 0;
  for (size_t i = 0; i < glip_result_get_count (whole); i++) {
    const GlipDetection *d = glip_result_get_detection (whole, i);
    int first = pass->labels[0] + 1;
    if (d->label < first || d->label >= first + pass->n_labels)
      continue;
    g_assert_cmpuint (n, <, glip_result_get_count (part));
    const GlipDetection *e = glip_result_get_detection (part, n++);
    g_assert_cmpint (d->label - first + 1, ==, e->label);
    g_assert_cmpfloat (d->score, ==, e->score);
    g_assert_cmpfloat (d->x1, ==, e->x1);
  }
  g_assert_cmpuint (n, ==, glip_result_get_count (part));
}

static void
test_passes (void)
{
  GlipEngine *engine = new_engine ();
  g_autoptr (GString) text = g_string_new (NULL);
  for (int i = 0; i < 150; i++)
    g_string_append_printf (text, "%s%s %s", i ? " . " : "",
        i % 3 ? "red" : "large blue", i % 2 ? "car" : "traffic light");
  g_autoptr (GlipPrompt) prompt = new_prompt (engine, text->str);
  g_assert_cmpuint (glip_prompt_get_n_labels (prompt), ==, 150);
  g_assert_cmpuint (glip_prompt_get_n_passes (prompt), >=, 3);
  g_autoptr (GlipResult) whole = detect (engine, &picture, prompt, &small);
  for (guint i = 0; i < glip_prompt_get_n_passes (prompt); i++)
    check_pass (engine, prompt, i, whole);
  close_engine (engine);
}

/* ----------------------------------------------------------------- images */

static void
test_formats (void)
{
  /* Every order of the same bytes, rows padded. */
  static const struct {
    GlipFormat format;
    int step, red, green, blue;
  } packed[] = {
    { GLIP_FORMAT_BGR, 3, 2, 1, 0 },
    { GLIP_FORMAT_RGBA, 4, 0, 1, 2 },
    { GLIP_FORMAT_BGRA, 4, 2, 1, 0 },
    { GLIP_FORMAT_ARGB, 4, 1, 2, 3 },
    { GLIP_FORMAT_ABGR, 4, 3, 2, 1 },
  };
  enum { STRIDE = WIDTH * 4 + 28 };
  g_autofree uint8_t *copy = g_malloc (STRIDE * HEIGHT);
  GlipEngine *engine = new_engine ();
  g_autoptr (GlipPrompt) prompt = new_prompt (engine, "person . car");
  g_autoptr (GlipResult) expected = detect (engine, &picture, prompt, &small);
  for (size_t i = 0; i < G_N_ELEMENTS (packed); i++) {
    memset (copy, 0x5a, STRIDE * HEIGHT);
    for (int y = 0; y < HEIGHT; y++)
      for (int x = 0; x < WIDTH; x++) {
        const uint8_t *from = pixels + (y * WIDTH + x) * 3;
        uint8_t *to = copy + y * STRIDE + x * packed[i].step;
        to[packed[i].red] = from[0];
        to[packed[i].green] = from[1];
        to[packed[i].blue] = from[2];
      }
    const GlipImage image = { .format = packed[i].format, .width = WIDTH, .height = HEIGHT,
      .planes = { copy }, .strides = { STRIDE } };
    g_autoptr (GlipResult) result = detect (engine, &image, prompt, &small);
    check_same (result, expected, 0);
  }
  /* The quick resampling agrees where there is nothing to resample. */
  GlipDetectOptions quick = small;
  quick.resize = GLIP_RESIZE_BILINEAR;
  g_autoptr (GlipResult) result = detect (engine, &picture, prompt, &quick);
  check_same (result, expected, 1e-4);
  close_engine (engine);
}

/* More sizes and token counts than are kept: results stay, memory does not grow. */
static void
test_many_sizes (void)
{
  GlipEngine *engine = new_engine ();
  GlipPrompt *prompts[] = {
    new_prompt (engine, "person"),
    new_prompt (engine, "person . car . dog . cat . house . tree"),
    new_prompt (engine, "a . b . c . d . e . f . g . h . i . j . k . l . m . n . o . p"),
  };
  static const int sizes[] = { 32, 64, 96, 128, 160, 192 };
  g_autoptr (GPtrArray) first =
      g_ptr_array_new_with_free_func ((GDestroyNotify) glip_result_unref);
  size_t bytes = 0;
  for (int round = 0; round < 3; round++) {
    guint n = 0;
    for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++)
      for (size_t j = 0; j < G_N_ELEMENTS (prompts); j++) {
        const GlipDetectOptions options = { .min_size = sizes[i], .max_size = 2 * sizes[i] };
        g_autoptr (GlipResult) result = detect (engine, &picture, prompts[j], &options);
        if (round == 0)
          g_ptr_array_add (first, g_steal_pointer (&result));
        else
          check_same (result, g_ptr_array_index (first, n), 0);
        n++;
      }
    if (round == 1)
      bytes = engine->device->allocated_bytes;
    if (round == 2)
      g_assert_cmpuint (engine->device->allocated_bytes, ==, bytes);
  }
  for (size_t j = 0; j < G_N_ELEMENTS (prompts); j++)
    glip_prompt_unref (prompts[j]);
  close_engine (engine);
}

static void
test_odd_images (void)
{
  static const struct {
    int width, height;
  } sizes[] = { { 1, 1 }, { 1, 900 }, { 2000, 1 }, { 3, 2 } };
  GlipEngine *engine = new_engine ();
  g_autoptr (GlipPrompt) prompt = new_prompt (engine, "person");
  for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++) {
    const GlipImage image = { .format = GLIP_FORMAT_RGB, .width = sizes[i].width,
      .height = sizes[i].height, .planes = { pixels },
      .strides = { (size_t) sizes[i].width * 3 } };
    g_autoptr (GlipResult) result = detect (engine, &image, prompt, &small);
    for (size_t j = 0; j < glip_result_get_count (result); j++) {
      const GlipDetection *d = glip_result_get_detection (result, j);
      g_assert_cmpfloat (d->x0, >=, 0);
      g_assert_cmpfloat (d->y1, <=, (float) sizes[i].height);
    }
  }
  close_engine (engine);
}

static void
test_options (void)
{
  GlipEngine *engine = new_engine ();
  g_autoptr (GlipPrompt) prompt = new_prompt (engine, "person . car");
  g_autoptr (GlipResult) all = detect (engine, &picture, prompt, &small);
  GlipDetectOptions options = small;
  size_t n = glip_result_get_count (all);
  options.threshold = glip_result_get_detection (all, n / 2)->score;
  g_autoptr (GlipResult) above = detect (engine, &picture, prompt, &options);
  g_assert_cmpuint (glip_result_get_count (above), <=, n / 2);
  for (size_t i = 0; i < glip_result_get_count (above); i++)
    g_assert_cmpfloat (glip_result_get_detection (above, i)->score, >, options.threshold);
  options = small;
  options.max_detections = 3;
  g_autoptr (GlipResult) few = detect (engine, &picture, prompt, &options);
  g_assert_cmpuint (glip_result_get_count (few), ==, 3);
  options = small;
  options.nms_threshold = 0.1f;
  g_autoptr (GlipResult) apart = detect (engine, &picture, prompt, &options);
  g_assert_cmpuint (glip_result_get_count (apart), <, n);
  close_engine (engine);
}

/* ------------------------------------------------------- threads, lifetimes */

typedef struct {
  GlipEngine *engine;
  GlipPrompt *prompt;
  GlipResult *expected;
  GlipDetectOptions options;
} Work;

static gpointer
work (gpointer data)
{
  const Work *w = data;
  for (int i = 0; i < 4; i++) {
    g_autoptr (GlipResult) result = detect (w->engine, &picture, w->prompt, &w->options);
    check_same (result, w->expected, 0);
  }
  return NULL;
}

static void
test_threads (void)
{
  static const char *texts[] = { "person", "dog . cat", "red car . house . tree . bird", "car" };
  GlipEngine *engine = new_engine ();
  Work works[4];
  GThread *threads[4];
  for (int i = 0; i < 4; i++) {
    works[i] = (Work){ .engine = engine, .prompt = new_prompt (engine, texts[i]) };
    works[i].options = (GlipDetectOptions){ .min_size = 64 + 32 * (i % 2), .max_size = 160 };
    works[i].expected = detect (engine, &picture, works[i].prompt, &works[i].options);
  }
  for (int i = 0; i < 4; i++)
    threads[i] = g_thread_new ("detect", work, &works[i]);
  for (int i = 0; i < 4; i++) {
    g_thread_join (threads[i]);
    glip_prompt_unref (works[i].prompt);
    glip_result_unref (works[i].expected);
  }
  close_engine (engine);
}

static void
test_lifetimes (void)
{
  GlipEngine *engine = new_engine ();
  GlipPrompt *prompt = new_prompt (engine, "person . car");
  glip_engine_unref (engine); /* the prompt keeps it */
  g_autoptr (GlipResult) result = detect (engine, &picture, prompt, &small);
  glip_prompt_unref (prompt); /* the result keeps the phrases */
  g_assert_cmpuint (glip_result_get_count (result), >, 0);
  g_assert_true (g_str_equal (glip_result_get_detection (result, 0)->phrase, "person") ||
      g_str_equal (glip_result_get_detection (result, 0)->phrase, "car"));
}

/* ----------------------------------------------------------------- refused */

static void
refuse_image (GlipEngine *engine, GlipPrompt *prompt, GlipImage image, const char *message)
{
  GError *error = NULL;
  g_assert_null (glip_engine_detect (engine, &image, prompt, &small, &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_IMAGE);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, message));
  g_error_free (error);
}

static void
test_refused (void)
{
  GlipEngine *engine = new_engine ();
  g_autoptr (GlipPrompt) prompt = new_prompt (engine, "person");
  GlipImage image = picture;
  image.width = 0;
  refuse_image (engine, prompt, image, "0x96");
  image = picture;
  image.strides[0] = WIDTH * 3 - 1;
  refuse_image (engine, prompt, image, "stride");
  image = picture;
  image.planes[0] = NULL;
  refuse_image (engine, prompt, image, "plane");

  GError *error = NULL;
  const GlipDetectOptions huge = { .min_size = 5000 };
  g_assert_null (glip_engine_detect (engine, &picture, prompt, &huge, &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  /* The engine goes on. */
  g_autoptr (GlipResult) result = detect (engine, &picture, prompt, &small);
  g_assert_cmpuint (glip_result_get_count (result), >, 0);
  close_engine (engine);

  const GlipEngineOptions nowhere = { .device = "no such device" };
  g_assert_null (glip_engine_new (model, &nowhere, &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_NO_DEVICE);
  g_assert_nonnull (strstr (error->message, "no such device"));
  g_error_free (error);
}

/* A device whose memory is all but used up, and one that binds little. */
static void
test_small_device (void)
{
  GError *error = NULL;
  GlipDevice *device = check_device ();
  VkPhysicalDeviceMemoryProperties memory = device->memory;
  for (uint32_t i = 0; i < device->memory.memoryHeapCount; i++)
    device->memory.memoryHeaps[i].size = device->allocated_bytes + (1 << 20);
  size_t before = device->allocated_bytes;
  g_assert_null (glip_network_new (device, check_pipelines (), model, &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_OUT_OF_MEMORY);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "MiB"));
  g_clear_error (&error);
  g_assert_cmpuint (device->allocated_bytes, ==, before);
  device->memory = memory;

  /* 64 KiB a binding: less than the first layer's weights need. */
  GlipEngine *engine = new_engine ();
  g_autoptr (GlipPrompt) prompt = new_prompt (engine, "person");
  engine->device->properties.limits.maxStorageBufferRange = 64 << 10;
  g_assert_null (glip_engine_detect (engine, &picture, prompt, &small, &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_UNSUPPORTED);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "smaller input size"));
  g_clear_error (&error);
  close_engine (engine);
}

/* The fusion's scores by groups of heads, as on a device that binds less. */
static void
test_head_groups (void)
{
  GlipEngine *engine = new_engine ();
  g_autoptr (GlipPrompt) prompt = new_prompt (engine,
      "a . b . c . d . e . f . g . h . i . j . k . l . m . n . o . p . q . r . s . t");
  const GlipDetectOptions options = { .min_size = 288, .max_size = 480 };
  g_autoptr (GlipResult) whole = detect (engine, &picture, prompt, &options);
  g_assert_cmpuint (glip_result_get_count (whole), >, 0);
  close_engine (engine);

  engine = new_engine ();
  g_autoptr (GlipPrompt) again = new_prompt (engine, glip_prompt_get_text (prompt));
  /* 2887 places x 4 heads x 48 tokens are 2.2 MB, everything else is less. */
  engine->device->properties.limits.maxStorageBufferRange = 2 << 20;
  GError *error = NULL;
  g_autoptr (GlipResult) grouped =
      glip_engine_detect (engine, &picture, again, &options, &error);
  must (grouped != NULL, error);
  check_same (grouped, whole, 1e-4);
  close_engine (engine);
}

/* -------------------------------------------------------------------------- */

static void
add_tests (void)
{
  GError *error = NULL;
  g_autofree char *path = g_strdup_printf ("%s/engine-nano.safetensors", folder);
  must (glip_test_write_model (path, "glip-nano", 1, vocabulary, &error), error);
  model = glip_model_open (path, &error);
  must (model != NULL, error);
  g_remove (path); /* mapped */
  guint32 state = 3;
  for (size_t i = 0; i < sizeof pixels; i++) {
    state = state * 1664525 + 1013904223;
    int y = (int) (i / 3) / WIDTH, x = (int) (i / 3) % WIDTH;
    pixels[i] = (uint8_t) (((x / 20 + y / 16) % 3) * 80 + (state >> 27));
  }
  g_test_add_func ("/engine/prompts", test_prompts);
  g_test_add_func ("/engine/passes", test_passes);
  g_test_add_func ("/engine/formats", test_formats);
  g_test_add_func ("/engine/many-sizes", test_many_sizes);
  g_test_add_func ("/engine/odd-images", test_odd_images);
  g_test_add_func ("/engine/options", test_options);
  g_test_add_func ("/engine/threads", test_threads);
  g_test_add_func ("/engine/lifetimes", test_lifetimes);
  g_test_add_func ("/engine/refused", test_refused);
  g_test_add_func ("/engine/small-device", test_small_device);
  g_test_add_func ("/engine/head-groups", test_head_groups);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (argc != 3)
    g_error ("usage: test-engine VOCABULARY FOLDER");
  vocabulary = argv[1];
  folder = argv[2];
  int status = check_main (add_tests);
  glip_model_unref (model);
  return status;
}
