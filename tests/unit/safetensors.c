/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The container: half precision, what the writer writes, and a table of files that
 * lie.
 */
#include "model/safetensors.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------ half */

static void
test_half_to_float (void)
{
  for (unsigned bits = 0; bits < 0x10000; bits++) {
    int exponent = (int) (bits >> 10 & 0x1f), mantissa = (int) (bits & 0x3ff);
    double expected = exponent == 0 ? ldexp (mantissa, -24)
                                    : ldexp (mantissa + 1024, exponent - 25);
    if (bits & 0x8000)
      expected = -expected;
    float value = glip_half_to_float ((uint16_t) bits);
    if (exponent == 31 && mantissa) {
      g_assert_true (isnan (value));
      g_assert_true (isnan (glip_half_to_float (glip_float_to_half (value))));
      continue;
    }
    if (exponent == 31)
      g_assert_cmpint (isinf (value), ==, bits & 0x8000 ? -1 : 1);
    else
      g_assert_cmpfloat (value, ==, expected);
    g_assert_cmphex (glip_float_to_half (value), ==, bits);
  }
}

/* Between each half and the next: the middle goes to the even one. */
static void
test_float_to_half (void)
{
  for (unsigned bits = 0; bits < 0x7bff; bits++) {
    float low = glip_half_to_float ((uint16_t) bits);
    float high = glip_half_to_float ((uint16_t) (bits + 1));
    float middle = low + (high - low) / 2;
    unsigned even = bits & 1 ? bits + 1 : bits;
    g_assert_cmphex (glip_float_to_half (middle), ==, even);
    g_assert_cmphex (glip_float_to_half (-middle), ==, even | 0x8000);
    g_assert_cmphex (glip_float_to_half (nextafterf (middle, low)), ==, bits);
    g_assert_cmphex (glip_float_to_half (nextafterf (middle, high)), ==, bits + 1);
  }
  g_assert_cmphex (glip_float_to_half (65504.0f), ==, 0x7bff);
  g_assert_cmphex (glip_float_to_half (nextafterf (65520.0f, 0)), ==, 0x7bff);
  g_assert_cmphex (glip_float_to_half (65520.0f), ==, 0x7c00);
  g_assert_cmphex (glip_float_to_half (-1e30f), ==, 0xfc00);
  g_assert_cmphex (glip_float_to_half (1e-30f), ==, 0);
}

/* ---------------------------------------------------------------- writer */

static const int64_t shape_ab[] = { 2, 3 }, shape_c[] = { 3 };

/* Three tensors; returns the file. */
static char *
write_sample (const char *folder)
{
  g_autoptr (GError) error = NULL;
  char *path = g_build_filename (folder, "sample.safetensors", NULL);
  g_autoptr (GlipSafetensorsWriter) writer = glip_safetensors_writer_new (path);
  glip_safetensors_writer_set_metadata (writer, "key", "a \"quoted\" \\ line\nnext\t\001é");
  glip_safetensors_writer_set_metadata (writer, "other", "");
  glip_safetensors_writer_declare (writer, "a.b", GLIP_DTYPE_F32, 2, shape_ab);
  glip_safetensors_writer_declare (writer, "c", GLIP_DTYPE_F16, 1, shape_c);
  glip_safetensors_writer_declare (writer, "d", GLIP_DTYPE_F64, 0, NULL);
  const float floats[6] = { 1, 2, 3, -4, 5.5f, 1e-20f };
  const uint16_t halfs[3] = { 0x3c00, 0xc000, 0x0001 };
  const double number = 0.1;
  glip_safetensors_writer_append (writer, floats, 8, &error);
  glip_safetensors_writer_append (writer, floats + 2, 16, &error);
  glip_safetensors_writer_append (writer, halfs, 6, &error);
  glip_safetensors_writer_append (writer, &number, 8, &error);
  g_assert_true (glip_safetensors_writer_finish (writer, &error));
  g_assert_no_error (error);
  return path;
}

