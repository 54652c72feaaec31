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

/* Quantized activations are bytes in blocks of 64 channels, so that a pixel's block is 64 bytes here, too, or of 4, as in
 * pictures; a byte stands for (byte - zero point) * scale. Channels that only fill a block up may hold anything: they meet
 * zero weights. */
enum { MTLK_BYTE_LANE = 64, MTLK_PIXEL_LANE = 4 };

/* Halves are bfloat16: the upper half of a float. Activations in halves lie in blocks of 32 channels, which are 64 bytes
 * as well. Channels that only fill a block up hold zeros, for the reason that floats stay finite: whoever writes the last
 * block writes them. */
enum { MTLK_HALF_LANE = 32 };

/* Instruction sets, worst to best; equal to MTL_ISA_... of the C ABI. Those of ARM are counted from 16 on. */
enum {
  MTLK_SCALAR = 1,
  MTLK_AVX2 = 2,
  MTLK_AVX512 = 3,
  MTLK_AVX512_VNNI = 4,
  MTLK_AVX512_BF16 = 5,
  MTLK_AMX = 6
};
enum { MTLK_NEON = 16, MTLK_NEON_DOT = 17, MTLK_NEON_I8MM = 18 };

/* MTLK_GELU is the exact form, x times the normal distribution function of x. MTLK_CLIPPED_RELU ends at the slope. */
enum {
  MTLK_NO_ACTIVATION = 0,
  MTLK_RELU = 1,
  MTLK_LEAKY_RELU = 2,
  MTLK_SIGMOID = 3,
  MTLK_TANH = 4,
  MTLK_GELU = 5,
  MTLK_SILU = 6,
  MTLK_HARD_SWISH = 7,
  MTLK_CLIPPED_RELU = 8
};

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
  int32_t activation; /* cheap, in registers: MTLK_NO_ACTIVATION, MTLK_RELU, MTLK_LEAKY_RELU or MTLK_CLIPPED_RELU */
  int32_t row_activation; /* any */
  int32_t operand; /* MTLK_ADD_OPERAND or MTLK_MULTIPLY_OPERAND, where the call has an operand */
  int32_t operand_activation; /* cheap, after the operand */
  float slope; /* of every MTLK_LEAKY_RELU */
} mtlk_window;

enum { MTLK_ADD_OPERAND = 0, MTLK_MULTIPLY_OPERAND = 1 };

enum { MTLK_MAX_POOL = 0, MTLK_AVERAGE_POOL_WITH_PADDING = 1, MTLK_AVERAGE_POOL = 2 };

enum { MTLK_ADD = 0, MTLK_SUBTRACT = 1, MTLK_MULTIPLY = 2, MTLK_DIVIDE = 3 };

/* What an operand of `combine` gives to the block of 16 results at hand: the next 16 floats; the same 16 floats always;
 * one float for everything; the first of the next 16 floats, which is how an image of one channel meets all channels. */
enum { MTLK_EACH_BLOCK = 0, MTLK_ONE_BLOCK = 1, MTLK_ONE_FLOAT = 2, MTLK_FIRST_LANES = 3 };

/* What the bytes of a quantized convolution stand for. A scale of zero says that operand or outputs are floats in blocks
 * of 16; outputs and operands that are bytes have their blocks of 64 from the window's blocks of 16. */
typedef struct {
  int32_t input_channels; /* without those that fill the last block up */
  int32_t input_zero_point;
  float operand_scale;
  int32_t operand_zero_point;
  float output_inverse_scale;
  int32_t output_zero_point;
} mtlk_grids;

/* What a convolution of halves reads and writes besides them. Outputs and operands that are no halves are floats in blocks
 * of 16; those that are have their blocks of 32 from the window's blocks of 16. */
typedef struct {
  int32_t input_channels; /* without those that fill the last block up */
  int32_t operand_is_half;
  int32_t output_is_half;
} mtlk_halves;

/* Rows whose sums a direct convolution of bytes or halves keeps at once. */
enum { MTLK_SUM_BLOCKS = 3 }; /* blocks of outputs that are computed together at most */
static inline int64_t mtlk_sum_rows(const mtlk_window *w) {
  const int64_t rows = 32768 / ((int64_t)w->output_columns * MTLK_SUM_BLOCKS * MTLK_LANE);
  return rows < 1 ? 1 : rows > w->output_rows ? w->output_rows : rows;
}

/* The floats of memory that a call of depthwise_bytes needs: rows of the columns that all outputs see, as many as the kernel
 * is high, and one of padding. */
static inline int32_t mtlk_depthwise_columns(const mtlk_window *w) {
  return (w->output_columns - 1) * w->stride_columns + (w->kernel_columns - 1) * w->dilation_columns + 1;
}
static inline int32_t mtlk_depthwise_ring(const mtlk_window *w) { return (w->kernel_rows - 1) * w->dilation_rows + 1; }
static inline int64_t mtlk_depthwise_memory(const mtlk_window *w) {
  return ((int64_t)mtlk_depthwise_ring(w) + 1) * mtlk_depthwise_columns(w) * MTLK_LANE;
}

