/* Between floats and halves, and what is done to halves alone. */
#include "halves.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { UNTOUCHED_HALF = UNTOUCHED_FLOAT << 8 | UNTOUCHED_FLOAT };

uint16_t *halves(random_t *random, int64_t count) {
  uint16_t *values = keep((size_t)count * sizeof *values);
  for (int64_t i = 0; i < count; i++) {
    const uint64_t bits = random_bits(random);
    values[i] = (uint16_t)((bits & 0x807F) | (119 + (bits >> 61)) << 7);
  }
  return values;
}

uint16_t *image_of_halves(random_t *random, int32_t blocks, int64_t pixels, int32_t channels) {
  uint16_t *image = halves(random, blocks * pixels * MTLK_HALF_LANE);
  for (int64_t pixel = (blocks - 1) * pixels; pixel < blocks * pixels; pixel++) {
    for (int32_t lane = channels - (blocks - 1) * MTLK_HALF_LANE; lane < MTLK_HALF_LANE; lane++) {
      image[pixel * MTLK_HALF_LANE + lane] = 0;
    }
  }
  return image;
}

const float *values_of(const uint16_t *halves, int64_t count) {
  uint32_t *bits = keep((size_t)count * sizeof *bits);
  for (int64_t i = 0; i < count; i++) bits[i] = halves[i] == UNTOUCHED_HALF ? UINT32_MAX : (uint32_t)halves[i] << 16;
  float *values = keep((size_t)count * sizeof *values);
  return memcpy(values, bits, (size_t)count * sizeof *values);
}

static void check_halves(const run_t *run, const uint16_t *found, int64_t count) {
  check_floats(run, values_of(found, count), count, 0, 0);
}

static float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Numbers of all magnitudes, those in the middle between two halves, and what is no number. */
static float *any_floats(random_t *random, int64_t count) {
  float *values = floats(random, count, -9, 9);
  for (int64_t i = 0; i < count; i++) {
    const uint32_t bits = (uint32_t)random_bits(random);
    switch (integer(random, 0, 9)) {
      case 0:
        values[i] = PICK_FLOAT(random, NAN, -NAN, INFINITY, -INFINITY, 0, -0.0f, FLT_MAX, FLT_TRUE_MIN,
                               float_of(0x7F800001), float_of(0x7F7F7FFF), float_of(0x7F7F8000));
        break;
      case 1: values[i] = float_of((bits & 0xFFFF0000) | 0x8000); break;
      case 2: values[i] = float_of(bits); break;
    }
  }
  return values;
}

/* Blocks of 16 somewhere in a larger image. */
typedef struct {
  int32_t pixels, blocks, first, output_blocks;
  int64_t count; /* of the larger image */
  pieces_t parts, pieces;
} part_t;

static part_t random_part(random_t *random) {
  part_t p = {.pixels = integer(random, 1, 40), .blocks = integer(random, 1, 9), .first = integer(random, 0, 4)};
  p.output_blocks = p.first + p.blocks + PICK(random, 0, 0, integer(random, 0, 3));
  p.count = (int64_t)blocks_of(p.output_blocks, 2) * MTLK_HALF_LANE * p.pixels;
  p.parts = parts_of(random, p.pixels);
  p.pieces = split(random, &p.parts);
  story("%d pixels, %d blocks to block %d of %d", p.pixels, p.blocks, p.first, p.output_blocks);
  return p;
}

void try_to_halves(random_t *random) {
  const part_t p = random_part(random);
  const int64_t count = (int64_t)MTLK_LANE * p.pixels * p.blocks;
  const float *values = any_floats(random, count);
  FOR_ALL_RUNS(run) {
    const float *x = COPIED(&run, values, count);
    uint16_t *y = untouched_halves(&run, p.count);
    FOR_PIECES(&run, piece, &p.parts, &p.pieces) {
      CALL(&run, to_halves, (x, y, p.pixels, p.blocks, p.first, p.output_blocks, piece->begin, piece->end));
    }
    check_halves(&run, y, p.count);
  }
}

