/* The very convolution of sets/amx.c, with tiles_plain.inc in place of the instructions, and the set of kernels. */
#define _GNU_SOURCE /* syscall */
#include "tile_emulation.h"

#include <stddef.h>

#if defined(__x86_64__)
#include <immintrin.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../../Sources/CMTLKernels/families/vector.inc"
#include "../../Sources/CMTLKernels/families/codes.inc"
#include "../../Sources/CMTLKernels/families/store_codes.inc"
#include "../../Sources/CMTLKernels/families/activate.inc"
#include "../../Sources/CMTLKernels/families/finish_bytes.inc"
#include "../../Sources/CMTLKernels/families/finish_sums.inc"
#include "../../Sources/CMTLKernels/families/tiles.inc"

static int32_t add_products(int32_t sum, const uint8_t *pixel, const int8_t *weights) {
  for (int i = 0; i < TILE_ROW; i++) sum += pixel[i] * weights[i / 4 * TILE_ROW + i % 4];
  return sum;
}

#include "tiles_plain.inc"
#include "../../Sources/CMTLKernels/families/convolution_tiles.inc"
#pragma clang attribute pop

/* Blocks of four inputs have no tiles. */
static void convolution(const mtlk_window *w, const mtlk_grids *grids, const uint8_t *input, const int8_t *weights,
                        const float *multipliers, const float *bias, const void *operand, void *output, int32_t *sums,
                        int32_t block_begin, int32_t block_end, int32_t row_begin, int32_t row_end) {
  if (w->input_lane == MTLK_BYTE_LANE) {
    const finish_t finish = {w, grids, multipliers, bias, operand, output};
    convolve_tiles(&finish, grids->input_zero_point, input, weights, block_begin, block_end, row_begin, row_end);
  } else {
    mtlk_kernels(mtlk_best_isa())->convolution_bytes(w, grids, input, weights, multipliers, bias, operand, output, sums,
                                                     block_begin, block_end, row_begin, row_end);
  }
}

const mtlk_kernel_set *tile_emulation_kernels(void) {
  static mtlk_kernel_set kernels;
  const int32_t best = mtlk_best_isa();
  if (best < MTLK_AVX2) return NULL;
  kernels = *mtlk_kernels(best);
  kernels.name = "tiles in C";
  kernels.convolution_bytes = convolution;
  kernels.convolution_halves = tile_emulation_halves;
  kernels.attention_halves = tile_emulation_attention;
  return &kernels;
}

int tile_emulation_may_use_tiles(void) { return syscall(SYS_arch_prctl, 0x1023 /* ARCH_REQ_XCOMP_PERM */, 18) == 0; }
#else
const mtlk_kernel_set *tile_emulation_kernels(void) { return NULL; }
int tile_emulation_may_use_tiles(void) { return 0; }
#endif
