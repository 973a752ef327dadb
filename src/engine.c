/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The public objects: an engine puts a model on a device, a prompt is encoded once,
 * a detection fills buffers, submits what was recorded and decodes the candidates
 * that come back.
 */
#include "engine.h"

#include <math.h>

#include "model/postprocess.h"
#include "ops/image_format.h"

/* ----------------------------------------------------------------- engine */

/* Drivers compile shaders when they are made, some when they first run: run each once,
 * over a picture so small that the time is theirs. */
static gboolean
warm_up (GlipEngine *engine, GError **error)
{
  enum { SIDE = 64, TOKENS = 8 };
  static const uint8_t black[SIDE * SIDE * 3];
  const GlipImage image = { .format = GLIP_FORMAT_RGB, .width = SIDE, .height = SIDE,
    .planes = { black }, .strides = { SIDE * 3 } };
  const GlipDetectOptions options = { .min_size = SIDE, .max_size = SIDE };
  g_autoptr (GlipPlans) plans =
      glip_plans_new (engine->device, engine->pipelines, engine->network, FALSE);
  g_autoptr (GArray) boxes = g_array_new (FALSE, FALSE, sizeof (GlipBox));
  GlipPrompt *prompt = glip_prompt_new_arbitrary (engine, TOKENS);
  GlipJob job;
  gboolean ok = glip_engine_encode (engine, plans, 0, prompt, error) &&
      glip_job_start (&job, engine, plans, &image, prompt, &options, error) &&
      glip_job_run_pass (&job, engine, plans, 0, boxes, error);
  glip_prompt_unref (prompt);
  return ok;
}

GlipEngine *
glip_engine_new (GlipModel *model, const GlipEngineOptions *options, GError **error)
{
  static const GlipEngineOptions defaults = { 0 };
  g_return_val_if_fail (model != NULL, NULL);
  if (!options)
    options = &defaults;

  g_autoptr (GlipEngine) engine = g_new0 (GlipEngine, 1);
  engine->references = 1;
  engine->model = glip_model_ref (model);
  engine->log = (GlipLog){ options->log, options->log_data };
  engine->next_pass = 1;
  g_mutex_init (&engine->lock);
  engine->tokenizer = glip_tokenizer_new (glip_model_get_vocabulary (model), error);
  if (!engine->tokenizer)
    return NULL;
  const GlipDeviceOptions wanted = {
    .wanted = options->device,
    .kernels = options->kernels,
    .precision = options->precision,
    .validation = options->validation,
  };
  engine->device = glip_device_new (&wanted, &engine->log, error);
  if (!engine->device)
    return NULL;
  engine->pipelines = glip_pipelines_new (engine->device, options->cache_dir, error);
  if (!engine->pipelines)
    return NULL;
  engine->network = glip_network_new (engine->device, engine->pipelines, model, error);
  if (!engine->network)
    return NULL;
  engine->plans =
      glip_plans_new (engine->device, engine->pipelines, engine->network, FALSE);
  glip_log (&engine->log, GLIP_LOG_INFO, "%s on %s: %.0f MiB of weights",
      glip_model_get_name (model), engine->device->description,
      (double) glip_network_get_bytes (engine->network) / 1048576.0);
  if (options->warm_up && !warm_up (engine, error))
    return NULL;
  return g_steal_pointer (&engine);
}

GlipEngine *
glip_engine_ref (GlipEngine *engine)
{
  g_atomic_int_inc (&engine->references);
  return engine;
}

void
glip_engine_unref (GlipEngine *engine)
{
  if (!engine || !g_atomic_int_dec_and_test (&engine->references))
    return;
  glip_plans_free (engine->plans);
  glip_network_free (engine->network);
  glip_pipelines_free (engine->pipelines);
  glip_device_free (engine->device);
  glip_tokenizer_free (engine->tokenizer);
  glip_model_unref (engine->model);
  g_mutex_clear (&engine->lock);
  g_free (engine);
}

const char *
glip_engine_get_device (GlipEngine *engine)
{
  g_return_val_if_fail (engine != NULL, NULL);
  return engine->device->description;
}

