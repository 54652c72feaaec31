/* Who keeps what alive, for how long, and with how much memory. */
#include "abi_test.h"

#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

/* Allocations of the whole process: these definitions stand before libc's, also for the library under test. */
static atomic_long allocations;

void *malloc(size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_realloc(memory, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_memalign(alignment, size);
}
void *memalign(size_t alignment, size_t size) {
  atomic_fetch_add(&allocations, 1);
  return __libc_memalign(alignment, size);
}
int posix_memalign(void **out, size_t alignment, size_t size) {
  atomic_fetch_add(&allocations, 1);
  *out = __libc_memalign(alignment, size);
  return *out ? 0 : 12;
}

static void release(int kind, mtl_runtime *runtime, mtl_model *model, mtl_session *session, mtl_result *result) {
  if (kind == 0) mtl_runtime_release(runtime);
  if (kind == 1) mtl_model_release(model);
  if (kind == 2) mtl_session_release(session);
  if (kind == 3) mtl_result_release(result);
}

void release_in_every_order(void) {
  uint8_t expected[MAX_OUTPUT_BYTES], found[MAX_OUTPUT_BYTES];
  mtl_session *first = quick_session(2);
  size_t size = run_picture(first, expected);
  mtl_session_release(first);
  for (int order = 0; order < 4 * 4 * 4 * 4; ++order) {
    int kinds[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6};
    if ((1 << kinds[0] | 1 << kinds[1] | 1 << kinds[2] | 1 << kinds[3]) != 15) continue;
    mtl_runtime *runtime = new_runtime(2);
    mtl_model *model = open_model(runtime);
    mtl_session *session = new_session(model, 2);
    mtl_image_view image = picture();
    mtl_result *result = NULL;
    GIVES(MTL_OK, mtl_run_images(session, &image, 1, NULL, &result, &error));
    bool alive[4] = {true, true, true, true};
    for (int i = 0; i < 4; ++i) {
      release(kinds[i], runtime, model, session, result);
      alive[kinds[i]] = false;
      if (alive[2]) CHECK(run_picture(session, found) == size && !memcmp(expected, found, size));
      if (alive[3]) CHECK(copy_outputs(result, found) == size && !memcmp(expected, found, size));
      if (alive[1]) CHECK(!strcmp(mtl_model_task_label(model, 1, 5), "5"));
      if (alive[0]) CHECK(mtl_runtime_num_threads(runtime) == 2);
    }
  }
  /* Two references need two releases. */
  mtl_session *session = quick_session(1);
  CHECK(mtl_session_retain(session) == session);
  mtl_session_release(session);
  CHECK(run_picture(session, found) == size);
  mtl_session_release(session);
}

static void count_release(void *user) { atomic_fetch_add((atomic_int *)user, 1); }

void memory_is_released_once(void) {
  atomic_int releases = 0;
  size_t size, text_size;
  char *bytes = read_model_file("best.pt", &size), *description = read_model_file("model.json", &text_size);
  mtl_model_options options = {.struct_size = sizeof options, .description = description};
  mtl_model *model = NULL;
  mtl_model_options unknown = {.struct_size = sizeof unknown, .network = "no-such-network"};
  FAILS(mtl_model_open_memory(NULL, bytes, size, count_release, &releases, &unknown, &model, &error));
  FAILS(mtl_model_open_memory(NULL, bytes, size / 2, count_release, &releases, &options, &model, &error));
  CHECK(error.code >= 20 && error.code < 40);
  FAILS(mtl_model_open_memory(NULL, description, text_size, count_release, &releases, &options, &model, &error));
  CHECK(!model && releases == 0);

  uint8_t expected[MAX_OUTPUT_BYTES], found[MAX_OUTPUT_BYTES];
  mtl_session *session = quick_session(1);
  size_t output_size = run_picture(session, expected);
  mtl_session_release(session);
  for (int copied = 0; copied < 2; ++copied) {
    char *own = malloc(size);
    memcpy(own, bytes, size);
    GIVES(MTL_OK, mtl_model_open_memory(NULL, own, size, copied ? NULL : count_release, &releases, &options, &model,
                                        &error));
    if (copied) memset(own, 0, size);
    session = new_session(model, 1);
    mtl_model_release(model);
    CHECK(releases == copied); /* the session keeps the model */
    CHECK(run_picture(session, found) == output_size && !memcmp(expected, found, output_size));
    mtl_session_release(session);
    CHECK(releases == 1);
    free(own);
  }
  free(bytes);
  free(description);
}

static void no_allocation(bool images, uint32_t threads) {
  mtl_session *session = quick_session(threads);
  mtl_image_view image = picture();
  float *memory;
  mtl_tensor_view tensor = picture_tensor(1, &memory);
  mtl_stats before = {.struct_size = sizeof before}, after = {.struct_size = sizeof after};
  long counted = 0;
  for (int run = 0; run < 200; ++run) {
    mtl_result *result = NULL;
    /* Two picture sizes and two sets of tasks in turn: what one run learnt must not be forgotten in the next. */
    uint32_t task = (uint32_t)run / 2 % 2;
    mtl_run_options options = {.struct_size = sizeof options, .num_tasks = 1, .tasks = &task};
    image.roi_width = image.roi_height = run % 2 ? 50 : 0;
    if (run == 20) {
      GIVES(MTL_OK, mtl_session_stats(session, &before, &error));
      counted = atomic_load(&allocations);
    }
    if (images)
      GIVES(MTL_OK, mtl_run_images(session, &image, 1, &options, &result, &error));
    else
      GIVES(MTL_OK, mtl_run_tensors(session, &tensor, 1, &options, &result, &error));
    mtl_result_release(result);
  }
  counted = atomic_load(&allocations) - counted;
  GIVES(MTL_OK, mtl_session_stats(session, &after, &error));
  if (counted) fprintf(stderr, "%ld allocations in 180 runs with %u threads\n", counted, threads);
  CHECK(counted == 0);
  CHECK(after.plan_builds == before.plan_builds && after.plan_hits == before.plan_hits + 180);
  CHECK(after.runs == before.runs + 180 && after.arena_bytes == before.arena_bytes && after.threads == threads);
  mtl_session_release(session);
  free(memory);
}

/* The counter itself works, also across the library's boundary; otherwise the cases below could not fail. */
static void check_counter(void) {
  long before = atomic_load(&allocations);
  mtl_session *session = quick_session(1);
  CHECK(atomic_load(&allocations) > before);
  mtl_session_release(session);
}

void no_allocation_with_images(void) {
  check_counter();
  no_allocation(true, 1);
  no_allocation(true, 2);
}

void no_allocation_with_tensors(void) {
  check_counter();
  no_allocation(false, 1);
  no_allocation(false, 2);
}

static long resident_bytes(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  CHECK(file && fscanf(file, "%*d %ld", &pages) == 1);
  fclose(file);
  return pages * sysconf(_SC_PAGESIZE);
}

static void bounded(const char *what, int warm, int count, long limit, void (*step)(void *), void *context) {
  long before = 0;
  for (int i = 0; i < warm + count; ++i) {
    if (i == warm) before = resident_bytes();
    step(context);
  }
  long growth = resident_bytes() - before;
  if (growth > limit) fprintf(stderr, "%s: %ld bytes more after %d\n", what, growth, count);
  CHECK(growth <= limit);
}

static void step_run(void *session) {
  uint8_t bytes[MAX_OUTPUT_BYTES];
  run_picture(session, bytes);
}

static void step_session(void *model) {
  mtl_session *session = new_session(model, 2);
  step_run(session);
  mtl_session_release(session);
}

static void step_everything(void *context) {
  (void)context;
  mtl_session *session = quick_session(2);
  step_run(session);
  mtl_session_release(session);
}

static void step_failure(void *context) {
  (void)context;
  mtl_model *model;
  FAILS(mtl_model_open_path(NULL, "no/such/folder", NULL, &model, &error));
}

void memory_stays_bounded(void) {
  mtl_model *model = open_model(NULL);
  mtl_session *session = new_session(model, 2);
  bounded("runs", 500, 10000, 1 << 20, step_run, session);
  bounded("sessions", 50, 200, 4 << 20, step_session, model);
  bounded("runtimes, models and sessions", 50, 200, 4 << 20, step_everything, NULL);
  bounded("failures", 100, 10000, 1 << 20, step_failure, NULL);
  mtl_session_release(session);
  mtl_model_release(model);
}
