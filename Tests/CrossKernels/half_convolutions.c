/* Convolutions of halves, whose sums are rounded in an order of each set's own. */
#include <math.h>

#include "halves.h"

typedef struct {
  mtlk_window window;
  mtlk_halves forms;
  uint16_t *input, *weights, *half_operand;
  float *bias, *float_operand;
  int64_t input_count, weight_count, float_count, half_count;
  float *tolerances; /* of each output, as it lies */
  float relative;
} data_t;

static uint16_t *positive_halves(const uint16_t *values, int64_t count) {
  uint16_t *result = keep((size_t)count * sizeof *result);
  for (int64_t i = 0; i < count; i++) result[i] = values[i] & 0x7FFF;
  return result;
}

static float *magnitudes(const float *values, int64_t count) {
  float *result = keep((size_t)count * sizeof *result);
  for (int64_t i = 0; i < count; i++) result[i] = fabsf(values[i]);
  return result;
}

/* For each output the sum of the absolute values of all its addends, in blocks of 16 floats. */
static const float *addend_sums(const data_t *d) {
  mtlk_window w = d->window;
  w.activation = w.row_activation = w.operand_activation = MTLK_NO_ACTIVATION;
  mtlk_halves forms = d->forms;
  forms.output_is_half = 0;
  const void *operand = d->float_operand  ? (void *)magnitudes(d->float_operand, d->float_count)
                        : d->half_operand ? (void *)positive_halves(d->half_operand, d->half_count)
                                          : NULL;
  float *output = keep((size_t)d->float_count * sizeof *output);
  mtlk_kernels(MTLK_SCALAR)
      ->convolution_halves(&w, &forms, positive_halves(d->input, d->input_count),
                           positive_halves(d->weights, d->weight_count),
                           magnitudes(d->bias, w.output_blocks * MTLK_LANE), operand, output, NULL, 0, w.output_blocks, 0,
                           w.output_rows);
  return output;
}

/* Sums in another order are 16 units in the last place of the sum of the addends' absolute values apart, functions that
 * the vector sets approximate 1e-5, times an operand of up to 3, and halves may be rounded to the other neighbour
 * besides. What fills up is zero. */
static void set_tolerances(data_t *d) {
  const mtlk_window *w = &d->window;
  const float *sums = addend_sums(d), approximate = w->row_activation != MTLK_NO_ACTIVATION ? 3e-5f : 0;
  const int64_t pixels = outputs_of(w), count = d->forms.output_is_half ? d->half_count : d->float_count;
  d->relative = approximate + (d->forms.output_is_half ? 0x1p-7f : 0);
  d->tolerances = floats(&(random_t){0}, count, 0, 0);
  for (int64_t i = 0; i < d->float_count; i++) {
    const int64_t lane = i % MTLK_LANE, pixel = i / MTLK_LANE % pixels, block = i / MTLK_LANE / pixels;
    if (block * MTLK_LANE + lane >= w->output_channels) continue;
    d->tolerances[d->forms.output_is_half ? half_place(block, pixels, pixel, lane) : i] =
        16 * 0x1p-24f * sums[i] + approximate;
  }
}

static void set_operands(random_t *random, data_t *d, int32_t channels, int32_t outputs) {
  mtlk_window *w = &d->window;
  set_channels(w, channels, MTLK_HALF_LANE, outputs);
  d->forms.input_channels = channels;
  d->input_count = w->input_blocks * MTLK_HALF_LANE * inputs_of(w);
  d->input = image_of_halves(random, w->input_blocks, inputs_of(w), channels);
  d->weight_count = w->output_blocks * MTLK_LANE * w->input_blocks * MTLK_HALF_LANE * taps_of(w);
  d->weights = keep((size_t)d->weight_count * sizeof *d->weights);
  mtlk_pack_halves(floats(random, outputs * channels * taps_of(w), -1, 1), NULL, d->weights, outputs, channels,
                   taps_of(w));
  d->bias = floats(random, w->output_blocks * MTLK_LANE, -3, 3);
  d->float_count = w->output_blocks * MTLK_LANE * outputs_of(w);
  d->half_count = blocks_of(w->output_blocks, 2) * MTLK_HALF_LANE * outputs_of(w);
  d->forms.output_is_half = integer(random, 0, 1);
  const int operand = integer(random, 0, 2);
  set_epilogue(random, w, operand > 0);
  if (operand == 1) d->float_operand = floats(random, d->float_count, -3, 3);
  if (operand == 2) d->half_operand = halves(random, d->half_count);
  d->forms.operand_is_half = operand == 2;
  set_tolerances(d);
  if (once_in(random, 8)) { /* anywhere but in a channel that fills up */
    const int32_t channel = integer(random, 0, channels - 1), pixel = integer(random, 0, (int32_t)inputs_of(w) - 1);
    d->input[half_place(channel / MTLK_LANE, inputs_of(w), pixel, channel % MTLK_LANE)] =
        (uint16_t)PICK(random, 0x7FC0, 0x7F80, 0xFF80);
  }
}

