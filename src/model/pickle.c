/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * The stack machine.  All values live as long as the pickle and are freed together,
 * so references, cycles and shared parts need no care; the number of values is
 * bounded, and each comes with at most one instruction.
 */
#include "model/pickle.h"

#include <string.h>

#define MAX_VALUES 2000000
#define MAX_GLOBAL_BYTES 256

/* Opcodes by their names in Python's pickletools. */
enum {
  MARK = '(', STOP = '.', POP = '0', POP_MARK = '1', DUP = '2',
  BININT = 'J', BININT1 = 'K', BININT2 = 'M', LONG1 = 0x8a, LONG4 = 0x8b,
  NONE = 'N', NEWTRUE = 0x88, NEWFALSE = 0x89, BINFLOAT = 'G',
  BINUNICODE = 'X', SHORT_BINUNICODE = 0x8c, BINUNICODE8 = 0x8d,
  BINSTRING = 'T', SHORT_BINSTRING = 'U',
  BINBYTES = 'B', SHORT_BINBYTES = 'C', BINBYTES8 = 0x8e, BYTEARRAY8 = 0x96,
  EMPTY_TUPLE = ')', TUPLE = 't', TUPLE1 = 0x85, TUPLE2 = 0x86, TUPLE3 = 0x87,
  EMPTY_LIST = ']', APPEND = 'a', APPENDS = 'e', LIST = 'l',
  EMPTY_DICT = '}', DICT = 'd', SETITEM = 's', SETITEMS = 'u',
  EMPTY_SET = 0x8f, ADDITEMS = 0x90, FROZENSET = 0x91,
  GLOBAL = 'c', STACK_GLOBAL = 0x93, REDUCE = 'R', BUILD = 'b',
  NEWOBJ = 0x81, NEWOBJ_EX = 0x92, BINPERSID = 'Q',
  BINGET = 'h', LONG_BINGET = 'j', BINPUT = 'q', LONG_BINPUT = 'r', MEMOIZE = 0x94,
  PROTO = 0x80, FRAME = 0x95,
};

struct _GlipPickle {
  const uint8_t *data;
  size_t size, at;
  GPtrArray *stack;       /* GlipPickleValue, not owned */
  GArray *marks;          /* stack heights */
  GPtrArray *memo;        /* by index, with NULL gaps */
  guint memo_count;       /* what MEMOIZE counts */
  GPtrArray *values;      /* everything, owned */
  GStringChunk *strings;
  const char *problem;    /* set by the first instruction that fails */
  gboolean done;
};

/* ---------------------------------------------------------------- values */

static void
free_value (void *data)
{
  GlipPickleValue *value = data;
  if (value->kind == GLIP_PICKLE_TUPLE || value->kind == GLIP_PICKLE_LIST
      || value->kind == GLIP_PICKLE_DICT)
    g_ptr_array_unref (value->items);
  else if (value->kind == GLIP_PICKLE_TENSOR)
    g_free (value->tensor);
  else if (value->kind == GLIP_PICKLE_STORAGE)
    g_free (value->storage);
  g_free (value);
}

GlipPickleValue *
glip_pickle_new (GlipPickle *pickle, GlipPickleKind kind)
{
  GlipPickleValue *value = g_new0 (GlipPickleValue, 1);
  value->kind = kind;
  if (kind == GLIP_PICKLE_TUPLE || kind == GLIP_PICKLE_LIST || kind == GLIP_PICKLE_DICT)
    value->items = g_ptr_array_new ();
  else if (kind == GLIP_PICKLE_TENSOR)
    value->tensor = g_new0 (GlipPickleTensor, 1);
  else if (kind == GLIP_PICKLE_STORAGE)
    value->storage = g_new0 (GlipPickleStorage, 1);
  g_ptr_array_add (pickle->values, value);
  return value;
}

GlipPickleValue *
glip_pickle_new_opaque (GlipPickle *pickle, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  GlipPickleValue *value = glip_pickle_new (pickle, GLIP_PICKLE_OPAQUE);
  value->name = g_string_chunk_insert_const (pickle->strings, text);
  return value;
}

GlipPickleValue *
glip_pickle_new_string (
    GlipPickle *pickle, GlipPickleKind kind, const void *data, size_t length)
{
  GlipPickleValue *value = glip_pickle_new (pickle, kind);
  value->string.data =
      g_string_chunk_insert_len (pickle->strings, data, (gssize) length);
  value->string.length = length;
  return value;
}

