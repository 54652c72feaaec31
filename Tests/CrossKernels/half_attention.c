/* Attention of halves, and the order that its keys and values are brought into. */
#include <math.h>
#include <string.h>

#include "halves.h"

/* Keys and values of up to 70 tokens; `lane` channels make a block. */
static void try_pairs(random_t *random, int32_t lane, int32_t outputs, int is_values) {
  const int32_t keys = integer(random, 1, 70), blocks = integer(random, 1, 5), tiles = blocks_of(keys, MTLK_HALF_LANE);
  const int64_t count = (int64_t)blocks_of(blocks * lane, MTLK_HALF_LANE) * MTLK_HALF_LANE * keys;
  const int64_t packed_count = (int64_t)tiles * MTLK_HALF_LANE * blocks * outputs;
  const uint16_t *values = halves(random, count);
  const pieces_t parts = parts_of(random, tiles), pieces = split(random, &parts);
  story("%d keys, %d blocks", keys, blocks);
  FOR_ALL_RUNS(run) {
    const uint16_t *image = COPIED(&run, values, count);
    uint16_t *packed = untouched_halves(&run, packed_count);
    FOR_PIECES(&run, piece, &parts, &pieces) {
      if (is_values) {
        CALL(&run, pair_values, (image, keys, blocks, packed, piece->begin, piece->end));
      } else {
        CALL(&run, pair_keys, (image, keys, blocks, packed, piece->begin, piece->end));
      }
    }
    check_bytes(&run, (const uint8_t *)packed, packed_count * (int64_t)sizeof *packed, 0);
  }
}

void try_pair_keys(random_t *random) { try_pairs(random, MTLK_HALF_LANE, MTLK_HALF_LANE, 0); }
void try_pair_values(random_t *random) { try_pairs(random, MTLK_LANE, MTLK_LANE, 1); }

typedef struct {
  mtlk_attention_halves shape;
  uint16_t *queries, *keys, *values;
  float *bias;
  int64_t query_count, key_count, value_count, bias_count, float_count, half_count;
} data_t;

/* Sometimes more keys than a chunk holds, so that the softmax is carried along, or more queries than a group. */
static data_t random_data(random_t *random) {
  const int has_many_keys = once_in(random, 8), has_many_queries = !has_many_keys && once_in(random, 8);
  const int32_t queries = has_many_queries ? integer(random, 230, 300) : integer(random, 1, has_many_keys ? 5 : 70);
  const int32_t few_keys = integer(random, 1, has_many_queries ? 20 : 70);
  const int32_t keys = has_many_keys ? PICK(random, 255, 256, 257, 512, integer(random, 200, 600)) : few_keys;
  const int32_t depth_blocks = has_many_queries ? 1 : integer(random, 1, 3), tiles = blocks_of(keys, MTLK_HALF_LANE);
  const int32_t value_blocks = integer(random, 1, has_many_queries ? 1 : 3);
  data_t d = {.shape = {.queries = queries,
                        .keys = keys,
                        .depth_blocks = depth_blocks,
                        .value_blocks = value_blocks,
                        .bias_stride = tiles * MTLK_HALF_LANE,
                        .scale = PICK_FLOAT(random, 1, 0.125f, -0.7f),
                        .output_is_half = integer(random, 0, 1)}};
  d.query_count = (int64_t)depth_blocks * MTLK_HALF_LANE * queries;
  d.key_count = (int64_t)tiles * MTLK_HALF_LANE * depth_blocks * MTLK_HALF_LANE;
  d.value_count = (int64_t)tiles * MTLK_HALF_LANE * value_blocks * MTLK_LANE;
  d.bias_count = queries * d.shape.bias_stride;
  d.float_count = (int64_t)value_blocks * MTLK_LANE * queries;
  d.half_count = (int64_t)blocks_of(value_blocks, 2) * MTLK_HALF_LANE * queries;
  d.queries = halves(random, d.query_count);
  d.keys = keep((size_t)d.key_count * sizeof *d.keys);
  d.values = keep((size_t)d.value_count * sizeof *d.values);
  const mtlk_kernel_set *oracle = mtlk_kernels(MTLK_SCALAR);
  oracle->pair_keys(halves(random, (int64_t)depth_blocks * MTLK_HALF_LANE * keys), keys, depth_blocks, d.keys, 0, tiles);
  oracle->pair_values(halves(random, (int64_t)blocks_of(value_blocks, 2) * MTLK_HALF_LANE * keys), keys, value_blocks,
                      d.values, 0, tiles);
  d.bias = once_in(random, 2) ? floats(random, d.bias_count, -3, 3) : NULL;
  for (int64_t i = 0; d.bias && i < d.bias_count; i++) {
    if (i % d.shape.bias_stride > 0 && once_in(random, 3)) d.bias[i] = -INFINITY;
  }
  if (once_in(random, 8)) d.queries[integer(random, 0, (int32_t)d.query_count - 1)] = (uint16_t)PICK(random, 0x7FC0, 0x7F80);
  return d;
}

