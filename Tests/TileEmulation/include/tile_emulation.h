/* The kernels of AMX for processors that have none. */
#ifndef TILE_EMULATION_H
#define TILE_EMULATION_H

#include "mtl_kernels.h"

/* The best set that this processor has, with the convolutions of bytes and halves and the attention of halves in tiles that
 * C computes; null where the processor is older than AVX2. */
const mtlk_kernel_set *tile_emulation_kernels(void);

/* Its kernels of halves. */
void tile_emulation_halves(const mtlk_window *window, const mtlk_halves *forms, const uint16_t *input,
                           const uint16_t *weights, const float *bias, const void *operand, void *output, float *sums,
                           int32_t block_begin, int32_t block_end, int32_t row_begin, int32_t row_end);

void tile_emulation_attention(const mtlk_attention_halves *shape, const uint16_t *queries, const uint16_t *keys,
                              const uint16_t *values, const float *bias, void *output, float *sums, int64_t begin,
                              int64_t end);

/* Whether the system lets this process use the tiles of the processor. */
int tile_emulation_may_use_tiles(void);

#endif
