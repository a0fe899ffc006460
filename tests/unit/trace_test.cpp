#include "gpu_host/trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace gpu_host {
namespace {

using nlohmann::json;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

constexpr std::string_view kCompute = "wasi:gpu/compute@0.1.0";

class TraceTest : public testing::Test {
 protected:
  TraceTest() : path_(std::filesystem::path(testing::TempDir()) / (test_name() + ".trace.json")) {}
  ~TraceTest() override { std::filesystem::remove(path_); }

  std::shared_ptr<Trace> create() {
    auto trace = Trace::create(path_);
    EXPECT_TRUE(trace);
    return *trace;
  }

  // The events of the file; throws where it is not JSON.
  [[nodiscard]] json events() const {
    std::ifstream file(path_);
    return json::parse(file).at("traceEvents");
  }

  const std::filesystem::path path_;

 private:
  static std::string test_name() { return testing::UnitTest::GetInstance()->current_test_info()->name(); }
};

// The events of a phase: X are intervals, M is metadata.
std::vector<json> of_phase(const json& events, std::string_view phase) {
  std::vector<json> found;
  std::ranges::copy_if(events, std::back_inserter(found), [&](const json& event) { return event.at("ph") == phase; });
  return found;
}

// What metadata calls each track.
std::map<int, std::string> track_names(const json& events) {
  std::map<int, std::string> names;
  for (const json& event : of_phase(events, "M")) {
    if (event.at("name") == "thread_name") names[event.at("tid")] = event.at("args").at("name");
  }
  return names;
}

// In whole nanoseconds, which the file has as decimals of microseconds.
std::pair<std::int64_t, std::int64_t> interval(const json& event) {
  const auto in_nanoseconds = [&](const char* key) { return std::llround(event.at(key).get<double>() * 1000); };
  const std::int64_t begin = in_nanoseconds("ts");
  return {begin, begin + in_nanoseconds("dur")};
}

TEST_F(TraceTest, WithoutEventsIsATimeline) {
  ASSERT_TRUE(create()->finish());
  const json all = events();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].at("name"), "process_name");
  EXPECT_EQ(all[0].at("args").at("name"), "wasmtime-gpu-host");
}

TEST_F(TraceTest, ShowsWorkBelowItsCall) {
  const auto trace = create();
  const auto start = steady_clock::now();
  const auto at = [start](std::int64_t offset) { return start + nanoseconds(offset); };
  trace->on_device_work({"cpu", "AMD EPYC", "buffer-write", at(1001), at(5999), 64});
  trace->on_host_call({kCompute, "buffer-write", at(1000), at(6000), false});
  trace->on_host_call({kCompute, "sync", at(7000), at(7000), true});
  ASSERT_TRUE(trace->finish());

  const json all = events();
  const auto intervals = of_phase(all, "X");
  ASSERT_EQ(intervals.size(), 3u);
  const json& work = intervals[0];
  const json& write = intervals[1];
  const json& sync = intervals[2];
  EXPECT_EQ(work.at("name"), "buffer-write");
  EXPECT_EQ(work.at("cat"), "device");
  EXPECT_EQ(work.at("args"), json({{"bytes", 64}}));
  EXPECT_EQ(write.at("name"), "buffer-write");
  EXPECT_EQ(write.at("cat"), "call");
  EXPECT_EQ(write.at("args"), json({{"interface", kCompute}, {"failed", false}}));
  EXPECT_EQ(sync.at("name"), "sync");
  EXPECT_EQ(sync.at("args").at("failed"), true);

  EXPECT_GE(write.at("ts"), 0);
  EXPECT_EQ(interval(work).first - interval(write).first, 1);
  EXPECT_EQ(interval(work).second - interval(write).first, 4999);
  EXPECT_EQ(interval(write).second - interval(write).first, 5000);
  EXPECT_EQ(interval(sync).first - interval(write).first, 6000);
  EXPECT_EQ(interval(sync).second, interval(sync).first);

  const auto names = track_names(all);
  EXPECT_EQ(names.size(), 2u);
  EXPECT_EQ(names.at(write.at("tid")), "guest calls");
  EXPECT_EQ(names.at(work.at("tid")), "cpu: AMD EPYC");
  EXPECT_EQ(sync.at("tid"), write.at("tid"));
  std::map<int, int> places;
  for (const json& event : of_phase(all, "M")) {
    EXPECT_EQ(event.at("pid"), write.at("pid"));
    if (event.at("name") == "thread_sort_index") places[event.at("tid")] = event.at("args").at("sort_index");
  }
  EXPECT_LT(places.at(write.at("tid")), places.at(work.at("tid")));
}

