/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Checkpoints: a real torch.save file (see data/make_checkpoint_fixture.py for what is
 * special in it), and archives made here that are not what they should be.
 */
#include "model/checkpoint.h"
#include "checkpoint.h"
#include "model/weights.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <zip.h>

#define FIXTURE GLIP_TEST_DATA "/checkpoint.pth"

/* ---------------------------------------------------------------- fixture */

/* Element `index` of the fixture's shared storage. */
static float
bank (size_t index)
{
  return (float) ((double) ((int64_t) (index * 7919 % 4001) - 2000) / 1000);
}

/* Element `index` of the tensor `name` with rows of `width`. */
static float
expect_value (const char *name, size_t index, const int64_t *dims)
{
  size_t start = 0;
  for (const char *at = name; *at; at++)
    start += (unsigned char) *at;
  start %= 4096;
  if (g_str_has_suffix (name, "intermediate.dense.weight"))
    return bank (start + index % (size_t) dims[1] * (size_t) dims[0]
                 + index / (size_t) dims[1]);
  if (g_str_has_suffix (name, "attention.self.key.weight"))
    return bank (start + 2 * index);
  if (g_str_has_suffix (name, "gamma_v"))
    return bank (start + 3 * index);
  float value = bank (start + index);
  if (g_str_equal (name, "rpn.head.bias_lang"))
    return glip_half_to_float (glip_float_to_half (value));
  return value;
}

static void
check_parameter (const GlipParameter *parameter, void *user_data)
{
  g_autoptr (GError) error = NULL;
  const GlipCheckpointTensor *tensor = glip_checkpoint_lookup (user_data, parameter->name);
  if (!parameter->needed)
    return;
  g_assert_nonnull (tensor);
  g_assert_cmpint (tensor->n_dims, ==, parameter->n_dims);
  g_assert_cmpmem (tensor->dims, (size_t) tensor->n_dims * 8, parameter->dims,
      (size_t) tensor->n_dims * 8);
  g_autofree float *values = glip_checkpoint_read (user_data, tensor, &error);
  g_assert_no_error (error);
  gboolean coarse = g_str_equal (parameter->name, "rpn.head.bias0");
  for (size_t i = 0; i < tensor->n_elements; i++) {
    float expected = expect_value (parameter->name, i, parameter->dims);
    if (coarse) /* bfloat16: eight bits */
      g_assert_cmpfloat (fabsf (values[i] - expected), <=, fabsf (expected) / 256);
    else
      g_assert_cmpfloat (values[i], ==, expected);
  }
}

static void
test_fixture (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GlipCheckpoint) checkpoint = glip_checkpoint_open (FIXTURE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (glip_checkpoint_get_count (checkpoint), ==, 188);
  g_assert_cmpstr (glip_checkpoint_get (checkpoint, 0)->name, ==,
      "backbone.body.patch_embed.proj.weight");
  g_assert_cmpint (glip_checkpoint_lookup (checkpoint, "rpn.head.bias_lang")->dtype, ==,
      GLIP_DTYPE_F16);
  g_assert_cmpint (glip_checkpoint_lookup (checkpoint, "rpn.head.log_scale")->dtype, ==,
      GLIP_DTYPE_F64);
  g_assert_cmpint (
      glip_checkpoint_lookup (checkpoint, "rpn.head.bias0")->dtype, ==, GLIP_DTYPE_BF16);

  GlipConfig config;
  g_assert_true (glip_checkpoint_infer_config (checkpoint, &config, &error));
  g_assert_no_error (error);
  g_autofree char *json = glip_config_to_json (&config);
  g_assert_cmpstr (json, ==,
      "{\"name\":\"glip\",\"patch\":4,\"embed_dim\":4,\"depths\":[1,1,1,1],"
      "\"heads\":[1,2,4,8],\"window\":3,\"mlp_ratio\":2,\"channels\":64,"
      "\"head_blocks\":1,\"gn_groups\":16,\"num_classes\":7,\"vocab\":100,"
      "\"max_len\":64,\"bert_layers\":1,\"bert_hidden\":64,\"bert_heads\":1,"
      "\"bert_inter\":128,\"bert_positions\":64,\"fusion\":true,\"fuse_dim\":64,"
      "\"fuse_heads\":1,\"clamp\":50000,\"anchor_sizes\":[48,96,192,384,768],"
      "\"strides\":[8,16,32,64,128],\"pixel_mean\":[103.53,116.28,123.675],"
      "\"pixel_std\":[57.375,57.12,58.395],\"min_size\":800,\"max_size\":1333,"
      "\"divisible\":32,\"score_agg\":\"MEAN\",\"pre_nms_thresh\":0.05,"
      "\"pre_nms_top_n\":1000,\"nms_thresh\":0.6,\"detections\":100,"
      "\"tunable_linear\":false}");
  glip_parameters_foreach (&config, check_parameter, checkpoint);

  const GlipCheckpointTensor *ids = glip_checkpoint_lookup (
      checkpoint, "language_backbone.body.model.embeddings.position_ids");
  g_assert_null (glip_checkpoint_read (checkpoint, ids, &error));
  g_assert_nonnull (strstr (error->message, "has no float type"));
}

