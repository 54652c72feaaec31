/* Convolution and attention of halves with NEON: 4 pixels of sums take 16 of the 32 registers, the weights 8. */
#if defined(__aarch64__)
#include <stddef.h>
#include <string.h>

#include "../kernel_sets.h"

enum { DOT_BLOCKS = 1, DOT_PIXELS = 4, PRODUCT_BLOCKS = 1, PRODUCT_ROWS = 4 };
#define DOT_TILES(X) X(1, 1) X(1, 2) X(1, 3) X(1, 4)

#include "../families/vector.inc"
#include "../families/half_blocks.inc"
#include "../families/rounding.inc"
#include "../families/activate.inc"
#include "../families/finish_halves.inc"
#include "../families/finish_sums.inc"
#include "../families/dots_halves.inc"
#define convolution_halves mtlk_convolution_halves_neon
#include "../families/convolution_halves.inc"
#include "../families/products.inc"
#include "../families/products_dots.inc"
#define attention_halves mtlk_attention_halves_neon
#include "../families/attention_halves.inc"
#endif
