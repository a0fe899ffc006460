#include <fmt/format.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/cpu/openblas.hpp"
#include "backend/registry.hpp"
#include "diagnosis/advice.hpp"
#include "diagnosis/device_check.hpp"
#include "diagnosis/gpu_access.hpp"
#include "diagnosis/machine_facts.hpp"
#include "diagnosis/process_checks.hpp"
#include "gpu_host/diagnosis.hpp"
#include "gpu_host/host.hpp"
#include "gpu_host/instance.hpp"

namespace gpu_host {
namespace {

using Report = std::function<void(const Finding&)>;

void report_all(const Report& report, const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) report(finding);
}

Finding program() {
  return {"program", Verdict::good, fmt::format("wasmtime-gpu-host {}, Wasmtime {}", version(), wasmtime_version()),
          ""};
}

// Machine code is made, a memory reserved, and a function called.
Finding run_module() {
  constexpr std::string_view kModule = R"((module (memory 1) (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1)))))";
  const auto fault = [](const std::string& message) {
    return Finding{"sandbox", Verdict::fault, message,
                   "let processes here make memory executable and reserve addresses: ulimit -v unlimited; SELinux's "
                   "execmem, systemd's MemoryDenyWriteExecute and seccomp profiles can forbid it"};
  };
  const auto host = Host::create({});
  if (!host) return fault(host.error().message);
  const auto module = host->load(std::as_bytes(std::span(kModule)), "a small module");
  if (!module) return fault(module.error().message);
  auto instance = Instance::create(*module, {});
  if (!instance) return fault(instance.error().message);
  const auto sum = instance->call("add", std::vector<Value>{std::int32_t{2}, std::int32_t{3}});
  if (!sum) return fault(sum.error().message);
  if (*sum != std::vector<Value>{std::int32_t{5}}) return fault("a module computes 2 + 3 wrongly");
  return {"sandbox", Verdict::good, "runs a module", ""};
}

Finding openblas() {
  if (cpu::openblas_sgemm() != nullptr) return {"OpenBLAS", Verdict::good, "found: matmul on the CPU is fast", ""};
  return {"OpenBLAS", Verdict::note, "libopenblas.so.0 cannot be used: matmul on the CPU is slow",
          "apt install libopenblas0-pthread"};
}

// The devices of a backend that is named, else of all.
class Devices {
 public:
  Devices(const MachineFacts& facts, const std::string& named, const Report& report)
      : facts_(facts), named_(named), report_(report) {}

  // The CPU's results are what the others are compared with, so it is the first.
  void check_all() {
    const auto backends = all_backends();
    for (const bool is_cpu : {true, false}) {
      for (Backend* const backend : backends) {
        if ((backend->name() == "cpu") != is_cpu) continue;
        if (!is_cpu && !named_.empty() && backend->name() != named_) continue;
        for (const DeviceEntry& entry : backend->devices()) report_(check(*backend, entry));
      }
    }
  }

 private:
  [[nodiscard]] bool has_gpu_for(std::string_view backend) const {
    return backend == "cuda" ? facts_.has(GpuMaker::nvidia) : !facts_.gpus.empty() || facts_.is_wsl;
  }

  Finding check(Backend& backend, const DeviceEntry& entry) {
    const std::string name(backend.name());
    if (!entry.info) {
      const Advice advice = advice_for(name, entry.reason);
      // Where the GPU works by one backend, what another one lacks is no fault.
      const bool is_fault = name == named_ || !advice.is_absence || (has_gpu_for(name) && !gpu_works_);
      return {name, is_fault ? Verdict::fault : Verdict::note, entry.reason, std::string(advice.remedy)};
    }
    const std::string subject = fmt::format("{} {}", name, entry.index);
    const auto fault = [&](const std::string& what) {
      return Finding{subject, Verdict::fault, fmt::format("{}: {}", entry.info->name, what),
                     std::string(advice_for(name, what).remedy)};
    };
    const auto device = backend.open(entry.index);
    if (!device) return fault(describe(device.error()));
    auto outputs = run_kernels(**device);
    if (cpu_outputs_.empty()) cpu_outputs_ = outputs;
    if (const auto wrong = find_difference(outputs, cpu_outputs_)) return fault(*wrong);
    gpu_works_ |= entry.info->is_hardware;
    const char* const what = name == "cpu" ? "computes all kernels" : "computes what the CPU does";
    const char* const when = entry.info->is_hardware || name == "cpu" ? "" : "; software, used only where it is named";
    return {subject, Verdict::good, fmt::format("{}: {}{}", entry.info->name, what, when), ""};
  }

  const MachineFacts& facts_;
  const std::string& named_;
  const Report& report_;
  std::vector<KernelOutput> cpu_outputs_;
  bool gpu_works_ = false;
};

// What a run gets that names this backend, or none.
Finding choice(const std::string& backend) {
  const auto device = open_device({.backend = backend, .index = {}});
  if (!device) {
    return {"a run takes", Verdict::fault, device.error().message, "name another backend, or mend this one"};
  }
  return {"a run takes", Verdict::good, fmt::format("{}: {}", (*device)->info().backend, (*device)->info().name), ""};
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return "good";
    case Verdict::note:
      return "note";
    case Verdict::fault:
      return "fault";
  }
  std::unreachable();
}

Result<void> diagnose(const std::string& backend, const Report& report) {
  if (!backend.empty()) {
    if (auto known = check_choice({.backend = backend, .index = {}}); !known) return known;
  }
  report(program());
  report_all(report, check_environment());
  report_all(report, check_limits());
  report(run_module());
  report(openblas());
  const MachineFacts facts = machine_facts();
  report_all(report, check_gpu_access(facts));
  Devices(facts, backend, report).check_all();
  report(choice(backend));
  return {};
}

}  // namespace gpu_host
