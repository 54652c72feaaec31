/* Convolutions of bytes, exactly. */
#include <math.h>
#include <string.h>

#include "convolutions.h"

/* With `fill` 0 all are the largest, with 1 the extremes, and otherwise any. */
static uint8_t *inputs(random_t *random, int64_t count, int fill) {
  uint8_t *values = bytes(random, count);
  for (int64_t i = 0; fill < 2 && i < count; i++) values[i] = fill == 0 || values[i] >= 128 ? 255 : 0;
  return values;
}

static int8_t *weights_of(random_t *random, int64_t count, int fill) {
  int8_t *values = (int8_t *)bytes(random, count);
  const int8_t largest = PICK(random, 0, 1) ? 127 : -128;
  for (int64_t i = 0; fill < 2 && i < count; i++) values[i] = fill == 0 ? largest : values[i] < 0 ? -128 : 127;
  return values;
}

static int32_t zero_point(random_t *random) { return PICK(random, 0, 0, 128, 255, integer(random, 0, 255)); }

typedef struct {
  mtlk_window window;
  mtlk_grids grids;
  uint8_t *input;
  int8_t *weights;
  float *multipliers, *bias, *float_operand;
  uint8_t *byte_operand;
  int64_t input_count, weight_count, float_count, byte_count;
} data_t;

static void set_grids(random_t *random, data_t *d) {
  mtlk_grids *g = &d->grids;
  g->input_zero_point = zero_point(random);
  const int operand = integer(random, 0, 2);
  set_epilogue(random, &d->window, operand > 0);
  if (operand == 1) d->float_operand = floats(random, d->float_count, -3, 3);
  if (operand == 2) {
    d->byte_operand = inputs(random, d->byte_count, integer(random, 0, 4));
    g->operand_scale = number(random, 0.001f, 0.1f);
    g->operand_zero_point = zero_point(random);
  }
  if (once_in(random, 2)) {
    g->output_inverse_scale = 1 / number(random, 0.002f, 0.1f);
    g->output_zero_point = zero_point(random);
  }
  if (operand == 1 && once_in(random, 8)) {
    d->float_operand[integer(random, 0, (int32_t)d->float_count - 1)] = PICK_FLOAT(random, NAN, INFINITY, -INFINITY);
  }
}

static void set_operands(random_t *random, data_t *d, int32_t channels, int32_t lane, int32_t outputs) {
  mtlk_window *w = &d->window;
  set_channels(w, channels, lane, outputs);
  d->grids.input_channels = channels;
  const int fill = integer(random, 0, 4);
  d->input_count = w->input_blocks * lane * inputs_of(w);
  d->input = inputs(random, d->input_count, fill);
  d->weight_count = w->output_blocks * MTLK_LANE * w->input_blocks * lane * taps_of(w);
  d->weights = keep((size_t)d->weight_count);
  mtlk_pack_bytes(weights_of(random, outputs * channels * taps_of(w), fill), d->weights, outputs, channels, taps_of(w),
                  lane);
  const float usual = sqrtf((float)(taps_of(w) * channels)) * (fill == 0 ? 32000 : 9000);
  d->multipliers = floats(random, w->output_blocks * MTLK_LANE, 0, 4 / usual);
  d->bias = floats(random, w->output_blocks * MTLK_LANE, -3, 3);
  d->float_count = w->output_blocks * MTLK_LANE * outputs_of(w);
  d->byte_count = blocks_of(w->output_blocks, 4) * MTLK_BYTE_LANE * outputs_of(w);
  set_grids(random, d);
}

static data_t random_data(random_t *random, window_kind kind, int64_t budget) {
  static const int32_t channel_counts[] = {1,   2,   3,   4,   5,   7,   8,   13,  16,   17,  31,  32,
                                           48,  61,  63,  64,  65,  67,  96,  127, 128,  129, 191, 192,
                                           251, 256, 257, 389, 509, 512, 613, 768, 1021, 1024};
  data_t d = {.window = random_window(random, kind)};
  mtlk_window *w = &d.window;
  const int64_t each = taps_of(w) * outputs_of(w), most = INT32_MAX / (taps_of(w) * 255 * 128);
  int64_t channels = pick(random, channel_counts, sizeof channel_counts / sizeof *channel_counts);
  if (channels > budget / each) channels = budget / each;
  if (channels > most) channels = most;
  if (channels < 1) channels = 1;
  const int64_t few = integer(random, 1, 3), affordable = budget / (each * channels);
  int32_t outputs = PICK(random, 1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 37, 47, 48, 49, 61, 64, 65, 83, 96, 97, 113, 128);
  if (outputs > (affordable > few ? affordable : few)) outputs = (int32_t)(affordable > few ? affordable : few);
  const int is_of_pixels = channels <= MTLK_PIXEL_LANE && kind != WINOGRAD_WINDOW && once_in(random, 2);
  const int32_t lane = is_of_pixels ? MTLK_PIXEL_LANE : MTLK_BYTE_LANE;
  set_operands(random, &d, (int32_t)channels, lane, outputs);
  return d;
}

