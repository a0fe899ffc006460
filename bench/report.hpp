// The table of ratios.
#pragma once

#include <string>
#include <vector>

#include "comparison.hpp"
#include "measure.hpp"

namespace gpu_host::bench {

struct Row {
  Comparison comparison;
  Measurement measurement;
};

[[nodiscard]] std::string text_table(const std::vector<Row>& rows);
[[nodiscard]] std::string markdown_table(const std::vector<Row>& rows);
[[nodiscard]] std::string json_report(const std::vector<Row>& rows);

}  // namespace gpu_host::bench
