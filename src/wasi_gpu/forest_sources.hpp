// Numbers in buffers that a forest is grown from or predicts for: whether they lie inside them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "wasi_gpu/arguments.hpp"
#include "wasi_gpu/forest.hpp"

namespace gpu_host::wasi_gpu {

inline constexpr std::uint32_t kMostRows = 0x7fff'ffff;
inline constexpr std::uint64_t kMostFeatures = 1 << 16;

[[nodiscard]] std::uint64_t count_columns(const std::vector<Columns>& blocks);

// The same in the seam's terms. What they return may be used once the Arguments are true.
[[nodiscard]] std::vector<ForestColumns> features(Arguments& arguments, Session& session,
                                                  const std::vector<Columns>& blocks, std::uint32_t n_rows);
[[nodiscard]] ForestNumbers numbers(Arguments& arguments, const Numbers& from, std::string_view name,
                                    std::uint32_t n_rows);
[[nodiscard]] std::optional<ForestNumbers> numbers(Arguments& arguments, const std::optional<Numbers>& from,
                                                   std::string_view name, std::uint32_t n_rows);

}  // namespace gpu_host::wasi_gpu
