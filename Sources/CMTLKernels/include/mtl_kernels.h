/* Micro-kernels: no state, no threads, no allocation. The caller owns memory, threads and the order of calls. */
#ifndef MTL_KERNELS_H
#define MTL_KERNELS_H

#include <stdint.h>

#include "mtl_kernel_shapes.h"

/* One row for each kernel: X(name, parameters). Declarations, tables and checks expand from this list.
 *
 * convolution: output rows [row_begin, row_end) of output blocks [block_begin, block_end). Weights are packed as
 *   [output block][input block][kernel row][kernel column][input lane][16], bias as [output block][16]. `operand` lies
 *   as the output does, or is null.
 * winograd_input: the tiles [tile_begin, tile_end) of a grid, transformed, as [input block][position][tile][16]; tiles are
 *   numbered row by row, and the input has lane 16.
 * winograd_output: the outputs of those tiles from the transformed input and the weights of convolution; the rest as
 *   convolution has it.
 * winograd_input_bytes, winograd_output_bytes: the same for convolution_bytes, exactly. Transformed tiles are [input block]
 *   [position][tile][64] numbers of 16 bits, in an order of the set's own. Tiles that leave taps outside the image out are right for a
 *   zero point of 0. Sums of any `exact_blocks` blocks of inputs, from multiples of their number on, have to fit 32 bits less
 *   those that mtlk_winograd_lost_bits takes.
 * convolution_bytes: the ranges of convolution; input blocks and lane are of 64 or 4 bytes. Sums of products of bytes and
 *   weights are exact in 32 bits. Weights are packed as [output block][input block][kernel row][kernel column][lane / 4][16][4]:
 *   fours of inputs, outputs, the input of the four. Then sum * multiplier + bias in one rounding (both are
 *   [output block][16]; the bias makes up for the input's zero point), activations and operand as convolution has them,
 *   and for bytes value * inverse scale, rounded half to even, plus zero point, saturated; what is no number becomes 0.
 * depthwise_bytes: the ranges of depthwise, in blocks of 16 that lie in blocks of 64 bytes; at most MTLK_DEPTHWISE_TAPS taps.
 *   Weights are whole numbers, packed as those of depthwise; sums become outputs as in convolution_bytes, without an operand
 *   or a row activation. `memory` belongs to the call.
 * quantize: pixels [begin, end) of `blocks` blocks of 16 floats to bytes, and `dequantize` back.
 * quantize_pixels: the first `channels` of each `step` floats to [pixel][4] bytes.
 * look_up: y[i] = table[x[i]], of 256 bytes: any function of bytes; in place allowed.
 * round_to_grid: y[i] = the nearest number of a grid to x[i], what quantize and dequantize make together; in place allowed.
 * requantize: pixels [begin, end) of `blocks` blocks of 16 bytes to another grid, as the blocks from `first_block` on of an
 *   image of as many pixels; without a `change` they are copied.
 * combine_bytes: y = activation(a operation b) over `count` bytes that lie alike; operation is MTLK_ADD,
 *   MTLK_SUBTRACT or MTLK_MULTIPLY, the activation a cheap one.
 * max_pool_bytes: the ranges of pool, over blocks of 64.
 * global_average_bytes: as global_average, from blocks of 64 [begin, end) to the means in blocks of 16, of which the
 *   output has `output_blocks`.
 * convolution_halves: the ranges of convolution; input blocks are of 32. Weights are packed as [output block][input block]
 *   [kernel row][kernel column][16][16][2]: pairs of inputs, outputs, the input of the pair. Products are added up in
 *   float32, in an order that depends on the geometry alone; then the bias, activations and operand as convolution has
 *   them, and halves are rounded to nearest, ties to even. The range that ends with the last block clears what fills the
 *   outputs' last block of 32 up. Whether subnormal numbers count as zero is the processor's matter.
 * to_halves: pixels [begin, end) of `blocks` blocks of 16 floats, rounded likewise, as the blocks of 16 from `first_block`
 *   on of an image of as many pixels and of `output_blocks` blocks of 16 in all: if these are an odd number, whoever
 *   writes the last one clears the other half of its block of 32. `from_halves` is the way back.
 * copy_halves: `blocks` blocks of 16 halves to an image of halves, likewise.
 * max_pool_halves: the ranges of pool, over blocks of 32; the window's output channels say what is cleared.
 * global_average_halves: as global_average_bytes, from blocks of 32.
 * pool: the same ranges as convolution; input and output have lane 16 and equally many blocks.
 * gemm: y[m][o] = activation(sum_i x[m][i] * weight[o][i] + bias[o]) for rows [row_begin, row_end) and outputs
 *   [output_begin, output_end); row-major arrays, any alignment; bias may be null.
 * activate: y[i] = activation(x[i]), in place allowed.
 * combine: y = activation(a operation b) over `count` blocks of 16 floats; the operands' kinds are MTLK_EACH_BLOCK ...
 *   Lanes from `lanes` on become zero. In place allowed.
 * weighted_sum: y = sum over k of weights[k][16] * x[k], over `count` blocks.
 * layer_norm: pixels [begin, end) of a blocked image of `pixels` pixels, over the channels of each; scale and bias are
 *   [block][16]. In place allowed, here and in the next two.
 * softmax_channels: over the channels of each pixel, or its logarithm.
 * l2_normalize: x / max(norm, epsilon) over the channels of each pixel.
 * softmax_groups: softmax over `groups` tensors for each element of `count` blocks, in place allowed. Lanes from `lanes`
 *   on become zero.
 * softmax: of each of `rows` rows of `length` contiguous floats, or its logarithm; in place allowed.
 * global_average: mean over all pixels of each channel, for blocks [begin, end); output is [block][16].
 * resize: output rows [row_begin, row_end) of blocks [block_begin, block_end). `row_buffer` holds input_columns * 16
 *   floats and belongs to the call.
 * resize_to_planes: the same to [channel][row][column] of `channels` channels, first across, then down. `memory` belongs to
 *   the call.
 * depthwise: the ranges of pool; weights are [block][kernel row][kernel column][16], bias is [block][16].
 * max_pool_indices: max pool that also writes where the largest element lies in its input plane, row * columns + column
 *   as float32 (planes of at most 2^24 pixels); of equals the first, of NaNs the last.
 * attention: output = softmax(scale * queries * keys + bias) * values for queries [begin, end). Queries, values and
 *   output are blocked [depth / 16][query][16]; keys are [key / 16][depth][16]. Bias, if there is one, is
 *   [query][bias_stride]. Without value blocks the output is [query]: the bias that would make the exponentials of the
 *   query's scores add up to 1. Scores and weights may be rounded on the way; scores under a bias of -infinity stay that.
 *   `memory` belongs to the call.
 * pair_keys: blocks [begin, end) of 32 keys, whose image has `blocks` blocks of 32 channels, to [key / 16][block][16][16][2]:
 *   pairs of channels, keys, the channel of the pair. What is no key becomes zero, also in the next.
 * pair_values: likewise, of `blocks` blocks of 16 channels, to [block][key / 32][16][16][2]: pairs of keys, channels, the
 *   key of the pair.
 * attention_halves: output = softmax(scale * queries * keys + bias) * values for queries [begin, end), from keys and values
 *   in pairs. Products are added up in float32, and so are the exponentials after they were rounded to halves for their
 *   product with the values. The output is of halves in blocks of 32, whose last block is filled up with zeros, or of
 *   floats in blocks of 16. As with convolution_halves, subnormal numbers are the processor's matter.
 * pixel_strip: `count` pixels of 16 rows in the network's colours, [pixel][channel][16] bytes: those numbered from
 *   `first` on, or those that `places` lists. `rows` are where pixel 0 of each row lies, the next one is `step` bytes
 *   on; `red`, `green`, `blue` are byte offsets in a pixel of `size` bytes, all equal for grey ones. Grey (ITU-R 601-2
 *   luma as Pillow rounds it) is made of colours for one channel; `output` then has room for three.
 * resample_columns: a strip to `rows` lines of taps->count pixels, `stride` bytes apart: sums with whole weights,
 *   rounded half up to 8 bits. The float form keeps the sums, added up from the first pixel to the last; `stride` in
 *   floats.
 * resample_rows: one line from `count` lines `stride` apart, likewise; the float form adds from the first to the last.
 * blend_rows: one line of bytes from two lines of whole numbers, as mtlk_blend says.
 * grey_levels: the nearest of 0 to 255 to x times `factor`, halves to even; or, where it `wraps`, the low 8 bits of the
 *   whole part.
 * sample_row: `share` of the way from the upper to the lower of two rows of a map, at a row of pixels, which has room for 16
 *   more; so has `line`, which belongs to the call, for 16 more than there are columns. A share of zero is the first of two
 *   numbers, whatever the second one is.
 * keep_larger: where one of `count` numbers is larger than the largest so far, takes its place there, and the label that of
 *   the one before; what is no number is larger than none, and leaves another number than 0 in `not_numbers`. Sets may do
 *   the same to what fills the last block up.
 */
