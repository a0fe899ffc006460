#include "wasi_gpu/arguments.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace gpu_host {

std::unexpected<GpuError> invalid_params(std::string message) {
  return gpu_error(GpuErrorCode::invalid_params, std::move(message));
}

std::uint64_t saturating_product(std::initializer_list<std::uint64_t> factors) {
  std::uint64_t product = 1;
  bool overflow = false;
  for (const std::uint64_t factor : factors) {
    if (factor == 0) return 0;
    overflow |= __builtin_mul_overflow(product, factor, &product);
  }
  return overflow ? std::numeric_limits<std::uint64_t>::max() : product;
}

Arguments::Arguments(Session& session) : session_(session) {
  auto begun = session.begin_call();
  if (begun) {
    stream_ = *begun;
  } else {
    status_ = std::unexpected(std::move(begun.error()));
  }
}

Buffer* Arguments::buffer(BufferId id, std::string_view name) {
  if (!status_) return nullptr;
  if (Buffer* const live = session_.buffers().live(id)) return live;
  status_ = std::unexpected(std::move(session_.buffers().find(id, name).error()));
  return nullptr;
}

const Buffer* Arguments::input(BufferId id, std::string_view name, std::uint64_t elements, std::uint64_t element_size) {
  const Buffer* found = buffer(id, name);
  if (found == nullptr) return nullptr;
  const std::uint64_t needed = saturating_product({elements, element_size});
  require(needed <= found->size(), [&] {
    if (needed == std::numeric_limits<std::uint64_t>::max()) {
      return fmt::format("{}: {} elements overflow 64 bits; the buffer has {} bytes", name, elements, found->size());
    }
    return fmt::format("{}: the arguments need {} bytes, the buffer has {}", name, needed, found->size());
  });
  return status_ ? found : nullptr;
}

Buffer* Arguments::output(BufferId id, std::string_view name, std::uint64_t elements,
                          std::initializer_list<const Buffer*> inputs, std::uint64_t element_size) {
  if (input(id, name, elements, element_size) == nullptr) return nullptr;
  Buffer* found = buffer(id, name);
  writable(found, name);
  for (const Buffer* other : inputs) {
    require(other != found, [&] { return fmt::format("{}: buffer {} is an input of the same call", name, id); });
  }
  return status_ ? found : nullptr;
}

void Arguments::range(const Buffer* buffer, std::string_view name, std::uint64_t offset, std::uint64_t size) {
  if (buffer == nullptr) return;
  require(offset <= buffer->size() && size <= buffer->size() - offset, [&] {
    return fmt::format("{}: {} bytes at offset {} exceed the buffer's {} bytes", name, size, offset, buffer->size());
  });
}

void Arguments::writable(const Buffer* buffer, std::string_view name) {
  if (buffer == nullptr) return;
  require(!buffer->read_only(), [&] { return fmt::format("{}: the buffer is read-only", name); });
}

}  // namespace gpu_host
