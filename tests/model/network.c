/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The network against the stored tensors of the PyTorch reference: "test-network SUITE
 * VOCABULARY FOLDER KERNELS" makes the suite's model files with generated weights in FOLDER,
 * detects in the stored picture, and compares token ids, every intermediate tensor in
 * the order of the network (the first one outside its tolerance is where to look), and
 * the final boxes, matched one to one.  Of the suite "glip-t" it also counts what a GPU
 * has to do for a frame.
 */
#include "check.h"
#include "stored-runs.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

/* Boxes: overlap at least, scores at most apart. */
#define MATCH_IOU 0.99
#define MATCH_SCORE 1e-3

static const char *suite, *vocabulary, *folder;
static GlipKernels kernels;
static const GlipStoredRun *last_run; /* of the suite */

/* The engine at hand; runs of one configuration follow each other. */
static GlipEngine *engine;
static const char *engine_config;

static void
must (gboolean ok, GError *error)
{
  if (!ok)
    g_error ("%s", error->message);
}

static void
close_engine (void)
{
  if (engine)
    glip_stored_run_close (engine);
  engine = NULL;
}

static void
open_engine (const GlipStoredRun *run)
{
  if (engine && engine_config == run->config)
    return;
  close_engine ();
  engine = glip_stored_run_open (run, kernels, GLIP_PRECISION_FP32);
  engine_config = run->config;
}

static void
check_ids (GlipPrompt *prompt, GlipGolden *golden)
{
  const GlipGoldenTensor *ids = glip_golden_get (golden, "ids");
  const GlipGoldenTensor *mask = glip_golden_get (golden, "mask");
  g_assert_cmpuint (glip_prompt_get_n_passes (prompt), ==, 1);
  const GlipPass *pass = g_ptr_array_index (prompt->text->passes, 0);
  for (int i = 0; i < (int) mask->count; i++) {
    g_assert_cmpint (mask->i64[i], ==, i < pass->n_tokens);
    if (i < pass->n_tokens)
      g_assert_cmpint (ids->i64[i], ==, pass->ids[i]);
  }
  const GlipGoldenTensor *offsets = glip_golden_get (golden, "label_offsets");
  const GlipGoldenTensor *tokens = glip_golden_get (golden, "label_tokens");
  g_assert_cmpint ((int) offsets->count, ==, pass->n_labels + 1);
  for (int i = 0; i <= pass->n_labels; i++)
    g_assert_cmpint (offsets->i64[i], ==, pass->label_offsets[i]);
  for (size_t i = 0; i < tokens->count; i++)
    g_assert_cmpint (tokens->i64[i], ==, pass->label_tokens[i]);
}

/* ---------------------------------------------------------------- the taps */

/* The axis of a tap that counts text tokens, -1 for none: only the real ones are
 * defined (padding attends, and ours is shorter). */
static int
text_axis (const char *name)
{
  if (g_str_has_prefix (name, "head.logits"))
    return 2;
  if (g_str_has_prefix (name, "bert.") || g_str_has_prefix (name, "lang.") ||
      g_str_has_prefix (name, "head.token") || g_str_has_suffix (name, ".lang"))
    return 1;
  return -1;
}

/* A stored tap, whole or every so many elements. */
typedef struct {
  const GlipGoldenTensor *values;
  int n_dims;
  int64_t dims[8];
  size_t step;
} StoredTap;

static gboolean
find_tap (GlipGolden *golden, const char *name, StoredTap *tap)
{
  const GlipGoldenTensor *whole = glip_golden_lookup (golden, name);
  if (whole) {
    tap->values = whole;
    tap->n_dims = whole->n_dims;
    memcpy (tap->dims, whole->dims, sizeof tap->dims);
    tap->step = 1;
    return TRUE;
  }
  g_autofree char *sample = g_strconcat (name, "#sample", NULL);
  tap->values = glip_golden_lookup (golden, sample);
  if (!tap->values)
    return FALSE;
  const GlipGoldenTensor *shape = glip_golden_getf (golden, "%s#shape", name);
  tap->n_dims = (int) shape->count;
  memcpy (tap->dims, shape->i64, shape->count * sizeof (int64_t));
  tap->step = (size_t) glip_golden_getf (golden, "%s#step", name)->i64[0];
  return TRUE;
}

/* Gather what both have into `expected` and `actual`; returns how many. */
static size_t
pair_elements (const StoredTap *tap, const GlipStored *own, const float *own_values, int axis,
    int64_t real, float *expected, float *actual)
{
  size_t n = 0;
  for (size_t i = 0; i < tap->values->count; i++) {
    int64_t index = (int64_t) (i * tap->step), at = 0, place[8] = { 0 };
    for (int d = tap->n_dims - 1; d >= 0; d--) {
      place[d] = index % tap->dims[d];
      index /= tap->dims[d];
    }
    if (axis >= 0 && place[axis] >= real)
      continue;
    for (int d = 0; d < tap->n_dims; d++)
      at = at * own->dims[d] + place[d];
    expected[n] = tap->values->f32[i];
    actual[n++] = own_values[at];
  }
  return n;
}

