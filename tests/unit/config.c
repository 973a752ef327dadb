/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The configuration: what is written is read again, what is wrong is named.
 */
#include "model/config.h"

#include <json-glib/json-glib.h>
#include <string.h>

static void
test_round_trip (void)
{
  g_autoptr (GError) error = NULL;
  GlipConfig config, copy;
  glip_config_init (&config);
  g_assert_true (glip_config_check (&config, &error));
  g_assert_true (glip_config_parse (&config,
      "{\"name\":\"a \\\"b\\\" \\\\ é\",\"depths\":[1,2,3,4],\"mlp_ratio\":2.5,"
      "\"fusion\":false,\"tunable_linear\":true,\"score_agg\":\"POWER\","
      "\"pixel_mean\":[0.1,-3,1e-3],\"nms_thresh\":0.7,\"future\":{\"x\":[1]}}",
      &error));
  g_assert_no_error (error);
  g_assert_cmpstr (config.name, ==, "a \"b\" \\ é");
  g_assert_cmpint (config.depths[3], ==, 4);
  g_assert_cmpfloat (config.mlp_ratio, ==, 2.5);
  g_assert_false (config.fusion);
  g_assert_true (config.tunable_linear);
  g_assert_cmpint (config.score_agg, ==, GLIP_SCORE_POWER);
  g_assert_cmpfloat (config.pixel_mean[1], ==, -3);

  g_autofree char *json = glip_config_to_json (&config);
  glip_config_init (&copy);
  g_assert_true (glip_config_parse (&copy, json, &error));
  g_assert_no_error (error);
  g_autofree char *again = glip_config_to_json (&copy);
  g_assert_cmpstr (again, ==, json);
  g_assert_cmpfloat (copy.pixel_mean[0], ==, 0.1);
  g_assert_nonnull (strstr (json, "\"pixel_mean\":[0.1,-3,0.001]"));
}

static void
test_bad_json (void)
{
  static const struct {
    const char *json, *message;
  } cases[] = {
    { "", "configuration" },
    { "[1]", "is no JSON object" },
    { "3", "configuration" },
    { "{\"patch\":4", "cannot be read" },
    { "{\"x\":\"\xff\"}", "is not UTF-8" },
    { "{\"x\":[[[[[[[[[[]]]]]]]]]]}", "nested too deeply" },
    { "{\"patch\":8}", "\"patch\" is 8, allowed are 4 to 4" },
    { "{\"embed_dim\":-1}", "\"embed_dim\" is -1, allowed are 4 to 1024" },
    { "{\"embed_dim\":99999999999999999999}", "\"embed_dim\" " },
    { "{\"embed_dim\":\"96\"}", "\"embed_dim\" must be a number" },
    { "{\"embed_dim\":null}", "\"embed_dim\" must be a number" },
    { "{\"embed_dim\":true}", "\"embed_dim\" must be a number" },
    { "{\"embed_dim\":{}}", "\"embed_dim\" must be a number" },
    { "{\"embed_dim\":96.5}", "\"embed_dim\" is 96.5, which is no whole number" },
    { "{\"depths\":[1,2,3]}", "\"depths\" must be an array of 4 numbers" },
    { "{\"depths\":2}", "\"depths\" must be an array of 4 numbers" },
    { "{\"depths\":[1,2,3,[4]]}", "\"depths\" must be a number" },
    { "{\"depths\":[1,2,3,65]}", "\"depths\" is 65, allowed are 1 to 64" },
    { "{\"window\":0}", "\"window\" is 0" },
    { "{\"window\":17}", "\"window\" is 17" },
    { "{\"vocab\":2000000}", "\"vocab\" is 2e+06" },
    { "{\"pixel_std\":[1,0,1]}", "\"pixel_std\" is 0" },
    { "{\"strides\":[8,16,0,64,128]}", "\"strides\" is 0" },
    { "{\"anchor_sizes\":[64,128,-256,512,1024]}", "\"anchor_sizes\" is -256" },
    { "{\"nms_thresh\":1.5}", "\"nms_thresh\" is 1.5, allowed are 0 to 1" },
    { "{\"clamp\":1e999}", "\"clamp\" is inf" },
    { "{\"fusion\":1}", "\"fusion\" must be true or false" },
    { "{\"fusion\":\"true\"}", "\"fusion\" must be true or false" },
    { "{\"score_agg\":\"mean\"}", "\"score_agg\" must be MEAN, MAX, POWER or ONEHOT" },
    { "{\"score_agg\":0}", "\"score_agg\" must be a string" },
    { "{\"name\":7}", "\"name\" must be a string" },
    { "{\"name\":\"\"}", "\"name\" must be 1 to 63 printable bytes" },
    { "{\"name\":\"a\\nb\"}", "\"name\" must be 1 to 63 printable bytes" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    GlipConfig config, before;
    glip_config_init (&config);
    glip_config_init (&before);
    g_test_message ("case %zu", i);
    g_assert_false (glip_config_parse (&config, cases[i].json, &error));
    g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL);
    g_test_message ("  %s", error->message);
    g_assert_nonnull (strstr (error->message, cases[i].message));
    g_assert_null (strchr (error->message, '\n'));
    g_assert_cmpmem (&config, sizeof config, &before, sizeof before);
  }
}

