#ifndef CROSS_MEMORY_H
#define CROSS_MEMORY_H

#include "cross.h"

/* Ends the life of everything that was kept. */
void forget_all(void);

/* Ends the life of all guarded stretches. */
void begin_stretches(void);
uint8_t *guarded(size_t size, size_t element, place_t place);

#endif
