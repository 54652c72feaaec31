/* AMX, for products of bytes in tiles; amx_halves.c has those of halves, and all else is as avx512.c has it. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <string.h>

#include "../kernel_sets.h"

#define TILE_DOT _tile_dpbusd

#pragma clang attribute push(                                                                                          \
    __attribute__((target("amx-tile,amx-int8,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma"))), apply_to = function)
#include "../families/vector.inc"
#include "../families/codes.inc"
#include "../families/store_codes.inc"
#include "../families/activate.inc"
#include "../families/finish_bytes.inc"
#include "../families/finish_sums.inc"
#include "../families/tiles.inc"
#include "../families/tiles_amx.inc"
#include "../families/convolution_tiles.inc"

/* Few pixels or few inputs leave most of a tile empty. */
void mtlk_convolution_bytes_amx(const mtlk_window *w, const mtlk_grids *grids, const uint8_t *input,
                                const int8_t *weights, const float *multipliers, const float *bias, const void *operand,
                                void *output, int32_t *sums, int32_t block_begin, int32_t block_end, int32_t row_begin,
                                int32_t row_end) {
  const int64_t pixels = (int64_t)(row_end - row_begin) * w->output_columns;
  if (pixels < TILE_SIDE || grids->input_channels < MTLK_BYTE_LANE / 4) {
    mtlk_convolution_bytes_avx512vnni(w, grids, input, weights, multipliers, bias, operand, output, sums, block_begin,
                                      block_end, row_begin, row_end);
  } else {
    const finish_t finish = {w, grids, multipliers, bias, operand, output};
    convolve_tiles(&finish, grids->input_zero_point, input, weights, block_begin, block_end, row_begin, row_end);
  }
}
#pragma clang attribute pop
#endif
