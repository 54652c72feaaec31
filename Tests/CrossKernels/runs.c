/* The runs of a configuration on all sets, and how their outputs compare. */
#define _GNU_SOURCE
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runs.h"

enum { MOST_OUTPUTS = 4 };

static const mtlk_kernel_set *sets[MOST_SETS];
static int set_count;
static int64_t calls[MOST_SETS][KERNEL_COUNT];

static char configuration[200], telling[400];
static int64_t failures;

/* What the oracle gave, the first vector set, and the first run of a set. */
static const void *expected[MOST_OUTPUTS], *vectors[MOST_OUTPUTS], *firsts[MOST_OUTPUTS];
static int output_index;

void find_sets(void) {
#define MTLK_FIND(set, isa) \
  if (isa <= mtlk_best_isa()) sets[set_count++] = mtlk_kernels(isa);
  MTLK_SET_LIST(MTLK_FIND)
#undef MTLK_FIND
}

int tested_sets(void) { return set_count; }
const mtlk_kernel_set *tested_set(int index) { return sets[index]; }
int64_t calls_of(int set, int kernel) { return calls[set][kernel]; }
int64_t failure_count(void) { return failures; }
const char *current_story(void) { return telling; }
const char *current_configuration(void) { return configuration; }

void begin_configuration(const char *family, int64_t number, uint64_t seed) {
  forget_all();
  for (int i = 0; i < MOST_OUTPUTS; i++) expected[i] = vectors[i] = NULL;
  snprintf(configuration, sizeof configuration, "%s, configuration %lld of seed %llu", family, (long long)number,
           (unsigned long long)seed);
  telling[0] = 0;
}

void story(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(telling, sizeof telling, format, arguments);
  va_end(arguments);
}

run_t first_run(void) {
  begin_stretches();
  output_index = 0;
  return (run_t){.set = sets[0], .place = BEHIND, .is_running = 1};
}

/* The oracle runs once, every other set at all places. */
void next_run(run_t *run) {
  begin_stretches();
  output_index = 0;
  if (run->set_index > 0 && run->place < BEFORE) {
    run->place++;
    run->is_split = 1;
    return;
  }
  const int next = run->set_index + 1;
  *run = (run_t){.set_index = next, .set = next < set_count ? sets[next] : NULL, .is_running = next < set_count};
}

void count_call(const run_t *run, int kernel) { calls[run->set_index][kernel]++; }

void *copied(const run_t *run, const void *from, size_t size, size_t element) {
  uint8_t *to = guarded(size, element, run->place);
  if (size) memcpy(to, from, size);
  return to;
}

float *untouched_floats(const run_t *run, int64_t count) {
  const size_t size = (size_t)count * sizeof(float);
  return memset(guarded(size, sizeof(float), run->place), UNTOUCHED_FLOAT, size);
}

uint16_t *untouched_halves(const run_t *run, int64_t count) {
  const size_t size = (size_t)count * sizeof(uint16_t);
  return memset(guarded(size, sizeof(uint16_t), run->place), UNTOUCHED_FLOAT, size);
}

uint8_t *untouched_bytes(const run_t *run, int64_t count) {
  return memset(guarded((size_t)count, 1, run->place), UNTOUCHED_BYTE, (size_t)count);
}

static void fail(const run_t *run, int64_t place, double found, double wanted) {
  static const char *const places[] = {"guard behind", "guard behind, odd addresses, split", "guard before, split"};
  if (failures++ < 20) {
    printf("%s, %s\n  %s, output %d: element %lld is %.9g, not %.9g\n  %s\n", run->set->name, configuration,
           places[run->place], output_index, (long long)place, found, wanted, telling);
    fflush(stdout);
  }
}

static const void *saved(const void *from, size_t size) {
  void *copy = keep(size);
  if (size) memcpy(copy, from, size);
  return copy;
}

void check_bytes(const run_t *run, const uint8_t *found, int64_t count, int most) {
  const int index = output_index++;
  if (run->set_index == 0) {
    expected[index] = saved(found, (size_t)count);
    return;
  }
  if (!vectors[index]) vectors[index] = saved(found, (size_t)count);
  const uint8_t *wanted = expected[index], *vector = vectors[index];
  for (int64_t i = 0; i < count; i++) {
    if (abs(found[i] - wanted[i]) > most) {
      fail(run, i, found[i], wanted[i]);
      return;
    }
    if (found[i] != vector[i]) {
      fail(run, i, found[i], vector[i]);
      return;
    }
  }
}

/* Of numbers; what no kernel wrote is that NaN in both. */
static int are_close(float found, float wanted, float absolute, float relative) {
  const uint32_t untouched = 0xFFFFFFFF;
  uint32_t found_bits, wanted_bits;
  memcpy(&found_bits, &found, sizeof found);
  memcpy(&wanted_bits, &wanted, sizeof wanted);
  if (found_bits == wanted_bits || found == wanted) return 1;
  if (found_bits == untouched || wanted_bits == untouched) return 0;
  if (isnan(found) || isnan(wanted)) return isnan(found) && isnan(wanted);
  return fabsf(found - wanted) <= absolute + relative * fabsf(wanted);
}

static int have_same_bits(float a, float b) { return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b)); }

void check_floats(const run_t *run, const float *found, int64_t count, float absolute, float relative) {
  const int index = output_index++;
  const size_t size = (size_t)count * sizeof(float);
  if (run->set_index == 0) {
    expected[index] = saved(found, size);
    return;
  }
  if (!vectors[index]) vectors[index] = saved(found, size);
  const float *wanted = expected[index], *vector = vectors[index];
  for (int64_t i = 0; i < count; i++) {
    if (!are_close(found[i], wanted[i], absolute, relative)) {
      fail(run, i, found[i], wanted[i]);
      return;
    }
    if (!have_same_bits(found[i], vector[i])) {
      fail(run, i, found[i], vector[i]);
      return;
    }
  }
}

void check_sums(const run_t *run, const float *found, int64_t count, const float *absolute, float relative) {
  const int index = output_index++;
  const size_t size = (size_t)count * sizeof(float);
  if (run->set_index == 0) {
    expected[index] = saved(found, size);
    return;
  }
  if (run->place == BEHIND) firsts[index] = saved(found, size);
  const float *wanted = expected[index], *first = firsts[index];
  for (int64_t i = 0; i < count; i++) {
    if (!are_close(found[i], wanted[i], absolute[i], relative)) {
      fail(run, i, found[i], wanted[i]);
      return;
    }
    if (!have_same_bits(found[i], first[i])) {
      fail(run, i, found[i], first[i]);
      return;
    }
  }
}
