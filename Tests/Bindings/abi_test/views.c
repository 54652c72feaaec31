/* Views of images and tensors: what is refused, and that nothing beyond their bytes is read. */
#include "abi_test.h"

#include <stdint.h>

/* Refuses the picture with one field changed, alone and behind a good one. */
#define REFUSES_IMAGE(change)                                                            \
  do {                                                                                   \
    mtl_image_view images[2] = {picture(), picture()}, *view = &images[1];               \
    change;                                                                              \
    REFUSED(mtl_run_images(session, view, 1, NULL, &result, &error));                    \
    REFUSED(mtl_run_images(session, images, 2, NULL, &result, &error));                  \
    CHECK(!result);                                                                      \
  } while (0)

void refused_images(void) {
  mtl_session *session = quick_session(1);
  mtl_result *result = NULL;
  REFUSES_IMAGE(view->data = NULL);
  REFUSES_IMAGE(view->byte_size -= 1);
  REFUSES_IMAGE(view->byte_size = 0);
  REFUSES_IMAGE(view->row_stride -= 1);
  REFUSES_IMAGE(view->row_stride += 1);
  REFUSES_IMAGE(view->row_stride = 0);
  REFUSES_IMAGE(view->row_stride = -view->row_stride);
  REFUSES_IMAGE(view->row_stride = INT64_MAX);
  REFUSES_IMAGE(view->row_stride = INT64_MIN);
  REFUSES_IMAGE(view->row_stride = INT64_MAX / (height - 1) + 1);
  REFUSES_IMAGE(view->width = 0);
  REFUSES_IMAGE(view->height = 0);
  REFUSES_IMAGE(view->width = -1);
  REFUSES_IMAGE(view->height = INT32_MIN);
  REFUSES_IMAGE(view->height = INT32_MAX);
  REFUSES_IMAGE((view->width = INT32_MAX, view->row_stride = INT32_MAX));
  REFUSES_IMAGE(view->format = 0);
  REFUSES_IMAGE(view->format = 6);
  REFUSES_IMAGE(view->format = -1);
  REFUSES_IMAGE(view->format = MTL_RGB8); /* three times the bytes that are there */
  REFUSES_IMAGE(view->orientation = 9);
  REFUSES_IMAGE(view->orientation = -1);
  REFUSES_IMAGE((view->roi_width = view->width + 1, view->roi_height = 1));
  REFUSES_IMAGE((view->roi_width = 1, view->roi_height = view->height + 1));
  REFUSES_IMAGE((view->roi_width = 1, view->roi_height = 0));
  REFUSES_IMAGE((view->roi_width = -1, view->roi_height = 1));
  REFUSES_IMAGE((view->roi_width = 1, view->roi_height = -1));
  REFUSES_IMAGE((view->roi_x = -1, view->roi_width = 1, view->roi_height = 1));
  REFUSES_IMAGE((view->roi_y = view->height, view->roi_width = 1, view->roi_height = 1));
  REFUSES_IMAGE((view->roi_x = INT32_MAX, view->roi_width = INT32_MAX, view->roi_height = 1));
  REFUSES_IMAGE((view->roi_y = INT32_MAX, view->roi_width = 1, view->roi_height = INT32_MAX));

  uint8_t bytes[MAX_OUTPUT_BYTES];
  run_picture(session, bytes); /* and the session is as good as before */
  mtl_session_release(session);
}

#define REFUSES_TENSOR(expected, change)                                                 \
  do {                                                                                   \
    mtl_tensor_view changed = good, *view = &changed;                                    \
    change;                                                                              \
    GIVES((expected), mtl_run_tensors(session, view, 1, NULL, &result, &error));         \
    CHECK(!result);                                                                      \
  } while (0)

