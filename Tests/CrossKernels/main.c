/* cross_kernels CONFIGURATIONS [SEED [FAMILY [NUMBER]]]
 *
 * So many configurations of each family, or of one, or that one configuration. Prints the best set and what ran, and
 * exits with 1 if anything differs, or if a kernel of a set that the processor has did not run or is the oracle's. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runs.h"

static void say(const char *text) {
  if (write(STDOUT_FILENO, text, strlen(text)) < 0) _exit(2);
}

/* Memory that may not be touched was. */
static void end_at_guard(int signal) {
  (void)signal;
  say("touched memory outside of an operand, or an instruction that the processor lacks: ");
  say(current_configuration());
  say("\n  ");
  say(current_story());
  say("\n");
  _exit(1);
}

static void try_family(const char *name, void (*try)(random_t *), uint64_t seed, int64_t begin, int64_t end) {
  uint64_t salt = seed * 0x100000001B3;
  for (const char *letter = name; *letter; letter++) salt = (salt ^ (uint64_t)*letter) * 0x100000001B3;
  for (int64_t number = begin; number < end; number++) {
    begin_configuration(name, number, seed);
    random_t random = {salt + (uint64_t)number * 0xD1342543DE82EF95};
    try(&random);
  }
}

/* Whether every kernel of a set ran, and is its own. */
static int is_complete(int index) {
  const mtlk_kernel_set *set = tested_set(index), *oracle = tested_set(0);
  int64_t total = 0;
  int is_good = 1;
#define CHECK(kernel, parameters)                                                                                    \
  total += calls_of(index, KERNEL_##kernel);                                                                         \
  if (calls_of(index, KERNEL_##kernel) == 0 || (index > 0 && set->kernel == oracle->kernel)) {                       \
    printf("%s: %s %s\n", set->name, #kernel, calls_of(index, KERNEL_##kernel) ? "is the oracle's" : "did not run"); \
    is_good = 0;                                                                                                     \
  }
  MTLK_KERNEL_LIST(CHECK)
#undef CHECK
  printf("%s: %d kernels, %lld calls\n", set->name, KERNEL_COUNT, (long long)total);
  return is_good;
}

int main(int count, char **arguments) {
  if (count < 2 || count > 5) {
    fprintf(stderr, "usage: %s CONFIGURATIONS [SEED [FAMILY [NUMBER]]]\n", arguments[0]);
    return 2;
  }
  const int64_t configurations = atoll(arguments[1]);
  const uint64_t seed = count > 2 ? strtoull(arguments[2], NULL, 10) : 1;
  const char *family = count > 3 ? arguments[3] : NULL;
  const int64_t begin = count > 4 ? atoll(arguments[4]) : 0, end = count > 4 ? begin + 1 : configurations;
  signal(SIGSEGV, end_at_guard);
  signal(SIGBUS, end_at_guard);
  signal(SIGILL, end_at_guard);
  find_sets();
  printf("best: %s\n", tested_set(tested_sets() - 1)->name);
#define TRY(name) \
  if (!family || strcmp(family, #name) == 0) try_family(#name, try_##name, seed, begin, end);
  FAMILIES(TRY)
#undef TRY
  int is_good = failure_count() == 0;
  for (int set = 0; !family && set < tested_sets(); set++) is_good &= is_complete(set);
  if (failure_count()) printf("%lld outputs differ\n", (long long)failure_count());
  return is_good ? 0 : 1;
}