#define MTLK_KERNEL_LIST(X)                                                                                           \
  X(convolution, (const mtlk_window *window, const float *input, const float *weights, const float *bias,             \
                  const float *operand, float *output, int32_t block_begin, int32_t block_end, int32_t row_begin,     \
                  int32_t row_end))                                                                                   \
  X(convolution_bytes, (const mtlk_window *window, const mtlk_grids *grids, const uint8_t *input,                      \
                        const int8_t *weights, const float *multipliers, const float *bias, const void *operand,       \
                        void *output, int32_t *sums, int32_t block_begin, int32_t block_end, int32_t row_begin,        \
                        int32_t row_end))                                                                              \
  X(depthwise_bytes, (const mtlk_window *window, const mtlk_grids *grids, const uint8_t *input, const float *weights,   \
                      const float *multipliers, const float *bias, void *output, float *memory, int32_t block_begin,   \
                      int32_t block_end, int32_t row_begin, int32_t row_end))                                          \
  X(quantize, (const float *x, uint8_t *y, int64_t pixels, int32_t blocks, int64_t begin, int64_t end,                 \
               float inverse_scale, int32_t zero_point))                                                               \
  X(quantize_pixels, (const float *x, int64_t step, int32_t channels, uint8_t *y, int64_t pixels,                       \
                      float inverse_scale, int32_t zero_point))                                                        \
  X(dequantize, (const uint8_t *x, float *y, int64_t pixels, int32_t blocks, int64_t begin, int64_t end, float scale,  \
                 int32_t zero_point))                                                                                  \
  X(round_to_grid, (const float *x, float *y, int64_t count, float scale, float inverse_scale, int32_t zero_point))     \
  X(look_up, (const uint8_t *x, uint8_t *y, int64_t count, const uint8_t *table))                                      \
  X(requantize, (const uint8_t *x, uint8_t *y, int64_t pixels, int32_t blocks, int32_t first_block, int64_t begin,     \
                 int64_t end, const mtlk_byte_change *change))                                                         \
  X(combine_bytes, (int32_t operation, const mtlk_byte_pair *pair, const uint8_t *a, const uint8_t *b, uint8_t *y,      \
                    int64_t count, int32_t activation, float slope))                                                    \
  X(max_pool_bytes, (const mtlk_window *window, const uint8_t *input, uint8_t *output, int32_t block_begin,            \
                     int32_t block_end, int32_t row_begin, int32_t row_end))                                           \
  X(global_average_bytes, (const uint8_t *input, float *output, int64_t pixels, int32_t begin, int32_t end,            \
                           int32_t output_blocks, float scale, int32_t zero_point))                                    \
  X(convolution_halves, (const mtlk_window *window, const mtlk_halves *forms, const uint16_t *input,                  \
                         const uint16_t *weights, const float *bias, const void *operand, void *output, float *sums,  \
                         int32_t block_begin, int32_t block_end, int32_t row_begin, int32_t row_end))                 \
  X(to_halves, (const float *x, uint16_t *y, int64_t pixels, int32_t blocks, int32_t first_block,                     \
                int32_t output_blocks, int64_t begin, int64_t end))                                                   \
  X(from_halves, (const uint16_t *x, float *y, int64_t pixels, int32_t blocks, int64_t begin, int64_t end))           \
  X(copy_halves, (const uint16_t *x, uint16_t *y, int64_t pixels, int32_t blocks, int32_t first_block,                \
                  int32_t output_blocks, int64_t begin, int64_t end))                                                 \
  X(max_pool_halves, (const mtlk_window *window, const uint16_t *input, uint16_t *output, int32_t block_begin,        \
                      int32_t block_end, int32_t row_begin, int32_t row_end))                                         \
  X(global_average_halves, (const uint16_t *input, float *output, int64_t pixels, int32_t begin, int32_t end,         \
                            int32_t output_blocks))                                                                   \
  X(winograd_input, (const mtlk_window *window, const mtlk_winograd *grid, const float *input, float *transformed,     \
                     float *scratch, int32_t tile_begin, int32_t tile_end))                                            \
  X(winograd_output, (const mtlk_window *window, const mtlk_winograd *grid, const float *transformed,                  \
                      const float *weights, const float *bias, const float *operand, float *output, float *scratch,    \
                      int32_t block_begin, int32_t block_end, int32_t tile_begin, int32_t tile_end))                   \
  X(winograd_input_bytes, (const mtlk_window *window, const mtlk_winograd *grid, int32_t zero_point,                    \
                           const uint8_t *input, int16_t *transformed, int16_t *scratch, int32_t tile_begin,           \
                           int32_t tile_end))                                                                          \
  X(winograd_output_bytes, (const mtlk_window *window, const mtlk_winograd *grid, const mtlk_grids *grids,             \
                            int32_t exact_blocks, const int16_t *transformed, const int8_t *weights,                   \
                            const float *multipliers, const float *bias, const void *operand, void *output,            \
                            int32_t *scratch, int32_t block_begin, int32_t block_end, int32_t tile_begin,              \
                            int32_t tile_end))                                                                         \
  X(pool, (const mtlk_window *window, int32_t kind, const float *input, float *output, int32_t block_begin,           \
           int32_t block_end, int32_t row_begin, int32_t row_end))                                                    \
  X(gemm, (const mtlk_gemm *shape, const float *x, const float *weight, const float *bias, float *y,                   \
           int64_t row_begin, int64_t row_end, int64_t output_begin, int64_t output_end))                              \
  X(activate, (const float *x, float *y, int64_t count, int32_t activation, float slope))                             \
  X(combine, (int32_t operation, const float *a, int32_t a_kind, const float *b, int32_t b_kind, float *y,            \
              int64_t count, int32_t lanes, int32_t activation, float slope))                                         \
  X(weighted_sum, (const float *const *x, const float *weights, int32_t inputs, float *y, int64_t count))             \
  X(layer_norm, (const float *x, float *y, int64_t pixels, int64_t begin, int64_t end, int32_t channels,              \
                 const float *scale, const float *bias, float epsilon))                                               \
  X(softmax_channels, (const float *x, float *y, int64_t pixels, int64_t begin, int64_t end, int32_t channels,        \
                       int32_t is_logarithm))                                                                         \
  X(l2_normalize, (const float *x, float *y, int64_t pixels, int64_t begin, int64_t end, int32_t channels,            \
                   float epsilon))                                                                                    \
  X(softmax_groups, (const float *const *x, float *const *y, int32_t groups, int64_t count, int32_t lanes))           \
  X(softmax, (const float *x, float *y, int64_t rows, int64_t length, int32_t is_logarithm))                          \
  X(global_average, (const float *input, float *output, int64_t pixels, int32_t begin, int32_t end))                  \
  X(resize, (const mtlk_resize *shape, const float *input, float *output, float *row_buffer, int32_t block_begin,     \
             int32_t block_end, int32_t row_begin, int32_t row_end))                                                  \
  X(resize_to_planes, (const mtlk_resize *shape, const float *input, float *output, float *memory, int32_t channels,   \
                       int32_t block_begin, int32_t block_end, int32_t row_begin, int32_t row_end))                     \
  X(depthwise, (const mtlk_window *window, const float *input, const float *weights, const float *bias,               \
                float *output, int32_t block_begin, int32_t block_end, int32_t row_begin, int32_t row_end))           \
  X(max_pool_indices, (const mtlk_window *window, const float *input, float *output, float *indices,                  \
                       int32_t block_begin, int32_t block_end, int32_t row_begin, int32_t row_end))                   \
  X(attention, (const mtlk_attention *shape, const float *queries, const float *keys, const float *values,            \
                const float *bias, float *output, float *memory, int64_t begin, int64_t end))                         \
  X(pair_keys, (const uint16_t *image, int64_t keys, int64_t blocks, uint16_t *packed, int64_t begin, int64_t end))    \
  X(pair_values, (const uint16_t *image, int64_t keys, int64_t blocks, uint16_t *packed, int64_t begin, int64_t end))  \
  X(attention_halves, (const mtlk_attention_halves *shape, const uint16_t *queries, const uint16_t *keys,              \
                       const uint16_t *values, const float *bias, void *output, float *sums, int64_t begin,            \
                       int64_t end))                                                                                   \
  X(multiply_adds, (float *sums, int64_t rounds))                                                                      \
  X(pixel_strip, (const uint8_t *const *rows, int64_t step, int32_t size, const int32_t *places, int32_t first,        \
                  int32_t count, int32_t red, int32_t green, int32_t blue, int32_t channels, uint8_t *output))         \
  X(resample_columns, (const uint8_t *strip, const mtlk_taps *taps, const int32_t *weights, int32_t channels,          \
                       uint8_t *output, int64_t stride, int32_t rows))                                                 \
  X(resample_columns_float, (const uint8_t *strip, const mtlk_taps *taps, const float *weights, int32_t channels,      \
                             float *output, int64_t stride, int32_t rows))                                             \
  X(resample_rows, (const uint8_t *rows, int64_t stride, int32_t count, const int32_t *weights, uint8_t *output,       \
                    int64_t bytes))                                                                                    \
  X(blend_rows, (const float *upper, const float *lower, const int32_t *weights, mtlk_blend shifts, uint8_t *output,   \
                 int64_t count))                                                                                       \
  X(resample_rows_float, (const float *rows, int64_t stride, int32_t count, const float *weights, float *output,       \
                          int64_t length))                                                                             \
  X(grey_levels, (const float *x, uint8_t *y, int64_t count, float factor, int32_t wraps))                             \
  X(sample_row, (const mtlk_map_row *row, const float *upper, const float *lower, float share, float *line, float *y))  \
  X(keep_larger, (const float *x, int64_t count, int32_t label, float *largest, int32_t *labels,                       \
                  int32_t *not_numbers))

