/* Random numbers and ranges, the same on every machine. */
#include "cross.h"

uint64_t random_bits(random_t *random) { /* splitmix64 */
  uint64_t z = random->state += 0x9E3779B97F4A7C15;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  return z ^ z >> 31;
}

int32_t integer(random_t *random, int32_t low, int32_t high) {
  const uint64_t count = (uint64_t)((int64_t)high - low) + 1;
  return (int32_t)(low + (int64_t)((random_bits(random) >> 32) * count >> 32));
}

int once_in(random_t *random, int32_t count) { return integer(random, 1, count) == 1; }

float number(random_t *random, float low, float high) {
  return low + (float)(random_bits(random) >> 40) * 0x1p-24f * (high - low);
}

int32_t pick(random_t *random, const int32_t *choices, size_t count) {
  return choices[integer(random, 0, (int32_t)count - 1)];
}

float pick_float(random_t *random, const float *choices, size_t count) {
  return choices[integer(random, 0, (int32_t)count - 1)];
}

float *floats(random_t *random, int64_t count, float low, float high) {
  float *values = keep((size_t)count * sizeof *values);
  for (int64_t i = 0; i < count; i++) values[i] = number(random, low, high);
  return values;
}

uint8_t *bytes(random_t *random, int64_t count) {
  uint8_t *values = keep((size_t)count);
  for (int64_t i = 0; i < count; i++) values[i] = (uint8_t)(random_bits(random) >> 32);
  return values;
}

static void add_range(pieces_t *pieces, int32_t begin, int32_t end) {
  if (begin < end) pieces->ranges[pieces->count++] = (range_t){begin, end};
}

pieces_t parts_of(random_t *random, int32_t count) {
  pieces_t parts = {.count = 0};
  const int is_whole = !once_in(random, 3);
  const int32_t gap = is_whole ? count : integer(random, 0, count - 1);
  const int32_t gap_end = is_whole ? count : integer(random, gap, count);
  add_range(&parts, 0, gap);
  add_range(&parts, gap_end, count);
  return parts;
}

pieces_t split(random_t *random, const pieces_t *parts) {
  pieces_t pieces = {.count = 0};
  for (int i = 0; i < parts->count; i++) {
    int32_t begin = parts->ranges[i].begin;
    for (int cut = integer(random, 0, 3); cut > 0; cut--) {
      const int32_t end = integer(random, begin, parts->ranges[i].end);
      add_range(&pieces, begin, end);
      begin = end;
    }
    add_range(&pieces, begin, parts->ranges[i].end);
  }
  return pieces;
}
