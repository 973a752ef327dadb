/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * A detection with every intermediate tensor written to a file, under the names and in
 * the layout of the PyTorch reference.  Plans are recorded anew with taps; the tensors
 * of a second and further pass carry the prefix "pass2." and so on.
 */
#include "engine.h"
#include "model/postprocess.h"

#include <string.h>

/* A tensor to be written. */
typedef struct {
  char *name;
  GlipDType dtype;
  int n_dims;
  int64_t dims[4];
  void *data;
  size_t bytes;
} Item;

static void
free_item (gpointer data)
{
  Item *item = data;
  g_free (item->name);
  g_free (item->data);
  g_free (item);
}

/* Where the tensors of a pass go. */
typedef struct {
  GPtrArray *items; /* of Item */
  char prefix[16];
} Collector;

static void
collect (Collector *collector, const char *name, GlipDType dtype, int n_dims,
    const int64_t *dims, void *data)
{
  Item *item = g_new0 (Item, 1);
  item->name = g_strconcat (collector->prefix, name, NULL);
  item->dtype = dtype;
  item->n_dims = n_dims;
  item->data = data;
  item->bytes = dtype == GLIP_DTYPE_I64 ? 8 : 4;
  for (int i = 0; i < n_dims; i++) {
    item->dims[i] = dims[i];
    item->bytes *= (size_t) dims[i];
  }
  g_ptr_array_add (collector->items, item);
}

static gboolean
collect_taps (Collector *collector, GlipTrace *trace, GlipPlan *plan, GError **error)
{
  for (guint i = 0; i < trace->taps->len; i++) {
    const GlipTap *tap = &g_array_index (trace->taps, GlipTap, i);
    int64_t dims[4];
    int n_dims = glip_tap_dims (tap, dims);
    float *values = glip_tap_read (tap, plan, error);
    if (!values)
      return FALSE;
    collect (collector, tap->name, GLIP_DTYPE_F32, n_dims, dims, values);
  }
  return TRUE;
}

static gboolean
collect_label_scores (Collector *collector, const GlipImagePlan *image, GlipHeadPlan *head,
    int n_labels, GError **error)
{
  for (uint32_t i = 0; i < GLIP_N_LEVELS; i++) {
    GlipTap tap = { .layout = GLIP_TAP_ROWS, .n_columns = (uint32_t) n_labels, .scale = 1 };
    tap.tensor = glip_pyramid_level_shape (image->features, i, &tap.first_row);
    tap.tensor.region = head->label_scores.region;
    tap.tensor.columns = head->label_scores.columns;
    int64_t dims[2] = { tap.tensor.rows, n_labels };
    g_autofree char *name = g_strdup_printf ("post.label_scores.p%u", i + 3);
    float *values = glip_tap_read (&tap, head->plan, error);
    if (!values)
      return FALSE;
    collect (collector, name, GLIP_DTYPE_F32, 2, dims, values);
  }
  return TRUE;
}

static void
collect_integers (Collector *collector, const char *name, int64_t first, int64_t second, int n)
{
  int64_t *values = g_new (int64_t, 2);
  values[0] = first;
  values[1] = second;
  collect (collector, name, GLIP_DTYPE_I64, 1, (int64_t[]){ n }, values);
}

static void
collect_boxes (Collector *collector, const GlipJob *job, const GArray *boxes)
{
  guint n = boxes->len;
  float *corners = g_new (float, n * 4 + 1), *original = g_new (float, n * 4 + 1);
  float *scores = g_new (float, n + 1);
  int64_t *labels = g_new (int64_t, n + 1), *positions = g_new (int64_t, n + 1);
  float scale[2] = { (float) job->image->width / (float) job->width,
    (float) job->image->height / (float) job->height };
  for (guint i = 0; i < n; i++) {
    const GlipBox *box = &g_array_index (boxes, GlipBox, i);
    for (int j = 0; j < 4; j++) {
      corners[i * 4 + j] = box->box[j];
      original[i * 4 + j] = box->box[j] * scale[j % 2];
    }
    scores[i] = box->score;
    labels[i] = (int64_t) box->label + 1;
    positions[i] = box->position;
  }
  collect (collector, "det.boxes", GLIP_DTYPE_F32, 2, (int64_t[]){ n, 4 }, corners);
  collect (collector, "det.scores", GLIP_DTYPE_F32, 1, (int64_t[]){ n }, scores);
  collect (collector, "det.labels", GLIP_DTYPE_I64, 1, (int64_t[]){ n }, labels);
  collect (collector, "det.positions", GLIP_DTYPE_I64, 1, (int64_t[]){ n }, positions);
  collect (collector, "det.boxes_original", GLIP_DTYPE_F32, 2, (int64_t[]){ n, 4 }, original);
}