GlipPrecision
glip_engine_get_precision (GlipEngine *engine)
{
  g_return_val_if_fail (engine != NULL, GLIP_PRECISION_AUTO);
  return engine->device->tuning.half ? GLIP_PRECISION_FP16 : GLIP_PRECISION_FP32;
}

GlipKernels
glip_engine_get_kernels (GlipEngine *engine)
{
  g_return_val_if_fail (engine != NULL, GLIP_KERNELS_AUTO);
  return engine->device->tuning.kernels;
}

/* ----------------------------------------------------------------- prompt */

gboolean
glip_engine_encode (
    GlipEngine *engine, GlipPlans *plans, guint index, GlipPrompt *prompt, GError **error)
{
  const GlipPass *pass = g_ptr_array_index (prompt->text->passes, index);
  /* The head has a column per token and room for as many labels. */
  uint32_t tokens =
      glip_plans_round_tokens ((uint32_t) MAX (pass->n_tokens, pass->n_labels));
  GlipTextPlan *text = glip_plans_get_text (plans, tokens, error);
  if (!text)
    return FALSE;
  glip_text_plan_fill (text, pass, glip_tokenizer_get_pad (engine->tokenizer));
  if (!glip_plan_run (&text->plan, 1, error))
    return FALSE;
  g_free (prompt->hidden[index]);
  prompt->hidden[index] = g_memdup2 (text->output->map, text->output->size);
  return TRUE;
}

/* Encode a parsed text (consumed; NULL when parsing failed). */
static GlipPrompt *
encode (GlipEngine *engine, GlipText *text, GError **error)
{
  if (!text)
    return NULL;
  g_autoptr (GlipPrompt) prompt = g_new0 (GlipPrompt, 1);
  prompt->references = 1;
  prompt->engine = glip_engine_ref (engine);
  prompt->text = text;
  prompt->hidden = g_new0 (float *, text->passes->len);
  g_mutex_lock (&engine->lock);
  prompt->first_number = engine->next_pass;
  engine->next_pass += text->passes->len;
  gboolean ok = TRUE;
  for (guint i = 0; i < text->passes->len && ok; i++)
    ok = glip_engine_encode (engine, engine->plans, i, prompt, error);
  g_mutex_unlock (&engine->lock);
  return ok ? g_steal_pointer (&prompt) : NULL;
}

GlipPrompt *
glip_prompt_new_arbitrary (GlipEngine *engine, int n_tokens)
{
  GlipText *text = glip_text_new ("arbitrary");
  GlipPass *pass = g_new0 (GlipPass, 1);
  pass->n_tokens = n_tokens;
  pass->ids = g_new (int, n_tokens);
  pass->n_labels = MIN (n_tokens / 2, GLIP_MAX_PASS_LABELS);
  pass->labels = g_new0 (int, pass->n_labels + 1);
  pass->label_offsets = g_new0 (int, pass->n_labels + 1);
  pass->label_tokens = g_new0 (int, pass->n_labels + 1);
  for (int i = 0; i < n_tokens; i++)
    pass->ids[i] = (i * 7919 + 11) % glip_model_get_config (engine->model)->vocab;
  for (int i = 0; i < pass->n_labels; i++) {
    pass->labels[i] = i;
    pass->label_offsets[i + 1] = i + 1;
    pass->label_tokens[i] = 2 * i + 1;
  }
  g_ptr_array_add (text->passes, pass);
  GlipPrompt *prompt = g_new0 (GlipPrompt, 1);
  prompt->references = 1;
  prompt->engine = glip_engine_ref (engine);
  prompt->text = text;
  prompt->hidden = g_new0 (float *, 1);
  prompt->first_number = engine->next_pass++;
  return prompt;
}

static int
token_limit (GlipEngine *engine)
{
  return glip_model_get_config (engine->model)->max_len;
}

GlipPrompt *
glip_prompt_new (GlipEngine *engine, const char *text, GError **error)
{
  g_return_val_if_fail (engine != NULL && text != NULL, NULL);
  return encode (
      engine, glip_text_parse (engine->tokenizer, token_limit (engine), text, error), error);
}

