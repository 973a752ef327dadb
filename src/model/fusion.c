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

/* Rows of v that one partial sum of R_h v covers. */
enum { SPLIT_ROWS = 1024 };

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

/* For every head, packed [j][o] = sum_e left[head, e][j] * right[head, e][o]: the
 * product of two projections as one packed weight, computed on the device.  `left` is
 * [heads * width, inputs], `right` [heads * width, outputs].  With `stacked_inputs`,
 * heads lie along the inputs of one layer, else along its outputs. */
static void
fold (GlipLoader *loader, GlipTensor packed, const float *left, uint32_t inputs,
    const float *right, uint32_t outputs, const Projections *p, gboolean stacked_inputs)
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
    uint32_t panel = GLIP_PANEL * inputs * (stacked_inputs ? p->heads : 1);
    const GlipGemm gemm = {
      .a = glip_tensor_rows (a, head * p->width, p->width),
      .b = glip_tensor_rows (b, head * p->width, p->width),
      .c = packed,
      .batches = outputs / GLIP_PANEL,
      .args = { .m = inputs, .n = GLIP_PANEL, .k = p->width, .a_row = 1, .a_column = inputs,
          .b_row = outputs, .b_batch = GLIP_PANEL, .b_columns = GLIP_PANEL,
          .c_base = head * (stacked_inputs ? GLIP_PANEL * inputs : panel * outputs / GLIP_PANEL),
          .c_row = GLIP_PANEL, .c_column = 1, .c_batch = panel, .splits = 1,
          .k_split = p->width },
    };
    glip_gemm (&graph, &gemm);
  }
  g_autoptr (GlipArena) arena = glip_arena_new (loader->device);
  g_autoptr (GlipPlan) plan = glip_plan_new (graph.recorder, arena, &loader->error);
  if (plan)
    glip_plan_run (&plan, 1, &loader->error);
}

/* A_h and c_h from the two score projections. */
static void
load_keys (GlipFusion *fusion, GlipLoader *loader, const Projections *p)
{
  uint32_t outputs = p->heads * p->channels;
  g_autofree float *bias = g_new (float, outputs);
  g_autofree float *row_weight = g_new (float, p->heads * p->hidden);
  g_autofree float *row_bias = g_new (float, p->heads);
  for (uint32_t head = 0; head < p->heads; head++) {
    uint32_t first = head * p->width, end = first + p->width;
    double constant = 0;
    for (uint32_t e = first; e < end; e++)
      constant += (double) p->bq[e] * p->bk[e];
    row_bias[head] = (float) constant;
    for (uint32_t c = 0; c < p->channels; c++) {
      double sum = 0;
      for (uint32_t e = first; e < end; e++)
        sum += (double) p->wq[e * p->channels + c] * p->bk[e];
      bias[head * p->channels + c] = (float) sum;
    }
    for (uint32_t j = 0; j < p->hidden; j++) {
      double sum = 0;
      for (uint32_t e = first; e < end; e++)
        sum += (double) p->bq[e] * p->wk[e * p->hidden + j];
      row_weight[head * p->hidden + j] = (float) sum;
    }
  }
  fusion->key = (GlipLinear){
    .weight = glip_loader_allocate (loader, outputs / GLIP_PANEL, p->hidden * GLIP_PANEL),
    .bias = glip_loader_upload (loader, bias, 1, outputs),
    .inputs = p->hidden,
    .outputs = outputs,
  };
  fold (loader, fusion->key.weight, p->wk, p->hidden, p->wq, p->channels, p, FALSE);
  fusion->key_bias = glip_loader_pack (loader, row_weight, row_bias, p->heads, p->hidden);
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
    .outputs = outputs,
  };
  fold (loader, fusion->value.weight, p->wvl, p->hidden, right, p->channels, p, FALSE);
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
  fold (loader, fusion->text_output.weight, p->wvv, p->channels, right, p->hidden, p, TRUE);
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

/* A [channels, heads * tokens], c [heads * tokens], M [heads * tokens, channels]. */
typedef struct {
  GlipTensor keys, key_bias, values;
} TextSide;

static struct GemmArgs
text_args (const GlipFusion *fusion, GlipTensor text, uint32_t outputs)
{
  return (struct GemmArgs){
    .m = text.rows,
    .n = outputs,
    .k = fusion->hidden,
    .a_row = fusion->hidden,
    .a_column = 1,
    .b_row = GLIP_PANEL,
    .b_panel = GLIP_PANEL * fusion->hidden,
    .b_batch = outputs * fusion->hidden, /* outputs of a head are whole panels */
    .b_columns = (outputs + GLIP_PANEL - 1) / GLIP_PANEL * GLIP_PANEL,
    .bias_batch = outputs,
    .splits = 1,
    .k_split = fusion->hidden,
    .flags = EPILOGUE_BIAS,
  };
}

