/* Micro-kernels: no state, no threads, no allocation. The caller owns memory, threads and the order of calls.
 *
 * Activations are blocked: [channels / lane][rows][columns][lane] floats, with lane = 16, or lane = channels for
 * tensors of fewer than 16 channels that come from outside. Channels that only fill a block up hold finite numbers and
 * meet zero weights. Finite they stay because convolution and pool write zeros there: an infinity times a zero weight is
 * NaN, and the next layer would add it to every output.
 */
#ifndef MTL_KERNELS_H
#define MTL_KERNELS_H

#include <stdint.h>

enum { MTLK_LANE = 16 };

/* Instruction sets, worst to best; equal to MTL_ISA_... of the C ABI. */
enum { MTLK_SCALAR = 1, MTLK_AVX2 = 2, MTLK_AVX512 = 3 };

enum { MTLK_NO_ACTIVATION = 0, MTLK_RELU = 1, MTLK_LEAKY_RELU = 2, MTLK_SIGMOID = 3, MTLK_TANH = 4 };

/* The geometry of a convolution or pooling window over one image. The planner proves that every side, kernel, stride,
 * dilation and padding is at most 2^15, so that positions fit 32 bits; a tap may lie anywhere, also outside the image. */
typedef struct {
  int32_t input_rows, input_columns, input_blocks, input_lane;
  int32_t output_rows, output_columns, output_blocks;
  int32_t output_channels; /* without those that fill the last block up */
  int32_t kernel_rows, kernel_columns;
  int32_t stride_rows, stride_columns;
  int32_t dilation_rows, dilation_columns;
  int32_t padding_top, padding_left, padding_bottom, padding_right;
  /* What follows the sums of a convolution, in this order. */
  int32_t activation; /* cheap, in registers: MTLK_NO_ACTIVATION, MTLK_RELU or MTLK_LEAKY_RELU */
  int32_t row_activation; /* any */
  int32_t operand; /* MTLK_ADD_OPERAND or MTLK_MULTIPLY_OPERAND, where the call has an operand */
  int32_t operand_activation; /* cheap, after the operand */
  float slope; /* of every MTLK_LEAKY_RELU */
} mtlk_window;

enum { MTLK_ADD_OPERAND = 0, MTLK_MULTIPLY_OPERAND = 1 };

enum { MTLK_MAX_POOL = 0, MTLK_AVERAGE_POOL_WITH_PADDING = 1, MTLK_AVERAGE_POOL = 2 };

/* One row for each kernel: X(name, parameters). Declarations, tables and checks expand from this list.
 *
 * convolution: output rows [row_begin, row_end) of output blocks [block_begin, block_end). Weights are packed as
 *   [output block][input block][kernel row][kernel column][input lane][16], bias as [output block][16]. `operand` lies
 *   as the output does, or is null.
 * pool: the same ranges; input and output have lane 16 and equally many blocks.
 * gemm: y[m][o] = activation(sum_i x[m][i] * weight[o][i] + bias[o]) for o in [output_begin, output_end); plain
 *   row-major arrays, any alignment; bias may be null.
 * activate: y[i] = activation(x[i]), in place allowed.
 */
#define MTLK_KERNEL_LIST(X)                                                                                           \
  X(convolution, (const mtlk_window *window, const float *input, const float *weights, const float *bias,             \
                  const float *operand, float *output, int32_t block_begin, int32_t block_end, int32_t row_begin,     \
                  int32_t row_end))                                                                                   \
  X(pool, (const mtlk_window *window, int32_t kind, const float *input, float *output, int32_t block_begin,           \
           int32_t block_end, int32_t row_begin, int32_t row_end))                                                    \
  X(gemm, (const float *x, const float *weight, const float *bias, float *y, int64_t rows, int64_t depth,             \
           int64_t outputs, int64_t output_begin, int64_t output_end, int32_t activation, float slope))               \
  X(activate, (const float *x, float *y, int64_t count, int32_t activation, float slope))

/* One row for each set of kernels: X(name, instruction set). */
#if defined(__x86_64__)
#define MTLK_SET_LIST(X) X(scalar, MTLK_SCALAR) X(avx2, MTLK_AVX2) X(avx512, MTLK_AVX512)
#else
#define MTLK_SET_LIST(X) X(scalar, MTLK_SCALAR)
#endif

#define MTLK_MEMBER(name, parameters) void(*name) parameters;
typedef struct {
  const char *name;
  int32_t isa;
  int32_t convolution_blocks; /* output blocks that the convolution kernel computes together: split work along them */
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

/* softmax of each of `rows` rows of `length` contiguous floats, in place allowed. */
void mtlk_softmax(const float *x, float *y, int64_t rows, int64_t length);

/* One image from blocks of one lane to blocks of another; lane 1 is the plain order of channels, rows, columns. Filling
 * channels become zero. */
void mtlk_reblock(const float *source, int64_t source_lane, float *target, int64_t target_lane, int64_t channels,
                  int64_t pixels);

/* Mean over all pixels of each channel of one blocked image (lane 16): output [blocks][16]. */
void mtlk_global_average(const float *blocks, float *output, int64_t block_count, int64_t pixels);

/* Convolution weights from OIHW to the packed order of the convolution kernel, those of each output times its `scale`
 * unless that is null; filling channels are zero. */
void mtlk_pack_convolution(const float *weights, const float *scale, float *packed, int64_t outputs, int64_t inputs,
                           int64_t taps, int64_t lane);

/* Triangle-filter resampling of 8-bit pixels, one direction at a time, as Pillow does it: fixed-point coefficients with
 * 22 fractional bits, an 8-bit result rounded half up after each direction.
 * horizontal: one row; output pixel x sums `channels`-interleaved input pixels first[x] ... first[x] + count[x] - 1 with
 *   coefficients [x * taps ...].
 * vertical: one output row of `bytes` bytes from `count` input rows `row_stride` bytes apart. */
void mtlk_resample_horizontal(const uint8_t *input, uint8_t *output, int32_t output_columns, int32_t channels,
                              const int32_t *first, const int32_t *count, const int32_t *coefficients, int32_t taps);
void mtlk_resample_vertical(const uint8_t *input, int64_t row_stride, uint8_t *output, int64_t bytes, int32_t count,
                            const int32_t *coefficients);

/* One row of pixels to grey (ITU-R 601-2 luma as Pillow rounds it) or RGB. `red`, `green`, `blue` are byte offsets in
 * a source pixel of `source_step` bytes (negative steps walk backwards); grey sources have all three equal. */
void mtlk_convert_row(const uint8_t *source, int64_t source_step, int32_t red, int32_t green, int32_t blue,
                      uint8_t *output, int32_t columns, int32_t output_channels);

/* y[i] = table[i % channels][x[i]]: the network's value for each 8-bit value of each channel. */
void mtlk_normalize(const uint8_t *x, float *y, int64_t pixels, int32_t channels, const float *table);

#endif