gboolean
glip_pickle_is_string (const GlipPickleValue *value, const char *text)
{
  return value->kind == GLIP_PICKLE_STRING && value->string.length == strlen (text)
         && memcmp (value->string.data, text, value->string.length) == 0;
}

const GlipPickleValue *
glip_pickle_lookup (const GlipPickleValue *dict, const char *key)
{
  /* From the end: a later assignment replaces an earlier one. */
  if (dict->kind == GLIP_PICKLE_DICT)
    for (guint i = dict->items->len; i >= 2; i -= 2)
      if (glip_pickle_is_string (dict->items->pdata[i - 2], key))
        return dict->items->pdata[i - 1];
  return NULL;
}

/* ----------------------------------------------------------------- stack */

static gboolean
fail (GlipPickle *pickle, const char *problem)
{
  if (!pickle->problem)
    pickle->problem = problem;
  return FALSE;
}

static gboolean
push (GlipPickle *pickle, GlipPickleValue *value)
{
  g_ptr_array_add (pickle->stack, value);
  return TRUE;
}

/* Height below which the instruction must not reach. */
static guint
get_floor (GlipPickle *pickle)
{
  return pickle->marks->len ? g_array_index (pickle->marks, guint, pickle->marks->len - 1)
                            : 0;
}

/* The value `depth` below the top, or NULL. */
static GlipPickleValue *
peek (GlipPickle *pickle, guint depth)
{
  guint height = pickle->stack->len;
  if (height < get_floor (pickle) + depth + 1) {
    fail (pickle, "takes more from the stack than there is");
    return NULL;
  }
  return pickle->stack->pdata[height - 1 - depth];
}

static GlipPickleValue *
pop (GlipPickle *pickle)
{
  GlipPickleValue *value = peek (pickle, 0);
  if (value)
    g_ptr_array_set_size (pickle->stack, (int) pickle->stack->len - 1);
  return value;
}

/* Move `count` values from the top into a container's items. */
static gboolean
move_items (GlipPickle *pickle, GlipPickleValue *container, guint count)
{
  guint first = pickle->stack->len - count;
  for (guint i = 0; container && i < count; i++)
    g_ptr_array_add (container->items, pickle->stack->pdata[first + i]);
  g_ptr_array_set_size (pickle->stack, (int) first);
  return TRUE;
}

/* Forget the last mark; how many values lie above it. */
static gboolean
pop_mark (GlipPickle *pickle, guint *count)
{
  if (pickle->marks->len == 0)
    return fail (pickle, "needs a mark that is not there");
  *count = pickle->stack->len - get_floor (pickle);
  g_array_set_size (pickle->marks, pickle->marks->len - 1);
  return TRUE;
}

/* ----------------------------------------------------------------- input */

/* The next `length` bytes, or NULL. */
static const uint8_t *
take (GlipPickle *pickle, uint64_t length)
{
  if (length > pickle->size - pickle->at) {
    fail (pickle, "ends in the middle of an instruction");
    return NULL;
  }
  const uint8_t *bytes = pickle->data + pickle->at;
  pickle->at += (size_t) length;
  return bytes;
}

/* A little-endian number of 1 to 8 bytes. */
static gboolean
take_number (GlipPickle *pickle, int n_bytes, uint64_t *number)
{
  const uint8_t *bytes = take (pickle, (uint64_t) n_bytes);
  *number = 0;
  for (int i = n_bytes - 1; bytes && i >= 0; i--)
    *number = *number << 8 | bytes[i];
  return bytes != NULL;
}

/* ---------------------------------------------------------- instructions
 * Each of the following handles one group; an opcode outside the group returns
 * the value "not mine". */

typedef enum {
  FAILED = FALSE,
  DONE = TRUE,
  NOT_MINE,
} Outcome;

static Outcome
push_integer (GlipPickle *pickle, GlipPickleKind kind, int64_t integer)
{
  GlipPickleValue *value = glip_pickle_new (pickle, kind);
  value->integer = integer;
  return push (pickle, value);
}

/* Two's complement of any length; what exceeds 64 bits is of no use here. */
static Outcome
push_long (GlipPickle *pickle, int length_bytes)
{
  uint64_t length, bits = 0;
  const uint8_t *bytes = NULL;
  if (take_number (pickle, length_bytes, &length))
    bytes = take (pickle, length);
  if (!bytes)
    return FAILED;
  if (length > 8)
    return push (pickle, glip_pickle_new_opaque (pickle, "a number beyond 64 bits"));
  for (uint64_t i = 0; i < 8; i++) {
    uint8_t extension = length && bytes[length - 1] & 0x80 ? 0xff : 0;
    bits |= (uint64_t) (i < length ? bytes[i] : extension) << 8 * i;
  }
  return push_integer (pickle, GLIP_PICKLE_INT, (int64_t) bits);
}

