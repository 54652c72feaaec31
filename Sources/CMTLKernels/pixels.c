/* 8-bit pixels: colour order, resampling, normalisation. */
#include "mtl_kernels.h"

enum { FRACTION_BITS = 22 };

static uint8_t clip(int32_t sum) {
  const int32_t value = sum >> FRACTION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : (uint8_t)value;
}

void mtlk_resample_horizontal(const uint8_t *input, uint8_t *output, int32_t output_columns, int32_t channels,
                              const int32_t *first, const int32_t *count, const int32_t *coefficients, int32_t taps) {
  for (int32_t x = 0; x < output_columns; x++, coefficients += taps) {
    const uint8_t *from = input + (int64_t)first[x] * channels;
    for (int32_t channel = 0; channel < channels; channel++) {
      int32_t sum = 1 << (FRACTION_BITS - 1);
      for (int32_t tap = 0; tap < count[x]; tap++) sum += from[tap * channels + channel] * coefficients[tap];
      *output++ = clip(sum);
    }
  }
}

void mtlk_resample_vertical(const uint8_t *input, int64_t row_stride, uint8_t *output, int64_t bytes, int32_t count,
                            const int32_t *coefficients) {
  for (int64_t i = 0; i < bytes; i++) {
    int32_t sum = 1 << (FRACTION_BITS - 1);
    for (int32_t row = 0; row < count; row++) sum += input[row * row_stride + i] * coefficients[row];
    output[i] = clip(sum);
  }
}

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
