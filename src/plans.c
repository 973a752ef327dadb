/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "plans.h"

#include <string.h>

enum {
  MAX_TEXTS = 4,      /* plans kept of each kind */
  MAX_IMAGES = 4,
  MAX_PREPROCESS = 4, /* per image plan */
  MAX_HEADS = 6,
  ALIGNMENT = 256,
};

/* What the head reads besides the features: three blocks of one mapped buffer. */
enum {
  REAL_OFFSET = 0,
  LABELS_OFFSET = ALIGNMENT,
  HIDDEN_OFFSET = LABELS_OFFSET + (LABELS_WORDS * 4 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT,
};

_Static_assert (LABELS_MAX >= GLIP_MAX_PASS_LABELS, "labels of a pass");
_Static_assert (LABELS_MAX_TOKENS >= GLIP_MAX_PASS_LABEL_TOKENS, "tokens of a pass");

struct _GlipPlans {
  GlipDevice *device;
  GlipPipelines *pipelines;
  const GlipNetwork *network;
  gboolean traced;
  GlipArena *arena;
  GPtrArray *texts, *images; /* most recently used last */
};

typedef struct {
  GlipPreprocessKey key;
  GlipPreprocess *preprocess;
} PreprocessEntry;

static void
free_text (gpointer data)
{
  GlipTextPlan *text = data;
  glip_plan_free (text->plan);
  glip_trace_free (text->trace);
  glip_buffer_free (text->input);
  glip_buffer_free (text->output);
  g_free (text);
}

static void
free_head (gpointer data)
{
  GlipHeadPlan *head = data;
  glip_plan_free (head->plan);
  glip_trace_free (head->trace);
  glip_buffer_free (head->input);
  glip_buffer_free (head->output);
  g_free (head);
}

static void
free_preprocess (gpointer data)
{
  PreprocessEntry *entry = data;
  glip_preprocess_free (entry->preprocess);
  g_free (entry);
}

static void
free_image (gpointer data)
{
  GlipImagePlan *image = data;
  g_ptr_array_unref (image->heads);
  g_ptr_array_unref (image->preprocess);
  glip_plan_free (image->plan);
  glip_trace_free (image->trace);
  glip_buffer_free (image->patches);
  g_free (image);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipTextPlan, free_text)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipHeadPlan, free_head)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipImagePlan, free_image)

GlipPlans *
glip_plans_new (GlipDevice *device, GlipPipelines *pipelines, const GlipNetwork *network,
    gboolean traced)
{
  GlipPlans *plans = g_new0 (GlipPlans, 1);
  plans->device = device;
  plans->pipelines = pipelines;
  plans->network = network;
  plans->traced = traced;
  plans->arena = glip_arena_new (device);
  plans->texts = g_ptr_array_new_with_free_func (free_text);
  plans->images = g_ptr_array_new_with_free_func (free_image);
  return plans;
}

void
glip_plans_free (GlipPlans *plans)
{
  if (!plans)
    return;
  g_ptr_array_unref (plans->texts);
  g_ptr_array_unref (plans->images);
  glip_arena_free (plans->arena);
  g_free (plans);
}

uint32_t
glip_plans_round_tokens (uint32_t tokens)
{
  static const uint32_t counts[] = { 8, 16, 24, 32, 48, 64, 96, 128, 192, 256 };
  for (size_t i = 0; i < G_N_ELEMENTS (counts); i++)
    if (tokens <= counts[i])
      return counts[i];
  return (tokens + 63) / 64 * 64;
}

size_t
glip_plans_get_arena_bytes (GlipPlans *plans)
{
  return plans->arena->buffer ? plans->arena->buffer->size : 0;
}

/* Make the entry at `index` the most recently used one. */
static gpointer
touch (GPtrArray *entries, guint index)
{
  gpointer entry = g_ptr_array_steal_index (entries, index);
  g_ptr_array_add (entries, entry);
  return entry;
}

