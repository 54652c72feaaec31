/* Convolution and attention of halves with AVX2, also for AVX-512 without BF16: 4 pixels of sums take 8 of the 16 registers,
 * the weights 4. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <string.h>

#include "../kernel_sets.h"

enum { DOT_BLOCKS = 1, DOT_PIXELS = 4, PRODUCT_BLOCKS = 1, PRODUCT_ROWS = 4 };
#define DOT_TILES(X)                                                                                                   \
  X(1, 1) X(1, 2) X(1, 3) X(1, 4)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../families/vector.inc"
#include "../families/half_blocks.inc"
#include "../families/rounding.inc"
#include "../families/activate.inc"
#include "../families/finish_halves.inc"
#include "../families/finish_sums.inc"
#include "../families/dots_halves.inc"
#define convolution_halves mtlk_convolution_halves_avx2
#include "../families/convolution_halves.inc"
#include "../families/products.inc"
#include "../families/products_dots.inc"
#define attention_halves mtlk_attention_halves_avx2
#include "../families/attention_halves.inc"
#pragma clang attribute pop
#endif
