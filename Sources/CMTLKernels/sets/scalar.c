/* The oracle: every kernel the plain way, one element at a time, sharing no code with the vector sets. */
#include <math.h>
#include <stddef.h>

#include "../kernel_sets.h"

static float activation_of(float value, int32_t activation, float slope) {
  switch (activation) {
    case MTLK_RELU: return value > 0 || value != value ? value : 0;
    case MTLK_LEAKY_RELU: return value >= 0 ? value : value * slope;
    case MTLK_CLIPPED_RELU: return value != value ? value : value <= 0 ? 0 : value > slope ? slope : value;
    case MTLK_SIGMOID: return 1 / (1 + expf(-value));
    case MTLK_TANH: return tanhf(value);
    case MTLK_GELU: return (float)(value * 0.5 * (1 + erf(value * 0.70710678118654752)));
    case MTLK_SILU: return value / (1 + expf(-value));
    case MTLK_HARD_SWISH: return value * (value <= -3 ? 0 : value >= 3 ? 6 : value + 3) / 6;
    default: return value;
  }
}

/* Sum over all taps and input channels for one output element. */
static float convolution_sum(const mtlk_window *w, const float *input, const float *weights, int32_t row,
                             int32_t column, int32_t lane_out) {
  float sum = 0;
  for (int32_t block = 0; block < w->input_blocks; block++) {
    for (int32_t ky = 0; ky < w->kernel_rows; ky++) {
      const int32_t y = row * w->stride_rows + ky * w->dilation_rows - w->padding_top;
      for (int32_t kx = 0; kx < w->kernel_columns; kx++, weights += w->input_lane * MTLK_LANE) {
        const int32_t x = column * w->stride_columns + kx * w->dilation_columns - w->padding_left;
        if (y < 0 || y >= w->input_rows || x < 0 || x >= w->input_columns) continue;
        const float *pixel =
            input + (((int64_t)block * w->input_rows + y) * w->input_columns + x) * w->input_lane;
        for (int32_t lane = 0; lane < w->input_lane; lane++) sum += pixel[lane] * weights[lane * MTLK_LANE + lane_out];
      }
    }
  }
  return sum;
}

/* The output for one sum. */
static float finished(const mtlk_window *w, float sum, const float *operand) {
  sum = activation_of(sum, w->activation, w->slope);
  sum = activation_of(sum, w->row_activation, w->slope);
  if (!operand) return sum;
  sum = w->operand == MTLK_ADD_OPERAND ? sum + *operand : sum * *operand;
  return activation_of(sum, w->operand_activation, w->slope);
}

static void convolution(const mtlk_window *w, const float *input, const float *weights, const float *bias,
                        const float *operand, float *output, int32_t block_begin, int32_t block_end,
                        int32_t row_begin, int32_t row_end) {
  const int64_t block_weights =
      (int64_t)w->input_blocks * w->kernel_rows * w->kernel_columns * w->input_lane * MTLK_LANE;
  for (int32_t block = block_begin; block < block_end; block++) {
    for (int32_t row = row_begin; row < row_end; row++) {
      for (int32_t column = 0; column < w->output_columns; column++) {
        const int64_t place = (((int64_t)block * w->output_rows + row) * w->output_columns + column) * MTLK_LANE;
        float *out = output + place;
        for (int32_t lane = 0; lane < MTLK_LANE; lane++) {
          if (block * MTLK_LANE + lane >= w->output_channels) {
            out[lane] = 0;
            continue;
          }
          const float sum = convolution_sum(w, input, weights + block * block_weights, row, column, lane);
          out[lane] = finished(w, sum + bias[block * MTLK_LANE + lane], operand ? operand + place + lane : 0);
        }
      }
    }
  }
}

