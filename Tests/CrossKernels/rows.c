/* What works along plain arrays and joins tensors. */
#include <math.h>

#include "cross.h"

/* Few rows and many, with others between them or pages apart, and depths around the steps of both ways and of chunks. */
static mtlk_gemm random_gemm(random_t *random, int32_t outputs) {
  const int32_t many = once_in(random, 8) ? 193 : integer(random, 1, 50), gap = PICK(random, 0, 0, 1, 20);
  const int32_t whole = 32 * integer(random, 0, 9) + integer(random, 0, 1);
  mtlk_gemm shape = {.rows = once_in(random, 2) ? integer(random, 1, 19) : many,
                     .depth = once_in(random, 4) ? whole : integer(random, 0, 300),
                     .is_by_input = once_in(random, 2),
                     .activation = integer(random, MTLK_NO_ACTIVATION, MTLK_CLIPPED_RELU),
                     .slope = PICK_FLOAT(random, 0.01f, 0.3f, 3)};
  shape.x_step = once_in(random, 4) ? 1024 : shape.depth + gap;
  shape.weight_step = (shape.is_by_input ? outputs : shape.depth) + gap;
  shape.y_step = outputs + gap;
  return shape;
}

/* Floats from the first to the last of some rows. */
static int64_t reach(int64_t rows, int64_t step, int64_t width) { return rows > 0 ? (rows - 1) * step + width : 0; }

void try_gemm(random_t *random) {
  const int32_t outputs = once_in(random, 2) ? integer(random, 1, 21) : integer(random, 1, 100);
  const mtlk_gemm shape = random_gemm(random, outputs);
  const int64_t input_count = reach(shape.rows, shape.x_step, shape.depth);
  const int64_t output_count = reach(shape.rows, shape.y_step, outputs);
  const int64_t factor_count = shape.is_by_input ? reach(shape.depth, shape.weight_step, outputs)
                                                 : reach(outputs, shape.weight_step, shape.depth);
  const float *inputs = floats(random, input_count, -1, 1), *factors = floats(random, factor_count, -1, 1);
  const float *offsets = once_in(random, 2) ? NULL : floats(random, outputs, -1, 1);
  const pieces_t some = parts_of(random, outputs), rows = parts_of(random, (int32_t)shape.rows);
  const pieces_t fewer = split(random, &some), fewer_rows = split(random, &rows);
  story("%d rows of %d, %d apart, %d outputs, by input %d, activation %d", (int)shape.rows, (int)shape.depth,
        (int)shape.x_step, outputs, shape.is_by_input, shape.activation);
  FOR_ALL_RUNS(run) {
    const float *x = COPIED(&run, inputs, input_count), *weight = COPIED(&run, factors, factor_count);
    const float *bias = offsets ? COPIED(&run, offsets, outputs) : NULL;
    float *y = untouched_floats(&run, output_count);
    FOR_PIECES(&run, piece, &some, &fewer) {
      FOR_PIECES(&run, row, &rows, &fewer_rows) {
        CALL(&run, gemm, (&shape, x, weight, bias, y, row->begin, row->end, piece->begin, piece->end));
      }
    }
    /* A sum of 300 products of up to 1. */
    check_floats(&run, y, output_count, 1.5e-4f, 2e-6f);
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
