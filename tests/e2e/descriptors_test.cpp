// Standard input, output and error that are closed or that nobody reads, and files that
// may not grow.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "e2e/files.hpp"
#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

// Writes to standard error without end.
constexpr std::string_view kNoisyWat = R"((module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\00\10\00\00")
  (func (export "_start")
    (loop $again (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8))) (br $again))))
)";

class Descriptors : public testing::Test {
 protected:
  // Runs a shell's command in the folder; $0 is the program, $1 the module.
  [[nodiscard]] Outcome shell(const std::string& command, const std::string& module) const {
    return run_process({"/bin/sh", "-c", command, WGH_PROGRAM, module},
                       {.folder = folder_.path().string(), .bound = std::chrono::seconds(60)});
  }

  TempFolder folder_;
  std::string hello_ = folder_.add("hello.wat", kHelloWat);
  std::string noisy_ = folder_.add("noisy.wat", kNoisyWat);
};

TEST_F(Descriptors, AFileDoesNotTakeTheNumberOfAClosedOne) {
  for (const char* closed : {"<&-", ">&-", "<&- >&-", "<&- >&- 2>&-"}) {
    const Outcome outcome = shell(std::string(R"("$0" -C cache=n --trace trace.json "$1" )") + closed, hello_);
    EXPECT_GE(outcome.exit_code, 0) << closed << "\n" << outcome;
    EXPECT_THAT(read_file(folder_.path() / "trace.json"), Not(HasSubstr("hello"))) << closed;
  }
}

TEST_F(Descriptors, AFileThatMayNotGrowIsAnError) {
  const Outcome outcome = shell(R"(ulimit -f 0; "$0" -C cache=n --trace trace.json "$1")", hello_);
  EXPECT_EQ(outcome.exit_code, kHostError) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("trace.json"));
}

// The pipe has a reader, the program itself, which never reads.
TEST_F(Descriptors, ATimeoutEndsWhatNobodyReads) {
  const std::string unread =
      R"(mkfifo pipe; exec 3<>pipe; FILL exec "$0" -C cache=n -W timeout=200ms --stats "$1" 2>pipe)";
  const auto with = [&](const std::string& fill) { return std::string(unread).replace(unread.find("FILL"), 4, fill); };
  const Outcome blocked = shell(with(""), noisy_);
  EXPECT_EQ(blocked.exit_code, kTrap) << blocked;
  // Here the library ends the guest, and the program cannot say so.
  const std::string loop = folder_.add("loop.wat", kLoopWat);
  const Outcome ended =
      shell(with("rm pipe; mkfifo pipe; exec 3<>pipe; dd if=/dev/zero oflag=nonblock >&3 2>/dev/null;"), loop);
  EXPECT_EQ(ended.exit_code, kTrap) << ended;
}

}  // namespace
}  // namespace gpu_host::e2e