GlipPrompt *
glip_prompt_new_from_names (GlipEngine *engine, const char *const *names, size_t n_names,
    GlipListStyle style, GError **error)
{
  g_return_val_if_fail (engine != NULL && (names != NULL || n_names == 0), NULL);
  return encode (engine,
      glip_text_from_names (
          engine->tokenizer, token_limit (engine), names, n_names, style, error),
      error);
}

GlipPrompt *
glip_prompt_new_from_spans (GlipEngine *engine, const char *caption, const GlipSpan *spans,
    size_t n_spans, GError **error)
{
  g_return_val_if_fail (engine != NULL && caption != NULL, NULL);
  g_return_val_if_fail (spans != NULL || n_spans == 0, NULL);
  return encode (engine,
      glip_text_from_spans (
          engine->tokenizer, token_limit (engine), caption, spans, n_spans, error),
      error);
}

GlipPrompt *
glip_prompt_ref (GlipPrompt *prompt)
{
  g_atomic_int_inc (&prompt->references);
  return prompt;
}

void
glip_prompt_unref (GlipPrompt *prompt)
{
  if (!prompt || !g_atomic_int_dec_and_test (&prompt->references))
    return;
  for (guint i = 0; i < prompt->text->passes->len; i++)
    g_free (prompt->hidden[i]);
  g_free (prompt->hidden);
  glip_text_free (prompt->text);
  glip_engine_unref (prompt->engine);
  g_free (prompt);
}

const char *
glip_prompt_get_text (GlipPrompt *prompt)
{
  g_return_val_if_fail (prompt != NULL, NULL);
  return prompt->text->text;
}

size_t
glip_prompt_get_n_labels (GlipPrompt *prompt)
{
  g_return_val_if_fail (prompt != NULL, 0);
  return prompt->text->labels->len;
}

const char *
glip_prompt_get_phrase (GlipPrompt *prompt, int label)
{
  g_return_val_if_fail (prompt != NULL, NULL);
  g_return_val_if_fail (label >= 1 && (guint) label <= prompt->text->labels->len, NULL);
  return ((GlipLabel *) g_ptr_array_index (prompt->text->labels, (guint) label - 1))->phrase;
}

size_t
glip_prompt_get_n_tokens (GlipPrompt *prompt)
{
  g_return_val_if_fail (prompt != NULL, 0);
  size_t n = 0;
  for (guint i = 0; i < prompt->text->passes->len; i++)
    n += (size_t) ((GlipPass *) g_ptr_array_index (prompt->text->passes, i))->n_tokens;
  return n;
}

size_t
glip_prompt_get_n_passes (GlipPrompt *prompt)
{
  g_return_val_if_fail (prompt != NULL, 0);
  return prompt->text->passes->len;
}

/* ----------------------------------------------------------------- result */

struct _GlipResult {
  int references; /* atomic */
  GlipPrompt *prompt; /* owns the phrases */
  GArray *detections;
};

GlipResult *
glip_result_new (GlipPrompt *prompt)
{
  GlipResult *result = g_new0 (GlipResult, 1);
  result->references = 1;
  result->prompt = glip_prompt_ref (prompt);
  result->detections = g_array_new (FALSE, FALSE, sizeof (GlipDetection));
  return result;
}

GlipResult *
glip_result_ref (GlipResult *result)
{
  g_atomic_int_inc (&result->references);
  return result;
}

void
glip_result_unref (GlipResult *result)
{
  if (!result || !g_atomic_int_dec_and_test (&result->references))
    return;
  g_array_unref (result->detections);
  glip_prompt_unref (result->prompt);
  g_free (result);
}

size_t
glip_result_get_count (GlipResult *result)
{
  g_return_val_if_fail (result != NULL, 0);
  return result->detections->len;
}

const GlipDetection *
glip_result_get_detection (GlipResult *result, size_t index)
{
  g_return_val_if_fail (result != NULL && index < result->detections->len, NULL);
  return &g_array_index (result->detections, GlipDetection, index);
}

static gint
compare_scores (gconstpointer a, gconstpointer b)
{
  float x = ((const GlipDetection *) a)->score, y = ((const GlipDetection *) b)->score;
  return x < y ? 1 : x > y ? -1 : 0;
}