static void
check_tap (const char *name, const StoredTap *tap, const GlipStored *own, int64_t real)
{
  int axis = text_axis (name);
  g_assert_cmpint (own->n_dims, ==, tap->n_dims);
  for (int d = 0; d < tap->n_dims; d++)
    if (d != axis)
      g_assert_cmpint (own->dims[d], ==, tap->dims[d]);
    else
      g_assert_cmpint (own->dims[d], >=, real);
  g_autofree float *own_values = g_new (float, own->n_elements);
  g_autofree float *expected = g_new (float, tap->values->count);
  g_autofree float *actual = g_new (float, tap->values->count);
  glip_stored_read (own, 0, own->n_elements, own_values);
  size_t n = pair_elements (tap, own, own_values, axis, real, expected, actual);
  g_assert_cmpuint (n, >, 0);
  check_close (name, actual, expected, n, TOLERANCE_TAP);
}

static void
check_taps (GlipGolden *golden, const char *trace_path)
{
  GError *error = NULL;
  g_autoptr (GlipSafetensors) trace = glip_safetensors_open (trace_path, &error);
  must (trace != NULL, error);
  const GlipGoldenTensor *mask = glip_golden_get (golden, "mask");
  int64_t real = 0;
  for (size_t i = 0; i < mask->count; i++)
    real += mask->i64[i];

  g_autoptr (JsonParser) parser = json_parser_new ();
  must (json_parser_load_from_data (
            parser, glip_golden_get_metadata (golden, "tap_order"), -1, &error),
      error);
  JsonArray *order = json_node_get_array (json_parser_get_root (parser));
  guint compared = 0;
  for (guint i = 0; i < json_array_get_length (order); i++) {
    const char *name = json_array_get_string_element (order, i);
    StoredTap tap;
    if (g_str_has_prefix (name, "det.") || strcmp (name, "post.candidates") == 0 ||
        !find_tap (golden, name, &tap))
      continue;
    const GlipStored *own = glip_safetensors_lookup (trace, name);
    if (!own)
      g_error ("the trace has no %s", name);
    check_tap (name, &tap, own, real);
    compared++;
  }
  g_test_message ("%u taps compared", compared);
  g_assert_cmpuint (compared, >=, 30);
}

static void
check_candidates (GlipGolden *golden, const char *trace_path)
{
  GError *error = NULL;
  g_autoptr (GlipSafetensors) trace = glip_safetensors_open (trace_path, &error);
  must (trace != NULL, error);
  int64_t candidates;
  const GlipStored *own = glip_safetensors_lookup (trace, "post.candidates");
  g_assert_nonnull (own);
  memcpy (&candidates, own->data, sizeof candidates);
  /* A score may fall on the other side of the threshold by rounding. */
  int64_t expected = glip_golden_get (golden, "post.candidates")->i64[0];
  g_assert_cmpint (ABS (candidates - expected), <=, 2 + expected / 500);
}

/* --------------------------------------------------------------- the boxes */

/* Every stored detection has its own counterpart; only at the cut-off, where scores are
 * closer than the tolerance, may the two lists end differently. */
static void
check_boxes (GlipGolden *golden, GlipResult *result)
{
  const float *boxes = glip_golden_get (golden, "det.boxes_original")->f32;
  const GlipGoldenTensor *scores = glip_golden_get (golden, "det.scores");
  const int64_t *labels = glip_golden_get (golden, "det.labels")->i64;
  size_t n = glip_result_get_count (result), unmatched = 0;
  g_autofree gboolean *taken = g_new0 (gboolean, n + 1);
  float last = scores->f32[scores->count - 1];
  double worst_score = 0, worst_overlap = 1;
  for (size_t i = 0; i < scores->count; i++) {
    size_t best = n;
    double best_overlap = MATCH_IOU;
    for (size_t j = 0; j < n; j++) {
      const GlipDetection *d = glip_result_get_detection (result, j);
      double iou = glip_test_box_overlap (&boxes[4 * i], &d->x0);
      if (!taken[j] && d->label == labels[i] && iou >= best_overlap &&
          fabsf (d->score - scores->f32[i]) <= MATCH_SCORE) {
        best = j;
        best_overlap = iou;
      }
    }
    if (best < n) {
      taken[best] = TRUE;
      worst_overlap = fmin (worst_overlap, best_overlap);
      worst_score = fmax (worst_score,
          fabsf (glip_result_get_detection (result, best)->score - scores->f32[i]));
      continue;
    }
    unmatched++;
    if (scores->f32[i] > last + MATCH_SCORE)
      g_error ("no counterpart of detection %zu: label %d, score %g, box %g %g %g %g", i,
          (int) labels[i], (double) scores->f32[i], (double) boxes[4 * i],
          (double) boxes[4 * i + 1], (double) boxes[4 * i + 2], (double) boxes[4 * i + 3]);
  }
  for (size_t j = 0; j < n; j++) {
    const GlipDetection *d = glip_result_get_detection (result, j);
    if (!taken[j] && d->score > last + MATCH_SCORE)
      g_error ("detection %zu has no counterpart: label %d, score %g", j, d->label,
          (double) d->score);
  }
  g_assert_cmpuint (n, >=, scores->count - unmatched);
  g_test_message ("%zu of %zu detections matched, overlap at least %.5f, scores within %.2g",
      scores->count - unmatched, scores->count, worst_overlap, worst_score);
}

