// Whole programs: the start of ours, and the demo.
#include <wasm.h>
#include <wasmtime.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>

#include "comparison.hpp"
#include "gpu_loops.hpp"
#include "process.hpp"

namespace gpu_host::bench {
namespace {

constexpr std::string_view kHelloText = R"((module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\0d\00\00\00")
  (data (i32.const 16) "hello, world\n")
  (func (export "_start")
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))))";

void write_hello(const std::filesystem::path& file) {
  wasm_byte_vec_t binary;
  if (wasmtime_wat2wasm(kHelloText.data(), kHelloText.size(), &binary) != nullptr) {
    throw std::runtime_error("hello is not WebAssembly");
  }
  std::ofstream(file, std::ios::binary).write(binary.data, static_cast<std::streamsize>(binary.size));
  wasm_byte_vec_delete(&binary);
}

Operation hello(std::shared_ptr<const TemporaryFolder> folder, std::vector<std::string> command) {
  Operation run = [folder = std::move(folder), command = std::move(command)](std::int64_t count) {
    return seconds_of([&] {
      for (std::int64_t i = 0; i < count; ++i) {
        if (Process(command).finish() != "hello, world\n") throw std::runtime_error("hello says something else");
      }
    });
  };
  run(1);  // fills the cache
  return run;
}

// Two ways to run hello, given the cache's configuration and the module.
using Command = std::function<std::vector<std::string>(const std::string& cache, const std::string& module)>;

Sides hello_sides(const Command& ours, const Command& reference) {
  const auto folder = std::make_shared<const TemporaryFolder>();
  const std::string module = (*folder / "hello.wasm").string();
  const std::string cache = (*folder / "cache.toml").string();
  write_hello(module);
  std::ofstream(cache) << "[cache]\ndirectory = \"" << (*folder / "cache").string() << "\"\n";
  return {hello(folder, ours(cache, module)), hello(folder, reference(cache, module))};
}

std::vector<std::string> minimal_host(const std::string& cache, const std::string& module) {
  return {WGH_MINIMAL_HOST, cache, module};
}

Command our_host(const std::vector<std::string>& options) {
  return [options](const std::string& cache, const std::string& module) {
    std::vector<std::string> command{beside(WGH_PROGRAM), "-C", "cache-config=" + cache};
    command.insert(command.end(), options.begin(), options.end());
    command.push_back(module);
    return command;
  };
}

// Its own measure of the training, which is in the last line.
double training_seconds() {
  const std::string text = Process({beside(WGH_PROGRAM), "-d", WGH_DATA_DIR, WGH_WASM_ML, "bench"}).finish();
  const auto last_line = text.rfind("\n{");
  if (last_line == std::string::npos) throw std::runtime_error("the demo printed no line of JSON");
  return nlohmann::json::parse(text.substr(last_line + 1)).at("training_ms").get<double>() / 1000;
}

Sides demo_sides() {
  return {[](std::int64_t count) {
            double seconds = 0;
            for (std::int64_t i = 0; i < count; ++i) seconds += training_seconds();
            return seconds;
          },
          {}};
}

}  // namespace

void add_programs(std::vector<Comparison>& comparisons) {
  comparisons.push_back({.name = "hello",
                         .ours = "hello.wasm from start to exit, compiled code in the cache",
                         .reference = "a minimal program with Wasmtime's C API, with the same cache",
                         .target = {TargetKind::ratio_at_most, 1.3},
                         .prepare = [] { return hello_sides(our_host({}), &minimal_host); }});
  comparisons.push_back({.name = "demo",
                         .ours = "training of the demo (scripts/demo)",
                         .reference = "",
                         .target = {TargetKind::time_at_most, 1.5},
                         .prepare = &demo_sides});
  comparisons.push_back({.name = "cuda-start",
                         .ours = "hello.wasm with --backend cuda, which it does not use",
                         .reference = "the same with --backend cpu",
                         .target = {TargetKind::ratio_at_most, 1.1},
                         .prepare = [] {
                           const DeviceEntry device = gpu_device({.backend = "cuda"});
                           Sides sides = hello_sides(our_host({"--backend", "cuda"}), our_host({"--backend", "cpu"}));
                           sides.device = text_of(device);
                           return sides;
                         }});
}

}  // namespace gpu_host::bench
