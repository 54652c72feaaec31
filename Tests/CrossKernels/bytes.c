/* Between floats and bytes, and what is done to bytes alone. */
#include <math.h>
#include <string.h>

#include "cross.h"

typedef struct {
  float scale, inverse_scale;
  int32_t zero_point;
} byte_grid_t;

static byte_grid_t random_grid(random_t *random) {
  const float scale = PICK_FLOAT(random, 0.25f, 1, number(random, 0.001f, 3));
  return (byte_grid_t){scale, 1 / scale, PICK(random, 0, 255, 128, integer(random, 0, 255))};
}

/* Anything near the grid and far from it, halves between its numbers, and what is no number. */
static float *values_near(random_t *random, int64_t count, byte_grid_t grid) {
  float *values = floats(random, count, -1, 1);
  for (int64_t i = 0; i < count; i++) {
    const float step = (float)integer(random, -300, 300) + PICK_FLOAT(random, 0, 0.5f, values[i]);
    values[i] = once_in(random, 20) ? PICK_FLOAT(random, NAN, -NAN, INFINITY, -INFINITY, -0.0f, 1e30f, -1e30f, 1e-40f)
                                    : step * grid.scale;
  }
  return values;
}

void try_quantize(random_t *random) {
  const int32_t pixels = integer(random, 1, 40), blocks = integer(random, 1, 9);
  const byte_grid_t grid = random_grid(random);
  const int32_t count = MTLK_LANE * pixels * blocks, size = blocks_of(blocks, 4) * MTLK_BYTE_LANE * pixels;
  const float *values = values_near(random, count, grid);
  const pieces_t parts = parts_of(random, pixels), pieces = split(random, &parts);
  story("%d pixels, %d blocks, scale %g, zero point %d", pixels, blocks, (double)grid.scale, grid.zero_point);
  FOR_ALL_RUNS(run) {
    const float *x = COPIED(&run, values, count);
    uint8_t *y = untouched_bytes(&run, size);
    FOR_PIECES(&run, piece, &parts, &pieces) {
      CALL(&run, quantize, (x, y, pixels, blocks, piece->begin, piece->end, grid.inverse_scale, grid.zero_point));
    }
    check_bytes(&run, y, size, 0);
  }
}

void try_quantize_pixels(random_t *random) {
  const int32_t pixels = integer(random, 1, 40), step = integer(random, 1, 16);
  const int32_t channels = integer(random, 1, step < MTLK_PIXEL_LANE ? step : MTLK_PIXEL_LANE);
  const byte_grid_t grid = random_grid(random);
  const float *values = values_near(random, (int64_t)step * pixels, grid);
  story("%d pixels, %d of %d channels, scale %g, zero point %d", pixels, channels, step, (double)grid.scale,
        grid.zero_point);
  FOR_ALL_RUNS(run) {
    const float *x = COPIED(&run, values, (int64_t)step * pixels);
    uint8_t *y = untouched_bytes(&run, (int64_t)MTLK_PIXEL_LANE * pixels);
    CALL(&run, quantize_pixels, (x, step, channels, y, pixels, grid.inverse_scale, grid.zero_point));
    check_bytes(&run, y, (int64_t)MTLK_PIXEL_LANE * pixels, 0);
  }
}

void try_dequantize(random_t *random) {
  const int32_t pixels = integer(random, 1, 40), blocks = integer(random, 1, 9);
  const byte_grid_t grid = random_grid(random);
  const int32_t count = MTLK_LANE * pixels * blocks, size = blocks_of(blocks, 4) * MTLK_BYTE_LANE * pixels;
  const uint8_t *codes = bytes(random, size);
  const pieces_t parts = parts_of(random, pixels), pieces = split(random, &parts);
  story("%d pixels, %d blocks, scale %g, zero point %d", pixels, blocks, (double)grid.scale, grid.zero_point);
  FOR_ALL_RUNS(run) {
    const uint8_t *x = COPIED(&run, codes, size);
    float *y = untouched_floats(&run, count);
    FOR_PIECES(&run, piece, &parts, &pieces) {
      CALL(&run, dequantize, (x, y, pixels, blocks, piece->begin, piece->end, grid.scale, grid.zero_point));
    }
    check_floats(&run, y, count, 0, 0);
  }
}