static void
test_round_trip (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("glip-XXXXXX", NULL);
  g_autofree char *path = write_sample (folder);
  g_autofree char *bytes = NULL;
  gsize size = 0;
  g_assert_true (g_file_get_contents (path, &bytes, &size, NULL));
  g_assert_cmpuint ((size - 24 - 6 - 8) % 64, ==, 0);

  g_autoptr (GlipSafetensors) file = glip_safetensors_open (path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (glip_safetensors_get_metadata (file, "key"), ==,
      "a \"quoted\" \\ line\nnext\t\001é");
  g_assert_cmpstr (glip_safetensors_get_metadata (file, "other"), ==, "");
  g_assert_null (glip_safetensors_get_metadata (file, "absent"));
  g_assert_null (glip_safetensors_lookup (file, "absent"));
  g_assert_null (glip_safetensors_lookup (file, "__metadata__"));
  g_assert_cmpuint (glip_safetensors_get_count (file), ==, 3);
  g_assert_cmpstr (glip_safetensors_get (file, 1)->name, ==, "c");

  const GlipStored *stored = glip_safetensors_lookup (file, "a.b");
  float values[6];
  g_assert_cmpint (stored->n_dims, ==, 2);
  g_assert_cmpint (stored->dims[1], ==, 3);
  glip_stored_read (stored, 2, 4, values);
  g_assert_cmpfloat (values[0], ==, 3);
  g_assert_cmpfloat (values[3], ==, 1e-20f);
  glip_stored_read (glip_safetensors_lookup (file, "c"), 0, 3, values);
  g_assert_cmpfloat (values[1], ==, -2);
  g_assert_cmpfloat (values[2], ==, 0x1p-24f);
  stored = glip_safetensors_lookup (file, "d"); /* at an offset of 30 bytes */
  g_assert_cmpint (stored->n_dims, ==, 0);
  g_assert_cmpuint (stored->n_elements, ==, 1);
  glip_stored_read (stored, 0, 1, values);
  g_assert_cmpfloat (values[0], ==, 0.1f);
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_bfloat (void)
{
  const uint8_t bytes[] = { 0x80, 0x3f, 0x49, 0xc0 };
  GlipStored stored = { .dtype = GLIP_DTYPE_BF16, .n_elements = 2, .data = bytes };
  float values[2];
  glip_stored_read (&stored, 0, 2, values);
  g_assert_cmpfloat (values[0], ==, 1);
  g_assert_cmpfloat (values[1], ==, -3.140625);
}

/* An unfinished writer leaves nothing; a folder that is not there is an error. */
static void
test_writer_failures (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("glip-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "x", NULL);
  GlipSafetensorsWriter *writer = glip_safetensors_writer_new (path);
  glip_safetensors_writer_declare (writer, "c", GLIP_DTYPE_F32, 1, shape_c);
  g_assert_true (glip_safetensors_writer_append (writer, "1234", 4, &error));
  glip_safetensors_writer_free (writer);
  g_assert_cmpint (g_rmdir (folder), ==, 0);

  writer = glip_safetensors_writer_new (path);
  g_assert_false (glip_safetensors_writer_finish (writer, &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_IO);
  g_assert_true (g_str_has_prefix (error->message, path));
  glip_safetensors_writer_free (writer);
}

static void
test_alignment (void)
{
  static const size_t cases[][2] = { { 0, 64 }, { 1, 1 }, { 2, 2 }, { 4, 4 }, { 48, 16 },
    { 64, 64 }, { 96, 32 }, { 4096, 64 }, { 2028, 4 } };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpuint (glip_safetensors_alignment (cases[i][0]), ==, cases[i][1]);
}

/* --------------------------------------------------------------- hostile */

static GlipSafetensors *
parse (const char *header, size_t data_bytes, GError **error)
{
  g_autoptr (GByteArray) array = g_byte_array_new ();
  uint64_t length = GUINT64_TO_LE ((uint64_t) strlen (header));
  g_byte_array_append (array, (const guint8 *) &length, 8);
  g_byte_array_append (array, (const guint8 *) header, (guint) strlen (header));
  guint start = array->len;
  g_byte_array_set_size (array, start + (guint) data_bytes);
  g_autoptr (GBytes) bytes = g_bytes_new (array->data, array->len);
  return glip_safetensors_new_from_bytes (bytes, error);
}

#define T(shape, begin, end) \
  "{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

static void
test_bad_headers (void)
{
  static const struct {
    const char *header, *message; /* 64 bytes of data follow */
  } cases[] = {
    { "[]", "byte 0: expected '{'" },
    { "[[[[[[[[", "byte 0: expected '{'" },
    { "{\"a\":[[[[[[[[", "tensor \"a\": header, byte 5: expected '{'" },
    { "{\"a\" 1}", "byte 5: expected ':'" },
    { "{\"a", "string without end" },
    { "{\"a\\", "unknown escape" },
    { "{\"a\\u12", "impossible \\u escape" },
    { "{\"a\\u0000\":1}", "impossible \\u escape" },
    { "{\"a\\ud800\":1}", "half a surrogate pair" },
    { "{\"\xff\":1}", "not UTF-8" },
    { "{\"a\\n\":1}", "control characters" },
    { "{}x", "byte 2: text after its end" },
    { "{\"a\":" T ("[1]", "0", "4") ",}", "expected '\"'" },
    { "{\"a\":" T ("[1]", "0", "4") ",\"a\":" T ("[1]", "4", "8") "}",
        "tensor \"a\" is there twice" },
    { "{\"a\":{}}", "tensor \"a\": \"dtype\", \"shape\" or the two \"data_offsets\"" },
    { "{\"a\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}",
        "unknown data type \"F31\"" },
    { "{\"a\":{\"dtype\":4,\"shape\":[1],\"data_offsets\":[0,4]}}", "expected '\"'" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", "data_offsets" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}",
        "more than 2 numbers" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,4]}}",
        "field \"shape\" is unknown or there twice" },
    { "{\"a\":{\"what\":1}}", "field \"what\" is unknown" },
    { "{\"a\":" T ("[1.5]", "0", "4") "}", "expected a whole number" },
    { "{\"a\":" T ("[1e3]", "0", "4") "}", "expected a whole number" },
    { "{\"a\":" T ("[true]", "0", "4") "}", "expected a whole number" },
    { "{\"a\":" T ("[9999999999999999999]", "0", "4") "}", "number out of range" },
    { "{\"a\":" T ("[-1]", "0", "4") "}", "impossible shape" },
    { "{\"a\":" T ("[-1,-1]", "0", "4") "}", "impossible shape" },
    { "{\"a\":" T ("[4294967296,4294967296]", "0", "4") "}", "impossible shape" },
    { "{\"a\":" T ("[4611686018427387]", "0", "4") "}", "need 18446744073709548" },
    { "{\"a\":" T ("[1,1,1,1,1,1,1,1,1]", "0", "4") "}", "more than 8 numbers" },
    { "{\"a\":" T ("[2]", "0", "4") "}",
        "4 bytes of data, but its shape and type (F32) need 8" },
    { "{\"a\":" T ("[1]", "-4", "0") "}", "lie outside" },
    { "{\"a\":" T ("[1]", "4", "0") "}", "lie outside" },
    { "{\"a\":" T ("[1]", "64", "68") "}",
        "data_offsets 64 to 68 lie outside of the 64 bytes of data" },
    { "{\"a\":" T ("[1]", "0", "4") ",\"b\":" T ("[1]", "2", "6") "}",
        "tensors \"a\" and \"b\" overlap at byte 2" },
    { "{\"b\":" T ("[1]", "8", "12") ",\"a\":" T ("[2]", "8", "16") "}", "overlap at byte 8" },
    { "{\"__metadata__\":{\"a\":1}}", "metadata \"a\": header, byte 21: expected '\"'" },
    { "{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", "metadata \"a\" is there twice" },
    { "{\"__metadata__\":{},\"__metadata__\":{}}", "is there twice" },
    { "{\"__metadata__\":[]}", "expected '{'" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_test_message ("case %zu", i);
    g_assert_null (parse (cases[i].header, 64, &error));
    g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL);
    g_test_message ("  %s", error->message);
    g_assert_nonnull (strstr (error->message, cases[i].message));
    g_assert_null (strchr (error->message, '\n'));
  }
}

static void
test_odd_headers (void)
{
  g_autoptr (GError) error = NULL;
  /* Holes, disorder, empty tensors, white space, escapes, other types. */
  g_autoptr (GlipSafetensors) file = parse (
      " {\n\"b\\u00e9\\ud83d\\ude00\\/\" : {\"shape\":[0, 7],\"data_offsets\":[12,12],"
      "\"dtype\":\"F32\"}, \"z\":" T ("[1]", "40", "44") ",\"a\":" T ("[ 1 , 2 ]", "1", "9")
      ",\"s\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[20,22]}}  ",
      64, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (glip_safetensors_get_count (file), ==, 4);
  g_assert_cmpstr (glip_safetensors_get (file, 0)->name, ==, "a");
  g_assert_cmpstr (glip_safetensors_get (file, 1)->name, ==, "bé😀/");
  g_assert_cmpuint (glip_safetensors_get (file, 1)->n_elements, ==, 0);
  g_assert_cmpint (glip_safetensors_lookup (file, "s")->dtype, ==, GLIP_DTYPE_OTHER);
  g_autoptr (GlipSafetensors) empty = parse ("{}", 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (glip_safetensors_get_count (empty), ==, 0);
}

static void
test_too_many (void)
{
  g_autoptr (GError) error = NULL;
  GString *header = g_string_new ("{");
  for (int i = 0; i <= 100001; i++)
    g_string_append_printf (header,
        "%s\"%d\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}", i ? "," : "", i);
  g_string_append_c (header, '}');
  g_assert_null (parse (header->str, 0, &error));
  g_assert_nonnull (strstr (error->message, "more than 100000"));
  g_string_free (header, TRUE);
}

static void
test_bad_lengths (void)
{
  static const struct {
    const char *bytes;
    size_t size;
  } cases[] = {
    { "", 0 },
    { "\2\0\0\0", 4 },
    { "\2\0\0\0\0\0\0\0{", 9 },
    { "\3\0\0\0\0\0\0\0{}", 10 },
    { "\0\0\0\0\0\0\0\0{}", 10 },
    { "\377\377\377\377\377\377\377\377{}", 10 },
    { "\377\377\377\377\377\377\377\177{}", 10 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) bytes = g_bytes_new (cases[i].bytes, cases[i].size);
    g_assert_null (glip_safetensors_new_from_bytes (bytes, &error));
    g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL);
    g_assert_nonnull (strstr (error->message, "no safetensors file, or a truncated one"));
  }
}

/* Cut a good file at every length. */
static void
test_truncated (void)
{
  g_autofree char *folder = g_dir_make_tmp ("glip-XXXXXX", NULL);
  g_autofree char *path = write_sample (folder);
  g_autofree char *content = NULL;
  gsize size = 0;
  g_assert_true (g_file_get_contents (path, &content, &size, NULL));
  for (gsize length = 0; length < size; length++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) bytes = g_bytes_new (content, length);
    g_assert_null (glip_safetensors_new_from_bytes (bytes, &error));
    g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL);
  }
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_no_file (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (glip_safetensors_open ("/nonexistent/model", &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_IO);
  g_assert_nonnull (strstr (error->message, "/nonexistent/model"));
  g_clear_error (&error);
  g_assert_null (glip_safetensors_open ("/", &error));
  g_assert_error (error, GLIP_ERROR, GLIP_ERROR_IO);
  g_assert_cmpstr (error->message, ==, "/: not a regular file");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/safetensors/half-to-float", test_half_to_float);
  g_test_add_func ("/safetensors/float-to-half", test_float_to_half);
  g_test_add_func ("/safetensors/bfloat", test_bfloat);
  g_test_add_func ("/safetensors/round-trip", test_round_trip);
  g_test_add_func ("/safetensors/writer-failures", test_writer_failures);
  g_test_add_func ("/safetensors/alignment", test_alignment);
  g_test_add_func ("/safetensors/bad-headers", test_bad_headers);
  g_test_add_func ("/safetensors/odd-headers", test_odd_headers);
  g_test_add_func ("/safetensors/too-many", test_too_many);
  g_test_add_func ("/safetensors/bad-lengths", test_bad_lengths);
  g_test_add_func ("/safetensors/truncated", test_truncated);
  g_test_add_func ("/safetensors/no-file", test_no_file);
  return g_test_run ();
}
