/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * An engine in use: more sizes and prompts than it keeps plans for, several threads,
 * devices with little memory or small bindings (a real device whose limits are lowered
 * before the library looks at them).  What works has to give the same detections; what
 * does not has to say why, and to leave the engine usable.
 */
#include "check.h"
#include "engines.h"

#include <math.h>
#include <string.h>

/* Sums in another order. */
#define REGROUPED_IOU 0.9999
#define REGROUPED_SCORE 1e-5

static const GlipDetectOptions small = { .min_size = 96, .max_size = 128 };

static const char *const prompts[] = {
  "person",
  "person . red car . traffic light . dog",
  "person . bicycle . car . motorcycle . airplane . bus . train . truck . boat",
  "A large [red car] near two [small dogs], with a [traffic light] behind the old house.",
};

/* A prompt of about `n` tokens. */
static char *
make_long_text (int n)
{
  GString *text = g_string_new ("person");
  for (int i = 0; i < (n - 4) / 2; i++)
    g_string_append (text, " . dog");
  return g_string_free (text, FALSE);
}

/* ------------------------------------------------------------------ reuse */

enum { N_SIZES = 7, N_TOKENS = 8, N_COMBINATIONS = N_SIZES + N_TOKENS, N_ROUNDS = 3 };

/* Combination `i`: a size each, or a token count each, beyond what plans.c keeps. */
static GlipResult *
run_combination (GlipEngine *engine, int i)
{
  static const int tokens[N_TOKENS] = { 6, 14, 22, 30, 44, 60, 90, 120 };
  g_autofree char *text = make_long_text (i < N_SIZES ? 6 : tokens[i - N_SIZES]);
  int side = i < N_SIZES ? 32 * (i % 4 + 1) : 64, other = i < N_SIZES ? 32 + 32 * (i / 4) : 64;
  g_autoptr (GlipTestPicture) picture = glip_test_picture_new (side, other, (uint32_t) i);
  const GlipDetectOptions options = { .min_size = MIN (side, other),
    .max_size = MAX (side, other) };
  g_autoptr (GlipPrompt) prompt = glip_test_prompt (engine, text);
  return glip_test_detect (engine, &picture->image, prompt, &options);
}

static void
test_reuse (void)
{
  GlipResult *expected[N_COMBINATIONS];
  GlipEngine *fresh = glip_test_engine_new ("glip-nano");
  for (int i = N_COMBINATIONS - 1; i >= 0; i--) /* the other order */
    expected[i] = run_combination (fresh, i);
  glip_engine_unref (fresh);

  g_autoptr (GlipEngine) engine = glip_test_engine_new ("glip-nano");
  size_t held[N_ROUNDS];
  for (int round = 0; round < N_ROUNDS; round++) {
    for (int i = 0; i < N_COMBINATIONS; i++) {
      g_autoptr (GlipResult) result = run_combination (engine, i);
      glip_test_assert_same (result, expected[i]);
    }
    held[round] = engine->device->allocated_bytes;
    g_test_message ("%.3f MiB held, %.3f at most", (double) held[round] / 1048576,
        (double) engine->device->peak_bytes / 1048576);
    g_assert_cmpuint (held[round], ==, held[0]);
  }
  for (int i = 0; i < N_COMBINATIONS; i++)
    glip_result_unref (expected[i]);
}

/* ---------------------------------------------------------------- threads */

enum { N_THREADS = 4, N_FRAMES = 4 };

typedef struct {
  GlipTestPicture *picture;
  GlipPrompt *prompt;
  GlipResult *expected;
  const char *text;
} Job;

static gpointer
run_job (gpointer data)
{
  const Job *job = data;
  for (int i = 0; i < N_FRAMES; i++) {
    /* Prompts are made while others detect, too. */
    g_autoptr (GlipPrompt) own = glip_test_prompt (glip_test_engine (), job->text);
    g_autoptr (GlipResult) result = glip_test_detect (glip_test_engine (),
        &job->picture->image, i % 2 ? own : job->prompt, &small);
    glip_test_assert_same (result, job->expected);
  }
  return NULL;
}

static void
test_threads (void)
{
  Job jobs[N_THREADS];
  for (guint i = 0; i < N_THREADS; i++) {
    jobs[i].text = prompts[i];
    jobs[i].picture = glip_test_picture_new (i < 2 ? 128 : 96, i % 2 ? 96 : 80, i + 1);
    jobs[i].prompt = glip_test_prompt (glip_test_engine (), prompts[i]);
    jobs[i].expected = glip_test_detect (
        glip_test_engine (), &jobs[i].picture->image, jobs[i].prompt, &small);
    g_assert_cmpuint (glip_result_get_count (jobs[i].expected), >, 5);
  }
  for (guint n = 2; n <= N_THREADS; n += 2) {
    GThread *threads[N_THREADS];
    for (guint i = 0; i < n; i++)
      threads[i] = g_thread_new ("detect", run_job, &jobs[i]);
    for (guint i = 0; i < n; i++)
      g_thread_join (threads[i]);
  }
  for (guint i = 0; i < N_THREADS; i++) {
    glip_result_unref (jobs[i].expected);
    glip_prompt_unref (jobs[i].prompt);
    glip_test_picture_free (jobs[i].picture);
  }
}

