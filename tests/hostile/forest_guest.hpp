// Guests that import wasi:gpu/forest.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hostile/guest_module.hpp"

namespace gpu_host::hostile {

inline constexpr std::string_view kForest = "wasi:gpu/forest@0.2.0";

// As in wit/0.2.0/forest.wit: `parameters` as in Import, with the pointer of a result last.
struct Function {
  std::string_view name;  // after the brackets
  std::string_view kind;  // between them
  std::string_view parameters;
  bool has_result = true;
  bool gives_list = false;
  std::uint32_t result_align = 4;
};

inline constexpr std::array kFunctions{
    Function{"data-set.create", "static", "i32 i32"},
    Function{"data-set.constant-features", "method", "i32 i32", true, true},
    Function{"growth.start", "static", "i32 i64 i32 i32 i32 i32 i32 i32 f64 f64 i32 i32 i32 i32 i32 i32"},
    Function{"growth.grow", "method", "i32 i32 i32"},
    Function{"growth.open-nodes", "method", "i32 i32 i32", true, true},
    Function{"growth.best-splits", "method", "i32 i32", true, true},
    Function{"growth.value-ranges", "method", "i32 i32 i32 i32", true, true},
    Function{"growth.evaluate", "method", "i32 i32 i32 i32", true, true},
    Function{"growth.split-nodes", "method", "i32 i32 i32 i32"},
    Function{"growth.stop", "method", "i32 i32"},
    Function{"growth.finish", "method", "i32 i32"},
    Function{"model.create", "static", "i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32 i64 i32"},
    Function{"model.unpack", "static", "i32 i64 i64 i32"},
    Function{"model.packed-size", "method", "i32 i32 i32", true, false, 8},
    Function{"model.pack", "method", "i32 i32 i32 i64 i32"},
    Function{"model.predict", "method", "i32 i32 i32 i32 i32 i32 i64 i32"},
    Function{"model.quantiles", "method", "i32 i32 i32 i32 i32 i32 i32 i64 i32"},
    Function{"model.shape", "method", "i32 i32", true, false, 8},
    Function{"model.tree-offsets", "method", "i32 i32", true, true},
    Function{"model.write-nodes", "method", "i32 i64 i64 i32 i64 i32"},
    Function{"model.write-leaf-values", "method", "i32 i64 i64 i32 i64 i32"},
    Function{"model.importances", "method", "i32 i32", true, true},
    Function{"model.write-out-of-bag", "method", "i32 i32 i64 i32"},
    Function{"data-set", "resource-drop", "i32", false},
    Function{"growth", "resource-drop", "i32", false},
    Function{"model", "resource-drop", "i32", false},
};

inline std::vector<std::string> types_of(const Function& function) {
  std::istringstream words{std::string(function.parameters)};
  return {std::istream_iterator<std::string>(words), {}};
}

// What the text format calls it.
inline std::string id_of(const Function& function) {
  return fmt::format("${}{}", function.has_result ? "" : "drop.", function.name);
}

// Bytes, word after word.
class Words {
 public:
  template <class... Word>
  Words& add32(Word... words) {
    (add(static_cast<std::uint32_t>(words)), ...);
    return *this;
  }
  Words& add64(std::uint64_t word) {
    add(word);
    return *this;
  }
  [[nodiscard]] const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  template <class Word>
  void add(Word word) {
    bytes_.resize(bytes_.size() + sizeof(word));
    std::memcpy(&bytes_[bytes_.size() - sizeof(word)], &word, sizeof(word));
  }
  std::vector<std::uint8_t> bytes_;
};

// A guest that imports the interface.
class ForestGuest : public GuestModule {
 public:
  ForestGuest() {
    for (const Function& function : kFunctions) {
      import(fmt::format("(import \"{}\" \"[{}]{}\" (func {} (param {})))", kForest, function.kind, function.name,
                         id_of(function), function.parameters));
    }
  }

