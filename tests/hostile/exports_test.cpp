// Modules that do not export what the host needs, or something else by its name.
#include <gtest/gtest.h>

#include "hostile/run_guest.hpp"

namespace gpu_host::hostile {
namespace {

GuestModule with_own_memory(const std::string& field) {
  GuestModule guest;
  guest.memory(field);
  return guest;
}

constexpr std::string_view kMustExport = "must export its memory as 'memory'";

TEST(Memory, NotExportedTraps) {
  EXPECT_TRUE(traps(with_own_memory("(memory 1)").call("buffer-destroy", {1}), kMustExport));
  EXPECT_TRUE(traps(with_own_memory("(memory 1)").call("get-device-info"), kMustExport));
  EXPECT_TRUE(traps(with_own_memory("(memory 1)").call("buffer-write", {1, 0, 0, 0}), kMustExport));
}

TEST(Memory, ExportedUnderAnotherNameTraps) {
  EXPECT_TRUE(traps(with_own_memory("(memory (export \"mem\") 1)").call("buffer-destroy", {1}), kMustExport));
}

TEST(Memory, ThatIsNoMemoryTraps) {
  for (const std::string other : {"(func (export \"memory\"))", "(global (export \"memory\") i32 (i32.const 0))",
                                  "(table (export \"memory\") 1 funcref)"}) {
    EXPECT_TRUE(traps(with_own_memory("(memory 1)" + other).call("buffer-destroy", {1}), kMustExport)) << other;
  }
}

TEST(Memory, IsNotNeededToSync) { EXPECT_TRUE(passes(with_own_memory("(memory 1)").call("sync"))); }

TEST(Memory, OfNoPagesHoldsNoResult) {
  GuestModule guest = with_own_memory("(memory (export \"memory\") 0)");
  guest.call_at(0, "buffer-destroy", {1});
  EXPECT_TRUE(traps(guest, "outside the memory of 0 bytes"));
}

// Modules written out: the pieces of GuestModule do not fit.
constexpr std::string_view kSync = R"((import "wasi:gpu/compute@0.1.0" "sync" (func $sync)))";

std::string module_of(std::string_view fields) { return "(module " + std::string(fields) + ")"; }

TEST(Start, MissingIsAnInvalidModule) {
  EXPECT_TRUE(is_error(run_text("(module)"), ErrorKind::invalid_module, "_start"));
  EXPECT_TRUE(is_error(run_text(module_of(R"((func (export "start")))")), ErrorKind::invalid_module, "_start"));
}

TEST(Start, ThatIsNoFunctionIsAnInvalidModule) {
  EXPECT_TRUE(is_error(run_text(module_of(R"((memory (export "_start") 1))")), ErrorKind::invalid_module,
                       "no function _start"));
  EXPECT_TRUE(is_error(run_text(module_of(R"((global (export "_start") i32 (i32.const 0)))")),
                       ErrorKind::invalid_module, "no function _start"));
}

TEST(Start, OfAnotherTypeIsAnInvalidModule) {
  for (const std::string type : {"(param i32)", "(result i32)", "(param i64) (result f32)"}) {
    EXPECT_TRUE(is_error(run_text(module_of("(func (export \"_start\") " + type + " unreachable)")),
                         ErrorKind::invalid_module, "_start must take and return nothing"))
        << type;
  }
}

TEST(Start, MayBeAFunctionOfTheHost) {
  EXPECT_TRUE(exits(run_text(module_of(std::string(kSync) + R"((export "_start" (func $sync)))")), 0));
}

TEST(Exports, NamedLikeTheContractMeanNothing) {
  GuestModule guest;
  guest.field(R"((func (export "wasi:gpu/compute@0.1.0") unreachable))");
  guest.field(R"((func (export "buffer-create") unreachable))");
  guest.buffer(4);
  EXPECT_TRUE(passes(guest));
}

}  // namespace
}  // namespace gpu_host::hostile
