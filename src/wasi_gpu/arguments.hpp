// What the functions of wasi:gpu check before a backend is called. Errors name
// the argument as the WIT does.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "wasi_gpu/session.hpp"

namespace gpu_host {

[[nodiscard]] std::unexpected<GpuError> invalid_params(std::string message);

// Products of counts: they saturate, and so never fit a buffer.
[[nodiscard]] std::uint64_t saturating_product(std::initializer_list<std::uint64_t> factors);

// Checks the arguments of one call one after the other and keeps the first
// error; the checks after it do nothing. A buffer that was found may be used
// once the Arguments are true.
class Arguments {
 public:
  explicit Arguments(Session& session);

  // A live buffer of the session.
  Buffer* buffer(BufferId id, std::string_view name);

  // The same, with at least `elements` elements of `element_size` bytes.
  const Buffer* input(BufferId id, std::string_view name, std::uint64_t elements, std::uint64_t element_size = 4);

  // The same, and the kernel may write it: not read-only, and none of `inputs`
  // (pointers that earlier calls gave; null ones are ignored).
  Buffer* output(BufferId id, std::string_view name, std::uint64_t elements,
                 std::initializer_list<const Buffer*> inputs, std::uint64_t element_size = 4);

  // `message` is made only where the condition does not hold.
  template <class Message>
  void require(bool condition, Message&& message) {
    if (status_ && !condition) status_ = invalid_params(message());
  }

  // `size` bytes at `offset` lie inside the buffer.
  void range(const Buffer* buffer, std::string_view name, std::uint64_t offset, std::uint64_t size);
  void writable(const Buffer* buffer, std::string_view name);

  [[nodiscard]] explicit operator bool() const { return status_.has_value(); }
  [[nodiscard]] std::unexpected<GpuError> error() { return std::unexpected(std::move(status_.error())); }
  [[nodiscard]] Stream& stream() { return *stream_; }

 private:
  Session& session_;
  Stream* stream_ = nullptr;
  GpuResult<void> status_;
};

}  // namespace gpu_host
