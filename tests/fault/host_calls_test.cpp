// The memory runs out in every allocation of every host call.
#include <gtest/gtest.h>

#include <atomic>

#include <array>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "backend/cpu/parallel.hpp"
#include "backend/registry.hpp"
#include "common/backends.hpp"
#include "common/require_backend.hpp"
#include "fault/cases.hpp"
#include "fault/failing_allocations.hpp"
#include "gpu_host/stats.hpp"
#include "unit/fake_guest.hpp"
#include "wasi_gpu/compute.hpp"

namespace gpu_host::fault {
namespace {

constexpr std::uint32_t kResult = 1024;

struct Variant {
  const char* name;
  abi::Encoding encoding;
  bool metered;
  bool opened;  // else the call itself opens the device, and there are no buffers
  const char* backend = "cpu";

  // What a library of another's may not run out of.
  [[nodiscard]] FailingAllocations::Which which() const {
    return std::string_view(backend) == "cpu" ? FailingAllocations::Which::all : FailingAllocations::Which::own_code;
  }
};

void PrintTo(const Variant& variant, std::ostream* out) { *out << variant.name; }

// How a call ended.
struct Outcome {
  bool trapped;
  std::optional<GpuErrorCode> error;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

class Tenant {
 public:
  explicit Tenant(const Variant& variant)
      : variant_(variant),
        session_([backend = variant.backend] { return open_device({.backend = backend}); }, limits(variant),
                 options(variant)) {
    if (variant.opened) prepare(session_);
  }

  [[nodiscard]] Session& session() { return session_; }

  // As InstanceState::call does it, which makes traps of exceptions.
  Outcome call(const Case& call_case) {
    const abi::ContractFunction& function = contract_function(call_case.function);
    std::array<abi::FlatValue, 16> flat{};
    std::size_t count = 0;
    for (const std::uint64_t bits : call_case.arguments) flat.at(count++).i64 = static_cast<std::int64_t>(bits);
    if (count < function.parameters.size()) flat.at(count++).i64 = kResult;
    EXPECT_EQ(count, function.parameters.size());
    guest_.use_bump_allocator(0x8000);
    abi::Call call(guest_, variant_.encoding, function.name);
    try {
      function.invoke(session_, call, std::span(flat).first(count));
    } catch (const std::bad_alloc&) {
      return {true, {}};
    }
    if (call.trap()) return {true, {}};
    if (count == 0 || call_case.function == "get-device-info" || guest_.u32(kResult) == 0) return {false, {}};
    return {false, static_cast<GpuErrorCode>(guest_.u32(kResult + 4))};
  }

  // The same, and memory runs out. Whether it did.
  bool call(const Case& call_case, Failure failure, Outcome& outcome) {
    bool happened = false;
    {
      const FailingAllocations failing(failure, variant_.which());
      outcome = call(call_case);
      happened = failing.happened();
    }
    settle(outcome);
    return happened;
  }

  // What a device that runs behind has to report of a call becomes its outcome.
  void settle(Outcome& outcome) {
    session_.wait();
    const auto begun = session_.begin_call();
    if (!begun && !outcome.trapped && !outcome.error) outcome.error = begun.error().code;
  }

 private:
  static Limits limits(const Variant& variant) {
    Limits limits;
    limits.gpu_memory = 64 << 20;
    if (variant.metered) limits.gpu_time = std::chrono::hours(1);
    return limits;
  }
  static SessionOptions options(const Variant& variant) {
    SessionOptions options;
    if (variant.metered) options.observers.push_back(std::make_shared<Stats>());
    return options;
  }

