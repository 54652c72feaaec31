/* Several callers, several threads, the host's threads, and fork. */
#include "abi_test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A pool of the host's that stops at a gate when told to, and works backwards, every other index on a thread. */
typedef struct gated_pool {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool closed, someone_waits;
  atomic_long calls;
} gated_pool;

typedef struct item {
  mtl_work_function work;
  void *context;
  uint32_t index;
} item;

static void *do_item(void *argument) {
  item *it = argument;
  it->work(it->context, it->index);
  return NULL;
}

static void parallel_for(void *user, uint32_t count, mtl_work_function work, void *context) {
  gated_pool *pool = user;
  atomic_fetch_add(&pool->calls, 1);
  pthread_mutex_lock(&pool->lock);
  while (pool->closed) {
    pool->someone_waits = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_cond_wait(&pool->changed, &pool->lock);
  }
  pthread_mutex_unlock(&pool->lock);
  for (uint32_t index = count; index-- > 0;) {
    item it = {work, context, index};
    pthread_t thread;
    if (index % 2 && !pthread_create(&thread, NULL, do_item, &it))
      pthread_join(thread, NULL);
    else
      do_item(&it);
  }
}

static mtl_session *session_on(gated_pool *pool) {
  mtl_thread_pool hook = {.struct_size = sizeof hook, .width = 2, .user = pool, .parallel_for = parallel_for};
  mtl_runtime_options options = {.struct_size = sizeof options, .pool = &hook};
  mtl_runtime *runtime = NULL;
  GIVES(MTL_OK, mtl_runtime_create(&options, &runtime, &error));
  CHECK(mtl_runtime_num_threads(runtime) == 2);
  memset(&hook, 0xFF, sizeof hook); /* it was copied */
  mtl_model *model = open_model(runtime);
  mtl_session *session = new_session(model, 0);
  mtl_model_release(model);
  mtl_runtime_release(runtime);
  return session;
}

void host_pool(void) {
  gated_pool pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
  uint8_t expected[MAX_OUTPUT_BYTES], found[MAX_OUTPUT_BYTES];
  mtl_session *own = quick_session(2), *hosted = session_on(&pool);
  size_t size = run_picture(own, expected);
  CHECK(run_picture(hosted, found) == size && !memcmp(expected, found, size) && pool.calls > 0);
  mtl_session_release(own);
  mtl_session_release(hosted);

  mtl_thread_pool no_function = {.struct_size = sizeof no_function, .width = 2};
  mtl_runtime_options options = {.struct_size = sizeof options, .pool = &no_function};
  mtl_runtime *runtime = NULL;
  GIVES(MTL_INVALID_ARGUMENT, mtl_runtime_create(&options, &runtime, &error));
}

static void *run_once(void *session) {
  uint8_t bytes[MAX_OUTPUT_BYTES];
  run_picture(session, bytes);
  return NULL;
}

void busy(void) {
  gated_pool pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
  mtl_session *session = session_on(&pool);
  run_once(session);
  pool.closed = true;
  pthread_t runner;
  CHECK(!pthread_create(&runner, NULL, run_once, session));
  struct timespec deadline;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += 20;
  pthread_mutex_lock(&pool.lock);
  while (!pool.someone_waits) CHECK(!pthread_cond_timedwait(&pool.changed, &pool.lock, &deadline));
  pthread_mutex_unlock(&pool.lock);

  float *memory;
  mtl_tensor_view tensor = picture_tensor(1, &memory);
  mtl_image_view image = picture();
  mtl_result *result = NULL;
  mtl_stats stats = {.struct_size = sizeof stats};
  uint64_t nanoseconds = 0;
  GIVES(MTL_BUSY, mtl_run_images(session, &image, 1, NULL, &result, &error));
  CHECK(error.code == MTL_BUSY && error.message[0] && !result);
  GIVES(MTL_BUSY, mtl_run_tensors(session, &tensor, 1, NULL, &result, &error));
  GIVES(MTL_BUSY, mtl_session_reserve(session, 2, 0, 0, &error));
  GIVES(MTL_BUSY, mtl_session_stats(session, &stats, &error));
  GIVES(MTL_BUSY, mtl_session_head_time(session, 0, &nanoseconds, &error));

  pthread_mutex_lock(&pool.lock);
  pool.closed = false;
  pthread_cond_broadcast(&pool.changed);
  pthread_mutex_unlock(&pool.lock);
  pthread_join(runner, NULL);
  run_once(session);
  mtl_session_release(session);
  free(memory);
}

static void *run_or_busy(void *session) {
  mtl_image_view image = picture();
  for (int i = 0; i < 300; ++i) {
    mtl_result *result = NULL;
    mtl_status status = mtl_run_images(session, &image, 1, NULL, &result, NULL);
    CHECK((status == MTL_OK && result) || (status == MTL_BUSY && !result));
    mtl_result_release(result);
  }
  return NULL;
}

static void run_threads(int count, void *(*body)(void *), void *context) {
  pthread_t threads[8];
  for (int i = 0; i < count; ++i) CHECK(!pthread_create(&threads[i], NULL, body, context));
  for (int i = 0; i < count; ++i) pthread_join(threads[i], NULL);
}

