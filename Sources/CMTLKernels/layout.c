/* Changes of layout, and small operations whose time does not matter. */
#include <math.h>

#include "mtl_kernels.h"

void mtlk_softmax(const float *x, float *y, int64_t rows, int64_t length) {
  for (int64_t row = 0; row < rows; row++, x += length, y += length) {
    float largest = -INFINITY, sum = 0;
    for (int64_t i = 0; i < length; i++) largest = x[i] > largest ? x[i] : largest;
    for (int64_t i = 0; i < length; i++) sum += y[i] = expf(x[i] - largest);
    for (int64_t i = 0; i < length; i++) y[i] /= sum;
  }
}

void mtlk_global_average(const float *blocks, float *output, int64_t block_count, int64_t pixels) {
  for (int64_t block = 0; block < block_count; block++, blocks += pixels * MTLK_LANE, output += MTLK_LANE) {
    double sums[MTLK_LANE] = {0};
    for (int64_t p = 0; p < pixels; p++) {
      for (int lane = 0; lane < MTLK_LANE; lane++) sums[lane] += blocks[p * MTLK_LANE + lane];
    }
    for (int lane = 0; lane < MTLK_LANE; lane++) output[lane] = (float)(sums[lane] / (double)pixels);
  }
}

void mtlk_reblock(const float *source, int64_t source_lane, float *target, int64_t target_lane, int64_t channels,
                  int64_t pixels) {
  for (int64_t first = 0; first < channels; first += target_lane, target += pixels * target_lane) {
    for (int64_t l = 0; l < target_lane; l++) {
      const int64_t channel = first + l;
      const float *from = source + channel / source_lane * source_lane * pixels + channel % source_lane;
      for (int64_t p = 0; p < pixels; p++) target[p * target_lane + l] = channel < channels ? from[p * source_lane] : 0;
    }
  }
}