/* One row for each set of kernels: X(name, instruction set). */
#if defined(__x86_64__)
#define MTLK_SET_LIST(X)                                                                                              \
  X(scalar, MTLK_SCALAR) X(avx2, MTLK_AVX2) X(avx512, MTLK_AVX512) X(avx512vnni, MTLK_AVX512_VNNI)                    \
  X(avx512bf16, MTLK_AVX512_BF16) X(amx, MTLK_AMX)
#elif defined(__aarch64__)
#define MTLK_SET_LIST(X)                                                                                              \
  X(scalar, MTLK_SCALAR) X(neon, MTLK_NEON) X(neondot, MTLK_NEON_DOT) X(neoni8mm, MTLK_NEON_I8MM)
#else
#define MTLK_SET_LIST(X) X(scalar, MTLK_SCALAR)
#endif

#define MTLK_MEMBER(name, parameters) void(*name) parameters;
typedef struct {
  const char *name;
  int32_t isa;
  /* Sums that the memory of convolution_bytes has room for. */
  int64_t (*sum_count)(const mtlk_window *window, int32_t input_channels);
  /* And floats that the memory of convolution_halves has room for. */
  int64_t (*half_sum_count)(const mtlk_window *window, int32_t input_channels);
  /* Output blocks that the kernels of convolutions compute together, of floats, bytes and halves: split work along them. */
  int32_t convolution_blocks, byte_blocks, half_blocks;
  /* Channels that convolutions of bytes read together: of a pixel's 64 they can be told to see this many alone, or 2, 4, ...
   * times as many, where these begin with a multiple of their number. */
  int32_t byte_reach;
  /* Neighbouring output pixels that convolutions of floats compute together: rows of so many are the best. */
  int32_t convolution_pixels;
  /* What a product of the numbers of 16 bits in Winograd's tiles takes, in direct products of bytes; 0 where tiles are no
   * use. */
  int32_t tile_cost;
  /* Whether products of halves have instructions of their own, or floats would be as quick. The oracle has them, because
   * it does what it is told. */
  int32_t multiplies_halves;
  MTLK_KERNEL_LIST(MTLK_MEMBER)
} mtlk_kernel_set;
#undef MTLK_MEMBER

