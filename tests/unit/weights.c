/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Opening model files: a good one, and all the ways in which one can be unfit.
 */
#include "checkpoint.h"
#include "model/weights.h"

#include <glib/gstdio.h>
#include <string.h>

#define PATCH "backbone.body.patch_embed.proj.weight"

/* What is wrong with the file to write; zero: nothing. */
typedef struct {
  const char *format, *config_key, *config, *vocabulary; /* NULL: default, "": leave out */
  const char *prefix, *extra;
  const char *drop, *drop_too; /* names to leave out */
  const char *reshape;         /* name to give one more row */
  const char *retype;          /* name to write as integers */
  GlipDType dtype;
} Variant;

typedef struct {
  const Variant *variant;
  GlipSafetensorsWriter *writer;
  size_t bytes;
} Output;

static void
declare (const GlipParameter *parameter, void *user_data)
{
  Output *output = user_data;
  const Variant *variant = output->variant;
  const char *name = parameter->name;
  int64_t dims[4];
  memcpy (dims, parameter->dims, sizeof dims);
  if (!parameter->needed || g_strcmp0 (name, variant->drop) == 0
      || g_strcmp0 (name, variant->drop_too) == 0)
    return;
  GlipDType dtype = variant->dtype;
  if (g_strcmp0 (name, variant->retype) == 0)
    dtype = GLIP_DTYPE_I32;
  dims[0] += g_strcmp0 (name, variant->reshape) == 0;
  size_t bytes = glip_dtype_size (dtype);
  for (int i = 0; i < parameter->n_dims; i++)
    bytes *= (size_t) dims[i];
  g_autofree char *full = g_strconcat (variant->prefix ? variant->prefix : "", name, NULL);
  glip_safetensors_writer_declare (output->writer, full, dtype, parameter->n_dims, dims);
  output->bytes += bytes;
}

static void
set_metadata (GlipSafetensorsWriter *writer, const char *key, const char *value,
    const char *otherwise)
{
  if (!value || *value)
    glip_safetensors_writer_set_metadata (writer, key, value ? value : otherwise);
}

/* Write the variant of glip-nano-a, all zeros, and open it. */
static GlipModel *
open_variant (const Variant *variant, GError **error)
{
  GlipConfig config;
  g_assert_true (glip_test_config ("glip-nano-a", &config));
  g_autofree char *folder = g_dir_make_tmp ("glip-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "m.safetensors", NULL);
  g_autofree char *json = glip_config_to_json (&config);
  g_autoptr (GlipSafetensorsWriter) writer = glip_safetensors_writer_new (path);
  Output output = { variant, writer, 0 };
  set_metadata (writer, GLIP_METADATA_FORMAT, variant->format, "1");
  set_metadata (writer, variant->config_key ? variant->config_key : GLIP_METADATA_CONFIG,
      variant->config, json);
  set_metadata (writer, GLIP_METADATA_VOCABULARY, variant->vocabulary, "[PAD]\n[UNK]\na\n");
  glip_parameters_foreach (&config, declare, &output);
  if (variant->extra)
    glip_safetensors_writer_declare (writer, variant->extra, GLIP_DTYPE_U8, 0, NULL);
  g_autofree uint8_t *zeros = g_malloc0 (output.bytes + 1);
  g_assert_true (glip_safetensors_writer_append (
      writer, zeros, output.bytes + (variant->extra ? 1 : 0), NULL));
  g_assert_true (glip_safetensors_writer_finish (writer, NULL));
  GlipModel *model = glip_model_open (path, error);
  if (!model) {
    g_assert_nonnull (*error);
    g_assert_true (g_str_has_prefix ((*error)->message, path));
  }
  g_unlink (path);
  g_rmdir (folder);
  return model;
}

static void
test_good (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GlipModel) model =
      open_variant (&(Variant) { .extra = "rpn.head.mlm_head.bias" }, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (glip_model_get_name (model), ==, "glip-nano-a");
  g_assert_cmpint (glip_model_get_config (model)->channels, ==, 64);
  g_assert_cmpstr (glip_model_get_vocabulary (model), ==, "[PAD]\n[UNK]\na");
  g_assert_true (g_str_has_suffix (glip_model_get_path (model), "/m.safetensors"));
  g_assert_cmpint (glip_model_get_weight (model, PATCH)->dims[0], ==, 32);
  g_autoptr (GPtrArray) ignored = glip_model_list_ignored (model);
  g_assert_cmpuint (ignored->len, ==, 1);
  g_assert_cmpstr (ignored->pdata[0], ==, "rpn.head.mlm_head.bias");
  GlipModel *again = glip_model_ref (model);
  g_assert_true (again == model);
  glip_model_unref (again);
  glip_model_unref (NULL);
}

static void
test_types (void)
{
  static const GlipDType dtypes[] = { GLIP_DTYPE_F16, GLIP_DTYPE_BF16, GLIP_DTYPE_F64 };
  for (size_t i = 0; i < G_N_ELEMENTS (dtypes); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GlipModel) model = open_variant (&(Variant) { .dtype = dtypes[i] }, &error);
    g_assert_no_error (error);
    g_assert_cmpint (glip_model_get_weight (model, PATCH)->dtype, ==, dtypes[i]);
  }
}

