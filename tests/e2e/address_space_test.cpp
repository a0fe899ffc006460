// Guests that want all memory, in a process that may have little: they end by an exit
// code, never by a signal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "e2e/files.hpp"
#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

using testing::AnyOf;

constexpr std::string_view kGrowMemoryWat = R"((module (memory (export "memory") 1)
  (func (export "_start") (loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))))
)";

constexpr std::string_view kGrowTableWat = R"((module (table 1 funcref)
  (func (export "_start")
    (loop $again (br_if $again (i32.ne (table.grow (ref.null func) (i32.const 1000)) (i32.const -1))))))
)";

// Creates buffers of 16 MiB, which it fills, until that is an error.
constexpr std::string_view kBufferFloodWat = R"((module
  (import "wasi:gpu/compute@0.1.0" "buffer-create" (func $create (param i64 i32 i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (loop $again
      (call $create (i64.const 16777216) (i32.const 0) (i32.const 0))
      (br_if $again (i32.eqz (i32.load (i32.const 0)))))))
)";

// A module in a process of so many KiB of addresses.
Outcome run_within(const char* kibibytes, const std::string& module) {
  return run_process(
      {"/bin/sh", "-c", R"(ulimit -v "$1"; exec "$0" -C cache=n -W timeout=60s "$2")", WGH_PROGRAM, kibibytes, module});
}

TEST(AddressSpace, ThatIsSmallEndsNothingByASignal) {
  const TempFolder folder;
  for (const auto& [name, content] : {std::pair{"memory.wat", kGrowMemoryWat}, std::pair{"table.wat", kGrowTableWat},
                                      std::pair{"buffers.wat", kBufferFloodWat}}) {
    const std::string module = folder.add(name, content);
    for (const char* kibibytes : {"1000000", "3000000", "6000000", "9000000"}) {
      const Outcome outcome = run_within(kibibytes, module);
      EXPECT_THAT(outcome.exit_code, AnyOf(0, kHostError, kTrap)) << name << " " << kibibytes << "\n" << outcome;
      EXPECT_EQ(outcome.err.empty(), outcome.exit_code == 0) << name << " " << kibibytes << "\n" << outcome;
    }
  }
}

}  // namespace
}  // namespace gpu_host::e2e