static Outcome
run_number (GlipPickle *pickle, int opcode)
{
  uint64_t bits;
  GlipPickleValue *value;
  switch (opcode) {
    case NONE:
      return push (pickle, glip_pickle_new (pickle, GLIP_PICKLE_NONE));
    case NEWTRUE:
    case NEWFALSE:
      return push_integer (pickle, GLIP_PICKLE_BOOL, opcode == NEWTRUE);
    case BININT1:
    case BININT2:
      return take_number (pickle, opcode == BININT1 ? 1 : 2, &bits)
             && push_integer (pickle, GLIP_PICKLE_INT, (int64_t) bits);
    case BININT:
      return take_number (pickle, 4, &bits)
             && push_integer (pickle, GLIP_PICKLE_INT, (int32_t) bits);
    case LONG1:
      return push_long (pickle, 1);
    case LONG4:
      return push_long (pickle, 4);
    case BINFLOAT:
      if (!take_number (pickle, 8, &bits))
        return FAILED;
      value = glip_pickle_new (pickle, GLIP_PICKLE_FLOAT);
      bits = GUINT64_SWAP_LE_BE (bits);
      memcpy (&value->number, &bits, sizeof bits);
      return push (pickle, value);
    default:
      return NOT_MINE;
  }
}

static Outcome
run_string (GlipPickle *pickle, int opcode)
{
  int length_bytes = 0;
  switch (opcode) {
    case SHORT_BINUNICODE:
    case SHORT_BINSTRING:
    case SHORT_BINBYTES:
      length_bytes = 1;
      break;
    case BINUNICODE:
    case BINSTRING:
    case BINBYTES:
      length_bytes = 4;
      break;
    case BINUNICODE8:
    case BINBYTES8:
    case BYTEARRAY8:
      length_bytes = 8;
      break;
    default:
      return NOT_MINE;
  }
  uint64_t length;
  const uint8_t *bytes = NULL;
  if (take_number (pickle, length_bytes, &length))
    bytes = take (pickle, length);
  if (!bytes)
    return FAILED;
  /* Python 2 wrote its text as byte strings. */
  gboolean is_text = opcode == BINUNICODE || opcode == SHORT_BINUNICODE
                     || opcode == BINUNICODE8 || opcode == BINSTRING
                     || opcode == SHORT_BINSTRING;
  is_text = is_text && g_utf8_validate ((const char *) bytes, (gssize) length, NULL);
  return push (pickle,
      glip_pickle_new_string (
          pickle, is_text ? GLIP_PICKLE_STRING : GLIP_PICKLE_BYTES, bytes, (size_t) length));
}

/* Put the top `count` values into a new container. */
static Outcome
collect (GlipPickle *pickle, GlipPickleKind kind, guint count)
{
  if (count > 0 && !peek (pickle, count - 1))
    return FAILED;
  if (kind == GLIP_PICKLE_DICT && count % 2)
    return fail (pickle, "gives a dictionary a key without a value");
  GlipPickleValue *container = glip_pickle_new (pickle, kind);
  move_items (pickle, container, count);
  return push (pickle, container);
}

static Outcome
run_new_container (GlipPickle *pickle, int opcode)
{
  guint count = 0;
  switch (opcode) {
    case EMPTY_TUPLE:
      return collect (pickle, GLIP_PICKLE_TUPLE, 0);
    case EMPTY_LIST:
    case EMPTY_SET:
      return collect (pickle, GLIP_PICKLE_LIST, 0);
    case EMPTY_DICT:
      return collect (pickle, GLIP_PICKLE_DICT, 0);
    case TUPLE1:
    case TUPLE2:
    case TUPLE3:
      return collect (pickle, GLIP_PICKLE_TUPLE, (guint) (opcode - TUPLE1 + 1));
    case TUPLE:
      return pop_mark (pickle, &count) && collect (pickle, GLIP_PICKLE_TUPLE, count);
    case LIST:
    case FROZENSET:
      return pop_mark (pickle, &count) && collect (pickle, GLIP_PICKLE_LIST, count);
    case DICT:
      return pop_mark (pickle, &count) && collect (pickle, GLIP_PICKLE_DICT, count);
    default:
      return NOT_MINE;
  }
}

/* Give the top `count` values to the container below them; an opaque one
 * swallows them. */
