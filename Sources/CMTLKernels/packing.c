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