static void
keep_newest (GPtrArray *entries, guint limit)
{
  while (entries->len > limit)
    g_ptr_array_remove_index (entries, 0);
}

static GlipGraph
start (GlipPlans *plans, GlipTrace **trace)
{
  *trace = plans->traced ? glip_trace_new () : NULL;
  return (GlipGraph){
    .recorder = glip_recorder_new (plans->device, plans->pipelines),
    .trace = *trace,
  };
}

/* A transient copy of a mapped buffer, which shaders of a discrete card would read
 * slowly: one column of 32-bit words. */
static GlipTensor
copy_in (GlipGraph *graph, GlipBuffer *input)
{
  uint32_t words = (uint32_t) (input->size / sizeof (uint32_t));
  GlipTensor tensor = glip_tensor_new (graph, 1, words);
  glip_recorder_copy (graph->recorder, glip_tensor_in_buffer (input, 0, 1, words).region,
      tensor.region);
  return tensor;
}

/* The block at a byte offset of that. */
static GlipTensor
take_block (GlipTensor input, size_t offset, uint32_t rows, uint32_t columns)
{
  return glip_tensor_part (input, offset / sizeof (uint32_t), rows, columns);
}

static void
copy_out (GlipGraph *graph, GlipTensor tensor, GlipBuffer *output)
{
  GlipRegion destination = { .buffer = output, .size = tensor.region.size };
  glip_recorder_copy (graph->recorder, tensor.region, destination);
}

/* ------------------------------------------------------------------- text */

static gboolean
record_text (GlipPlans *plans, GlipTextPlan *text, GError **error)
{
  const GlipNetwork *network = plans->network;
  size_t hidden_bytes = text->tokens * (size_t) network->config->bert_hidden * sizeof (float);
  text->input = glip_buffer_new (plans->device, GLIP_MEMORY_UPLOAD,
      ALIGNMENT + text->tokens * sizeof (uint32_t), "token ids", error);
  text->output = text->input ? glip_buffer_new (plans->device, GLIP_MEMORY_READBACK,
                                   hidden_bytes, "encoded text", error)
                             : NULL;
  if (!text->output)
    return FALSE;
  GlipGraph graph = start (plans, &text->trace);
  glip_recorder_set_scope (graph.recorder, "bert");
  GlipTensor input = copy_in (&graph, text->input);
  GlipTensor real = take_block (input, 0, 1, 1);
  GlipTensor ids = take_block (input, ALIGNMENT, 1, text->tokens);
  GlipTensor hidden = glip_bert_forward (&graph, &network->bert, ids, real);
  glip_tap (&graph, GLIP_TAP_ROWS, hidden, "lang.embedded");
  copy_out (&graph, hidden, text->output);
  text->plan = glip_plan_new (graph.recorder, plans->arena, error);
  return text->plan != NULL;
}

GlipTextPlan *
glip_plans_get_text (GlipPlans *plans, uint32_t tokens, GError **error)
{
  for (guint i = 0; i < plans->texts->len; i++)
    if (((GlipTextPlan *) g_ptr_array_index (plans->texts, i))->tokens == tokens)
      return touch (plans->texts, i);
  keep_newest (plans->texts, MAX_TEXTS - 1);
  g_autoptr (GlipTextPlan) text = g_new0 (GlipTextPlan, 1);
  text->tokens = tokens;
  if (!record_text (plans, text, error))
    return NULL;
  g_ptr_array_add (plans->texts, text);
  return g_steal_pointer (&text);
}

void
glip_text_plan_fill (GlipTextPlan *text, const GlipPass *pass, int pad)
{
  uint32_t *real = text->input->map;
  uint32_t *ids = (uint32_t *) ((uint8_t *) text->input->map + ALIGNMENT);
  g_assert ((uint32_t) pass->n_tokens <= text->tokens);
  real[0] = (uint32_t) pass->n_tokens;
  for (uint32_t i = 0; i < text->tokens; i++)
    ids[i] = (uint32_t) (i < (uint32_t) pass->n_tokens ? pass->ids[i] : pad);
}

