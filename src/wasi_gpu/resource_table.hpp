// The resources of wasi:gpu/forest of one instance, by handle.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>

#include "backend/forest_engine.hpp"

namespace gpu_host {

// The kinds of resources, each with the WIT's name of it.
struct DataSetResource {
  static constexpr std::string_view kName = "data-set";
  std::shared_ptr<const ForestData> data;
};

struct GrowthResource {
  static constexpr std::string_view kName = "growth";
  std::uint32_t n_features = 0;
  std::unique_ptr<ForestGrowth> growth;  // null: it was finished
};

struct ModelResource {
  static constexpr std::string_view kName = "model";
  std::unique_ptr<ForestModel> model;
};

class ResourceTable {
 public:
  // 1, 2, 3, … of all kinds together, never used twice. What it costs beside the budgets that
  // resources take their memory from is bounded by the number of them.
  template <class Resource>
  [[nodiscard]] GpuResult<std::uint32_t> insert(Resource resource) {
    if (resources_.size() >= kMost || last_ == std::numeric_limits<std::uint32_t>::max()) {
      return gpu_error(GpuErrorCode::out_of_memory, fmt::format("the instance has {} resources", resources_.size()));
    }
    resources_.emplace(last_ + 1, std::move(resource));
    return ++last_;
  }

  // Null where the handle is not a live one of this kind.
  template <class Resource>
  [[nodiscard]] Resource* find(std::uint32_t handle) {
    const auto found = resources_.find(handle);
    return found == resources_.end() ? nullptr : std::get_if<Resource>(&found->second);
  }

  template <class Resource>
  [[nodiscard]] bool drop(std::uint32_t handle) {
    return find<Resource>(handle) != nullptr && resources_.erase(handle) == 1;
  }

 private:
  static constexpr std::size_t kMost = 1 << 16;

  std::unordered_map<std::uint32_t, std::variant<DataSetResource, GrowthResource, ModelResource>> resources_;
  std::uint32_t last_ = 0;
};

}  // namespace gpu_host
