// Files that are whole or not there.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "gpu_host/result.hpp"

namespace gpu_host::cli {

// Writes beside the path and renames, so that nobody sees half of it, and an older
// file of that name is kept if anything goes wrong; the new one has its permissions. What is no regular file, such as a
// pipe, is written to as it is.
[[nodiscard]] Result<void> write_file(const std::filesystem::path& path, std::span<const std::byte> content);

}  // namespace gpu_host::cli
