// What keeps this machine from doing what it could, and what to do about it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "gpu_host/result.hpp"

namespace gpu_host {

enum class Verdict : std::uint8_t {
  good,
  note,   // something is not there, or not as fast as it could be, and nothing that is needed fails for it
  fault,  // something that this machine has, or was told to use, does not work
};

// good, note, fault
[[nodiscard]] std::string_view name_of(Verdict verdict);

struct Finding {
  std::string subject;  // such as "memory", "cuda 0"
  Verdict verdict = Verdict::good;
  std::string found;   // what there is; of what is not good: the cause
  std::string remedy;  // empty for what is good
};

// `backend`: whose devices are tried (cpu, cuda or webgpu), beside the CPU, which they are compared with; that they
// cannot be used is a fault then. Empty: those of all. invalid_argument for an unknown one.
//
// Looks at the machine, its GPUs and their drivers, the libraries, the environment and the limits of this process,
// runs a module, and every kernel of wasi:gpu on each usable device, whose results it compares with the CPU's. `report`
// is given each finding as it is made, so that what was found before a driver ends the process is known. Takes seconds;
// opens every device.
[[nodiscard]] Result<void> diagnose(const std::string& backend, const std::function<void(const Finding&)>& report);

}  // namespace gpu_host
