/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * From a file to boxes: decodes the bundled clip, detects in thirteen of its frames,
 * and compares with what the PyTorch reference found in the same pixels with the
 * bundled weights (tests/golden/clip/reference.json).  Then average precision against
 * the clip's truth, whose bar is what the reference itself scores.
 *
 * A decoder or converter of another version may give other pixels; the reference's
 * checksum tells.  Such a frame counts for the precision only, and is mentioned.
 */
#include <gst/app/gstappsink.h>
#include <gst/video/video.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <stdlib.h>

enum { WIDTH = 480, HEIGHT = 360 };

#define IOU_TOLERANCE 0.99
#define SCORE_TOLERANCE 1e-3
/* Scores this near to the threshold may fall on either side of it. */
#define THRESHOLD_MARGIN 2e-3
/* Below the reference's own average precision. */
#define PRECISION_MARGIN 0.01

typedef struct {
  int label; /* from 1 */
  double score;
  double box[4]; /* inclusive corners, pixels */
} Box;

typedef struct {
  guint number; /* in the clip */
  const char *sha256;
  GArray *wanted, *found, *truth; /* of Box */
  gboolean same_pixels;
} Frame;

static JsonNode *reference_root, *truth_root;
static JsonObject *reference, *truth;
static GPtrArray *frames; /* of Frame */
static gboolean no_device;

static void
free_frame (gpointer data)
{
  Frame *frame = data;
  g_array_unref (frame->wanted);
  g_array_unref (frame->found);
  g_array_unref (frame->truth);
  g_free (frame);
}

static double
overlap (const double *a, const double *b)
{
  const double w = MIN (a[2], b[2]) - MAX (a[0], b[0]) + 1;
  const double h = MIN (a[3], b[3]) - MAX (a[1], b[1]) + 1;
  if (w <= 0 || h <= 0)
    return 0;
  const double area_a = (a[2] - a[0] + 1) * (a[3] - a[1] + 1);
  const double area_b = (b[2] - b[0] + 1) * (b[3] - b[1] + 1);
  return w * h / (area_a + area_b - w * h);
}

/* ------------------------------------------------------------ stored files */

static JsonNode *
read_json (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  return json_parser_steal_root (parser);
}

static void
read_corners (JsonArray *array, double *box)
{
  for (guint i = 0; i < 4; i++)
    box[i] = json_array_get_double_element (array, i);
}

static int
find_phrase (const char *phrase)
{
  JsonArray *phrases = json_object_get_array_member (reference, "phrases");
  for (guint i = 0; i < json_array_get_length (phrases); i++)
    if (g_str_equal (phrase, json_array_get_string_element (phrases, i)))
      return (int) i + 1;
  return 0;
}

/* What is in a frame, an entry for every phrase of every object. */
static void
read_truth (Frame *frame)
{
  JsonArray *objects = json_array_get_array_element (
      json_object_get_array_member (truth, "frames"), frame->number);
  for (guint i = 0; i < json_array_get_length (objects); i++) {
    JsonObject *object = json_array_get_object_element (objects, i);
    JsonArray *phrases = json_object_get_array_member (object, "phrases");
    for (guint k = 0; k < json_array_get_length (phrases); k++) {
      Box box = { .label = find_phrase (json_array_get_string_element (phrases, k)) };
      read_corners (json_object_get_array_member (object, "box"), box.box);
      g_assert_cmpint (box.label, >, 0);
      g_array_append_val (frame->truth, box);
    }
  }
}

static void
read_reference (void)
{
  reference_root = read_json (GLIP_GOLDEN "/clip/reference.json");
  truth_root = read_json (GLIP_MEDIA "/demo.json");
  reference = json_node_get_object (reference_root);
  truth = json_node_get_object (truth_root);
  frames = g_ptr_array_new_with_free_func (free_frame);
  JsonArray *stored = json_object_get_array_member (reference, "frames");
  for (guint i = 0; i < json_array_get_length (stored); i++) {
    JsonObject *object = json_array_get_object_element (stored, i);
    JsonArray *detections = json_object_get_array_member (object, "detections");
    Frame *frame = g_new0 (Frame, 1);
    frame->number = (guint) json_object_get_int_member (object, "frame");
    frame->sha256 = json_object_get_string_member (object, "sha256");
    frame->wanted = g_array_new (FALSE, FALSE, sizeof (Box));
    frame->found = g_array_new (FALSE, FALSE, sizeof (Box));
    frame->truth = g_array_new (FALSE, FALSE, sizeof (Box));
    for (guint k = 0; k < json_array_get_length (detections); k++) {
      JsonArray *row = json_array_get_array_element (detections, k);
      Box box = { .label = (int) json_array_get_int_element (row, 0),
        .score = json_array_get_double_element (row, 1) };
      read_corners (json_array_get_array_element (row, 2), box.box);
      g_array_append_val (frame->wanted, box);
    }
    read_truth (frame);
    g_ptr_array_add (frames, frame);
  }
  g_assert_cmpuint (frames->len, >=, 12);
}

