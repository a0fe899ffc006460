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

  // The CPU's results are what the others are compared with, so it is the first. What cannot be used is judged in the
  // end: where the GPU works by one backend, what another one lacks is no fault.
  void check_all() {
    const auto backends = all_backends();
    for (const bool is_cpu : {true, false}) {
      for (Backend* const backend : backends) {
        if ((backend->name() == "cpu") != is_cpu) continue;
        if (!is_cpu && !named_.empty() && backend->name() != named_) continue;
        for (const DeviceEntry& entry : backend->devices()) {
          if (entry.info) {
            report_(check(*backend, entry));
          } else {
            unusable_.push_back(entry);
          }
        }
      }
    }
    for (const DeviceEntry& entry : unusable_) report_(judged(entry));
  }

  [[nodiscard]] const GpuSuccess& success() const { return success_; }

 private:
  // By far not every processor's graphics has a driver that serves.
  [[nodiscard]] bool has_gpu_for(std::string_view backend) const {
    return facts_.has(GpuMaker::nvidia) || (backend == "webgpu" && facts_.has(GpuMaker::amd));
  }

  [[nodiscard]] Finding judged(const DeviceEntry& entry) const {
    const Advice advice = advice_for(entry.backend, entry.reason);
    const bool is_amiss = (!advice.is_absence || has_gpu_for(entry.backend)) && !success_.any;
    const bool is_fault = entry.backend == named_ || is_amiss;
    return {entry.backend, is_fault ? Verdict::fault : Verdict::note, entry.reason, std::string(advice.remedy)};
  }

  Finding check(Backend& backend, const DeviceEntry& entry) {
    const std::string name(backend.name());
    const std::string subject = fmt::format("{} {}", name, entry.index);
    const auto finding = [&](Verdict verdict, const std::string& what) {
      const std::string remedy = verdict == Verdict::good ? "" : std::string(advice_for(name, what).remedy);
      return Finding{subject, verdict, fmt::format("{}: {}", entry.info->name, what), remedy};
    };
    const auto device = backend.open(entry.index);
    if (!device) return finding(Verdict::fault, describe(device.error()));
    auto outputs = run_kernels(**device);
    const auto no_matmul = take_missing_matmul(outputs);
    if (cpu_outputs_.empty()) cpu_outputs_ = outputs;
    if (const auto wrong = find_difference(outputs, cpu_outputs_)) return finding(Verdict::fault, *wrong);
    if (entry.info->is_hardware) {
      success_.any = true;
      success_.webgpu |= name == "webgpu";
    }
    if (no_matmul) return finding(Verdict::note, "no matmul, all else computes what the CPU does: " + *no_matmul);
    if (name == "cpu") return finding(Verdict::good, "computes all kernels");
    const char* const when = entry.info->is_hardware ? "" : "; software, used only where it is named";
    return finding(Verdict::good, std::string("computes what the CPU does") + when);
  }

  const MachineFacts& facts_;
  const std::string& named_;
  const Report& report_;
  std::vector<DeviceEntry> unusable_;
  std::vector<KernelOutput> cpu_outputs_;
  GpuSuccess success_;
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
  report(found_gpus(facts));
  Devices devices(facts, backend, report);
  devices.check_all();
  report_all(report, check_gpu_access(facts, devices.success()));
  report(choice(backend));
  return {};
}

}  // namespace gpu_host