/* ----------------------------------------------------------------- memory */

static void
set_heaps (GlipDevice *device, VkDeviceSize bytes)
{
  for (uint32_t i = 0; i < device->memory.memoryHeapCount; i++)
    device->memory.memoryHeaps[i].size = bytes;
}

static void
assert_out_of_memory (GError *error)
{
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_OUT_OF_MEMORY);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "MiB"));
  g_assert_nonnull (strstr (error->message, check_device ()->description));
}

static void
forget_plans (GlipEngine *engine)
{
  glip_plans_free (engine->plans);
  engine->plans =
      glip_plans_new (engine->device, engine->pipelines, engine->network, FALSE);
}

/* Loading fails at its first, a later and the last allocation. */
static void
test_memory_for_weights (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GlipModel) model =
      glip_model_open (glip_test_model_path ("glip-nano"), &error);
  g_assert_no_error (error);
  GlipDevice *device = check_device ();
  const VkPhysicalDeviceMemoryProperties memory = device->memory;
  size_t before = device->allocated_bytes;
  g_autoptr (GlipNetwork) whole =
      glip_network_new (device, check_pipelines (), model, &error);
  g_assert_no_error (error);
  size_t weights = glip_network_get_bytes (whole);
  g_clear_pointer (&whole, glip_network_free);
  g_assert_cmpuint (device->allocated_bytes, ==, before);
  const size_t sizes[] = { 0, 1, weights / 2, weights - 1, weights, weights + (16 << 10) };
  for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++) {
    set_heaps (device, before + sizes[i]);
    g_assert_null (glip_network_new (device, check_pipelines (), model, &error));
    device->memory = memory;
    assert_out_of_memory (error);
    g_clear_error (&error);
    g_assert_cmpuint (device->allocated_bytes, ==, before);
  }
}

/* Detection on a device that fills up, then has room again. */
static void
test_memory_for_frames (void)
{
  g_autoptr (GlipTestPicture) picture = glip_test_picture_new (128, 96, 1);
  g_autoptr (GlipEngine) engine = glip_test_engine_new ("glip-nano");
  GlipDevice *device = engine->device;
  const VkPhysicalDeviceMemoryProperties memory = device->memory;
  size_t weights = device->allocated_bytes;
  g_autoptr (GlipPrompt) prompt = glip_test_prompt (engine, prompts[1]);
  g_autoptr (GlipResult) expected =
      glip_test_detect (engine, &picture->image, prompt, &small);
  size_t all = device->peak_bytes;
  guint failed = 0;
  for (size_t room = 0; weights + room < all + (all - weights) / 8;
       room += (all - weights) / 13 + 1) {
    g_autoptr (GError) error = NULL;
    forget_plans (engine);
    g_assert_cmpuint (device->allocated_bytes, ==, weights);
    set_heaps (device, weights + room);
    g_autoptr (GlipPrompt) other = glip_prompt_new (engine, prompts[1], &error);
    g_autoptr (GlipResult) result = other
        ? glip_engine_detect (engine, &picture->image, other, &small, &error)
        : NULL;
    device->memory = memory;
    if (result) {
      glip_test_assert_same (result, expected);
    } else {
      assert_out_of_memory (error);
      failed++;
    }
    g_autoptr (GlipResult) again =
        glip_test_detect (engine, &picture->image, prompt, &small);
    glip_test_assert_same (again, expected);
  }
  g_assert_cmpuint (failed, >, 6);
}

/* --------------------------------------------------------------- bindings */

