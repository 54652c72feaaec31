/* Maps at the pixels of a picture. */
#include <math.h>
#include <stdlib.h>

#include "cross.h"

static int in_order(const void *a, const void *b) { return *(const int32_t *)a - *(const int32_t *)b; }

/* From many pixels for each column to columns without any. */
void try_sample_row(random_t *random) {
  const int32_t columns = integer(random, 1, 70), is_same = once_in(random, 5);
  const int32_t width = is_same ? columns : integer(random, 1, 200);
  const float *upper = floats(random, columns, -1, 1), *lower = floats(random, columns, -1, 1);
  float *parts = floats(random, width + MTLK_LANE, -0.2f, 1);
  for (int32_t i = 0; i < width + MTLK_LANE; i++) parts[i] = i < width && parts[i] > 0 ? parts[i] : 0;
  const float share = once_in(random, 3) ? 0 : 0.3f;
  int32_t *places = keep(sizeof(int32_t) * (size_t)(columns + 1));
  for (int32_t i = 0; i <= columns; i++) places[i] = i == 0 ? 0 : i == columns ? width : integer(random, 0, width);
  qsort(places, (size_t)columns, sizeof *places, in_order);
  story("%d columns at %d pixels, share %g", columns, width, (double)share);
  FOR_ALL_RUNS(run) {
    const mtlk_map_row row = {columns, is_same ? NULL : COPIED(&run, places, columns + 1),
                              COPIED(&run, parts, width + MTLK_LANE)};
    float *line = untouched_floats(&run, columns + MTLK_LANE), *y = untouched_floats(&run, width + MTLK_LANE);
    CALL(&run, sample_row, (&row, COPIED(&run, upper, columns), COPIED(&run, lower, columns), share, line, y));
    check_floats(&run, y, width, 0, 0);
  }
}

void try_keep_larger(random_t *random) {
  const int32_t count = integer(random, 1, 100), room = (count + MTLK_LANE - 1) / MTLK_LANE * MTLK_LANE;
  float *first = floats(random, room, -1, 1), *second = floats(random, room, -1, 1);
  for (int32_t i = 0; i < room; i++) second[i] = i % 3 == 0 ? first[i] : second[i];
  const int has_none = once_in(random, 4);
  if (has_none) second[integer(random, 0, count - 1)] = NAN;
  int32_t *nothing = keep(sizeof(int32_t) * (size_t)room);
  for (int32_t i = 0; i < room; i++) nothing[i] = 7;
  story("%d numbers, %s", count, has_none ? "one missing" : "none missing");
  FOR_ALL_RUNS(run) {
    float *largest = COPIED(&run, first, room);
    int32_t *labels = COPIED(&run, nothing, room), not_numbers = 0;
    CALL(&run, keep_larger, (COPIED(&run, second, room), count, 9, largest, labels, &not_numbers));
    float *all = keep(sizeof(float) * (size_t)(2 * count + 1));
    for (int32_t i = 0; i < count; i++) {
      all[i] = largest[i];
      all[count + i] = (float)labels[i];
    }
    all[2 * count] = not_numbers != 0;
    check_floats(&run, all, 2 * count + 1, 0, 0);
  }
}
