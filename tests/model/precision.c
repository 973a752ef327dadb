/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What float16 costs: "test-precision SUITE VOCABULARY FOLDER" compares every way to run
 * a stored picture with float16 that the device has with the same run in float.
 *
 * Detections are compared with what the other run has in the same place before
 * suppression: of two boxes of one object whose scores are closer than the tolerance,
 * either may be kept, and they need not look alike.  What is left after suppression is
 * compared with that in mind.
 */
#include "check.h"
#include "model/postprocess.h"
#include "stored-runs.h"

#include <math.h>

/* Boxes: overlap at least, scores at most apart. */
#define MATCH_IOU 0.97
#define MATCH_SCORE 0.01
/* So many boxes in a hundred may be past that.  With generated weights single places
 * amplify any rounding: in PyTorch, rounding nothing but the operands of the pyramid's
 * convolutions already moves one box of glip-t/phrases-200x333 to 0.96. */
#define MATCH_PERCENT_MOVED 2
/* Above it, one box of a label suppresses the other; every configuration here has it. */
#define NMS_IOU 0.6

static const char *suite, *vocabulary, *folder;

static void
must (gboolean ok, GError *error)
{
  if (!ok)
    g_error ("%s", error->message);
}

/* Boxes of GlipBox in the resized picture, best first: every one that has a score, and
 * those that suppression keeps. */
typedef struct {
  GArray *all, *kept;
} Boxes;

static void
boxes_clear (Boxes *boxes)
{
  g_array_unref (boxes->all);
  g_array_unref (boxes->kept);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Boxes, boxes_clear)

/* (transfer full) */
static Boxes
find_boxes (const GlipStoredRun *run, GlipGolden *golden, GlipKernels kernels,
    GlipPrecision precision)
{
  GError *error = NULL;
  GlipEngine *engine = glip_stored_run_open (run, kernels, precision);
  const GlipImage image = glip_stored_run_picture (golden);
  const GlipDetectOptions options = glip_stored_run_options (golden);
  GlipPrompt *prompt = glip_stored_run_prompt (engine, golden);
  const GlipPass *pass = g_ptr_array_index (prompt->text->passes, 0);
  Boxes boxes = { g_array_new (FALSE, FALSE, sizeof (GlipBox)),
    g_array_new (FALSE, FALSE, sizeof (GlipBox)) };
  GlipJob job;
  must (glip_job_start (&job, engine, engine->plans, &image, prompt, &options, &error) &&
          glip_job_run_pass (&job, engine, engine->plans, 0, boxes.kept, &error),
      error);
  g_assert_cmpuint (boxes.kept->len, >, 0);

  GlipHeadPlan *head = glip_plans_get_head (engine->plans, job.plan,
      glip_plans_round_tokens ((uint32_t) MAX (pass->n_tokens, pass->n_labels)), &error);
  must (head != NULL, error);
  job.options.nms_threshold = 1;
  job.options.max_detections = G_MAXINT;
  glip_job_decode (&job, head, boxes.all);
  glip_prompt_unref (prompt);
  glip_stored_run_close (engine);
  return boxes;
}

static const GlipBox *
box_at (const GArray *boxes, guint i)
{
  return &g_array_index (boxes, GlipBox, i);
}

/* The box of the same place and label, or NULL. */
static const GlipBox *
find_same (const GArray *boxes, const GlipBox *wanted)
{
  for (guint i = 0; i < boxes->len; i++) {
    const GlipBox *box = box_at (boxes, i);
    if (box->position == wanted->position && box->label == wanted->label)
      return box;
  }
  return NULL;
}

/* Every box that is kept in `a` stands, nearly the same, in the same place of `b`,
 * suppressed there or not. */
