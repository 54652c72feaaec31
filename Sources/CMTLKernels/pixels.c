/* 8-bit pixels: colour order, normalisation. */
#include "mtl_kernels.h"

void mtlk_convert_row(const uint8_t *source, int64_t source_step, int32_t red, int32_t green, int32_t blue,
                      uint8_t *output, int32_t columns, int32_t output_channels) {
  for (int32_t x = 0; x < columns; x++, source += source_step) {
    const uint32_t r = source[red], g = source[green], b = source[blue];
    if (output_channels == 1) {
      *output++ = (uint8_t)((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16);
    } else {
      *output++ = (uint8_t)r;
      *output++ = (uint8_t)g;
      *output++ = (uint8_t)b;
    }
  }
}

void mtlk_normalize(const uint8_t *x, float *y, int64_t pixels, int32_t channels, const float *table) {
  for (int64_t i = 0; i < pixels; i++) {
    for (int32_t c = 0; c < channels; c++) *y++ = table[c * 256 + *x++];
  }
}

void mtlk_normalize_floats(const float *x, float *y, int64_t pixels, int32_t channels, float low, float high,
                           const float *means, const float *deviations) {
  const float span = high - low;
  for (int64_t i = 0; i < pixels; i++) {
    for (int32_t c = 0; c < channels; c++) *y++ = (*x++ / 255 * span + low - means[c]) / deviations[c];
  }
}
