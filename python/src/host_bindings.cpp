// The general door: any module, its functions, and arrays as its buffers.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "array.hpp"
#include "bindings.hpp"
#include "failure.hpp"
#include "gpu_host/devices.hpp"
#include "gpu_host/host.hpp"
#include "gpu_host/instance.hpp"
#include "waiting.hpp"

namespace gpu_host_python {
namespace {

using namespace nb::literals;
using gpu_host::Host;
using gpu_host::Module;
using gpu_host::Value;

Host make_host(bool fuel, std::optional<std::uint64_t> max_wasm_stack, bool parallel_compilation, bool cache) {
  gpu_host::HostOptions options;
  options.interruptible = true;
  options.fuel = fuel;
  options.max_wasm_stack = max_wasm_stack;
  options.parallel_compilation = parallel_compilation;
  options.cache = cache;
  const nb::gil_scoped_release released;
  return checked(Host::create(options));
}

// An instance of any module. One thread at a time uses it; another that tries meanwhile gets an error.
class Guest {
 public:
  Guest(const Module& module, gpu_host::InstanceOptions options)
      : output_(std::make_shared<Output>()), instance_(make(module, std::move(options))) {}

  int run(std::optional<double> timeout) {
    const auto used = use();
    int exit_code = 0;
    watch(timeout, [&] { exit_code = checked(instance_.run()); });
    return exit_code;
  }

  nb::list call(const std::string& function, const nb::list& arguments, std::optional<double> timeout) {
    const auto used = use();
    const std::vector<Value> given = values_of(function, arguments);
    std::vector<Value> results;
    watch(timeout, [&] { results = checked(instance_.call(function, given)); });
    nb::list list;
    for (const Value& result : results) std::visit([&](auto value) { list.append(value); }, result);
    return list;
  }

  std::vector<std::string> parameters(const std::string& function) {
    std::vector<std::string> names;
    for (const Value& value : checked(instance_.parameters(function))) names.emplace_back(gpu_host::type_name(value));
    return names;
  }

  // The object stays as long as the buffer does.
  std::uint32_t share(nb::object object, bool writable) {
    const auto used = use();
    auto array = std::make_shared<Array>(object, "array", writable ? Access::write : Access::read);
    if (!array->is_contiguous())
      throw Failure(FailureKind::value, "array: its elements do not lie next to each other, in C order");
    // The buffer protocol keeps the object; whoever lets the last reference go may not have the GIL.
    std::shared_ptr<const void> owner(new std::shared_ptr<Array>(array), [](const void* held) {
      const nb::gil_scoped_acquire acquired;
      delete static_cast<const std::shared_ptr<Array>*>(held);
    });
    const auto bytes = array->extent();
    array.reset();
    return checked(writable ? instance_.share(bytes, std::move(owner))
                            : instance_.share_read_only(bytes, std::move(owner)));
  }

  void release(std::uint32_t buffer) {
    const auto used = use();
    checked(instance_.release(buffer));
  }

  void read_buffer(std::uint32_t buffer, std::uint64_t offset, nb::object into) {
    const auto used = use();
    const Array array(into, "into", Access::write);
    if (!array.is_contiguous())
      throw Failure(FailureKind::value, "into: its elements do not lie next to each other, in C order");
    const nb::gil_scoped_release released;
    checked(instance_.read_buffer(buffer, offset, array.extent()));
  }

  void interrupt() { instance_.interrupt(); }

  // What it wrote so far, and was not taken yet.
  nb::tuple take_output() {
    const std::lock_guard lock(output_->mutex);
    const auto bytes = [](std::string& text) {
      const std::string taken = std::exchange(text, {});
      return nb::bytes(taken.data(), taken.size());
    };
    return nb::make_tuple(bytes(output_->standard_output), bytes(output_->standard_error));
  }

 private:
  struct Output {
    std::mutex mutex;
    std::string standard_output;
    std::string standard_error;
  };

  gpu_host::Instance make(const Module& module, gpu_host::InstanceOptions options) {
    options.inherit_stdio = false;
    const auto collect = [output = output_](std::string Output::* stream) {
      return [output, stream](std::string_view text) {
        const std::lock_guard lock(output->mutex);
        ((*output).*stream) += text;
      };
    };
    options.standard_output = collect(&Output::standard_output);
    options.standard_error = collect(&Output::standard_error);
    const nb::gil_scoped_release released;
    return checked(gpu_host::Instance::create(module, options));
  }

  std::unique_lock<std::mutex> use() {
    std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) throw Failure(FailureKind::other, "another thread uses the instance");
    return lock;
  }

  void watch(std::optional<double> timeout, const std::function<void()>& work) {
    std::optional<Seconds> seconds;
    if (timeout) seconds = Seconds(*timeout);
    run_and_watch(work, [this] { instance_.interrupt(); }, seconds, [] {});
  }

  std::vector<Value> values_of(const std::string& function, const nb::list& arguments) {
    std::vector<Value> values = checked(instance_.parameters(function));
    if (values.size() != arguments.size()) {
      throw Failure(FailureKind::type, "'" + function + "' takes " + std::to_string(values.size()) +
                                           " arguments, not " + std::to_string(arguments.size()));
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::visit([&](auto& value) { set(value, arguments[i], function, i); }, values[i]);
    }
    return values;
  }