static void
test_deep_json (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *deep = g_strnfill (60000, '[');
  g_autofree char *lengthy = g_strnfill (100000, ' ');
  GlipConfig config;
  glip_config_init (&config);
  g_assert_false (glip_config_parse (&config, deep, &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL);
  g_clear_error (&error);
  g_assert_false (glip_config_parse (&config, lengthy, &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL);
}

static void
test_check (void)
{
  static const struct {
    const char *json, *message; /* NULL: good */
  } cases[] = {
    { "{}", NULL },
    { "{\"embed_dim\":192,\"heads\":[6,12,24,48],\"window\":12}", NULL },
    { "{\"embed_dim\":4,\"heads\":[1,2,4,8],\"mlp_ratio\":2}", NULL },
    { "{\"embed_dim\":98}", "\"embed_dim\" is 98, must be a multiple of 4" },
    { "{\"mlp_ratio\":0.51}", "\"mlp_ratio\" is 0.51" },
    { "{\"heads\":[5,6,12,24]}", "\"heads\" is 5 in stage 0, which does not split the width 96" },
    { "{\"heads\":[1,6,12,24]}", "\"heads\" is 1 in stage 0" },
    { "{\"heads\":[3,6,12,128]}", "\"heads\" is 128 in stage 3" },
    { "{\"bert_heads\":7}", "\"bert_heads\" is 7, which does not split the width 768" },
    { "{\"fuse_heads\":3}", "\"fuse_heads\" is 3, which does not split the width 2048" },
    { "{\"channels\":96}", "\"channels\" is 96, must be a multiple of 64" },
    { "{\"gn_groups\":15}", "\"gn_groups\" is 15, which does not divide the 256 channels" },
    { "{\"bert_hidden\":816}", "\"bert_hidden\" is 816, must be a multiple of 64" },
    { "{\"bert_inter\":3071}", "\"bert_inter\" is 3071" },
    { "{\"bert_positions\":255}", "\"max_len\" is 256, more than the 255 positions" },
    { "{\"divisible\":33}", "\"divisible\" is 33, must be a multiple of 32" },
    { "{\"max_size\":799}", "\"max_size\" is 799, less than min_size, 800" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    GlipConfig config;
    glip_config_init (&config);
    g_test_message ("%s", cases[i].json);
    g_assert_true (glip_config_parse (&config, cases[i].json, &error));
    gboolean good = glip_config_check (&config, &error);
    g_assert_cmpint (good, ==, cases[i].message == NULL);
    if (cases[i].message) {
      g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL);
      g_assert_nonnull (strstr (error->message, cases[i].message));
    }
  }
}

/* What was set without the parser is checked too. */
static void
test_check_range (void)
{
  g_autoptr (GError) error = NULL;
  GlipConfig config;
  glip_config_init (&config);
  config.depths[2] = 1 << 30;
  g_assert_false (glip_config_check (&config, &error));
  g_assert_nonnull (strstr (error->message, "\"depths\" is 1.07374e+09"));
  g_clear_error (&error);
  glip_config_init (&config);
  config.nms_thresh = 0.0 / 0.0;
  g_assert_false (glip_config_check (&config, &error));
  g_assert_nonnull (strstr (error->message, "\"nms_thresh\" is "));
}

/* docs/file-format.md describes every field. */
static void
test_documented (void)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char *text = NULL;
  GlipConfig config;
  glip_config_init (&config);
  g_autofree char *json = glip_config_to_json (&config);
  g_assert_true (g_file_get_contents (GLIP_DOCS "/file-format.md", &text, NULL, NULL));
  g_assert_true (json_parser_load_from_data (parser, json, -1, NULL));
  g_autoptr (GList) names =
      json_object_get_members (json_node_get_object (json_parser_get_root (parser)));
  g_assert_cmpuint (g_list_length (names), ==, 35);
  for (GList *at = names; at; at = at->next) {
    g_autofree char *row = g_strdup_printf ("| `%s` |", (const char *) at->data);
    g_test_message ("%s", row);
    g_assert_nonnull (strstr (text, row));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/config/round-trip", test_round_trip);
  g_test_add_func ("/config/bad-json", test_bad_json);
  g_test_add_func ("/config/deep-json", test_deep_json);
  g_test_add_func ("/config/check", test_check);
  g_test_add_func ("/config/check-range", test_check_range);
  g_test_add_func ("/config/documented", test_documented);
  return g_test_run ();
}
