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

#endif