static TextSide
project_text (GlipGraph *graph, const GlipFusion *fusion, GlipTensor text)
{
  uint32_t stacked = fusion->heads * text.rows;
  TextSide side = {
    .keys = glip_tensor_new (graph, fusion->channels, stacked),
    .key_bias = glip_tensor_new (graph, 1, stacked),
    .values = glip_tensor_new (graph, stacked, fusion->channels),
  };
  GlipGemm keys = { .a = text, .b = fusion->key.weight, .c = side.keys,
    .bias = fusion->key.bias, .batches = fusion->heads,
    .args = text_args (fusion, text, fusion->channels) };
  keys.args.c_row = 1;
  keys.args.c_column = stacked;
  keys.args.c_batch = text.rows;
  glip_gemm (graph, &keys);

  GlipGemm key_bias = { .a = text, .b = fusion->key_bias.weight, .c = side.key_bias,
    .bias = fusion->key_bias.bias, .args = text_args (fusion, text, fusion->heads) };
  key_bias.args.c_row = 1;
  key_bias.args.c_column = text.rows;
  glip_gemm (graph, &key_bias);

  GlipGemm values = { .a = text, .b = fusion->value.weight, .c = side.values,
    .bias = fusion->value.bias, .batches = fusion->heads,
    .args = text_args (fusion, text, fusion->channels) };
  values.args.c_row = fusion->channels;
  values.args.c_column = 1;
  values.args.c_batch = text.rows * fusion->channels;
  glip_gemm (graph, &values);
  return side;
}

/* Heads that go together: as many as let the table of scores be bound. */
static uint32_t
choose_group (GlipGraph *graph, const GlipFusion *fusion, uint32_t rows, uint32_t tokens)
{
  for (uint32_t group = fusion->heads; group > 0; group--)
    if (fusion->heads % group == 0 && glip_view_is_aligned (graph, group * tokens) &&
        glip_binding_fits (graph, (uint64_t) rows * group * tokens))
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
  const GlipGemm gemm = {
    .a = v,
    .b = skip_floats (side->keys, head * tokens),
    .c = scores,
    .bias = skip_floats (side->key_bias, head * tokens),
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

/* Y [tokens, group * channels] = R_h v, in splits over the many rows of v. */
static GlipTensor
gather_image (GlipGraph *graph, const GlipFusion *fusion, GlipTensor weights, GlipTensor v,
    uint32_t group, uint32_t tokens)
{
  uint32_t width = group * fusion->channels;
  uint32_t splits = (v.rows + SPLIT_ROWS - 1) / SPLIT_ROWS;
  GlipTensor partials = glip_tensor_new (graph, splits, tokens * width);
  const GlipGemm gemm = {
    .a = weights,
    .b = v,
    .c = partials,
    .batches = group,
    .args = { .m = tokens, .n = fusion->channels, .k = v.rows, .a_row = 1,
        .a_column = weights.columns, .a_batch = tokens, .b_row = fusion->channels,
        .b_panel = GLIP_PANEL, .b_columns = fusion->channels, .c_row = width, .c_column = 1,
        .c_batch = fusion->channels, .splits = splits, .k_split = SPLIT_ROWS,
        .c_split = tokens * width },
  };
  glip_gemm (graph, &gemm);
  return splits > 1 ? glip_sum_splits (graph, partials, tokens, width)
                    : glip_tensor_reshape (partials, tokens, width);
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
  GlipTensor v = glip_layer_norm (graph, *image, &fusion->norm_v, 0);
  GlipTensor l = glip_layer_norm (graph, *text, &fusion->norm_l, 0);
  uint32_t tokens = l.rows, group = choose_group (graph, fusion, v.rows, tokens);
  TextSide side = project_text (graph, fusion, l);
  GlipTensor image_out = glip_tensor_new_like (graph, v, v.columns);
  GlipTensor text_out = glip_tensor_new_like (graph, l, l.columns);
  for (uint32_t head = 0; head < fusion->heads; head += group) {
    GlipTensor to_image, to_text;
    GlipTensor scores = score (graph, fusion, v, &side, head, group, tokens);
    glip_fusion_softmax (graph, scores, group, real_tokens, &to_image, &to_text);
    add_to_image (
        graph, fusion, to_image, &side, head, tokens, head ? image_out : v, image_out);
    GlipTensor gathered = gather_image (graph, fusion, to_text, v, group, tokens);
    add_to_text (graph, fusion, gathered, head, head ? text_out : l, text_out);
  }
  *image = image_out;
  *text = text_out;
}
