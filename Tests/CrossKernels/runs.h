#ifndef CROSS_RUNS_H
#define CROSS_RUNS_H

#include "memory.h"

enum { MOST_SETS = 16 };

/* Finds the sets of this build that the processor has, worst first. */
void find_sets(void);
int tested_sets(void);
const mtlk_kernel_set *tested_set(int index);
int64_t calls_of(int set, int kernel);
int64_t failure_count(void);

void begin_configuration(const char *family, int64_t number, uint64_t seed);
const char *current_configuration(void);
const char *current_story(void);

#endif