/* Taps whose sums of bytes times weights from -128 to 127 floats hold exactly. */
enum { MTLK_DEPTHWISE_TAPS = (1 << 24) / (255 * 128) };

/* From bytes of one grid to bytes of another. */
typedef struct {
  float scale;
  int32_t zero_point;
  float output_inverse_scale;
  int32_t output_zero_point;
} mtlk_byte_change;

/* Two operands of bytes and the bytes that are made of them. */
typedef struct {
  float scales[2];
  int32_t zero_points[2];
  float output_inverse_scale;
  int32_t output_zero_point;
} mtlk_byte_pair;

/* What measures the processor: `multiply_adds` halves each of the sums of so many blocks and adds 1, so many rounds. */
enum { MTLK_PEAK_BLOCKS = 24 };

/* A separable change of size: output row r is the sum of `row_taps` input rows rows[r * row_taps ...] with their weights,
 * and columns likewise. One tap has weight 1 and needs no table of weights. */
typedef struct {
  int32_t input_rows, input_columns, output_rows, output_columns;
  int32_t row_taps, column_taps; /* 1, 2 or 4 */
  const int32_t *rows, *columns;
  const float *row_weights, *column_weights;
} mtlk_resize;

/* The floats of memory that a call of resize_to_planes needs: 16 channels of the rows that one output row is made of. */
static inline int64_t mtlk_plane_width(const mtlk_resize *shape) {
  return ((int64_t)shape->output_columns + MTLK_LANE - 1) / MTLK_LANE * MTLK_LANE;
}
static inline int64_t mtlk_plane_memory(const mtlk_resize *shape) {
  return shape->row_taps * mtlk_plane_width(shape) * MTLK_LANE;
}

/* Fractional bits of resampling weights that are whole numbers. */
enum { MTLK_WEIGHT_BITS = 22 };

/* The pixels of a line that make each of `count` pixels of a resized line: lengths[x] of them from first[x] on. Their
 * weights are the first of `places` numbers in a list of their own. */
typedef struct {
  const int32_t *first, *lengths;
  int32_t count, places;
} mtlk_taps;

/* How many low bits are dropped when two rows are mixed: of the rows' values, of their products with the weights, and
 * of the sum of both, which is rounded half up. */
typedef struct {
  int32_t sums, products, result;
} mtlk_blend;

/* Queries that attention takes together: split work along them. */
enum { MTLK_ATTENTION_QUERIES = 96 };

/* One head of attention over `keys` keys. Planes are the floats from one block of 16 channels to the next, so that a
 * head may be a range of blocks of a larger image. */
typedef struct {
  int64_t keys, depth, value_blocks;
  int64_t query_plane, value_plane, output_plane;
  int64_t bias_stride; /* floats from one query's bias to the next; rows are readable up to whole blocks of keys */
  float scale;
  float smallest_sum; /* what divides a query's weights at least, relative to scores of zero; 0 for a softmax */
} mtlk_attention;

/* Queries that attention of halves takes together, and in parts: split work along them. */
enum { MTLK_ATTENTION_HALF_QUERIES = 256, MTLK_ATTENTION_PART = 32 };

/* One head of attention of halves. Queries and output are images of `queries` pixels, or ranges of blocks of them. */
typedef struct {
  int64_t queries, keys;
  int64_t depth_blocks; /* of 32 channels */
  int64_t value_blocks; /* of 16 */
  int64_t bias_stride;  /* floats from one query's bias to the next; rows are readable up to whole blocks of 32 keys */
  float scale;
  int32_t output_is_half;
} mtlk_attention_halves;

/* Floats that its memory for sums has room for. */
static inline int64_t mtlk_attention_sum_count(const mtlk_attention_halves *a) {
  const int64_t most = MTLK_ATTENTION_HALF_QUERIES, queries = a->queries < most ? a->queries : most;
  const int64_t parts = (queries + MTLK_ATTENTION_PART - 1) / MTLK_ATTENTION_PART;
  return (parts * a->value_blocks + a->depth_blocks) * MTLK_ATTENTION_PART * MTLK_LANE;
}

/* Winograd's convolution computes tiles of outputs from tiles of inputs with fewer multiplications than there are taps.
 * It is separable, and this is what a tile is along one axis of a kernel of 3 taps without a stride. The first two forms
 * are of a large dilation, where the outputs that share inputs are few and all other taps lie outside the image.
 *   MTLK_TILE_1: one output that sees one input, or a kernel of one tap: 1 multiplication.
 *   MTLK_TILE_PAIR: two outputs that see each other's inputs and no others: 3 multiplications for 4 taps.
 *   MTLK_TILE_2, 3, 4: F(2, 3), F(3, 3) and F(4, 3): 4, 5 and 6 multiplications for 6, 9 and 12 taps, from the points
 *     0, 1, -1; 0, 1, -1, 2; and 0, 3/4, -3/4, 3/2, -3/2, which round the least of those tried. */