/* The best instruction set that this processor and its operating system support. */
int32_t mtlk_best_isa(void);

/* Processors that the calling thread may run on, at least 1. */
int32_t mtlk_affinity_count(void);

/* The kernels for an instruction set; null if this build has none. */
const mtlk_kernel_set *mtlk_kernels(int32_t isa);

/* Tells the processor that this thread spins. */
static inline void mtlk_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* ---- Work that is the same on every instruction set ---- */

/* One image from blocks of one lane to blocks of another; lane 1 is the plain order of channels, rows, columns. Filling
 * channels become zero. */
void mtlk_reblock(const float *source, int64_t source_lane, float *target, int64_t target_lane, int64_t channels,
                  int64_t pixels);

/* Channels [first, first + depth) of `count` pixels of a blocked image of `pixels` pixels: to blocks
 * [depth / 16][count][16], or transposed to [count / 16][depth][16]; what fills the last blocks up is zero. `index`, if
 * there is one, names the pixels; where it is -1 the pixel is `constant`, plain [depth]. */
void mtlk_gather(const float *image, int64_t pixels, const int32_t *index, const float *constant, int64_t first,
                 int64_t depth, int64_t count, float *output);
void mtlk_gather_transposed(const float *image, int64_t pixels, const int32_t *index, const float *constant,
                            int64_t first, int64_t depth, int64_t count, float *output);