  // Calls it with kResult as its result's pointer.
  ForestGuest& forest(std::string_view name, std::vector<std::uint64_t> arguments) {
    code(call_text(name, std::move(arguments)));
    return *this;
  }

  static std::string call_text(std::string_view name, std::vector<std::uint64_t> arguments) {
    const Function& function = *std::ranges::find(kFunctions, name, &Function::name);
    const auto types = types_of(function);
    if (arguments.size() < types.size()) arguments.push_back(kResult);
    if (arguments.size() != types.size()) throw std::invalid_argument(std::string(name));
    std::string operands;
    for (std::size_t i = 0; i < types.size(); ++i) {
      operands += types[i] == "f64" ? fmt::format(" (f64.reinterpret_i64 (i64.const {}))", arguments[i])
                                    : fmt::format(" ({}.const {})", types[i], arguments[i]);
    }
    return fmt::format("(call {}{})", id_of(function), operands);
  }

  // 16 rows of 2 columns, in buffer 1; and what data-set.create is told of them, at this address.
  std::uint32_t params() {
    std::vector<std::uint8_t> bytes;
    const auto add = [&](float value) {
      bytes.resize(bytes.size() + sizeof(value));
      std::memcpy(&bytes[bytes.size() - sizeof(value)], &value, sizeof(value));
    };
    for (std::uint32_t i = 0; i < 48; ++i) add(static_cast<float>(i * 37 % 19));
    const std::uint32_t id = buffer(bytes.size());
    write(id, 0, bytes);
    return params_of(16, id, 4);
  }

  // All from one buffer: features from byte 0, targets behind them. Strides of 0 make many rows of few bytes.
  std::uint32_t params_of(std::uint32_t n_rows, std::uint32_t id, std::uint64_t stride) {
    const std::uint64_t column = n_rows * stride;
    Words block;
    block.add32(id, 1).add64(0).add64(stride).add64(column).add32(2, 0);
    block_ = data(block.bytes());
    Words all;
    all.add32(n_rows, block_, 1, 0).add32(id, 1).add64(2 * column).add64(stride);  // … and the targets
    all.add32(0, 0);                                                               // n-classes
    for (int option = 0; option < 2; ++option) all.add64(0).add64(0).add64(0).add64(0);
    all.add32(255, 1).add64(7);
    return data(all.bytes());
  }
  [[nodiscard]] std::uint32_t block() const { return block_; }

  static std::vector<std::uint64_t> growth_arguments(std::uint64_t data, std::uint32_t n_trees = 3,
                                                     std::uint32_t n_draws = 16, bool leaf_targets = false) {
    return {data, 5, n_trees, 2, 0, 0, 2, 1, 0, 0, 1, n_draws, 0, 1, leaf_targets};
  }

  // Handles of a data set, a growth in which open nodes are listed, and a model.
  ForestGuest& with_all() {
    forest("data-set.create", {params()}).expect_ok().expect_word(kResult + 4, kDataSet);
    forest("growth.start", growth_arguments(kDataSet)).expect_ok().expect_word(kResult + 4, kFinished);
    forest("growth.grow", {kFinished, 3}).expect_ok().expect_word(kResult + 4, 3);
    forest("growth.finish", {kFinished}).expect_ok().expect_word(kResult + 4, kModel);
    forest("growth.start", growth_arguments(kDataSet)).expect_ok().expect_word(kResult + 4, kGrowth);
    forest("growth.open-nodes", {kGrowth, 3}).expect_ok().expect_word(kResult + 8, 3);
    return *this;
  }
  static constexpr std::uint32_t kDataSet = 1;
  static constexpr std::uint32_t kFinished = 2;
  static constexpr std::uint32_t kModel = 3;
  static constexpr std::uint32_t kGrowth = 4;

 private:
  std::uint32_t block_ = 0;
};

}  // namespace gpu_host::hostile
