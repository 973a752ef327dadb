/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * torch.save writes a zip whose records are stored, not compressed: "X/data.pkl"
 * describes the objects, "X/data/KEY" are the bytes of one storage each.  As only
 * stored records are accepted, nothing in the file can be larger than the file.
 */
#include "model/checkpoint.h"

#include "model/pickle.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#define PREFIX "module."
#define MAX_PICKLE_BYTES (32 << 20)
#define MAX_NAME_BYTES 512
#define MAX_TENSORS 100000
#define PICKLE_RECORD "data.pkl"

struct _GlipCheckpoint {
  char *path;
  char *folder; /* in the archive, with its slash */
  zip_t *zip;
  uint64_t file_bytes;
  GlipPickle *pickle;
  GArray *tensors;       /* GlipCheckpointTensor */
  GPtrArray *views;      /* the GlipPickleTensor of each */
  GHashTable *by_name;   /* name, owned -> index + 1 */
  GHashTable *obstacles; /* name, owned -> reason, of the pickle */
};

static gboolean
fail (const GlipCheckpoint *checkpoint, GError **error, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

static gboolean
fail (const GlipCheckpoint *checkpoint, GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, GLIP_ERROR, GLIP_ERROR_BAD_MODEL, "%s: %s", checkpoint->path, what);
  return FALSE;
}

/* --------------------------------------------------------------- archive */

/* Look at the first bytes: what is no zip gets a message that says what it is. */
static gboolean
check_magic (GlipCheckpoint *checkpoint, GError **error)
{
  uint8_t head[512] = { 0 };
  if (g_file_test (checkpoint->path, G_FILE_TEST_EXISTS)
      && !g_file_test (checkpoint->path, G_FILE_TEST_IS_REGULAR)) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_IO, "%s: not a regular file",
        checkpoint->path);
    return FALSE;
  }
  FILE *stream = g_fopen (checkpoint->path, "rb");
  if (!stream) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_IO, "%s: cannot open the file: %s",
        checkpoint->path, g_strerror (errno));
    return FALSE;
  }
  size_t size = fread (head, 1, sizeof head, stream);
  GStatBuf status;
  if (fstat (fileno (stream), &status) == 0)
    checkpoint->file_bytes = (uint64_t) status.st_size;
  fclose (stream);
  if (size >= 4 && memcmp (head, "PK\3\4", 4) == 0)
    return TRUE;
  if ((size >= 2 && head[0] == 0x80) || memcmp (head + 257, "ustar", 5) == 0)
    return fail (checkpoint, error,
        "saved in the format before PyTorch 1.6: load and save it again with a newer "
        "torch.save");
  return fail (checkpoint, error, "no PyTorch checkpoint (neither zip nor pickle)");
}

static gboolean
open_archive (GlipCheckpoint *checkpoint, GError **error)
{
  int code = 0;
  checkpoint->zip = zip_open (checkpoint->path, ZIP_RDONLY, &code);
  if (!checkpoint->zip) {
    zip_error_t reason;
    zip_error_init_with_code (&reason, code);
    fail (checkpoint, error, "the zip archive cannot be read, the file is truncated or "
        "corrupt: %s", zip_error_strerror (&reason));
    zip_error_fini (&reason);
    return FALSE;
  }
  zip_int64_t count = zip_get_num_entries (checkpoint->zip, 0);
  for (zip_int64_t i = 0; i < count && !checkpoint->folder; i++) {
    const char *name = zip_get_name (checkpoint->zip, (zip_uint64_t) i, 0);
    const char *slash = name ? strchr (name, '/') : NULL;
    if (slash && g_str_equal (slash + 1, PICKLE_RECORD))
      checkpoint->folder = g_strndup (name, (size_t) (slash + 1 - name));
  }
  if (!checkpoint->folder)
    return fail (checkpoint, error,
        "a zip archive, but no PyTorch checkpoint: it has no " PICKLE_RECORD);
  return TRUE;
}

