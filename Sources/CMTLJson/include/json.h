/* JSON text to a flat array of nodes, and back. Strict RFC 8259 text in UTF-8, without a byte order mark. */
#ifndef CMTL_JSON_H
#define CMTL_JSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  MTL_JSON_NULL = 0,
  MTL_JSON_FALSE = 1,
  MTL_JSON_TRUE = 2,
  MTL_JSON_INTEGER = 3, /* payload: the bits of an int64_t */
  MTL_JSON_NUMBER = 4,  /* payload: the bits of a finite double */
  MTL_JSON_STRING = 5,  /* payload: offset into the tape's text, count: bytes */
  MTL_JSON_ARRAY = 6,   /* count: elements, which follow */
  MTL_JSON_OBJECT = 7   /* count: members, which follow as a string node and a value each, in the order of the text */
};

typedef struct mtl_json_node {
  uint64_t payload;
  uint32_t count;
  uint32_t kind;
} mtl_json_node;

/* The nodes of one text in document order: every container is followed by its contents. */
typedef struct mtl_json_tape {
  const mtl_json_node *nodes;
  size_t node_count;
  /* The decoded strings, one after the other, without terminators. */
  const char *text;
  size_t text_length;
  /* After a failure: what is wrong (static storage) and at which byte. */
  const char *problem;
  size_t problem_offset;
  void *storage;
} mtl_json_tape;

enum {
  MTL_JSON_OK = 0,
  MTL_JSON_MALFORMED = 1,
  MTL_JSON_LIMIT = 2,
  MTL_JSON_OUT_OF_MEMORY = 3
};

/* Parses `length` bytes. Containers may nest `maximum_depth` deep and there may be `maximum_nodes` nodes. Returns one of
 * the codes above and fills `tape`, which mtl_json_release() takes whatever the code was. No exception leaves. */
int32_t mtl_json_parse(const char *bytes, size_t length, uint32_t maximum_depth, size_t maximum_nodes,
                       mtl_json_tape *tape);

/* Frees the memory of a tape; null members are fine. */
void mtl_json_release(mtl_json_tape *tape);

/* Writes the one value that starts the tape (`nodes` and `text` are read) as text, with line breaks and indents of two
 * spaces if `is_indented`. Returns a code as above and fills `text`, which mtl_json_release_text() takes whatever the code
 * was. Numbers come back as the same bits. No exception leaves. */
typedef struct mtl_json_text {
  const char *bytes;
  size_t length;
  void *storage;
} mtl_json_text;
int32_t mtl_json_write(const mtl_json_tape *tape, int32_t is_indented, mtl_json_text *text);
void mtl_json_release_text(mtl_json_text *text);

#ifdef __cplusplus
}
#endif
#endif