enum { MTLK_TILE_1 = 0, MTLK_TILE_PAIR = 1, MTLK_TILE_2 = 2, MTLK_TILE_3 = 3, MTLK_TILE_4 = 4 };
enum { MTLK_WINOGRAD_LONGEST = 6 }; /* inputs, outputs or positions of a tile along one axis */
static inline int32_t mtlk_winograd_outputs(int32_t form) { return form <= MTLK_TILE_PAIR ? form + 1 : form; }
static inline int32_t mtlk_winograd_inputs(int32_t form) { return form <= MTLK_TILE_PAIR ? form + 1 : form + 2; }
static inline int32_t mtlk_winograd_positions(int32_t form) { return form == MTLK_TILE_1 ? 1 : form + 2; }

/* The tiles along one axis. Pixels `dilation` apart make a phase, of which there are `dilation`; tiles cut each of the
 * `phases` phases from `first_phase` on into `tiles` pieces, and are ordered by piece, then by phase. */
typedef struct {
  int32_t form;
  int32_t first_phase, phases, tiles;
  int32_t dilation;
  int32_t padding; /* a tile's first input is this many pixels before its first output */
} mtlk_winograd_axis;

typedef struct {
  mtlk_winograd_axis rows, columns;
} mtlk_winograd;

/* The first output of a tile. */
static inline int32_t mtlk_winograd_pixel(const mtlk_winograd_axis *axis, int32_t tile) {
  return axis->first_phase + tile % axis->phases +
         tile / axis->phases * mtlk_winograd_outputs(axis->form) * axis->dilation;
}

/* Input blocks whose weights are transformed at a time; and the floats of scratch memory that the output of `tiles` tiles
 * takes, and their input, with `positions` multiplications for each tile. */
enum { MTLK_WINOGRAD_CHUNK = 3, MTLK_WINOGRAD_BLOCKS = 3 };
static inline int64_t mtlk_winograd_scratch(int64_t positions, int64_t tiles) {
  return positions * MTLK_WINOGRAD_BLOCKS * MTLK_LANE * (MTLK_WINOGRAD_CHUNK * MTLK_LANE + tiles);
}
static inline int64_t mtlk_winograd_input_scratch(mtlk_winograd grid, int64_t tiles) {
  return mtlk_winograd_inputs(grid.rows.form) * mtlk_winograd_positions(grid.columns.form) * tiles * MTLK_LANE;
}

/* One row for each kernel: X(name, parameters). Declarations, tables and checks expand from this list.
 *
 * convolution: output rows [row_begin, row_end) of output blocks [block_begin, block_end). Weights are packed as
 *   [output block][input block][kernel row][kernel column][input lane][16], bias as [output block][16]. `operand` lies
 *   as the output does, or is null.
 * winograd_input: the tiles [tile_begin, tile_end) of a grid, transformed, as [input block][position][tile][16]; tiles are
 *   numbered row by row, and the input has lane 16.
 * winograd_output: the outputs of those tiles from the transformed input and the weights of convolution; the rest as
 *   convolution has it.
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
 * gemm: y[m][o] = activation(sum_i x[m][i] * weight[o][i] + bias[o]) for o in [output_begin, output_end); plain
 *   row-major arrays, any alignment; bias may be null.
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
 *   query's scores add up to 1.
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
  X(pool, (const mtlk_window *window, int32_t kind, const float *input, float *output, int32_t block_begin,           \
           int32_t block_end, int32_t row_begin, int32_t row_end))                                                    \
  X(gemm, (const float *x, const float *weight, const float *bias, float *y, int64_t rows, int64_t depth,             \
           int64_t outputs, int64_t output_begin, int64_t output_end, int32_t activation, float slope))               \
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
                const float *bias, float *output, int64_t begin, int64_t end))                                        \
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
  X(grey_levels, (const float *x, uint8_t *y, int64_t count, float factor, int32_t wraps))

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
  /* Neighbouring output pixels that convolutions of floats compute together: rows of so many are the best. */
  int32_t convolution_pixels;
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

/* Weights of a convolution of halves from OIHW to the order of convolution_halves, those of each output times its `scale`
 * unless that is null, rounded to nearest, ties to even; filling channels are zero. */
void mtlk_pack_halves(const float *weights, const float *scale, uint16_t *packed, int64_t outputs, int64_t inputs,
                      int64_t taps);

/* One row of pixels to grey (ITU-R 601-2 luma as Pillow rounds it) or RGB. `red`, `green`, `blue` are byte offsets in
 * a source pixel of `source_step` bytes (negative steps walk backwards); grey sources have all three equal. */
void mtlk_convert_row(const uint8_t *source, int64_t source_step, int32_t red, int32_t green, int32_t blue,
                      uint8_t *output, int32_t columns, int32_t output_channels);

/* y[i] = table[i % channels][x[i]]: the network's value for each 8-bit value of each channel. */
void mtlk_normalize(const uint8_t *x, float *y, int64_t pixels, int32_t channels, const float *table);

/* y = (x / 255 * (high - low) + low - mean) / deviation: the same for values between grey levels, with a mean and a
 * deviation for each channel. */
void mtlk_normalize_floats(const float *x, float *y, int64_t pixels, int32_t channels, float low, float high,
                           const float *means, const float *deviations);

#endif
