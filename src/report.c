/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 */
#include "report.h"

GQuark
glip_error_quark (void)
{
  return g_quark_from_static_string ("glip-error-quark");
}

void
glip_log (const GlipLog *log, GlipLogLevel level, const char *format, ...)
{
  static const GLogLevelFlags flags[] = {
    [GLIP_LOG_ERROR] = G_LOG_LEVEL_WARNING,
    [GLIP_LOG_WARNING] = G_LOG_LEVEL_WARNING,
    [GLIP_LOG_INFO] = G_LOG_LEVEL_INFO,
    [GLIP_LOG_DEBUG] = G_LOG_LEVEL_DEBUG,
    [GLIP_LOG_TRACE] = G_LOG_LEVEL_DEBUG,
  };
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);

  if (log && log->func)
    log->func (level, message, log->data);
  else
    g_log (G_LOG_DOMAIN, flags[level], "%s", message);
}
