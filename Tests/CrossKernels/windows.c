/* Random windows over one image. */
#include <stdio.h>

#include "cross.h"

enum { MOST_OUTPUT_PIXELS = 600 };

/* Small ones are as likely as networks have them. */
static int32_t side(random_t *random, int32_t most) {
  return once_in(random, 3) ? integer(random, 1, most) : integer(random, 1, most < 3 ? most : 3);
}

static int32_t pad(random_t *random, int32_t kernel, int32_t dilation) {
  const int32_t half = dilation * (kernel - 1) / 2;
  switch (integer(random, 0, 3)) {
    case 0: return 0;
    case 1: return half < 36 ? half : 36;
    case 2: return integer(random, 0, 3);
    default: return integer(random, 0, 36);
  }
}

/* One direction of a window. */
typedef struct {
  int32_t input, kernel, stride, dilation, before, after, output;
} axis_t;

static axis_t random_axis(random_t *random, window_kind kind, int is_column) {
  axis_t a = {.input = integer(random, 1, is_column ? 40 : 14), .kernel = side(random, 11), .stride = side(random, 4)};
  a.dilation = once_in(random, 3) ? integer(random, 1, 36) : 1;
  if (kind == WINOGRAD_WINDOW) {
    a.kernel = once_in(random, 6) ? 1 : 3;
    a.stride = 1;
    a.dilation = integer(random, 1, PICK(random, 1, 9, 40));
  }
  a.before = pad(random, a.kernel, a.dilation);
  a.after = pad(random, a.kernel, a.dilation);
  if (kind == WINOGRAD_WINDOW && !once_in(random, 3)) a.before = a.after = a.kernel == 3 ? a.dilation : 0;
  if (kind == LONG_ROW_WINDOW) {
    a.kernel = is_column ? integer(random, 9, 70) : integer(random, 1, 2);
    a.stride = a.dilation = 1;
    a.before = is_column ? integer(random, 0, 30) : 0;
    a.after = is_column ? integer(random, 0, 30) : 0;
  }
  if (kind == POOL_WINDOW) {
    a.dilation = once_in(random, 4) ? integer(random, 1, 5) : 1;
    a.before = integer(random, 0, a.kernel / 2);
    a.after = integer(random, 0, a.kernel / 2);
  }
  const int32_t room = a.input + a.before + a.after - a.dilation * (a.kernel - 1) - 1;
  a.output = room < 0 ? 0 : room / a.stride + 1;
  /* Windows that hang over the far side begin inside, or in the padding before. */
  const int hangs = kind == POOL_WINDOW && room >= 0 && room % a.stride > 0 && once_in(random, 2);
  if (hangs && a.output * a.stride < a.input + a.before) a.output++;
  return a;
}

mtlk_window random_window(random_t *random, window_kind kind) {
  axis_t rows, columns;
  do {
    rows = random_axis(random, kind, 0);
    columns = random_axis(random, kind, 1);
  } while (rows.output == 0 || columns.output == 0 || rows.output * columns.output > MOST_OUTPUT_PIXELS);
  return (mtlk_window){.input_rows = rows.input,
                       .input_columns = columns.input,
                       .input_blocks = 1,
                       .input_lane = 1,
                       .output_rows = rows.output,
                       .output_columns = columns.output,
                       .output_blocks = 1,
                       .output_channels = 1,
                       .kernel_rows = rows.kernel,
                       .kernel_columns = columns.kernel,
                       .stride_rows = rows.stride,
                       .stride_columns = columns.stride,
                       .dilation_rows = rows.dilation,
                       .dilation_columns = columns.dilation,
                       .padding_top = rows.before,
                       .padding_left = columns.before,
                       .padding_bottom = rows.after,
                       .padding_right = columns.after};
}

void set_channels(mtlk_window *w, int32_t inputs, int32_t lane, int32_t outputs) {
  w->input_lane = lane;
  w->input_blocks = blocks_of(inputs, lane);
  w->output_channels = outputs;
  w->output_blocks = blocks_of(outputs, MTLK_LANE);
}

void set_epilogue(random_t *random, mtlk_window *w, int has_operand) {
  w->activation = PICK(random, MTLK_NO_ACTIVATION, MTLK_RELU, MTLK_LEAKY_RELU, MTLK_CLIPPED_RELU);
  w->slope = w->activation == MTLK_CLIPPED_RELU ? PICK_FLOAT(random, 1, 6) : PICK_FLOAT(random, 0.01f, 0.2f, 1, -0.5f);
  if (once_in(random, 3)) {
    w->activation = MTLK_NO_ACTIVATION;
    w->row_activation = integer(random, MTLK_RELU, MTLK_HARD_SWISH);
  }
  if (!has_operand) return;
  w->operand = PICK(random, MTLK_ADD_OPERAND, MTLK_MULTIPLY_OPERAND);
  w->operand_activation = PICK(random, MTLK_NO_ACTIVATION, MTLK_RELU, MTLK_LEAKY_RELU);
}

void tell_window(const mtlk_window *w, const char *more) {
  story(
      "%d x %d in %d blocks of %d to %d x %d of %d channels, kernel %d x %d, stride %d x %d, dilation %d x %d, padding "
      "%d "
      "%d %d %d, activations %d %d %d, operand %d, %s",
      w->input_rows, w->input_columns, w->input_blocks, w->input_lane, w->output_rows, w->output_columns,
      w->output_channels, w->kernel_rows, w->kernel_columns, w->stride_rows, w->stride_columns, w->dilation_rows,
      w->dilation_columns, w->padding_top, w->padding_left, w->padding_bottom, w->padding_right, w->activation,
      w->row_activation, w->operand_activation, w->operand, more);
}
