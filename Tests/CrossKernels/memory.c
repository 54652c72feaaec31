/* Memory of configurations, and memory between pages that may not be touched: one element read or written beyond the
 * end ends the process. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"

/* Buffers that stay for the next configuration. They hand out pieces in order. */
typedef struct {
  uint8_t *start;
  size_t capacity, used;
} store_t;

enum { MOST_STORES = 64 };
static store_t stores[MOST_STORES];
static int store_count;

static void give_up(const char *what) {
  perror(what);
  exit(2);
}

void *keep(size_t size) {
  size = (size + 63) / 64 * 64 + 64;
  for (int i = 0; i < MOST_STORES; i++) {
    store_t *store = &stores[i];
    if (i == store_count) {
      store->capacity = size > (4u << 20) ? size : (4u << 20);
      store->start = malloc(store->capacity);
      if (!store->start) give_up("memory");
      store_count++;
    }
    if (store->capacity - store->used < size) continue;
    store->used += size;
    return store->start + store->used - size;
  }
  give_up("memory of a configuration");
  return NULL;
}

void forget_all(void) {
  for (int i = 0; i < store_count; i++) stores[i].used = 0;
}

/* Guarded stretches of a run, in the order in which it asks for them; each keeps its pages. */
enum { MOST_STRETCHES = 32 };
static struct {
  uint8_t *start;
  size_t capacity;
} stretches[MOST_STRETCHES];
static int stretch_count;

void begin_stretches(void) { stretch_count = 0; }

uint8_t *guarded(size_t size, size_t element, place_t place) {
  if (stretch_count == MOST_STRETCHES) give_up("too many operands");
  uint8_t **start = &stretches[stretch_count].start;
  size_t *capacity = &stretches[stretch_count++].capacity;
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), needed = (size + element + page - 1) / page * page;
  if (*capacity < needed) {
    if (*start) munmap(*start - page, *capacity + 2 * page);
    uint8_t *mapping = mmap(NULL, needed + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED || mprotect(mapping + page, needed, PROT_READ | PROT_WRITE) != 0) give_up("pages");
    *start = mapping + page;
    *capacity = needed;
  }
  if (place == BEFORE) return *start;
  return *start + *capacity - size - (place == SHIFTED ? element : 0);
}
