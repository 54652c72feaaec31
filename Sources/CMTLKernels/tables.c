#include "include/mtl_kernels.h"

void mtlk_look_up_floats(const float *from, float *to, int64_t count, float inverse_scale, int32_t zero_point,
                         const float *table) {
  for (int64_t i = 0; i < count; i++) {
    const float place = from[i] * inverse_scale + ((float)zero_point + 0.5f);
    to[i] = table[!(place > 0) ? 0 : place < 255 ? (int)place : 255];
  }
}