static Outcome
fill (GlipPickle *pickle, GlipPickleKind kind, guint count)
{
  GlipPickleValue *container = peek (pickle, count);
  if (!container)
    return FAILED;
  if (container->kind != kind && container->kind != GLIP_PICKLE_OPAQUE)
    return fail (pickle, "fills something that is no container of that kind");
  if (kind == GLIP_PICKLE_DICT && count % 2)
    return fail (pickle, "gives a dictionary a key without a value");
  return move_items (pickle, container->kind == kind ? container : NULL, count);
}

static Outcome
run_fill (GlipPickle *pickle, int opcode)
{
  guint count = 0;
  switch (opcode) {
    case APPEND:
      return fill (pickle, GLIP_PICKLE_LIST, 1);
    case APPENDS:
    case ADDITEMS:
      return pop_mark (pickle, &count) && fill (pickle, GLIP_PICKLE_LIST, count);
    case SETITEM:
      return fill (pickle, GLIP_PICKLE_DICT, 2);
    case SETITEMS:
      return pop_mark (pickle, &count) && fill (pickle, GLIP_PICKLE_DICT, count);
    default:
      return NOT_MINE;
  }
}

/* ------------------------------------------------------ globals and calls */

static Outcome
push_global (GlipPickle *pickle, const char *module, size_t module_length,
    const char *name, size_t name_length)
{
  g_autofree char *text = g_strdup_printf (
      "%.*s.%.*s", (int) module_length, module, (int) name_length, name);
  for (const char *at = text; *at; at++)
    if (!g_ascii_isgraph (*at))
      return fail (pickle, "has a global with an impossible name");
  GlipPickleValue *value = glip_pickle_new (pickle, GLIP_PICKLE_GLOBAL);
  value->name = g_string_chunk_insert_const (pickle->strings, text);
  return push (pickle, value);
}

/* A line of at most MAX_GLOBAL_BYTES, without its end. */
static const char *
take_line (GlipPickle *pickle, size_t *length)
{
  size_t rest = MIN (pickle->size - pickle->at, MAX_GLOBAL_BYTES);
  const uint8_t *start = pickle->data + pickle->at;
  const uint8_t *end = rest ? memchr (start, '\n', rest) : NULL;
  if (!end) {
    fail (pickle, "has a global with an impossible name");
    return NULL;
  }
  *length = (size_t) (end - start);
  pickle->at += *length + 1;
  return (const char *) start;
}

static Outcome
run_global (GlipPickle *pickle, int opcode)
{
  if (opcode == GLOBAL) {
    size_t module_length = 0, name_length = 0;
    const char *module = take_line (pickle, &module_length);
    const char *name = module ? take_line (pickle, &name_length) : NULL;
    return name ? push_global (pickle, module, module_length, name, name_length) : FAILED;
  }
  if (opcode != STACK_GLOBAL)
    return NOT_MINE;
  GlipPickleValue *name = pop (pickle), *module = name ? pop (pickle) : NULL;
  if (!module)
    return FAILED;
  if (name->kind != GLIP_PICKLE_STRING || module->kind != GLIP_PICKLE_STRING
      || name->string.length > MAX_GLOBAL_BYTES
      || module->string.length > MAX_GLOBAL_BYTES)
    return fail (pickle, "has a global with an impossible name");
  return push_global (pickle, module->string.data, module->string.length,
      name->string.data, name->string.length);
}

static Outcome
run_call (GlipPickle *pickle, int opcode)
{
  GlipPickleValue *arguments, *callable;
  switch (opcode) {
    case NEWOBJ_EX: /* keyword arguments on top */
      if (!pop (pickle))
        return FAILED;
      G_GNUC_FALLTHROUGH;
    case REDUCE:
    case NEWOBJ:
      arguments = pop (pickle);
      callable = arguments ? pop (pickle) : NULL;
      return callable && push (pickle, glip_pickle_call (pickle, callable, arguments));
    case BUILD: /* attributes change nothing that is read here */
      return peek (pickle, 1) && pop (pickle);
    case BINPERSID:
      arguments = pop (pickle);
      return arguments && push (pickle, glip_pickle_persistent (pickle, arguments));
    default:
      return NOT_MINE;
  }
}

/* ------------------------------------------------------------------ memo */

static Outcome
put (GlipPickle *pickle, uint64_t index)
{
  GlipPickleValue *value = peek (pickle, 0);
  if (!value)
    return FAILED;
  if (index >= MAX_VALUES)
    return fail (pickle, "uses an impossible memo index");
  if (index >= pickle->memo->len)
    g_ptr_array_set_size (pickle->memo, (int) index + 1);
  pickle->memo_count += pickle->memo->pdata[index] == NULL;
  pickle->memo->pdata[index] = value;
  return DONE;
}

