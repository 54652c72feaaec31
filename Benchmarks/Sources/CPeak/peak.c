#include "peak.h"

#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

enum { ROUNDS = 400000, TRIES = 20 };

__attribute__((target("avx2,fma"))) double mtl_peak_avx2(void) {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
  __m256 sums[12];
  const __m256 a = _mm256_set1_ps(0.5f), b = _mm256_set1_ps(0.25f);
  for (int j = 0; j < 12; j++) sums[j] = _mm256_set1_ps((float)j);
  double best = 0;
  for (int try = 0; try < TRIES; try++) {
    const double begin = seconds();
    for (int i = 0; i < ROUNDS; i++) {
      _Pragma("clang loop unroll(full)") for (int j = 0; j < 12; j++) {
        sums[j] = _mm256_fmadd_ps(sums[j], a, b);
        __asm__ volatile("" : "+x"(sums[j]));
      }
    }
    const double rate = ROUNDS * 12.0 * 8 / (seconds() - begin);
    best = rate > best ? rate : best;
  }
  return best;
}

__attribute__((target("avx512f"))) double mtl_peak_avx512(void) {
  if (!__builtin_cpu_supports("avx512f")) return 0;
  __m512 sums[24];
  const __m512 a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(0.25f);
  for (int j = 0; j < 24; j++) sums[j] = _mm512_set1_ps((float)j);
  double best = 0;
  for (int try = 0; try < TRIES; try++) {
    const double begin = seconds();
    for (int i = 0; i < ROUNDS; i++) {
      _Pragma("clang loop unroll(full)") for (int j = 0; j < 24; j++) {
        sums[j] = _mm512_fmadd_ps(sums[j], a, b);
        __asm__ volatile("" : "+v"(sums[j]));
      }
    }
    const double rate = ROUNDS * 24.0 * 16 / (seconds() - begin);
    best = rate > best ? rate : best;
  }
  return best;
}
#else
double mtl_peak_avx2(void) { return 0; }
double mtl_peak_avx512(void) { return 0; }
#endif
