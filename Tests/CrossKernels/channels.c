/* What works over the channels of pixels, and attention. */
#include <math.h>
#include <string.h>

#include "cross.h"

/* An image whose filling channels hold anything finite. */
typedef struct {
  int32_t channels, pixels, blocks;
  int64_t count;
  float *values;
  pieces_t parts, pieces;
} pixels_t;

static pixels_t random_pixels(random_t *random, float range) {
  pixels_t p = {.channels = integer(random, 1, 70), .pixels = integer(random, 1, 20)};
  p.blocks = blocks_of(p.channels, MTLK_LANE);
  p.count = (int64_t)p.blocks * p.pixels * MTLK_LANE;
  p.values = floats(random, p.count, -range, range);
  const float offset = PICK_FLOAT(random, 0, 0, 100);
  for (int64_t i = 0; i < p.count; i++) p.values[i] += offset;
  p.parts = parts_of(random, p.pixels);
  p.pieces = split(random, &p.parts);
  story("%d channels of %d pixels", p.channels, p.pixels);
  return p;
}

/* In place where the guard is before. */
static float *output_for(const run_t *run, float *x, const pixels_t *p) {
  return run->place == BEFORE ? x : untouched_floats(run, p->count);
}

static int is_written(const pixels_t *p, int64_t pixel) {
  for (int i = 0; i < p->parts.count; i++) {
    if (pixel >= p->parts.ranges[i].begin && pixel < p->parts.ranges[i].end) return 1;
  }
  return 0;
}

/* In place what is not written has to stay the input, which then counts as untouched. */
static void check_pixels(const run_t *run, const float *y, const pixels_t *p, float absolute, float relative) {
  float *found = keep(sizeof(float) * (size_t)p->count);
  memcpy(found, y, sizeof(float) * (size_t)p->count);
  for (int64_t i = 0; run->place == BEFORE && i < p->count; i++) {
    const int is_input = memcmp(&y[i], &p->values[i], sizeof *y) == 0;
    if (is_input && !is_written(p, i / MTLK_LANE % p->pixels)) memset(&found[i], UNTOUCHED_FLOAT, sizeof *found);
  }
  check_floats(run, found, p->count, absolute, relative);
}

void try_layer_norm(random_t *random) {
  const pixels_t p = random_pixels(random, 2);
  const int32_t count = p.blocks * MTLK_LANE;
  const float *factors = floats(random, count, -1, 1), *offsets = floats(random, count, -1, 1);
  FOR_ALL_RUNS(run) {
    float *x = COPIED(&run, p.values, p.count), *y = output_for(&run, x, &p);
    const float *scale = COPIED(&run, factors, count), *bias = COPIED(&run, offsets, count);
    FOR_PIECES(&run, piece, &p.parts, &p.pieces) {
      CALL(&run, layer_norm, (x, y, p.pixels, piece->begin, piece->end, p.channels, scale, bias, 1e-2f));
    }
    check_pixels(&run, y, &p, p.channels < 4 ? 1e-3f : 3e-5f, 3e-5f);
  }
}

void try_softmax_channels(random_t *random) {
  const pixels_t p = random_pixels(random, 30);
  const int32_t is_logarithm = once_in(random, 2);
  FOR_ALL_RUNS(run) {
    float *x = COPIED(&run, p.values, p.count), *y = output_for(&run, x, &p);
    FOR_PIECES(&run, piece, &p.parts, &p.pieces) {
      CALL(&run, softmax_channels, (x, y, p.pixels, piece->begin, piece->end, p.channels, is_logarithm));
    }
    check_pixels(&run, y, &p, 1e-6f, 1e-6f);
  }
}

void try_l2_normalize(random_t *random) {
  const pixels_t p = random_pixels(random, 2);
  const float epsilon = PICK_FLOAT(random, 0, 1e-12f, 3);
  FOR_ALL_RUNS(run) {
    float *x = COPIED(&run, p.values, p.count), *y = output_for(&run, x, &p);
    FOR_PIECES(&run, piece, &p.parts, &p.pieces) {
      CALL(&run, l2_normalize, (x, y, p.pixels, piece->begin, piece->end, p.channels, epsilon));
    }
    check_pixels(&run, y, &p, 1e-6f, 1e-6f);
  }
}

/* Grids of scores that are whole multiples of 1/8, so that all sets round the same ones; the weights' may be rounded to
 * neighbours where their last bits differ. Returns how much outputs may differ. */
