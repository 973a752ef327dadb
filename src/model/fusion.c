/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Deep language-image fusion (GLIP, section 3.2 and equations 4 to 6): every place of
 * the image attends to the words and every word to the image, over one table of
 * scores.  In PyTorch: VLFuse and BiMultiHeadAttention, rpn.head.dyhead_tower.{3i}.
 *
 * The three projections of all N visual tokens to fuse_dim are moved to the few text
 * tokens, which is exact because a product of linear maps is one (spec 13c):
 *   S_h = v A_h^T + c_h,  V' = v + kv + sum_h P_h M_h,  L' = l + kl + sum_h G_h (R_h v).
 * The residual goes to the normalised input, not to the raw one.
 */
#include "model/model.h"

#include <math.h>

/* The stored projections of one block. */
typedef struct {
  uint32_t heads, width, channels, hidden; /* width: fuse_dim / heads */
  float *wq, *bq, *wk, *bk;       /* v_proj, l_proj */
  float *wvv, *bvv, *wvl, *bvl;   /* values_v_proj, values_l_proj */
  float *wov, *bov, *wol, *bol;   /* out_v_proj, out_l_proj */
  float *gamma_v, *gamma_l;
} Projections;

static void
read_projections (Projections *p, GlipLoader *loader, const char *prefix)
{
  const struct {
    float **weight, **bias;
    const char *name;
  } list[] = {
    { &p->wq, &p->bq, "v_proj" },
    { &p->wk, &p->bk, "l_proj" },
    { &p->wvv, &p->bvv, "values_v_proj" },
    { &p->wvl, &p->bvl, "values_l_proj" },
    { &p->wov, &p->bov, "out_v_proj" },
    { &p->wol, &p->bol, "out_l_proj" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (list); i++) {
    *list[i].weight = glip_loader_read (loader, "%s.attn.%s.weight", prefix, list[i].name);
    *list[i].bias = glip_loader_read (loader, "%s.attn.%s.bias", prefix, list[i].name);
  }
  p->gamma_v = glip_loader_read (loader, "%s.gamma_v", prefix);
  p->gamma_l = glip_loader_read (loader, "%s.gamma_l", prefix);

  /* The scale of the scores, once for all. */
  uint32_t rows = p->heads * p->width;
  float scale = 1.0f / sqrtf ((float) p->width);
  for (uint32_t i = 0; i < rows * p->channels; i++)
    p->wq[i] *= scale;
  for (uint32_t i = 0; i < rows; i++)
    p->bq[i] *= scale;
}

static void
clear_projections (Projections *p)
{
  float *all[] = { p->wq, p->bq, p->wk, p->bk, p->wvv, p->bvv, p->wvl, p->bvl, p->wov, p->bov,
    p->wol, p->bol, p->gamma_v, p->gamma_l };
  for (size_t i = 0; i < G_N_ELEMENTS (all); i++)
    g_free (all[i]);
}

/* [outputs, inputs] with rows multiplied by `gamma` -> [inputs, outputs]. */
static float *
transpose_scaled (const float *weight, const float *gamma, uint32_t outputs, uint32_t inputs)
{
  float *transposed = g_new (float, (size_t) outputs * inputs);
  for (uint32_t o = 0; o < outputs; o++)
    for (uint32_t i = 0; i < inputs; i++)
      transposed[(size_t) i * outputs + o] = gamma[o] * weight[(size_t) o * inputs + i];
  return transposed;
}

static GlipTensor
upload_matrix (GlipLoader *loader, GPtrArray *buffers, const float *data, uint32_t rows,
    uint32_t columns)
{
  size_t bytes = (size_t) rows * columns * sizeof (float);
  if (loader->error)
    return (GlipTensor){ 0 };
  GlipBuffer *buffer =
      glip_buffer_new (loader->device, GLIP_MEMORY_DEVICE, bytes, "fusion folding", &loader->error);
  if (!buffer)
    return (GlipTensor){ 0 };
  g_ptr_array_add (buffers, buffer);
  glip_buffer_write (buffer, 0, data, bytes, &loader->error);
  return glip_tensor_in_buffer (buffer, 0, rows, columns);
}

/* Where the product of two projections goes: floats from a panel to the next, and from a
 * head to the next. */
typedef struct {
  GlipTensor packed;
  uint32_t panel_step, head_step;
} FoldTarget;

/* For every head, packed [j][o] = sum_e left[head, e][j] * right[head, e][o]: the
 * product of two projections as one packed weight, computed on the device.  `left` is
 * [heads * width, inputs], `right` [heads * width, outputs]. */
static void
fold (GlipLoader *loader, const FoldTarget *target, const float *left, uint32_t inputs,
    const float *right, uint32_t outputs, const Projections *p)
{
  g_autoptr (GPtrArray) buffers =
      g_ptr_array_new_with_free_func ((GDestroyNotify) glip_buffer_free);
  uint32_t rows = p->heads * p->width;
  GlipTensor a = upload_matrix (loader, buffers, left, rows, inputs);
  GlipTensor b = upload_matrix (loader, buffers, right, rows, outputs);
  if (loader->error)
    return;

  GlipGraph graph = { .recorder = glip_recorder_new (loader->device, loader->pipelines) };
  glip_recorder_set_scope (graph.recorder, "fusion.fold");
  for (uint32_t head = 0; head < p->heads; head++) {
    const GlipGemm gemm = {
      .a = glip_tensor_rows (a, head * p->width, p->width),
      .b = glip_tensor_rows (b, head * p->width, p->width),
      .c = target->packed,
      .batches = outputs / GLIP_PANEL,
      .args = { .m = inputs, .n = GLIP_PANEL, .k = p->width, .a_row = 1, .a_column = inputs,
          .b_row = outputs, .b_batch = GLIP_PANEL, .b_columns = GLIP_PANEL,
          .c_base = head * target->head_step, .c_row = GLIP_PANEL, .c_column = 1,
          .c_batch = target->panel_step, .splits = 1, .k_split = p->width },
    };
    glip_gemm (&graph, &gemm);
  }
  g_autoptr (GlipArena) arena = glip_arena_new (loader->device);
  g_autoptr (GlipPlan) plan = glip_plan_new (graph.recorder, arena, &loader->error);
  if (plan)
    glip_plan_run (&plan, 1, &loader->error);
}

/* Panels of a head's keys: the channels of A_h, and one more whose first column is
 * c_h. */
static uint32_t
key_panels (uint32_t channels)
{
  return channels / GLIP_PANEL + 1;
}

/* A_h and c_h from the two score projections, as channels + 1 outputs a head. */
static void
load_keys (GlipFusion *fusion, GlipLoader *loader, const Projections *p)
{
  uint32_t outputs = p->channels + 1, panels = key_panels (p->channels);
  size_t head_step = (size_t) panels * p->hidden * GLIP_PANEL;
  g_autofree float *bias = g_new (float, p->heads * outputs);
  g_autofree float *packed = g_new0 (float, p->heads * head_step);
  for (uint32_t head = 0; head < p->heads; head++) {
    uint32_t first = head * p->width, end = first + p->width;
    float *last_panel = packed + (head + 1) * head_step - p->hidden * GLIP_PANEL;
    double constant = 0;
    for (uint32_t e = first; e < end; e++)
      constant += (double) p->bq[e] * p->bk[e];
    bias[head * outputs + p->channels] = (float) constant;
    for (uint32_t c = 0; c < p->channels; c++) {
      double sum = 0;
      for (uint32_t e = first; e < end; e++)
        sum += (double) p->wq[e * p->channels + c] * p->bk[e];
      bias[head * outputs + c] = (float) sum;
    }
    for (uint32_t j = 0; j < p->hidden; j++) {
      double sum = 0;
      for (uint32_t e = first; e < end; e++)
        sum += (double) p->bq[e] * p->wk[e * p->hidden + j];
      last_panel[j * GLIP_PANEL] = (float) sum;
    }
  }
  fusion->key = (GlipLinear){
    .weight = glip_loader_upload (loader, packed, p->heads * panels, p->hidden * GLIP_PANEL),
    .bias = glip_loader_upload (loader, bias, 1, p->heads * outputs),
    .inputs = p->hidden,
    .outputs = outputs,
  };
  const FoldTarget target = { fusion->key.weight, GLIP_PANEL * p->hidden, (uint32_t) head_step };
  fold (loader, &target, p->wk, p->hidden, p->wq, p->channels, p);
}

/* M_h from the text's values and the image's output projection. */
static void
load_values (GlipFusion *fusion, GlipLoader *loader, const Projections *p)
{
  uint32_t outputs = p->heads * p->channels, rows = p->heads * p->width;
  g_autofree float *right = transpose_scaled (p->wov, p->gamma_v, p->channels, rows);
  g_autofree float *bias = g_new (float, outputs);
  g_autofree float *image_bias = g_new (float, p->channels);
  for (uint32_t head = 0; head < p->heads; head++)
    for (uint32_t c = 0; c < p->channels; c++) {
      double sum = 0;
      for (uint32_t e = head * p->width; e < (head + 1) * p->width; e++)
        sum += (double) right[(size_t) e * p->channels + c] * p->bvl[e];
      bias[head * p->channels + c] = (float) sum;
    }
  for (uint32_t c = 0; c < p->channels; c++)
    image_bias[c] = p->gamma_v[c] * p->bov[c];
  fusion->value = (GlipLinear){
    .weight = glip_loader_allocate (loader, outputs / GLIP_PANEL, p->hidden * GLIP_PANEL),
    .bias = glip_loader_upload (loader, bias, 1, outputs),
    .inputs = p->hidden,
    .outputs = p->channels,
  };
  const FoldTarget target = { fusion->value.weight, GLIP_PANEL * p->hidden,
    p->channels * p->hidden };
  fold (loader, &target, p->wvl, p->hidden, right, p->channels, p);
  fusion->image_bias = glip_loader_upload (loader, image_bias, 1, p->channels);
}

/* G_h from the image's values and the text's output projection. */
static void
load_text_output (GlipFusion *fusion, GlipLoader *loader, const Projections *p)
{
  uint32_t inputs = p->heads * p->channels, rows = p->heads * p->width;
  g_autofree float *right = transpose_scaled (p->wol, p->gamma_l, p->hidden, rows);
  g_autofree float *bias = g_new (float, p->hidden);
  for (uint32_t j = 0; j < p->hidden; j++) {
    double sum = (double) p->gamma_l[j] * p->bol[j];
    for (uint32_t e = 0; e < rows; e++)
      sum += (double) right[(size_t) e * p->hidden + j] * p->bvv[e];
    bias[j] = (float) sum;
  }
  fusion->text_output = (GlipLinear){
    .weight = glip_loader_allocate (loader, p->hidden / GLIP_PANEL, inputs * GLIP_PANEL),
    .bias = glip_loader_upload (loader, bias, 1, p->hidden),
    .inputs = inputs,
    .outputs = p->hidden,
  };
  /* Heads lie along the inputs. */
  const FoldTarget target = { fusion->text_output.weight, GLIP_PANEL * inputs,
    GLIP_PANEL * p->channels };
  fold (loader, &target, p->wvv, p->channels, right, p->hidden, p);
}

void
glip_fusion_load (
    GlipFusion *fusion, GlipLoader *loader, const GlipConfig *config, const char *prefix)
{
  g_autofree char *norm_v = g_strconcat (prefix, ".layer_norm_v", NULL);
  g_autofree char *norm_l = g_strconcat (prefix, ".layer_norm_l", NULL);
  Projections p = {
    .heads = (uint32_t) config->fuse_heads,
    .width = (uint32_t) (config->fuse_dim / config->fuse_heads),
    .channels = (uint32_t) config->channels,
    .hidden = (uint32_t) config->bert_hidden,
  };
  fusion->heads = p.heads;
  fusion->channels = p.channels;
  fusion->hidden = p.hidden;
  fusion->limit = (float) config->clamp;
  fusion->norm_v = glip_loader_norm (loader, norm_v, p.channels, 1e-5);
  fusion->norm_l = glip_loader_norm (loader, norm_l, p.hidden, 1e-5);
  read_projections (&p, loader, prefix);
  load_keys (fusion, loader, &p);
  load_values (fusion, loader, &p);
  load_text_output (fusion, loader, &p);
  clear_projections (&p);
}

/* A [channels, heads * tokens] with c as one more row, M [heads * tokens, channels]. */
typedef struct {
  GlipTensor keys, values;
} TextSide;

/* A product of the text with a head's share of `linear` a batch. */
static GlipGemm
project (const GlipLinear *linear, GlipTensor text, uint32_t heads)
{
  uint32_t padded = (linear->outputs + GLIP_PANEL - 1) / GLIP_PANEL * GLIP_PANEL;
  return (GlipGemm){
    .a = text,
    .b = linear->weight,
    .bias = linear->bias,
    .batches = heads,
    .args = { .m = text.rows, .n = linear->outputs, .k = linear->inputs,
        .a_row = linear->inputs, .a_column = 1, .b_row = GLIP_PANEL,
        .b_panel = GLIP_PANEL * linear->inputs, .b_batch = padded * linear->inputs,
        .b_columns = padded, .bias_batch = linear->outputs, .splits = 1,
        .k_split = linear->inputs, .flags = EPILOGUE_BIAS },
  };
}

static TextSide
project_text (GlipGraph *graph, const GlipFusion *fusion, GlipTensor text)
{
  uint32_t stacked = fusion->heads * text.rows;
  GlipGemm keys = project (&fusion->key, text, fusion->heads);
  keys.c = glip_tensor_new (graph, fusion->channels + 1, stacked);
  keys.args.c_row = 1;
  keys.args.c_column = stacked;
  keys.args.c_batch = text.rows;
  glip_gemm (graph, &keys);

  GlipGemm values = project (&fusion->value, text, fusion->heads);
  values.c = glip_tensor_new (graph, stacked, fusion->channels);
  values.args.c_row = fusion->channels;
  values.args.c_column = 1;
  values.args.c_batch = text.rows * fusion->channels;
  glip_gemm (graph, &values);
  return (TextSide){ keys.c, values.c };
}

/* Heads that go together: as many as let the table of scores, and the sums of the
 * image's chunks, be bound. */
static uint32_t
choose_group (GlipGraph *graph, const GlipFusion *fusion, uint32_t rows, uint32_t tokens)
{
  uint64_t chunks = MIN ((rows + FUSION_CHUNK - 1) / FUSION_CHUNK, FUSION_MOST_CHUNKS);
  uint64_t columns = MAX (rows, chunks * fusion->channels);
  for (uint32_t group = fusion->heads; group > 0; group--)
    if (fusion->heads % group == 0 && glip_view_is_aligned (graph, group * tokens) &&
        glip_binding_fits (graph, columns * group * tokens))
      return group;
  return fusion->heads; /* the recorder says that it does not fit */
}

static GlipTensor
skip_floats (GlipTensor tensor, size_t floats)
{
  tensor.region.offset += floats * sizeof (float);
  tensor.region.size -= floats * sizeof (float);
  return tensor;
}

/* S = clamp (v A^T + c) for heads [head, head + group). */
static GlipTensor
score (GlipGraph *graph, const GlipFusion *fusion, GlipTensor v, const TextSide *side,
    uint32_t head, uint32_t group, uint32_t tokens)
{
  GlipTensor scores = glip_tensor_new (graph, v.rows, group * tokens);
  GlipTensor keys = glip_tensor_rows (side->keys, 0, fusion->channels);
  GlipTensor constant = glip_tensor_rows (side->keys, fusion->channels, 1);
  const GlipGemm gemm = {
    .a = v,
    .b = skip_floats (keys, head * tokens),
    .c = scores,
    .bias = skip_floats (constant, head * tokens),
    .args = { .m = v.rows, .n = group * tokens, .k = fusion->channels,
        .a_row = fusion->channels, .a_column = 1, .b_row = fusion->heads * tokens,
        .b_panel = GLIP_PANEL, .b_columns = group * tokens, .c_row = group * tokens,
        .c_column = 1, .splits = 1, .k_split = fusion->channels,
        .flags = EPILOGUE_BIAS | EPILOGUE_CLAMP, .limit = fusion->limit },
  };
  glip_gemm (graph, &gemm);
  return scores;
}

/* out = residual + P M (+ kv with the first heads). */
static void
add_to_image (GlipGraph *graph, const GlipFusion *fusion, GlipTensor weights,
    const TextSide *side, uint32_t head, uint32_t tokens, GlipTensor residual, GlipTensor out)
{
  const GlipGemm gemm = {
    .a = weights,
    .b = skip_floats (side->values, (size_t) head * tokens * fusion->channels),
    .c = out,
    .bias = fusion->image_bias,
    .residual = residual,
    .args = { .m = out.rows, .n = fusion->channels, .k = weights.columns,
        .a_row = weights.columns, .a_column = 1, .b_row = fusion->channels,
        .b_panel = GLIP_PANEL, .b_columns = fusion->channels, .c_row = fusion->channels,
        .c_column = 1, .splits = 1, .k_split = weights.columns,
        .flags = EPILOGUE_RESIDUAL | (head == 0 ? EPILOGUE_BIAS : 0) },
  };
  glip_gemm (graph, &gemm);
}

/* Y [tokens, group * channels] = R_h v: a sum for each chunk of rows, then one of these. */
static GlipTensor
gather_image (GlipGraph *graph, const GlipFusion *fusion, const GlipSoftmaxPair *weights,
    GlipTensor v, uint32_t group, uint32_t tokens)
{
  uint32_t width = group * fusion->channels, columns = weights->to_text.columns;
  uint32_t chunks = weights->chunks.rows / 2;
  GlipTensor partials = glip_tensor_new (graph, chunks, tokens * width);
  const GlipGemm gemm = {
    .a = weights->to_text,
    .b = v,
    .c = partials,
    .batches = group,
    .args = { .m = tokens, .n = fusion->channels, .k = v.rows, .a_row = 1,
        .a_column = columns, .a_batch = tokens, .b_row = fusion->channels,
        .b_panel = GLIP_PANEL, .b_columns = fusion->channels, .c_row = width, .c_column = 1,
        .c_batch = fusion->channels, .splits = chunks,
        .k_split = weights->chunk,
        .c_split = tokens * width },
  };
  glip_gemm (graph, &gemm);
  return glip_fusion_gather (graph, partials, weights->chunks, group);
}

/* out = residual + G Y (+ kl with the first heads). */
static void
add_to_text (GlipGraph *graph, const GlipFusion *fusion, GlipTensor gathered, uint32_t head,
    GlipTensor residual, GlipTensor out)
{
  const GlipLinear *linear = &fusion->text_output;
  const GlipGemm gemm = {
    .a = gathered,
    .b = skip_floats (linear->weight, (size_t) head * fusion->channels * GLIP_PANEL),
    .c = out,
    .bias = linear->bias,
    .residual = residual,
    .args = { .m = out.rows, .n = linear->outputs, .k = gathered.columns,
        .a_row = gathered.columns, .a_column = 1, .b_row = GLIP_PANEL,
        .b_panel = GLIP_PANEL * linear->inputs, .b_columns = linear->outputs,
        .c_row = linear->outputs, .c_column = 1, .splits = 1, .k_split = gathered.columns,
        .flags = EPILOGUE_RESIDUAL | (head == 0 ? EPILOGUE_BIAS : 0) },
  };
  glip_gemm (graph, &gemm);
}

void
glip_fusion_forward (GlipGraph *graph, const GlipFusion *fusion, GlipTensor *image,
    GlipTensor *text, GlipTensor real_tokens)
{
  GlipTensor v = glip_layer_norm (graph, *image, &fusion->norm_v, NULL);
  GlipTensor l = glip_layer_norm (graph, *text, &fusion->norm_l, NULL);
  uint32_t tokens = l.rows, group = choose_group (graph, fusion, v.rows, tokens);
  TextSide side = project_text (graph, fusion, l);
  GlipTensor image_out = glip_tensor_new_like (graph, v, v.columns);
  GlipTensor text_out = glip_tensor_new_like (graph, l, l.columns);
  for (uint32_t head = 0; head < fusion->heads; head += group) {
    GlipTensor scores = score (graph, fusion, v, &side, head, group, tokens);
    GlipSoftmaxPair weights = glip_fusion_softmax (graph, scores, group, real_tokens);
    add_to_image (graph, fusion, weights.to_image, &side, head, tokens, head ? image_out : v,
        image_out);
    GlipTensor gathered = gather_image (graph, fusion, &weights, v, group, tokens);
    add_to_text (graph, fusion, gathered, head, head ? text_out : l, text_out);
  }
  *image = image_out;
  *text = text_out;
}
