/* AVX2 with FMA: a block of 16 channels is two registers; 6 pixels of one block fill the 16 there are. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "../kernel_sets.h"
#include "../transpose.h"

enum { TILE_BLOCKS = 1, TILE_PIXELS = 6, GEMM_INPUTS = 1 };
#define TILE_WIDTHS(X) X(6) X(4) X(2) X(1)
#define TILE_SIZES(X)                                                                                                  \
  X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(1, 6)
/* Products of bytes: four pixels' sums take 8 registers, the weights 4; of numbers of 16 bits, six take 12 and 2. */
enum { DOT_BLOCKS = 1, DOT_PIXELS = 4, WINOGRAD_TILES = 6 };
#define BYTE_LINKAGE static
#define DOT_TILES(X) X(1, 1) X(1, 2) X(1, 3) X(1, 4)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../families/vector.inc"
#include "../families/codes.inc"
#include "../families/store_codes_avx2.inc"
#include "../families/pool.inc"
#include "../families/activate.inc"
#include "../families/convolution.inc"
#include "../families/float_products.inc"
#include "../families/gemm.inc"
#include "../families/tile_runs.inc"
#include "../families/winograd.inc"
#include "../families/bytes.inc"
#include "../families/look_up_avx2.inc"
#include "../families/half_blocks.inc"
#include "../families/rounding.inc"
#include "../families/halves.inc"
#include "../families/pairs.inc"
#include "../families/finish_bytes.inc"
#include "../families/finish_sums.inc"
#include "../families/dots_avx2.inc"
#include "../families/convolution_bytes.inc"
#include "../families/whole_transforms.inc"
#include "../families/winograd_bytes_input.inc"
#include "../families/winograd_bytes_output.inc"
#include "../families/depthwise_bytes.inc"
#include "../families/elementwise.inc"
#include "../families/channels.inc"
#include "../families/rows.inc"
#include "../families/resize.inc"
#include "../families/depthwise.inc"
#include "../families/attention.inc"
#include "../families/peak.inc"
#include "../families/pixels.inc"
#include "../families/maps.inc"
#pragma clang attribute pop

#define MTLK_FILL(name, parameters) name,
#define convolution_halves mtlk_convolution_halves_avx2
#define attention_halves mtlk_attention_halves_avx2
const mtlk_kernel_set mtlk_set_avx2 = {
    .name = "avx2", .isa = MTLK_AVX2, .sum_count = mtlk_direct_sum_count, .half_sum_count = mtlk_direct_sum_count,
    .convolution_blocks = TILE_BLOCKS, .byte_blocks = DOT_BLOCKS, .half_blocks = 1, .convolution_pixels = TILE_PIXELS,
    .byte_reach = 4, .tile_cost = 1, .multiplies_halves = 0, MTLK_KERNEL_LIST(MTLK_FILL)};
#endif
