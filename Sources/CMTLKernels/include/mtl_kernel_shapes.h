/* What kernels are told: how values lie, the geometry of each kind of work, and the memory that a call needs. */
#ifndef MTL_KERNEL_SHAPES_H
#define MTL_KERNEL_SHAPES_H

#include <stdint.h>

/* Activations are blocked: [channels / lane][rows][columns][lane] floats, with lane = 16, or lane = channels for
 * tensors of fewer than 16 channels that come from outside. Channels that only fill a block up hold finite numbers and
 * meet zero weights. Finite they stay because convolution and pool write zeros there: an infinity times a zero weight is
 * NaN, and the next layer would add it to every output. */
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

/* A row of a map between whose columns the pixels of a picture lie: those from starts[i] to starts[i + 1] between the
 * columns i and i + 1, the last ones at the last column, and `shares` says how near to the second one. Without `starts`
 * the pixels are the columns. */
typedef struct {
  int32_t columns;
  const int32_t *starts; /* columns + 1 */
  const float *shares;   /* of each pixel, and 16 more */
} mtlk_map_row;

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

/* Rows that gemm takes together: split work along them. */
enum { MTLK_GEMM_STRIP = 192 };

/* A fully connected layer, or a product of matrices. Steps are floats from one row to the next. The number of all rows
 * decides how they are computed, so that parts of them get the same bits as the whole. */
typedef struct {
  int64_t rows, depth;
  int64_t x_step, weight_step, y_step;
  int32_t is_by_input; /* the weight is [input][output], not [output][input] */
  int32_t activation;  /* any */
  float slope;
} mtlk_gemm;

/* Queries that attention takes together: split work along them. And keys that it goes over at a time. */
enum { MTLK_ATTENTION_QUERIES = 96, MTLK_ATTENTION_KEYS = 144 };

/* To the nearest of 256 numbers a step apart, of which the one at the zero point is zero; none where the step is 0. */
typedef struct {
  float step, inverse_step;
  int32_t zero_point;
} mtlk_rounding;

/* One head of attention over `keys` keys. Planes are the floats from one block of 16 channels to the next, so that a
 * head may be a range of blocks of a larger image. */
typedef struct {
  int64_t keys, depth, value_blocks;
  int64_t query_plane, value_plane, output_plane;
  int64_t bias_stride; /* floats from one query's bias to the next; rows are readable up to whole blocks of keys */
  float scale;
  float smallest_sum; /* what divides a query's weights at least, relative to scores of zero; 0 for a softmax */
  int32_t is_rounded; /* whether any of these is there; of a softmax with values alone */
  mtlk_rounding product; /* of scores before the bias */
  mtlk_rounding score;   /* then with it */
  mtlk_rounding masked;  /* and once more */
  mtlk_rounding weight;  /* of what the softmax makes of them */
} mtlk_attention;

/* Floats of memory that a call of attention needs: weights are rounded when all keys are seen. */
static inline int64_t mtlk_attention_memory(const mtlk_attention *a) {
  const int64_t chunks = (a->keys + MTLK_ATTENTION_KEYS - 1) / MTLK_ATTENTION_KEYS;
  return a->is_rounded && chunks > 1 ? chunks * (MTLK_ATTENTION_KEYS + 1) * MTLK_ATTENTION_QUERIES : 0;
}

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

static inline int64_t mtlk_winograd_position_count(mtlk_winograd grid) {
  return mtlk_winograd_positions(grid.rows.form) * mtlk_winograd_positions(grid.columns.form);
}

/* The first output of a tile. */
static inline int32_t mtlk_winograd_pixel(const mtlk_winograd_axis *axis, int32_t tile) {
  return axis->first_phase + tile % axis->phases +
         tile / axis->phases * mtlk_winograd_outputs(axis->form) * axis->dilation;
}

/* Blocks of 16 x 16 filters that are transformed at a time, and blocks of outputs among them at most; and the floats of
 * scratch memory that the output of `tiles` tiles takes, and their input, with `positions` multiplications for each tile. */
enum { MTLK_WINOGRAD_FILTERS = 9, MTLK_WINOGRAD_BLOCKS = 3 };
static inline int64_t mtlk_winograd_scratch(int64_t positions, int64_t tiles) {
  return positions * MTLK_LANE * (MTLK_WINOGRAD_FILTERS * MTLK_LANE + MTLK_WINOGRAD_BLOCKS * tiles);
}
static inline int64_t mtlk_winograd_input_scratch(mtlk_winograd grid, int64_t tiles) {
  return mtlk_winograd_inputs(grid.rows.form) * mtlk_winograd_positions(grid.columns.form) * tiles * MTLK_LANE;
}

/* Of bytes the tiles are transformed in whole numbers, from the points 0, 1, -1; 0, 1, -1, 2; and 0, 1, -1, 2, -2. That takes
 * from the 32 bits of a sum those of the powers of two in 1, 2, 6 and 24, which its fractions have as denominators along each
 * axis. */
static inline int32_t mtlk_winograd_lost_bits(mtlk_winograd grid) {
  static const int32_t bits[] = {0, 0, 1, 1, 3};
  return bits[grid.rows.form] + bits[grid.columns.form];
}

/* The floats that the scratch memory of the output of `tiles` tiles of bytes is as large as, with rows of `output_columns`, and
 * that of their input. A pixel's block of 64 numbers takes 32 of them. */
static inline int64_t mtlk_winograd_byte_scratch(mtlk_winograd grid, int64_t tiles, int64_t output_columns) {
  const int64_t weights = MTLK_BYTE_LANE * MTLK_LANE / 2, products = tiles * MTLK_LANE;
  const int64_t outputs = mtlk_winograd_outputs(grid.rows.form) * mtlk_winograd_outputs(grid.columns.form);
  return mtlk_winograd_position_count(grid) * (weights + products) + outputs * products + output_columns * MTLK_LANE;
}
static inline int64_t mtlk_winograd_byte_input_scratch(mtlk_winograd grid, int64_t tiles) {
  return mtlk_winograd_inputs(grid.rows.form) * mtlk_winograd_positions(grid.columns.form) * tiles * (MTLK_BYTE_LANE / 2);
}

#endif