static void
collect_tokens (Collector *collector, const GlipPass *pass)
{
  int64_t *ids = g_new (int64_t, pass->n_tokens), *mask = g_new (int64_t, pass->n_tokens);
  for (int i = 0; i < pass->n_tokens; i++) {
    ids[i] = pass->ids[i];
    mask[i] = 1;
  }
  collect (collector, "ids", GLIP_DTYPE_I64, 2, (int64_t[]){ 1, pass->n_tokens }, ids);
  collect (collector, "mask", GLIP_DTYPE_I64, 2, (int64_t[]){ 1, pass->n_tokens }, mask);
}

static gboolean
run_pass (GlipEngine *engine, GlipPlans *plans, GlipJob *job, guint index, GPtrArray *items,
    GlipResult *result, GError **error)
{
  const GlipPass *pass = g_ptr_array_index (job->prompt->text->passes, index);
  Collector collector = { .items = items };
  if (index > 0)
    g_snprintf (collector.prefix, sizeof collector.prefix, "pass%u.", index + 1);
  g_autoptr (GArray) boxes = g_array_new (FALSE, FALSE, sizeof (GlipBox));
  uint32_t tokens =
      glip_plans_round_tokens ((uint32_t) MAX (pass->n_tokens, pass->n_labels));

  collect_tokens (&collector, pass);
  if (!glip_engine_encode (engine, plans, index, job->prompt, error))
    return FALSE;
  GlipTextPlan *text = glip_plans_get_text (plans, tokens, error);
  if (!text || !collect_taps (&collector, text->trace, text->plan, error) ||
      !glip_job_run_pass (job, engine, plans, index, boxes, error))
    return FALSE;
  if (index == 0 && !collect_taps (&collector, job->plan->trace, job->plan->plan, error))
    return FALSE;
  GlipHeadPlan *head = glip_plans_get_head (plans, job->plan, tokens, error);
  if (!head || !collect_taps (&collector, head->trace, head->plan, error) ||
      !collect_label_scores (&collector, job->plan, head, pass->n_labels, error))
    return FALSE;
  const uint32_t *header = head->output->map;
  int64_t candidates = 0;
  for (int i = 0; i < GLIP_N_LEVELS; i++)
    candidates += header[TOP_K_KEPT + i];
  collect_integers (&collector, "post.candidates", candidates, 0, 1);
  collect_boxes (&collector, job, boxes);
  glip_job_report (job, boxes, index, result);
  return TRUE;
}

static gboolean
write_items (GlipEngine *engine, GPtrArray *items, const char *path, GError **error)
{
  g_autoptr (GlipSafetensorsWriter) writer = glip_safetensors_writer_new (path);
  g_autoptr (GString) order = g_string_new ("[");
  for (guint i = 0; i < items->len; i++) {
    const Item *item = g_ptr_array_index (items, i);
    glip_safetensors_writer_declare (
        writer, item->name, item->dtype, item->n_dims, item->dims);
    g_string_append_printf (order, "%s\"%s\"", i ? "," : "", item->name);
  }
  g_string_append_c (order, ']');
  g_autofree char *config = glip_config_to_json (glip_model_get_config (engine->model));
  glip_safetensors_writer_set_metadata (writer, "glip.config", config);
  glip_safetensors_writer_set_metadata (writer, "tap_order", order->str);
  glip_safetensors_writer_set_metadata (writer, "device", engine->device->description);
  for (guint i = 0; i < items->len; i++) {
    const Item *item = g_ptr_array_index (items, i);
    if (!glip_safetensors_writer_append (writer, item->data, item->bytes, error))
      return FALSE;
  }
  return glip_safetensors_writer_finish (writer, error);
}

static gboolean
detect_traced (GlipEngine *engine, const GlipImage *image, GlipPrompt *prompt,
    const GlipDetectOptions *options, GPtrArray *items, GlipResult *result, GError **error)
{
  g_autoptr (GlipPlans) plans =
      glip_plans_new (engine->device, engine->pipelines, engine->network, TRUE);
  GlipJob job;
  if (!glip_job_start (&job, engine, plans, image, prompt, options, error))
    return FALSE;
  Collector collector = { .items = items };
  collect_integers (&collector, "size", job.height, job.width, 2);
  for (guint i = 0; i < prompt->text->passes->len; i++)
    if (!run_pass (engine, plans, &job, i, items, result, error))
      return FALSE;
  glip_result_sort (result);
  return TRUE;
}

GlipResult *
glip_engine_detect_traced (GlipEngine *engine, const GlipImage *image, GlipPrompt *prompt,
    const GlipDetectOptions *options, const char *trace_path, GError **error)
{
  g_return_val_if_fail (prompt->engine == engine, NULL);
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (free_item);
  g_autoptr (GlipResult) result = glip_result_new (prompt);
  g_mutex_lock (&engine->lock);
  gboolean ok = detect_traced (engine, image, prompt, options, items, result, error);
  g_mutex_unlock (&engine->lock);
  if (!ok || !write_items (engine, items, trace_path, error))
    return NULL;
  return g_steal_pointer (&result);
}
