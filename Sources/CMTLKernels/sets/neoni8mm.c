/* NEON with dot products of bytes and signed bytes; all else is as neon.c has it. Tiles are those of neondot.c. */
#if defined(__aarch64__)
#include <arm_neon.h>
#include <stddef.h>
#include <string.h>

#include "../kernel_sets.h"

enum { BYTE_BLOCKS = 1, BYTE_PIXELS = 6, TAKES_SIGNED_BYTES = 0 };
#define BYTE_LINKAGE
#define BYTE_TILES(X) X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(1, 6)
#define DOT(sums, inputs, weights) vusdotq_s32(sums, inputs, weights)

#pragma clang attribute push(__attribute__((target("i8mm"))), apply_to = function)
#include "../families/vector.inc"
#include "../families/codes.inc"
#include "../families/activate.inc"
#include "../families/finish_sums.inc"
#include "../families/dots_neondot.inc"
#define convolution_bytes mtlk_convolution_bytes_neoni8mm
#include "../families/convolution_bytes.inc"
#pragma clang attribute pop
#endif
