// Guests that misuse models of wasi:gpu/forest: what they are made of, what they predict for, where they write to.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "hostile/forest_guest.hpp"
#include "hostile/run_guest.hpp"

namespace gpu_host::hostile {
namespace {

using Guest = ForestGuest;
using Flat = std::vector<std::uint64_t>;

constexpr std::uint64_t kMost64 = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint32_t kMost32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kMinusOne = 0xffff'ffff;

struct ModelNode {
  std::uint64_t feature = kMinusOne;
  float value = 0;
  std::uint32_t left = 0;
  std::uint32_t missing = 0;
};

// A model of 2 features, of one tree: x0 <= 0.5 ? 1 : 2. In buffer 1, its offsets at this guest's own address.
class ModelGuest : public Guest {
 public:
  explicit ModelGuest(const std::vector<ModelNode>& nodes = {{0, 0.5F, 1, 2}, {kMinusOne, 1}, {kMinusOne, 2}}) {
    Words words;
    for (const ModelNode& node : nodes)
      words.add32(node.feature, std::bit_cast<std::uint32_t>(node.value), node.left, node.missing, 0);
    nodes_ = buffer(words.bytes().size());
    write(nodes_, 0, words.bytes());
    offsets_ = data(Words().add64(0).add64(nodes.size()).bytes());
  }

  // model.create's, which a test spoils.
  [[nodiscard]] Flat arguments() const { return {2, 0, 1, 1, 0, 0, offsets_, 2, 0, 0, nodes_, 0, 0, 0, 0}; }
  ModelGuest& create() {
    forest("model.create", arguments()).expect_ok().expect_word(kResult + 4, 1);
    return *this;
  }

  // A row in a buffer, and the block of columns that says where, for n_rows of it; the block's address.
  std::uint32_t row(float first, float second) {
    const std::uint32_t id = buffer_of({first, second});
    return data(Words().add32(id, 1).add64(0).add64(0).add64(4).add32(2, 0).bytes());
  }

