/* Tiles of 16 x 16 floats through registers, four by four, which every processor has. */
#ifndef MTL_TRANSPOSE_H
#define MTL_TRANSPOSE_H

#include "mtl_kernels.h"

typedef float four_t __attribute__((vector_size(16)));
typedef float four_unaligned_t __attribute__((vector_size(16), aligned(4)));

static inline four_t load(const float *from) { return *(const four_unaligned_t *)from; }

static inline void store(float *to, four_t value) { *(four_unaligned_t *)to = value; }

/* A few floats, whose number stays the same from call to call. */
static inline void copy_floats(float *to, const float *from, int64_t count) {
  if (count < 4) {
    for (int64_t i = 0; i < count; i++) to[i] = from[i];
    return;
  }
  for (int64_t i = 0; i + 4 <= count; i += 4) store(to + i, load(from + i));
  store(to + count - 4, load(from + count - 4));
}

/* target[column][row] = source[row][column] for 16 x 16 floats; strides are from row to row. */
static void transpose(const float *source, int64_t source_stride, float *target, int64_t target_stride) {
  for (int row = 0; row < MTLK_LANE; row += 4) {
    for (int column = 0; column < MTLK_LANE; column += 4) {
      const float *from = source + row * source_stride + column;
      float *to = target + column * target_stride + row;
      const four_t a = load(from), b = load(from + source_stride);
      const four_t c = load(from + 2 * source_stride), d = load(from + 3 * source_stride);
      const four_t ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
      const four_t cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
      store(to, __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5));
      store(to + target_stride, __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7));
      store(to + 2 * target_stride, __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5));
      store(to + 3 * target_stride, __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7));
    }
  }
}

#endif