/* Whatever a device can bind: the result, or a sentence. */
static void
test_small_bindings (void)
{
  g_autoptr (GlipTestPicture) picture = glip_test_picture_new (640, 480, 1);
  g_autoptr (GlipEngine) engine = glip_test_engine_new ("glip-nano");
  const GlipDetectOptions options = { .min_size = 160, .max_size = 224 };
  uint32_t *range = &engine->device->properties.limits.maxStorageBufferRange;
  const uint32_t whole_range = *range;
  g_autoptr (GlipPrompt) prompt = glip_test_prompt (engine, prompts[1]);
  g_autoptr (GlipResult) expected =
      glip_test_detect (engine, &picture->image, prompt, &options);
  guint failed = 0, worked = 0;
  for (uint32_t limit = 1000; limit < 64u << 20; limit *= 2) {
    g_autoptr (GError) error = NULL;
    forget_plans (engine);
    *range = limit;
    g_autoptr (GlipResult) result =
        glip_engine_detect (engine, &picture->image, prompt, &options, &error);
    *range = whole_range;
    if (result) {
      glip_test_assert_near (result, expected, REGROUPED_IOU, REGROUPED_SCORE);
      worked++;
      continue;
    }
    g_assert_error (error, GLIP_ERROR, GLIP_ERROR_UNSUPPORTED);
    g_test_message ("%u: %s", limit, error->message);
    g_assert_nonnull (strstr (error->message, engine->device->description));
    failed++;
  }
  g_assert_cmpuint (failed, >, 5);
  g_assert_cmpuint (worked, >, 3);

  g_autoptr (GError) error = NULL;
  forget_plans (engine);
  *range = 10000;
  g_assert_null (glip_prompt_new (engine, prompts[1], &error));
  *range = whole_range;
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "bert"));
  forget_plans (engine);
  g_autoptr (GlipResult) again =
      glip_test_detect (engine, &picture->image, prompt, &options);
  glip_test_assert_same (again, expected);
}

static guint
count_softmax (const GlipGraph *graph)
{
  guint n = 0;
  for (guint i = 0; i < graph->recorder->commands->len; i++)
    n += g_str_has_prefix (
        g_array_index (graph->recorder->commands, GlipCommand, i).dispatch.shader,
        "fusion_softmax");
  return n;
}

/* Fusion looks at as many of its 4 heads at once as a binding holds the scores of. */
static void
test_head_groups (void)
{
  enum { ROWS = 1300, TOKENS = 128, HEADS = 4 };
  GError *error = NULL;
  g_autoptr (GlipModel) model =
      glip_model_open (glip_test_model_path ("glip-nano"), &error);
  g_assert_no_error (error);
  g_autoptr (GlipNetwork) network =
      glip_network_new (check_device (), check_pipelines (), model, &error);
  g_assert_no_error (error);
  const GlipFusion *fusion = &network->head.fusion[0];
  g_assert_cmpuint (fusion->heads, ==, HEADS);
  uint32_t *range = &check_device ()->properties.limits.maxStorageBufferRange;
  const uint32_t whole_range = *range, n_real = TOKENS - 21;
  g_autofree float *image = check_random ((size_t) ROWS * fusion->channels, 1);
  g_autofree float *text = check_random ((size_t) TOKENS * fusion->hidden, 1);
  float real;
  memcpy (&real, &n_real, sizeof real);

  g_autofree float *image_whole = NULL, *text_whole = NULL;
  guint softmax = 0;
  for (uint32_t group = HEADS; group >= 1; group /= 2) {
    GlipTensor visual = check_upload (image, ROWS, fusion->channels);
    GlipTensor words = check_upload (text, TOKENS, fusion->hidden);
    GlipTensor count = check_upload (&real, 1, 1);
    GlipGraph *graph = check_graph ();
    *range = ROWS * group * TOKENS * (uint32_t) sizeof (float);
    glip_fusion_forward (graph, fusion, &visual, &words, count);
    *range = whole_range;
    g_assert_no_error (graph->recorder->error);
    softmax = group == HEADS ? count_softmax (graph) : softmax;
    g_assert_cmpuint (count_softmax (graph), ==, softmax * HEADS / group);
    check_keep (graph, visual);
    check_keep (graph, words);
    check_run (graph);
    g_autofree float *image_out = check_read (visual);
    g_autofree float *text_out = check_read (words);
    if (group == HEADS) {
      image_whole = g_steal_pointer (&image_out);
      text_whole = g_steal_pointer (&text_out);
      continue;
    }
    check_close ("image", image_out, image_whole, (size_t) ROWS * fusion->channels,
        TOLERANCE_ROUNDING);
    check_close ("text", text_out, text_whole, (size_t) n_real * fusion->hidden,
        TOLERANCE_ROUNDING);
  }
}

static void
add_tests (void)
{
  g_test_add_func ("/engine-limits/reuse", test_reuse);
  g_test_add_func ("/engine-limits/threads", test_threads);
  g_test_add_func ("/engine-limits/memory-for-weights", test_memory_for_weights);
  g_test_add_func ("/engine-limits/memory-for-frames", test_memory_for_frames);
  g_test_add_func ("/engine-limits/small-bindings", test_small_bindings);
  g_test_add_func ("/engine-limits/head-groups", test_head_groups);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  int status = check_main (add_tests);
  glip_test_engines_clear ();
  return status;
}