static data_t random_data(random_t *random, window_kind kind, int64_t budget) {
  static const int32_t channel_counts[] = {1,   2,   3,   4,   5,   7,   8,   13,  16,  17,   31,  32,
                                           33,  48,  61,  63,  64,  65,  67,  96,  127, 128,  129, 191,
                                           251, 256, 257, 389, 509, 512, 613, 768, 1021, 1024};
  data_t d = {.window = random_window(random, kind)};
  const int64_t each = taps_of(&d.window) * outputs_of(&d.window);
  int64_t channels = pick(random, channel_counts, sizeof channel_counts / sizeof *channel_counts);
  if (channels > budget / each) channels = budget / each;
  if (channels < 1) channels = 1;
  const int64_t few = integer(random, 1, 3), affordable = budget / (each * channels);
  int32_t outputs = PICK(random, 1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 37, 47, 48, 49, 61, 64, 65, 83, 96, 97, 113);
  if (outputs > (affordable > few ? affordable : few)) outputs = (int32_t)(affordable > few ? affordable : few);
  set_operands(random, &d, (int32_t)channels, outputs);
  return d;
}

static void run_data(random_t *random, const data_t *d) {
  const mtlk_window *w = &d->window;
  const int is_half = d->forms.output_is_half;
  const pieces_t blocks = parts_of(random, w->output_blocks), rows = parts_of(random, w->output_rows);
  const pieces_t fewer_blocks = split(random, &blocks), fewer_rows = split(random, &rows);
  tell_window(w, is_half ? "to halves" : "to floats");
  FOR_ALL_RUNS(run) {
    const uint16_t *input = COPIED(&run, d->input, d->input_count);
    const uint16_t *weights = COPIED(&run, d->weights, d->weight_count);
    const float *bias = COPIED(&run, d->bias, w->output_blocks * MTLK_LANE);
    const void *operand = d->float_operand  ? (void *)COPIED(&run, d->float_operand, d->float_count)
                          : d->half_operand ? (void *)COPIED(&run, d->half_operand, d->half_count)
                                            : NULL;
    float *sums = untouched_floats(&run, run.set->half_sum_count(w, d->forms.input_channels));
    uint16_t *codes = is_half ? untouched_halves(&run, d->half_count) : NULL;
    float *numbers = is_half ? NULL : untouched_floats(&run, d->float_count);
    void *output = is_half ? (void *)codes : (void *)numbers;
    FOR_PIECES(&run, block, &blocks, &fewer_blocks) {
      FOR_PIECES(&run, row, &rows, &fewer_rows) {
        CALL(&run, convolution_halves,
             (w, &d->forms, input, weights, bias, operand, output, sums, block->begin, block->end, row->begin,
              row->end));
      }
    }
    check_sums(&run, is_half ? values_of(codes, d->half_count) : numbers, is_half ? d->half_count : d->float_count,
               d->tolerances, d->relative);
  }
}

void try_convolution_halves(random_t *random) {
  const data_t data = random_data(random, CONVOLUTION_WINDOW, once_in(random, 4) ? 300000 : 40000);
  run_data(random, &data);
}

void try_long_rows_of_halves(random_t *random) {
  const data_t data = random_data(random, LONG_ROW_WINDOW, 60000);
  run_data(random, &data);
}
