/* Null pointers, sizes of structs, indices: every argument that is not a view. */
#include "abi_test.h"

#include <stddef.h>
#include <stdint.h>

static void null_pointers_of_model(mtl_model *model) {
  mtl_model_summary summary = {.struct_size = sizeof summary};
  mtl_task_info task = {.struct_size = sizeof task};
  mtl_input_info input = {.struct_size = sizeof input};
  mtl_session *session = NULL;
  uint32_t index;
  GIVES(MTL_INVALID_ARGUMENT, mtl_model_info(NULL, &summary, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_model_info(model, NULL, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_model_input_info(NULL, 0, &input, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_model_input_info(model, 0, NULL, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_model_task_info(NULL, 0, &task, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_model_task_info(model, 0, NULL, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_model_task_index(NULL, "hand", &index, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_model_task_index(model, NULL, &index, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_model_task_index(model, "hand", NULL, &error));
  CHECK(mtl_model_num_inputs(NULL) == 0 && mtl_model_num_tasks(NULL) == 0 && !mtl_model_task_label(NULL, 0, 0));
  GIVES(MTL_INVALID_ARGUMENT, mtl_session_create(NULL, NULL, &session, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_session_create(model, NULL, NULL, &error));
}

static void null_pointers_of_session(mtl_session *session) {
  mtl_image_view image = picture();
  float *memory;
  mtl_tensor_view tensor = picture_tensor(1, &memory);
  mtl_result *result = NULL;
  mtl_stats stats = {.struct_size = sizeof stats};
  uint64_t nanoseconds;
  GIVES(MTL_INVALID_ARGUMENT, mtl_session_reserve(NULL, 1, 0, 0, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_session_stats(NULL, &stats, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_session_stats(session, NULL, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_session_head_time(NULL, 0, &nanoseconds, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_session_head_time(session, 0, NULL, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_run_images(NULL, &image, 1, NULL, &result, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_run_images(session, NULL, 1, NULL, &result, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_run_images(session, &image, 0, NULL, &result, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_run_images(session, &image, 1, NULL, NULL, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_run_tensors(NULL, &tensor, 1, NULL, &result, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_run_tensors(session, NULL, 1, NULL, &result, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_run_tensors(session, &tensor, 1, NULL, NULL, &error));
  REFUSED(mtl_run_tensors(session, &tensor, 0, NULL, &result, &error));
  CHECK(!result);
  free(memory);
}

static void null_pointers_of_result(mtl_result *result) {
  mtl_tensor_view view;
  int32_t label;
  float confidence;
  GIVES(MTL_INVALID_ARGUMENT, mtl_result_output(NULL, 0, &view, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_result_output(result, 0, NULL, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_result_label(NULL, 0, 0, &label, &confidence, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_result_label(result, 0, 0, NULL, &confidence, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_result_label(result, 0, 0, &label, NULL, &error));
  uint16_t labels[4];
  float values[4];
  mtl_object object;
  uint32_t count;
  GIVES(MTL_INVALID_ARGUMENT, mtl_result_label_map(NULL, 0, 0, 2, 2, labels, sizeof labels, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_result_label_map(result, 0, 0, 2, 2, NULL, sizeof labels, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_result_label_map(result, 0, 0, 0, 2, labels, sizeof labels, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_result_label_map(result, 0, 0, 2, UINT32_MAX, labels, UINT64_MAX, &error));
  GIVES(MTL_BUFFER_TOO_SMALL, mtl_result_label_map(result, 0, 0, 2, 2, labels, 7, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_result_label_map(result, 0, 0, 2, 2, labels, sizeof labels, &error)); /* its kind */
  GIVES(MTL_INVALID_ARGUMENT, mtl_result_map(NULL, 0, 0, 2, 2, values, sizeof values, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_result_map(result, 0, 0, 2, 2, NULL, sizeof values, &error));
  GIVES(MTL_BUFFER_TOO_SMALL, mtl_result_map(result, 0, 0, 2, 2, values, 15, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_result_map(result, 0, 0, 2, 2, values, sizeof values, &error)); /* its kind */
  GIVES(MTL_NOT_FOUND, mtl_result_map(result, 99, 0, 2, 2, values, sizeof values, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_result_objects(NULL, 0, 0, 2, 2, 0, &object, 1, &count, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_result_objects(result, 0, 0, 2, 2, 0, NULL, 1, &count, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_result_objects(result, 0, 0, 2, 2, 0, &object, 1, NULL, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_result_objects(result, 0, 0, 2, 2, 0, &object, 1, &count, &error)); /* its kind */
  CHECK(mtl_result_batch(NULL) == 0);
}

void null_pointers(void) {
  mtl_model *model = NULL;
  mtl_runtime_options_init(NULL, sizeof(mtl_runtime_options));
  mtl_model_options_init(NULL, sizeof(mtl_model_options));
  mtl_session_options_init(NULL, sizeof(mtl_session_options));
  mtl_run_options_init(NULL, sizeof(mtl_run_options));
  GIVES(MTL_INVALID_ARGUMENT, mtl_runtime_create(NULL, NULL, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_model_open_path(NULL, NULL, NULL, &model, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_model_open_path(NULL, model_path, NULL, NULL, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_model_open_memory(NULL, NULL, 8, NULL, NULL, NULL, &model, &error));
  FAILS(mtl_model_open_memory(NULL, "", 0, NULL, NULL, NULL, &model, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_model_open_memory(NULL, "12345678", 8, NULL, NULL, NULL, NULL, &error));
  GIVES(MTL_INVALID_ARGUMENT, mtl_model_open_path(NULL, NULL, NULL, NULL, NULL));
  CHECK(!model && mtl_runtime_num_threads(NULL) >= 1);
  CHECK(!mtl_runtime_retain(NULL) && !mtl_model_retain(NULL) && !mtl_session_retain(NULL) && !mtl_result_retain(NULL));
  mtl_runtime_release(NULL);
  mtl_model_release(NULL);
  mtl_session_release(NULL);
  mtl_result_release(NULL);
  GIVES(MTL_INVALID_STATE, mtl_check_abi(MTL_ABI + 1, 0, NULL));
  GIVES(MTL_INVALID_STATE, mtl_check_abi(MTL_ABI, MTL_ABI_MINOR + 1, &error));
  GIVES(MTL_OK, mtl_check_abi(MTL_ABI, MTL_ABI_MINOR, NULL));

  GIVES(MTL_INVALID_ARGUMENT, mtl_model_save(NULL, "never.mtl", &error));
  model = open_model(NULL);
  GIVES(MTL_INVALID_ARGUMENT, mtl_model_save(model, NULL, &error));
  GIVES(MTL_IO, mtl_model_save(model, "/nowhere/never.mtl", &error));
  null_pointers_of_model(model);
  mtl_session *session = new_session(model, 0);
  null_pointers_of_session(session);
  mtl_image_view image = picture();
  mtl_result *result = NULL;
  GIVES(MTL_OK, mtl_run_images(session, &image, 1, NULL, &result, NULL));
  null_pointers_of_result(result);
  mtl_result_release(result);
  mtl_session_release(session);
  mtl_model_release(model);
}

/* Makes each kind of object with options of `struct_size` bytes, zero but for the last, with nothing behind them. */
static void use_options(uint32_t struct_size, uint8_t last, mtl_status expected) {
  mtl_runtime *runtime = NULL;
  mtl_model *model = NULL, *good = open_model(NULL);
  mtl_session *session = NULL, *good_session = new_session(good, 0);
  mtl_result *result = NULL;
  mtl_image_view image = picture();
  uint8_t *options = guarded(struct_size < 4 ? 4 : struct_size);
  memcpy(options, &struct_size, sizeof struct_size);
  if (last) options[struct_size - 1] = last;
  GIVES(expected, mtl_runtime_create((void *)options, &runtime, &error));
  GIVES(expected, mtl_model_open_path(NULL, model_path, (void *)options, &model, &error));
  GIVES(expected, mtl_session_create(good, (void *)options, &session, &error));
  GIVES(expected, mtl_run_images(good_session, &image, 1, (void *)options, &result, &error));
  CHECK((expected == MTL_OK) == (runtime && model && session && result));
  mtl_result_release(result);
  mtl_session_release(session);
  mtl_session_release(good_session);
  mtl_model_release(model);
  mtl_model_release(good);
  mtl_runtime_release(runtime);
}

void struct_sizes_of_options(void) {
  use_options(0, 0, MTL_INVALID_ARGUMENT);
  use_options(3, 0, MTL_INVALID_ARGUMENT);
  use_options(4, 0, MTL_OK);                 /* a caller that knows no field */
  use_options(8, 0, MTL_OK);                 /* a caller that knows one */
  use_options(256, 0, MTL_OK);               /* a later caller that uses nothing new */
  use_options(256, 1, MTL_INVALID_ARGUMENT); /* and one that does: never ignored silently */

  /* No struct is this large; what follows today's is not readable. */
  mtl_runtime_options *options = guarded(sizeof *options);
  mtl_runtime *runtime = NULL;
  options->struct_size = UINT32_MAX;
  GIVES(MTL_INVALID_ARGUMENT, mtl_runtime_create(options, &runtime, &error));
  CHECK(!runtime);

  uint8_t bytes[sizeof(mtl_session_options)];
  memset(bytes, 0xA5, sizeof bytes);
  mtl_session_options_init((void *)bytes, 8);
  CHECK(bytes[0] == 8 && bytes[4] == 0 && bytes[7] == 0 && bytes[8] == 0xA5);
  mtl_session_options_init((void *)bytes, sizeof bytes);
  CHECK(bytes[0] == sizeof bytes && bytes[8] == 0 && bytes[sizeof bytes - 1] == 0);
}

void struct_sizes_of_filled_structs(void) {
  mtl_model *model = open_model(NULL);
  mtl_session *session = new_session(model, 0);
  static const uint32_t wrong[] = {0, 3, UINT32_MAX};
  for (int i = 0; i < 3; ++i) {
    mtl_model_summary summary = {.struct_size = wrong[i]};
    mtl_task_info task = {.struct_size = wrong[i]};
    mtl_input_info input = {.struct_size = wrong[i]};
    mtl_stats stats = {.struct_size = wrong[i]};
    GIVES(MTL_INVALID_ARGUMENT, mtl_model_info(model, &summary, &error));
    GIVES(MTL_INVALID_ARGUMENT, mtl_model_task_info(model, 0, &task, &error));
    GIVES(MTL_INVALID_ARGUMENT, mtl_model_input_info(model, 0, &input, &error));
    GIVES(MTL_INVALID_ARGUMENT, mtl_session_stats(session, &stats, &error));
    CHECK(!summary.name && !task.name && !input.name && !stats.threads);
  }
  /* An older caller's struct ends before `kind`; nothing is written behind it. */
  uint32_t short_size = offsetof(mtl_task_info, kind);
  mtl_task_info *task = guarded(short_size);
  task->struct_size = short_size;
  GIVES(MTL_OK, mtl_model_task_info(model, 1, task, &error));
  CHECK(task->struct_size == short_size && task->index == 1 && !strcmp(task->name, "count"));
  /* Nor behind today's fields, for a later caller whose struct has more. */
  task = guarded(sizeof *task);
  task->struct_size = 256;
  GIVES(MTL_OK, mtl_model_task_info(model, 1, task, &error));
  CHECK(task->struct_size == 256 && task->kind == MTL_KIND_CLASSIFICATION && task->num_labels == 6);
  mtl_session_release(session);
  mtl_model_release(model);
}

/* The record is filled, agrees with the status, and the handle that was not made is not touched. */
#define LEAVES_ALONE(out, call)                                                        \
  do {                                                                                 \
    memset(&error, 0x55, sizeof error);                                                \
    (out) = (void *)&error;                                                            \
    mtl_status status = (call);                                                        \
    CHECK(status != MTL_OK && (void *)(out) == (void *)&error);                        \
    CHECK(error.code == status && error.message[0] && memchr(error.message, 0, 504));  \
    CHECK(error.system_errno >= 0 && error.system_errno < 4096);                       \
  } while (0)

void failures_leave_outputs_alone(void) {
  mtl_model *model = open_model(NULL), *new_model;
  mtl_session *session = new_session(model, 0), *other;
  mtl_runtime *runtime;
  mtl_result *result;
  mtl_image_view image = {0};
  mtl_tensor_view tensor = {0}, output;
  mtl_runtime_options runtime_options = {.struct_size = 3};
  mtl_session_options session_options = {.struct_size = 3};
  LEAVES_ALONE(runtime, mtl_runtime_create(&runtime_options, &runtime, &error));
  LEAVES_ALONE(new_model, mtl_model_open_path(NULL, "no/such/folder", NULL, &new_model, &error));
  CHECK(error.code == MTL_IO && error.system_errno && strstr(error.message, "no/such/folder"));
  LEAVES_ALONE(new_model, mtl_model_open_memory(NULL, "rubbish!", 8, NULL, NULL, NULL, &new_model, &error));
  LEAVES_ALONE(other, mtl_session_create(model, &session_options, &other, &error));
  LEAVES_ALONE(result, mtl_run_images(session, &image, 1, NULL, &result, &error));
  LEAVES_ALONE(result, mtl_run_tensors(session, &tensor, 1, NULL, &result, &error));
  uint32_t index = 4711;
  GIVES(MTL_NOT_FOUND, mtl_model_task_index(model, "no such task", &index, &error));
  CHECK(index == 4711 && strstr(error.message, "no such task"));

  image = picture();
  GIVES(MTL_OK, mtl_run_images(session, &image, 1, NULL, &result, &error));
  int32_t label = 4711;
  float confidence = 4711;
  memset(&output, 0x55, sizeof output);
  FAILS(mtl_result_label(result, 0, 1, &label, &confidence, &error));
  FAILS(mtl_result_output(result, 99, &output, &error));
  CHECK(label == 4711 && confidence == 4711 && output.rank == 0x55555555 && output.reserved[2] == 0x5555555555555555);
  mtl_result_release(result);
  mtl_session_release(session);
  mtl_model_release(model);
}

void unknown_indices(void) {
  mtl_model *model = open_model(NULL);
  mtl_session *session = NULL;
  mtl_result *result = NULL;
  mtl_image_view image = picture();
  mtl_task_info task = {.struct_size = sizeof task};
  mtl_input_info input = {.struct_size = sizeof input};
  static const uint32_t unknown[] = {UINT32_MAX}, second[] = {1};
  mtl_session_options options = {.struct_size = sizeof options, .tasks = unknown, .num_tasks = 1};
  mtl_run_options run_options = {.struct_size = sizeof run_options, .tasks = unknown, .num_tasks = 1};
  REFUSED(mtl_model_task_info(model, UINT32_MAX, &task, &error));
  REFUSED(mtl_model_input_info(model, UINT32_MAX, &input, &error));
  CHECK(!mtl_model_task_label(model, UINT32_MAX, 0) && !mtl_model_task_label(model, 0, UINT32_MAX));
  CHECK(!mtl_isa_name(-1) && !mtl_status_name(-1) && !mtl_dtype_name(99) && !mtl_pixel_format_name(INT32_MAX));
  CHECK(!mtl_task_kind_name(INT32_MIN) && !mtl_dtype_size(-1) && !mtl_pixel_format_size(0));
  REFUSED(mtl_session_create(model, &options, &session, &error));
  options.tasks = second;
  options.isa_cap = 99;
  REFUSED(mtl_session_create(model, &options, &session, &error));
  options.isa_cap = MTL_ISA_AVX512; /* a cap above the machine is no fault */
  GIVES(MTL_OK, mtl_session_create(model, &options, &session, &error));
  REFUSED(mtl_run_images(session, &image, 1, &run_options, &result, &error));
  CHECK(!result);
  GIVES(MTL_OK, mtl_run_images(session, &image, 1, NULL, &result, &error));

  mtl_tensor_view view;
  int32_t label;
  float confidence;
  uint64_t nanoseconds;
  GIVES(MTL_NOT_FOUND, mtl_result_output(result, 0, &view, &error)); /* known, but not run */
  GIVES(MTL_NOT_FOUND, mtl_result_label(result, 0, 0, &label, &confidence, &error));
  GIVES(MTL_OK, mtl_result_output(result, 1, &view, &error));
  REFUSED(mtl_result_output(result, UINT32_MAX, &view, &error));
  REFUSED(mtl_result_label(result, UINT32_MAX, 0, &label, &confidence, &error));
  REFUSED(mtl_result_label(result, 1, 1, &label, &confidence, &error));
  REFUSED(mtl_session_head_time(session, UINT32_MAX, &nanoseconds, &error));
  GIVES(MTL_OK, mtl_session_head_time(session, 0, &nanoseconds, &error));
  CHECK(nanoseconds == 0);
  FAILS(mtl_session_reserve(session, UINT32_MAX, UINT32_MAX, UINT32_MAX, &error));
  mtl_result_release(result);
  mtl_session_release(session);
  mtl_model_release(model);
}