void
glip_result_sort (GlipResult *result)
{
  g_array_sort (result->detections, compare_scores); /* GLib's sort is stable */
}

/* -------------------------------------------------------------- detection */

static GlipDetectOptions
resolve_options (const GlipConfig *config, const GlipDetectOptions *options)
{
  GlipDetectOptions resolved = options ? *options : (GlipDetectOptions){ 0 };
  if (resolved.nms_threshold <= 0)
    resolved.nms_threshold = (float) config->nms_thresh;
  if (resolved.max_detections <= 0)
    resolved.max_detections = config->detections;
  if (resolved.min_size <= 0)
    resolved.min_size = config->min_size;
  if (resolved.max_size <= 0)
    resolved.max_size =
        (int) lround ((double) config->max_size * resolved.min_size / config->min_size);
  return resolved;
}

static int
round_up (int value, int step)
{
  return (value + step - 1) / step * step;
}

gboolean
glip_job_start (GlipJob *job, GlipEngine *engine, GlipPlans *plans, const GlipImage *image,
    GlipPrompt *prompt, const GlipDetectOptions *options, GError **error)
{
  const GlipConfig *config = glip_model_get_config (engine->model);
  if (!glip_image_check (image, error))
    return FALSE;
  *job = (GlipJob){ .image = image, .prompt = prompt };
  job->options = resolve_options (config, options);
  if (job->options.min_size > GLIP_MAX_INPUT || job->options.max_size > GLIP_MAX_INPUT) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_UNSUPPORTED,
        "the input size %d (long side %d) is above %d pixels: choose a smaller one",
        job->options.min_size, job->options.max_size, GLIP_MAX_INPUT);
    return FALSE;
  }
  glip_resize_target (glip_image_display_width (image), image->height,
      job->options.min_size, job->options.max_size, &job->width, &job->height);
  GlipPreprocessKey key = {
    .format = image->format,
    .width = image->width,
    .height = image->height,
    .matrix = image->matrix,
    .full_range = image->full_range,
    .resize = job->options.resize,
    .target_width = job->width,
    .target_height = job->height,
    .padded_width = round_up (job->width, config->divisible),
    .padded_height = round_up (job->height, config->divisible),
  };
  for (int i = 0; i < 3; i++) {
    key.mean[i] = (float) config->pixel_mean[i];
    key.std[i] = (float) config->pixel_std[i];
  }
  job->plan = glip_plans_get_image (plans, key.padded_width, key.padded_height, error);
  if (!job->plan)
    return FALSE;
  GlipPreprocess *preprocess = glip_plans_get_preprocess (plans, job->plan, &key, error);
  if (!preprocess)
    return FALSE;
  job->preprocess = glip_preprocess_begin (preprocess, image, error);
  return job->preprocess != NULL;
}

void
glip_job_decode (const GlipJob *job, const GlipHeadPlan *head, GArray *boxes)
{
  const GlipNetwork *network = job->prompt->engine->network;
  const GlipConfig *config = network->config;
  const float *scale = network->head.box_scale;
  uint32_t top_n = (uint32_t) config->pre_nms_top_n;
  g_autofree GlipTopEntry *entries = g_new (GlipTopEntry, SCORE_LEVELS * (size_t) top_n);
  size_t n = glip_top_k_read (head->output->map, top_n, entries);
  g_autofree GlipCandidate *candidates = g_new (GlipCandidate, n + 1);
  for (size_t i = 0; i < n; i++) {
    candidates[i] = (GlipCandidate){
      .level = entries[i].level,
      .position = entries[i].position,
      .label = entries[i].label,
      .score = entries[i].score,
    };
    uint32_t level = MIN (entries[i].level, GLIP_N_LEVELS - 1); /* whatever a device wrote */
    for (int j = 0; j < 4; j++)
      candidates[i].delta[j] = entries[i].delta[j] * scale[level];
  }
  GlipPostprocess geometry = {
    .width = job->width,
    .height = job->height,
    .nms_threshold = job->options.nms_threshold,
    .max_detections = job->options.max_detections,
  };
  for (uint32_t i = 0; i < GLIP_N_LEVELS; i++) {
    uint32_t first_row;
    GlipTensor level = glip_pyramid_level_shape (job->plan->features, i, &first_row);
    geometry.level_width[i] = (int) level.width;
    geometry.level_height[i] = (int) level.height;
  }
  g_autoptr (GArray) found = glip_postprocess (config, &geometry, candidates, n);
  g_array_append_vals (boxes, found->data, found->len);
}