static void
check_progress (double progress, void *user_data)
{
  double *last = user_data;
  g_assert_cmpfloat (progress, >, *last);
  g_assert_cmpfloat (progress, <=, 1);
  *last = progress;
}

/* Convert the fixture; the bytes. */
static GBytes *
convert (GlipDType type, const char *config, const char *vocabulary, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GlipCheckpoint) checkpoint = glip_checkpoint_open (FIXTURE, &error);
  double progress = 0;
  g_assert_no_error (error);
  glip_checkpoint_convert (
      checkpoint, config, vocabulary, type, path, check_progress, &progress, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (progress, ==, 1);
  char *content = NULL;
  gsize size = 0;
  g_assert_true (g_file_get_contents (path, &content, &size, NULL));
  return g_bytes_new_take (content, size);
}

static void
test_convert (void)
{
  static const GlipDType types[] = { GLIP_DTYPE_F32, GLIP_DTYPE_F16 };
  g_autofree char *folder = g_dir_make_tmp ("glip-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "m.safetensors", NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (types); i++) {
    g_autoptr (GError) error = NULL;
    const char *json = "{\"name\":\"mine\",\"min_size\":320,\"max_size\":640}";
    g_autoptr (GBytes) first = convert (types[i], json, "[PAD]\r\n[UNK]\r\nx\r\n", path);
    g_autoptr (GBytes) second = convert (types[i], json, "[PAD]\n[UNK]\nx\n", path);
    g_assert_true (g_bytes_equal (first, second));

    g_autoptr (GlipModel) model = glip_model_open (path, &error);
    g_assert_no_error (error);
    g_assert_cmpstr (glip_model_get_name (model), ==, "mine");
    g_assert_cmpint (glip_model_get_config (model)->min_size, ==, 320);
    g_assert_cmpint (glip_model_get_config (model)->window, ==, 3);
    g_assert_cmpstr (glip_model_get_vocabulary (model), ==, "[PAD]\n[UNK]\nx");
    GlipSafetensors *file = glip_model_get_file (model);
    g_assert_cmpstr (glip_safetensors_get_metadata (file, "glip.format"), ==, "1");
    g_assert_cmpuint (glip_safetensors_get_count (file), ==, 176);
    g_autoptr (GPtrArray) ignored = glip_model_list_ignored (model);
    g_assert_cmpuint (ignored->len, ==, 0);

    const char *name = "backbone.fpn.fpn_layer2.weight";
    const GlipStored *stored = glip_model_get_weight (model, name);
    g_assert_cmpint (stored->dtype, ==, types[i]);
    g_assert_cmpuint ((uintptr_t) stored->data % 64, ==, 0);
    float value, expected = expect_value (name, 777, stored->dims);
    glip_stored_read (stored, 777, 1, &value);
    if (types[i] == GLIP_DTYPE_F16)
      expected = glip_half_to_float (glip_float_to_half (expected));
    g_assert_cmpfloat (value, ==, expected);
    g_assert_cmpint (g_unlink (path), ==, 0);
  }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
test_convert_failures (void)
{
  static const struct {
    const char *config, *vocabulary, *message;
  } cases[] = {
    { "{", "a", "the configuration cannot be read" },
    { "{\"window\":7}", "a", "has shape [25,1], the configuration needs [169,1]" },
    { "{\"gn_groups\":7}", "a", "\"gn_groups\" is 7" },
    { "{\"head_blocks\":2}", "a", "tensor \"rpn.head.dyhead_tower.3.b_attn.gamma_v\" and 53" },
    { NULL, "", "the vocabulary has 0 pieces, the network has room for 1 to 100" },
    { NULL, "\xff", "the vocabulary is not UTF-8" },
  };
  g_autoptr (GlipCheckpoint) checkpoint = glip_checkpoint_open (FIXTURE, NULL);
  g_autofree char *folder = g_dir_make_tmp ("glip-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "m.safetensors", NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_test_message ("case %zu", i);
    g_assert_false (glip_checkpoint_convert (checkpoint, cases[i].config,
        cases[i].vocabulary, GLIP_DTYPE_F32, path, NULL, NULL, &error));
    g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL);
    g_test_message ("  %s", error->message);
    g_assert_nonnull (strstr (error->message, cases[i].message));
  }
  g_autoptr (GError) error = NULL;
  g_assert_false (glip_checkpoint_convert (
      checkpoint, NULL, NULL, GLIP_DTYPE_F32, FIXTURE, NULL, NULL, &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_IO);
  g_assert_nonnull (strstr (error->message, "is the checkpoint itself"));
  g_clear_error (&error);
  g_assert_cmpint (g_rmdir (folder), ==, 0); /* nothing is left behind */
  g_assert_false (glip_checkpoint_convert (
      checkpoint, NULL, NULL, GLIP_DTYPE_F32, path, NULL, NULL, &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_IO);
}

/* --------------------------------------------------------------- archives */

typedef struct {
  const char *name, *data;
  size_t size;
  gboolean deflate;
} Record;

#define TEXT(text) text, sizeof text - 1
/* {"w": one tensor}, of `COUNT` floats under the key "0". */
#define PICKLE(COUNT, TENSOR) \
  "\x80\2}X\1\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\n" \
  "FloatStorage\nX\1\0\0\0" "0X\3\0\0\0cpuK" COUNT "tQ" TENSOR "\x89NtRs."
#define TWO PICKLE ("\2", "K\0K\2\x85K\1\x85")

static char *
write_archive (const char *folder, const Record *records, size_t count)
{
  char *path = g_build_filename (folder, "archive.pth", NULL);
  zip_t *zip = zip_open (path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
  g_assert_nonnull (zip);
  for (size_t i = 0; i < count && records[i].name; i++) {
    zip_source_t *source = zip_source_buffer (zip, records[i].data, records[i].size, 0);
    zip_int64_t index = zip_file_add (zip, records[i].name, source, ZIP_FL_OVERWRITE);
    g_assert_cmpint (index, >=, 0);
    zip_set_file_compression (zip, (zip_uint64_t) index,
        records[i].deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
  }
  g_assert_cmpint (zip_close (zip), ==, 0);
  return path;
}

/* Open an archive and read the tensor "w"; the values or the error. */
static float *
read_archive (const char *path, GError **error)
{
  g_autoptr (GlipCheckpoint) checkpoint = glip_checkpoint_open (path, error);
  if (!checkpoint)
    return NULL;
  const GlipCheckpointTensor *tensor = glip_checkpoint_lookup (checkpoint, "w");
  g_assert_nonnull (tensor);
  return glip_checkpoint_read (checkpoint, tensor, error);
}

static void
test_archive (void)
{
  static const Record records[] = {
    { "any/data.pkl", TEXT (TWO), FALSE },
    { "any/byteorder", TEXT ("little"), FALSE },
    { "any/data/0", TEXT ("\0\0\x80\x3f\0\0\0\xc0"), FALSE },
  };
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("glip-XXXXXX", NULL);
  g_autofree char *path = write_archive (folder, records, 3);
  g_autofree float *values = read_archive (path, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (values[0], ==, 1);
  g_assert_cmpfloat (values[1], ==, -2);

  /* One flipped bit in the data. */
  g_autofree char *content = NULL;
  gsize size = 0;
  g_assert_true (g_file_get_contents (path, &content, &size, NULL));
  for (gsize i = 0; i + 8 <= size; i++)
    if (memcmp (content + i, records[2].data, 8) == 0)
      content[i + 1] ^= 4;
  g_assert_true (g_file_set_contents (path, content, (gssize) size, NULL));
  g_assert_null (read_archive (path, &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL);
  g_assert_nonnull (
      strstr (error->message, "\"data/0\" cannot be read, the file is truncated or corrupt"));

  for (gsize length = 0; length < size; length++) {
    g_autoptr (GError) reason = NULL;
    g_assert_true (g_file_set_contents (path, content, (gssize) length, NULL));
    g_assert_null (glip_checkpoint_open (path, &reason));
    g_assert_error (reason, GLIP_ERROR, GLIP_ERROR_BAD_MODEL);
  }
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_bad_archives (void)
{
  static const struct {
    Record records[3];
    const char *message;
  } cases[] = {
    { { { "a/b", TEXT ("x"), FALSE } }, "it has no data.pkl" },
    { { { "a/b/data.pkl", TEXT (TWO), FALSE } }, "it has no data.pkl" },
    { { { "a/data.pkl", TEXT ("\x80\2I1\n."), FALSE } },
        "the pickle has an instruction that checkpoints do not use" },
    { { { "a/data.pkl", TEXT (TWO TWO TWO TWO), TRUE } }, "\"data.pkl\" is compressed" },
    { { { "a/data.pkl", TEXT (TWO), FALSE }, { "a/byteorder", TEXT ("big"), FALSE } },
        "not in little-endian byte order" },
    { { { "a/data.pkl", TEXT (TWO), FALSE } }, "record \"data/0\" is missing" },
    { { { "a/data.pkl", TEXT (TWO), FALSE }, { "a/data/0", TEXT ("1234567"), FALSE } },
        "record \"data/0\" has 7 bytes instead of 8" },
    { { { "a/data.pkl", TEXT (PICKLE ("\2", "K\0M\377\377\x85K\0\x85")), FALSE },
          { "a/data/0", TEXT ("12345678"), FALSE } },
        "a tensor has more elements than its storage" },
    { { { "a/data.pkl", TEXT ("\x80\2cfoo\nBar\n)R."), FALSE } },
        "holds an object made by foo.Bar where a state dict should be" },
    { { { "a/data.pkl", TEXT ("\x80\2}X\5\0\0\0modelNs."), FALSE } },
        "holds something else where a state dict should be" },
    { { { "a/data.pkl", TEXT ("\x80\2}K\1K\2s."), FALSE } }, "holds no tensors" },
    { { { "a/data.pkl", TEXT ("\x80\2}X\2\0\0\0a\nNs."), FALSE } }, "holds no tensors" },
  };
  g_autofree char *folder = g_dir_make_tmp ("glip-XXXXXX", NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_test_message ("case %zu", i);
    g_autofree char *path = write_archive (folder, cases[i].records, 3);
    g_assert_null (read_archive (path, &error));
    g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL);
    g_test_message ("  %s", error->message);
    g_assert_nonnull (strstr (error->message, cases[i].message));
    g_assert_null (strchr (error->message, '\n'));
    g_unlink (path);
  }
  g_rmdir (folder);
}

static void
test_bad_files (void)
{
  static const struct {
    const char *data;
    size_t size;
    const char *message;
  } cases[] = {
    { TEXT (""), "no PyTorch checkpoint" },
    { TEXT ("hello"), "no PyTorch checkpoint" },
    { TEXT ("\x80\2\x8a\nl\xfc\x9c" "F\xf9 j\xa8P\x19."), "before PyTorch 1.6" },
    { TEXT ("PK\3\4"), "the zip archive cannot be read" },
    { TEXT ("PK\3\4PK\5\6\0\0\0\0\377\377\377\377\377\377\377\177\4\0\0\0\0\0"),
        "the zip archive cannot be read" },
  };
  g_autofree char *folder = g_dir_make_tmp ("glip-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "x.pth", NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_true (g_file_set_contents (path, cases[i].data, (gssize) cases[i].size, NULL));
    g_assert_null (glip_checkpoint_open (path, &error));
    g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL);
    g_assert_true (g_str_has_prefix (error->message, path));
    g_assert_nonnull (strstr (error->message, cases[i].message));
  }
  g_unlink (path);
  g_autoptr (GError) error = NULL;
  g_assert_null (glip_checkpoint_open (path, &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_IO);
  g_clear_error (&error);
  g_assert_null (glip_checkpoint_open (folder, &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_IO);
  g_rmdir (folder);
}

/* Another network, a needed tensor that is an opaque object, and a value that a
 * half cannot hold. */
static void
test_foreign (void)
{
  static const Record foreign[] = {
    { "a/data.pkl", TEXT (TWO), FALSE },
    { "a/data/0", TEXT ("12345678"), FALSE },
  };
  static const Record opaque[] = {
    { "a/data.pkl", TEXT ("\x80\2}(X\1\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0"
          "storagectorch\nFloatStorage\nX\1\0\0\0" "0X\3\0\0\0cpuK\2tQK\0K\2\x85K\1\x85\x89NtR"
          "X\x25\0\0\0" "backbone.body.patch_embed.proj.weight"
          "ctorch._utils\n_rebuild_qtensor\n)Ru."), FALSE },
  };
  g_autofree char *folder = g_dir_make_tmp ("glip-XXXXXX", NULL);
  static const struct {
    const Record *records;
    size_t count;
    const char *message;
  } cases[] = {
    { foreign, 2, "has no tensor \"backbone.body.patch_embed.proj.weight\": no GLIP" },
    { opaque, 1, "\"backbone.body.patch_embed.proj.weight\" cannot be read: it is an object "
                 "made by torch._utils._rebuild_qtensor" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    GlipConfig config;
    g_autofree char *path = write_archive (folder, cases[i].records, cases[i].count);
    g_autoptr (GlipCheckpoint) checkpoint = glip_checkpoint_open (path, &error);
    g_assert_no_error (error);
    g_assert_false (glip_checkpoint_infer_config (checkpoint, &config, &error));
    g_assert_nonnull (strstr (error->message, cases[i].message));
    g_unlink (path);
  }
  g_rmdir (folder);
}

/* The fixture with one float raised beyond the range of halfs. */
static void
test_half_range (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("glip-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "big.pth", NULL);
  g_autofree char *output = g_build_filename (folder, "big.safetensors", NULL);
  g_autofree char *content = NULL;
  gsize size = 0;
  g_assert_true (g_file_get_contents (FIXTURE, &content, &size, NULL));
  g_assert_true (g_file_set_contents (path, content, (gssize) size, NULL));
  zip_t *zip = zip_open (path, 0, NULL);
  /* The record of the parameter with a storage of its own: 64 floats. */
  static float values[64];
  values[63] = 70000;
  zip_int64_t found = -1;
  for (zip_int64_t i = 0; i < zip_get_num_entries (zip, 0) && found < 0; i++) {
    zip_stat_t entry;
    zip_stat_index (zip, (zip_uint64_t) i, 0, &entry);
    if (strstr (entry.name, "/data/") && entry.size == sizeof values)
      found = i;
  }
  g_assert_cmpint (found, >=, 0);
  zip_source_t *source = zip_source_buffer (zip, values, sizeof values, 0);
  /* A replaced record would keep its compression with libzip 1.11. */
  g_autofree char *name = g_strdup (zip_get_name (zip, (zip_uint64_t) found, 0));
  g_assert_cmpint (zip_delete (zip, (zip_uint64_t) found), ==, 0);
  found = zip_file_add (zip, name, source, 0);
  g_assert_cmpint (found, >=, 0);
  zip_set_file_compression (zip, (zip_uint64_t) found, ZIP_CM_STORE, 0);
  g_assert_cmpint (zip_close (zip), ==, 0);

  g_autoptr (GlipCheckpoint) checkpoint = glip_checkpoint_open (path, &error);
  g_assert_no_error (error);
  g_assert_true (glip_checkpoint_convert (
      checkpoint, NULL, NULL, GLIP_DTYPE_F32, output, NULL, NULL, &error));
  g_assert_cmpint (g_unlink (output), ==, 0);
  g_assert_false (glip_checkpoint_convert (
      checkpoint, NULL, NULL, GLIP_DTYPE_F16, output, NULL, NULL, &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL);
  g_assert_nonnull (strstr (error->message, "tensor \"backbone.fpn.fpn_inner2.bias\" holds "
                                            "70000, beyond the range of half precision"));
  g_unlink (path);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* ---------------------------------------------------------- prompt tuning */

#define TUNED_NAME "module.rpn.tunable_linear.weight"
#define TUNED_WIDTH 64
/* The key and a whole storage "tuned" of [1000, 64] floats. */
#define TUNED_ITEM \
  "X\x20\0\0\0" TUNED_NAME "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\n" \
  "FloatStorage\nX\5\0\0\0tunedX\3\0\0\0cpuM\0\372tQK\0M\350\3K\x40\x86K\x40K\1\x86\x89NtR"

/* Read one record of an archive.  (transfer full) */
static GByteArray *
read_record (zip_t *zip, const char *name)
{
  zip_stat_t status;
  g_assert_cmpint (zip_stat (zip, name, 0, &status), ==, 0);
  GByteArray *bytes = g_byte_array_new ();
  g_byte_array_set_size (bytes, (guint) status.size);
  zip_file_t *file = zip_fopen (zip, name, 0);
  g_assert_cmpint (zip_fread (file, bytes->data, status.size), ==, (zip_int64_t) status.size);
  zip_fclose (file);
  return bytes;
}

static void
put_record (zip_t *zip, const char *name, const void *data, size_t size)
{
  zip_source_t *source = zip_source_buffer (zip, data, size, 0);
  zip_int64_t index = zip_name_locate (zip, name, 0);
  /* A replaced record would keep its compression with libzip 1.11. */
  if (index >= 0)
    g_assert_cmpint (zip_delete (zip, (zip_uint64_t) index), ==, 0);
  index = zip_file_add (zip, name, source, 0);
  g_assert_cmpint (index, >=, 0);
  zip_set_file_compression (zip, (zip_uint64_t) index, ZIP_CM_STORE, 0);
}

/* The fixture with one more tensor, put ahead of the first of the "model". */
static void
write_tuned (const char *path, const float *values)
{
  static const char first[] = "X\x2c\0\0\0module.backbone.body.patch_embed.proj.weight";
  g_autofree char *content = NULL;
  gsize size = 0;
  g_assert_true (g_file_get_contents (FIXTURE, &content, &size, NULL));
  g_assert_true (g_file_set_contents (path, content, (gssize) size, NULL));
  zip_t *zip = zip_open (path, 0, NULL);
  g_assert_nonnull (zip);
  g_autoptr (GByteArray) pickle = read_record (zip, "checkpoint/data.pkl");
  g_autoptr (GByteArray) longer = g_byte_array_new ();
  gssize at = -1; /* the averaged model comes before: the last one counts */
  for (guint i = 0; i + sizeof first - 1 <= pickle->len; i++)
    if (memcmp (pickle->data + i, first, sizeof first - 1) == 0)
      at = i;
  g_assert_cmpint (at, >, 0);
  g_byte_array_append (longer, pickle->data, (guint) at);
  g_byte_array_append (longer, (const guint8 *) TUNED_ITEM, sizeof TUNED_ITEM - 1);
  g_byte_array_append (longer, pickle->data + at, pickle->len - (guint) at);
  put_record (zip, "checkpoint/data.pkl", longer->data, longer->len);
  put_record (zip, "checkpoint/data/tuned", values, 1000 * TUNED_WIDTH * sizeof (float));
  g_assert_cmpint (zip_close (zip), ==, 0);
}

static void
test_tuned (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("glip-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "tuned.pth", NULL);
  g_autofree char *output = g_build_filename (folder, "tuned.safetensors", NULL);
  g_autofree float *values = g_new (float, 1000 * TUNED_WIDTH);
  for (int i = 0; i < 1000 * TUNED_WIDTH; i++)
    values[i] = bank ((size_t) i);
  write_tuned (path, values);

  g_autoptr (GlipCheckpoint) checkpoint = glip_checkpoint_open (path, &error);
  g_assert_no_error (error);
  glip_checkpoint_convert (
      checkpoint, NULL, "[PAD]\n[UNK]\nx\n", GLIP_DTYPE_F32, output, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (GlipModel) model = glip_model_open (output, &error);
  g_assert_no_error (error);
  g_assert_true (glip_model_get_config (model)->tunable_linear);
  const GlipStored *stored = glip_model_get_weight (model, TUNED_NAME + strlen ("module."));
  g_assert_cmpint (stored->n_dims, ==, 2);
  g_assert_cmpint (stored->dims[0], ==, 1000);
  g_assert_cmpint (stored->dims[1], ==, TUNED_WIDTH);
  g_autofree float *read = g_new (float, stored->n_elements);
  glip_stored_read (stored, 0, stored->n_elements, read);
  g_assert_cmpmem (
      read, stored->n_elements * sizeof (float), values, 1000 * TUNED_WIDTH * sizeof (float));
  g_unlink (path);
  g_unlink (output);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/checkpoint/fixture", test_fixture);
  g_test_add_func ("/checkpoint/convert", test_convert);
  g_test_add_func ("/checkpoint/convert-failures", test_convert_failures);
  g_test_add_func ("/checkpoint/half-range", test_half_range);
  g_test_add_func ("/checkpoint/archive", test_archive);
  g_test_add_func ("/checkpoint/bad-archives", test_bad_archives);
  g_test_add_func ("/checkpoint/bad-files", test_bad_files);
  g_test_add_func ("/checkpoint/foreign", test_foreign);
  g_test_add_func ("/checkpoint/tuned", test_tuned);
  return g_test_run ();
}