/* Open a record that must be stored and have the given size (UINT64_MAX: any). */
static zip_file_t *
open_record (const GlipCheckpoint *checkpoint, const char *record, uint64_t expected,
    uint64_t *size, GError **error)
{
  g_autofree char *name = g_strconcat (checkpoint->folder, record, NULL);
  zip_stat_t entry;
  zip_stat_init (&entry);
  zip_int64_t index = zip_name_locate (checkpoint->zip, name, 0);
  const zip_uint64_t wanted = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
  if (index < 0
      || zip_stat_index (checkpoint->zip, (zip_uint64_t) index, 0, &entry) != 0
      || (entry.valid & wanted) != wanted) {
    fail (checkpoint, error, "record \"%s\" is missing", record);
    return NULL;
  }
  if (entry.comp_method != ZIP_CM_STORE || entry.comp_size != entry.size) {
    fail (checkpoint, error, "record \"%s\" is compressed: save the checkpoint with "
        "torch.save", record);
    return NULL;
  }
  if (entry.size > checkpoint->file_bytes) {
    fail (checkpoint, error, "record \"%s\" is larger than the file: the file is corrupt",
        record);
    return NULL;
  }
  if (expected != UINT64_MAX && entry.size != expected) {
    fail (checkpoint, error, "record \"%s\" has %" PRIu64 " bytes instead of %" PRIu64,
        record, (uint64_t) entry.size, expected);
    return NULL;
  }
  zip_file_t *file = zip_fopen_index (checkpoint->zip, (zip_uint64_t) index, 0);
  if (!file)
    fail (checkpoint, error, "record \"%s\" cannot be read: %s", record,
        zip_strerror (checkpoint->zip));
  *size = entry.size;
  return file;
}

/* Read `size` bytes from `offset` on; up to the end of the record, the archive's
 * checksum is verified too. */
static gboolean
read_bytes (const GlipCheckpoint *checkpoint, const char *record, zip_file_t *file,
    uint64_t offset, void *buffer, uint64_t size, gboolean to_end, GError **error)
{
  uint64_t done = 0;
  gboolean good =
      offset == 0 || zip_fseek (file, (zip_int64_t) offset, SEEK_SET) == 0;
  while (good && done < size) {
    zip_int64_t got = zip_fread (file, (char *) buffer + done, size - done);
    good = got > 0;
    done += good ? (uint64_t) got : 0;
  }
  char extra;
  if (good && to_end && offset == 0)
    good = zip_fread (file, &extra, 1) == 0;
  if (good)
    return TRUE;
  const char *reason = zip_file_strerror (file);
  return fail (checkpoint, error, "record \"%s\" cannot be read, the file is truncated "
      "or corrupt: %s", record, reason);
}

/* A small record as a whole.  (transfer full) */
static uint8_t *
read_record (const GlipCheckpoint *checkpoint, const char *record, uint64_t limit,
    uint64_t *size, GError **error)
{
  zip_file_t *file = open_record (checkpoint, record, UINT64_MAX, size, error);
  if (!file)
    return NULL;
  g_autofree uint8_t *bytes = NULL;
  gboolean good = *size <= limit;
  if (!good)
    fail (checkpoint, error, "record \"%s\" has %" PRIu64 " bytes, more than any "
        "checkpoint has", record, *size);
  bytes = good ? g_try_malloc ((size_t) *size + 1) : NULL;
  if (good && !bytes)
    good = fail (checkpoint, error, "not enough memory for record \"%s\"", record);
  good = good && read_bytes (checkpoint, record, file, 0, bytes, *size, TRUE, error);
  zip_fclose (file);
  return good ? g_steal_pointer (&bytes) : NULL;
}

static gboolean
check_byte_order (const GlipCheckpoint *checkpoint, GError **error)
{
  g_autofree char *name = g_strconcat (checkpoint->folder, "byteorder", NULL);
  if (zip_name_locate (checkpoint->zip, name, 0) < 0)
    return TRUE; /* PyTorch before 2.1 does not say */
  uint64_t size = 0;
  g_autofree uint8_t *order = read_record (checkpoint, "byteorder", 16, &size, error);
  if (!order)
    return FALSE;
  if (size != 6 || memcmp (order, "little", 6) != 0)
    return fail (checkpoint, error, "not in little-endian byte order: load and save it "
        "on a little-endian machine");
  return TRUE;
}

/* ------------------------------------------------------------ state dict */

/* "model" if there is one, else the whole. */
static const GlipPickleValue *
find_state_dict (const GlipCheckpoint *checkpoint, GError **error)
{
  const GlipPickleValue *root = glip_pickle_get_root (checkpoint->pickle);
  const GlipPickleValue *model = glip_pickle_lookup (root, "model");
  const GlipPickleValue *dict = model ? model : root;
  if (dict->kind == GLIP_PICKLE_DICT)
    return dict;
  fail (checkpoint, error, "holds %s where a state dict should be: save "
      "{\"model\": model.state_dict()}",
      dict->kind == GLIP_PICKLE_OPAQUE ? dict->name : "something else");
  return NULL;
}

static gboolean
is_usable_name (const GlipPickleValue *key)
{
  if (key->kind != GLIP_PICKLE_STRING || key->string.length > MAX_NAME_BYTES
      || strlen (key->string.data) != key->string.length)
    return FALSE;
  for (const char *at = key->string.data; *at; at = g_utf8_next_char (at))
    if (g_unichar_iscntrl (g_utf8_get_char (at)))
      return FALSE;
  return TRUE;
}

