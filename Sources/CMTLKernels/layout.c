/* Changes of layout. */
#include <string.h>

#include "kernel_sets.h"
#include "transpose.h"

/* Channels [begin, end), one float at a time; channels that are not there are zero. */
static void reblock_range(const float *source, int64_t source_lane, float *target, int64_t target_lane,
                          int64_t channels, int64_t pixels, int64_t begin, int64_t end) {
  for (int64_t channel = begin; channel < end; channel++) {
    const float *from = source + channel / source_lane * source_lane * pixels + channel % source_lane;
    float *to = target + channel / target_lane * target_lane * pixels + channel % target_lane;
    for (int64_t p = 0; p < pixels; p++) to[p * target_lane] = channel < channels ? from[p * source_lane] : 0;
  }
}

/* target[column][row] = source[row][column] where a tile is not whole; what fills the target's rows up is zero. */
static void transpose_part(const float *source, int64_t source_stride, float *target, int64_t target_stride,
                           int64_t rows, int64_t columns, int64_t target_rows) {
  float tile[MTLK_LANE * MTLK_LANE] = {0}, transposed[MTLK_LANE * MTLK_LANE];
  for (int64_t row = 0; row < rows; row++) copy_floats(tile + row * MTLK_LANE, source + row * source_stride, columns);
  transpose(tile, MTLK_LANE, transposed, MTLK_LANE);
  for (int64_t column = 0; column < columns; column++) {
    copy_floats(target + column * target_stride, transposed + column * MTLK_LANE, target_rows);
  }
}

/* One block of up to 16 channels from planes to pixels. */
static void block_channels(const float *source, float *target, int64_t channels, int64_t pixels) {
  for (int64_t p = 0; p < pixels; p += MTLK_LANE) {
    const int64_t width = pixels - p < MTLK_LANE ? pixels - p : MTLK_LANE;
    if (channels == MTLK_LANE && width == MTLK_LANE) {
      transpose(source + p, pixels, target + p * MTLK_LANE, MTLK_LANE);
    } else {
      transpose_part(source + p, pixels, target + p * MTLK_LANE, MTLK_LANE, channels, width, MTLK_LANE);
    }
  }
}

/* Fewer channels are quicker one by one than by turning blocks. */
enum { FEW_CHANNELS = 2 };

/* And back, by whole lines: planes of a power of two would push each other out of the cache otherwise. What fills a block up
 * may be read. */
static void unblock_channels(const float *source, float *target, int64_t channels, int64_t pixels) {
  if (channels <= FEW_CHANNELS) {
    reblock_range(source, MTLK_LANE, target, 1, channels, pixels, 0, channels);
    return;
  }
  for (int64_t p = 0; p < pixels; p += MTLK_LANE) {
    const int64_t width = pixels - p < MTLK_LANE ? pixels - p : MTLK_LANE;
    if (width == MTLK_LANE) {
      float rows[MTLK_LANE * MTLK_LANE];
      transpose(source + p * MTLK_LANE, MTLK_LANE, rows, MTLK_LANE);
      for (int64_t channel = 0; channel < channels; channel++) {
        memcpy(target + channel * pixels + p, rows + channel * MTLK_LANE, MTLK_LANE * sizeof(float));
      }
    } else {
      transpose_part(source + p * MTLK_LANE, MTLK_LANE, target + p, pixels, width, channels, width);
    }
  }
}

void mtlk_reblock(const float *source, int64_t source_lane, float *target, int64_t target_lane, int64_t channels,
                  int64_t pixels) {
  const int is_blocking = source_lane == 1 && target_lane == MTLK_LANE;
  const int is_unblocking = source_lane == MTLK_LANE && target_lane == 1;
  const int64_t whole = channels - channels % MTLK_LANE;
  if (source_lane == target_lane && source_lane == MTLK_LANE) {
    memcpy(target, source, sizeof(float) * (size_t)(whole * pixels));
    reblock_range(source, source_lane, target, target_lane, channels, pixels, whole,
                  (channels + MTLK_LANE - 1) / MTLK_LANE * MTLK_LANE);
  } else if (is_blocking || is_unblocking) {
    for (int64_t done = 0; done < channels; done += MTLK_LANE) {
      const int64_t count = channels - done < MTLK_LANE ? channels - done : MTLK_LANE;
      (is_blocking ? block_channels : unblock_channels)(source + done * pixels, target + done * pixels, count, pixels);
    }
  } else {
    reblock_range(source, source_lane, target, target_lane, channels, pixels, 0,
                  (channels + target_lane - 1) / target_lane * target_lane);
  }
}

