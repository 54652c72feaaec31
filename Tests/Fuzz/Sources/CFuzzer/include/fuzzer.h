/* libFuzzer's driver (LLVM, "Using libFuzzer as a library"); it comes with -sanitize=fuzzer. */
#ifndef MTL_FUZZER_H
#define MTL_FUZZER_H

#include <stddef.h>
#include <stdint.h>

typedef int (*mtl_fuzz_target)(const uint8_t *data, size_t count);

/* Runs the target on inputs until told otherwise by the arguments; never comes back where one is lost. */
int mtl_fuzz(int argc, char **argv, mtl_fuzz_target target);

#endif