static gboolean
add_entry (GlipCheckpoint *checkpoint, const char *name, const GlipPickleValue *value,
    GError **error)
{
  if (value->kind == GLIP_PICKLE_OPAQUE) {
    g_hash_table_insert (checkpoint->obstacles, g_strdup (name), (char *) value->name);
    return TRUE;
  }
  if (value->kind != GLIP_PICKLE_TENSOR)
    return TRUE;
  if (g_hash_table_contains (checkpoint->by_name, name))
    return fail (checkpoint, error, "tensor \"%s\" is there twice", name);
  if (checkpoint->tensors->len == MAX_TENSORS)
    return fail (checkpoint, error, "more than %d tensors", MAX_TENSORS);
  char *owned = g_strdup (name);
  GlipCheckpointTensor tensor = {
    .name = owned,
    .dtype = value->tensor->dtype,
    .n_dims = value->tensor->n_dims,
    .n_elements = value->tensor->n_elements,
  };
  memcpy (tensor.dims, value->tensor->dims, sizeof tensor.dims);
  g_array_append_val (checkpoint->tensors, tensor);
  g_ptr_array_add (checkpoint->views, value->tensor);
  g_hash_table_insert (
      checkpoint->by_name, owned, GUINT_TO_POINTER (checkpoint->tensors->len));
  return TRUE;
}

static gboolean
list_tensors (GlipCheckpoint *checkpoint, GError **error)
{
  const GlipPickleValue *dict = find_state_dict (checkpoint, error);
  if (!dict)
    return FALSE;
  size_t skip = strlen (PREFIX);
  for (guint i = 0; skip && i < dict->items->len; i += 2) {
    const GlipPickleValue *key = dict->items->pdata[i];
    if (!is_usable_name (key) || !g_str_has_prefix (key->string.data, PREFIX))
      skip = 0;
  }
  for (guint i = 0; i < dict->items->len; i += 2) {
    const GlipPickleValue *key = dict->items->pdata[i];
    if (is_usable_name (key)
        && !add_entry (checkpoint, key->string.data + skip, dict->items->pdata[i + 1],
            error))
      return FALSE;
  }
  if (checkpoint->tensors->len == 0)
    return fail (checkpoint, error, "holds no tensors");
  return TRUE;
}

static gboolean
load (GlipCheckpoint *checkpoint, GError **error)
{
  uint64_t size = 0;
  if (!check_magic (checkpoint, error) || !open_archive (checkpoint, error)
      || !check_byte_order (checkpoint, error))
    return FALSE;
  g_autofree uint8_t *bytes =
      read_record (checkpoint, PICKLE_RECORD, MAX_PICKLE_BYTES, &size, error);
  if (!bytes)
    return FALSE;
  checkpoint->pickle = glip_pickle_parse (bytes, (size_t) size, error);
  if (!checkpoint->pickle) {
    g_prefix_error (error, "%s: ", checkpoint->path);
    return FALSE;
  }
  return list_tensors (checkpoint, error);
}

GlipCheckpoint *
glip_checkpoint_open (const char *path, GError **error)
{
  g_autoptr (GlipCheckpoint) checkpoint = g_new0 (GlipCheckpoint, 1);
  checkpoint->path = g_strdup (path);
  checkpoint->tensors = g_array_new (FALSE, FALSE, sizeof (GlipCheckpointTensor));
  checkpoint->views = g_ptr_array_new ();
  checkpoint->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  checkpoint->obstacles = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return load (checkpoint, error) ? g_steal_pointer (&checkpoint) : NULL;
}

void
glip_checkpoint_free (GlipCheckpoint *checkpoint)
{
  if (!checkpoint)
    return;
  if (checkpoint->zip)
    zip_discard (checkpoint->zip);
  glip_pickle_free (checkpoint->pickle);
  g_array_unref (checkpoint->tensors);
  g_ptr_array_unref (checkpoint->views);
  g_hash_table_unref (checkpoint->by_name);
  g_hash_table_unref (checkpoint->obstacles);
  g_free (checkpoint->folder);
  g_free (checkpoint->path);
  g_free (checkpoint);
}

size_t
glip_checkpoint_get_count (GlipCheckpoint *checkpoint)
{
  return checkpoint->tensors->len;
}

const GlipCheckpointTensor *
glip_checkpoint_get (GlipCheckpoint *checkpoint, size_t index)
{
  g_assert (index < checkpoint->tensors->len);
  return &g_array_index (checkpoint->tensors, GlipCheckpointTensor, index);
}

const GlipCheckpointTensor *
glip_checkpoint_lookup (GlipCheckpoint *checkpoint, const char *name)
{
  guint index = GPOINTER_TO_UINT (g_hash_table_lookup (checkpoint->by_name, name));
  return index ? glip_checkpoint_get (checkpoint, index - 1) : NULL;
}