void try_round_to_grid(random_t *random) {
  const int32_t count = integer(random, 1, 200), is_in_place = integer(random, 0, 1);
  const byte_grid_t grid = random_grid(random);
  float *values = values_near(random, count, grid);
  story("%d floats%s, scale %g, zero point %d", count, is_in_place ? " in place" : "", (double)grid.scale,
        grid.zero_point);
  FOR_ALL_RUNS(run) {
    float *x = COPIED(&run, values, count), *y = is_in_place ? x : untouched_floats(&run, count);
    CALL(&run, round_to_grid, (x, y, count, grid.scale, grid.inverse_scale, grid.zero_point));
    check_floats(&run, y, count, 0, 0);
  }
}

void try_look_up(random_t *random) {
  const int32_t count = integer(random, 1, 200), is_in_place = integer(random, 0, 1);
  uint8_t *codes = bytes(random, count), *numbers = bytes(random, 256);
  story("%d bytes%s", count, is_in_place ? " in place" : "");
  FOR_ALL_RUNS(run) {
    const uint8_t *table = COPIED(&run, numbers, 256);
    uint8_t *x = COPIED(&run, codes, count), *y = is_in_place ? x : untouched_bytes(&run, count);
    CALL(&run, look_up, (x, y, count, table));
    check_bytes(&run, y, count, 0);
  }
}

void try_requantize(random_t *random) {
  const int32_t pixels = integer(random, 1, 30), blocks = integer(random, 1, 9), first = integer(random, 0, 9);
  const byte_grid_t from = random_grid(random), to = random_grid(random);
  const mtlk_byte_change change = {from.scale, from.zero_point, to.inverse_scale, to.zero_point};
  const int is_copy = once_in(random, 3);
  const int64_t size = (int64_t)blocks_of(blocks, 4) * MTLK_BYTE_LANE * pixels;
  const int64_t output_size = (int64_t)blocks_of(first + blocks, 4) * MTLK_BYTE_LANE * pixels;
  const uint8_t *codes = bytes(random, size);
  const pieces_t parts = parts_of(random, pixels), pieces = split(random, &parts);
  story("%d pixels, %d blocks to block %d, %s", pixels, blocks, first, is_copy ? "copied" : "changed");
  FOR_ALL_RUNS(run) {
    const uint8_t *x = COPIED(&run, codes, size);
    uint8_t *y = untouched_bytes(&run, output_size);
    FOR_PIECES(&run, piece, &parts, &pieces) {
      CALL(&run, requantize, (x, y, pixels, blocks, first, piece->begin, piece->end, is_copy ? NULL : &change));
    }
    check_bytes(&run, y, output_size, 0);
  }
}

void try_combine_bytes(random_t *random) {
  const byte_grid_t left = random_grid(random), right = random_grid(random), end = random_grid(random);
  const mtlk_byte_pair pair = {.scales = {left.scale, right.scale},
                               .zero_points = {left.zero_point, right.zero_point},
                               .output_inverse_scale = end.inverse_scale,
                               .output_zero_point = end.zero_point};
  const int64_t count = (int64_t)MTLK_BYTE_LANE * integer(random, 1, 20);
  const uint8_t *codes[2] = {bytes(random, count), bytes(random, count)};
  const int32_t operation = PICK(random, MTLK_ADD, MTLK_SUBTRACT, MTLK_MULTIPLY);
  const int32_t activation = PICK(random, MTLK_NO_ACTIVATION, MTLK_RELU, MTLK_LEAKY_RELU, MTLK_CLIPPED_RELU);
  story("%lld bytes, operation %d, activation %d", (long long)count, operation, activation);
  FOR_ALL_RUNS(run) {
    const uint8_t *a = COPIED(&run, codes[0], count), *b = COPIED(&run, codes[1], count);
    uint8_t *y = untouched_bytes(&run, count);
    CALL(&run, combine_bytes, (operation, &pair, a, b, y, count, activation, 0.25f));
    check_bytes(&run, y, count, 0);
  }
}

void try_max_pool_bytes(random_t *random) {
  mtlk_window w = random_window(random, POOL_WINDOW);
  const int32_t blocks = integer(random, 1, 3);
  set_channels(&w, blocks * MTLK_BYTE_LANE, MTLK_BYTE_LANE, blocks * MTLK_BYTE_LANE);
  const int64_t size = blocks * MTLK_BYTE_LANE * inputs_of(&w), output_size = blocks * MTLK_BYTE_LANE * outputs_of(&w);
  const uint8_t *codes = bytes(random, size);
  const pieces_t some = parts_of(random, blocks), rows = parts_of(random, w.output_rows);
  const pieces_t fewer = split(random, &some), fewer_rows = split(random, &rows);
  tell_window(&w, "bytes");
  FOR_ALL_RUNS(run) {
    const uint8_t *input = COPIED(&run, codes, size);
    uint8_t *output = untouched_bytes(&run, output_size);
    FOR_PIECES(&run, block, &some, &fewer) {
      FOR_PIECES(&run, row, &rows, &fewer_rows) {
        CALL(&run, max_pool_bytes, (&w, input, output, block->begin, block->end, row->begin, row->end));
      }
    }
    check_bytes(&run, output, output_size, 0);
  }
}