void try_copy_halves(random_t *random) {
  const part_t p = random_part(random);
  const int64_t count = (int64_t)blocks_of(p.blocks, 2) * MTLK_HALF_LANE * p.pixels;
  const uint16_t *values = halves(random, count);
  FOR_ALL_RUNS(run) {
    const uint16_t *x = COPIED(&run, values, count);
    uint16_t *y = untouched_halves(&run, p.count);
    FOR_PIECES(&run, piece, &p.parts, &p.pieces) {
      CALL(&run, copy_halves, (x, y, p.pixels, p.blocks, p.first, p.output_blocks, piece->begin, piece->end));
    }
    check_halves(&run, y, p.count);
  }
}

void try_from_halves(random_t *random) {
  const part_t p = random_part(random);
  const int64_t count = (int64_t)blocks_of(p.blocks, 2) * MTLK_HALF_LANE * p.pixels;
  const int64_t output_count = (int64_t)MTLK_LANE * p.pixels * p.blocks;
  const uint16_t *values = (const uint16_t *)bytes(random, count * (int64_t)sizeof(uint16_t));
  FOR_ALL_RUNS(run) {
    const uint16_t *x = COPIED(&run, values, count);
    float *y = untouched_floats(&run, output_count);
    FOR_PIECES(&run, piece, &p.parts, &p.pieces) {
      CALL(&run, from_halves, (x, y, p.pixels, p.blocks, piece->begin, piece->end));
    }
    check_floats(&run, y, output_count, 0, 0);
  }
}

void try_max_pool_halves(random_t *random) {
  mtlk_window w = random_window(random, POOL_WINDOW);
  const int32_t blocks = integer(random, 1, 3);
  const int32_t channels = blocks * MTLK_HALF_LANE - PICK(random, 0, integer(random, 0, MTLK_HALF_LANE - 1));
  set_channels(&w, channels, MTLK_HALF_LANE, channels);
  const int64_t count = blocks * MTLK_HALF_LANE * inputs_of(&w);
  const int64_t output_count = blocks * MTLK_HALF_LANE * outputs_of(&w);
  uint16_t *values = halves(random, count);
  for (int64_t i = 0; i < count; i++) {
    if (once_in(random, 10)) values[i] = (uint16_t)PICK(random, 0x7FC0, 0x7F80, 0xFF80, 0, 0x8000);
  }
  const pieces_t some = parts_of(random, blocks), rows = parts_of(random, w.output_rows);
  const pieces_t fewer = split(random, &some), fewer_rows = split(random, &rows);
  tell_window(&w, "halves");
  FOR_ALL_RUNS(run) {
    const uint16_t *input = COPIED(&run, values, count);
    uint16_t *output = untouched_halves(&run, output_count);
    FOR_PIECES(&run, block, &some, &fewer) {
      FOR_PIECES(&run, row, &rows, &fewer_rows) {
        CALL(&run, max_pool_halves, (&w, input, output, block->begin, block->end, row->begin, row->end));
      }
    }
    check_halves(&run, output, output_count);
  }
}

void try_global_average_halves(random_t *random) {
  const int32_t pixels = integer(random, 1, 200), output_blocks = integer(random, 1, 13);
  const int32_t blocks = blocks_of(output_blocks, 2);
  const int64_t size = (int64_t)blocks * MTLK_HALF_LANE * pixels, count = (int64_t)output_blocks * MTLK_LANE;
  const uint16_t *values = halves(random, size);
  const pieces_t parts = parts_of(random, blocks), pieces = split(random, &parts);
  story("%d pixels, %d blocks", pixels, output_blocks);
  FOR_ALL_RUNS(run) {
    const uint16_t *x = COPIED(&run, values, size);
    float *y = untouched_floats(&run, count);
    FOR_PIECES(&run, piece, &parts, &pieces) {
      CALL(&run, global_average_halves, (x, y, pixels, piece->begin, piece->end, output_blocks));
    }
    check_floats(&run, y, count, 0, 0);
  }
}
