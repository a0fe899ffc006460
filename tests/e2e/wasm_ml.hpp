// Runs the random forest module in a folder of its own.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "e2e/files.hpp"
#include "e2e/program.hpp"

namespace gpu_host::e2e {

// The guest's "." is `folder`, and /data holds the diabetes files. `options` are the host's.
[[nodiscard]] inline Outcome wasm_ml_with(std::vector<std::string> options, const std::string& module,
                                          const TempFolder& folder, const std::vector<std::string>& arguments) {
  options.insert(options.end(), {"-d", folder.path().string(), "--dir", std::string(WGH_DATA_DIR) + "::/data", module});
  options.insert(options.end(), arguments.begin(), arguments.end());
  return run_program(options);
}

// On any backend where none is named.
[[nodiscard]] inline Outcome wasm_ml(const TempFolder& folder, const std::vector<std::string>& arguments,
                                     const std::string& backend = {}) {
  std::vector<std::string> options;
  if (!backend.empty()) options = {"--backend", backend};
  return wasm_ml_with(options, WGH_WASM_ML, folder, arguments);
}

// Trains a small forest into `model`.
[[nodiscard]] inline Outcome train(const TempFolder& folder, const std::string& model, const std::string& seed = "42",
                                   const std::string& backend = {}) {
  return wasm_ml(folder,
                 {"train", "--data", "/data/diabetes_train.csv", "--model", model, "--trees", "20", "--max-depth", "6",
                  "--seed", seed},
                 backend);
}

[[nodiscard]] inline std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// A CSV file of one column of numbers, under a header.
[[nodiscard]] inline std::vector<double> numbers_of(const std::string& csv) {
  const std::vector<std::string> lines = lines_of(csv);
  std::vector<double> numbers;
  for (std::size_t i = 1; i < lines.size(); ++i) numbers.push_back(std::stod(lines[i]));
  return numbers;
}

}  // namespace gpu_host::e2e