void busy_storm(void) {
  mtl_session *session = quick_session(2);
  run_threads(4, run_or_busy, session);
  run_once(session);
  mtl_session_release(session);
}

typedef struct serial_run {
  const mtl_model *model;
  uint8_t bytes[MAX_OUTPUT_BYTES];
  size_t size;
} serial_run;

static void *run_many_sessions(void *context) {
  serial_run *serial = context;
  uint8_t found[MAX_OUTPUT_BYTES];
  for (int round = 0; round < 20; ++round) {
    mtl_session *session = new_session(serial->model, 1 + (uint32_t)round % 2);
    for (int i = 0; i < 5; ++i)
      CHECK(run_picture(session, found) == serial->size && !memcmp(found, serial->bytes, serial->size));
    mtl_session_release(session);
  }
  return NULL;
}

void many_sessions(void) {
  mtl_runtime *runtime = new_runtime(2);
  mtl_model *model = open_model(runtime);
  mtl_session *session = new_session(model, 1);
  serial_run serial = {.model = model};
  serial.size = run_picture(session, serial.bytes);
  run_threads(8, run_many_sessions, &serial);
  mtl_session_release(session);
  mtl_model_release(model);
  mtl_runtime_release(runtime);
}

void thread_counts_agree(void) {
  uint8_t expected[MAX_OUTPUT_BYTES], found[MAX_OUTPUT_BYTES];
  for (int64_t batch = 1; batch <= 3; batch += 2) {
    float *memory;
    mtl_tensor_view tensor = picture_tensor(batch, &memory);
    size_t size = 0;
    for (uint32_t threads = 1; threads <= 4; ++threads) {
      mtl_session *session = quick_session(threads);
      mtl_image_view images[3] = {picture(), picture(), picture()};
      mtl_result *result = NULL;
      uint8_t *bytes = threads == 1 ? expected : found;
      GIVES(MTL_OK, mtl_run_images(session, images, (uint32_t)batch, NULL, &result, &error));
      size_t found_size = copy_outputs(result, bytes);
      mtl_result_release(result);
      GIVES(MTL_OK, mtl_run_tensors(session, &tensor, 1, NULL, &result, &error));
      found_size += copy_outputs(result, bytes + found_size);
      mtl_result_release(result);
      if (threads == 1) size = found_size;
      CHECK(found_size == size && !memcmp(expected, bytes, size));
      mtl_session_release(session);
    }
    free(memory);
  }
}

/* In the child: an inherited session and a new one give the parent's bytes. The child ends at once, in silence. */
static pid_t fork_runner(const mtl_model *model, mtl_session *session, const uint8_t *expected, size_t size) {
  pid_t child = fork();
  CHECK(child >= 0);
  if (child) return child;
  uint8_t found[MAX_OUTPUT_BYTES];
  bool same = run_picture(session, found) == size && !memcmp(expected, found, size);
  mtl_session *fresh = new_session(model, 2);
  same = same && run_picture(fresh, found) == size && !memcmp(expected, found, size);
  mtl_session_release(fresh);
  mtl_session_release(session);
  _exit(same ? 0 : 3);
}

/* The child ends by itself, with 0, within twenty seconds. */
static void check_child(pid_t child) {
  int status = 0;
  for (int i = 0; i < 2000 && waitpid(child, &status, WNOHANG) == 0; ++i) {
    usleep(10000);
    if (i == 1999) {
      kill(child, SIGKILL);
      fprintf(stderr, "the child hangs\n");
      exit(1);
    }
  }
  if (status) fprintf(stderr, "the child ended with status %#x\n", (unsigned)status);
  CHECK(status == 0);
}

void fork_between_runs(void) {
  uint8_t expected[MAX_OUTPUT_BYTES], found[MAX_OUTPUT_BYTES];
  mtl_runtime *runtimes[2] = {NULL, new_runtime(2)}; /* the default one, and one of our own */
  for (int i = 0; i < 2; ++i) {
    mtl_model *model = open_model(runtimes[i]);
    mtl_session *session = new_session(model, 2);
    size_t size = run_picture(session, expected);
    for (int round = 0; round < 10; ++round) {
      check_child(fork_runner(model, session, expected, size));
      CHECK(run_picture(session, found) == size && !memcmp(expected, found, size));
    }
    mtl_session_release(session);
    mtl_model_release(model);
    mtl_runtime_release(runtimes[i]);
  }
}

static atomic_bool stop;

static void *run_until_stopped(void *session) {
  while (!atomic_load(&stop)) run_once(session);
  return NULL;
}

void fork_beside_a_run(void) {
  uint8_t expected[MAX_OUTPUT_BYTES], found[MAX_OUTPUT_BYTES];
  mtl_model *model = open_model(NULL);
  mtl_session *session = new_session(model, 2), *other = new_session(model, 2);
  size_t size = run_picture(session, expected);
  pthread_t runner;
  CHECK(!pthread_create(&runner, NULL, run_until_stopped, other));
  for (int round = 0; round < 30; ++round) {
    check_child(fork_runner(model, session, expected, size));
    CHECK(run_picture(session, found) == size && !memcmp(expected, found, size));
  }
  atomic_store(&stop, true);
  pthread_join(runner, NULL);
  mtl_session_release(other);
  mtl_session_release(session);
  mtl_model_release(model);
}
