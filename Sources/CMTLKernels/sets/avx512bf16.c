/* AVX-512 with BF16, for products of halves; bytes are as avx512vnni.c has them, all else as avx512.c. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <string.h>

#include "../kernel_sets.h"

enum { DOT_BLOCKS = 3, DOT_PIXELS = 8, PRODUCT_BLOCKS = 2, PRODUCT_ROWS = 8 };
#define DOT_TILES(X)                                                                                                   \
  X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(1, 6) X(1, 7) X(1, 8)                                                      \
  X(2, 1) X(2, 2) X(2, 3) X(2, 4) X(2, 5) X(2, 6) X(2, 7) X(2, 8)                                                      \
  X(3, 1) X(3, 2) X(3, 3) X(3, 4) X(3, 5) X(3, 6) X(3, 7) X(3, 8)

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma"))),             \
                             apply_to = function)
#include "../families/vector.inc"
#include "../families/half_blocks.inc"
#include "../families/rounding_avx512bf16.inc"
#include "../families/activate.inc"
#include "../families/finish_halves.inc"
#include "../families/finish_sums.inc"
#include "../families/dots_avx512bf16.inc"
#define convolution_halves mtlk_convolution_halves_avx512bf16
#include "../families/convolution_halves.inc"
#include "../families/products.inc"
#include "../families/products_dots.inc"
#define attention_halves mtlk_attention_halves_avx512bf16
#include "../families/attention_halves.inc"
#pragma clang attribute pop
#endif
