/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * `glip info`: what is in a model file.  Parameters are counted from the
 * configuration, as papers do: everything that is learned and no buffer, whether
 * inference reads it or not; bytes are counted from the file.
 */
#include "cli/cli.h"
#include "model/parameters.h"
#include "model/weights.h"

#include <stdio.h>
#include <string.h>

typedef enum {
  PART_SWIN,
  PART_FPN,
  PART_BERT,
  PART_FUSION,
  PART_TEXT,
  PART_DYHEAD,
  PART_HEAD,
  PART_OTHER,
  N_PARTS
} Part;

static const char *const part_names[N_PARTS] = {
  [PART_SWIN] = "Swin backbone",
  [PART_FPN] = "feature pyramid",
  [PART_BERT] = "BERT",
  [PART_FUSION] = "fusion",
  [PART_TEXT] = "text layers of the head",
  [PART_DYHEAD] = "dynamic head",
  [PART_HEAD] = "outputs",
  [PART_OTHER] = "not of the network",
};

typedef struct {
  const GlipConfig *config;
  uint64_t parameters[N_PARTS], bytes[N_PARTS];
  size_t tensors[N_PARTS];
} Census;

static Part
find_part (const GlipConfig *config, const char *name)
{
  const char *tower = "rpn.head.dyhead_tower.";
  if (g_str_has_prefix (name, "module."))
    name += strlen ("module.");
  if (g_str_has_prefix (name, "backbone.body."))
    return PART_SWIN;
  if (g_str_has_prefix (name, "backbone.fpn."))
    return PART_FPN;
  if (g_str_has_prefix (name, "language_backbone."))
    return PART_BERT;
  if (g_str_has_prefix (name, tower)) {
    /* With fusion a block is three entries of the tower, without it one. */
    guint64 index = g_ascii_strtoull (name + strlen (tower), NULL, 10);
    return config->fusion ? PART_FUSION + (Part) (index % 3) : PART_DYHEAD;
  }
  return g_str_has_prefix (name, "rpn.") ? PART_HEAD : PART_OTHER;
}

static void
count_parameter (const GlipParameter *parameter, void *user_data)
{
  Census *census = user_data;
  uint64_t count = 1;

  if (parameter->integer || strstr (parameter->name, "anchor_generator."))
    return;
  for (int i = 0; i < parameter->n_dims; i++)
    count *= (uint64_t) parameter->dims[i];
  census->parameters[find_part (census->config, parameter->name)] += count;
}

static void
print_row (const char *name, uint64_t parameters, size_t tensors, uint64_t bytes)
{
  g_autofree char *count = glip_cli_format_count (parameters);
  g_autofree char *size = glip_cli_format_bytes (bytes);
  printf ("  %-24s%14s%9zu%14s\n", name, count, tensors, size);
}

static void
print_parts (GlipModel *model)
{
  GlipSafetensors *file = glip_model_get_file (model);
  Census census = { .config = glip_model_get_config (model) };
  uint64_t parameters = 0, bytes = 0;

  glip_parameters_foreach (census.config, count_parameter, &census);
  for (size_t i = 0; i < glip_safetensors_get_count (file); i++) {
    const GlipStored *stored = glip_safetensors_get (file, i);
    Part part = find_part (census.config, stored->name);
    census.tensors[part]++;
    census.bytes[part] += stored->size_bytes;
  }
  printf ("  %-24s%14s%9s%14s\n", "part", "parameters", "tensors", "stored");
  for (int part = 0; part < N_PARTS; part++) {
    if (census.parameters[part] || census.tensors[part])
      print_row (part_names[part], census.parameters[part], census.tensors[part],
          census.bytes[part]);
    parameters += census.parameters[part];
    bytes += census.bytes[part];
  }
  print_row ("total", parameters, glip_safetensors_get_count (file), bytes);
}

