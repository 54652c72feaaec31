/* NEON, which every 64-bit ARM processor has: a block of 16 channels is four registers; 6 pixels of one block take 24
 * of the 32 there are, and need 10 loads for 24 multiply-adds. */
#if defined(__aarch64__)
#include <arm_neon.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "../kernel_sets.h"
#include "../transpose.h"

enum { TILE_BLOCKS = 1, TILE_PIXELS = 6, GEMM_INPUTS = 1 };
#define TILE_WIDTHS(X) X(6) X(4) X(2) X(1)
#define TILE_SIZES(X)                                                                                                  \
  X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(1, 6)
/* Products of bytes: four pixels' sums take 16 registers, the weights 8. */
enum { DOT_BLOCKS = 1, DOT_PIXELS = 4, WINOGRAD_TILES = 4 };
#define BYTE_LINKAGE static
#define DOT_TILES(X) X(1, 1) X(1, 2) X(1, 3) X(1, 4)

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
#include "../families/look_up_neon.inc"
#include "../families/half_blocks.inc"
#include "../families/rounding.inc"
#include "../families/halves.inc"
#include "../families/pairs.inc"
#include "../families/finish_bytes.inc"
#include "../families/finish_sums.inc"
#include "../families/dots_neon.inc"
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

#define MTLK_FILL(name, parameters) name,
#define MTLK_SET(title, instructions, bytes_sum_count)                                                                 \
  .name = title, .isa = instructions, .sum_count = bytes_sum_count, .half_sum_count = mtlk_direct_sum_count,           \
  .convolution_blocks = TILE_BLOCKS, .byte_blocks = 1, .half_blocks = 1, .convolution_pixels = TILE_PIXELS,            \
  .byte_reach = 8, .multiplies_halves = 0, MTLK_KERNEL_LIST(MTLK_FILL)
#define convolution_halves mtlk_convolution_halves_neon
#define attention_halves mtlk_attention_halves_neon
const mtlk_kernel_set mtlk_set_neon = {.tile_cost = 1, MTLK_SET("neon", MTLK_NEON, mtlk_direct_sum_count)};

/* The same with other instructions for products of bytes. */
#define convolution_bytes mtlk_convolution_bytes_neondot
const mtlk_kernel_set mtlk_set_neondot = {MTLK_SET("neondot", MTLK_NEON_DOT, mtlk_neondot_sum_count)};
#undef convolution_bytes
#define convolution_bytes mtlk_convolution_bytes_neoni8mm
const mtlk_kernel_set mtlk_set_neoni8mm = {MTLK_SET("neoni8mm", MTLK_NEON_I8MM, mtlk_neoni8mm_sum_count)};
#undef convolution_bytes
#undef convolution_halves
#undef attention_halves
#endif
