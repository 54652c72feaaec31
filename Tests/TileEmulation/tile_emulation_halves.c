/* The very convolution and attention of sets/amx_halves.c, with tiles_plain.inc in place of the instructions. */
#include "tile_emulation.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../../Sources/CMTLKernels/families/vector.inc"
#include "../../Sources/CMTLKernels/families/half_blocks.inc"
#include "../../Sources/CMTLKernels/families/rounding.inc"
#include "../../Sources/CMTLKernels/families/activate.inc"
#include "../../Sources/CMTLKernels/families/finish_halves.inc"
#include "../../Sources/CMTLKernels/families/finish_sums.inc"
#include "../../Sources/CMTLKernels/families/tiles.inc"

static float float_of_half(const void *from) {
  uint16_t half;
  memcpy(&half, from, sizeof half);
  const uint32_t bits = (uint32_t)half << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* The even and the odd inputs of the pairs are added up apart, as the processor has it. */
static float add_products(float sum, const uint8_t *pixel, const int8_t *weights) {
  float parts[2] = {0};
  for (int i = 0; i < TILE_ROW / 2; i++) {
    const float weight = float_of_half(weights + i / 2 * TILE_ROW + i % 2 * 2);
    parts[i % 2] = __builtin_fmaf(float_of_half(pixel + 2 * i), weight, parts[i % 2]);
  }
  return sum + (parts[0] + parts[1]);
}

#include "tiles_plain.inc"
#include "../../Sources/CMTLKernels/families/convolution_tiles.inc"
#include "../../Sources/CMTLKernels/families/products.inc"
#include "../../Sources/CMTLKernels/families/products_tiles.inc"
#define attention_halves tile_emulation_attention
#include "../../Sources/CMTLKernels/families/attention_halves.inc"
#pragma clang attribute pop

void tile_emulation_halves(const mtlk_window *w, const mtlk_halves *forms, const uint16_t *input,
                           const uint16_t *weights, const float *bias, const void *operand, void *output, float *sums,
                           int32_t block_begin, int32_t block_end, int32_t row_begin, int32_t row_end) {
  (void)sums;
  const finish_t finish = {w, forms, bias, operand, output};
  convolve_tiles(&finish, 0, (const uint8_t *)input, (const int8_t *)weights, block_begin, block_end, row_begin,
                 row_end);
}
#endif
