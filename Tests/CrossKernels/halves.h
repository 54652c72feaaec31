#ifndef CROSS_HALVES_H
#define CROSS_HALVES_H

#include "cross.h"

/* Magnitudes from 2^-8 to 1. */
uint16_t *halves(random_t *random, int64_t count);
/* A blocked image; channels that fill the last of `blocks` blocks up are zero. */
uint16_t *image_of_halves(random_t *random, int32_t blocks, int64_t pixels, int32_t channels);

/* The half of channel `lane` of a block of 16 at a pixel. */
static inline int64_t half_place(int64_t block, int64_t pixels, int64_t pixel, int64_t lane) {
  return (block / 2 * pixels + pixel) * MTLK_HALF_LANE + block % 2 * MTLK_LANE + lane;
}

/* The floats that halves stand for; what no kernel wrote becomes such floats. */
const float *values_of(const uint16_t *halves, int64_t count);

#endif
