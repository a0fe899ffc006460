// embed MODULE: runs a module as a command, then calls its relu on our own arrays.
#include <gpu_host/instance.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>

template <class T>
T or_exit(gpu_host::Result<T> result) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "embed: %s\n", result.error().message.c_str());
  std::exit(1);
}

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: embed MODULE\n", stderr);
    return 2;
  }
  const auto host = or_exit(gpu_host::Host::create({.interruptible = true}));
  const auto module = or_exit(host.load_file(argv[1]));  // compiled once, for any number of instances
  gpu_host::InstanceOptions options{.args = {"relu"}};
  options.limits.timeout = std::chrono::seconds(10);
  const int exit_code = or_exit(or_exit(gpu_host::Instance::create(module, options)).run());
  const std::array<float, 4> input{-1, 2, -3, 4};
  std::array<float, 4> output{}, result{};
  auto instance = or_exit(gpu_host::Instance::create(module, options));
  const int in = static_cast<int>(or_exit(instance.share_read_only(std::as_bytes(std::span(input)))));
  const auto out = or_exit(instance.share(std::as_writable_bytes(std::span(output))));
  const auto failed =
      or_exit(instance.call("relu", std::array<gpu_host::Value, 3>{in, static_cast<int>(out), 4})).at(0);
  // On the cpu backend `output` has the result by now; from any device it can be read.
  or_exit(instance.read_buffer(out, 0, std::as_writable_bytes(std::span(result))));
  for (const float value : result) std::printf("%g ", value);
  std::printf("(_start: %d, relu: %d)\n", exit_code, std::get<int>(failed));
}
