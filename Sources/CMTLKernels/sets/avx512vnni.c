/* AVX-512 with VNNI, for products of bytes; all else is as avx512.c has it. 3 blocks x 8 pixels of sums take 24 of the 32
 * registers, and need 11 loads for 24 products. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <string.h>

#include "../kernel_sets.h"

enum { DOT_BLOCKS = 3, DOT_PIXELS = 8, WINOGRAD_TILES = 12 };
#define BYTE_LINKAGE
#define DOT_TILES(X)                                                                                                  \
  X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(1, 6) X(1, 7) X(1, 8)                                                      \
  X(2, 1) X(2, 2) X(2, 3) X(2, 4) X(2, 5) X(2, 6) X(2, 7) X(2, 8)                                                      \
  X(3, 1) X(3, 2) X(3, 3) X(3, 4) X(3, 5) X(3, 6) X(3, 7) X(3, 8)

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma"))),             \
                             apply_to = function)
#include "../families/vector.inc"
#include "../families/codes.inc"
#include "../families/store_codes.inc"
#include "../families/activate.inc"
#include "../families/finish_bytes.inc"
#include "../families/finish_sums.inc"
#include "../families/dots_avx512vnni.inc"
#define convolution_bytes mtlk_convolution_bytes_avx512vnni
#include "../families/convolution_bytes.inc"
#define winograd_output_bytes mtlk_winograd_output_bytes_avx512vnni
#include "../families/tile_runs.inc"
#include "../families/whole_transforms.inc"
#include "../families/winograd_bytes_output.inc"
#pragma clang attribute pop
#endif