/* ------------------------------------------------------------------ image */

static gboolean
record_image (GlipPlans *plans, GlipImagePlan *image, GError **error)
{
  const GlipNetwork *network = plans->network;
  uint32_t rows = (uint32_t) (image->height / 4), columns = (uint32_t) (image->width / 4);
  image->patches = glip_buffer_new (plans->device, GLIP_MEMORY_DEVICE,
      (VkDeviceSize) rows * columns * 48 * sizeof (float), "input", error);
  if (!image->patches)
    return FALSE;
  GlipGraph graph = start (plans, &image->trace);
  GlipTensor patches = glip_tensor_as_map (
      glip_tensor_in_buffer (image->patches, 0, rows * columns, 48), rows, columns);
  GlipTensor maps[3];
  glip_tap (&graph, GLIP_TAP_PATCHES, patches, "input");
  glip_swin_forward (&graph, &network->swin, patches, maps);
  image->features = glip_fpn_forward (&graph, &network->fpn, maps);
  glip_recorder_keep (graph.recorder, image->features.region);
  image->plan = glip_plan_new (graph.recorder, plans->arena, error);
  if (!image->plan)
    return FALSE;
  image->features.region = glip_plan_resolve (image->plan, image->features.region);
  return TRUE;
}

GlipImagePlan *
glip_plans_get_image (GlipPlans *plans, int width, int height, GError **error)
{
  for (guint i = 0; i < plans->images->len; i++) {
    const GlipImagePlan *image = g_ptr_array_index (plans->images, i);
    if (image->width == width && image->height == height)
      return touch (plans->images, i);
  }
  keep_newest (plans->images, MAX_IMAGES - 1);
  g_autoptr (GlipImagePlan) image = g_new0 (GlipImagePlan, 1);
  image->width = width;
  image->height = height;
  image->preprocess = g_ptr_array_new_with_free_func (free_preprocess);
  image->heads = g_ptr_array_new_with_free_func (free_head);
  if (!record_image (plans, image, error))
    return NULL;
  g_ptr_array_add (plans->images, image);
  return g_steal_pointer (&image);
}

GlipPreprocess *
glip_plans_get_preprocess (GlipPlans *plans, GlipImagePlan *image, const GlipPreprocessKey *key,
    GError **error)
{
  for (guint i = 0; i < image->preprocess->len; i++) {
    PreprocessEntry *entry = g_ptr_array_index (image->preprocess, i);
    if (glip_preprocess_key_equal (&entry->key, key)) {
      touch (image->preprocess, i);
      return entry->preprocess;
    }
  }
  keep_newest (image->preprocess, MAX_PREPROCESS - 1);
  GlipTensor destination = glip_tensor_in_buffer (
      image->patches, 0, (uint32_t) (image->height / 4 * (image->width / 4)), 48);
  GlipPreprocess *preprocess = glip_preprocess_new (
      plans->device, plans->pipelines, plans->arena, key, destination, error);
  if (!preprocess)
    return NULL;
  PreprocessEntry *entry = g_new (PreprocessEntry, 1);
  *entry = (PreprocessEntry){ *key, preprocess };
  g_ptr_array_add (image->preprocess, entry);
  return preprocess;
}

/* ------------------------------------------------------------------- head */

