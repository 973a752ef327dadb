/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The generator of test models against recorded values: all golden tensors come
 * from exactly these weights.
 */
#include "checkpoint.h"
#include "model/weights.h"

#include <glib/gstdio.h>
#include <math.h>

typedef struct {
  GlipConfig config;
  GChecksum *checksum;
} Sum;

static void
add_values (const GlipParameter *parameter, void *user_data)
{
  Sum *sum = user_data;
  size_t count = glip_test_count (parameter);
  if (!parameter->integer) {
    g_autofree float *values = g_new (float, count);
    glip_test_fill (&sum->config, 1, parameter, values);
    g_checksum_update (sum->checksum, (const guchar *) values, (gssize) (count * 4));
    return;
  }
  /* Either 0, 1, 2, ... or the index into a window's bias table. */
  g_autofree int64_t *values = g_new (int64_t, count);
  int64_t window = sum->config.window, tokens = window * window;
  gboolean counts = g_str_has_suffix (parameter->name, "position_ids");
  for (int64_t i = 0; i < (int64_t) count; i++) {
    int64_t query = i / tokens, key = i % tokens;
    int64_t dy = query / window - key / window, dx = query % window - key % window;
    values[i] = counts ? i : (dy + window - 1) * (2 * window - 1) + dx + window - 1;
  }
  g_checksum_update (sum->checksum, (const guchar *) values, (gssize) (count * 8));
}

static void
check_sum (const char *name, const char *expected)
{
  Sum sum = { .checksum = g_checksum_new (G_CHECKSUM_SHA256) };
  g_assert_true (glip_test_config (name, &sum.config));
  glip_parameters_foreach (&sum.config, add_values, &sum);
  g_assert_cmpstr (g_checksum_get_string (sum.checksum), ==, expected);
  g_checksum_free (sum.checksum);
}

static void
test_nano (void)
{
  check_sum ("glip-nano",
      "c283bc210c2aeb15cf5b63dee12775a95a97f5082567a3efb9e548ad2cf68caa");
}

static void
test_nano_a (void)
{
  check_sum ("glip-nano-a",
      "fa9212d3df01c7b2fe58cc0cbf905f9ac8118f7cad9713ac8ad4eb9edd2949e5");
}

/* Hundreds of millions of values: only with -m slow. */
static void
test_large (void)
{
  if (!g_test_slow ()) {
    g_test_skip ("needs -m slow");
    return;
  }
  check_sum ("glip-t-a",
      "fa8bdb4c7a39f4b71faa5f803198b900198c3526f41cd9ef25f539a0c558f66f");
  check_sum (
      "glip-t", "5f624abe74c53466818eecaf4d29377470182d72d29a9e989bfcdbdc6acba635");
  check_sum (
      "glip-l", "a2fa5d5cb986139708b1e514b5eed2d204e9a7feb69e6370fb943aa85cb7f78b");
}

/* Inverts the recipe of a value: noise = (value - mean) / deviation. */
static void
test_first_values (void)
{
  GlipConfig config;
  g_assert_true (glip_test_config ("glip-nano", &config));
  GlipParameter parameter = { .name = "rpn.head.bias0", .n_dims = 1, .dims = { 3 } };
  const double expected[3] = { 0.8669161796569824, -1.0348353385925293,
    -0.6893401145935059 };
  float values[3];
  glip_test_fill (&config, 1, &parameter, values);
  for (int i = 0; i < 3; i++)
    g_assert_cmpfloat (values[i], ==, (float) (-2.0 + 0.1 * expected[i]));
}

static void
test_write (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("glip-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "nano.safetensors", NULL);
  glip_test_write_model (path, "glip-nano", 1, GLIP_GOLDEN "/vocab-2048.txt", &error);
  g_assert_no_error (error);
  g_autoptr (GlipModel) model = glip_model_open (path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (glip_model_get_name (model), ==, "glip-nano");
  const GlipStored *stored =
      glip_model_get_weight (model, "backbone.body.patch_embed.proj.weight");
  float values[2];
  glip_stored_read (stored, 0, 2, values);
  const double deviation = 1.0 / sqrt (3 * 4 * 4);
  g_assert_cmpfloat (values[0], ==, (float) (deviation * -1.401597499847412));
  g_assert_cmpfloat (values[1], ==, (float) (deviation * 0.5981287956237793));
  g_unlink (path);

  g_assert_false (
      glip_test_write_model (path, "glip-x", 1, GLIP_GOLDEN "/vocab-2048.txt", &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/generator/nano", test_nano);
  g_test_add_func ("/generator/nano-a", test_nano_a);
  g_test_add_func ("/generator/large", test_large);
  g_test_add_func ("/generator/first-values", test_first_values);
  g_test_add_func ("/generator/write", test_write);
  return g_test_run ();
}