void refused_tensors(void) {
  mtl_session *session = quick_session(1);
  mtl_result *result = NULL;
  float *memory;
  mtl_tensor_view good = picture_tensor(1, &memory);
  REFUSES_TENSOR(MTL_INVALID_ARGUMENT, view->data = NULL);
  REFUSES_TENSOR(CALLERS_FAULT, view->byte_size -= 1);
  REFUSES_TENSOR(CALLERS_FAULT, view->byte_size = 0);
  REFUSES_TENSOR(CALLERS_FAULT, view->stride[3] += 1);
  REFUSES_TENSOR(CALLERS_FAULT, view->stride[2] = -view->stride[2]);
  REFUSES_TENSOR(CALLERS_FAULT, view->stride[0] = -4); /* also where only one step of it is taken */
  REFUSES_TENSOR(CALLERS_FAULT, view->stride[2] = INT64_MAX);
  REFUSES_TENSOR(CALLERS_FAULT, view->stride[3] = INT64_MIN);
  REFUSES_TENSOR(CALLERS_FAULT, (view->shape[0] = 2, view->stride[0] = INT64_MAX));
  REFUSES_TENSOR(MTL_DTYPE_MISMATCH, view->dtype = 2);
  REFUSES_TENSOR(MTL_DTYPE_MISMATCH, view->dtype = 0);
  REFUSES_TENSOR(CALLERS_FAULT, view->rank = 9);
  REFUSES_TENSOR(CALLERS_FAULT, view->rank = 3);
  REFUSES_TENSOR(CALLERS_FAULT, view->rank = 0);
  REFUSES_TENSOR(CALLERS_FAULT, view->rank = INT32_MIN);
  REFUSES_TENSOR(CALLERS_FAULT, view->rank = INT32_MAX);
  REFUSES_TENSOR(MTL_SHAPE_MISMATCH, (view->shape[1] = 3, view->stride[1] = 0));
  REFUSES_TENSOR(CALLERS_FAULT, view->shape[0] = 0);
  REFUSES_TENSOR(CALLERS_FAULT, view->shape[2] = 0);
  REFUSES_TENSOR(CALLERS_FAULT, view->shape[2] = -1);
  REFUSES_TENSOR(CALLERS_FAULT, view->shape[0] = 2);
  /* Nothing to read beyond the view, yet a batch that no machine holds. */
  REFUSES_TENSOR(ANY_FAILURE, (view->shape[0] = INT64_MAX, view->stride[0] = 0));
  REFUSES_TENSOR(ANY_FAILURE, (view->shape[0] = (int64_t)1 << 33, view->stride[0] = 0));
  mtl_tensor_view two[2] = {good, good};
  REFUSED(mtl_run_tensors(session, two, 2, NULL, &result, &error));

  GIVES(MTL_OK, mtl_run_tensors(session, &good, 1, NULL, &result, &error));
  mtl_result_release(result);
  mtl_session_release(session);
  free(memory);
}

void nothing_is_read_beyond_a_view(void) {
  mtl_session *session = quick_session(2);
  for (int32_t format = MTL_GRAY8; format <= MTL_BGRA8; ++format) {
    for (int32_t size = 1; size < 300; size += size < 8 ? 1 : 37) {
      /* Rows with a gap between them: the last one has none behind it. */
      int32_t pixel_size = (int32_t)mtl_pixel_format_size(format), row_size = size * pixel_size;
      mtl_image_view image = {.row_stride = row_size + 5, .width = size, .height = size, .format = format};
      image.byte_size = (uint64_t)image.row_stride * (uint64_t)(size - 1) + (uint64_t)row_size;
      image.data = guarded(image.byte_size);
      for (image.orientation = 0; image.orientation <= 8; ++image.orientation) {
        mtl_result *result = NULL;
        GIVES(MTL_OK, mtl_run_images(session, &image, 1, NULL, &result, &error));
        mtl_result_release(result);
      }
      mtl_result *result = NULL;
      image.orientation = 1;
      image.roi_x = image.roi_y = size - 1;
      image.roi_width = image.roi_height = 1;
      GIVES(MTL_OK, mtl_run_images(session, &image, 1, NULL, &result, &error));
      mtl_result_release(result);
    }
  }
  float *memory;
  mtl_tensor_view tensor = picture_tensor(1, &memory);
  mtl_result *result = NULL;
  tensor.data = memcpy(guarded(tensor.byte_size), memory, tensor.byte_size);
  GIVES(MTL_OK, mtl_run_tensors(session, &tensor, 1, NULL, &result, &error));
  mtl_result_release(result);
  mtl_session_release(session);
  free(memory);
}

void broadcast_tensor(void) {
  mtl_session *session = quick_session(1);
  uint8_t once[MAX_OUTPUT_BYTES], repeated[MAX_OUTPUT_BYTES];
  float *memory, *copies;
  mtl_tensor_view broadcast = picture_tensor(1, &memory), whole = picture_tensor(3, &copies);
  mtl_result *result = NULL;
  broadcast.shape[0] = 3;
  broadcast.stride[0] = 0;
  GIVES(MTL_OK, mtl_run_tensors(session, &whole, 1, NULL, &result, &error));
  CHECK(mtl_result_batch(result) == 3);
  size_t size = copy_outputs(result, once);
  mtl_result_release(result);
  GIVES(MTL_OK, mtl_run_tensors(session, &broadcast, 1, NULL, &result, &error));
  CHECK(copy_outputs(result, repeated) == size && !memcmp(once, repeated, size));
  mtl_result_release(result);
  mtl_session_release(session);
  free(memory);
  free(copies);
}