/* The way back from [depth / 16][count][16]; pixels of index -1 are left out. The range that ends at `channels` clears
 * what fills the last block up. */
void mtlk_scatter(const float *input, int64_t count, float *image, int64_t pixels, const int32_t *index, int64_t first,
                  int64_t depth, int64_t channels);

/* The same of halves, to blocks [depth / 32][count][32], and back; what goes back are whole blocks of 32 channels. */
void mtlk_gather_halves(const uint16_t *image, int64_t pixels, const int32_t *index, const uint16_t *constant,
                        int64_t first, int64_t depth, int64_t count, uint16_t *output);
void mtlk_scatter_halves(const uint16_t *input, int64_t count, uint16_t *image, int64_t pixels, const int32_t *index,
                         int64_t first, int64_t depth);

/* Copies rows x columns pixels of 16 floats; the other arguments are floats from row to row and from column to column. */
void mtlk_copy_pixels(const float *source, int64_t source_row, int64_t source_column, float *target,
                      int64_t target_row, int64_t target_column, int64_t rows, int64_t columns);

/* Spreads the pixels of blocks [begin, end) to where `indices` of max_pool_indices says; the rest of the output is zero,
 * and indices outside of it are ignored. */
void mtlk_max_unpool(const float *input, const float *indices, float *output, int64_t input_pixels,
                     int64_t output_pixels, int32_t channels, int32_t begin, int32_t end);

