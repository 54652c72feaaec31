/* Weights in the order of the kernels that read them. */
#include <string.h>

#include "mtl_kernels.h"
#include "transpose.h"

/* A place in the packed order: where the weights of one input and tap for 16 outputs go. */
typedef struct {
  int64_t input, tap;
} place_t;

static inline float *packed_row(float *block, place_t place, int64_t taps, int64_t lane) {
  return block + ((place.input / lane * taps + place.tap) * lane + place.input % lane) * MTLK_LANE;
}

static inline place_t next_place(place_t place, int64_t taps) {
  place.tap++;
  if (place.tap == taps) place = (place_t){place.input + 1, 0};
  return place;
}

/* Up to 16 outputs. Their weights are a matrix of outputs x (inputs, taps) that is transposed tile by tile. */
static void pack_block(const float *weights, const float *scale, float *packed, int64_t outputs, int64_t inputs,
                       int64_t taps, int64_t lane) {
  float tile[MTLK_LANE * MTLK_LANE] = {0}, columns[MTLK_LANE * MTLK_LANE];
  const int64_t count = inputs * taps;
  place_t place = {0, 0};
  for (int64_t first = 0; first < count; first += MTLK_LANE) {
    const int64_t width = count - first < MTLK_LANE ? count - first : MTLK_LANE;
    for (int64_t o = 0; o < outputs; o++) copy_floats(tile + o * MTLK_LANE, weights + o * count + first, width);
    for (int64_t i = 0; scale && i < outputs * MTLK_LANE; i++) tile[i] *= scale[i / MTLK_LANE];
    transpose(tile, MTLK_LANE, columns, MTLK_LANE);
    for (int64_t i = 0; i < width; i++, place = next_place(place, taps)) {
      copy_floats(packed_row(packed, place, taps, lane), columns + i * MTLK_LANE, MTLK_LANE);
    }
  }
}

void mtlk_pack_convolution(const float *weights, const float *scale, float *packed, int64_t outputs, int64_t inputs,
                           int64_t taps, int64_t lane) {
  const int64_t input_blocks = (inputs + lane - 1) / lane, block_size = input_blocks * taps * lane * MTLK_LANE;
  for (int64_t o = 0; o < outputs; o += MTLK_LANE, packed += block_size) {
    const int64_t count = outputs - o < MTLK_LANE ? outputs - o : MTLK_LANE;
    if (inputs % lane > 0) memset(packed, 0, sizeof(float) * (size_t)block_size);
    pack_block(weights + o * inputs * taps, scale ? scale + o : NULL, packed, count, inputs, taps, lane);
  }
}

void mtlk_pack_bytes(const int8_t *weights, int8_t *packed, int64_t outputs, int64_t inputs, int64_t taps,
                     int64_t lane_count) {
  const int64_t output_blocks = (outputs + MTLK_LANE - 1) / MTLK_LANE;
  const int64_t input_blocks = (inputs + lane_count - 1) / lane_count;
  memset(packed, 0, (size_t)(output_blocks * MTLK_LANE * input_blocks * lane_count * taps));
  for (int64_t o = 0; o < outputs; o++) {
    for (int64_t i = 0; i < inputs; i++) {
      const int64_t lane = i % lane_count;
      int8_t *to = packed + (o / MTLK_LANE * input_blocks + i / lane_count) * taps * MTLK_LANE * lane_count;
      to += (lane / 4 * MTLK_LANE + o % MTLK_LANE) * 4 + lane % 4;
      for (int64_t tap = 0; tap < taps; tap++) to[tap * MTLK_LANE * lane_count] = weights[(o * inputs + i) * taps + tap];
    }
  }
}

/* The nearest half, ties to even. */
static uint16_t rounded_half(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if (value != value) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

void mtlk_pack_halves(const float *weights, const float *scale, uint16_t *packed, int64_t outputs, int64_t inputs,
                      int64_t taps) {
  const int64_t output_blocks = (outputs + MTLK_LANE - 1) / MTLK_LANE, tap_weights = MTLK_HALF_LANE * MTLK_LANE;
  const int64_t input_blocks = (inputs + MTLK_HALF_LANE - 1) / MTLK_HALF_LANE;
  memset(packed, 0, sizeof(uint16_t) * (size_t)(output_blocks * input_blocks * taps * tap_weights));
  for (int64_t o = 0; o < outputs; o++) {
    const float factor = scale ? scale[o] : 1;
    for (int64_t i = 0; i < inputs; i++) {
      const int64_t lane = i % MTLK_HALF_LANE;
      uint16_t *to = packed + (o / MTLK_LANE * input_blocks + i / MTLK_HALF_LANE) * taps * tap_weights;
      to += (lane / 2 * MTLK_LANE + o % MTLK_LANE) * 2 + lane % 2;
      for (int64_t tap = 0; tap < taps; tap++) {
        to[tap * tap_weights] = rounded_half(weights[(o * inputs + i) * taps + tap] * factor);
      }
    }
  }
}
