/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The inventory against the published figures of the released networks.
 */
#include "checkpoint.h"

#include <string.h>

typedef struct {
  size_t tensors, needed, parameters; /* without buffers */
  size_t swin, fpn, text, fusion, head_text, convolution, outputs;
} Totals;

static void
count (const GlipParameter *parameter, void *user_data)
{
  Totals *totals = user_data;
  const char *name = parameter->name;
  size_t size = glip_test_count (parameter);
  totals->tensors++;
  totals->needed += parameter->needed;
  if (parameter->integer || strstr (name, "cell_anchors"))
    return;
  totals->parameters += size;
  if (g_str_has_prefix (name, "backbone.body."))
    totals->swin += size;
  else if (g_str_has_prefix (name, "backbone.fpn."))
    totals->fpn += size;
  else if (g_str_has_prefix (name, "language_backbone."))
    totals->text += size;
  else if (strstr (name, ".b_attn."))
    totals->fusion += size;
  else if (!strstr (name, "dyhead_tower."))
    totals->outputs += size;
  else if (strstr (name, ".attention.") || strstr (name, ".intermediate.")
           || strstr (name, ".output."))
    totals->head_text += size;
  else
    totals->convolution += size;
}

static void
check (const char *name, const Totals *expected)
{
  GlipConfig config;
  Totals totals = { 0 };
  g_assert_true (glip_test_config (name, &config));
  g_assert_true (glip_config_check (&config, NULL));
  glip_parameters_foreach (&config, count, &totals);
  g_assert_cmpuint (totals.tensors, ==, expected->tensors);
  g_assert_cmpuint (totals.needed, ==, expected->needed);
  g_assert_cmpuint (totals.swin, ==, expected->swin);
  g_assert_cmpuint (totals.fpn, ==, expected->fpn);
  g_assert_cmpuint (totals.text, ==, expected->text);
  g_assert_cmpuint (totals.fusion, ==, expected->fusion);
  g_assert_cmpuint (totals.head_text, ==, expected->head_text);
  g_assert_cmpuint (totals.convolution, ==, expected->convolution);
  g_assert_cmpuint (totals.outputs, ==, expected->outputs);
  g_assert_cmpuint (totals.parameters, ==, expected->parameters);
}

static void
test_tiny_a (void)
{
  check ("glip-t-a", &(Totals) { 542, 522, 151430526, 27520506, 3295232, 108891648, 0, 0,
                         11503656, 219484 });
}

static void
test_tiny (void)
{
  check ("glip-t", &(Totals) { 746, 726, 231780222, 27520506, 3295232, 108891648,
                       37822464, 42527232, 11503656, 219484 });
}

static void
test_large (void)
{
  check ("glip-l", &(Totals) { 1022, 990, 430422384, 195200820, 3639296, 108891648,
                       50429952, 56702976, 15338208, 219484 });
}

static void
find_tunable (const GlipParameter *parameter, void *user_data)
{
  if (g_str_equal (parameter->name, "rpn.tunable_linear.weight")) {
    g_assert_true (parameter->needed);
    g_assert_cmpint (parameter->n_dims, ==, 2);
    g_assert_cmpint (parameter->dims[0], ==, 1000);
    g_assert_cmpint (parameter->dims[1], ==, 768);
    (*(int *) user_data)++;
  }
}

static void
test_tunable (void)
{
  GlipConfig config;
  int found = 0;
  glip_config_init (&config);
  glip_parameters_foreach (&config, find_tunable, &found);
  g_assert_cmpint (found, ==, 0);
  config.tunable_linear = TRUE;
  glip_parameters_foreach (&config, find_tunable, &found);
  g_assert_cmpint (found, ==, 1);
}

static void
check_needed (const GlipParameter *parameter, void *user_data)
{
  static const char *const ignored[] = { "relative_position_index", "position_ids",
    "cls_logits", "cell_anchors" };
  gboolean expected = TRUE;
  for (size_t i = 0; i < G_N_ELEMENTS (ignored); i++)
    expected = expected && !strstr (parameter->name, ignored[i]);
  g_assert_cmpint (parameter->needed, ==, expected);
  (*(int *) user_data)++;
}

static void
test_needed (void)
{
  GlipConfig config;
  int seen = 0;
  glip_config_init (&config);
  glip_parameters_foreach (&config, check_needed, &seen);
  g_assert_cmpint (seen, ==, 746);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/parameters/glip-t-a", test_tiny_a);
  g_test_add_func ("/parameters/glip-t", test_tiny);
  g_test_add_func ("/parameters/glip-l", test_large);
  g_test_add_func ("/parameters/tunable", test_tunable);
  g_test_add_func ("/parameters/needed", test_needed);
  return g_test_run ();
}
