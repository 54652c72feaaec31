/* The very convolution of sets/amx.c, with tiles_plain.inc in place of the instructions. */
#define _GNU_SOURCE /* syscall */
#include "tile_emulation.h"

#include <stddef.h>

#if defined(__x86_64__)
#include <immintrin.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BYTE_LINKAGE static

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../../Sources/CMTLKernels/families/vector.inc"
#include "../../Sources/CMTLKernels/families/codes.inc"
#include "../../Sources/CMTLKernels/families/activate.inc"
#include "../../Sources/CMTLKernels/families/finish_sums.inc"
#include "../../Sources/CMTLKernels/families/tiles.inc"
#include "tiles_plain.inc"
#include "../../Sources/CMTLKernels/families/convolution_tiles.inc"
#pragma clang attribute pop

const mtlk_kernel_set *tile_emulation_kernels(void) {
  static mtlk_kernel_set kernels;
  const int32_t best = mtlk_best_isa();
  if (best < MTLK_AVX2) return NULL;
  kernels = *mtlk_kernels(best);
  kernels.name = "tiles in C";
  kernels.convolution_bytes = convolution_tiles;
  return &kernels;
}

int tile_emulation_may_use_tiles(void) { return syscall(SYS_arch_prctl, 0x1023 /* ARCH_REQ_XCOMP_PERM */, 18) == 0; }
#else
const mtlk_kernel_set *tile_emulation_kernels(void) { return NULL; }
int tile_emulation_may_use_tiles(void) { return 0; }
#endif
