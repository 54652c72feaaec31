/* What works along plain arrays and joins tensors. */
#include <math.h>

#include "cross.h"

void try_gemm(random_t *random) {
  const int32_t rows = integer(random, 1, 5), outputs = integer(random, 1, 21);
  const int32_t whole = 32 * integer(random, 0, 5) + integer(random, 0, 1);
  const int32_t depth = once_in(random, 4) ? whole : integer(random, 0, 300);
  const float *inputs = floats(random, rows * depth, -1, 1), *factors = floats(random, outputs * depth, -1, 1);
  const float *offsets = once_in(random, 2) ? NULL : floats(random, outputs, -1, 1);
  const int32_t activation = integer(random, MTLK_NO_ACTIVATION, MTLK_HARD_SWISH);
  const float slope = PICK_FLOAT(random, 0.01f, 0.3f, -0.5f);
  const pieces_t parts = parts_of(random, outputs), pieces = split(random, &parts);
  story("%d rows of %d, %d outputs, activation %d", rows, depth, outputs, activation);
  FOR_ALL_RUNS(run) {
    const float *x = COPIED(&run, inputs, rows * depth), *weight = COPIED(&run, factors, outputs * depth);
    const float *bias = offsets ? COPIED(&run, offsets, outputs) : NULL;
    float *y = untouched_floats(&run, rows * outputs);
    FOR_PIECES(&run, piece, &parts, &pieces) {
      CALL(&run, gemm, (x, weight, bias, y, rows, depth, outputs, piece->begin, piece->end, activation, slope));
    }
    /* A sum of 300 products of up to 1. */
    check_floats(&run, y, rows * outputs, 1.5e-4f, 2e-6f);
  }
}

void try_activate(random_t *random) {
  const int32_t count = integer(random, 0, 70);
  float *values = floats(random, count, -20, 20);
  for (int32_t i = 0; i < count; i++) {
    if (once_in(random, 3)) values[i] /= 16;
    if (once_in(random, 16)) {
      values[i] = PICK_FLOAT(random, NAN, INFINITY, -INFINITY, 0, -0.0f, 0x1p-149f, -0x1p-149f, 1e37f, -1e37f, 88, -88,
                             104, -104);
    }
  }
  const int32_t activation = integer(random, MTLK_NO_ACTIVATION, MTLK_CLIPPED_RELU);
  const float slope = PICK_FLOAT(random, 0.01f, 0.25f, 0, 3);
  story("activation %d of %d", activation, count);
  FOR_ALL_RUNS(run) {
    float *x = COPIED(&run, values, count), *y = run.place == BEFORE ? x : untouched_floats(&run, count);
    CALL(&run, activate, (x, y, count, activation, slope));
    check_floats(&run, y, count, 4e-6f, 1e-6f);
  }
}

static int64_t operand_size(int32_t kind, int64_t count) {
  return kind == MTLK_ONE_FLOAT ? 1 : kind == MTLK_ONE_BLOCK ? MTLK_LANE : count * MTLK_LANE;
}

/* None of them near zero. */
static float *operand_of(random_t *random, int64_t count) {
  float *values = floats(random, count, 0.5f, 3);
  for (int64_t i = 0; i < count; i++) values[i] = once_in(random, 2) ? -values[i] : values[i];
  return values;
}

void try_combine(random_t *random) {
  const int32_t count = integer(random, 0, 9), lanes = integer(random, 1, MTLK_LANE);
  int32_t kinds[2];
  for (int i = 0; i < 2; i++) kinds[i] = integer(random, MTLK_EACH_BLOCK, MTLK_FIRST_LANES);
  const int64_t sizes[2] = {operand_size(kinds[0], count), operand_size(kinds[1], count)};
  float *operands[2] = {operand_of(random, sizes[0]), operand_of(random, sizes[1])};
  const int32_t operation = integer(random, MTLK_ADD, MTLK_DIVIDE);
  const int32_t activation = integer(random, MTLK_NO_ACTIVATION, MTLK_CLIPPED_RELU);
  story("%d blocks, operation %d, kinds %d and %d, activation %d", count, operation, kinds[0], kinds[1], activation);
  FOR_ALL_RUNS(run) {
    float *a = COPIED(&run, operands[0], sizes[0]);
    const float *b = COPIED(&run, operands[1], sizes[1]);
    const int is_in_place = kinds[0] == MTLK_EACH_BLOCK && run.place == BEFORE;
    float *y = is_in_place ? a : untouched_floats(&run, count * MTLK_LANE);
    CALL(&run, combine, (operation, a, kinds[0], b, kinds[1], y, count, lanes, activation, 0.25f));
    check_floats(&run, y, count * MTLK_LANE, 2e-6f, 2e-6f);
  }
}

