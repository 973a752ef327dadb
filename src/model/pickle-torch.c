/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * What the globals in torch.save files mean.  Nothing here fails: an object that
 * is not understood, also a tensor with impossible geometry, becomes opaque, and
 * the reason is told when somebody wants to read it.
 */
#include "model/pickle.h"

static const struct {
  const char *storage, *dtype;
  GlipDType meaning;
  size_t size;
} types[] = {
  { "torch.FloatStorage", "torch.float32", GLIP_DTYPE_F32, 4 },
  { "torch.HalfStorage", "torch.float16", GLIP_DTYPE_F16, 2 },
  { "torch.BFloat16Storage", "torch.bfloat16", GLIP_DTYPE_BF16, 2 },
  { "torch.DoubleStorage", "torch.float64", GLIP_DTYPE_F64, 8 },
  { "torch.LongStorage", "torch.int64", GLIP_DTYPE_I64, 8 },
  { "torch.IntStorage", "torch.int32", GLIP_DTYPE_I32, 4 },
  { "torch.ByteStorage", "torch.uint8", GLIP_DTYPE_U8, 1 },
  { "torch.ShortStorage", "torch.int16", GLIP_DTYPE_OTHER, 2 },
  { "torch.CharStorage", "torch.int8", GLIP_DTYPE_OTHER, 1 },
  { "torch.BoolStorage", "torch.bool", GLIP_DTYPE_OTHER, 1 },
  { "torch.storage.UntypedStorage", "", GLIP_DTYPE_OTHER, 1 },
  { "torch.UntypedStorage", "", GLIP_DTYPE_OTHER, 1 },
};

/* The `index`th of `arguments` if it is of that kind, else NULL. */
static GlipPickleValue *
get_argument (const GlipPickleValue *arguments, guint index, GlipPickleKind kind)
{
  if (arguments->kind != GLIP_PICKLE_TUPLE || index >= arguments->items->len)
    return NULL;
  GlipPickleValue *value = arguments->items->pdata[index];
  return value->kind == kind ? value : NULL;
}

/* ("storage", type, key, device, number of elements) */
GlipPickleValue *
glip_pickle_persistent (GlipPickle *pickle, const GlipPickleValue *id)
{
  GlipPickleValue *word = get_argument (id, 0, GLIP_PICKLE_STRING);
  GlipPickleValue *type = get_argument (id, 1, GLIP_PICKLE_GLOBAL);
  GlipPickleValue *key = get_argument (id, 2, GLIP_PICKLE_STRING);
  GlipPickleValue *count = get_argument (id, 4, GLIP_PICKLE_INT);
  if (!word || !glip_pickle_is_string (word, "storage") || !type || !key || !count
      || count->integer < 0 || key->string.length > 64)
    return glip_pickle_new_opaque (pickle, "a storage described in an unknown way");
  for (size_t i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_equal (types[i].storage, type->name)) {
      GlipPickleValue *value = glip_pickle_new (pickle, GLIP_PICKLE_STORAGE);
      *value->storage = (GlipPickleStorage) {
        .key = key->string.data,
        .dtype = types[i].meaning,
        .element_size = types[i].size,
        .n_elements = (uint64_t) count->integer,
      };
      return value;
    }
  return glip_pickle_new_opaque (pickle, "a storage of the type %s", type->name);
}

/* Copy a tuple of numbers that must not be negative. */
static gboolean
read_numbers (const GlipPickleValue *tuple, int64_t *numbers)
{
  for (guint i = 0; i < tuple->items->len; i++) {
    const GlipPickleValue *item = tuple->items->pdata[i];
    if (item->kind != GLIP_PICKLE_INT || item->integer < 0)
      return FALSE;
    numbers[i] = item->integer;
  }
  return TRUE;
}

/* Count the elements and find the last one; FALSE when a number overflows or the
 * view leaves the storage. */
static gboolean
measure (GlipPickleTensor *tensor)
{
  int64_t count = 1, last = 0;
  for (int i = 0; i < tensor->n_dims; i++)
    if (__builtin_mul_overflow (count, tensor->dims[i], &count) || count > INT64_MAX / 8)
      return FALSE;
  tensor->n_elements = (size_t) count;
  if (count == 0)
    return TRUE;
  for (int i = 0; i < tensor->n_dims; i++) {
    int64_t reach;
    if (__builtin_mul_overflow (tensor->dims[i] - 1, tensor->strides[i], &reach)
        || __builtin_add_overflow (last, reach, &last))
      return FALSE;
  }
  uint64_t end, storage_bytes;
  return !__builtin_add_overflow ((uint64_t) last + 1, tensor->offset, &end)
         && !__builtin_mul_overflow (end, tensor->element_size, &end)
         && !__builtin_mul_overflow (tensor->storage->n_elements,
             tensor->storage->element_size, &storage_bytes)
         && end <= storage_bytes;
}

