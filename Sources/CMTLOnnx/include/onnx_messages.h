/* ONNX files as protobuf messages, read through their field numbers (onnx/onnx:onnx/onnx-ml.proto). */
#ifndef CMTL_ONNX_H
#define CMTL_ONNX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A model with all its messages. */
typedef struct mtl_onnx_model mtl_onnx_model;
/* One message of a model; lives as long as the model. */
typedef struct mtl_onnx_message mtl_onnx_message;

enum {
  MTL_ONNX_OK = 0,
  MTL_ONNX_MALFORMED = 1,    /* no such message, or nested deeper than allowed */
  MTL_ONNX_TOO_LARGE = 2,    /* protobuf reads messages of less than 2 GiB */
  MTL_ONNX_OUT_OF_MEMORY = 3
};

/* Parses `length` bytes as a ModelProto whose messages nest at most `maximum_depth` deep. The bytes are not needed
 * afterwards. No exception leaves, here and below. */
int32_t mtl_onnx_parse(const void *bytes, size_t length, uint32_t maximum_depth, mtl_onnx_model **model);
void mtl_onnx_release(mtl_onnx_model *model);
const mtl_onnx_message *mtl_onnx_root(const mtl_onnx_model *model);
/* A NodeProto whose attributes are the default values of the model's function at this index; null past the last one. */
const mtl_onnx_message *mtl_onnx_function_defaults(const mtl_onnx_model *model, size_t function);

/* Values of a field: 0 or 1 of a single one, and 0 of a field that the message does not know. */
size_t mtl_onnx_count(const mtl_onnx_message *message, int32_t field);
/* The message at `index` of a field; null where there is none or the field holds something else. */
const mtl_onnx_message *mtl_onnx_child(const mtl_onnx_message *message, int32_t field, size_t index);
/* The number at `index` of a field of 32- or 64-bit integers or enumerators; 0 where there is none. */
int64_t mtl_onnx_integer(const mtl_onnx_message *message, int32_t field, size_t index);
/* The number at `index` of a field of floats; 0 where there is none. */
float mtl_onnx_float(const mtl_onnx_message *message, int32_t field, size_t index);
/* The bytes at `index` of a field of strings or bytes, in place; null where there are none. */
const char *mtl_onnx_bytes(const mtl_onnx_message *message, int32_t field, size_t index, size_t *length);
/* All numbers of a repeated field as they lie in memory, 4 or 8 bytes each; null where there are none. */
const void *mtl_onnx_numbers(const mtl_onnx_message *message, int32_t field, size_t *count, size_t *byte_size);

#ifdef __cplusplus
}
#endif
#endif
