// A file in Chrome's trace event format (JSON), for chrome://tracing or Perfetto: the
// guest's calls and the device's work on one timeline.
#pragma once

#include <filesystem>
#include <memory>

#include "gpu_host/observer.hpp"
#include "gpu_host/result.hpp"

namespace gpu_host {

// Events are written as they come; safe for use by many threads at a time.
class Trace final : public Observer {
 public:
  // Creates or overwrites the file. internal names what went wrong.
  [[nodiscard]] static Result<std::shared_ptr<Trace>> create(const std::filesystem::path& path);

  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;
  ~Trace() override;  // as finish, but silent

  void on_host_call(const HostCall& call) override;
  void on_device_work(const DeviceWork& work) override;

  // Completes the file. An error if any of it could not be written.
  [[nodiscard]] Result<void> finish();

 private:
  class File;
  explicit Trace(std::unique_ptr<File> file);
  std::unique_ptr<File> file_;
};

}  // namespace gpu_host
