/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the glip authors
 *
 * Taps: intermediate tensors under the names of the PyTorch reference, kept while a
 * traced plan runs and written in PyTorch's layout, so that any two runs can be
 * compared tensor by tensor.
 */
#ifndef GLIP_TRACE_H
#define GLIP_TRACE_H

#include "model/safetensors.h"
#include "ops/tensor.h"
#include "vulkan/plan.h"

typedef enum {
  GLIP_TAP_ROWS,    /* [1, rows, columns] */
  GLIP_TAP_TRANSPOSED, /* [1, columns, rows] */
  GLIP_TAP_VECTOR,  /* [1, rows * columns] */
  GLIP_TAP_MAP,     /* [1, height, width, columns] */
  GLIP_TAP_PLANAR,  /* [1, columns, height, width] */
  GLIP_TAP_PATCHES, /* the network's input: 4 x 4 patches to [1, 3, 4 height, 4 width] */
} GlipTapLayout;

typedef struct {
  char *name;
  GlipTapLayout layout;
  GlipTensor tensor;
  uint32_t first_row, first_column, n_columns; /* the part that is the tap */
  float scale;                                 /* what the values are multiplied by */
} GlipTap;

struct _GlipTrace {
  GArray *taps; /* of GlipTap */
};

GlipTrace *glip_trace_new (void);
void glip_trace_free (GlipTrace *trace);

/* Note a tensor; nothing when the graph is not traced. */
void glip_tap (GlipGraph *graph, GlipTapLayout layout, GlipTensor tensor, const char *format, ...)
    G_GNUC_PRINTF (4, 5);
/* The same for a part: `tap->tensor` is the whole, its height and width those of the
 * part; `tap->name` is ignored. */
void glip_tap_part (GlipGraph *graph, const GlipTap *tap, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* Every level of a pyramid, planar: the name with ".p3" and on. */
void glip_tap_pyramid (GlipGraph *graph, GlipTensor pyramid, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* Dimensions of a tap as written; returns their number. */
int glip_tap_dims (const GlipTap *tap, int64_t dims[4]);
/* The values of a tap after `plan` ran, in the written layout.  (transfer full)
 * Errors: DEVICE_LOST, OUT_OF_MEMORY. */
float *glip_tap_read (const GlipTap *tap, GlipPlan *plan, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GlipTrace, glip_trace_free)

#endif /* GLIP_TRACE_H */