  template <class T>
  static void set(T& value, nb::handle argument, const std::string& function, std::size_t i) {
    if constexpr (std::is_floating_point_v<T>) {
      const double number = PyFloat_AsDouble(argument.ptr());
      if (PyErr_Occurred() != nullptr) throw nb::python_error();
      value = static_cast<T>(number);
    } else {
      // As WebAssembly has it: signed and unsigned numbers of so many bits.
      long long number = PyLong_AsLongLong(argument.ptr());
      if (PyErr_Occurred() != nullptr) {
        if (!std::is_same_v<T, std::int64_t> || PyErr_ExceptionMatches(PyExc_OverflowError) == 0)
          throw nb::python_error();
        PyErr_Clear();
        number = static_cast<long long>(PyLong_AsUnsignedLongLong(argument.ptr()));
        if (PyErr_Occurred() != nullptr) throw nb::python_error();
      }
      if (sizeof(T) == 4 && (number < INT32_MIN || number > static_cast<long long>(UINT32_MAX))) {
        throw Failure(FailureKind::value,
                      "'" + function + "': argument " + std::to_string(i + 1) + " does not fit 32 bits");
      }
      value = static_cast<T>(number);
    }
  }

  std::mutex mutex_;
  std::shared_ptr<Output> output_;
  gpu_host::Instance instance_;
};

std::unique_ptr<Guest> make_guest(const Module& module, const std::vector<std::string>& args,
                                  const std::vector<std::pair<std::string, std::string>>& dirs,
                                  const std::vector<std::pair<std::string, std::string>>& env, const nb::bytes& input,
                                  const Place& place, std::optional<std::uint64_t> max_memory,
                                  std::optional<std::uint64_t> fuel, std::optional<double> gpu_time,
                                  bool strict_matmul) {
  gpu_host::InstanceOptions options;
  options.args = args;
  options.env = env;
  for (const auto& [host_path, guest_path] : dirs) options.preopens.push_back({host_path, guest_path});
  options.standard_input.assign(input.c_str(), input.size());
  options.device = {.backend = place.backend, .index = place.device};
  options.cpu_threads = place.threads;
  options.limits.gpu_memory = place.max_gpu_memory;
  options.limits.guest_memory = max_memory;
  options.limits.fuel = fuel;
  if (gpu_time) options.limits.gpu_time = std::chrono::duration_cast<std::chrono::nanoseconds>(Seconds(*gpu_time));
  if (strict_matmul) options.matmul_precision = gpu_host::MatmulPrecision::fp32;
  return std::make_unique<Guest>(module, std::move(options));
}

nb::list list_devices() {
  std::vector<gpu_host::DeviceEntry> entries;
  {
    const nb::gil_scoped_release released;
    entries = gpu_host::list_devices();
  }
  nb::list list;
  for (const gpu_host::DeviceEntry& entry : entries) {
    nb::dict device;
    device["backend"] = entry.backend;
    device["index"] = entry.index;
    device["usable"] = entry.info.has_value();
    device["reason"] = entry.reason;
    device["details"] = entry.details;
    if (entry.info) {
      device["name"] = entry.info->name;
      device["total_memory"] = entry.info->total_memory;
      device["is_hardware"] = entry.info->is_hardware;
      device["compute_capability"] = entry.info->compute_capability;
    }
    list.append(device);
  }
  return list;
}

}  // namespace

void bind_host(nb::module_& module) {
  nb::class_<Place>(module, "Place")
      .def(
          "__init__",
          [](Place* self, const std::string& backend, std::optional<std::uint32_t> device,
             std::optional<std::uint64_t> max_gpu_memory,
             std::optional<std::uint32_t> threads) { new (self) Place{backend, device, max_gpu_memory, threads}; },
          "backend"_a = "", "device"_a = nb::none(), "max_gpu_memory"_a = nb::none(), "threads"_a = nb::none());
  nb::class_<Module>(module, "Module")
      .def_prop_ro("name", &Module::name)
      .def_prop_ro("imports_gpu", &Module::imports_gpu);
  nb::class_<Host>(module, "Host")
      .def(nb::new_(&make_host), "fuel"_a = false, "max_wasm_stack"_a = nb::none(), "parallel_compilation"_a = true,
           "cache"_a = false)
      .def(
          "load",
          [](const Host& host, const nb::bytes& code, const std::string& name) {
            const auto bytes = std::as_bytes(std::span(code.c_str(), code.size()));
            const nb::gil_scoped_release released;
            return checked(host.load(bytes, name));
          },
          "code"_a, "name"_a)
      .def(
          "load_file",
          [](const Host& host, const std::string& path) {
            const nb::gil_scoped_release released;
            return checked(host.load_file(path));
          },
          "path"_a);
  nb::class_<Guest>(module, "Guest")
      .def(nb::new_(&make_guest), "module"_a, "args"_a, "dirs"_a, "env"_a, "input"_a, "place"_a,
           "max_memory"_a = nb::none(), "fuel"_a = nb::none(), "gpu_time"_a = nb::none(), "strict_matmul"_a = false)
      .def("run", &Guest::run, "timeout"_a = nb::none())
      .def("call", &Guest::call, "function"_a, "arguments"_a, "timeout"_a = nb::none())
      .def("parameters", &Guest::parameters, "function"_a)
      .def("share", &Guest::share, "array"_a, "writable"_a)
      .def("release", &Guest::release, "buffer"_a)
      .def("read_buffer", &Guest::read_buffer, "buffer"_a, "offset"_a, "into"_a)
      .def("interrupt", &Guest::interrupt)
      .def("take_output", &Guest::take_output);
  module.def("list_devices", &list_devices);
  module.def("version", &gpu_host::version);
  module.def("wasmtime_version", &gpu_host::wasmtime_version);
}

}  // namespace gpu_host_python