/* --------------------------------------------------------------- detecting */

static GstPadProbeReturn
drop_others (GstPad *pad G_GNUC_UNUSED, GstPadProbeInfo *info G_GNUC_UNUSED, gpointer data)
{
  guint *n_seen = data;
  const guint every = (guint) json_object_get_int_member (reference, "every");
  return (*n_seen)++ % every == 0 ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

static void
take_detections (GstBuffer *buffer, Frame *frame)
{
  GstCustomMeta *meta = gst_buffer_get_custom_meta (buffer, "GlipDetections");
  g_assert_nonnull (meta);
  const GValue *objects =
      gst_structure_get_value (gst_custom_meta_get_structure (meta), "objects");
  for (guint i = 0; i < gst_value_array_get_size (objects); i++) {
    const GstStructure *object =
        gst_value_get_structure (gst_value_array_get_value (objects, i));
    double x, y, w, h;
    Box box;
    g_assert_true (gst_structure_get (object, "phrase-index", G_TYPE_INT, &box.label,
        "confidence", G_TYPE_DOUBLE, &box.score, "x", G_TYPE_DOUBLE, &x, "y", G_TYPE_DOUBLE, &y,
        "w", G_TYPE_DOUBLE, &w, "h", G_TYPE_DOUBLE, &h, NULL));
    box.label++;
    box.box[0] = x * WIDTH;
    box.box[1] = y * HEIGHT;
    box.box[2] = (x + w) * WIDTH - 1;
    box.box[3] = (y + h) * HEIGHT - 1;
    g_array_append_val (frame->found, box);
  }
}

static gboolean
compare_pixels (GstBuffer *buffer, const char *sha256)
{
  GstMapInfo map;
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_assert_cmpuint (map.size, ==, WIDTH * HEIGHT * 3);
  g_autofree char *sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  return g_str_equal (sum, sha256);
}

/* The phrases as one would type them.  (transfer full) */
static char *
make_prompt (void)
{
  JsonArray *phrases = json_object_get_array_member (reference, "phrases");
  g_autoptr (GString) prompt = g_string_new (NULL);
  for (guint i = 0; i < json_array_get_length (phrases); i++)
    g_string_append_printf (
        prompt, "%s%s", i > 0 ? " . " : "", json_array_get_string_element (phrases, i));
  return g_string_free (g_steal_pointer (&prompt), FALSE);
}

/* FALSE: there is no Vulkan device.  Every other error ends the test. */
static gboolean
check_bus (GstElement *pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  if (!message)
    return TRUE;
  g_autoptr (GError) error = NULL;
  gst_message_parse_error (message, &error, NULL);
  if (g_strcmp0 (g_getenv ("GLIP_REQUIRE_GPU"), "1") == 0 ||
      !g_error_matches (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND) ||
      !g_str_has_prefix (error->message, "device="))
    g_assert_no_error (error);
  g_test_message ("%s", error->message);
  return FALSE;
}

static void
detect (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (
      "filesrc location=\"" GLIP_MEDIA "/demo.webm\" ! decodebin ! identity name=pick"
      " ! videoconvert ! video/x-raw,format=RGB ! glipdetect name=detect threshold=0.05"
      " ! appsink name=frames sync=false max-buffers=2", &error);
  g_assert_no_error (error);
  g_autofree char *prompt = make_prompt ();
  g_autoptr (GstElement) element = gst_bin_get_by_name (GST_BIN (pipeline), "detect");
  g_autoptr (GstElement) pick = gst_bin_get_by_name (GST_BIN (pipeline), "pick");
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), "frames");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (pick, "src");
  guint n_seen = 0, n_taken = 0;
  g_object_set (element, "prompt", prompt, NULL);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, drop_others, &n_seen, NULL);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (;;) {
    g_autoptr (GstSample) sample = gst_app_sink_pull_sample (GST_APP_SINK (sink));
    if (!sample)
      break;
    g_assert_cmpuint (n_taken, <, frames->len);
    Frame *frame = g_ptr_array_index (frames, n_taken++);
    GstBuffer *buffer = gst_sample_get_buffer (sample);
    frame->same_pixels = compare_pixels (buffer, frame->sha256);
    take_detections (buffer, frame);
  }
  no_device = !check_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  if (!no_device)
    g_assert_cmpuint (n_taken, ==, frames->len);
}

/* --------------------------------------------------------------- comparing */

