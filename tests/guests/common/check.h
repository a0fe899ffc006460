// Checks of the test guests: a failed one says where and what differs.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

void check(int holds, const char* what, int line);
#define CHECK(condition) check((condition) != 0, #condition, __LINE__)

// To a relative error of 1e-5.
void check_numbers(const float* got, const float* expected, size_t count, const char* what, int line);
#define CHECK_NUMBERS(got, expected) \
  check_numbers((got), (expected), sizeof(expected) / sizeof((expected)[0]), #got, __LINE__)

// What kernel-bootstrap-sample is defined to give.
uint32_t bootstrap_index(uint32_t seed, uint32_t i, uint32_t max_index);

// Prints "NAME guest: ok" unless a check failed; returns the exit code.
int verdict(const char* name);

#ifdef __cplusplus
}
#endif
