/* The kernels of AMX for processors that have none. */
#ifndef TILE_EMULATION_H
#define TILE_EMULATION_H

#include "mtl_kernels.h"

/* The best set that this processor has, with the convolution of bytes in tiles that C computes; null where the processor
 * is older than AVX2. */
const mtlk_kernel_set *tile_emulation_kernels(void);

/* Whether the system lets this process use the tiles of the processor. */
int tile_emulation_may_use_tiles(void);

#endif
