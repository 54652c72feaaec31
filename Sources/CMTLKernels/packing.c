/* Weights in the order of the kernels that read them. */
#include <string.h>

#include "mtl_kernels.h"

void mtlk_pack_convolution(const float *weights, const float *scale, float *packed, int64_t outputs, int64_t inputs,
                           int64_t taps, int64_t lane) {
  const int64_t input_blocks = (inputs + lane - 1) / lane, output_blocks = (outputs + MTLK_LANE - 1) / MTLK_LANE;
  memset(packed, 0, sizeof(float) * (size_t)(output_blocks * input_blocks * taps * lane * MTLK_LANE));
  for (int64_t o = 0; o < outputs; o++) {
    const float factor = scale ? scale[o] : 1;
    for (int64_t i = 0; i < inputs; i++) {
      float *to = packed + ((o / MTLK_LANE * input_blocks + i / lane) * taps * lane + i % lane) * MTLK_LANE +
                  o % MTLK_LANE;
      const float *from = weights + (o * inputs + i) * taps;
      for (int64_t tap = 0; tap < taps; tap++) to[tap * lane * MTLK_LANE] = from[tap] * factor;
    }
  }
}

/* G g G^T of one filter of 3 x 3 taps, along one direction at a time. */
static void transform_filter(const float *taps, double *result) {
  double half[4][3];
  for (int x = 0; x < 3; x++) {
    const double a = taps[x], b = taps[3 + x], c = taps[6 + x];
    half[0][x] = a;
    half[1][x] = (a + b + c) / 2;
    half[2][x] = (a - b + c) / 2;
    half[3][x] = c;
  }
  for (int y = 0; y < 4; y++, result += 4) {
    result[0] = half[y][0];
    result[1] = (half[y][0] + half[y][1] + half[y][2]) / 2;
    result[2] = (half[y][0] - half[y][1] + half[y][2]) / 2;
    result[3] = half[y][2];
  }
}

void mtlk_pack_winograd(const float *weights, const float *scale, float *packed, int64_t outputs, int64_t inputs) {
  const int64_t input_blocks = (inputs + MTLK_LANE - 1) / MTLK_LANE;
  const int64_t position = (outputs + MTLK_LANE - 1) / MTLK_LANE * input_blocks * MTLK_LANE * MTLK_LANE;
  memset(packed, 0, sizeof(float) * (size_t)(MTLK_WINOGRAD_POSITIONS * position));
  for (int64_t o = 0; o < outputs; o++) {
    const double factor = scale ? scale[o] : 1;
    for (int64_t i = 0; i < inputs; i++) {
      double filter[MTLK_WINOGRAD_POSITIONS];
      transform_filter(weights + (o * inputs + i) * 9, filter);
      float *to = packed + (o / MTLK_LANE * input_blocks * MTLK_LANE + i) * MTLK_LANE + o % MTLK_LANE;
      for (int p = 0; p < MTLK_WINOGRAD_POSITIONS; p++) to[p * position] = (float)(filter[p] * factor);
    }
  }
}