/* Scores, threshold and selection on the device; only the best leave it. */
static void
select_candidates (
    GlipGraph *graph, GlipPlans *plans, GlipImagePlan *image, GlipHeadPlan *head,
    const GlipHeadOutput *output, GlipTensor labels)
{
  const GlipConfig *config = plans->network->config;
  GlipScored scored = {
    .regression = output->regression,
    .labels = labels,
    .counters = glip_tensor_new (graph, 1, SCORE_COUNTERS),
    .threshold = (float) config->pre_nms_thresh,
  };
  for (uint32_t i = 0; i < SCORE_LEVELS; i++)
    scored.level_starts[i + 1] =
        glip_pyramid_rows (image->features.height, image->features.width, i + 1);
  glip_recorder_set_scope (graph->recorder, "selection");
  scored.scores = glip_label_scores (graph, output->logits, labels,
      MIN (head->tokens, LABELS_MAX), (uint32_t) config->score_agg, scored.counters);
  if (graph->trace)
    glip_recorder_keep (graph->recorder, scored.scores.region);
  head->label_scores = scored.scores;
  GlipTensor candidates = glip_candidates (graph, &scored);
  uint32_t top_n = (uint32_t) config->pre_nms_top_n;
  uint32_t words = (uint32_t) (glip_top_k_bytes (top_n) / sizeof (uint32_t));
  glip_top_k (graph, &scored, candidates, top_n,
      glip_tensor_in_buffer (head->output, 0, 1, words));
}

static gboolean
record_head (GlipPlans *plans, GlipImagePlan *image, GlipHeadPlan *head, GError **error)
{
  const GlipNetwork *network = plans->network;
  uint32_t hidden = (uint32_t) network->config->bert_hidden;
  head->input = glip_buffer_new (plans->device, GLIP_MEMORY_UPLOAD,
      HIDDEN_OFFSET + head->tokens * (VkDeviceSize) hidden * sizeof (float), "text", error);
  head->output = head->input
      ? glip_buffer_new (plans->device, GLIP_MEMORY_READBACK,
            glip_top_k_bytes ((uint32_t) network->config->pre_nms_top_n), "candidates", error)
      : NULL;
  if (!head->output)
    return FALSE;
  GlipGraph graph = start (plans, &head->trace);
  glip_recorder_set_scope (graph.recorder, "head");
  GlipTensor input = copy_in (&graph, head->input);
  GlipTensor real = take_block (input, REAL_OFFSET, 1, 1);
  GlipTensor labels = take_block (input, LABELS_OFFSET, 1, LABELS_WORDS);
  GlipTensor text = take_block (input, HIDDEN_OFFSET, head->tokens, hidden);
  GlipHeadOutput output =
      glip_head_forward (&graph, &network->head, image->features, text, real);
  select_candidates (&graph, plans, image, head, &output, labels);
  head->plan = glip_plan_new (graph.recorder, plans->arena, error);
  return head->plan != NULL;
}

GlipHeadPlan *
glip_plans_get_head (GlipPlans *plans, GlipImagePlan *image, uint32_t tokens, GError **error)
{
  for (guint i = 0; i < image->heads->len; i++)
    if (((GlipHeadPlan *) g_ptr_array_index (image->heads, i))->tokens == tokens)
      return touch (image->heads, i);
  keep_newest (image->heads, MAX_HEADS - 1);
  g_autoptr (GlipHeadPlan) head = g_new0 (GlipHeadPlan, 1);
  head->tokens = tokens;
  if (!record_head (plans, image, head, error))
    return NULL;
  g_ptr_array_add (image->heads, head);
  return g_steal_pointer (&head);
}

void
glip_head_plan_fill (
    GlipHeadPlan *head, const GlipPass *pass, const float *hidden, uint32_t width)
{
  uint8_t *input = head->input->map;
  uint32_t *real = (uint32_t *) (input + REAL_OFFSET);
  uint32_t *labels = (uint32_t *) (input + LABELS_OFFSET);
  real[0] = (uint32_t) pass->n_tokens;
  labels[LABELS_COUNT] = (uint32_t) pass->n_labels;
  labels[LABELS_REAL_TOKENS] = (uint32_t) pass->n_tokens;
  for (int i = 0; i <= pass->n_labels; i++)
    labels[LABELS_OFFSETS + i] = (uint32_t) pass->label_offsets[i];
  for (int i = 0; i < pass->label_offsets[pass->n_labels]; i++)
    labels[LABELS_TOKENS + i] = (uint32_t) pass->label_tokens[i];
  memcpy (input + HIDDEN_OFFSET, hidden, (size_t) head->tokens * width * sizeof (float));
}
