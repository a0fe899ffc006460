// What the fuzzer expects of an instance's buffers, from the contract alone: which
// ids live, what they hold, what the quotas leave.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace gpu_host::fuzz {

struct Quotas {
  std::uint64_t bytes;
  std::uint32_t buffers;
};

struct ModelBuffer {
  std::uint32_t id = 0;
  std::uint64_t size = 0;
  bool read_only = false;
  std::uint64_t charged = 0;
  // Empty: a kernel wrote it, so anything.
  std::optional<std::vector<std::byte>> contents;

  [[nodiscard]] bool has(std::uint64_t offset, std::uint64_t count) const {
    return offset <= size && count <= size - offset;
  }
};

class Model {
 public:
  explicit Model(Quotas quotas) : quotas_(quotas) {}

  [[nodiscard]] const std::vector<ModelBuffer>& live() const { return live_; }
  [[nodiscard]] std::uint32_t next_id() const { return next_id_; }
  [[nodiscard]] bool admits(std::uint64_t size) const {
    return live_.size() < quotas_.buffers && size <= quotas_.bytes - used_bytes_;
  }

  // Null where no buffer of this id lives.
  [[nodiscard]] ModelBuffer* find(std::uint64_t id);
  [[nodiscard]] const ModelBuffer* find(std::uint64_t id) const;

  // The buffer that a successful creation has made: zeros.
  void create(std::uint64_t size);
  // The one that the embedder has handed in.
  void share(std::span<const std::byte> contents, bool read_only);
  void destroy(std::uint32_t id);

 private:
  Quotas quotas_;
  std::vector<ModelBuffer> live_;  // by id
  std::uint64_t used_bytes_ = 0;
  std::uint32_t next_id_ = 1;
};

}  // namespace gpu_host::fuzz
