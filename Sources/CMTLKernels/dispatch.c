/* Which instruction sets the processor has and the operating system saves, how many processors there are, and the table
 * of kernel sets. */
#define _GNU_SOURCE /* sched_getaffinity, syscall */
#include <sched.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel_sets.h"

#if defined(__x86_64__)
#include <cpuid.h>

static uint64_t saved_state(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return ((uint64_t)high << 32) | low;
}

/* Tiles are 8 KB of state that a thread gets once it uses them, if the process has asked for the permission. The system
 * may refuse it, for example where a signal stack is too small. */
static int may_use_tiles(void) {
  const long request_permission = 0x1023, tile_data = 18;
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

static int32_t find_best_isa(void) {
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return MTLK_SCALAR;
  const uint32_t avx = 1u << 28, osxsave = 1u << 27, fma = 1u << 12;
  if ((c & (avx | osxsave | fma)) != (avx | osxsave | fma)) return MTLK_SCALAR;
  const uint64_t state = saved_state();
  if ((state & 0x6) != 0x6) return MTLK_SCALAR; /* xmm and ymm */
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & (1u << 5))) return MTLK_SCALAR;
  const uint32_t f = 1u << 16, dq = 1u << 17, bw = 1u << 30, vl = 1u << 31;
  const uint32_t avx512 = f | dq | bw | vl;
  const int saves_zmm = (state & 0xe6) == 0xe6; /* and opmask, both halves of zmm */
  if ((b & avx512) != avx512 || !saves_zmm) return MTLK_AVX2;
  const uint32_t vnni = 1u << 11, tiles = 1u << 22 | 1u << 24 | 1u << 25; /* of edx: amx-bf16, amx-tile, amx-int8 */
  const int has_tiles = (d & tiles) == tiles, saves_tiles = (state & 0x60000) == 0x60000; /* shapes and contents */
  if (!(c & vnni)) return MTLK_AVX512;
  if (!__get_cpuid_count(7, 1, &a, &b, &c, &d) || !(a & (1u << 5))) return MTLK_AVX512_VNNI;
  return has_tiles && saves_tiles && may_use_tiles() ? MTLK_AMX : MTLK_AVX512_BF16;
}
#elif defined(__aarch64__)
#include <sys/auxv.h>

/* The system tells of instructions only whose registers it saves. The bits are those of its own header, of which old
 * copies lack the last. */
static int32_t find_best_isa(void) {
  const unsigned long simd = 1ul << 1, dot_products = 1ul << 20; /* asimd, asimddp of AT_HWCAP */
  const unsigned long mixed_products = 1ul << 13;                /* i8mm of AT_HWCAP2 */
  const unsigned long has = getauxval(AT_HWCAP);
  if (!(has & simd)) return MTLK_SCALAR;
  if (!(has & dot_products)) return MTLK_NEON;
  return getauxval(AT_HWCAP2) & mixed_products ? MTLK_NEON_I8MM : MTLK_NEON_DOT;
}
#else
static int32_t find_best_isa(void) { return MTLK_SCALAR; }
#endif

/* Found once: two threads that ask first find the same. */
int32_t mtlk_best_isa(void) {
  static _Atomic int32_t best;
  if (best == 0) best = find_best_isa();
  return best;
}

const mtlk_kernel_set *mtlk_kernels(int32_t isa) {
#define MTLK_CASE(set, number)                                                                                        \
  if (isa == number) return &mtlk_set_##set;
  MTLK_SET_LIST(MTLK_CASE)
#undef MTLK_CASE
  return NULL;
}

int32_t mtlk_affinity_count(void) {
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) != 0) return 1;
  const int count = CPU_COUNT(&mask);
  return count < 1 ? 1 : count;
}
