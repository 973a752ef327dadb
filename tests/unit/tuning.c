/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Which kernels and which storage a device gets, for what it can do and what is asked.
 */
#include "vulkan/tuning.h"

static const GlipAbilities lavapipe = { "lavapipe", TRUE, TRUE, TRUE, 8, TRUE };
static const GlipAbilities old_lavapipe = { "old one", TRUE, TRUE, FALSE, 8, FALSE };
static const GlipAbilities odd_cpu = { "odd CPU", TRUE, FALSE, FALSE, 4, FALSE };
static const GlipAbilities new_gpu = { "new GPU", FALSE, TRUE, TRUE, 32, FALSE };
static const GlipAbilities gpu = { "GPU", FALSE, TRUE, FALSE, 64, FALSE };
static const GlipAbilities old_gpu = { "old GPU", FALSE, FALSE, FALSE, 32, FALSE };

/* Short names for the table. */
#define K(name) GLIP_KERNELS_##name
#define P(name) GLIP_PRECISION_##name

static const struct {
  const GlipAbilities *abilities;
  GlipKernels kernels;
  GlipPrecision precision;
  GlipKernels chosen; /* AUTO: refused */
  gboolean half;
} cases[] = {
  { &lavapipe, K (AUTO), P (AUTO), K (LANES), FALSE },
  { &lavapipe, K (AUTO), P (FP32), K (LANES), FALSE },
  { &lavapipe, K (AUTO), P (FP16), K (TILES), TRUE },
  { &lavapipe, K (TILES), P (AUTO), K (TILES), TRUE },
  { &lavapipe, K (TILES), P (FP32), K (TILES), FALSE },
  { &lavapipe, K (MATRIX), P (AUTO), K (MATRIX), TRUE },
  { &lavapipe, K (LANES), P (FP16), K (AUTO), FALSE },
  { &old_lavapipe, K (AUTO), P (AUTO), K (LANES), FALSE },
  { &odd_cpu, K (AUTO), P (AUTO), K (TILES), FALSE },
  { &odd_cpu, K (AUTO), P (FP16), K (TILES), TRUE },
  { &odd_cpu, K (LANES), P (AUTO), K (AUTO), FALSE },
  { &new_gpu, K (AUTO), P (AUTO), K (MATRIX), TRUE },
  { &new_gpu, K (AUTO), P (FP16), K (MATRIX), TRUE },
  { &new_gpu, K (AUTO), P (FP32), K (TILES), FALSE },
  { &new_gpu, K (MATRIX), P (FP32), K (AUTO), FALSE },
  { &gpu, K (AUTO), P (AUTO), K (TILES), TRUE },
  { &gpu, K (MATRIX), P (AUTO), K (AUTO), FALSE },
  { &gpu, K (LANES), P (AUTO), K (AUTO), FALSE },
  { &old_gpu, K (AUTO), P (AUTO), K (TILES), TRUE },
  { &old_gpu, K (AUTO), P (FP32), K (TILES), FALSE },
};

static void
test_choice (void)
{
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    GlipTuning tuning = { 0 };
    g_test_message ("%s: kernels %s, precision %d", cases[i].abilities->name,
        glip_kernels_name (cases[i].kernels), (int) cases[i].precision);
    gboolean chosen = glip_tuning_choose (
        &tuning, cases[i].abilities, cases[i].kernels, cases[i].precision, &error);
    if (cases[i].chosen == GLIP_KERNELS_AUTO) {
      g_assert_false (chosen);
      g_assert_error (error, GLIP_ERROR, GLIP_ERROR_UNSUPPORTED);
      continue;
    }
    g_assert_no_error (error);
    g_assert_true (chosen);
    g_assert_cmpint (tuning.kernels, ==, cases[i].chosen);
    g_assert_cmpint (tuning.half, ==, cases[i].half);
    g_assert_cmpint (tuning.half_operands, ==,
        cases[i].half && cases[i].chosen == GLIP_KERNELS_MATRIX);
    g_assert_cmpint (tuning.uniform_loads, ==,
        cases[i].chosen == K (LANES) && cases[i].abilities->uniform_loads);
  }
}

/* What is refused is refused in words that help. */
static void
test_messages (void)
{
  const struct {
    const GlipAbilities *abilities;
    GlipKernels kernels;
    GlipPrecision precision;
    const char *message;
  } refusals[] = {
    { &old_gpu, K (LANES), P (AUTO),
        "old GPU lacks buffer addresses and subgroups of 8: choose another precision, other "
        "kernels or another device" },
    { &gpu, K (MATRIX), P (AUTO),
        "GPU lacks cooperative matrices of float16: choose another precision, other kernels or "
        "another device" },
    { &lavapipe, K (LANES), P (FP16),
        "the kernels \"lanes\" have no precision fp16: leave one of them at auto" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (refusals); i++) {
    g_autoptr (GError) error = NULL;
    GlipTuning tuning;
    glip_tuning_choose (&tuning, refusals[i].abilities, refusals[i].kernels,
        refusals[i].precision, &error);
    g_assert_cmpstr (error->message, ==, refusals[i].message);
  }
}

static void
test_units (void)
{
  static const GlipMatrixUnit nvidia[] = { { 16, 16, 16 }, { 16, 8, 16 }, { 16, 8, 8 } };
  static const GlipMatrixUnit intel[] = { { 8, 8, 16 }, { 8, 16, 16 } };
  static const GlipMatrixUnit odd[] = { { 16, 16, 4 }, { 24, 16, 16 }, { 64, 64, 64 } };
  GlipMatrixUnit unit;
  g_assert_true (glip_tuning_choose_unit (&unit, nvidia, G_N_ELEMENTS (nvidia)));
  g_assert_cmpuint (unit.n, ==, 16);
  g_assert_true (glip_tuning_choose_unit (&unit, intel, G_N_ELEMENTS (intel)));
  g_assert_cmpuint (unit.m, ==, 8);
  g_assert_cmpuint (unit.n, ==, 16);
  g_assert_false (glip_tuning_choose_unit (&unit, odd, G_N_ELEMENTS (odd)));
  g_assert_false (glip_tuning_choose_unit (&unit, NULL, 0));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tuning/choice", test_choice);
  g_test_add_func ("/tuning/messages", test_messages);
  g_test_add_func ("/tuning/units", test_units);
  return g_test_run ();
}
