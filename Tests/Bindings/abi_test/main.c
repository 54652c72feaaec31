/* abi_test CASE MODEL_FOLDER PICTURE.pgm: runs one case against the C interface. */
#include "abi_test.h"

#include <sys/mman.h>
#include <unistd.h>

const char *model_path;
uint8_t *pixels;
int32_t width, height;
mtl_error error;

void check_status(int expected, mtl_status found, const char *file, int line, const char *call) {
  bool fits = found == expected;
  if (expected == CALLERS_FAULT) fits = found >= 1 && found < 20;
  if (expected == ANY_FAILURE) fits = found != MTL_OK;
  if (fits) return;
  fprintf(stderr, "%s:%d: found %s, expected %d (-1 = the caller's fault, -2 = any failure): %s\n  last message: %s\n",
          file, line, mtl_status_name(found), expected, call, error.message);
  exit(1);
}

mtl_runtime *new_runtime(uint32_t threads) {
  mtl_runtime_options options = {.struct_size = sizeof options, .num_threads = threads};
  mtl_runtime *runtime = NULL;
  GIVES(MTL_OK, mtl_runtime_create(&options, &runtime, &error));
  return runtime;
}

mtl_model *open_model(mtl_runtime *runtime) {
  mtl_model *model = NULL;
  GIVES(MTL_OK, mtl_model_open_path(runtime, model_path, NULL, &model, &error));
  return model;
}

mtl_session *new_session(const mtl_model *model, uint32_t threads) {
  mtl_session_options options = {.struct_size = sizeof options, .max_threads = threads};
  mtl_session *session = NULL;
  GIVES(MTL_OK, mtl_session_create(model, &options, &session, &error));
  return session;
}

mtl_session *quick_session(uint32_t threads) {
  mtl_runtime *runtime = new_runtime(threads);
  mtl_model *model = open_model(runtime);
  mtl_session *session = new_session(model, threads);
  mtl_model_release(model);
  mtl_runtime_release(runtime);
  return session;
}

mtl_image_view picture(void) {
  return (mtl_image_view){.data = pixels, .byte_size = (uint64_t)width * (uint64_t)height, .row_stride = width,
                          .width = width, .height = height, .format = MTL_GRAY8};
}

mtl_tensor_view picture_tensor(int64_t batch, float **memory) {
  int64_t count = (int64_t)width * height;
  mtl_tensor_view view = {.byte_size = (uint64_t)(batch * count) * sizeof(float), .dtype = MTL_FLOAT32, .rank = 4,
                          .shape = {batch, 1, height, width},
                          .stride = {count * 4, count * 4, (int64_t)width * 4, 4}};
  float *numbers = *memory = malloc(view.byte_size);
  CHECK(numbers);
  for (int64_t i = 0; i < batch * count; ++i) numbers[i] = (float)pixels[i % count] / 255.0f;
  view.data = numbers;
  return view;
}

static size_t copy_axis(const mtl_tensor_view *view, int axis, const char *from, uint8_t *to) {
  if (axis == view->rank) {
    memcpy(to, from, sizeof(float));
    return sizeof(float);
  }
  size_t size = 0;
  for (int64_t i = 0; i < view->shape[axis]; ++i)
    size += copy_axis(view, axis + 1, from + i * view->stride[axis], to + size);
  return size;
}

size_t copy_outputs(const mtl_result *result, uint8_t *bytes) {
  mtl_tensor_view view;
  size_t size = 0;
  for (uint32_t task = 0; mtl_result_output(result, task, &view, NULL) == MTL_OK; ++task) {
    CHECK(view.dtype == MTL_FLOAT32 && view.rank >= 1 && view.rank <= MTL_MAX_RANK);
    CHECK(view.shape[0] == mtl_result_batch(result) && view.byte_size + size <= MAX_OUTPUT_BYTES);
    size += copy_axis(&view, 0, view.data, bytes + size);
  }
  CHECK(size > 0);
  return size;
}

size_t run_picture(mtl_session *session, uint8_t *bytes) {
  mtl_image_view image = picture();
  mtl_result *result = NULL;
  GIVES(MTL_OK, mtl_run_images(session, &image, 1, NULL, &result, NULL));
  size_t size = copy_outputs(result, bytes);
  mtl_result_release(result);
  return size;
}

char *read_model_file(const char *name, size_t *size) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", model_path, name);
  FILE *file = fopen(path, "rb");
  CHECK(file && !fseek(file, 0, SEEK_END));
  *size = (size_t)ftell(file);
  rewind(file);
  char *content = calloc(*size + 1, 1);
  CHECK(content && fread(content, 1, *size, file) == *size);
  fclose(file);
  return content;
}

void *guarded(size_t size) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (size + page - 1) / page * page;
  char *memory = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED && !mprotect(memory + room, page, PROT_NONE));
  return memory + room - size;
}

static void read_picture(const char *path) {
  FILE *file = fopen(path, "rb");
  CHECK(file && fscanf(file, "P5 %d %d 255", &width, &height) == 2 && fgetc(file) != EOF);
  size_t size = (size_t)width * (size_t)height;
  pixels = malloc(size);
  CHECK(pixels && fread(pixels, 1, size, file) == size);
  fclose(file);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*run)(void);
  } cases[] = {
#define CASE(name) {#name, name},
#include "cases.def"
  };
  CHECK(argc == 4);
  model_path = argv[2];
  read_picture(argv[3]);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    if (strcmp(cases[i].name, argv[1])) continue;
    cases[i].run();
    return 0;
  }
  fprintf(stderr, "no case %s\n", argv[1]);
  return 1;
}
