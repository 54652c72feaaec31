/* The kernel sets of this build. */
#ifndef MTLK_KERNEL_SETS_H
#define MTLK_KERNEL_SETS_H

#include "mtl_kernels.h"

#define MTLK_DECLARE_SET(set, isa) extern const mtlk_kernel_set mtlk_set_##set;
MTLK_SET_LIST(MTLK_DECLARE_SET)
#undef MTLK_DECLARE_SET

/* Of most sets, and of those that keep sums of taps or weights of a chunk behind these. */
int64_t mtlk_direct_sum_count(const mtlk_window *window, int32_t input_channels);
int64_t mtlk_neondot_sum_count(const mtlk_window *window, int32_t input_channels);
int64_t mtlk_neoni8mm_sum_count(const mtlk_window *window, int32_t input_channels);

/* Kernels of sets that share all others with a lower one, and those of halves, which have files of their own. */
#define MTLK_CONVOLUTION_BYTES(name)                                                                                   \
  void name(const mtlk_window *window, const mtlk_grids *grids, const uint8_t *input, const int8_t *weights,           \
            const float *multipliers, const float *bias, const void *operand, void *output, int32_t *sums,             \
            int32_t block_begin, int32_t block_end, int32_t row_begin, int32_t row_end)
MTLK_CONVOLUTION_BYTES(mtlk_convolution_bytes_avx512vnni);
MTLK_CONVOLUTION_BYTES(mtlk_convolution_bytes_amx);
MTLK_CONVOLUTION_BYTES(mtlk_convolution_bytes_neondot);
MTLK_CONVOLUTION_BYTES(mtlk_convolution_bytes_neoni8mm);
#undef MTLK_CONVOLUTION_BYTES

void mtlk_winograd_output_bytes_avx512vnni(const mtlk_window *window, const mtlk_winograd *grid, const mtlk_grids *grids,
                                           int32_t exact_blocks, const int16_t *transformed, const int8_t *weights,
                                           const float *multipliers, const float *bias, const void *operand,
                                           void *output, int32_t *scratch, int32_t block_begin, int32_t block_end,
                                           int32_t tile_begin, int32_t tile_end);

#define MTLK_CONVOLUTION_HALVES(name)                                                                                  \
  void name(const mtlk_window *window, const mtlk_halves *forms, const uint16_t *input, const uint16_t *weights,       \
            const float *bias, const void *operand, void *output, float *sums, int32_t block_begin, int32_t block_end, \
            int32_t row_begin, int32_t row_end)
MTLK_CONVOLUTION_HALVES(mtlk_convolution_halves_avx2);
MTLK_CONVOLUTION_HALVES(mtlk_convolution_halves_avx512bf16);
MTLK_CONVOLUTION_HALVES(mtlk_convolution_halves_amx);
MTLK_CONVOLUTION_HALVES(mtlk_convolution_halves_neon);
#undef MTLK_CONVOLUTION_HALVES

#define MTLK_ATTENTION_HALVES(name)                                                                                    \
  void name(const mtlk_attention_halves *shape, const uint16_t *queries, const uint16_t *keys, const uint16_t *values, \
            const float *bias, void *output, float *sums, int64_t begin, int64_t end)
MTLK_ATTENTION_HALVES(mtlk_attention_halves_avx2);
MTLK_ATTENTION_HALVES(mtlk_attention_halves_avx512bf16);
MTLK_ATTENTION_HALVES(mtlk_attention_halves_amx);
MTLK_ATTENTION_HALVES(mtlk_attention_halves_neon);
#undef MTLK_ATTENTION_HALVES

#endif