gboolean
glip_job_run_pass (
    GlipJob *job, GlipEngine *engine, GlipPlans *plans, guint index, GArray *boxes, GError **error)
{
  const GlipConfig *config = glip_model_get_config (engine->model);
  const GlipPass *pass = g_ptr_array_index (job->prompt->text->passes, index);
  uint32_t tokens =
      glip_plans_round_tokens ((uint32_t) MAX (pass->n_tokens, pass->n_labels));
  GlipHeadPlan *head = glip_plans_get_head (plans, job->plan, tokens, error);
  if (!head)
    return FALSE;
  guint64 number = job->prompt->first_number + index;
  if (head->filled_with != number) {
    glip_head_plan_fill (
        head, pass, job->prompt->hidden[index], (uint32_t) config->bert_hidden);
    head->filled_with = number;
  }
  GlipPlan *chain[3];
  guint n = 0;
  if (index == 0) { /* all passes look at the same features */
    chain[n++] = job->preprocess;
    chain[n++] = job->plan->plan;
  }
  chain[n++] = head->plan;
  if (!glip_plan_run (chain, n, error))
    return FALSE;
  glip_job_decode (job, head, boxes);
  return TRUE;
}

void
glip_job_report (const GlipJob *job, GArray *boxes, guint index, GlipResult *result)
{
  const GlipText *text = job->prompt->text;
  const GlipPass *pass = g_ptr_array_index (text->passes, index);
  float scale_x = (float) job->image->width / (float) job->width;
  float scale_y = (float) job->image->height / (float) job->height;
  for (guint i = 0; i < boxes->len; i++) {
    const GlipBox *box = &g_array_index (boxes, GlipBox, i);
    if (!(box->score > job->options.threshold))
      continue;
    int label = pass->labels[box->label];
    const GlipLabel *words = g_ptr_array_index (text->labels, (guint) label);
    GlipDetection detection = {
      .phrase = words->phrase,
      .span_begin = words->begin,
      .span_end = words->end,
      .label = label + 1,
      .score = box->score,
      .x0 = box->box[0] * scale_x,
      .y0 = box->box[1] * scale_y,
      .x1 = box->box[2] * scale_x,
      .y1 = box->box[3] * scale_y,
    };
    g_array_append_val (result->detections, detection);
  }
}

static gboolean
detect (GlipEngine *engine, const GlipImage *image, GlipPrompt *prompt,
    const GlipDetectOptions *options, GlipResult *result, GError **error)
{
  GlipJob job;
  if (!glip_job_start (&job, engine, engine->plans, image, prompt, options, error))
    return FALSE;
  for (guint i = 0; i < prompt->text->passes->len; i++) {
    g_autoptr (GArray) boxes = g_array_new (FALSE, FALSE, sizeof (GlipBox));
    if (!glip_job_run_pass (&job, engine, engine->plans, i, boxes, error))
      return FALSE;
    glip_job_report (&job, boxes, i, result);
  }
  glip_result_sort (result);
  return TRUE;
}

GlipResult *
glip_engine_detect (GlipEngine *engine, const GlipImage *image, GlipPrompt *prompt,
    const GlipDetectOptions *options, GError **error)
{
  g_return_val_if_fail (engine != NULL && image != NULL && prompt != NULL, NULL);
  g_return_val_if_fail (prompt->engine == engine, NULL);
  g_autoptr (GlipResult) result = glip_result_new (prompt);
  g_mutex_lock (&engine->lock);
  gboolean ok = detect (engine, image, prompt, options, result, error);
  g_mutex_unlock (&engine->lock);
  return ok ? g_steal_pointer (&result) : NULL;
}
