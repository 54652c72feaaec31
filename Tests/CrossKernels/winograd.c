/* Winograd's convolution: its two kernels, over all grids that cover the outputs. */
#include "convolutions.h"

/* What covers the outputs along one axis. */
typedef struct {
  mtlk_winograd_axis axes[2];
  int count;
} cover_axis_t;

static cover_axis_t cover_axis(random_t *random, int32_t outputs, int32_t inputs, int32_t taps, int32_t dilation,
                          int32_t padding, int has_zeros_outside) {
  const mtlk_winograd_axis axis = {.form = MTLK_TILE_1, .tiles = 1, .dilation = dilation};
  cover_axis_t result = {.axes = {axis, axis}, .count = 1};
  mtlk_winograd_axis *first = &result.axes[0], *second = &result.axes[1];
  if (taps == 1) {
    first->phases = outputs;
    first->padding = padding;
  } else if (has_zeros_outside && outputs == inputs && padding == dilation && outputs <= 2 * dilation && !once_in(random, 3)) {
    const int32_t pairs = outputs < dilation ? 0 : outputs - dilation;
    first->first_phase = pairs;
    first->phases = (dilation < outputs ? dilation : outputs) - pairs;
    *second = axis;
    second->form = MTLK_TILE_PAIR;
    second->phases = pairs;
    if (first->phases == 0) *first = *second;
    else if (pairs > 0) result.count = 2;
  } else {
    first->form = PICK(random, MTLK_TILE_2, MTLK_TILE_3, MTLK_TILE_4);
    first->phases = dilation < outputs ? dilation : outputs;
    const int32_t length = (outputs + dilation - 1) / dilation;
    first->tiles = (length + first->form - 1) / first->form;
    first->padding = padding;
  }
  return result;
}

cover_t cover(random_t *random, const mtlk_window *w, int has_zeros_outside) {
  const cover_axis_t rows = cover_axis(random, w->output_rows, w->input_rows, w->kernel_rows, w->dilation_rows,
                                       w->padding_top, has_zeros_outside);
  const cover_axis_t columns = cover_axis(random, w->output_columns, w->input_columns, w->kernel_columns,
                                          w->dilation_columns, w->padding_left, has_zeros_outside);
  cover_t result = {.count = rows.count * columns.count};
  for (int i = 0; i < result.count; i++) {
    result.grids[i] = (mtlk_winograd){rows.axes[i / columns.count], columns.axes[i % columns.count]};
  }
  return result;
}

/* The operands of a run. */
typedef struct {
  const float *input, *weights, *bias, *operand;
  float *output;
} operands_t;

static void run_tiles(const run_t *run, const convolution_t *c, const mtlk_winograd *grid, const operands_t *o,
                      range_t tiles) {
  const mtlk_window *w = &c->window;
  const int64_t count = tiles.end - tiles.begin;
  const int64_t positions = mtlk_winograd_position_count(*grid);
  float *transformed = untouched_floats(run, w->input_blocks * MTLK_LANE * positions * count);
  float *scratch = untouched_floats(run, mtlk_winograd_input_scratch(*grid, count));
  CALL(run, winograd_input, (w, grid, o->input, transformed, scratch, tiles.begin, tiles.end));
  float *work = untouched_floats(run, mtlk_winograd_scratch(positions, count));
  const int32_t middle = run->is_split ? w->output_blocks / 2 : 0;
  const range_t halves[2] = {{0, middle}, {middle, w->output_blocks}};
  for (int i = 0; i < 2; i++) {
    CALL(run, winograd_output,
         (w, grid, transformed, o->weights, o->bias, o->operand, o->output, work, halves[i].begin, halves[i].end,
          tiles.begin, tiles.end));
  }
}

void try_winograd(random_t *random) {
  const convolution_t c = random_convolution(random, WINOGRAD_WINDOW, 30000);
  const mtlk_window *w = &c.window;
  const cover_t covering = cover(random, w, 1);
  const uint64_t seed = random_bits(random);
  tell_window(w, c.operand ? "with an operand" : "without operand");
  FOR_ALL_RUNS(run) {
    random_t cuts = {seed};
    const operands_t o = {COPIED(&run, c.input, c.input_count), COPIED(&run, c.weights, c.weight_count),
                          COPIED(&run, c.bias, w->output_blocks * MTLK_LANE),
                          c.operand ? COPIED(&run, c.operand, c.output_count) : NULL,
                          untouched_floats(&run, c.output_count)};
    for (int i = 0; i < covering.count; i++) {
      const mtlk_winograd grid = covering.grids[i];
      const int32_t tiles = tile_count(&grid);
      const int32_t middle = run.is_split ? integer(&cuts, 0, tiles) : 0;
      if (middle > 0) run_tiles(&run, &c, &grid, &o, (range_t){0, middle});
      if (middle < tiles) run_tiles(&run, &c, &grid, &o, (range_t){middle, tiles});
    }
    check_floats(&run, o.output, c.output_count, 0x1p-17f * c.magnitude, 4e-6f);
  }
}
