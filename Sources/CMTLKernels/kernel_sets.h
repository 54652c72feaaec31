/* The kernel sets of this build. */
#ifndef MTLK_KERNEL_SETS_H
#define MTLK_KERNEL_SETS_H

#include "mtl_kernels.h"

#define MTLK_DECLARE_SET(set, isa) extern const mtlk_kernel_set mtlk_set_##set;
MTLK_SET_LIST(MTLK_DECLARE_SET)
#undef MTLK_DECLARE_SET

#endif