/* Other people's habits: a prefix, the key "config", no format. */
static void
test_lenient (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GlipModel) model = open_variant (
      &(Variant) { .prefix = "module.", .config_key = "config", .format = "" }, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (glip_model_get_weight (model, PATCH)->name, ==, "module." PATCH);
  g_autoptr (GPtrArray) ignored = glip_model_list_ignored (model);
  g_assert_cmpuint (ignored->len, ==, 0);
}

#define DROPPED "rpn.head.bias0"

static void
test_unfit (void)
{
  static const struct {
    Variant variant;
    const char *message;
  } cases[] = {
    { { .config = "" }, "no configuration (metadata \"glip.config\") in this file: make" },
    { { .config = "", .prefix = "other." }, "this is another network's file" },
    { { .prefix = "other." }, "is here: this is another network's file" },
    { { .prefix = "module.", .extra = "x" }, "this is another network's file" },
    { { .config = "{\"window\":\"7\"}" }, "\"window\" must be a number" },
    { { .config = "{\"channels\":65}" }, "\"channels\" is 65, must be a multiple of 64" },
    { { .config = "{}" }, "\"" PATCH "\" has shape [32,3,4,4], the configuration needs "
                          "[96,3,4,4]" },
    { { .format = "2" }, "model file format \"2\" is not the one" },
    { { .vocabulary = "" }, "convert the checkpoint again with --vocab" },
    { { .drop = DROPPED }, "tensor \"" DROPPED "\" that \"glip-nano-a\" needs is missing" },
    { { .drop = DROPPED, .drop_too = "rpn.head.log_scale" },
        "tensor \"rpn.head.log_scale\" and 1 more that \"glip-nano-a\" needs are missing" },
    { { .reshape = DROPPED },
        "\"" DROPPED "\" has shape [2], the configuration needs [1]" },
    { { .retype = DROPPED }, "\"" DROPPED "\" has a data type other than float" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_test_message ("case %zu", i);
    g_assert_null (open_variant (&cases[i].variant, &error));
    g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL);
    g_test_message ("  %s", error->message);
    g_assert_nonnull (strstr (error->message, cases[i].message));
  }
}

static void
test_vocabulary (void)
{
  static const struct {
    const char *text;
    gboolean good;
  } cases[] = {
    { "a\nb\nc\nd", TRUE }, { "a\nb\nc\nd\n", TRUE }, { "a", TRUE },
    { "a\nb\nc\nd\ne", FALSE }, { "a\nb\nc\nd\n\n", FALSE }, { "", FALSE },
  };
  GlipConfig config;
  glip_config_init (&config);
  config.vocab = 4;
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_cmpint (glip_vocabulary_check (cases[i].text, &config, &error), ==, cases[i].good);
    g_assert_cmpint (error == NULL, ==, cases[i].good);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/weights/good", test_good);
  g_test_add_func ("/weights/types", test_types);
  g_test_add_func ("/weights/lenient", test_lenient);
  g_test_add_func ("/weights/unfit", test_unfit);
  g_test_add_func ("/weights/vocabulary", test_vocabulary);
  return g_test_run ();
}