static Outcome
get (GlipPickle *pickle, uint64_t index)
{
  if (index >= pickle->memo->len || !pickle->memo->pdata[index])
    return fail (pickle, "reads a memo entry that was never written");
  return push (pickle, pickle->memo->pdata[index]);
}

static Outcome
run_memo (GlipPickle *pickle, int opcode)
{
  uint64_t index;
  switch (opcode) {
    case BINPUT:
    case LONG_BINPUT:
      return take_number (pickle, opcode == BINPUT ? 1 : 4, &index)
             && put (pickle, index);
    case MEMOIZE:
      return put (pickle, pickle->memo_count);
    case BINGET:
    case LONG_BINGET:
      return take_number (pickle, opcode == BINGET ? 1 : 4, &index)
             && get (pickle, index);
    default:
      return NOT_MINE;
  }
}

static Outcome
run_stack (GlipPickle *pickle, int opcode)
{
  guint height = pickle->stack->len, count = 0;
  GlipPickleValue *top;
  uint64_t ignored;
  switch (opcode) {
    case MARK:
      g_array_append_val (pickle->marks, height);
      return DONE;
    case POP: /* of a mark, when that is on top */
      if (pickle->marks->len && height == get_floor (pickle))
        return pop_mark (pickle, &count);
      return pop (pickle) != NULL;
    case POP_MARK:
      return pop_mark (pickle, &count) && move_items (pickle, NULL, count);
    case DUP:
      top = peek (pickle, 0);
      return top && push (pickle, top);
    case FRAME: /* the length of what follows, for readers of streams */
      return take_number (pickle, 8, &ignored);
    case STOP:
      pickle->done = TRUE;
      return peek (pickle, 0) != NULL;
    default:
      return NOT_MINE;
  }
}

/* ------------------------------------------------------------------ main */

static gboolean
step (GlipPickle *pickle)
{
  static Outcome (*const groups[]) (GlipPickle *, int) = {
    run_memo, run_number, run_string, run_new_container, run_fill, run_call,
    run_stack, run_global,
  };
  const uint8_t *opcode = take (pickle, 1);
  if (!opcode)
    return FALSE;
  if (pickle->values->len + pickle->stack->len > MAX_VALUES
      || pickle->marks->len > MAX_VALUES)
    return fail (pickle, "describes more objects than any checkpoint has");
  Outcome outcome = NOT_MINE;
  for (size_t i = 0; outcome == NOT_MINE && i < G_N_ELEMENTS (groups); i++)
    outcome = groups[i](pickle, *opcode);
  if (outcome == NOT_MINE)
    return fail (pickle, "has an instruction that checkpoints do not use");
  return outcome == DONE;
}

static gboolean
run (GlipPickle *pickle)
{
  const uint8_t *data = pickle->data;
  if (pickle->size < 2 || data[0] != PROTO || data[1] < 2 || data[1] > 5)
    return fail (pickle, "does not begin with protocol 2 to 5");
  pickle->at = 2;
  while (!pickle->done)
    if (!step (pickle))
      return FALSE;
  return TRUE;
}

GlipPickle *
glip_pickle_parse (const uint8_t *data, size_t size, GError **error)
{
  g_autoptr (GlipPickle) pickle = g_new0 (GlipPickle, 1);
  pickle->data = data;
  pickle->size = size;
  pickle->stack = g_ptr_array_new ();
  pickle->marks = g_array_new (FALSE, FALSE, sizeof (guint));
  pickle->memo = g_ptr_array_new ();
  pickle->values = g_ptr_array_new_with_free_func (free_value);
  pickle->strings = g_string_chunk_new (4096);
  if (!run (pickle)) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL,
        "the pickle %s (before byte %zu)", pickle->problem, pickle->at);
    return NULL;
  }
  pickle->data = NULL;
  return g_steal_pointer (&pickle);
}

void
glip_pickle_free (GlipPickle *pickle)
{
  if (!pickle)
    return;
  g_ptr_array_unref (pickle->stack);
  g_array_unref (pickle->marks);
  g_ptr_array_unref (pickle->memo);
  g_ptr_array_unref (pickle->values);
  g_string_chunk_free (pickle->strings);
  g_free (pickle);
}

const GlipPickleValue *
glip_pickle_get_root (GlipPickle *pickle)
{
  return pickle->stack->pdata[pickle->stack->len - 1];
}
