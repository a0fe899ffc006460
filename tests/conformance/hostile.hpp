// What every call on hostile data must give.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <optional>
#include <string>

#include "conformance/device_memory.hpp"

namespace gpu_host::conformance {

// Runs a kernel on an output of `count` floats. It must end with a kernel_error
// that contains one of `words`, leave what lies behind the output as it was and
// the stream usable.
template <class Launch>
void expect_kernel_error(Stream& stream, std::size_t count, std::initializer_list<const char*> words,
                         const Launch& launch) {
  const std::size_t size = count * sizeof(float);
  const DeviceMemory output = upload(stream, std::vector<std::byte>(size + kGuardBytes, kGuard));
  const std::optional<GpuError> error = outcome(stream, launch(*output));
  ASSERT_TRUE(error.has_value()) << "the call succeeded";
  EXPECT_EQ(error->code, GpuErrorCode::kernel_error) << error->message;
  std::string message = error->message;
  std::ranges::transform(message, message.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  EXPECT_TRUE(std::ranges::any_of(words, [&](const char* word) { return message.find(word) != std::string::npos; }))
      << "the message must name the culprit (" << *words.begin() << "): " << error->message;
  EXPECT_EQ(output.read(size, kGuardBytes), std::vector<std::byte>(kGuardBytes, kGuard)) << "written past the output";
}

}  // namespace gpu_host::conformance