void try_depthwise_bytes(random_t *random) {
  mtlk_window w = random_window(random, CONVOLUTION_WINDOW);
  const int32_t channels = integer(random, 1, 90);
  set_channels(&w, channels, MTLK_BYTE_LANE, channels);
  w.activation = PICK(random, MTLK_NO_ACTIVATION, MTLK_RELU, MTLK_LEAKY_RELU, MTLK_CLIPPED_RELU);
  w.slope = PICK_FLOAT(random, 0.25f, 6);
  const byte_grid_t from = random_grid(random), to = random_grid(random);
  const int is_narrow = once_in(random, 2), is_extreme = once_in(random, 4);
  const mtlk_grids grids = {.input_channels = channels,
                            .input_zero_point = from.zero_point,
                            .output_inverse_scale = is_narrow ? to.inverse_scale : 0,
                            .output_zero_point = to.zero_point};
  const int64_t size = w.input_blocks * MTLK_BYTE_LANE * inputs_of(&w), bias_count = w.output_blocks * MTLK_LANE;
  const int64_t count = bias_count * taps_of(&w), output_blocks = blocks_of(w.output_blocks, 4);
  const int64_t output_count = is_narrow ? output_blocks * MTLK_BYTE_LANE * outputs_of(&w) : bias_count * outputs_of(&w);
  uint8_t *codes = bytes(random, size);
  if (is_extreme) memset(codes, 255, (size_t)size);
  float *filters = floats(random, count, -1, 1), *offsets = floats(random, bias_count, -3, 3);
  const float extreme = PICK_FLOAT(random, -128, 127);
  for (int64_t i = 0; i < count; i++) filters[i] = is_extreme ? extreme : roundf(filters[i] * 127);
  const float *factors = floats(random, bias_count, 0, 4 / (9000 * sqrtf((float)taps_of(&w))));
  const pieces_t some = parts_of(random, w.output_blocks), rows = parts_of(random, w.output_rows);
  const pieces_t fewer = split(random, &some), fewer_rows = split(random, &rows);
  tell_window(&w, is_narrow ? "each channel of bytes alone, to bytes" : "each channel of bytes alone");
  FOR_ALL_RUNS(run) {
    const uint8_t *input = COPIED(&run, codes, size);
    const float *weights = COPIED(&run, filters, count), *bias = COPIED(&run, offsets, bias_count);
    const float *multipliers = COPIED(&run, factors, bias_count);
    float *memory = untouched_floats(&run, mtlk_depthwise_memory(&w));
    void *output = is_narrow ? (void *)untouched_bytes(&run, output_count) : (void *)untouched_floats(&run, output_count);
    FOR_PIECES(&run, block, &some, &fewer) {
      FOR_PIECES(&run, row, &rows, &fewer_rows) {
        CALL(&run, depthwise_bytes, (&w, &grids, input, weights, multipliers, bias, output, memory, block->begin,
                                     block->end, row->begin, row->end));
      }
    }
    if (is_narrow) {
      check_bytes(&run, output, output_count, 0);
    } else {
      check_floats(&run, output, output_count, 0, 0);
    }
  }
}

void try_global_average_bytes(random_t *random) {
  const int32_t pixels = integer(random, 1, 200), output_blocks = integer(random, 1, 13);
  const int32_t blocks = blocks_of(output_blocks, 4);
  const byte_grid_t grid = random_grid(random);
  const int64_t size = (int64_t)blocks * MTLK_BYTE_LANE * pixels, count = (int64_t)output_blocks * MTLK_LANE;
  const uint8_t *codes = bytes(random, size);
  const pieces_t parts = parts_of(random, blocks), pieces = split(random, &parts);
  story("%d pixels, %d blocks, scale %g, zero point %d", pixels, output_blocks, (double)grid.scale, grid.zero_point);
  FOR_ALL_RUNS(run) {
    const uint8_t *x = COPIED(&run, codes, size);
    float *y = untouched_floats(&run, count);
    FOR_PIECES(&run, piece, &parts, &pieces) {
      CALL(&run, global_average_bytes,
           (x, y, pixels, piece->begin, piece->end, output_blocks, grid.scale, grid.zero_point));
    }
    check_floats(&run, y, count, 0, 0);
  }
}
