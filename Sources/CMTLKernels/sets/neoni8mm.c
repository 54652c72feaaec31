/* NEON with products of 8-bit matrices, for products of bytes; all else is as neon.c has it. Sums of 2 pairs of pixels
 * take 16 of the 32 registers, the weights 8; 12 loads are needed for 16 products, each of which does the work of two
 * dot products. */
#if defined(__aarch64__)
#include <arm_neon.h>
#include <stddef.h>
#include <string.h>

#include "../kernel_sets.h"

enum { DOT_BLOCKS = 1, DOT_PIXELS = 4 };
#define BYTE_LINKAGE static
#define DOT_TILES(X) X(1, 1) X(1, 2) X(1, 3) X(1, 4)

#pragma clang attribute push(__attribute__((target("i8mm"))), apply_to = function)
#include "../families/vector.inc"
#include "../families/codes.inc"
#include "../families/store_codes.inc"
#include "../families/activate.inc"
#include "../families/finish_bytes.inc"
#include "../families/finish_sums.inc"
#include "../families/dots_neoni8mm.inc"
#include "../families/convolution_bytes.inc"
#pragma clang attribute pop

/* Pictures have four inputs, and few pixels do not pay for weights in another order. */
void mtlk_convolution_bytes_neoni8mm(const mtlk_window *w, const mtlk_grids *grids, const uint8_t *input,
                                     const int8_t *weights, const float *multipliers, const float *bias,
                                     const void *operand, void *output, int32_t *sums, int32_t block_begin,
                                     int32_t block_end, int32_t row_begin, int32_t row_end) {
  const int64_t pixels = (int64_t)(row_end - row_begin) * w->output_columns;
  const int is_small = pixels < 2 * DOT_PIXELS || w->input_lane < DOT_STEP;
  (is_small ? mtlk_convolution_bytes_neondot : convolution_bytes)(w, grids, input, weights, multipliers, bias, operand,
                                                                  output, sums, block_begin, block_end, row_begin,
                                                                  row_end);
}

/* Rows may be cut so that there are few pixels. */
int64_t mtlk_neoni8mm_sum_count(const mtlk_window *w, int32_t input_channels) {
  const int64_t tap_weights = (int64_t)w->input_lane * MTLK_LANE;
  int32_t tap_rows, input_blocks;
  size_dot_chunk(w, tap_weights, DOT_BLOCKS, &tap_rows, &input_blocks);
  const int64_t chunk = tap_rows * w->kernel_columns * input_blocks * tap_weights;
  const int64_t count = mtlk_direct_sum_count(w, input_channels) + chunk / (int64_t)sizeof(int32_t);
  const int64_t of_dots = mtlk_neondot_sum_count(w, input_channels);
  return count > of_dots ? count : of_dots;
}
#endif
