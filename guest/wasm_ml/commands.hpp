// What the subcommands do. They print their results to standard output.
#pragma once

#include "error.hpp"
#include "options.hpp"

namespace wasm_ml {

[[nodiscard]] Result<void> run(const HelpCommand& command);
[[nodiscard]] Result<void> run(const VersionCommand& command);
[[nodiscard]] Result<void> run(const TrainCommand& command);
[[nodiscard]] Result<void> run(const PredictCommand& command);
[[nodiscard]] Result<void> run(const EvaluateCommand& command);
[[nodiscard]] Result<void> run(const BenchCommand& command);
[[nodiscard]] Result<void> run(const InfoCommand& command);
[[nodiscard]] Result<void> run(const ImportCommand& command);
[[nodiscard]] Result<void> run(const ExportCommand& command);

}  // namespace wasm_ml