  Variant variant_;
  test::FakeGuest guest_{1 << 16};
  Session session_;
};

class HostCalls : public testing::TestWithParam<Variant> {
 protected:
  void SetUp() override {
    const auto& [device, reason] = test::usable_device(GetParam().backend);
    if (device == nullptr) test::skip_without(GetParam().backend, reason);
  }
};

std::uint32_t create_and_destroy(Session& session) {
  const auto id = wasi_gpu::buffer_create(session, 4, {});
  EXPECT_TRUE(id) << id.error().message;
  EXPECT_TRUE(wasi_gpu::buffer_destroy(session, *id));
  return *id;
}

// The bytes of the live buffers are what is charged, and no id was lost: the next
// buffer has the one after the last.
void expect_sound(Tenant& tenant, std::uint32_t& last_id, std::uint64_t used_bytes, bool created) {
  auto& buffers = tenant.session().buffers();
  if (created) {
    ++last_id;
    ASSERT_TRUE(wasi_gpu::buffer_destroy(tenant.session(), last_id));
  }
  EXPECT_EQ(buffers.memory().used(), used_bytes);
  EXPECT_EQ(create_and_destroy(tenant.session()), ++last_id);
}

// How often memory ran out.
std::size_t run_out_everywhere(Tenant& tenant, const Case& call_case, bool later_too, bool opened) {
  const Outcome normal = opened ? Outcome{false, call_case.error} : Tenant({"", {}, false, false}).call(call_case);
  std::uint32_t last_id = opened ? create_and_destroy(tenant.session()) : 0;
  const std::uint64_t used_bytes = tenant.session().buffers().memory().used();
  for (std::size_t n = 0;; ++n) {
    SCOPED_TRACE(std::string(call_case.function) + ", allocation " + std::to_string(n));
    Outcome outcome{};
    const bool ran_out = tenant.call(call_case, {n, later_too}, outcome);
    const bool created = call_case.function == "buffer-create" && outcome == Outcome{false, {}};
    if (!ran_out) {
      EXPECT_EQ(outcome, normal);
    } else if (outcome != normal && !outcome.trapped) {
      EXPECT_TRUE(outcome.error == GpuErrorCode::out_of_memory || outcome.error == GpuErrorCode::device_unavailable)
          << static_cast<int>(outcome.error.value_or(GpuErrorCode{99}));
    }
    expect_sound(tenant, last_id, used_bytes, created);
    EXPECT_LT(n, 10'000U) << "a call that allocates without end";
    if (!ran_out || testing::Test::HasFailure()) return n;
  }
}

void run_out_in_every_call(const Variant& variant) {
  std::size_t times = 0;
  for (const bool later_too : {false, true}) {
    std::optional<Tenant> tenant;
    for (const Case& call_case : cases()) {
      if (!tenant || !variant.opened) tenant.emplace(variant);
      times += run_out_everywhere(*tenant, call_case, later_too, variant.opened);
      if (testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GT(times, 2 * cases().size());
}

TEST_P(HostCalls, EndCleanlyWhereverMemoryRunsOut) {
  for (const Case& call_case : cases())
    Tenant({"", {}, false, true, GetParam().backend}).call(call_case);  // threads are there
  // Some things are made once, TBB's when it has started its threads, and by drivers. A
  // leak is made every time.
  bool leaks = true;
  for (int i = 0; i < 5 && leaks && !HasFailure(); ++i) {
    const long before = live_blocks();
    run_out_in_every_call(GetParam());
    leaks = live_blocks() != before;
  }
  EXPECT_FALSE(leaks);
}

// Where oneTBB cannot start, this and all later kernels run on one thread. Alone in
// its process this is the first large work.
TEST(Threads, ThatCannotStartAreNotWaitedFor) {
  for (const bool later_too : {true, false}) {
    const FailingAllocations failing({0, later_too});
    try {
      cpu::Workers workers(nullptr, 8);
      std::atomic<std::size_t> sum = 0;
      EXPECT_TRUE(workers.for_blocks(100, 1, [&](std::size_t begin, std::size_t) { sum += begin; }));
      EXPECT_EQ(sum, 4950U);
    } catch (const std::bad_alloc&) {
      continue;  // as well
    }
  }
}

// What a failed call has left is no half-opened session.
TEST(Sessions, KeepTheirLimitsWhereverMemoryRunsOutWhileTheyOpen) {
  Limits limits;
  limits.gpu_time = std::chrono::nanoseconds(0);
  for (std::size_t n = 0;; ++n) {
    Session session([] { return open_device({.backend = "cpu"}); }, limits);
    bool ran_out = false;
    {
      const FailingAllocations failing({n, false});
      try {
        (void)session.open();
      } catch (const std::bad_alloc&) {
      }
      ran_out = failing.happened();
    }
    ASSERT_TRUE(wasi_gpu::buffer_create(session, 4, {}));
    (void)wasi_gpu::buffer_write(session, 1, 0, std::array<std::byte, 4>{});
    EXPECT_TRUE(session.interrupt().requested()) << "no limit of GPU time after allocation " << n;
    if (!ran_out) return;
  }
}

INSTANTIATE_TEST_SUITE_P(, HostCalls,
                         testing::Values(Variant{"canonical", abi::Encoding::canonical, false, true},
                                         Variant{"legacy", abi::Encoding::legacy, false, true},
                                         Variant{"metered", abi::Encoding::canonical, true, true},
                                         Variant{"opening", abi::Encoding::canonical, false, false},
                                         Variant{"opening_metered", abi::Encoding::canonical, true, false},
                                         Variant{"webgpu", abi::Encoding::canonical, false, true, "webgpu"}),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace gpu_host::fault
