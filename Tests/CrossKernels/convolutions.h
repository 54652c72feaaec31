#ifndef CROSS_CONVOLUTIONS_H
#define CROSS_CONVOLUTIONS_H

#include "cross.h"

/* A random convolution of floats and its operands in the kernels' order. */
typedef struct {
  mtlk_window window;
  float *input, *weights, *bias, *operand;
  int64_t input_count, weight_count, output_count;
  float magnitude; /* the largest sum of the absolute values of an output's addends */
} convolution_t;

/* At most about `budget` multiplications. */
convolution_t random_convolution(random_t *random, window_kind kind, int64_t budget);

/* The grids that cover the outputs of a window. */
typedef struct {
  mtlk_winograd grids[4];
  int count;
} cover_t;

/* Tiles that leave taps outside the image out are for images with zeros there. */
cover_t cover(random_t *random, const mtlk_window *window, int has_zeros_outside);

static inline int32_t tile_count(const mtlk_winograd *grid) {
  return grid->rows.phases * grid->rows.tiles * grid->columns.phases * grid->columns.tiles;
}

#endif
