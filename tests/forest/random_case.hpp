// Random data and parameters, for what grows trees.
#pragma once

#include <cstdint>
#include <random>

#include "backend/cpu/forest/data_set.hpp"
#include "backend/cpu/parallel.hpp"
#include "forest/parameters.hpp"
#include "forest/reference.hpp"

namespace gpu_host::forest_test {

struct Case {
  forest_reference::Data data;
  forest_reference::Parameters parameters;

  [[nodiscard]] std::uint32_t n_rows() const { return static_cast<std::uint32_t>(data.targets.size()); }
};

// Draws what a case is made of.
class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}
  std::uint32_t number(std::uint32_t from, std::uint32_t to) {
    return from + static_cast<std::uint32_t>(engine_()) % (to - from + 1);
  }
  bool one_in(std::uint32_t n) { return number(1, n) == 1; }
  double fraction() { return static_cast<double>(engine_()) / 0x1p32; }
  std::uint64_t word() { return engine_() | std::uint64_t{engine_()} << 32U; }

 private:
  std::mt19937 engine_;
};

[[nodiscard]] Case random_case(std::uint32_t seed);
[[nodiscard]] cpu::DataSet data_set(const Case& one, cpu::Workers& workers);
[[nodiscard]] forest::Parameters of_engine(const forest_reference::Parameters& parameters);

}  // namespace gpu_host::forest_test
