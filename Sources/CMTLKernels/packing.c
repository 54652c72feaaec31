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

/* Inputs of one block of lanes for up to 16 outputs: groups of inputs side by side. One group of one output is written at a
 * time, for all taps, so that what is read lies together and what is written stays in the first-level cache. */
static inline __attribute__((always_inline)) void pack_fours(const int8_t *weights, int8_t *packed, int64_t outputs,
                                                             int64_t all_inputs, int64_t inputs, int64_t taps,
                                                             int64_t tap_step) {
  for (int64_t first = 0; first < inputs; first += 4) {
    const int64_t count = inputs - first < 4 ? inputs - first : 4;
    for (int64_t o = 0; o < outputs; o++) {
      const int8_t *from = weights + (o * all_inputs + first) * taps;
      int8_t *to = packed + (first / 4 * MTLK_LANE + o) * 4;
      for (int64_t tap = 0; tap < taps; tap++, to += tap_step) {
        if (count == 4) {
          const int8_t four[4] = {from[tap], from[taps + tap], from[2 * taps + tap], from[3 * taps + tap]};
          memcpy(to, four, sizeof four);
        } else {
          for (int64_t i = 0; i < count; i++) to[i] = from[i * taps + tap];
        }
      }
    }
  }
}

void mtlk_pack_bytes(const int8_t *weights, int8_t *packed, int64_t outputs, int64_t inputs, int64_t taps,
                     int64_t lane) {
  const int64_t tap_step = MTLK_LANE * lane;
  for (int64_t o = 0; o < outputs; o += MTLK_LANE) {
    const int64_t rows = outputs - o < MTLK_LANE ? outputs - o : MTLK_LANE;
    for (int64_t i = 0; i < inputs; i += lane, packed += taps * tap_step) {
      const int64_t count = inputs - i < lane ? inputs - i : lane;
      const int8_t *from = weights + (o * inputs + i) * taps;
      if (rows < MTLK_LANE || count < lane) memset(packed, 0, (size_t)(taps * tap_step));
      if (taps == 1) {
        pack_fours(from, packed, rows, inputs, count, 1, tap_step);
      } else if (taps == 9) {
        pack_fours(from, packed, rows, inputs, count, 9, tap_step);
      } else {
        pack_fours(from, packed, rows, inputs, count, taps, tap_step);
      }
    }
  }
}

/* Four inputs of 16 outputs, and the sums of neighbouring two. */
typedef uint8_t fours_t __attribute__((vector_size(4 * MTLK_LANE)));
typedef int8_t signed_fours_t __attribute__((vector_size(4 * MTLK_LANE)));
typedef uint16_t twos_t __attribute__((vector_size(4 * MTLK_LANE)));

static inline twos_t sums_of_two(fours_t bytes) { return ((twos_t)bytes & 0xFF) + ((twos_t)bytes >> 8); }

int64_t mtlk_largest_weight_sum(const int8_t *packed, int64_t output_blocks, int64_t block_size) {
  enum { ROW = sizeof(fours_t), ROWS = 128 }; /* as many as sums of 16 bits hold */
  int64_t largest = 0;
  for (int64_t block = 0; block < output_blocks; block++) {
    int64_t above[MTLK_LANE] = {0}, all[MTLK_LANE] = {0};
    for (int64_t left = block_size / ROW; left > 0; left -= ROWS) {
      const int64_t rows = left < ROWS ? left : ROWS;
      twos_t positive = {0}, shifted = {0}; /* shifted so that no weight is below zero */
      for (int64_t row = 0; row < rows; row++, packed += ROW) {
        fours_t weights;
        memcpy(&weights, packed, sizeof weights);
        positive += sums_of_two(weights & (fours_t)((signed_fours_t)weights > 0));
        shifted += sums_of_two(weights ^ 0x80);
      }
      for (int i = 0; i < 2 * MTLK_LANE; i++) {
        above[i / 2] += positive[i];
        all[i / 2] += shifted[i] - rows * 2 * 128;
      }
    }
    for (int o = 0; o < MTLK_LANE; o++) {
      if (above[o] > largest) largest = above[o];
      if (above[o] - all[o] > largest) largest = above[o] - all[o];
    }
  }
  return largest;
}

void mtlk_sum_bytes(const int8_t *packed, int32_t *sums, int64_t output_blocks, int64_t block_size) {
  for (int64_t block = 0; block < output_blocks; block++, packed += block_size, sums += MTLK_LANE) {
    memset(sums, 0, sizeof(int32_t) * MTLK_LANE);
    for (int64_t i = 0; i < block_size; i += 4 * MTLK_LANE) {
      for (int64_t o = 0; o < MTLK_LANE; o++) {
        const int8_t *four = packed + i + 4 * o;
        sums[o] += four[0] + four[1] + four[2] + four[3];
      }
    }
  }
}

/* The nearest half, ties to even. */
static inline uint16_t rounded_half(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if (value != value) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static inline __attribute__((always_inline)) void pack_pairs(const float *weights, const float *scale,
                                                             uint16_t *packed, int64_t outputs, int64_t all_inputs,
                                                             int64_t inputs, int64_t taps) {
  for (int64_t first = 0; first < inputs; first += 2) {
    const int64_t count = inputs - first < 2 ? inputs - first : 2;
    for (int64_t o = 0; o < outputs; o++) {
      const float *from = weights + (o * all_inputs + first) * taps;
      const float factor = scale ? scale[o] : 1;
      uint16_t *to = packed + (first / 2 * MTLK_LANE + o) * 2;
      for (int64_t tap = 0; tap < taps; tap++, to += MTLK_LANE * MTLK_HALF_LANE) {
        for (int64_t i = 0; i < count; i++) to[i] = rounded_half(from[i * taps + tap] * factor);
      }
    }
  }
}

void mtlk_pack_halves(const float *weights, const float *scale, uint16_t *packed, int64_t outputs, int64_t inputs,
                      int64_t taps) {
  const int64_t block = taps * MTLK_LANE * MTLK_HALF_LANE;
  for (int64_t o = 0; o < outputs; o += MTLK_LANE) {
    const int64_t rows = outputs - o < MTLK_LANE ? outputs - o : MTLK_LANE;
    for (int64_t i = 0; i < inputs; i += MTLK_HALF_LANE, packed += block) {
      const int64_t count = inputs - i < MTLK_HALF_LANE ? inputs - i : MTLK_HALF_LANE;
      const float *from = weights + (o * inputs + i) * taps, *factors = scale ? scale + o : NULL;
      if (rows < MTLK_LANE || count < MTLK_HALF_LANE) memset(packed, 0, sizeof(uint16_t) * (size_t)block);
      if (taps == 1) {
        pack_pairs(from, factors, packed, rows, inputs, count, 1);
      } else if (taps == 9) {
        pack_pairs(from, factors, packed, rows, inputs, count, 9);
      } else {
        pack_pairs(from, factors, packed, rows, inputs, count, taps);
      }
    }
  }
}
