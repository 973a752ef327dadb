/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "stored-runs.h"

#include "checkpoint.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

static const GlipStoredRun runs[] = {
  { "nano", "nano/list-160x224", "glip-nano" },
  { "nano", "nano/phrases-173x251", "glip-nano" },
  { "nano", "nano/resize-97x141", "glip-nano" },
  { "nano", "nano/large-375x625", "glip-nano" },
  { "nano", "nano/nofusion-160x224", "glip-nano-a" },
  { "nano", "nano/tuned-96x128", "glip-nano-tuned" },
  { "glip-t", "glip-t/list-224x320", "glip-t" },
  { "glip-t", "glip-t/phrases-200x333", "glip-t" },
  { "glip-t-a", "glip-t-a/list-224x320", "glip-t-a" },
  /* Eight blocks amplify rounding so much that the reference itself, in float, is up to
   * 4e-4 away from the reference in double (box deltas of P7); ours is compared with
   * the latter.  The boxes are the float ones. */
  { "glip-l", "glip-l/list-224x320", "glip-l", "glip-l/double-224x320" },
};

static const char *vocabulary, *folder;

/* The model file that exists; runs of one configuration follow each other. */
static struct {
  const char *config;
  char *path;
} model_file;

static void
must (gboolean ok, GError *error)
{
  if (!ok)
    g_error ("%s", error->message);
}

void
glip_stored_runs_start (const char *suite, const char *with_vocabulary, const char *in_folder,
    void (*add) (const GlipStoredRun *run))
{
  vocabulary = with_vocabulary;
  folder = in_folder;
  for (size_t i = 0; i < G_N_ELEMENTS (runs); i++)
    if (strcmp (runs[i].suite, suite) == 0)
      add (&runs[i]);
}

void
glip_stored_runs_end (void)
{
  if (model_file.path)
    g_remove (model_file.path);
  g_clear_pointer (&model_file.path, g_free);
  model_file.config = NULL;
}

static const char *
make_model (const char *config)
{
  GError *error = NULL;
  if (model_file.config == config)
    return model_file.path;
  glip_stored_runs_end ();
  model_file.config = config;
  /* Tests of one configuration may run side by side. */
  model_file.path = g_strdup_printf ("%s/%s-%d.safetensors", folder, config, (int) getpid ());
  must (glip_test_write_model (model_file.path, config, 1, vocabulary, &error), error);
  return model_file.path;
}

GlipEngine *
glip_stored_run_open (const GlipStoredRun *run, GlipKernels kernels, GlipPrecision precision)
{
  GError *error = NULL;
  g_autoptr (GlipModel) model = glip_model_open (make_model (run->config), &error);
  must (model != NULL, error);
  const GlipEngineOptions options = {
    .device = g_getenv ("GLIP_TEST_DEVICE"),
    .kernels = kernels,
    .precision = precision,
    .validation = g_strcmp0 (g_getenv ("GLIP_TEST_VALIDATION"), "1") == 0,
  };
  GlipEngine *engine = glip_engine_new (model, &options, &error);
  must (engine != NULL, error);
  return engine;
}

void
glip_stored_run_close (GlipEngine *engine)
{
  g_assert_cmpint (
      g_atomic_int_get (&engine->device->instance->validation_messages), ==, 0);
  glip_engine_unref (engine);
}

/* The stored run says caption and spans; a list's caption ends in " . ". */
GlipPrompt *
glip_stored_run_prompt (GlipEngine *engine, GlipGolden *golden)
{
  GError *error = NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  must (json_parser_load_from_data (
            parser, glip_golden_get_metadata (golden, "run"), -1, &error),
      error);
  JsonObject *run = json_node_get_object (json_parser_get_root (parser));
  const char *caption = json_object_get_string_member (run, "caption");
  JsonArray *labels = json_object_get_array_member (run, "spans");
  guint n = json_array_get_length (labels);
  g_autofree GlipSpan *spans = g_new0 (GlipSpan, n);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < n; i++) {
    JsonArray *span =
        json_array_get_array_element (json_array_get_array_element (labels, i), 0);
    spans[i].begin = (size_t) json_array_get_int_element (span, 0); /* ASCII: also bytes */
    spans[i].end = (size_t) json_array_get_int_element (span, 1);
    spans[i].label = (int) i + 1;
    g_ptr_array_add (names,
        g_strndup (caption + spans[i].begin, spans[i].end - spans[i].begin));
  }
  GlipPrompt *prompt = g_str_has_suffix (caption, " . ")
      ? glip_prompt_new_from_names (engine, (const char *const *) names->pdata, n,
            GLIP_LIST_DEMO, &error)
      : glip_prompt_new_from_spans (engine, caption, spans, n, &error);
  must (prompt != NULL, error);
  for (guint i = 0; i < n; i++)
    g_assert_cmpstr (glip_prompt_get_phrase (prompt, (int) i + 1), ==, names->pdata[i]);
  return prompt;
}

GlipImage
glip_stored_run_picture (GlipGolden *golden)
{
  const GlipGoldenTensor *pixels = glip_golden_get (golden, "image_u8");
  int height = (int) pixels->dims[0], width = (int) pixels->dims[1];
  return (GlipImage){ .format = GLIP_FORMAT_RGB, .width = width, .height = height,
    .planes = { pixels->u8 }, .strides = { (size_t) width * 3 } };
}

GlipDetectOptions
glip_stored_run_options (GlipGolden *golden)
{
  /* The resized size, whatever rule made it. */
  const GlipGoldenTensor *size = glip_golden_get (golden, "size");
  return (GlipDetectOptions){
    .min_size = (int) MIN (size->i64[0], size->i64[1]),
    .max_size = (int) MAX (size->i64[0], size->i64[1]),
  };
}

double
glip_test_box_overlap (const float *a, const float *b)
{
  double w = fmin (a[2], b[2]) - fmax (a[0], b[0]) + 1;
  double h = fmin (a[3], b[3]) - fmax (a[1], b[1]) + 1;
  double both = fmax (w, 0) * fmax (h, 0);
  double area_a = ((double) a[2] - a[0] + 1) * ((double) a[3] - a[1] + 1);
  double area_b = ((double) b[2] - b[0] + 1) * ((double) b[3] - b[1] + 1);
  return both / (area_a + area_b - both);
}
