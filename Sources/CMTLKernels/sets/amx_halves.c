/* AMX, for products of halves in tiles. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <string.h>

#include "../kernel_sets.h"

#define TILE_DOT _tile_dpbf16ps

#pragma clang attribute push(                                                                                          \
    __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma"))), apply_to = function)
#include "../families/vector.inc"
#include "../families/half_blocks.inc"
#include "../families/rounding_avx512bf16.inc"
#include "../families/activate.inc"
#include "../families/finish_halves.inc"
#include "../families/finish_sums.inc"
#include "../families/tiles.inc"
#include "../families/tiles_amx.inc"
#include "../families/convolution_tiles.inc"
#include "../families/products.inc"
#include "../families/products_tiles.inc"
#define attention_halves mtlk_attention_halves_amx
#include "../families/attention_halves.inc"

/* Few pixels or few inputs leave most of a tile empty. The two ways do not round alike, so that the whole convolution goes
 * one of them, whatever the range. */
void mtlk_convolution_halves_amx(const mtlk_window *w, const mtlk_halves *forms, const uint16_t *input,
                                 const uint16_t *weights, const float *bias, const void *operand, void *output,
                                 float *sums, int32_t block_begin, int32_t block_end, int32_t row_begin,
                                 int32_t row_end) {
  const int64_t pixels = (int64_t)w->output_rows * w->output_columns;
  if (pixels < TILE_SIDE || forms->input_channels < MTLK_HALF_LANE / 4) {
    mtlk_convolution_halves_avx512bf16(w, forms, input, weights, bias, operand, output, sums, block_begin, block_end,
                                       row_begin, row_end);
  } else {
    const finish_t finish = {w, forms, bias, operand, output};
    convolve_tiles(&finish, 0, (const uint8_t *)input, (const int8_t *)weights, block_begin, block_end, row_begin,
                   row_end);
  }
}
#pragma clang attribute pop
#endif