static float round_attention(random_t *random, mtlk_attention *shape) {
  const mtlk_rounding none = {0, 0, 0}, coarse = {0.5f, 2, 128}, fine = {0.0625f, 16, 100}, narrow = {0.25f, 4, 4};
  shape->is_rounded = 1;
  shape->product = PICK(random, 0, 1) ? coarse : fine;
  shape->score = PICK(random, 0, 1) ? narrow : none;
  shape->masked = PICK(random, 0, 1) ? coarse : none;
  const float steps = PICK(random, 0, 16, 255);
  if (steps > 0) shape->weight = (mtlk_rounding){1 / steps, steps, 0};
  return steps > 16 ? 3.1f / steps : steps > 0 ? 1.1f / steps : 1e-5f;
}

/* Sometimes more keys than a chunk holds, so that the softmax is carried along, or more queries than a group; and
 * sometimes no values. Sometimes with scores and weights on grids. */
void try_attention(random_t *random) {
  const int has_many_keys = once_in(random, 8), has_many_queries = !has_many_keys && once_in(random, 8);
  const int32_t queries = has_many_queries ? integer(random, 90, 200) : integer(random, 1, has_many_keys ? 5 : 20);
  const int32_t few_keys = integer(random, 1, has_many_queries ? 20 : 60);
  const int32_t keys = has_many_keys ? PICK(random, 143, 144, 145, 288, integer(random, 140, 300)) : few_keys;
  const int32_t depth = integer(random, 1, has_many_queries ? 9 : 40), key_blocks = blocks_of(keys, MTLK_LANE);
  const int32_t value_blocks = once_in(random, 6) ? 0 : integer(random, 1, has_many_queries ? 1 : 2);
  mtlk_attention shape = {.keys = keys,
                          .depth = depth,
                          .value_blocks = value_blocks,
                          .query_plane = queries * MTLK_LANE,
                          .value_plane = keys * MTLK_LANE,
                          .output_plane = queries * MTLK_LANE,
                          .bias_stride = key_blocks * MTLK_LANE,
                          .scale = PICK_FLOAT(random, 1, 0.125f, 3)};
  const int64_t query_count = (int64_t)blocks_of(depth, MTLK_LANE) * queries * MTLK_LANE;
  const int64_t key_count = (int64_t)key_blocks * depth * MTLK_LANE;
  const int64_t value_count = (int64_t)value_blocks * keys * MTLK_LANE, bias_count = queries * shape.bias_stride;
  const int64_t output_count = (int64_t)queries * (value_blocks > 0 ? value_blocks * MTLK_LANE : 1);
  float *query_values = floats(random, query_count, -1, 1), *key_values = floats(random, key_count, -1, 1);
  const float *factors = floats(random, value_count, -1, 1);
  float *offsets = once_in(random, 2) ? floats(random, bias_count, -3, 3) : NULL;
  for (int64_t i = 0; offsets && i < bias_count; i++) {
    if (i % shape.bias_stride > 0 && once_in(random, 3)) offsets[i] = -INFINITY;
  }
  float tolerance = 1e-5f;
  if (once_in(random, 4)) {
    shape.smallest_sum = PICK_FLOAT(random, 1e-8f, 1, 30);
  } else if (value_blocks > 0 && once_in(random, 2)) {
    tolerance = round_attention(random, &shape);
    shape.scale = 0.125f;
    for (int64_t i = 0; i < query_count; i++) query_values[i] = rintf(3 * query_values[i]);
    for (int64_t i = 0; i < key_count; i++) key_values[i] = rintf(3 * key_values[i]);
    for (int64_t i = 0; offsets && i < bias_count; i++) offsets[i] = rintf(8 * offsets[i]) / 8;
  }
  const pieces_t parts = parts_of(random, queries), pieces = split(random, &parts);
  story("%d queries, %d keys of %d, %d blocks of values%s", queries, keys, depth, value_blocks,
        shape.is_rounded ? ", rounded" : "");
  FOR_ALL_RUNS(run) {
    const float *q = COPIED(&run, query_values, query_count), *k = COPIED(&run, key_values, key_count);
    const float *v = COPIED(&run, factors, value_count), *bias = offsets ? COPIED(&run, offsets, bias_count) : NULL;
    float *output = untouched_floats(&run, output_count);
    float *memory = untouched_floats(&run, mtlk_attention_memory(&shape));
    FOR_PIECES(&run, piece, &parts, &pieces) {
      CALL(&run, attention, (&shape, q, k, v, bias, output, memory, piece->begin, piece->end));
    }
    check_floats(&run, output, output_count, tolerance, tolerance);
  }
}
