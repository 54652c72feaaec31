/* AVX-512: a block of 16 channels is one register; 3 blocks x 8 pixels take 24 of the 32 there are, and need 11 loads
 * for 24 multiply-adds. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "../kernel_sets.h"
#include "../transpose.h"

enum { TILE_BLOCKS = 3, TILE_PIXELS = 8, GEMM_INPUTS = 2 };
#define TILE_WIDTHS(X) X(8) X(4) X(2) X(1)
#define TILE_SIZES(X)                                                                                                  \
  X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(1, 6) X(1, 7) X(1, 8)                                                      \
  X(2, 1) X(2, 2) X(2, 3) X(2, 4) X(2, 5) X(2, 6) X(2, 7) X(2, 8)                                                      \
  X(3, 1) X(3, 2) X(3, 3) X(3, 4) X(3, 5) X(3, 6) X(3, 7) X(3, 8)

/* Products of bytes: 2 blocks x 5 pixels of sums take 20 registers, the weights 4. */
enum { DOT_BLOCKS = 2, DOT_PIXELS = 5, WINOGRAD_TILES = 12 };
#define BYTE_LINKAGE static
#define DOT_TILES(X)                                                                                                  \
  X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(2, 1) X(2, 2) X(2, 3) X(2, 4) X(2, 5)

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma"))), apply_to = function)
#include "../families/vector.inc"
#include "../families/codes.inc"
#include "../families/store_codes.inc"
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
#include "../families/dots_avx512.inc"
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
#define MTLK_SET(title, instructions)                                                                                  \
  .name = title, .isa = instructions, .sum_count = mtlk_direct_sum_count, .half_sum_count = mtlk_direct_sum_count,     \
  .convolution_blocks = TILE_BLOCKS, .convolution_pixels = TILE_PIXELS
/* Halves without instructions for them are nothing to be quick with. */
#define convolution_halves mtlk_convolution_halves_avx2
#define attention_halves mtlk_attention_halves_avx2
const mtlk_kernel_set mtlk_set_avx512 = {
    MTLK_SET("avx512", MTLK_AVX512), .byte_blocks = DOT_BLOCKS, .byte_reach = 4, .tile_cost = 1, .half_blocks = 1, .multiplies_halves = 0,
    MTLK_KERNEL_LIST(MTLK_FILL)};

/* The same with other instructions for products of bytes, and then for those of halves as well. */
#define convolution_bytes mtlk_convolution_bytes_avx512vnni
#define winograd_output_bytes mtlk_winograd_output_bytes_avx512vnni
const mtlk_kernel_set mtlk_set_avx512vnni = {
    MTLK_SET("avx512vnni", MTLK_AVX512_VNNI), .byte_blocks = MTLK_SUM_BLOCKS, .byte_reach = 4, .tile_cost = 2, .half_blocks = 1,
    .multiplies_halves = 0, MTLK_KERNEL_LIST(MTLK_FILL)};
#undef convolution_halves
#undef attention_halves
#define convolution_halves mtlk_convolution_halves_avx512bf16
#define attention_halves mtlk_attention_halves_avx512bf16
const mtlk_kernel_set mtlk_set_avx512bf16 = {
    MTLK_SET("avx512bf16", MTLK_AVX512_BF16), .byte_blocks = MTLK_SUM_BLOCKS, .byte_reach = 4, .tile_cost = 2,
    .half_blocks = MTLK_SUM_BLOCKS, .multiplies_halves = 1, MTLK_KERNEL_LIST(MTLK_FILL)};
#undef convolution_bytes
#undef convolution_halves
#undef attention_halves
#define convolution_bytes mtlk_convolution_bytes_amx
#define convolution_halves mtlk_convolution_halves_amx
#define attention_halves mtlk_attention_halves_amx
const mtlk_kernel_set mtlk_set_amx = {
    MTLK_SET("amx", MTLK_AMX), .byte_blocks = 2, .byte_reach = MTLK_BYTE_LANE, .half_blocks = 2, .multiplies_halves = 1,
    MTLK_KERNEL_LIST(MTLK_FILL)};
#undef convolution_bytes
#undef convolution_halves
#undef attention_halves
#undef winograd_output_bytes
#endif