/* A weight is rounded by up to 2^-9 of itself, and so is then their sum. How depends on the largest score so far, which is
 * another one with other chunks. So outputs are up to 2 x 2 x 2^-9 of the mean magnitude of the values apart, and a little
 * for the scores, which are sums in another order. */
static const float *tolerances(const data_t *d) {
  mtlk_attention_halves shape = d->shape;
  shape.output_is_half = 0;
  uint16_t *magnitudes = keep((size_t)d->value_count * sizeof *magnitudes);
  for (int64_t i = 0; i < d->value_count; i++) magnitudes[i] = d->values[i] & 0x7FFF;
  float *means = floats(&(random_t){0}, d->float_count, 0, 0);
  mtlk_kernels(MTLK_SCALAR)
      ->attention_halves(&shape, d->queries, d->keys, magnitudes, d->bias, means,
                         floats(&(random_t){0}, mtlk_attention_sum_count(&shape), 0, 0), 0, shape.queries);
  const int64_t count = d->shape.output_is_half ? d->half_count : d->float_count;
  float *result = floats(&(random_t){0}, count, 0, 0);
  for (int64_t i = 0; i < d->float_count; i++) {
    const int64_t lane = i % MTLK_LANE, query = i / MTLK_LANE % shape.queries, block = i / MTLK_LANE / shape.queries;
    result[d->shape.output_is_half ? half_place(block, shape.queries, query, lane) : i] = (0x1p-7f + 0x1p-10f) * means[i];
  }
  return result;
}

void try_attention_halves(random_t *random) {
  const data_t d = random_data(random);
  const int is_half = d.shape.output_is_half;
  const float *absolute = tolerances(&d);
  const pieces_t parts = parts_of(random, (int32_t)d.shape.queries), pieces = split(random, &parts);
  story("%d queries, %d keys, %d blocks of depth, %d of values, %s", (int)d.shape.queries, (int)d.shape.keys,
        (int)d.shape.depth_blocks, (int)d.shape.value_blocks, is_half ? "to halves" : "to floats");
  FOR_ALL_RUNS(run) {
    const uint16_t *queries = COPIED(&run, d.queries, d.query_count), *keys = COPIED(&run, d.keys, d.key_count);
    const uint16_t *values = COPIED(&run, d.values, d.value_count);
    const float *bias = d.bias ? COPIED(&run, d.bias, d.bias_count) : NULL;
    float *sums = untouched_floats(&run, mtlk_attention_sum_count(&d.shape));
    uint16_t *codes = is_half ? untouched_halves(&run, d.half_count) : NULL;
    float *numbers = is_half ? NULL : untouched_floats(&run, d.float_count);
    FOR_PIECES(&run, piece, &parts, &pieces) {
      CALL(&run, attention_halves, (&d.shape, queries, keys, values, bias, is_half ? (void *)codes : (void *)numbers,
                                    sums, piece->begin, piece->end));
    }
    check_sums(&run, is_half ? values_of(codes, d.half_count) : numbers, is_half ? d.half_count : d.float_count,
               absolute, is_half ? 0x1p-7f : 0);
  }
}