/* Whether the oracle computes an activation with functions that the vector sets approximate. */
static int is_approximate(const mtlk_window *w) {
  return w->row_activation == MTLK_SIGMOID || w->row_activation == MTLK_TANH || w->row_activation == MTLK_GELU ||
         w->row_activation == MTLK_SILU;
}

/* By how much: 1e-5, times what the values are multiplied with. */
static float approximation(const data_t *d) {
  if (!is_approximate(&d->window)) return 0;
  const float largest = d->float_operand ? 3 : 255 * d->grids.operand_scale;
  return 1e-5f * (d->window.operand == MTLK_MULTIPLY_OPERAND && largest > 1 ? largest : 1);
}

/* Bytes behind the last pixel's channels that a set does not read where these are a part of a block, as groups are. */
static int64_t hidden_bytes(const mtlk_kernel_set *set, const data_t *d) {
  const int32_t channels = d->grids.input_channels;
  const int is_part = d->window.input_lane == MTLK_BYTE_LANE && channels < MTLK_BYTE_LANE &&
                      (channels & (channels - 1)) == 0 && channels >= set->byte_reach;
  return is_part ? MTLK_BYTE_LANE - channels : 0;
}

/* Where a run has its operands and output. */
typedef struct {
  const uint8_t *input;
  const int8_t *weights;
  const float *multipliers, *bias;
  const void *operand;
  uint8_t *codes;
  float *numbers;
} places_t;

static places_t places_of(const run_t *run, const data_t *d, int64_t hidden) {
  const int32_t values = d->window.output_blocks * MTLK_LANE;
  const int is_bytes = d->grids.output_inverse_scale != 0;
  return (places_t){.input = COPIED(run, d->input, d->input_count - hidden),
                    .weights = COPIED(run, d->weights, d->weight_count),
                    .multipliers = COPIED(run, d->multipliers, values),
                    .bias = COPIED(run, d->bias, values),
                    .operand = d->float_operand  ? (void *)COPIED(run, d->float_operand, d->float_count)
                               : d->byte_operand ? (void *)COPIED(run, d->byte_operand, d->byte_count)
                                                 : NULL,
                    .codes = is_bytes ? untouched_bytes(run, d->byte_count) : NULL,
                    .numbers = is_bytes ? NULL : untouched_floats(run, d->float_count)};
}

static void *output_of(const places_t *p) { return p->codes ? (void *)p->codes : (void *)p->numbers; }

static void check_places(const run_t *run, const data_t *d, const places_t *p) {
  if (p->codes) check_bytes(run, p->codes, d->byte_count, is_approximate(&d->window));
  else check_floats(run, p->numbers, d->float_count, approximation(d), approximation(d));
}

static void run_data(random_t *random, const data_t *d) {
  const mtlk_window *w = &d->window;
  const pieces_t blocks = parts_of(random, w->output_blocks), rows = parts_of(random, w->output_rows);
  const pieces_t fewer_blocks = split(random, &blocks), fewer_rows = split(random, &rows);
  tell_window(w, d->grids.output_inverse_scale != 0 ? "to bytes" : "to floats");
  FOR_ALL_RUNS(run) {
    const places_t p = places_of(&run, d, hidden_bytes(run.set, d));
    int32_t *sums = (int32_t *)untouched_floats(&run, run.set->sum_count(w, d->grids.input_channels));
    FOR_PIECES(&run, block, &blocks, &fewer_blocks) {
      FOR_PIECES(&run, row, &rows, &fewer_rows) {
        CALL(&run, convolution_bytes,
             (w, &d->grids, p.input, p.weights, p.multipliers, p.bias, p.operand, output_of(&p), sums, block->begin,
              block->end, row->begin, row->end));
      }
    }
    check_places(&run, d, &p);
  }
}

void try_convolution_bytes(random_t *random) {
  const data_t data = random_data(random, CONVOLUTION_WINDOW, once_in(random, 4) ? 300000 : 40000);
  run_data(random, &data);
}

void try_long_rows_of_bytes(random_t *random) {
  const data_t data = random_data(random, LONG_ROW_WINDOW, 60000);
  run_data(random, &data);
}

