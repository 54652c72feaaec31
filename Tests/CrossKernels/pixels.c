/* 8-bit pixels. */
#include "cross.h"

/* Pixels of any step, listed or one behind the other, in rows that end where memory does. */
void try_pixel_strip(random_t *random) {
  const int32_t size = PICK(random, 1, 3, 4), columns = integer(random, 1, 40), channels = PICK(random, 1, 3);
  const int is_backwards = once_in(random, 2), is_upright = !once_in(random, 4), is_red_first = once_in(random, 2);
  const int32_t most = integer(random, 1, columns), first = integer(random, 0, columns - most);
  int32_t places[40], count = most;
  const int is_listed = once_in(random, 3);
  for (int32_t i = count = 0; i < most; i++) {
    if (!is_listed || once_in(random, 2) || i == 0) places[count++] = first + i;
  }
  const int32_t red = size == 1 ? 0 : is_red_first ? 0 : 2, green = size == 1 ? 0 : 1, blue = size == 1 ? 0 : 2 - red;
  const int64_t distance = is_upright ? size : size * MTLK_LANE, step = is_backwards ? -distance : distance;
  const int64_t input_size = (int64_t)columns * MTLK_LANE * size;
  const uint8_t *picture = bytes(random, input_size);
  story("%d of %d pixels of %d bytes from %d on, %s, %s, %s, %d channels", count, columns, size, first,
        is_backwards ? "backwards" : "forwards", is_upright ? "upright" : "on its side", is_listed ? "listed" : "all",
        channels);
  FOR_ALL_RUNS(run) {
    const uint8_t *input = COPIED(&run, picture, input_size), *rows[MTLK_LANE];
    for (int row = 0; row < MTLK_LANE; row++) {
      const int64_t start = is_backwards ? (columns - 1) * distance : 0;
      rows[row] = input + start + row * (is_upright ? columns : 1) * size;
    }
    uint8_t *output = untouched_bytes(&run, (int64_t)count * (size > 1 ? 3 : channels) * MTLK_LANE);
    const int32_t *list = is_listed ? COPIED(&run, places, count) : NULL;
    CALL(&run, pixel_strip, (rows, step, size, list, first, count, red, green, blue, channels, output));
    check_bytes(&run, output, (int64_t)count * channels * MTLK_LANE, 0);
  }
}

/* Whole weights that add up to about one, some negative, and where each sum begins. */
typedef struct {
  int32_t outputs, places;
  int32_t *first, *lengths, *weights;
  float *numbers;
} sums_t;

static sums_t random_sums(random_t *random, int32_t outputs, int32_t inputs) {
  const int32_t one = 1 << MTLK_WEIGHT_BITS;
  sums_t s = {.outputs = outputs, .places = integer(random, 1, inputs)};
  s.first = keep(sizeof(int32_t) * (size_t)outputs);
  s.lengths = keep(sizeof(int32_t) * (size_t)outputs);
  s.weights = keep(sizeof(int32_t) * (size_t)(outputs * s.places));
  s.numbers = keep(sizeof(float) * (size_t)(outputs * s.places));
  for (int32_t i = 0; i < outputs; i++) {
    s.lengths[i] = integer(random, 1, s.places);
    s.first[i] = integer(random, 0, inputs - s.lengths[i]);
  }
  for (int32_t i = 0; i < outputs * s.places; i++) {
    s.weights[i] = integer(random, -one / s.places, one / 2 * 3 / s.places);
    s.numbers[i] = (float)s.weights[i] / (float)one;
  }
  return s;
}

