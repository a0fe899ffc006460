// Memory on the host's device, owned: destroyed with the object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>

#include "wasi_gpu/error.hpp"
#include "wasi_gpu/host_calls.hpp"
#include "wasi_gpu/types.hpp"

namespace wasi_gpu {

// What crosses the boundary as it lies in memory: a vector, array or span of
// numbers or of plain structs.
template <class R>
concept PlainRange = std::ranges::contiguous_range<R> && std::ranges::sized_range<R> &&
                     std::is_trivially_copyable_v<std::ranges::range_value_t<R>>;

namespace detail {
inline std::optional<Error> late_error;  // received where it could not be returned
}

class Buffer {
 public:
  // No buffer: holds nothing until one is moved in.
  Buffer() = default;
  Buffer(Buffer&& other) noexcept : id_(std::exchange(other.id_, 0)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    if (this != &other) {
      destroy();
      id_ = std::exchange(other.id_, 0);
      size_ = std::exchange(other.size_, 0);
    }
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { destroy(); }

  // `size` bytes, all zero.
  [[nodiscard]] static Result<Buffer> create(std::uint64_t size, BufferUsage usage = kKernelBuffer) {
    auto id = host_calls::buffer_create(size, usage);
    if (!id) return std::unexpected(std::move(id.error()));
    return Buffer(*id, size);
  }

  // Room for `count` values of T, all zero.
  template <class T>
    requires std::is_trivially_copyable_v<T>
  [[nodiscard]] static Result<Buffer> create_for(std::uint64_t count, BufferUsage usage = kKernelBuffer) {
    if (count > std::numeric_limits<std::uint64_t>::max() / sizeof(T)) {
      return std::unexpected(Error{ErrorCode::out_of_memory, "the size overflows 64 bits"});
    }
    return create(count * sizeof(T), usage);
  }

  // A buffer that holds a copy of `data`, which must not be empty.
  template <PlainRange R>
  [[nodiscard]] static Result<Buffer> from(const R& data, BufferUsage usage = kKernelBuffer) {
    auto buffer = create_for<std::ranges::range_value_t<R>>(std::ranges::size(data), usage);
    if (!buffer) return buffer;
    if (auto written = buffer->write(data); !written) return std::unexpected(std::move(written.error()));
    return buffer;
  }

  // `offset` is in bytes.
  template <PlainRange R>
  [[nodiscard]] Result<void> write(const R& data, std::uint64_t offset = 0) {
    return host_calls::buffer_write(id_, offset, std::as_bytes(std::span(data)));
  }

  // Fills all of `into` from `offset`, in bytes; waits for earlier work. The
  // host writes straight into it. After an error its content is unspecified.
  template <PlainRange R>
    requires(!std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<R>>>)
  [[nodiscard]] Result<void> read(R&& into, std::uint64_t offset = 0) const {
    if (detail::late_error) return std::unexpected(*std::exchange(detail::late_error, std::nullopt));
    return host_calls::buffer_read(id_, offset, std::as_writable_bytes(std::span(into)));
  }

  // Copies `size` bytes to `destination`, which may be this buffer.
  [[nodiscard]] Result<void> copy_to(Buffer& destination, std::uint64_t size, std::uint64_t source_offset = 0,
                                     std::uint64_t destination_offset = 0) const {
    return host_calls::buffer_copy(id_, source_offset, destination.id_, destination_offset, size);
  }

  [[nodiscard]] BufferId id() const { return id_; }           // 0: no buffer
  [[nodiscard]] std::uint64_t size() const { return size_; }  // bytes
  explicit operator bool() const { return id_ != 0; }

 private:
  Buffer(BufferId id, std::uint64_t size) : id_(id), size_(size) {}

  void destroy() noexcept {
    if (id_ == 0) return;
    auto destroyed = host_calls::buffer_destroy(id_);
    if (destroyed || destroyed.error().code != ErrorCode::kernel_error) return;
    // An error of earlier work, handed out now: the call itself had no effect.
    // A destructor cannot return it, so the next read does.
    if (!detail::late_error) detail::late_error = std::move(destroyed.error());
    static_cast<void>(host_calls::buffer_destroy(id_));
  }

  BufferId id_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace wasi_gpu
