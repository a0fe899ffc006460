// What a test does on a machine that lacks its backend.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>
#include <string>

namespace gpu_host::test {

// Whether WGH_REQUIRE_BACKENDS (names, separated by commas) has it.
[[nodiscard]] inline bool is_required(const std::string& backend) {
  const char* const required = std::getenv("WGH_REQUIRE_BACKENDS");
  if (required == nullptr) return false;
  std::istringstream names(required);
  for (std::string name; std::getline(names, name, ',');) {
    if (name == backend) return true;
  }
  return false;
}

// For SetUp: skips the test, with the reason why the backend cannot be used; fails it
// where the backend is required.
inline void skip_without(const std::string& backend, const std::string& reason) {
  ASSERT_FALSE(is_required(backend)) << backend << " is required: " << reason;
  EXPECT_NE(reason, "") << "a backend must say why it cannot be used";
  GTEST_SKIP() << backend << ": " << reason;
}

}  // namespace gpu_host::test
