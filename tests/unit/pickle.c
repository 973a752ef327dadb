/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The pickle interpreter, instruction by instruction: programs as bytes.
 */
#include "model/pickle.h"

#include <string.h>

#define BYTES(text) (const uint8_t *) text, sizeof text - 1
/* A storage of six floats under the key "0". */
#define STORAGE "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0" "0X\3\0\0\0cpuK\6tQ"
#define V2 "ctorch._utils\n_rebuild_tensor_v2\n"

static GlipPickle *
parse (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  GlipPickle *pickle = glip_pickle_parse (data, size, &error);
  g_assert_no_error (error);
  return pickle;
}

static void
test_values (void)
{
  g_autoptr (GlipPickle) pickle = parse (BYTES (
      "\x80\2]q\0(NK\377M\377\377J\377\377\377\377\x8a\0\x8a\1\377\x8a\2\0\1"
      "\x8b\2\0\0\0\376\377\x8a\11\0\0\0\0\0\0\0\0\1\x88\x89"
      "G\277\360\0\0\0\0\0\0X\2\0\0\0abU\1cC\1de."));
  const GlipPickleValue *root = glip_pickle_get_root (pickle);
  static const int64_t integers[] = { 255, 65535, -1, 0, -1, 256, -2 };
  g_assert_cmpint (root->kind, ==, GLIP_PICKLE_LIST);
  g_assert_cmpuint (root->items->len, ==, 15);
  const GlipPickleValue **items = (const GlipPickleValue **) root->items->pdata;
  g_assert_cmpint (items[0]->kind, ==, GLIP_PICKLE_NONE);
  for (size_t i = 0; i < G_N_ELEMENTS (integers); i++) {
    g_assert_cmpint (items[i + 1]->kind, ==, GLIP_PICKLE_INT);
    g_assert_cmpint (items[i + 1]->integer, ==, integers[i]);
  }
  g_assert_cmpint (items[8]->kind, ==, GLIP_PICKLE_OPAQUE);
  g_assert_cmpint (items[9]->kind, ==, GLIP_PICKLE_BOOL);
  g_assert_cmpint (items[9]->integer, ==, 1);
  g_assert_cmpint (items[10]->integer, ==, 0);
  g_assert_cmpfloat (items[11]->number, ==, -1);
  g_assert_true (glip_pickle_is_string (items[12], "ab"));
  g_assert_true (glip_pickle_is_string (items[13], "c"));
  g_assert_cmpint (items[14]->kind, ==, GLIP_PICKLE_BYTES);
  g_assert_cmpmem (items[14]->string.data, items[14]->string.length, "d", 1);
}