/* Up to 16 channels of one pixel, from channel `first` of its image on; the rest of `to` is zero. */
static inline void gather_block(const float *image, int64_t pixels, int64_t pixel, int64_t first, int64_t count,
                                float *to) {
  const float *from = image + (first / MTLK_LANE * pixels + pixel) * MTLK_LANE;
  const int64_t lane = first % MTLK_LANE, rest = MTLK_LANE - lane;
  if (lane == 0 && count >= MTLK_LANE) {
    memcpy(to, from, sizeof(float) * MTLK_LANE);
    return;
  }
  if (count < MTLK_LANE) memset(to, 0, sizeof(float) * MTLK_LANE);
  else count = MTLK_LANE;
  copy_floats(to, from + lane, count < rest ? count : rest);
  if (count > rest) copy_floats(to + rest, from + pixels * MTLK_LANE, count - rest);
}

static inline void gather_pixel(const float *image, int64_t pixels, const int32_t *index, const float *constant,
                                int64_t first, int64_t channel, int64_t depth, int64_t place, float *to) {
  const int64_t pixel = index ? index[place] : place, count = depth - channel;
  if (pixel >= 0) {
    gather_block(image, pixels, pixel, first + channel, count, to);
  } else {
    for (int64_t i = 0; i < MTLK_LANE; i++) to[i] = i < count ? constant[channel + i] : 0;
  }
}

void mtlk_gather(const float *image, int64_t pixels, const int32_t *index, const float *constant, int64_t first,
                 int64_t depth, int64_t count, float *output) {
  for (int64_t channel = 0; channel < depth; channel += MTLK_LANE) {
    for (int64_t p = 0; p < count; p++, output += MTLK_LANE) {
      gather_pixel(image, pixels, index, constant, first, channel, depth, p, output);
    }
  }
}

void mtlk_gather_transposed(const float *image, int64_t pixels, const int32_t *index, const float *constant,
                            int64_t first, int64_t depth, int64_t count, float *output) {
  for (int64_t p = 0; p < count; p += MTLK_LANE) {
    for (int64_t channel = 0; channel < depth; channel += MTLK_LANE) {
      if (!index && first % MTLK_LANE == 0 && depth - channel >= MTLK_LANE && count - p >= MTLK_LANE) {
        transpose(image + ((first + channel) * pixels + p * MTLK_LANE), MTLK_LANE,
                  output + p * depth + channel * MTLK_LANE, MTLK_LANE);
        continue;
      }
      float tile[MTLK_LANE * MTLK_LANE] = {0}, transposed[MTLK_LANE * MTLK_LANE];
      const int64_t width = count - p < MTLK_LANE ? count - p : MTLK_LANE;
      for (int64_t i = 0; i < width; i++) {
        gather_pixel(image, pixels, index, constant, first, channel, depth, p + i, tile + i * MTLK_LANE);
      }
      const int64_t rows = depth - channel < MTLK_LANE ? depth - channel : MTLK_LANE;
      float *to = output + p * depth + channel * MTLK_LANE;
      transpose(tile, MTLK_LANE, rows == MTLK_LANE ? to : transposed, MTLK_LANE);
      if (rows < MTLK_LANE) memcpy(to, transposed, sizeof(float) * (size_t)(rows * MTLK_LANE));
    }
  }
}

/* Lanes [lane, lane + width) of a block from the floats that begin at `first` of a blocked pixel with `depth` channels;
 * what lies beyond them is zero. */
static inline void scatter_block(const float *input, int64_t count, int64_t first, int64_t depth, int64_t width,
                                 float *to) {
  const float *from = input + first / MTLK_LANE * count * MTLK_LANE + first % MTLK_LANE;
  const int64_t rest = MTLK_LANE - first % MTLK_LANE;
  if (width == MTLK_LANE && rest == MTLK_LANE && first + width <= depth) {
    memcpy(to, from, sizeof(float) * MTLK_LANE);
    return;
  }
  const int64_t there = depth - first < 0 ? 0 : depth - first < width ? depth - first : width;
  copy_floats(to, from, there < rest ? there : rest);
  if (there > rest) copy_floats(to + rest, from + (count - 1) * MTLK_LANE + rest, there - rest);
  for (int64_t i = there; i < width; i++) to[i] = 0;
}

void mtlk_scatter(const float *input, int64_t count, float *image, int64_t pixels, const int32_t *index, int64_t first,
                  int64_t depth, int64_t channels) {
  const int64_t end = first + depth == channels ? (channels + MTLK_LANE - 1) / MTLK_LANE * MTLK_LANE : first + depth;
  for (int64_t channel = first; channel < end;) {
    const int64_t lane = channel % MTLK_LANE, rest = MTLK_LANE - lane;
    const int64_t width = end - channel < rest ? end - channel : rest;
    float *block = image + channel / MTLK_LANE * pixels * MTLK_LANE + lane;
    for (int64_t p = 0; p < count; p++) {
      const int64_t pixel = index ? index[p] : p;
      if (pixel < 0) continue;
      scatter_block(input + p * MTLK_LANE, count, channel - first, depth, width, block + pixel * MTLK_LANE);
    }
    channel += width;
  }
}

