#ifndef MTL_PEAK_H
#define MTL_PEAK_H

/* Multiply-accumulates a second of one core in float32: independent multiply-adds on registers only. 0 if the
 * processor lacks the instructions. */
double mtl_peak_avx2(void);
double mtl_peak_avx512(void);

#endif
