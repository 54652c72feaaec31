/* What the cases of abi_test share. A failed CHECK prints where and ends the process with 1. */
#ifndef ABI_TEST_H
#define ABI_TEST_H

#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtl_infer.h"

#define CHECK(condition)                                                              \
  do {                                                                                \
    if (!(condition)) {                                                               \
      fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);       \
      exit(1);                                                                        \
    }                                                                                 \
  } while (0)
/* The call gives exactly this status. */
#define GIVES(expected, ...) check_status((expected), (__VA_ARGS__), __FILE__, __LINE__, #__VA_ARGS__)
/* The call is refused as the caller's fault, statuses 1 to 19; the header leaves open which. */
#define REFUSED(...) GIVES(CALLERS_FAULT, __VA_ARGS__)
/* The call fails, whoever's fault it is. */
#define FAILS(...) GIVES(ANY_FAILURE, __VA_ARGS__)
enum { CALLERS_FAULT = -1, ANY_FAILURE = -2 };

void check_status(int expected, mtl_status found, const char *file, int line, const char *call);

/* The model's folder, and a picture of the size that the network takes. */
extern const char *model_path;
extern uint8_t *pixels;
extern int32_t width, height;
enum { MAX_OUTPUT_BYTES = 1 << 16 };

extern mtl_error error; /* for the thread of main */

mtl_runtime *new_runtime(uint32_t threads);
mtl_model *open_model(mtl_runtime *runtime);
mtl_session *new_session(const mtl_model *model, uint32_t threads);
/* Model on the default runtime and session of so many threads; the model is given back. */
mtl_session *quick_session(uint32_t threads);
mtl_image_view picture(void);
/* The picture as N copies of the network's input, in [0, 1]; `memory` receives what to free. */
mtl_tensor_view picture_tensor(int64_t batch, float **memory);
/* Outputs of all tasks, one after the other, as bytes; returns how many. */
size_t copy_outputs(const mtl_result *result, uint8_t *bytes);
/* Runs the picture and returns its outputs likewise; safe in any thread. */
size_t run_picture(mtl_session *session, uint8_t *bytes);
/* Whole content of a file in the model's folder. */
char *read_model_file(const char *name, size_t *size);
/* `size` bytes at the very end of a page that nothing readable follows. */
void *guarded(size_t size);

#define CASE(name) void name(void);
#include "cases.def"
#undef CASE
#endif
