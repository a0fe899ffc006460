// Files and folders of the tests' own.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace gpu_host::e2e {

[[nodiscard]] std::string read_file(const std::filesystem::path& path);

// A new empty folder, removed with the object.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // A file in it, with the folders above; returns its path.
  std::string add(const std::filesystem::path& name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

}  // namespace gpu_host::e2e