static void
print_types (GlipModel *model)
{
  static const char *const names[] = {
    [GLIP_DTYPE_F32] = "f32", [GLIP_DTYPE_F16] = "f16", [GLIP_DTYPE_BF16] = "bf16",
    [GLIP_DTYPE_F64] = "f64", [GLIP_DTYPE_I64] = "i64", [GLIP_DTYPE_I32] = "i32",
    [GLIP_DTYPE_U8] = "u8", [GLIP_DTYPE_OTHER] = "other",
  };
  GlipSafetensors *file = glip_model_get_file (model);
  size_t tensors[G_N_ELEMENTS (names)] = { 0 };
  const char *separator = "";

  for (size_t i = 0; i < glip_safetensors_get_count (file); i++)
    tensors[glip_safetensors_get (file, i)->dtype]++;
  printf ("types:       ");
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++) {
    if (tensors[i])
      printf ("%s%zu %s", separator, tensors[i], names[i]), separator = ", ";
  }
  printf ("\n");
}

static void
print_ignored (GlipModel *model)
{
  enum { SHOWN = 20 };
  g_autoptr (GPtrArray) ignored = glip_model_list_ignored (model);
  printf ("ignored:     %u tensor%s\n", ignored->len, ignored->len == 1 ? "" : "s");
  for (guint i = 0; i < MIN (ignored->len, SHOWN); i++)
    printf ("  %s\n", (const char *) g_ptr_array_index (ignored, i));
  if (ignored->len > SHOWN)
    printf ("  and %u more\n", ignored->len - SHOWN);
}

static void
print_model (GlipModel *model)
{
  const GlipConfig *config = glip_model_get_config (model);
  const char *vocabulary = glip_model_get_vocabulary (model);
  const char *format =
      glip_safetensors_get_metadata (glip_model_get_file (model), GLIP_METADATA_FORMAT);
  g_autofree char *json = glip_config_to_json (config);
  size_t pieces = *vocabulary != 0;

  for (const char *at = vocabulary; *at; at++)
    pieces += *at == '\n';
  printf ("file:        %s\n", glip_model_get_path (model));
  printf ("format:      %s\n", format ? format : "not stated");
  printf ("variant:     %s, %s, %d head blocks, Swin width %d\n", config->name,
      config->fusion ? "with fusion" : "without fusion", config->head_blocks,
      config->embed_dim);
  printf ("text:        at most %d tokens, vocabulary of %zu pieces (room for %d)\n",
      config->max_len, pieces, config->vocab);
  printf ("input:       short side %d, long side at most %d pixels\n", config->min_size,
      config->max_size);
  print_types (model);
  print_parts (model);
  print_ignored (model);
  printf ("configuration:\n%s\n", json);
}

/* A checkpoint is a zip archive; older ones begin with a pickle. */
static gboolean
is_checkpoint (const char *path)
{
  FILE *stream = fopen (path, "rb");
  unsigned char head[4] = { 0 };
  if (!stream)
    return FALSE;
  size_t length = fread (head, 1, sizeof head, stream);
  fclose (stream);
  return length == 4 && (memcmp (head, "PK\3\4", 4) == 0 ||
                            memcmp (head, "\x80\2\x8a\n", 4) == 0);
}

static int
run (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) files = NULL;
  const GOptionEntry entries[] = {
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &files, NULL, NULL },
    G_OPTION_ENTRY_NULL
  };
  int status;

  if (!glip_cli_parse (&glip_command_info, entries, &argc, &argv, &status))
    return status;
  if (!files || files[1])
    return glip_cli_misuse (&glip_command_info, "give one model file");
  if (is_checkpoint (files[0]))
    return glip_cli_fail (&glip_command_info,
        "%s: is a checkpoint, not a model file: make one with \"glip convert\"", files[0]);
  g_autoptr (GlipModel) model = glip_model_open (files[0], &error);
  if (!model)
    return glip_cli_fail (&glip_command_info, "%s", error->message);
  print_model (model);
  return GLIP_EXIT_OK;
}

const GlipSubcommand glip_command_info = {
  .name = "info",
  .parameters = "MODEL",
  .summary = "Describe a model file",
  .run = run,
};