/* (storage, offset, sizes, strides, ...); `dtype` overrides the storage's. */
static GlipPickleValue *
rebuild_tensor (
    GlipPickle *pickle, const GlipPickleValue *arguments, const GlipPickleValue *dtype)
{
  GlipPickleValue *storage = get_argument (arguments, 0, GLIP_PICKLE_STORAGE);
  GlipPickleValue *offset = get_argument (arguments, 1, GLIP_PICKLE_INT);
  GlipPickleValue *sizes = get_argument (arguments, 2, GLIP_PICKLE_TUPLE);
  GlipPickleValue *strides = get_argument (arguments, 3, GLIP_PICKLE_TUPLE);
  GlipPickleValue *foreign = get_argument (arguments, 0, GLIP_PICKLE_OPAQUE);
  if (foreign)
    return foreign;
  if (!storage || !offset || offset->integer < 0 || !sizes || !strides
      || sizes->items->len > GLIP_MAX_DIMS || sizes->items->len != strides->items->len)
    return glip_pickle_new_opaque (pickle, "a tensor described in an unknown way");

  GlipPickleValue *value = glip_pickle_new (pickle, GLIP_PICKLE_TENSOR);
  GlipPickleTensor *tensor = value->tensor;
  tensor->storage = storage->storage;
  tensor->dtype = storage->storage->dtype;
  tensor->element_size = storage->storage->element_size;
  for (size_t i = 0; dtype && i < G_N_ELEMENTS (types); i++)
    if (g_str_equal (types[i].dtype, dtype->name)) {
      tensor->dtype = types[i].meaning;
      tensor->element_size = types[i].size;
    }
  tensor->offset = (uint64_t) offset->integer;
  tensor->n_dims = (int) sizes->items->len;
  if (!read_numbers (sizes, tensor->dims) || !read_numbers (strides, tensor->strides)
      || !measure (tensor))
    return glip_pickle_new_opaque (pickle, "a tensor that reaches beyond its storage");
  return value;
}

/* Dictionaries are made empty and filled by later instructions.  Copying a list
 * of pairs here, as Python 2 wrote them, could be asked for without bound. */
static GlipPickleValue *
make_dictionary (GlipPickle *pickle, const GlipPickleValue *arguments)
{
  if (get_argument (arguments, 0, GLIP_PICKLE_LIST))
    return glip_pickle_new_opaque (pickle, "a dictionary written by Python 2");
  return glip_pickle_new (pickle, GLIP_PICKLE_DICT);
}

static gboolean
is_one_of (const char *name, const char *const *names)
{
  return g_strv_contains (names, name);
}

GlipPickleValue *
glip_pickle_call (
    GlipPickle *pickle, GlipPickleValue *callable, GlipPickleValue *arguments)
{
  static const char *const dictionaries[] = {
    "collections.OrderedDict", "collections.defaultdict", "builtins.dict",
    "__builtin__.dict", NULL,
  };
  static const char *const tensors[] = {
    "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor", NULL,
  };
  /* Called with what they return as the first argument. */
  static const char *const wrappers[] = {
    "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
    "torch.Size", NULL,
  };
  if (callable->kind != GLIP_PICKLE_GLOBAL)
    return glip_pickle_new_opaque (pickle, "made by something that is no function");
  if (is_one_of (callable->name, dictionaries))
    return make_dictionary (pickle, arguments);
  if (is_one_of (callable->name, tensors))
    return rebuild_tensor (pickle, arguments, NULL);
  if (g_str_equal (callable->name, "torch._utils._rebuild_tensor_v3"))
    return rebuild_tensor (pickle, arguments, get_argument (arguments, 6, GLIP_PICKLE_GLOBAL));
  if (is_one_of (callable->name, wrappers) && arguments->kind == GLIP_PICKLE_TUPLE
      && arguments->items->len > 0)
    return arguments->items->pdata[0];
  return glip_pickle_new_opaque (pickle, "an object made by %s", callable->name);
}
