/* Convolutions of floats, direct and Winograd's. */
#include <math.h>
#include <string.h>

#include "convolutions.h"

static int32_t least(int64_t a, int64_t b) { return (int32_t)(a < b ? a : b); }
static int32_t at_least_one(int64_t a) { return a < 1 ? 1 : (int32_t)a; }

static float *packed_weights(random_t *random, const mtlk_window *w, int32_t channels) {
  const int64_t taps = taps_of(w), lane = w->input_lane;
  float *plain = floats(random, (int64_t)w->output_channels * channels * taps, -1, 1);
  float *packed = keep(sizeof(float) * (size_t)(w->output_blocks * w->input_blocks * taps * lane * MTLK_LANE));
  mtlk_pack_convolution(plain, NULL, packed, w->output_channels, channels, taps, lane);
  return packed;
}

static float *magnitudes(const float *values, int64_t count) {
  float *result = keep(sizeof(float) * (size_t)count);
  for (int64_t i = 0; i < count; i++) result[i] = fabsf(values[i]);
  return result;
}

/* The largest sum of the absolute values of an output's addends: what rounding errors are relative to. */
static float largest_magnitude(const convolution_t *c) {
  mtlk_window w = c->window;
  w.activation = w.row_activation = w.operand_activation = MTLK_NO_ACTIVATION;
  const int64_t blocks = w.output_blocks, count = blocks * outputs_of(&w) * MTLK_LANE;
  float *output = keep(sizeof(float) * (size_t)count), largest = 0;
  mtlk_kernels(MTLK_SCALAR)
      ->convolution(&w, magnitudes(c->input, c->input_count), magnitudes(c->weights, c->weight_count),
                    magnitudes(c->bias, blocks * MTLK_LANE), c->operand ? magnitudes(c->operand, count) : NULL, output,
                    0, w.output_blocks, 0, w.output_rows);
  for (int64_t i = 0; i < count; i++) largest = fmaxf(largest, output[i]);
  return largest;
}

convolution_t random_convolution(random_t *random, window_kind kind, int64_t budget) {
  static const int32_t counts[] = {1,  2,  3,  4,  5,  7,  8,  11, 13, 15, 16, 17, 19,
                                   23, 29, 31, 32, 33, 37, 47, 48, 53, 64, 89, 96};
  convolution_t c;
  mtlk_window *w = &c.window;
  do c = (convolution_t){.window = random_window(random, kind)};
  while (taps_of(w) * outputs_of(w) * MTLK_LANE > budget);
  const int64_t each = taps_of(w) * outputs_of(w);
  const int32_t channels = at_least_one(least(pick(random, counts, sizeof counts / sizeof *counts), budget / each));
  const int32_t outputs = at_least_one(least(integer(random, 1, 96), budget / (each * channels)));
  const int is_narrow = channels < MTLK_LANE && kind == CONVOLUTION_WINDOW && !once_in(random, 4);
  set_channels(w, channels, is_narrow ? channels : MTLK_LANE, outputs);
  const int has_operand = once_in(random, 2);
  set_epilogue(random, w, has_operand);
  c.input_count = w->input_blocks * inputs_of(w) * w->input_lane;
  c.weight_count = w->output_blocks * w->input_blocks * taps_of(w) * w->input_lane * MTLK_LANE;
  /* Channels that fill blocks up hold any numbers, too. */
  c.input = floats(random, c.input_count, -1, 1);
  c.weights = packed_weights(random, w, channels);
  c.bias = floats(random, w->output_blocks * MTLK_LANE, -1, 1);
  memset(c.bias + outputs, 0, sizeof(float) * (size_t)(w->output_blocks * MTLK_LANE - outputs));
  c.output_count = w->output_blocks * outputs_of(w) * MTLK_LANE;
  if (has_operand) c.operand = floats(random, c.output_count, -1, 1);
  c.magnitude = largest_magnitude(&c);
  return c;
}

static void try_window(random_t *random, window_kind kind, int64_t budget) {
  const convolution_t c = random_convolution(random, kind, budget);
  const mtlk_window *w = &c.window;
  if (once_in(random, 8)) {
    c.input[integer(random, 0, (int32_t)c.input_count - 1)] = PICK_FLOAT(random, INFINITY, -INFINITY, NAN);
  }
  const pieces_t blocks = parts_of(random, w->output_blocks), rows = parts_of(random, w->output_rows);
  const pieces_t fewer_blocks = split(random, &blocks), fewer_rows = split(random, &rows);
  tell_window(w, c.operand ? "with an operand" : "without operand");
  FOR_ALL_RUNS(run) {
    const float *input = COPIED(&run, c.input, c.input_count), *weights = COPIED(&run, c.weights, c.weight_count);
    const float *bias = COPIED(&run, c.bias, w->output_blocks * MTLK_LANE);
    const float *operand = c.operand ? COPIED(&run, c.operand, c.output_count) : NULL;
    float *output = untouched_floats(&run, c.output_count);
    FOR_PIECES(&run, block, &blocks, &fewer_blocks) {
      FOR_PIECES(&run, row, &rows, &fewer_rows) {
        CALL(&run, convolution,
             (w, input, weights, bias, operand, output, block->begin, block->end, row->begin, row->end));
      }
    }
    check_floats(&run, output, c.output_count, 0x1p-19f * c.magnitude, 4e-6f);
  }
}

void try_convolution(random_t *random) { try_window(random, CONVOLUTION_WINDOW, once_in(random, 4) ? 300000 : 100000); }

void try_long_rows(random_t *random) { try_window(random, LONG_ROW_WINDOW, 100000); }
