/* NEON with dot products of signed bytes, for products of bytes; all else is as neon.c has it. 6 pixels of sums take 24
 * of the 32 registers, and need 10 loads for 24 products. */
#if defined(__aarch64__)
#include <arm_neon.h>
#include <stddef.h>
#include <string.h>

#include "../kernel_sets.h"

enum { DOT_BLOCKS = 1, DOT_PIXELS = 6 };
#define BYTE_LINKAGE
#define DOT_TILES(X) X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(1, 6)

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#include "../families/vector.inc"
#include "../families/codes.inc"
#include "../families/store_codes.inc"
#include "../families/activate.inc"
#include "../families/finish_bytes.inc"
#include "../families/finish_sums.inc"
#include "../families/dots_neondot.inc"
#define convolution_bytes mtlk_convolution_bytes_neondot
#include "../families/convolution_bytes.inc"
#pragma clang attribute pop

int64_t mtlk_neondot_sum_count(const mtlk_window *w, int32_t input_channels) {
  const int64_t taps = (int64_t)w->input_blocks * w->kernel_rows * w->kernel_columns;
  return mtlk_direct_sum_count(w, input_channels) + (1 + taps) * DOT_BLOCKS * MTLK_LANE;
}
#endif