TEST_F(TraceTest, EveryDeviceHasATrack) {
  const auto trace = create();
  const auto now = steady_clock::now();
  for (const auto& [backend, device] : {std::pair("cpu", "a"), std::pair("cuda", "a"), std::pair("cpu", "a")}) {
    trace->on_device_work({backend, device, "buffer-write", now, now, 1});
  }
  ASSERT_TRUE(trace->finish());
  const auto intervals = of_phase(events(), "X");
  const auto names = track_names(events());
  EXPECT_EQ(names.size(), 2u);
  EXPECT_EQ(names.at(intervals[0].at("tid")), "cpu: a");
  EXPECT_EQ(names.at(intervals[1].at("tid")), "cuda: a");
  EXPECT_EQ(intervals[2].at("tid"), intervals[0].at("tid"));
}

TEST_F(TraceTest, AnyNameIsAString) {
  const auto trace = create();
  const auto now = steady_clock::now();
  const std::string hostile = "\"},\\{\n\x01\xff\xc3\xbc{}";
  trace->on_device_work({"cpu", hostile, "a\"b", now, now, 1});
  trace->on_host_call({hostile, hostile, now, now, false});
  ASSERT_TRUE(trace->finish());
  const std::string replaced = "\"},\\{\n\x01\xef\xbf\xbd\xc3\xbc{}";
  const json all = events();
  const auto intervals = of_phase(all, "X");
  EXPECT_EQ(intervals[0].at("name"), "a\"b");
  EXPECT_EQ(intervals[1].at("name"), replaced);
  EXPECT_EQ(intervals[1].at("args").at("interface"), replaced);
  EXPECT_EQ(track_names(all).at(intervals[0].at("tid")), "cpu: " + replaced);
}

TEST_F(TraceTest, IsCompleteWithoutFinish) {
  create()->on_host_call({kCompute, "sync", steady_clock::now(), steady_clock::now(), false});
  EXPECT_EQ(of_phase(events(), "X").size(), 1u);
}

TEST_F(TraceTest, FinishingTwiceIsFineAndEventsAfterItAreLost) {
  const auto trace = create();
  EXPECT_TRUE(trace->finish());
  trace->on_host_call({kCompute, "sync", steady_clock::now(), steady_clock::now(), false});
  trace->on_device_work({"cpu", "a", "buffer-write", steady_clock::now(), steady_clock::now(), 1});
  EXPECT_TRUE(trace->finish());
  EXPECT_TRUE(of_phase(events(), "X").empty());
}

TEST_F(TraceTest, OverwritesAFile) {
  std::ofstream(path_) << std::string(10'000, '?');
  ASSERT_TRUE(create()->finish());
  EXPECT_EQ(events().size(), 1u);
}

TEST_F(TraceTest, TellsWhyAFileCannotBeCreated) {
  const auto trace = Trace::create(path_ / "in" / "no-folder");
  ASSERT_FALSE(trace);
  EXPECT_EQ(trace.error().kind, ErrorKind::internal);
  EXPECT_THAT(trace.error().message, HasSubstr("no-folder: No such file or directory"));
}

TEST_F(TraceTest, TellsOfAFullDisk) {
  for (const int events : {0, 10'000}) {
    auto trace = Trace::create("/dev/full");
    ASSERT_TRUE(trace);
    for (int i = 0; i < events; ++i) {
      (*trace)->on_host_call({kCompute, "sync", steady_clock::now(), steady_clock::now(), false});
    }
    for (int i = 0; i < 2; ++i) {
      const auto finished = (*trace)->finish();
      ASSERT_FALSE(finished);
      EXPECT_EQ(finished.error().message, "cannot write the trace /dev/full: No space left on device");
    }
  }
}

TEST_F(TraceTest, TakesManyThreadsAtATime) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kCalls = 500;
  const auto trace = create();
  {
    std::vector<std::jthread> threads;
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&trace] {
        for (std::size_t i = 0; i < kCalls; ++i) {
          const auto begin = steady_clock::now();
          const auto work_begin = steady_clock::now();
          const auto work_end = steady_clock::now();
          trace->on_device_work({"cpu", "shared", "buffer-write", work_begin, work_end, 1});
          trace->on_host_call({kCompute, "buffer-write", begin, steady_clock::now(), false});
        }
      });
    }
  }
  ASSERT_TRUE(trace->finish());
  const json all = events();
  EXPECT_EQ(track_names(all).size(), 2 * kThreads);
  // What shares a track does not overlap: each event begins after the one before ended.
  std::map<int, std::int64_t> ends;
  std::map<int, std::size_t> counts;
  for (const json& event : of_phase(all, "X")) {
    const int track = event.at("tid");
    const auto [begin, end] = interval(event);
    EXPECT_LE(begin, end);
    EXPECT_LE(ends[track], begin);
    ends[track] = end;
    ++counts[track];
  }
  EXPECT_EQ(counts.size(), 2 * kThreads);
  for (const auto& [track, count] : counts) EXPECT_EQ(count, kCalls) << track;
}

}  // namespace
}  // namespace gpu_host
