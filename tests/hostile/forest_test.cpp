// Guests that misuse wasi:gpu/forest: handles, pointers, lists, cabi_realloc, endless growth.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <iterator>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "hostile/forest_guest.hpp"
#include "hostile/on_each_backend.hpp"

namespace gpu_host::hostile {
namespace {

using namespace std::chrono_literals;

using Guest = ForestGuest;

class Forest : public OnEachBackend {};

// A backend grows forests, or says that it does not.
TEST_P(Forest, IsGrownOrUnavailable) {
  Guest guest;
  guest.forest("data-set.create", {guest.params()});
  if (backend() != "cpu") {
    EXPECT_TRUE(passes(guest.expect_error(GpuErrorCode::device_unavailable)));
    return;
  }
  guest.forest("growth.start", Guest::growth_arguments(1)).expect_ok();
  guest.forest("growth.grow", {2, 9}).expect_ok().expect_word(kResult + 4, 3);
  guest.forest("growth.finish", {2}).expect_ok();
  guest.forest("model.shape", {3}).expect_ok().expect_word(kResult + 8, 3).expect_word(kResult + 12, 2);
  guest.forest("model.tree-offsets", {3}).expect_ok().expect_word(kResult + 8, 4);
  guest.forest("model.importances", {3}).expect_ok().expect_word(kResult + 8, 2);
  const auto to = guest.buffer(1024);
  guest.forest("model.write-nodes", {3, 0, 3, to, 0}).expect_ok();
  guest.forest("model.write-out-of-bag", {3, to, 512}).expect_ok();
  for (const std::uint32_t handle : {3U, 2U, 1U}) {
    guest.forest(handle == 1 ? "data-set" : handle == 2 ? "growth" : "model", {handle});
  }
  EXPECT_TRUE(passes(guest));
}

INSTANTIATE_TEST_SUITE_P(Backends, Forest, testing::ValuesIn(backend_names()), backend_test_name);

// -- handles ------------------------------------------------------------------------

std::vector<std::uint64_t> arguments_of(const Function& function, std::uint32_t self) {
  std::vector<std::uint64_t> arguments(types_of(function).size() - (function.has_result ? 1 : 0));
  arguments[0] = self;
  if (function.name == "growth.start") arguments = Guest::growth_arguments(self);
  return arguments;
}

std::string_view resource_of(const Function& function) {
  if (function.name == "growth.start") return "data-set";
  return function.name.substr(0, function.name.find('.'));
}

// Static functions without a handle.
constexpr std::array<std::string_view, 3> kMakers{"data-set.create", "model.create", "model.unpack"};

TEST(ForestHandles, ThatAreNotLiveAreInvalid) {
  Guest guest;
  guest.with_all();
  guest.forest("model", {Guest::kModel});
  std::size_t n = 0;
  for (const Function& function : kFunctions) {
    // These have none.
    if (!function.has_result || std::ranges::count(kMakers, function.name) != 0) continue;
    // Nothing, forged, of another kind; dropped.
    for (const std::uint32_t handle : {0U, 77U, 0xffff'ffffU, resource_of(function) == "growth" ? 1U : 4U, 3U}) {
      guest.forest(function.name, arguments_of(function, handle));
      guest.code(fmt::format("(global.set $heap (i32.const {}))", kHeap));
      const std::uint32_t code = kResult + (function.result_align == 8 ? 8 : 4);
      guest.code(
          fmt::format("(if (i32.or (i32.eqz (i32.load (i32.const {}))) (i32.ne (i32.load (i32.const {})) "
                      "(i32.const {}))) (then unreachable))",
                      kResult, code, static_cast<int>(GpuErrorCode::invalid_params)));
      ++n;
    }
  }
  EXPECT_EQ(n, 100U);
  EXPECT_TRUE(passes(guest));
}

TEST(ForestHandles, ThatAreNotLiveTrapWhenTheyAreDropped) {
  const std::vector<std::pair<std::string, std::uint32_t>> drops{{"data-set", 0},
                                                                 {"growth", 0},
                                                                 {"model", 0},
                                                                 {"model", 77},
                                                                 {"growth", 0xffff'ffff},
                                                                 {"data-set", Guest::kGrowth},
                                                                 {"data-set", Guest::kModel},
                                                                 {"growth", Guest::kModel},
                                                                 {"growth", Guest::kDataSet},
                                                                 {"model", Guest::kDataSet},
                                                                 {"model", Guest::kGrowth}};
  for (const auto& [kind, handle] : drops) {
    Guest guest;
    guest.with_all().forest(kind, {handle});
    EXPECT_TRUE(traps(guest, fmt::format("{} is not a live {} of this instance", handle, kind)));
  }
  for (const auto& [kind, handle] : std::vector<std::pair<std::string, std::uint32_t>>{{"data-set", Guest::kDataSet},
                                                                                       {"growth", Guest::kGrowth},
                                                                                       {"model", Guest::kModel},
                                                                                       {"growth", Guest::kFinished}}) {
    Guest guest;
    guest.with_all().forest(kind, {handle}).forest(kind, {handle});
    EXPECT_TRUE(traps(guest, fmt::format("{} is not a live {} of this instance", handle, kind)));
  }
}

// What lives of others lives on.
TEST(ForestHandles, MayBeDroppedInAnyOrder) {
  Guest guest;
  guest.with_all().forest("data-set", {Guest::kDataSet});
  guest.forest("growth.split-nodes", {Guest::kGrowth, 0, 0}).expect_ok();
  guest.forest("growth.grow", {Guest::kGrowth, 3}).expect_ok();
  guest.forest("growth.finish", {Guest::kGrowth}).expect_ok().expect_word(kResult + 4, 5);
  guest.forest("growth.grow", {Guest::kGrowth, 3}).expect_invalid_params("growth 4 is finished");
  guest.forest("growth", {Guest::kGrowth}).forest("growth", {Guest::kFinished});
  guest.forest("model.importances", {5}).expect_ok();
  guest.forest("model", {Guest::kModel}).forest("model.importances", {5}).expect_ok();
  EXPECT_TRUE(passes(guest));
}

TEST(ForestHandles, AreNothingInAnotherInstance) {
  Guest owner;
  owner.with_all();
  Guest thief;
  for (const std::uint32_t handle : {1U, 2U, 3U, 4U}) {
    thief.forest("growth.grow", {handle, 1}).expect_invalid_params("is not a live growth of this instance");
    thief.forest("model.importances", {handle}).expect_invalid_params("is not a live model of this instance");
    thief.forest("growth.start", Guest::growth_arguments(handle)).expect_invalid_params("is not a live data-set");
  }
  const std::string texts[] = {owner.text(), thief.text()};
  const auto instance = [&](const std::string& text) {
    const auto module = shared_host().load(std::as_bytes(std::span(text)), "tenant");
    return Instance::create(*module, cpu_options()).value();
  };
  Instance first = instance(texts[0]);
  Instance second = instance(texts[1]);
  EXPECT_TRUE(exits(first.run(), 0));
  EXPECT_TRUE(exits(second.run(), 0));
}

// -- pointers ---------------------------------------------------------------------------

// Stored anew at this address, where the guest is to call data-set.create from.
Guest creating_at(std::uint32_t address) {
  Guest guest;
  const std::uint32_t params = guest.params();
  guest.code(fmt::format("(memory.copy (i32.const {}) (i32.const {}) (i32.const 128))", address, params));
  guest.forest("data-set.create", {address});
  return guest;
}

TEST(ForestPointers, OfParametersMustLieInMemory) {
  EXPECT_TRUE(passes(creating_at(kPage - 128).expect_ok()));
  for (const std::uint32_t address : {kPage - 120, kPage - 8, kPage, 0x7fff'fff8U, 0xffff'fff8U, 0xffff'ff80U}) {
    Guest guest;
    guest.forest("data-set.create", {address});
    EXPECT_TRUE(traps(guest, "parameters: 128 bytes at address")) << address;
  }
  for (const std::uint32_t address : {4U, 1U, 0x1004U, 0x1007U}) {
    Guest guest;
    guest.forest("data-set.create", {address});
    EXPECT_TRUE(traps(guest, "is not aligned to 8")) << address;
  }
}

TEST(ForestPointers, OfResultsMustLieInMemoryBeforeAnythingIsDone) {
  for (const Function& function : kFunctions) {
    if (!function.has_result) continue;
    for (const auto& [address, text] : std::vector<std::pair<std::uint32_t, std::string>>{
             {kPage - 8, "result pointer: "}, {0xffff'fff8, "result pointer: "}, {kResult + 2, "is not aligned to "}}) {
      Guest guest;
      auto arguments = arguments_of(function, 0);
      arguments.push_back(address);
      guest.realloc(R"((global $heap (mut i32) (i32.const 0))
                       (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                         (call $proc_exit (i32.const 99)) unreachable))");
      guest.forest(function.name, arguments);
      EXPECT_TRUE(traps(guest, text)) << function.name << ", " << address;
    }
  }
}

TEST(ForestPointers, OfListsMustLieInMemory) {
  struct Size {
    const char* function;
    std::uint32_t element;
  };
  for (const auto& [function, element] :
       {Size{"growth.value-ranges", 8}, Size{"growth.evaluate", 16}, Size{"growth.split-nodes", 20}}) {
    for (const auto& [pointer, length] :
         std::vector<std::pair<std::uint32_t, std::uint32_t>>{{kPage - element + 4, 1},
                                                              {kPage, 1},
                                                              {0, 0x8000'0000},
                                                              {0, 0xffff'ffff},
                                                              {0, 0x1000'0000},
                                                              {0, 0x2000'0000},
                                                              {0, kPage / element + 1},
                                                              {0xffff'fff8, 1},
                                                              {0xffff'fff8, 0x8000'0000},
                                                              {kPage + 4, 0},
                                                              {0x8000'0000, 0x8000'0000 / 8},
                                                              {8, 0x3333'3334}}) {
      Guest guest;
      guest.with_all().forest(function, {Guest::kGrowth, pointer, length});
      EXPECT_TRUE(traps(guest, "are outside the memory of 65536 bytes")) << function << ' ' << pointer << ' ' << length;
    }
    for (const std::uint32_t pointer : {1U, 2U, 3U, kPage - 1}) {
      Guest guest;
      guest.with_all().forest(function, {Guest::kGrowth, pointer, 1});
      EXPECT_TRUE(traps(guest, "is not aligned to 4")) << function << ' ' << pointer;
    }
    Guest guest;  // to the last byte; nodes that are none
    guest.with_all().code(
        fmt::format("(memory.fill (i32.const {}) (i32.const 9) (i32.const {}))", kPage - element, element));
    guest.forest(function, {Guest::kGrowth, kPage - element, 1});
    EXPECT_TRUE(passes(guest.expect_error(GpuErrorCode::invalid_params)));
  }
}

TEST(ForestPointers, OfBlocksOfColumnsMustLieInMemory) {
  for (const auto& [pointer, length, text] :
       std::vector<std::tuple<std::uint32_t, std::uint32_t, std::string>>{{kPage - 32, 1, "outside the memory"},
                                                                          {0, 0x8000'0000, "outside the memory"},
                                                                          {0, 0xffff'ffff, "outside the memory"},
                                                                          {0, 0x0666'6667, "outside the memory"},
                                                                          {0xffff'fff8, 1, "outside the memory"},
                                                                          {0x1004, 1, "is not aligned to 8"}}) {
    Guest guest;
    const std::uint32_t params = guest.params();
    guest.code(fmt::format("(i32.store (i32.const {}) (i32.const {}))", params + 4, pointer));
    guest.code(fmt::format("(i32.store (i32.const {}) (i32.const {}))", params + 8, length));
    guest.forest("data-set.create", {params});
    EXPECT_TRUE(traps(guest, text)) << pointer << ' ' << length;
  }
}

TEST(ForestValues, OfEnumsAndOptionsMustBeOfTheirCases) {
  const auto expect = [](std::uint32_t at, std::uint32_t byte, bool of_block, const std::string& text) {
    Guest guest;
    const std::uint32_t params = guest.params();
    guest.code(
        fmt::format("(i32.store8 (i32.const {}) (i32.const {}))", (of_block ? guest.block() : params) + at, byte));
    guest.forest("data-set.create", {params});
    if (text.empty()) {
      EXPECT_TRUE(passes(guest.expect_ok())) << at;
    } else {
      EXPECT_TRUE(passes(guest.expect_invalid_params(text))) << at;
    }
  };
  for (const std::uint32_t byte : {11U, 128U, 255U}) {
    expect(4, byte, true, "is not one of its 11 cases");
    expect(20, byte, false, "is not one of its 11 cases");
  }
  for (const std::uint32_t byte : {2U, 255U}) {
    expect(48, byte, false, "is neither none (0) nor some (1)");
    expect(80, byte, false, "is neither none (0) nor some (1)");
  }
  expect(116, 2, false, "");  // any bool but 0 is true
  expect(116, 255, false, "");
  // Options of flat parameters, too.
  Guest guest;
  guest.forest("data-set.create", {guest.params()}).expect_ok();
  auto arguments = Guest::growth_arguments(1);
  arguments[4] = 2;
  guest.forest("growth.start", arguments).expect_invalid_params("is neither none (0) nor some (1)");
  arguments = Guest::growth_arguments(1);
  arguments[10] = 0xffff'ffff;
  guest.forest("growth.start", arguments).expect_error(GpuErrorCode::invalid_params);
  EXPECT_TRUE(passes(guest));
}

// -- cabi_realloc -------------------------------------------------------------------------

// Allocates as it should until `armed` is not 0.
std::string realloc_that(const std::string& body) {
  return fmt::format(R"(
    (global $heap (mut i32) (i32.const 0x8000)) (global $armed (mut i32) (i32.const 0))
    (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $block i32)
      (if (global.get $armed) (then {}))
      (local.set $block (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
      (global.set $heap (i32.add (local.get $block) (local.get 3)))
      (local.get $block)))",
                     body);
}

std::vector<std::uint64_t> list_arguments(const Function& function) {
  const std::string_view kind = resource_of(function);
  const std::uint32_t self = kind == "data-set" ? Guest::kDataSet : kind == "model" ? Guest::kModel : Guest::kGrowth;
  auto arguments = arguments_of(function, self);
  if (function.name == "growth.open-nodes") arguments[1] = 1;
  if (arguments.size() == 3) arguments = {self, 0, 1};  // node 0, feature 0: zeros at address 0
  return arguments;
}

// A guest whose next list goes through such a cabi_realloc. Its first feature is constant, so that there is a list.
Guest asking(const Function& function, const std::string& body) {
  Guest guest;
  guest.realloc(realloc_that(body));
  guest.with_all();
  guest.code("(global.set $armed (i32.const 1))");
  guest.forest(function.name, list_arguments(function));
  return guest;
}

std::vector<Function> functions_with_lists() {
  std::vector<Function> functions;
  for (const Function& function : kFunctions) {
    // No feature of these is constant: an empty list needs no block.
    if (function.gives_list && function.name != "data-set.constant-features") functions.push_back(function);
  }
  return functions;
}

TEST(ForestRealloc, MustGiveAGoodBlock) {
  for (const Function& function : functions_with_lists()) {
    EXPECT_TRUE(passes(asking(function, "").expect_ok())) << function.name;
    EXPECT_TRUE(traps(asking(function, "(return (i32.const 0x9002))"), "not aligned")) << function.name;
    EXPECT_TRUE(traps(asking(function, "(return (i32.const 65528))"), "outside the memory")) << function.name;
    EXPECT_TRUE(traps(asking(function, "(return (i32.const -8))"), "outside the memory")) << function.name;
    EXPECT_TRUE(traps(asking(function, "unreachable"), "unreachable")) << function.name;
    EXPECT_TRUE(passes(asking(function, "(return (i32.const 0))").expect_error(GpuErrorCode::out_of_memory)))
        << function.name;
    EXPECT_TRUE(exits(run(asking(function, "(call $proc_exit (i32.const 7))")), 7)) << function.name;
  }
}

TEST(ForestRealloc, MayNotCallBack) {
  for (const Function& callee : kFunctions) {
    const std::string call =
        Guest::call_text(callee.name, callee.has_result ? arguments_of(callee, 4) : std::vector<std::uint64_t>{4});
    for (const char* caller : {"growth.open-nodes", "model.importances"}) {
      const Function& function = *std::ranges::find(kFunctions, caller, &Function::name);
      EXPECT_TRUE(traps(asking(function, call), "from inside cabi_realloc")) << callee.name;
    }
  }
}

// What was asked for once can be asked for again.
TEST(ForestRealloc, ThatFailsChangesNothing) {
  for (const Function& function : functions_with_lists()) {
    Guest guest = asking(function, "(return (i32.const 0))");
    guest.code("(global.set $armed (i32.const 0))");
    guest.forest(function.name, list_arguments(function)).expect_ok();
    guest.forest("growth.split-nodes", {Guest::kGrowth, 0, 0}).expect_ok();
    guest.forest("growth.grow", {Guest::kGrowth, 3}).expect_ok().expect_word(kResult + 4, 3);
    EXPECT_TRUE(passes(guest)) << function.name;
  }
}

// -- time and memory -------------------------------------------------------------------------

// Trees without end, level by level or not; data sets without end; one large one after the other; little questions;
// predictions.
std::vector<Guest> endless() {
  std::vector<Guest> guests(6);
  const auto forever = [](Guest& guest, const std::string& calls) {
    guest.code("(loop $forever (global.set $heap (i32.const 0x8000)) " + calls + " (br $forever))");
  };
  for (int i = 0; i < 2; ++i) {
    guests[i].forest("data-set.create", {guests[i].params()}).expect_ok();
    guests[i].forest("growth.start", Guest::growth_arguments(1, 0xffff'ffff, 3'000'000)).expect_ok();
  }
  forever(guests[0], Guest::call_text("growth.grow", {2, 0xffff'ffff}));
  forever(guests[1], Guest::call_text("growth.open-nodes", {2, 1}) + Guest::call_text("growth.split-nodes", {2, 0, 0}));
  forever(guests[2], Guest::call_text("data-set.create", {guests[2].params()}));
  const auto id = guests[3].buffer(64);
  forever(guests[3], Guest::call_text("data-set.create", {guests[3].params_of(1U << 20U, id, 0)}) +
                         Guest::call_text("data-set.create", {0}));
  guests[4].with_all();
  forever(guests[4], Guest::call_text("growth.best-splits", {Guest::kGrowth}) +
                         Guest::call_text("growth.value-ranges", {Guest::kGrowth, 0, 500}));
  guests[5].with_all();
  const auto from = guests[5].buffer(64);
  const auto to = guests[5].buffer(4U << 20U);
  guests[5].params_of(1, from, 0);
  forever(guests[5], Guest::call_text("model.predict", {Guest::kModel, 1U << 20U, guests[5].block(), 1, 0, to, 0}));
  return guests;
}

TEST(ForestTime, EndsEveryGuest) {
  for (const Guest& guest : endless()) {
    InstanceOptions options = with_memory(256 << 20);
    options.limits.timeout = 100ms;
    EXPECT_TRUE(is_error(run(guest, options), ErrorKind::limit, "timeout"));
  }
}

TEST(ForestTime, OnTheDeviceEndsEveryGuest) {
  for (const Guest& guest : endless()) {
    InstanceOptions options = with_memory(256 << 20);
    options.limits.gpu_time = 50ms;
    options.limits.timeout = 60s;
    EXPECT_TRUE(is_error(run(guest, options), ErrorKind::limit, "GPU time"));
  }
}

TEST(ForestTime, MayBeEndedByTheEmbedder) {
  for (const Guest& guest : endless()) {
    const std::string text = guest.text();
    const auto module = shared_host().load(std::as_bytes(std::span(text)), "guest");
    Instance instance = Instance::create(*module, with_memory(256 << 20)).value();
    std::thread interrupter([&] {
      std::this_thread::sleep_for(50ms);
      instance.interrupt();
    });
    const auto result = instance.run();
    interrupter.join();
    EXPECT_FALSE(result);
  }
}

// A flood ends in out-of-memory; what is dropped makes room.
TEST(ForestMemory, IsTheQuotas) {
  Guest guest;
  const std::uint32_t params = guest.params();
  guest.code("(loop $more (global.set $heap (i32.const 0x8000))");
  guest.forest("data-set.create", {params});
  guest.code(fmt::format("(br_if $more (i32.eqz (i32.load (i32.const {})))))", kResult));
  guest.expect_error(GpuErrorCode::out_of_memory);
  guest.forest("data-set", {1}).forest("data-set", {2});
  guest.forest("data-set.create", {params}).expect_ok();
  EXPECT_TRUE(passes(guest, with_memory(1 << 20)));
}

TEST(ForestMemory, OfTreesIsTheQuotas) {
  Guest guest;
  guest.forest("data-set.create", {guest.params()}).expect_ok();
  guest.forest("growth.start", Guest::growth_arguments(1, 0xffff'ffff)).expect_ok();
  guest.forest("growth.grow", {2, 0xffff'ffff}).expect_error(GpuErrorCode::out_of_memory);
  guest.forest("growth.grow", {2, 0}).expect_ok();  // as many as there are
  guest.expect(fmt::format("(i32.gt_u (i32.load (i32.const {})) (i32.const 100))", kResult + 4), "many trees");
  guest.forest("growth.stop", {2}).expect_ok();
  guest.forest("growth.finish", {2}).expect_ok().expect_word(kResult + 4, 3);
  guest.forest("growth.start", Guest::growth_arguments(1)).expect_ok();
  guest.forest("growth", {2}).forest("model", {3});
  guest.forest("growth.grow", {4, 3}).expect_ok();
  EXPECT_TRUE(passes(guest, with_memory(1 << 20)));
}

TEST(ForestMemory, OfSteeredTreesIsTheQuotas) {
  Guest guest;
  guest.memory("(memory (export \"memory\") 100)");
  guest.forest("data-set.create", {guest.params()}).expect_ok();
  guest.forest("growth.start", Guest::growth_arguments(1, 0xffff'ffff)).expect_ok();
  guest.forest("growth.open-nodes", {2, 0xffff'ffff}).expect_ok();
  guest.expect(fmt::format("(i32.gt_u (i32.load (i32.const {})) (i32.const 10))", kResult + 8), "many trees");
  const std::string goes_on = fmt::format("(br_if $more (i32.eqz (i32.load (i32.const {}))))", kResult);
  const std::string ends = fmt::format("(br_if $full (i32.load (i32.const {})))", kResult);
  guest.code("(block $full (loop $more (global.set $heap (i32.const 0x8000))");
  guest.forest("growth.open-nodes", {2, 0xffff'ffff}).code(ends);
  guest.forest("growth.split-nodes", {2, 0, 0}).code(goes_on + "))");
  guest.expect_error(GpuErrorCode::out_of_memory);
  guest.forest("growth.stop", {2}).expect_ok();
  guest.forest("growth.finish", {2}).expect_ok();
  EXPECT_TRUE(passes(guest, with_memory(1 << 20)));
}

TEST(ForestMemory, OfResourcesIsBounded) {
  Guest guest;
  guest.forest("data-set.create", {guest.params()}).expect_ok();
  guest.code("(loop $more (global.set $heap (i32.const 0x8000))");
  guest.forest("growth.start", Guest::growth_arguments(1));
  guest.code(fmt::format("(br_if $more (i32.eqz (i32.load (i32.const {})))))", kResult));
  guest.expect_error(GpuErrorCode::out_of_memory);
  guest.forest("growth", {65536});  // the last that there was
  guest.forest("growth.start", Guest::growth_arguments(1)).expect_ok().expect_word(kResult + 4, 65537);
  EXPECT_TRUE(passes(guest));
}

}  // namespace
}  // namespace gpu_host::hostile