static float pool_window(const mtlk_window *w, int32_t kind, const float *plane, int32_t row, int32_t column) {
  float best = -INFINITY, sum = 0;
  int32_t covered = 0, counted = 0;
  for (int32_t ky = 0; ky < w->kernel_rows; ky++) {
    const int32_t y = row * w->stride_rows + ky * w->dilation_rows - w->padding_top;
    for (int32_t kx = 0; kx < w->kernel_columns; kx++) {
      const int32_t x = column * w->stride_columns + kx * w->dilation_columns - w->padding_left;
      if (y < w->input_rows + w->padding_bottom && x < w->input_columns + w->padding_right) counted++;
      if (y < 0 || y >= w->input_rows || x < 0 || x >= w->input_columns) continue;
      const float value = plane[((int64_t)y * w->input_columns + x) * MTLK_LANE];
      best = best >= value || best != best ? best : value;
      sum += value;
      covered++;
    }
  }
  if (kind == MTLK_MAX_POOL) return best;
  return sum / (float)(kind == MTLK_AVERAGE_POOL ? covered : counted);
}

static void pool(const mtlk_window *w, int32_t kind, const float *input, float *output, int32_t block_begin,
                 int32_t block_end, int32_t row_begin, int32_t row_end) {
  for (int32_t block = block_begin; block < block_end; block++) {
    const float *planes = input + (int64_t)block * w->input_rows * w->input_columns * MTLK_LANE;
    for (int32_t row = row_begin; row < row_end; row++) {
      for (int32_t column = 0; column < w->output_columns; column++) {
        float *out = output + (((int64_t)block * w->output_rows + row) * w->output_columns + column) * MTLK_LANE;
        for (int32_t lane = 0; lane < MTLK_LANE; lane++) {
          const int is_filling = block * MTLK_LANE + lane >= w->output_channels;
          out[lane] = is_filling ? 0 : pool_window(w, kind, planes + lane, row, column);
        }
      }
    }
  }
}

static void gemm(const mtlk_gemm *g, const float *x, const float *weight, const float *bias, float *y,
                 int64_t row_begin, int64_t row_end, int64_t output_begin, int64_t output_end) {
  for (int64_t row = row_begin; row < row_end; row++) {
    for (int64_t output = output_begin; output < output_end; output++) {
      float sum = bias ? bias[output] : 0;
      for (int64_t i = 0; i < g->depth; i++) {
        const int64_t place = g->is_by_input ? i * g->weight_step + output : output * g->weight_step + i;
        sum += x[row * g->x_step + i] * weight[place];
      }
      y[row * g->y_step + output] = activation_of(sum, g->activation, g->slope);
    }
  }
}

static void activate(const float *x, float *y, int64_t count, int32_t activation, float slope) {
  for (int64_t i = 0; i < count; i++) y[i] = activation_of(x[i], activation, slope);
}

#include "scalar_bytes.inc"
#include "scalar_channels.inc"
#include "scalar_halves.inc"
#include "scalar_attention.inc"
#include "scalar_images.inc"
#include "scalar_maps.inc"
#include "scalar_pixels.inc"
#include "scalar_sums.inc"
#include "scalar_winograd.inc"
#include "scalar_winograd_bytes.inc"

static void multiply_adds(float *sums, int64_t rounds) {
  for (int i = 0; i < MTLK_PEAK_BLOCKS * MTLK_LANE; i++) {
    for (int64_t round = 0; round < rounds; round++) sums[i] = sums[i] * 0.5f + 1;
  }
}

#define MTLK_FILL(name, parameters) name,
const mtlk_kernel_set mtlk_set_scalar = {
    .name = "scalar", .isa = MTLK_SCALAR, .sum_count = mtlk_direct_sum_count, .half_sum_count = mtlk_direct_sum_count,
    .convolution_blocks = 1, .byte_blocks = 1, .half_blocks = 1, .byte_reach = 4, .convolution_pixels = 1, .multiplies_halves = 1,
    MTLK_KERNEL_LIST(MTLK_FILL)};
