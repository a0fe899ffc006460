#include "fuzz/model.hpp"

#include <algorithm>

namespace gpu_host::fuzz {

ModelBuffer* Model::find(std::uint64_t id) {
  const auto found = std::ranges::find(live_, id, &ModelBuffer::id);
  return found == live_.end() ? nullptr : &*found;
}

const ModelBuffer* Model::find(std::uint64_t id) const {
  const auto found = std::ranges::find(live_, id, &ModelBuffer::id);
  return found == live_.end() ? nullptr : &*found;
}

void Model::create(std::uint64_t size) {
  live_.push_back({next_id_++, size, false, size, std::vector<std::byte>(size)});
  used_bytes_ += size;
}

void Model::share(std::span<const std::byte> contents, bool read_only) {
  live_.push_back({next_id_++, contents.size(), read_only, 0, std::vector(contents.begin(), contents.end())});
}

void Model::destroy(std::uint32_t id) {
  used_bytes_ -= find(id)->charged;
  std::erase_if(live_, [id](const ModelBuffer& buffer) { return buffer.id == id; });
}

}  // namespace gpu_host::fuzz