static void
check_same (GlipResult *a, GlipResult *b)
{
  g_assert_cmpuint (glip_result_get_count (a), ==, glip_result_get_count (b));
  for (size_t i = 0; i < glip_result_get_count (a); i++) {
    const GlipDetection *x = glip_result_get_detection (a, i);
    const GlipDetection *y = glip_result_get_detection (b, i);
    g_assert_cmpint (x->label, ==, y->label);
    g_assert_cmpfloat (x->score, ==, y->score);
    g_assert_cmpfloat (x->x0, ==, y->x0);
    g_assert_cmpfloat (x->y1, ==, y->y1);
  }
}

/* -------------------------------------------------------------------------- */

static void
test_run (gconstpointer data)
{
  const GlipStoredRun *t = data;
  GError *error = NULL;
  g_autoptr (GlipGolden) golden = glip_golden_open (t->golden);
  open_engine (t);
  g_autoptr (GlipPrompt) prompt = glip_stored_run_prompt (engine, golden);
  check_ids (prompt, golden);

  const GlipImage image = glip_stored_run_picture (golden);
  const GlipDetectOptions options = glip_stored_run_options (golden);
  g_autofree char *trace = g_strdup_printf ("%s/trace-%d.safetensors", folder, (int) getpid ());
  g_autoptr (GlipResult) traced =
      glip_engine_detect_traced (engine, &image, prompt, &options, trace, &error);
  must (traced != NULL, error);
  g_autoptr (GlipGolden) taps = glip_golden_open (t->taps ? t->taps : t->golden);
  check_taps (taps, trace);
  check_candidates (golden, trace);
  g_remove (trace);
  check_boxes (golden, traced);

  /* Shared memory and a second use change nothing. */
  for (int i = 0; i < 2; i++) {
    g_autoptr (GlipResult) plain =
        glip_engine_detect (engine, &image, prompt, &options, &error);
    must (plain != NULL, error);
    check_same (traced, plain);
  }
}

/* For GLIP-T's frame on a GPU; docs/architecture.md says what they are. */
#define MOST_DISPATCHES 250

static void
test_dispatches (gconstpointer data)
{
  static const GlipKernels families[] = { GLIP_KERNELS_TILES, GLIP_KERNELS_MATRIX };
  GError *error = NULL;
  close_engine ();
  for (size_t i = 0; i < G_N_ELEMENTS (families); i++) {
    GlipTuning tuning;
    if (!glip_tuning_choose (&tuning, &check_device ()->abilities, families[i],
            GLIP_PRECISION_FP16, NULL))
      continue;
    GlipEngine *gpu = glip_stored_run_open (data, families[i], GLIP_PRECISION_FP16);
    GlipBench *bench = glip_engine_bench (gpu, 1333, 800, 32, 0, &error);
    must (bench != NULL, error);
    g_test_message ("kernels %s: %d dispatches", glip_kernels_name (families[i]),
        bench->dispatches);
    g_assert_cmpint (bench->dispatches, <=, MOST_DISPATCHES);
    glip_bench_free (bench);
    glip_stored_run_close (gpu);
  }
}

static void
add_run (const GlipStoredRun *run)
{
  g_autofree char *path = g_strconcat ("/network/", run->golden, NULL);
  g_test_add_data_func (path, run, test_run);
  last_run = run;
}

static void
add_tests (void)
{
  glip_stored_runs_start (suite, vocabulary, folder, add_run);
  if (strcmp (suite, "glip-t") == 0)
    g_test_add_data_func ("/network/glip-t/dispatches", last_run, test_dispatches);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (argc != 5)
    g_error ("usage: test-network SUITE VOCABULARY FOLDER KERNELS");
  suite = argv[1];
  vocabulary = argv[2];
  folder = argv[3];
  kernels = strcmp (argv[4], "tiles") == 0 ? GLIP_KERNELS_TILES : GLIP_KERNELS_AUTO;
  int status = check_main (add_tests);
  close_engine ();
  glip_stored_runs_end ();
  return status;
}
