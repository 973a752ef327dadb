/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * How the library speaks: the error domain's messages and the log.  The library
 * never prints; every line goes to the callback an engine was given.
 */
#ifndef GLIP_REPORT_H
#define GLIP_REPORT_H

#include "glip.h"

/* Where log lines go; zero-initialised means GLib's log. */
typedef struct {
  GlipLogFunc func;
  void *data;
} GlipLog;

/* Format a line and hand it over.  `log` may be NULL.  Any thread. */
void glip_log (const GlipLog *log, GlipLogLevel level, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

#endif /* GLIP_REPORT_H */