/* Every box of `from` well above the threshold has a partner of its own in `to`. */
static void
match_boxes (guint number, GArray *from, GArray *to, const char *which)
{
  const double floor = json_object_get_double_member (reference, "threshold") + THRESHOLD_MARGIN;
  g_autofree gboolean *used = g_new0 (gboolean, to->len + 1);
  for (guint i = 0; i < from->len; i++) {
    const Box *box = &g_array_index (from, Box, i);
    guint best = to->len;
    double best_overlap = 0;
    if (box->score < floor)
      continue;
    for (guint k = 0; k < to->len; k++) {
      const Box *other = &g_array_index (to, Box, k);
      const double iou = overlap (box->box, other->box);
      if (!used[k] && other->label == box->label && iou > best_overlap) {
        best = k;
        best_overlap = iou;
      }
    }
    if (best == to->len || best_overlap < IOU_TOLERANCE ||
        !(fabs (g_array_index (to, Box, best).score - box->score) <= SCORE_TOLERANCE))
      g_error ("frame %u, %s: label %d with score %f at %g,%g %g,%g has no partner "
               "(best overlap %f)", number, which, box->label, box->score, box->box[0],
          box->box[1], box->box[2], box->box[3], best_overlap);
    used[best] = TRUE;
  }
}

static void
test_boxes (void)
{
  if (no_device) {
    g_test_skip ("no Vulkan device");
    return;
  }
  guint n_compared = 0, n_boxes = 0;
  for (guint i = 0; i < frames->len; i++) {
    const Frame *frame = g_ptr_array_index (frames, i);
    if (!frame->same_pixels) {
      g_test_message ("frame %u: decoded to other pixels", frame->number);
      continue;
    }
    match_boxes (frame->number, frame->wanted, frame->found, "the reference's");
    match_boxes (frame->number, frame->found, frame->wanted, "found");
    n_compared++;
    n_boxes += frame->wanted->len;
  }
  g_test_message ("%u boxes in %u frames", n_boxes, n_compared);
  if (n_compared == 0)
    g_test_skip ("this GStreamer's RGB differs in every frame");
}

typedef struct {
  double score;
  gboolean hit;
} Row;

static int
compare_rows (const void *a, const void *b)
{
  const double x = ((const Row *) a)->score, y = ((const Row *) b)->score;
  return x < y ? 1 : x > y ? -1 : 0;
}

/* Best first, every detection takes the best free true box of its label. */
static void
judge_frame (const Frame *frame, double limit, GArray *rows)
{
  g_autofree gboolean *used = g_new0 (gboolean, frame->truth->len + 1);
  for (guint i = 0; i < frame->found->len; i++) {
    const Box *box = &g_array_index (frame->found, Box, i);
    guint best = 0;
    double best_overlap = 0;
    for (guint k = 0; k < frame->truth->len; k++) {
      const Box *other = &g_array_index (frame->truth, Box, k);
      const double iou = overlap (box->box, other->box);
      if (!used[k] && other->label == box->label && iou > best_overlap) {
        best = k;
        best_overlap = iou;
      }
    }
    const Row row = { box->score, best_overlap >= limit };
    used[best] |= row.hit;
    g_array_append_val (rows, row);
  }
}

/* Over all labels together, 101 recall points. */
static double
get_average_precision (double limit)
{
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (Row));
  guint n_true = 0;
  for (guint i = 0; i < frames->len; i++) {
    const Frame *frame = g_ptr_array_index (frames, i);
    judge_frame (frame, limit, rows);
    n_true += frame->truth->len;
  }
  g_array_sort (rows, compare_rows);
  double best[101] = { 0 }, sum = 0; /* precision at a recall of i % or more */
  guint hits = 0;
  for (guint i = 0; i < rows->len; i++) {
    hits += g_array_index (rows, Row, i).hit ? 1 : 0;
    const double precision = (double) hits / (i + 1);
    for (guint r = 0; r <= 100 && r * n_true <= 100 * hits; r++)
      best[r] = MAX (best[r], precision);
  }
  for (guint r = 0; r <= 100; r++)
    sum += best[r];
  return sum / 101;
}

static void
test_precision (void)
{
  if (no_device) {
    g_test_skip ("no Vulkan device");
    return;
  }
  const double ap50 = get_average_precision (0.5);
  double ap = 0;
  for (int i = 0; i < 10; i++)
    ap += get_average_precision (0.5 + 0.05 * i) / 10;
  const double wanted50 = json_object_get_double_member (reference, "ap50");
  const double wanted = json_object_get_double_member (reference, "ap");
  g_test_message ("AP50 %.4f (reference %.4f), AP %.4f (reference %.4f)",
      ap50, wanted50, ap, wanted);
  g_assert_cmpfloat (ap50, >=, wanted50 - PRECISION_MARGIN);
  g_assert_cmpfloat (ap, >=, wanted - PRECISION_MARGIN);
  /* Far above it, the computation would be wrong. */
  g_assert_cmpfloat (ap50, <=, wanted50 + 0.1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  read_reference ();
  detect ();
  g_test_add_func ("/clip/boxes", test_boxes);
  g_test_add_func ("/clip/precision", test_precision);
  const int status = g_test_run ();
  g_ptr_array_unref (frames);
  json_node_unref (reference_root);
  json_node_unref (truth_root);
  return status;
}
