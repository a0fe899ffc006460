#include "gpu_host/trace.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace gpu_host {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kFileBuffer = 1 << 16;

// The text as a JSON string. What is not UTF-8 in it is replaced.
std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace

// Events of one track must nest, or viewers draw nonsense. Those of one thread do, so
// every thread has a track for its calls and one for each device it works on.
class Trace::File {
 public:
  explicit File(std::filesystem::path path) : path_(std::move(path)), file_(std::fopen(path_.c_str(), "we")) {
    if (file_ == nullptr) {
      keep_error();
      return;
    }
    std::setvbuf(file_, nullptr, _IOFBF, kFileBuffer);
    write(R"({"displayTimeUnit":"ns","traceEvents":[)"
          "\n"
          R"({"name":"process_name","ph":"M","pid":1,"tid":0,"args":{"name":"wasmtime-gpu-host"}})");
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { close(); }

  enum class Kind : std::uint8_t { call, device };

  // `args` is a JSON object.
  void add(Kind kind, const std::string& track, std::string_view name, Clock::time_point begin, Clock::time_point end,
           std::string_view args) {
    const auto microseconds = [](Clock::duration time) {
      return std::chrono::duration<double, std::micro>(time).count();
    };
    const std::string quoted_name = json_string(name);
    const std::scoped_lock lock(mutex_);
    if (file_ == nullptr) return;
    write(
        fmt::format(",\n"
                    R"({{"name":{},"cat":"{}","ph":"X","ts":{:.3f},"dur":{:.3f},"pid":1,"tid":{},"args":{}}})",
                    quoted_name, kind == Kind::call ? "call" : "device", microseconds(begin - created_),
                    microseconds(end - begin), track_of(kind, track), args));
  }

  Result<void> finish() {
    const std::scoped_lock lock(mutex_);
    close();
    return status();
  }

  [[nodiscard]] Result<void> status() const {
    if (error_ == 0) return {};
    return error(ErrorKind::internal,
                 fmt::format("cannot write the trace {}: {}", path_.string(), std::generic_category().message(error_)));
  }

 private:
  void keep_error() {
    if (error_ == 0) error_ = errno;
  }

  void write(std::string_view text) {
    if (error_ == 0 && std::fwrite(text.data(), 1, text.size(), file_) != text.size()) keep_error();
  }

  void close() {
    if (file_ == nullptr) return;
    write("\n]}\n");
    if (std::fclose(std::exchange(file_, nullptr)) != 0) keep_error();
  }

  void add_metadata(std::string_view name, std::size_t track, std::string_view arg) {
    write(
        fmt::format(",\n"
                    R"({{"name":"{}","ph":"M","pid":1,"tid":{},"args":{{{}}}}})",
                    name, track, arg));
  }

  // The number of this thread's track of that name, which is made if need be.
  std::size_t track_of(Kind kind, const std::string& name) {
    const auto thread = threads_.try_emplace(std::this_thread::get_id(), threads_.size() + 1).first->second;
    const auto [track, is_new] = tracks_.try_emplace({thread, name}, tracks_.size() + 1);
    if (is_new) {
      const std::string full_name = thread == 1 ? name : fmt::format("{} (thread {})", name, thread);
      add_metadata("thread_name", track->second, fmt::format(R"("name":{})", json_string(full_name)));
      // A device's work ends, and its track is made, before the call that caused it.
      const std::size_t place = 2 * thread + (kind == Kind::device ? 1 : 0);
      add_metadata("thread_sort_index", track->second, fmt::format(R"("sort_index":{})", place));
    }
    return track->second;
  }

  const Clock::time_point created_ = Clock::now();
  const std::filesystem::path path_;
  std::mutex mutex_;
  int error_ = 0;    // errno of the first operation that failed
  std::FILE* file_;  // null once finished
  std::map<std::thread::id, std::size_t> threads_;
  std::map<std::pair<std::size_t, std::string>, std::size_t> tracks_;
};

Result<std::shared_ptr<Trace>> Trace::create(const std::filesystem::path& path) {
  auto file = std::make_unique<File>(path);
  if (auto opened = file->status(); !opened) return std::unexpected(std::move(opened.error()));
  return std::shared_ptr<Trace>(new Trace(std::move(file)));
}

Trace::Trace(std::unique_ptr<File> file) : file_(std::move(file)) {}

Trace::~Trace() = default;

void Trace::on_host_call(const HostCall& call) {
  file_->add(File::Kind::call, "guest calls", call.function, call.begin, call.end,
             fmt::format(R"({{"interface":{},"failed":{}}})", json_string(call.interface), call.failed));
}

void Trace::on_device_work(const DeviceWork& work) {
  file_->add(File::Kind::device, fmt::format("{}: {}", work.backend, work.device), work.operation, work.begin, work.end,
             fmt::format(R"({{"bytes":{}}})", work.bytes));
}

Result<void> Trace::finish() { return file_->finish(); }

}  // namespace gpu_host