/* Convolution weights from OIHW to the packed order of the convolution kernel, those of each output times its `scale`
 * unless that is null; filling channels are zero. */
void mtlk_pack_convolution(const float *weights, const float *scale, float *packed, int64_t outputs, int64_t inputs,
                           int64_t taps, int64_t lane);

/* Weights of a quantized convolution from OIHW to the order of convolution_bytes; filling channels are zero. */
void mtlk_pack_bytes(const int8_t *weights, int8_t *packed, int64_t outputs, int64_t inputs, int64_t taps,
                     int64_t lane);

/* The sum of the packed weights of each output, of blocks of 16 outputs of `block_size` bytes each. */
void mtlk_sum_bytes(const int8_t *packed, int32_t *sums, int64_t output_blocks, int64_t block_size);

/* And the largest of the sums of an output's weights above zero, or below: no sum of their products with bytes is more than 255
 * times as large. */
int64_t mtlk_largest_weight_sum(const int8_t *packed, int64_t output_blocks, int64_t block_size);

/* Weights of a convolution of halves from OIHW to the order of convolution_halves, those of each output times its `scale`
 * unless that is null, rounded to nearest, ties to even; filling channels are zero. */
void mtlk_pack_halves(const float *weights, const float *scale, uint16_t *packed, int64_t outputs, int64_t inputs,
                      int64_t taps);

/* One row of pixels to grey (ITU-R 601-2 luma as Pillow rounds it) or RGB. `red`, `green`, `blue` are byte offsets in
 * a source pixel of `source_step` bytes (negative steps walk backwards); grey sources have all three equal. */
void mtlk_convert_row(const uint8_t *source, int64_t source_step, int32_t red, int32_t green, int32_t blue,
                      uint8_t *output, int32_t columns, int32_t output_channels);

/* Labels in 16 bits, and how many more there are of each: of neighbours, mostly, that are equal. */
void mtlk_count_labels(const int32_t *labels, int64_t count, uint16_t *to, intptr_t *counts);

/* Vectors of length 1, [i][3]; zeros where the length is zero or no finite number. */
void mtlk_unit_vectors(const float *x, const float *y, const float *z, int64_t count, float *to);

/* Any function of floats that lie on the grid which scale and zero point describe, to floats: of the table's 256. */
void mtlk_look_up_floats(const float *from, float *to, int64_t count, float inverse_scale, int32_t zero_point,
                         const float *table);

/* y[i] = table[i % channels][x[i]]: the network's value for each 8-bit value of each channel. */
void mtlk_normalize(const uint8_t *x, float *y, int64_t pixels, int32_t channels, const float *table);

/* y = (x / 255 * (high - low) + low - mean) / deviation: the same for values between grey levels, with a mean and a
 * deviation for each channel. */
void mtlk_normalize_floats(const float *x, float *y, int64_t pixels, int32_t channels, float low, float high,
                           const float *means, const float *deviations);

#endif
