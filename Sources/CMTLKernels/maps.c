#include <math.h>

#include "include/mtl_kernels.h"

void mtlk_count_labels(const int32_t *labels, int64_t count, uint16_t *to, intptr_t *counts) {
  for (int64_t i = 0; i < count; i++) to[i] = (uint16_t)labels[i];
  for (int64_t first = 0, end; first < count; first = end) {
    for (end = first + 1; end < count && labels[end] == labels[first];) end++;
    counts[labels[first]] += end - first;
  }
}

void mtlk_unit_vectors(const float *x, const float *y, const float *z, int64_t count, float *to) {
  for (int64_t i = 0; i < count; i++) {
    const float length = sqrtf(x[i] * x[i] + y[i] * y[i] + z[i] * z[i]);
    const float scale = length > 0 && length < INFINITY ? 1 / length : 0;
    /* Infinity times zero would be no number. */
    to[3 * i] = scale == 0 ? 0 : x[i] * scale;
    to[3 * i + 1] = scale == 0 ? 0 : y[i] * scale;
    to[3 * i + 2] = scale == 0 ? 0 : z[i] * scale;
  }
}
