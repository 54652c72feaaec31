/* What works on images of floats: windows over each channel alone, change of size, means. */
#include <math.h>

#include "cross.h"

static void add_specials(random_t *random, float *values, int64_t count) {
  const float specials[] = {NAN, INFINITY, -INFINITY};
  for (int i = 0; i < 3; i++) {
    if (once_in(random, 3)) values[integer(random, 0, (int32_t)count - 1)] = specials[i];
  }
}

/* What the kernels of windows over single channels have in common. */
typedef struct {
  mtlk_window window;
  float *input;
  int64_t input_count, output_count;
  pieces_t blocks, rows, fewer_blocks, fewer_rows;
} image_t;

static image_t random_image(random_t *random, window_kind kind) {
  image_t image = {.window = random_window(random, kind)};
  mtlk_window *w = &image.window;
  const int32_t channels = PICK(random, 1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 47, 48);
  set_channels(w, channels, MTLK_LANE, channels);
  image.input_count = w->input_blocks * inputs_of(w) * MTLK_LANE;
  image.output_count = w->output_blocks * outputs_of(w) * MTLK_LANE;
  image.input = floats(random, image.input_count, -1, 1);
  image.blocks = parts_of(random, w->output_blocks);
  image.rows = parts_of(random, w->output_rows);
  image.fewer_blocks = split(random, &image.blocks);
  image.fewer_rows = split(random, &image.rows);
  return image;
}

#define FOR_PARTS(run, image)                                      \
  FOR_PIECES(run, block, &(image)->blocks, &(image)->fewer_blocks) \
    FOR_PIECES(run, row, &(image)->rows, &(image)->fewer_rows)

void try_pool(random_t *random) {
  const image_t image = random_image(random, POOL_WINDOW);
  const int32_t kind = PICK(random, MTLK_MAX_POOL, MTLK_AVERAGE_POOL_WITH_PADDING, MTLK_AVERAGE_POOL);
  add_specials(random, image.input, image.input_count);
  tell_window(&image.window, kind == MTLK_MAX_POOL ? "largest" : "average");
  FOR_ALL_RUNS(run) {
    const float *input = COPIED(&run, image.input, image.input_count);
    float *output = untouched_floats(&run, image.output_count);
    FOR_PARTS(&run, &image) {
      CALL(&run, pool, (&image.window, kind, input, output, block->begin, block->end, row->begin, row->end));
    }
    check_floats(&run, output, image.output_count, 0, 0);
  }
}

void try_depthwise(random_t *random) {
  image_t image = random_image(random, CONVOLUTION_WINDOW);
  mtlk_window *w = &image.window;
  w->activation = PICK(random, MTLK_NO_ACTIVATION, MTLK_RELU, MTLK_LEAKY_RELU, MTLK_CLIPPED_RELU);
  w->slope = 0.25f;
  const int64_t weight_count = w->output_blocks * taps_of(w) * MTLK_LANE, bias_count = w->output_blocks * MTLK_LANE;
  const float *filters = floats(random, weight_count, -1, 1), *offsets = floats(random, bias_count, -1, 1);
  tell_window(w, "each channel alone");
  FOR_ALL_RUNS(run) {
    const float *input = COPIED(&run, image.input, image.input_count), *weights = COPIED(&run, filters, weight_count);
    const float *bias = COPIED(&run, offsets, bias_count);
    float *output = untouched_floats(&run, image.output_count);
    FOR_PARTS(&run, &image) {
      CALL(&run, depthwise, (w, input, weights, bias, output, block->begin, block->end, row->begin, row->end));
    }
    check_floats(&run, output, image.output_count, 1e-5f, 1e-5f);
  }
}

void try_max_pool_indices(random_t *random) {
  const image_t image = random_image(random, POOL_WINDOW);
  for (int64_t i = 0; i < image.input_count; i++) image.input[i] = roundf(image.input[i] * 4); /* many are equal */
  add_specials(random, image.input, image.input_count);
  tell_window(&image.window, "with places");
  FOR_ALL_RUNS(run) {
    const float *input = COPIED(&run, image.input, image.input_count);
    float *output = untouched_floats(&run, image.output_count), *places = untouched_floats(&run, image.output_count);
    FOR_PARTS(&run, &image) {
      CALL(&run, max_pool_indices,
           (&image.window, input, output, places, block->begin, block->end, row->begin, row->end));
    }
    check_floats(&run, output, image.output_count, 0, 0);
    check_floats(&run, places, image.output_count, 0, 0);
  }
}