static void run_tiles(const run_t *run, const data_t *d, const places_t *p, const mtlk_winograd *grid,
                      int32_t exact_blocks, range_t tiles) {
  const mtlk_window *w = &d->window;
  const int64_t count = tiles.end - tiles.begin;
  const int64_t numbers = w->input_blocks * MTLK_BYTE_LANE * mtlk_winograd_position_count(*grid) * count;
  int16_t *transformed = (int16_t *)untouched_floats(run, numbers / 2);
  int16_t *scratch = (int16_t *)untouched_floats(run, mtlk_winograd_byte_input_scratch(*grid, count));
  CALL(run, winograd_input_bytes,
       (w, grid, d->grids.input_zero_point, p->input, transformed, scratch, tiles.begin, tiles.end));
  int32_t *work = (int32_t *)untouched_floats(run, mtlk_winograd_byte_scratch(*grid, count, w->output_columns));
  const int32_t middle = run->is_split ? w->output_blocks / 2 : 0;
  const range_t halves[2] = {{0, middle}, {middle, w->output_blocks}};
  for (int i = 0; i < 2; i++) {
    CALL(run, winograd_output_bytes,
         (w, grid, &d->grids, exact_blocks, transformed, p->weights, p->multipliers, p->bias, p->operand, output_of(p),
          work, halves[i].begin, halves[i].end, tiles.begin, tiles.end));
  }
}

/* Input blocks whose sums fit the bits that tiles leave. */
static int32_t exact_blocks_of(const data_t *d, const cover_t *covering) {
  const int64_t blocks = d->window.output_blocks * d->window.input_blocks;
  const int64_t largest = 255 * mtlk_largest_weight_sum(d->weights, blocks, d->weight_count / blocks);
  int32_t most = d->window.input_blocks;
  for (int i = 0; i < covering->count; i++) {
    const int64_t limit = ((int64_t)1 << (31 - mtlk_winograd_lost_bits(covering->grids[i]))) - 1;
    if (largest > 0 && limit / largest < most) most = (int32_t)(limit / largest);
  }
  return most;
}

void try_winograd_bytes(random_t *random) {
  const data_t data = random_data(random, WINOGRAD_WINDOW, once_in(random, 4) ? 300000 : 40000), *d = &data;
  const cover_t covering = cover(random, &d->window, d->grids.input_zero_point == 0);
  const int32_t most = exact_blocks_of(d, &covering);
  const int32_t exact_blocks = once_in(random, 2) ? most : integer(random, 1, most);
  const uint64_t seed = random_bits(random);
  tell_window(&d->window, d->grids.output_inverse_scale != 0 ? "to bytes" : "to floats");
  FOR_ALL_RUNS(run) {
    random_t cuts = {seed};
    const places_t p = places_of(&run, d, 0);
    for (int i = 0; i < covering.count; i++) {
      const mtlk_winograd *grid = &covering.grids[i];
      const int32_t tiles = tile_count(grid), middle = run.is_split ? integer(&cuts, 0, tiles) : 0;
      if (middle > 0) run_tiles(&run, d, &p, grid, exact_blocks, (range_t){0, middle});
      if (middle < tiles) run_tiles(&run, d, &p, grid, exact_blocks, (range_t){middle, tiles});
    }
    check_places(&run, d, &p);
  }
}

/* About the largest sums that 32 bits hold, each way, of one pixel or of some. They take long. */
void try_largest_sums(random_t *random) {
  if (!once_in(random, 50)) return;
  const int32_t rows = once_in(random, 3) ? 2 : 1, columns = rows == 2 ? 4 : 1;
  data_t d = {.window = {.input_rows = 7 + rows,
                         .input_columns = 7 + columns,
                         .input_blocks = 16,
                         .input_lane = MTLK_BYTE_LANE,
                         .output_rows = rows,
                         .output_columns = columns,
                         .output_blocks = 1,
                         .output_channels = MTLK_LANE,
                         .kernel_rows = 8,
                         .kernel_columns = 8,
                         .stride_rows = 1,
                         .stride_columns = 1,
                         .dilation_rows = 1,
                         .dilation_columns = 1},
              .grids = {.input_channels = 1024 - MTLK_LANE * integer(random, 0, 3)},
              .input_count = (7 + rows) * (7 + columns) * 1024,
              .weight_count = 64 * 1024 * MTLK_LANE,
              .float_count = rows * columns * MTLK_LANE};
  d.grids.input_zero_point = zero_point(random);
  d.input = inputs(random, d.input_count, 0);
  d.weights = memset(keep((size_t)d.weight_count), once_in(random, 2) ? 127 : -127, (size_t)d.weight_count);
  d.multipliers = floats(random, MTLK_LANE, 0x1p-9f, 0x1p-8f);
  d.bias = floats(random, MTLK_LANE, -3, 3);
  run_data(random, &d);
}