const char *
glip_checkpoint_get_obstacle (GlipCheckpoint *checkpoint, const char *name)
{
  return g_hash_table_lookup (checkpoint->obstacles, name);
}

const char *
glip_checkpoint_get_path (GlipCheckpoint *checkpoint)
{
  return checkpoint->path;
}

/* ------------------------------------------------------------------- data */

static gboolean
is_contiguous (const GlipPickleTensor *view)
{
  int64_t stride = 1;
  for (int i = view->n_dims - 1; i >= 0; i--) {
    if (view->dims[i] != 1 && view->strides[i] != stride)
      return FALSE;
    stride *= view->dims[i];
  }
  return TRUE;
}

/* Walk the view's elements in row-major order over the bytes it spans. */
static void
gather (const GlipPickleTensor *view, const uint8_t *span, float *destination)
{
  int64_t index[GLIP_MAX_DIMS] = { 0 }, place = 0;
  for (size_t i = 0; i < view->n_elements; i++) {
    GlipStored element = {
      .dtype = view->dtype,
      .n_elements = 1,
      .data = span + (size_t) place * view->element_size,
    };
    glip_stored_read (&element, 0, 1, &destination[i]);
    for (int dim = view->n_dims - 1; dim >= 0; dim--) {
      place += view->strides[dim];
      if (++index[dim] < view->dims[dim])
        break;
      place -= index[dim] * view->strides[dim];
      index[dim] = 0;
    }
  }
}

/* Elements from the view's first to its last, both included. */
static uint64_t
measure_span (const GlipPickleTensor *view)
{
  uint64_t last = 0;
  for (int i = 0; i < view->n_dims; i++)
    last += (uint64_t) ((view->dims[i] - 1) * view->strides[i]);
  return last + 1;
}

/* The record's bytes that the view spans, into `buffer`. */
static gboolean
read_span (const GlipCheckpoint *checkpoint, const GlipPickleTensor *view, void *buffer,
    uint64_t span_bytes, GError **error)
{
  const GlipPickleStorage *storage = view->storage;
  g_autofree char *record = g_strconcat ("data/", storage->key, NULL);
  uint64_t size, storage_bytes = storage->n_elements * storage->element_size;
  zip_file_t *file = open_record (checkpoint, record, storage_bytes, &size, error);
  if (!file)
    return FALSE;
  gboolean good = read_bytes (checkpoint, record, file, view->offset * view->element_size,
      buffer, span_bytes, span_bytes == size, error);
  zip_fclose (file);
  return good;
}

/* Whether the record is really as large as the pickle says: what is allocated
 * from here on is then bounded by the file. */
static gboolean
check_storage (
    const GlipCheckpoint *checkpoint, const GlipPickleTensor *view, GError **error)
{
  g_autofree char *record = g_strconcat ("data/", view->storage->key, NULL);
  uint64_t size, bytes = view->storage->n_elements * view->storage->element_size;
  zip_file_t *file = open_record (checkpoint, record, bytes, &size, error);
  if (!file)
    return FALSE;
  zip_fclose (file);
  if (view->n_elements <= bytes / view->element_size)
    return TRUE;
  return fail (checkpoint, error, "a tensor has more elements than its storage, "
      "record \"%s\"", record);
}

float *
glip_checkpoint_read (
    GlipCheckpoint *checkpoint, const GlipCheckpointTensor *tensor, GError **error)
{
  size_t position = (size_t) (tensor - glip_checkpoint_get (checkpoint, 0));
  const GlipPickleTensor *view = g_ptr_array_index (checkpoint->views, position);
  if (!glip_dtype_is_float (view->dtype)) {
    fail (checkpoint, error, "tensor \"%s\" has no float type", tensor->name);
    return NULL;
  }
  if (view->n_elements == 0)
    return g_new0 (float, 1);
  if (!check_storage (checkpoint, view, error)) {
    g_prefix_error (error, "tensor \"%s\": ", tensor->name);
    return NULL;
  }
  uint64_t span_bytes = measure_span (view) * view->element_size;
  gboolean direct = is_contiguous (view) && view->dtype == GLIP_DTYPE_F32;
  g_autofree float *values = g_try_new (float, view->n_elements);
  g_autofree uint8_t *span = direct ? NULL : g_try_malloc (span_bytes);
  if (!values || (!direct && !span)) {
    g_set_error (error, GLIP_ERROR, GLIP_ERROR_OUT_OF_MEMORY,
        "%s: not enough memory for tensor \"%s\" (%zu values)", checkpoint->path,
        tensor->name, view->n_elements);
    return NULL;
  }
  if (!read_span (checkpoint, view, direct ? (void *) values : span, span_bytes, error)) {
    g_prefix_error (error, "tensor \"%s\": ", tensor->name);
    return NULL;
  }
  if (!direct)
    gather (view, span, values);
  return g_steal_pointer (&values);
}