/* One direction of a change of size: for each output its inputs and their weights. */
typedef struct {
  int32_t input, output, taps;
  int32_t *positions;
  float *weights;
} direction_t;

static direction_t random_direction(random_t *random) {
  direction_t d = {integer(random, 1, 12), integer(random, 1, 20), PICK(random, 1, 2, 4), NULL, NULL};
  d.positions = keep(sizeof(int32_t) * (size_t)(d.output * d.taps));
  for (int32_t i = 0; i < d.output * d.taps; i++) d.positions[i] = integer(random, 0, d.input - 1);
  d.weights = floats(random, d.output * d.taps, -1, 1);
  return d;
}

static void try_resizing(random_t *random, int to_planes) {
  const direction_t down = random_direction(random), across = random_direction(random);
  const int32_t channels = integer(random, 1, 48), blocks = blocks_of(channels, MTLK_LANE);
  const int64_t input_count = (int64_t)blocks * down.input * across.input * MTLK_LANE;
  const int64_t output_count = (int64_t)(to_planes ? channels : blocks * MTLK_LANE) * down.output * across.output;
  const float *image = floats(random, input_count, -1, 1);
  const pieces_t some = parts_of(random, blocks), rows = parts_of(random, down.output);
  const pieces_t fewer = split(random, &some), fewer_rows = split(random, &rows);
  story("%d x %d to %d x %d, %d x %d taps", down.input, across.input, down.output, across.output, down.taps,
        across.taps);
  FOR_ALL_RUNS(run) {
    const float *input = COPIED(&run, image, input_count);
    float *output = untouched_floats(&run, output_count);
    const mtlk_resize shape = {down.input,
                               across.input,
                               down.output,
                               across.output,
                               down.taps,
                               across.taps,
                               COPIED(&run, down.positions, down.output * down.taps),
                               COPIED(&run, across.positions, across.output * across.taps),
                               down.taps > 1 ? COPIED(&run, down.weights, down.output * down.taps) : NULL,
                               across.taps > 1 ? COPIED(&run, across.weights, across.output * across.taps) : NULL};
    float *memory = untouched_floats(&run, to_planes ? mtlk_plane_memory(&shape) : across.input * MTLK_LANE);
    FOR_PIECES(&run, block, &some, &fewer) {
      FOR_PIECES(&run, row, &rows, &fewer_rows) {
        if (to_planes) {
          CALL(&run, resize_to_planes,
               (&shape, input, output, memory, channels, block->begin, block->end, row->begin, row->end));
        } else {
          CALL(&run, resize, (&shape, input, output, memory, block->begin, block->end, row->begin, row->end));
        }
      }
    }
    check_floats(&run, output, output_count, 1e-6f, 1e-6f);
  }
}

void try_resize(random_t *random) { try_resizing(random, 0); }

void try_resize_to_planes(random_t *random) { try_resizing(random, 1); }

void try_global_average(random_t *random) {
  const int32_t blocks = integer(random, 1, 3), pixels = integer(random, 1, 200);
  const int64_t count = (int64_t)blocks * pixels * MTLK_LANE;
  const float *values = floats(random, count, -1000, 1000);
  const pieces_t parts = parts_of(random, blocks), pieces = split(random, &parts);
  story("%d blocks of %d pixels", blocks, pixels);
  FOR_ALL_RUNS(run) {
    const float *input = COPIED(&run, values, count);
    float *output = untouched_floats(&run, blocks * MTLK_LANE);
    FOR_PIECES(&run, piece, &parts, &pieces) {
      CALL(&run, global_average, (input, output, pixels, piece->begin, piece->end));
    }
    check_floats(&run, output, blocks * MTLK_LANE, 0, 0);
  }
}
