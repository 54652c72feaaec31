/* classify MODEL PICTURE.pgm: prints each task's label and confidence. */
#include <stdio.h>
#include <stdlib.h>

#include "mtl_infer.h"

/* Reads a binary PGM ("P5 width height 255") without comments. */
static uint8_t *read_pgm(const char *path, int32_t *width, int32_t *height) {
  FILE *file = fopen(path, "rb");
  uint8_t *pixels = NULL;
  if (file && fscanf(file, "P5 %d %d 255", width, height) == 2 && *width > 0 && *width < 32768 && *height > 0 &&
      *height < 32768 && fgetc(file) != EOF) {
    size_t size = (size_t)*width * (size_t)*height;
    pixels = malloc(size);
    if (pixels && fread(pixels, 1, size, file) != size) {
      free(pixels);
      pixels = NULL;
    }
  }
  if (file) fclose(file);
  return pixels;
}

static int fail(const char *message) {
  fprintf(stderr, "classify: %s\n", message);
  return 1;
}

int main(int argc, char **argv) {
  mtl_model *model = NULL;
  mtl_session *session = NULL;
  mtl_result *result = NULL;
  mtl_error error;
  mtl_image_view image = {.format = MTL_GRAY8};
  uint8_t *pixels = argc == 3 ? read_pgm(argv[2], &image.width, &image.height) : NULL;
  if (!pixels) return fail("usage: classify MODEL PICTURE.pgm");
  image.data = pixels;
  image.row_stride = image.width;
  image.byte_size = (uint64_t)image.width * (uint64_t)image.height;

  if (mtl_check_abi(MTL_ABI, MTL_ABI_MINOR, &error) || mtl_model_open_path(NULL, argv[1], NULL, &model, &error) ||
      mtl_session_create(model, NULL, &session, &error) || mtl_run_images(session, &image, 1, NULL, &result, &error))
    return fail(error.message);
  for (uint32_t task = 0; task < mtl_model_num_tasks(model); ++task) {
    mtl_task_info info = {.struct_size = sizeof info};
    int32_t label;
    float confidence;
    if (mtl_model_task_info(model, task, &info, &error) ||
        mtl_result_label(result, task, 0, &label, &confidence, &error))
      return fail(error.message);
    printf("%s %s %.4f\n", info.name, mtl_model_task_label(model, task, (uint32_t)label), confidence);
  }
  mtl_result_release(result);
  mtl_session_release(session);
  mtl_model_release(model);
  free(pixels);
  return 0;
}