 private:
  std::uint32_t nodes_ = 0;
  std::uint32_t offsets_ = 0;
};

enum At : std::size_t {  // of model.create's arguments
  leaves = 1,
  average = 3,
  base = 4,
  tree_offsets = 6,
  tree_outputs = 8,
  nodes_offset = 11,
  has_leaf_values = 12,
};

TEST(ForestModels, AreMadeAndUsed) {
  ModelGuest guest;
  guest.create();
  const auto left = guest.row(0.5F, 9);
  const auto to = guest.buffer(4096);
  guest.forest("model.predict", {1, 2, left, 1, 0, to, 4}).expect_ok();
  guest.expect_values(to, {0.0F, 1.0F, 1.0F, 0.0F});
  guest.forest("model.predict", {1, 1, guest.row(0.75F, 9), 1, 1, to, 0}).expect_ok();
  guest.expect_values(to, {2.0F, 1.0F});
  guest.forest("model.predict", {1, 1, left, 1, 2, to, 0}).expect_ok();
  guest.forest("model.shape", {1}).expect_ok().expect_word(kResult + 8, 1).expect_word(kResult + 24, 3);
  guest.forest("model.packed-size", {1, 0}).expect_ok().expect_word(kResult + 12, 0);
  guest.forest("model.pack", {1, 0, to, 0}).expect_ok();
  guest.forest("model.unpack", {to, 0, 4096}).expect_error(GpuErrorCode::invalid_params);
  guest.forest("model.unpack", {to, 1, 100}).expect_error(GpuErrorCode::invalid_params);
  guest.forest("model.quantiles", {1, 1, left, 1, 0, 0, to, 0}).expect_invalid_params("has no leaf-targets");
  guest.forest("model.importances", {1}).expect_invalid_params("was not grown");
  guest.forest("model", {1});
  EXPECT_TRUE(passes(guest));
}

TEST(ForestModels, HaveQuantilesWhereTheyKeepTargets) {
  Guest guest;
  guest.forest("data-set.create", {guest.params()}).expect_ok();
  guest.forest("growth.start", Guest::growth_arguments(1, 3, 16, true)).expect_ok();
  guest.forest("growth.grow", {2, 3}).expect_ok();
  guest.forest("growth.finish", {2}).expect_ok().expect_word(kResult + 4, 3);
  const auto to = guest.buffer(16 * 2 * 4);
  const auto of = guest.data(Words().add64(0).add64(std::bit_cast<std::uint64_t>(1.0)).bytes());
  guest.forest("model.quantiles", {3, 16, guest.block(), 1, of, 2, to, 0}).expect_ok();
  guest.forest("model.quantiles", {3, 16, guest.block(), 1, of, 0, to, 128}).expect_ok();
  guest.forest("model.quantiles", {3, 16, guest.block(), 1, of, 3, to, 0}).expect_invalid_params("output: 192 bytes");
  const auto bad = guest.data(Words().add64(0).add64(kMost64).bytes());
  guest.forest("model.quantiles", {3, 1, guest.block(), 1, bad, 2, to, 0}).expect_invalid_params("quantiles[1]");
  EXPECT_TRUE(passes(guest));
}

// -- pointers ---------------------------------------------------------------------------

// A list among a function's arguments: the place of its pointer, the size and the alignment of its elements.
struct List {
  const char* function;
  std::size_t at;
  std::uint32_t element;
  std::uint32_t align;
};

constexpr std::array kLists{
    List{"model.create", base, 8, 8},         List{"model.create", tree_offsets, 8, 8},
    List{"model.create", tree_outputs, 4, 4}, List{"model.predict", 2, 40, 8},
    List{"model.quantiles", 2, 40, 8},        List{"model.quantiles", 4, 8, 8},
};

Flat with_list(const ModelGuest& guest, const List& list, std::uint32_t pointer, std::uint32_t length) {
  Flat arguments = std::string_view(list.function) == "model.create"    ? guest.arguments()
                   : std::string_view(list.function) == "model.predict" ? Flat{1, 0, 0, 0, 0, 1, 0}
                                                                        : Flat{1, 0, 0, 0, 0, 0, 1, 0};
  arguments[list.at] = pointer;
  arguments[list.at + 1] = length;
  return arguments;
}

TEST(ForestModelPointers, OfListsMustLieInMemory) {
  for (const List& list : kLists) {
    for (const auto& [pointer, length] :
         std::vector<std::pair<std::uint32_t, std::uint32_t>>{{kPage - list.element + list.align, 1},
                                                              {kPage, 1},
                                                              {0, 0x8000'0000},
                                                              {0, kMost32},
                                                              {0, 0x2000'0000},
                                                              {0, 0x4000'0000},
                                                              {0, 0x0666'6667},
                                                              {0, kPage / list.element + 1},
                                                              {0xffff'fff8, 1},
                                                              {0xffff'fff8, kMost32},
                                                              {kPage + 8, 0}}) {
      ModelGuest guest;
      guest.create().forest(list.function, with_list(guest, list, pointer, length));
      EXPECT_TRUE(traps(guest, "are outside the memory of 65536 bytes"))
          << list.function << ' ' << list.at << ' ' << pointer << ' ' << length;
    }
    for (const std::uint32_t pointer : {1U, 2U, list.align / 2, kPage - 1}) {
      ModelGuest guest;
      guest.create().forest(list.function, with_list(guest, list, pointer, 1));
      EXPECT_TRUE(traps(guest, fmt::format("is not aligned to {}", list.align))) << list.function << ' ' << pointer;
    }
    // To the last byte, whatever is there.
    ModelGuest guest;
    guest.create().code(
        fmt::format("(memory.fill (i32.const {}) (i32.const 255) (i32.const {}))", kPage - list.element, list.element));
    guest.forest(list.function, with_list(guest, list, kPage - list.element, 1));
    EXPECT_TRUE(passes(guest.expect_error(GpuErrorCode::invalid_params))) << list.function << ' ' << list.at;
  }
}

TEST(ForestModelPointers, OfWholeMemoriesAreTakenAsTheyAre) {
  // All bytes of the memory as offsets, and as quantiles.
  ModelGuest guest;
  guest.create();
  guest.forest("model.create", with_list(guest, kLists[1], 0, kPage / 8)).expect_invalid_params("tree-offsets: tree 0");
  guest.forest("model.create", with_list(guest, kLists[0], 0, kPage / 8)).expect_invalid_params("base: 8192 numbers");
  guest.forest("model.create", with_list(guest, kLists[2], 0, kPage / 4)).expect_invalid_params("tree-outputs: 16384");
  guest.forest("model.predict", with_list(guest, kLists[3], 0, kPage / 40)).expect_error(GpuErrorCode::invalid_params);
  EXPECT_TRUE(passes(guest));
}

// -- values -----------------------------------------------------------------------------

TEST(ForestModelValues, OfEnumsOptionsAndFlagsMustBeOfTheirCases) {
  ModelGuest guest;
  guest.create();
  const auto block = guest.row(1, 2);
  const auto to = guest.buffer(64);
  const auto create_with = [&](std::size_t at, std::uint64_t value) {
    Flat arguments = guest.arguments();
    arguments[at] = value;
    guest.forest("model.create", arguments);
  };
  for (const std::uint32_t value : {3U, 256U, 0x8000'0000U, kMost32}) {
    create_with(leaves, value);
    guest.expect_invalid_params(fmt::format("leaf-kind: {} is not one of its 3 cases", value));
    guest.forest("model.predict", {1, 1, block, 1, value, to, 0});
    guest.expect_invalid_params(fmt::format("prediction: {} is not one of its 3 cases", value));
  }
  for (const std::uint32_t value : {2U, 256U, kMost32}) {
    create_with(has_leaf_values, value);
    guest.expect_invalid_params(fmt::format("option: {} is neither none (0) nor some (1)", value));
  }
  create_with(average, kMost32);
  guest.expect_ok();  // any bool but 0 is true
  for (const std::uint32_t value : {4U, 0x103U, 0x8000'0000U, kMost32}) {
    const std::string text = fmt::format("parts: unknown bits {:#x}", value & ~3U);
    guest.forest("model.pack", {1, value, to, 0}).expect_invalid_params(text);
    guest.forest("model.packed-size", {1, value});
    guest.expect_word(kResult, 1).expect_word(kResult + 8, static_cast<std::uint32_t>(GpuErrorCode::invalid_params));
  }
  guest.code(fmt::format("(i32.store8 (i32.const {}) (i32.const 11))", block + 4));
  guest.forest("model.predict", {1, 1, block, 1, 0, to, 0}).expect_invalid_params("element-type: 11");
  EXPECT_TRUE(passes(guest));
}

TEST(ForestModelValues, NearTheirEndsAreRefused) {
  ModelGuest guest;
  guest.create();
  const auto block = guest.row(1, 2);
  const auto to = guest.buffer(64);
  for (const std::uint64_t offset : {std::uint64_t{61}, kMost64, kMost64 - 3, std::uint64_t{1} << 63U}) {
    guest.forest("model.predict", {1, 1, block, 1, 0, to, offset}).expect_invalid_params("output: 4 bytes at offset");
    guest.forest("model.pack", {1, 0, to, offset}).expect_error(GpuErrorCode::invalid_params);
    guest.forest("model.unpack", {to, offset, 4}).expect_invalid_params("from: 4 bytes at offset");
    guest.forest("model.unpack", {to, 0, offset + 4}).expect_error(GpuErrorCode::invalid_params);
    Flat arguments = guest.arguments();
    arguments[nodes_offset] = offset;
    guest.forest("model.create", arguments).expect_invalid_params("nodes: 60 bytes at offset");
  }
  guest.forest("model.predict", {1, kMost32, block, 1, 0, to, 0}).expect_invalid_params("n-rows: 4294967295");
  guest.forest("model.predict", {1, 0x7fff'ffff, block, 1, 0, to, 0}).expect_invalid_params("output: 8589934588 bytes");
  for (const std::uint32_t id : {0U, 77U, kMost32}) {
    guest.forest("model.predict", {1, 1, block, 1, 0, id, 0}).expect_error(GpuErrorCode::invalid_buffer);
    guest.forest("model.pack", {1, 0, id, 0}).expect_error(GpuErrorCode::invalid_buffer);
    guest.forest("model.unpack", {id, 0, 4}).expect_error(GpuErrorCode::invalid_buffer);
    guest.code(fmt::format("(i32.store (i32.const {}) (i32.const {}))", block, id));
    guest.forest("model.predict", {1, 1, block, 1, 0, to, 0}).expect_error(GpuErrorCode::invalid_buffer);
    guest.code(fmt::format("(i32.store (i32.const {}) (i32.const {}))", block, to - 1));
  }
  guest.forest("model.predict", {1, 1, block, 1, 0, to, 0}).expect_ok();
  EXPECT_TRUE(passes(guest));
}

// -- what models are made of --------------------------------------------------------------

TEST(ForestModelNodes, MustBeATree) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const ModelNode leaf{};
  const std::vector<std::vector<ModelNode>> trees{
      {{0, 0, 0, 0}, leaf, leaf},                              // its own child
      {{0, 0, 1, 0}, leaf, leaf},                              // missing values go round
      {{0, 0, 2, 2}, leaf, leaf},                              // the right child is not there
      {{0, 0, kMost32, kMost32}, leaf, leaf},                  // nor is any
      {{0, 0, 1, 3}, leaf, leaf},                              // missing values go nowhere
      {{2, 0, 1, 1}, leaf, leaf},                              // no such feature
      {{0x8000'0000, 0, 1, 1}, leaf, leaf},                    //
      {{0xffff'fffe, 0, 1, 1}, leaf, leaf},                    //
      {{0, kNan, 1, 1}, leaf, leaf},                           // no threshold
      {leaf, leaf, leaf},                                      // nobody's children
      {{0, 0, 1, 1}, {0, 0, 1, 1}, leaf},                      // a child that is its own parent
      {{0, 0, 1, 1}, {0, 0, 3, 3}, {0, 0, 3, 3}, leaf, leaf},  // two parents
      {{0, 0, 3, 3}, leaf, leaf, {0, 0, 1, 1}, leaf},          // out of order
  };
  for (std::size_t i = 0; i < trees.size(); ++i) {
    ModelGuest guest(trees[i]);
    guest.forest("model.create", guest.arguments()).expect_invalid_params("tree 0");
    EXPECT_TRUE(passes(guest)) << i;
  }
}

// Each byte of a packed model changed, one after the other: an error, or another model.
TEST(ForestModelNodes, MayBeUnpackedFromAnythingWithoutHarm) {
  for (const std::uint32_t byte : {0U, 1U, 0x7fU, 0xffU}) {
    ModelGuest guest;
    guest.field("(global $i (mut i32) (i32.const 0)) (global $size (mut i64) (i64.const 0))");
    guest.create();
    const auto block = guest.row(1, 2);
    const auto from = guest.buffer(1 << 16);
    const auto to = guest.buffer(64);
    guest.forest("model.packed-size", {1, 0}).expect_ok();
    guest.code(fmt::format("(global.set $size (i64.load (i32.const {})))", kResult + 8));
    guest.code(fmt::format("(loop $bytes (global.set $heap (i32.const {}))", kHeap));
    guest.forest("model.pack", {1, 0, from, 0}).expect_ok();
    guest.code(fmt::format(R"((i32.store8 (i32.const 8) (i32.const {0}))
        (call $buffer-write (i32.const {1}) (i64.extend_i32_u (global.get $i)) (i32.const 8) (i32.const 1) (i32.const {2}))
        (call $model.unpack (i32.const {1}) (i64.const 0) (global.get $size) (i32.const {2}))
        (if (i32.eqz (i32.load (i32.const {2}))) (then
          (i32.store (i32.const 16) (i32.load (i32.const {3})))
          (call $model.predict (i32.load (i32.const 16)) (i32.const 1) (i32.const {4}) (i32.const 1) (i32.const 0)
            (i32.const {5}) (i64.const 0) (i32.const {2}))
          (call $drop.model (i32.load (i32.const 16)))))
        (global.set $i (i32.add (global.get $i) (i32.const 1)))
        (br_if $bytes (i64.lt_u (i64.extend_i32_u (global.get $i)) (global.get $size)))))",
                           byte, from, kResult, kResult + 4, block, to));
    guest.forest("model.pack", {1, 0, from, 0}).expect_ok();
    EXPECT_TRUE(passes(guest));
  }
}

// A flood of models ends in out-of-memory; what is dropped makes room.
TEST(ForestModelMemory, IsTheQuotas) {
  ModelGuest guest;
  guest.code("(loop $more");
  guest.forest("model.create", guest.arguments());
  guest.code(fmt::format("(br_if $more (i32.eqz (i32.load (i32.const {})))))", kResult));
  guest.expect_error(GpuErrorCode::out_of_memory);
  guest.forest("model", {1}).forest("model", {2});
  guest.forest("model.create", guest.arguments()).expect_ok();
  EXPECT_TRUE(passes(guest, with_memory(1 << 16)));
}

}  // namespace
}  // namespace gpu_host::hostile