static void
compare_places (const GArray *kept_a, const GArray *all_b)
{
  double worst_score = 0, worst_overlap = 1;
  guint moved = 0;
  for (guint i = 0; i < kept_a->len; i++) {
    const GlipBox *box = box_at (kept_a, i), *same = find_same (all_b, box);
    if (!same)
      g_error ("place %u has no box: label %d, score %g", (guint) box->position,
          (int) box->label, (double) box->score);
    const double score = fabsf (same->score - box->score);
    const double overlap = glip_test_box_overlap (box->box, same->box);
    worst_score = fmax (worst_score, score);
    worst_overlap = fmin (worst_overlap, overlap);
    moved += overlap < MATCH_IOU || score > MATCH_SCORE;
  }
  g_test_message ("%u places: overlap at least %.4f, scores within %.4f; %u past the limits",
      kept_a->len, worst_overlap, worst_score, moved);
  g_assert_cmpuint (100 * moved, <=, kept_a->len * MATCH_PERCENT_MOVED);
}

/* Does `boxes` have one of that label that is as good within the tolerance and suppresses
 * `box`? */
static gboolean
has_rival (const GArray *boxes, const GlipBox *box)
{
  for (guint i = 0; i < boxes->len; i++) {
    const GlipBox *rival = box_at (boxes, i);
    if (rival->label == box->label && rival->score > box->score - 2 * (float) MATCH_SCORE &&
        glip_test_box_overlap (rival->box, box->box) > NMS_IOU * MATCH_IOU)
      return TRUE;
  }
  return FALSE;
}

/* What is kept in `a` is kept in `b`, or lost to a rival, or stands at the end. */
static void
compare_kept (const GArray *a, const GArray *b)
{
  guint same = 0, rivals = 0;
  const float lowest = fmaxf (box_at (a, a->len - 1)->score, box_at (b, b->len - 1)->score);
  for (guint i = 0; i < a->len; i++) {
    const GlipBox *box = box_at (a, i);
    if (find_same (b, box))
      same++;
    else if (has_rival (b, box))
      rivals++;
    else if (box->score > lowest + MATCH_SCORE)
      g_error ("detection %u is gone: label %d, score %g", i, (int) box->label,
          (double) box->score);
  }
  g_test_message ("%u of %u detections kept, %u lost to rivals", same, a->len, rivals);
  g_assert_cmpuint (10 * same, >=, 9 * a->len);
}

static void
test_run (gconstpointer data)
{
  const GlipStoredRun *run = data;
  g_autoptr (GlipGolden) golden = glip_golden_open (run->golden);
  g_auto (Boxes) exact =
      find_boxes (run, golden, GLIP_KERNELS_AUTO, GLIP_PRECISION_FP32);

  static const GlipKernels families[] = { GLIP_KERNELS_TILES, GLIP_KERNELS_MATRIX };
  guint compared = 0;
  for (size_t i = 0; i < G_N_ELEMENTS (families); i++) {
    GlipTuning tuning;
    if (!glip_tuning_choose (&tuning, &check_device ()->abilities, families[i],
            GLIP_PRECISION_FP16, NULL))
      continue;
    g_test_message ("kernels %s", glip_kernels_name (families[i]));
    g_auto (Boxes) half = find_boxes (run, golden, families[i], GLIP_PRECISION_FP16);
    compare_places (exact.kept, half.all);
    compare_places (half.kept, exact.all);
    compare_kept (exact.kept, half.kept);
    compare_kept (half.kept, exact.kept);
    compared++;
  }
  if (!compared)
    g_test_skip ("the device has no float16");
}

static void
add_run (const GlipStoredRun *run)
{
  g_autofree char *path = g_strconcat ("/precision/", run->golden, NULL);
  g_test_add_data_func (path, run, test_run);
}

static void
add_tests (void)
{
  glip_stored_runs_start (suite, vocabulary, folder, add_run);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (argc != 4)
    g_error ("usage: test-precision SUITE VOCABULARY FOLDER");
  suite = argv[1];
  vocabulary = argv[2];
  folder = argv[3];
  int status = check_main (add_tests);
  glip_stored_runs_end ();
  return status;
}
