/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * A strict cursor over JSON text for the header of a model file.  It builds no
 * tree: the header may be a hundred megabytes of anything, and the one who reads
 * it knows at every place what has to come, so memory and nesting are bounded by
 * what is asked for.
 */
#ifndef GLIP_JSON_H
#define GLIP_JSON_H

#include "report.h"

typedef struct {
  const char *begin, *at, *end;
} GlipJson;

/* The next character that is no white space, without taking it; 0 at the end. */
char glip_json_peek (GlipJson *json);

/* Take `character` if it is next. */
gboolean glip_json_accept (GlipJson *json, char character);

/* The same, where nothing else may come.  Errors: BAD_MODEL with the offset. */
gboolean glip_json_expect (GlipJson *json, char character, GError **error);

/* A string with its escapes undone: UTF-8 without NUL.  (transfer full)
 * Errors: BAD_MODEL. */
char *glip_json_read_string (GlipJson *json, GError **error);

/* The same, and fit for a message: at most 512 bytes, no control characters.
 * (transfer full)  Errors: BAD_MODEL. */
char *glip_json_read_name (GlipJson *json, GError **error);

/* A whole number without fraction or exponent.  Errors: BAD_MODEL. */
gboolean glip_json_read_integer (GlipJson *json, int64_t *value, GError **error);

/* Append `text` (UTF-8) as a JSON string with its quotes. */
void glip_json_append_string (GString *json, const char *text);

#endif /* GLIP_JSON_H */