/* Halves [channel, channel + count) of one pixel, which may lie in several blocks. */
static inline void gather_half_pixel(const uint16_t *image, int64_t pixels, int64_t pixel, int64_t channel,
                                     int64_t count, uint16_t *to) {
  while (count > 0) {
    const int64_t lane = channel % MTLK_HALF_LANE, rest = MTLK_HALF_LANE - lane, part = count < rest ? count : rest;
    const uint16_t *from = image + (channel / MTLK_HALF_LANE * pixels + pixel) * MTLK_HALF_LANE + lane;
    if (part == MTLK_HALF_LANE) {
      memcpy(to, from, MTLK_HALF_LANE * sizeof *to);
    } else {
      for (int64_t i = 0; i < part; i++) to[i] = from[i];
    }
    channel += part, to += part, count -= part;
  }
}

void mtlk_gather_halves(const uint16_t *image, int64_t pixels, const int32_t *index, const uint16_t *constant,
                        int64_t first, int64_t depth, int64_t count, uint16_t *output) {
  for (int64_t channel = 0; channel < depth; channel += MTLK_HALF_LANE) {
    const int64_t width = depth - channel < MTLK_HALF_LANE ? depth - channel : MTLK_HALF_LANE;
    for (int64_t p = 0; p < count; p++, output += MTLK_HALF_LANE) {
      const int64_t pixel = index ? index[p] : p;
      if (pixel >= 0) {
        gather_half_pixel(image, pixels, pixel, first + channel, width, output);
      } else {
        memcpy(output, constant + channel, (size_t)width * sizeof *output);
      }
      if (width < MTLK_HALF_LANE) memset(output + width, 0, (size_t)(MTLK_HALF_LANE - width) * sizeof *output);
    }
  }
}

void mtlk_scatter_halves(const uint16_t *input, int64_t count, uint16_t *image, int64_t pixels, const int32_t *index,
                         int64_t first, int64_t depth) {
  for (int64_t channel = first; channel < first + depth; channel += MTLK_HALF_LANE) {
    for (int64_t p = 0; p < count; p++, input += MTLK_HALF_LANE) {
      const int64_t pixel = index ? index[p] : p;
      if (pixel < 0) continue;
      memcpy(image + (channel / MTLK_HALF_LANE * pixels + pixel) * MTLK_HALF_LANE, input, MTLK_HALF_LANE * sizeof *input);
    }
  }
}

void mtlk_copy_pixels(const float *source, int64_t source_row, int64_t source_column, float *target,
                      int64_t target_row, int64_t target_column, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; row++, source += source_row, target += target_row) {
    if (source_column == MTLK_LANE && target_column == MTLK_LANE) {
      memcpy(target, source, sizeof(float) * (size_t)(columns * MTLK_LANE));
      continue;
    }
    for (int64_t column = 0; column < columns; column++) {
      memcpy(target + column * target_column, source + column * source_column, sizeof(float) * MTLK_LANE);
    }
  }
}

void mtlk_max_unpool(const float *input, const float *indices, float *output, int64_t input_pixels,
                     int64_t output_pixels, int32_t channels, int32_t begin, int32_t end) {
  for (int32_t block = begin; block < end; block++) {
    const int32_t left = channels - block * MTLK_LANE, lanes = left < MTLK_LANE ? left : MTLK_LANE;
    const float *from = input + block * input_pixels * MTLK_LANE, *places = indices + block * input_pixels * MTLK_LANE;
    float *to = output + block * output_pixels * MTLK_LANE;
    memset(to, 0, sizeof(float) * (size_t)(output_pixels * MTLK_LANE));
    for (int64_t p = 0; p < input_pixels; p++) {
      for (int32_t lane = 0; lane < lanes; lane++) {
        const float place = places[p * MTLK_LANE + lane];
        if (!(place >= 0 && place < (float)output_pixels)) continue;
        to[(int64_t)place * MTLK_LANE + lane] = from[p * MTLK_LANE + lane];
      }
    }
  }
}

int64_t mtlk_direct_sum_count(const mtlk_window *w, int32_t input_channels) {
  (void)input_channels;
  return mtlk_sum_rows(w) * w->output_columns * MTLK_SUM_BLOCKS * MTLK_LANE;
}