static void
test_containers (void)
{
  g_autoptr (GlipPickle) pickle = parse (BYTES (
      "\x80\4\x95\0\0\0\0\0\0\0\0}\x94(\x8c\1a)\x8c\1bK\1\x85\x8c\1cK\1K\2\x86"
      "\x8c\1dK\1K\2K\3\x87\x8c\1e(K\1lu\x8c\1f]K\7as\x8c\1a(\x8c\1xK\5ds"
      "\x8c\1g\x8f(K\1K\2\x90s\x8c\1h(K\1\x91s\x8c\1ih\0sN0(0(N1."));
  const GlipPickleValue *root = glip_pickle_get_root (pickle);
  g_assert_cmpint (root->kind, ==, GLIP_PICKLE_DICT);
  static const struct {
    const char *key;
    GlipPickleKind kind;
    guint length;
  } expected[] = {
    { "a", GLIP_PICKLE_DICT, 2 }, { "b", GLIP_PICKLE_TUPLE, 1 },
    { "c", GLIP_PICKLE_TUPLE, 2 }, { "d", GLIP_PICKLE_TUPLE, 3 },
    { "e", GLIP_PICKLE_LIST, 1 }, { "f", GLIP_PICKLE_LIST, 1 },
    { "g", GLIP_PICKLE_LIST, 2 }, { "h", GLIP_PICKLE_LIST, 1 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (expected); i++) {
    const GlipPickleValue *value = glip_pickle_lookup (root, expected[i].key);
    g_test_message ("%s", expected[i].key);
    g_assert_nonnull (value);
    g_assert_cmpint (value->kind, ==, expected[i].kind);
    g_assert_cmpuint (value->items->len, ==, expected[i].length);
  }
  g_assert_true (glip_pickle_lookup (root, "i") == root); /* contains itself */
  g_assert_null (glip_pickle_lookup (root, "z"));
}

static void
test_tensors (void)
{
  g_autoptr (GlipPickle) pickle = parse (BYTES (
      "\x80\2]("
      /* a view, transposed */
      V2 "(" STORAGE "K\0K\2K\3\x86K\1K\2\x86\x89Nt\x85R0"
      V2 "(" STORAGE "K\1K\2K\2\x86K\1K\2\x86\x89NtR"
      /* the older form, as parameter */
      "ctorch._utils\n_rebuild_parameter\n(ctorch._utils\n_rebuild_tensor\n("
      STORAGE "K\5K\1\x85K\1\x85tR\x88NtR"
      /* bytes seen as halfs */
      "ctorch._utils\n_rebuild_tensor_v3\n((X\7\0\0\0storagectorch.storage\n"
      "UntypedStorage\nX\1\0\0\0" "7X\3\0\0\0cpuK\6tQK\1K\2\x85K\1\x85\x89N"
      "ctorch\nfloat16\ntRe."));
  const GlipPickleValue *root = glip_pickle_get_root (pickle);
  g_assert_cmpuint (root->items->len, ==, 3);
  const GlipPickleValue **items = (const GlipPickleValue **) root->items->pdata;
  for (int i = 0; i < 3; i++)
    g_assert_cmpint (items[i]->kind, ==, GLIP_PICKLE_TENSOR);
  const GlipPickleTensor *tensor = items[0]->tensor;
  g_assert_cmpstr (tensor->storage->key, ==, "0");
  g_assert_cmpuint (tensor->storage->n_elements, ==, 6);
  g_assert_cmpint (tensor->dtype, ==, GLIP_DTYPE_F32);
  g_assert_cmpuint (tensor->offset, ==, 1);
  g_assert_cmpint (tensor->dims[1], ==, 2);
  g_assert_cmpint (tensor->strides[1], ==, 2);
  g_assert_cmpuint (tensor->n_elements, ==, 4);
  g_assert_cmpuint (items[1]->tensor->offset, ==, 5);
  g_assert_cmpint (items[2]->tensor->dtype, ==, GLIP_DTYPE_F16);
  g_assert_cmpuint (items[2]->tensor->element_size, ==, 2);
}

/* None of these is a tensor one could read; each says why. */
static void
test_opaque (void)
{
  static const struct {
    const uint8_t *data;
    size_t size;
    const char *name;
  } cases[] = {
    { BYTES ("\x80\2cos\nsystem\nX\2\0\0\0ls\x85R."), "an object made by os.system" },
    { BYTES ("\x80\2cbuiltins\neval\n)\x81}b."), "an object made by builtins.eval" },
    { BYTES ("\x80\4\x8c\2os\x8c\6system\x93)}\x92."), "an object made by os.system" },
    { BYTES ("\x80\2cx\ny\n)R(K\1K\2u(K\1eK\2a."), "an object made by x.y" },
    { BYTES ("\x80\2K\1)R."), "made by something that is no function" },
    { BYTES ("\x80\2K\1Q."), "a storage described in an unknown way" },
    { BYTES ("\x80\2" V2 "((X\7\0\0\0storagecfoo\nBar\nX\1\0\0\0" "0X\3\0\0\0cpuK\6tQ"
             "K\0))\x89NtR."), "a storage of the type foo.Bar" },
    { BYTES ("\x80\2" V2 ")R."), "a tensor described in an unknown way" },
    { BYTES ("\x80\2" V2 "(" STORAGE "K\0K\1\x85)\x89NtR."),
        "a tensor described in an unknown way" },
    { BYTES ("\x80\2" V2 "(" STORAGE "K\0(KKKKKKKKKKKKKKKKKKtK\1\x85\x89NtR."),
        "a tensor described in an unknown way" },
    { BYTES ("\x80\2" V2 "(" STORAGE "K\0K\7\x85K\1\x85\x89NtR."),
        "a tensor that reaches beyond its storage" },
    { BYTES ("\x80\2" V2 "(" STORAGE "K\1K\6\x85K\1\x85\x89NtR."),
        "a tensor that reaches beyond its storage" },
    { BYTES ("\x80\2" V2 "(" STORAGE "K\0K\2\x85K\6\x85\x89NtR."),
        "a tensor that reaches beyond its storage" },
    { BYTES ("\x80\2" V2 "(" STORAGE "K\0J\377\377\377\377\x85K\1\x85\x89NtR."),
        "a tensor that reaches beyond its storage" },
    { BYTES ("\x80\2" V2 "(" STORAGE "K\0K\2\x85J\377\377\377\377\x85\x89NtR."),
        "a tensor that reaches beyond its storage" },
    { BYTES ("\x80\2" V2 "(" STORAGE "K\0K\2\x85\x8a\10\377\377\377\377\377\377\377\177"
             "\x85\x89NtR."), "a tensor that reaches beyond its storage" },
    { BYTES ("\x80\2" V2 "(" STORAGE "\x8a\10\377\377\377\377\377\377\377\177K\2\x85K\1"
             "\x85\x89NtR."), "a tensor that reaches beyond its storage" },
    { BYTES ("\x80\2" V2 "(" STORAGE "K\0\x8a\10\377\377\377\377\377\377\377\177"
             "\x8a\10\377\377\377\377\377\377\377\177\x86K\0K\0\x86\x89NtR."),
        "a tensor that reaches beyond its storage" },
    { BYTES ("\x80\2ccollections\nOrderedDict\n(]tR."), "a dictionary written by Python 2" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("case %zu", i);
    g_autoptr (GlipPickle) pickle = parse (cases[i].data, cases[i].size);
    const GlipPickleValue *root = glip_pickle_get_root (pickle);
    g_assert_cmpint (root->kind, ==, GLIP_PICKLE_OPAQUE);
    g_assert_cmpstr (root->name, ==, cases[i].name);
  }
}

static void
test_bad (void)
{
  static const struct {
    const uint8_t *data;
    size_t size;
    const char *message;
  } cases[] = {
    { BYTES (""), "does not begin with protocol 2 to 5" },
    { BYTES ("(lp0\n."), "does not begin with protocol 2 to 5" },
    { BYTES ("\x80"), "does not begin with protocol 2 to 5" },
    { BYTES ("\x80\1."), "does not begin with protocol 2 to 5" },
    { BYTES ("\x80\6."), "does not begin with protocol 2 to 5" },
    { BYTES ("\x80\2"), "ends in the middle of an instruction" },
    { BYTES ("\x80\2N"), "ends in the middle of an instruction" },
    { BYTES ("\x80\2J\0\0"), "ends in the middle of an instruction" },
    { BYTES ("\x80\2X\5\0\0\0ab"), "ends in the middle of an instruction" },
    { BYTES ("\x80\4\x8d\377\377\377\377\377\377\377\377ab"), "ends in the middle" },
    { BYTES ("\x80\2\x8b\377\377\377\177a"), "ends in the middle" },
    { BYTES ("\x80\2."), "takes more from the stack than there is (before byte 3)" },
    { BYTES ("\x80\2R."), "takes more from the stack" },
    { BYTES ("\x80\2N\x86."), "takes more from the stack" },
    { BYTES ("\x80\2N(b."), "takes more from the stack" },
    { BYTES ("\x80\2]N(a."), "takes more from the stack" },
    { BYTES ("\x80\2(e."), "takes more from the stack" },
    { BYTES ("\x80\2" "0."), "takes more from the stack" },
    { BYTES ("\x80\2" "1."), "needs a mark that is not there" },
    { BYTES ("\x80\2t."), "needs a mark that is not there" },
    { BYTES ("\x80\2}(Nu."), "a key without a value" },
    { BYTES ("\x80\2(Nd."), "a key without a value" },
    { BYTES ("\x80\2}Na."), "fills something that is no container" },
    { BYTES ("\x80\2NNa."), "fills something that is no container" },
    { BYTES ("\x80\2]NNs."), "fills something that is no container" },
    { BYTES ("\x80\2h\0."), "reads a memo entry that was never written" },
    { BYTES ("\x80\2Nq\5h\4."), "reads a memo entry that was never written" },
    { BYTES ("\x80\2j\377\377\377\377."), "reads a memo entry that was never written" },
    { BYTES ("\x80\2Nr\377\377\377\377."), "uses an impossible memo index" },
    { BYTES ("\x80\2q\0."), "takes more from the stack" },
    { BYTES ("\x80\2cos\nsystem"), "global with an impossible name" },
    { BYTES ("\x80\2cos\n\033[2J\n."), "global with an impossible name" },
    { BYTES ("\x80\4K\1K\1\x93."), "global with an impossible name" },
    { BYTES ("\x80\2I1\n."), "has an instruction that checkpoints do not use" },
    { BYTES ("\x80\2\x82\1."), "has an instruction that checkpoints do not use" },
    { BYTES ("\x80\2(ios\nsystem\n."), "has an instruction that checkpoints do not use" },
    { BYTES ("\x80\5\x97."), "has an instruction that checkpoints do not use" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_test_message ("case %zu", i);
    /* A copy of exact size: memory checkers see reads behind the end. */
    g_autofree uint8_t *data = g_memdup2 (cases[i].data, cases[i].size);
    g_assert_null (glip_pickle_parse (data, cases[i].size, &error));
    g_assert_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL);
    g_test_message ("  %s", error->message);
    g_assert_nonnull (strstr (error->message, cases[i].message));
    g_assert_null (strchr (error->message, '\n'));
  }
}

/* Millions of objects, references or marks end in a message, not in memory. */
static void
test_bounded (void)
{
  static const char *const repeated[] = { "N", "h\0", "(", "2", ")" };
  for (size_t i = 0; i < G_N_ELEMENTS (repeated); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GByteArray) program = g_byte_array_new ();
    size_t length = repeated[i][0] == 'h' ? 2 : 1;
    g_byte_array_append (program, BYTES ("\x80\2Nq\0"));
    for (int j = 0; j < 2100000; j++)
      g_byte_array_append (program, (const guint8 *) repeated[i], (guint) length);
    g_assert_null (glip_pickle_parse (program->data, program->len, &error));
    g_assert_nonnull (strstr (error->message, "more objects than any checkpoint has"));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pickle/values", test_values);
  g_test_add_func ("/pickle/containers", test_containers);
  g_test_add_func ("/pickle/tensors", test_tensors);
  g_test_add_func ("/pickle/opaque", test_opaque);
  g_test_add_func ("/pickle/bad", test_bad);
  g_test_add_func ("/pickle/bounded", test_bounded);
  return g_test_run ();
}
