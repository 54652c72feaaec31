/* Every kernel of every set of a build, with random configurations, against the scalar oracle. In C alone, so that it
 * can be compiled for another processor and run under an emulator.
 *
 * A family tries one configuration at a time: it makes its operands up, then runs every set on copies of them in memory
 * of their own. The first run is the oracle's, whose outputs all others are compared with. */
#ifndef CROSS_KERNELS_H
#define CROSS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "mtl_kernels.h"

/* ---- Random numbers ---- */

typedef struct {
  uint64_t state;
} random_t;

uint64_t random_bits(random_t *random);
int32_t integer(random_t *random, int32_t low, int32_t high); /* both ends are possible */
int once_in(random_t *random, int32_t count);
float number(random_t *random, float low, float high);
int32_t pick(random_t *random, const int32_t *choices, size_t count);
float pick_float(random_t *random, const float *choices, size_t count);
#define PICK(random, ...) \
  pick(random, (const int32_t[]){__VA_ARGS__}, sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t))
#define PICK_FLOAT(random, ...) \
  pick_float(random, (const float[]){__VA_ARGS__}, sizeof((const float[]){__VA_ARGS__}) / sizeof(float))

typedef struct {
  int32_t begin, end;
} range_t;

enum { MOST_PIECES = 8 };
typedef struct {
  range_t ranges[MOST_PIECES];
  int count;
} pieces_t;

/* All of `count`, or all but a stretch that must stay untouched. */
pieces_t parts_of(random_t *random, int32_t count);
/* The same in smaller pieces. */
pieces_t split(random_t *random, const pieces_t *parts);

/* ---- Memory of a configuration, which is gone with the next ---- */

void *keep(size_t size);
float *floats(random_t *random, int64_t count, float low, float high);
uint8_t *bytes(random_t *random, int64_t count);

/* ---- Runs ---- */

/* Where memory that may not be touched lies: behind the elements; behind one more that belongs to nobody, so that the
 * addresses are odd; before the elements. */
typedef enum { BEHIND, SHIFTED, BEFORE } place_t;

typedef struct {
  const mtlk_kernel_set *set;
  int set_index;
  place_t place;
  int is_split, is_running;
} run_t;

/* What is printed where a comparison fails. */
void story(const char *format, ...) __attribute__((format(printf, 1, 2)));

run_t first_run(void);
void next_run(run_t *run);
#define FOR_ALL_RUNS(run) for (run_t run = first_run(); run.is_running; next_run(&run))

/* A copy that may be read and written, and nothing around it; without elements that were there before. */
void *copied(const run_t *run, const void *from, size_t size, size_t element);
#define COPIED(run, from, count) \
  ((__typeof__(*(from)) *)copied(run, from, (size_t)(count) * sizeof *(from), sizeof *(from)))
/* An output: what a kernel does not write stays full of these bytes, and is compared, too. */
enum { UNTOUCHED_BYTE = 0xA5, UNTOUCHED_FLOAT = 0xFF };
float *untouched_floats(const run_t *run, int64_t count);
uint8_t *untouched_bytes(const run_t *run, int64_t count);
uint16_t *untouched_halves(const run_t *run, int64_t count);

/* Keeps the oracle's output, or compares another's with it: the difference may be up to `most`, or for floats
 * `absolute` and `relative` to the expected value. Vector sets have the same bits among themselves. */
void check_bytes(const run_t *run, const uint8_t *found, int64_t count, int most);
void check_floats(const run_t *run, const float *found, int64_t count, float absolute, float relative);
/* With an absolute difference for each element. A set has the same bits whatever the split, and sets differ. */
void check_sums(const run_t *run, const float *found, int64_t count, const float *absolute, float relative);

#define KERNEL_NUMBER(name, parameters) KERNEL_##name,
enum { MTLK_KERNEL_LIST(KERNEL_NUMBER) KERNEL_COUNT };
#undef KERNEL_NUMBER
void count_call(const run_t *run, int kernel);
/* Calls a kernel of the run's set; the arguments are in brackets. */
#define CALL(run, kernel, arguments) (count_call(run, KERNEL_##kernel), (run)->set->kernel arguments)

/* For the ranges of a run. */
#define FOR_PIECES(run, range, whole, pieces)                                              \
  for (const range_t *range = ((run)->is_split ? (pieces) : (whole))->ranges,              \
                     *range##_end = range + ((run)->is_split ? (pieces) : (whole))->count; \
       range < range##_end; range++)

/* ---- Windows ---- */

typedef enum { CONVOLUTION_WINDOW, LONG_ROW_WINDOW, WINOGRAD_WINDOW, POOL_WINDOW } window_kind;

/* Kernel 1 to 11, stride 1 to 4, dilation 1 to 36, padding 0 to 36; one input and output channel. */
mtlk_window random_window(random_t *random, window_kind kind);
void set_channels(mtlk_window *window, int32_t inputs, int32_t lane, int32_t outputs);
void set_epilogue(random_t *random, mtlk_window *window, int has_operand);
void tell_window(const mtlk_window *window, const char *more);
static inline int32_t blocks_of(int32_t channels, int32_t lane) { return (channels + lane - 1) / lane; }
static inline int64_t taps_of(const mtlk_window *w) { return (int64_t)w->kernel_rows * w->kernel_columns; }
static inline int64_t inputs_of(const mtlk_window *w) { return (int64_t)w->input_rows * w->input_columns; }
static inline int64_t outputs_of(const mtlk_window *w) { return (int64_t)w->output_rows * w->output_columns; }

/* ---- Families ---- */

#define FAMILIES(X)                                                                               \
  X(convolution) X(long_rows) X(winograd)                                                         \
  X(convolution_bytes) X(long_rows_of_bytes) X(winograd_bytes) X(largest_sums)                    \
  X(quantize) X(quantize_pixels) X(dequantize) X(requantize) X(combine_bytes)                     \
  X(max_pool_bytes) X(global_average_bytes) X(round_to_grid) X(look_up) X(depthwise_bytes)        \
  X(convolution_halves) X(long_rows_of_halves)                                                    \
  X(to_halves) X(from_halves) X(copy_halves) X(max_pool_halves) X(global_average_halves)          \
  X(pair_keys) X(pair_values) X(attention_halves)                                                 \
  X(pool) X(depthwise) X(max_pool_indices) X(resize) X(resize_to_planes) X(global_average)        \
  X(gemm) X(activate) X(combine) X(weighted_sum) X(softmax_groups) X(softmax) X(multiply_adds)    \
  X(layer_norm) X(softmax_channels) X(l2_normalize) X(attention)                                  \
  X(pixel_strip) X(resample_columns) X(resample_rows) X(blend_rows) X(grey_levels)                 \
  X(sample_row) X(keep_larger)
#define DECLARE_FAMILY(name) void try_##name(random_t *random);
FAMILIES(DECLARE_FAMILY)
#undef DECLARE_FAMILY

#endif
