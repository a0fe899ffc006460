#include "check.h"

#include <math.h>
#include <stdio.h>

static int failures = 0;

void check(int holds, const char* what, int line) {
  if (holds) return;
  ++failures;
  printf("line %d: not so: %s\n", line, what);
}

void check_numbers(const float* got, const float* expected, size_t count, const char* what, int line) {
  for (size_t i = 0; i < count; ++i) {
    if (got[i] == expected[i] || fabsf(got[i] - expected[i]) <= 1e-5f * fabsf(expected[i])) continue;
    ++failures;
    printf("line %d: %s[%zu] is %.9g, not %.9g\n", line, what, i, (double)got[i], (double)expected[i]);
  }
}

static uint32_t pcg(uint32_t x) {
  const uint32_t s = x * 747796405u + 2891336453u;
  const uint32_t w = ((s >> ((s >> 28) + 4)) ^ s) * 277803737u;
  return (w >> 22) ^ w;
}

uint32_t bootstrap_index(uint32_t seed, uint32_t i, uint32_t max_index) {
  return (uint32_t)(((uint64_t)pcg(pcg(seed) + i) * max_index) >> 32);
}

int verdict(const char* name) {
  if (failures == 0) printf("%s guest: ok\n", name);
  return failures == 0 ? 0 : 1;
}
