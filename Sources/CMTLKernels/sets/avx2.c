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
/* Products of bytes: two pixels' sums take 8 registers, the weights 4. */
enum { BYTE_BLOCKS = 1, BYTE_PIXELS = 2 };
#define BYTE_LINKAGE static
#define BYTE_TILES(X) X(1, 1) X(1, 2)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../families/vector.inc"
#include "../families/codes.inc"
#include "../families/pool.inc"
#include "../families/gemm.inc"
#include "../families/activate.inc"
#include "../families/convolution.inc"
#include "../families/winograd.inc"
#include "../families/bytes.inc"
#include "../families/finish_sums.inc"
#include "../families/dots_avx2.inc"
#include "../families/convolution_bytes.inc"
#include "../families/elementwise.inc"
#include "../families/channels.inc"
#include "../families/rows.inc"
#include "../families/resize.inc"
#include "../families/depthwise.inc"
#include "../families/attention.inc"
#include "../families/peak.inc"
#include "../families/pixels.inc"
#pragma clang attribute pop

#define MTLK_FILL(name, parameters) name,
const mtlk_kernel_set mtlk_set_avx2 = {"avx2", MTLK_AVX2, TILE_BLOCKS, MTLK_KERNEL_LIST(MTLK_FILL)};
#endif