void try_resample_columns(random_t *random) {
  const int32_t columns = integer(random, 1, 20), outputs = integer(random, 1, 20), channels = integer(random, 1, 4);
  const int32_t rows = integer(random, 1, MTLK_LANE), stride = outputs * channels + integer(random, 0, 3);
  const sums_t s = random_sums(random, outputs, columns);
  const int32_t size = columns * channels * MTLK_LANE, output_size = stride * (rows - 1) + outputs * channels;
  const uint8_t *strip = bytes(random, size);
  story("%d columns to %d, %d channels, %d rows", columns, outputs, channels, rows);
  FOR_ALL_RUNS(run) {
    const uint8_t *input = COPIED(&run, strip, size);
    const mtlk_taps taps = {COPIED(&run, s.first, outputs), COPIED(&run, s.lengths, outputs), outputs, s.places};
    const int32_t *weights = COPIED(&run, s.weights, outputs * s.places);
    const float *numbers = COPIED(&run, s.numbers, outputs * s.places);
    uint8_t *levels = untouched_bytes(&run, output_size);
    float *values = untouched_floats(&run, output_size);
    CALL(&run, resample_columns, (input, &taps, weights, channels, levels, stride, rows));
    CALL(&run, resample_columns_float, (input, &taps, numbers, channels, values, stride, rows));
    check_bytes(&run, levels, output_size, 0);
    check_floats(&run, values, output_size, 0, 0);
  }
}

void try_resample_rows(random_t *random) {
  const int32_t count = integer(random, 1, 7), length = integer(random, 1, 70), stride = length + integer(random, 0, 3);
  const sums_t s = random_sums(random, 1, count);
  const int64_t size = (int64_t)stride * (s.lengths[0] - 1) + length;
  const uint8_t *lines = bytes(random, size);
  const float *numbers = floats(random, size, 0, 255);
  story("%d rows of %d", s.lengths[0], length);
  FOR_ALL_RUNS(run) {
    const uint8_t *rows = COPIED(&run, lines, size);
    const float *values = COPIED(&run, numbers, size), *factors = COPIED(&run, s.numbers, s.lengths[0]);
    const int32_t *weights = COPIED(&run, s.weights, s.lengths[0]);
    uint8_t *levels = untouched_bytes(&run, length);
    float *output = untouched_floats(&run, length);
    CALL(&run, resample_rows, (rows, stride, s.lengths[0], weights, levels, length));
    CALL(&run, resample_rows_float, (values, stride, s.lengths[0], factors, output, length));
    check_bytes(&run, levels, length, 0);
    check_floats(&run, output, length, 0, 0);
  }
}

/* OpenCV's two ways of mixing rows of whole numbers. */
void try_blend_rows(random_t *random) {
  const int32_t length = integer(random, 1, 50), is_linear = once_in(random, 2), one = is_linear ? 2048 : 32;
  const mtlk_blend shifts = is_linear ? (mtlk_blend){4, 16, 2} : (mtlk_blend){0, 0, 10};
  const int32_t share = integer(random, 0, one), parts[2] = {one - share, share};
  float *lines[2] = {floats(random, length, 0, 1), floats(random, length, 0, 1)};
  for (int32_t i = 0; i < length; i++) {
    lines[0][i] = (float)integer(random, 0, 255 * one);
    lines[1][i] = (float)integer(random, 0, 255 * one);
  }
  story("%d, %s", length, is_linear ? "linear" : "area");
  FOR_ALL_RUNS(run) {
    const float *upper = COPIED(&run, lines[0], length), *lower = COPIED(&run, lines[1], length);
    const int32_t *weights = COPIED(&run, parts, 2);
    uint8_t *output = untouched_bytes(&run, length);
    CALL(&run, blend_rows, (upper, lower, weights, shifts, output, length));
    check_bytes(&run, output, length, 0);
  }
}

void try_grey_levels(random_t *random) {
  const int32_t count = integer(random, 1, 70), wraps = once_in(random, 2);
  float *values = floats(random, count, -40, 1400);
  for (int32_t i = 0; i < count; i++) {
    if (once_in(random, 2)) values[i] = (float)integer(random, -20, 700) * 2; /* halves */
  }
  story("%d, wraps %d", count, wraps);
  FOR_ALL_RUNS(run) {
    const float *x = COPIED(&run, values, count);
    uint8_t *y = untouched_bytes(&run, count);
    CALL(&run, grey_levels, (x, y, count, 0.25f, wraps));
    check_bytes(&run, y, count, 0);
  }
}
