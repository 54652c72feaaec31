/* Convolution of halves with AVX-512: 3 blocks x 7 pixels of sums take 21 of the 32 registers, the weights 6. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <string.h>

#include "../kernel_sets.h"

enum { DOT_BLOCKS = 3, DOT_PIXELS = 7 };
#define DOT_TILES(X)                                                                                                   \
  X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(1, 6) X(1, 7)                                                              \
  X(2, 1) X(2, 2) X(2, 3) X(2, 4) X(2, 5) X(2, 6) X(2, 7)                                                              \
  X(3, 1) X(3, 2) X(3, 3) X(3, 4) X(3, 5) X(3, 6) X(3, 7)

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma"))), apply_to = function)
#include "../families/vector.inc"
#include "../families/half_blocks.inc"
#include "../families/rounding.inc"
#include "../families/activate.inc"
#include "../families/finish_halves.inc"
#include "../families/finish_sums.inc"
#include "../families/dots_halves.inc"
#define convolution_halves mtlk_convolution_halves_avx512
#include "../families/convolution_halves.inc"
#pragma clang attribute pop
#endif
