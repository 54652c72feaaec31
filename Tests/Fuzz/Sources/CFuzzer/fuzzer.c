#include "fuzzer.h"

int LLVMFuzzerRunDriver(int *argc, char ***argv, mtl_fuzz_target target);

int mtl_fuzz(int argc, char **argv, mtl_fuzz_target target) { return LLVMFuzzerRunDriver(&argc, &argv, target); }