enum { MOST_INPUTS = 6 };

void try_weighted_sum(random_t *random) {
  const int32_t inputs = integer(random, 1, MOST_INPUTS), count = integer(random, 0, 11);
  const float *values = floats(random, (int64_t)inputs * count * MTLK_LANE, -1, 1);
  const float *factors = floats(random, inputs * MTLK_LANE, -1, 1);
  story("%d inputs of %d blocks", inputs, count);
  FOR_ALL_RUNS(run) {
    const float *x[MOST_INPUTS];
    for (int32_t i = 0; i < inputs; i++) x[i] = COPIED(&run, values + i * count * MTLK_LANE, count * MTLK_LANE);
    const float *weights = COPIED(&run, factors, inputs * MTLK_LANE);
    float *y = untouched_floats(&run, count * MTLK_LANE);
    CALL(&run, weighted_sum, (x, weights, inputs, y, count));
    check_floats(&run, y, count * MTLK_LANE, 1e-6f, 1e-6f);
  }
}

void try_softmax_groups(random_t *random) {
  const int32_t groups = integer(random, 1, MOST_INPUTS), count = integer(random, 0, 6);
  const int32_t lanes = integer(random, 1, MTLK_LANE), size = count * MTLK_LANE;
  float *values = floats(random, groups * size, -30, 30);
  story("%d groups of %d blocks", groups, count);
  FOR_ALL_RUNS(run) {
    float *x[MOST_INPUTS], *y[MOST_INPUTS];
    for (int32_t i = 0; i < groups; i++) {
      x[i] = COPIED(&run, values + i * size, size);
      y[i] = run.place == BEFORE ? x[i] : untouched_floats(&run, size);
    }
    CALL(&run, softmax_groups, ((const float *const *)x, y, groups, count, lanes));
    float *all = keep(sizeof(float) * (size_t)(groups * size));
    for (int32_t i = 0; i < groups * size; i++) all[i] = y[i / size][i % size];
    check_floats(&run, all, groups * size, 1e-6f, 1e-6f);
  }
}

void try_softmax(random_t *random) {
  const int32_t rows = integer(random, 0, 4), length = integer(random, 1, 200), is_logarithm = once_in(random, 3);
  float *values = floats(random, (int64_t)rows * length, -30, 30);
  for (int32_t i = 0; i < rows * length; i++) {
    if (once_in(random, 100)) values[i] = PICK_FLOAT(random, -INFINITY, 80, -200);
  }
  if (rows > 0 && once_in(random, 10)) values[integer(random, 0, rows * length - 1)] = NAN;
  story("%d rows of %d, logarithm %d", rows, length, is_logarithm);
  FOR_ALL_RUNS(run) {
    float *x = COPIED(&run, values, rows * length);
    float *y = run.place == BEFORE ? x : untouched_floats(&run, rows * length);
    CALL(&run, softmax, (x, y, rows, length, is_logarithm));
    check_floats(&run, y, rows * length, 1e-6f, 1e-6f);
  }
}

void try_multiply_adds(random_t *random) {
  const int32_t rounds = integer(random, 0, 9), count = MTLK_PEAK_BLOCKS * MTLK_LANE;
  float *start = floats(random, count, -100, 300);
  story("%d rounds", rounds);
  FOR_ALL_RUNS(run) {
    float *sums = COPIED(&run, start, count);
    CALL(&run, multiply_adds, (sums, rounds));
    check_floats(&run, sums, count, 0, 0);
  }
}
