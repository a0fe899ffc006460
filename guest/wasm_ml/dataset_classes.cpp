#include "dataset_classes.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "categories.hpp"
#include "categories_order.hpp"
#include "table_error.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

constexpr std::size_t kMostClasses = 256;

std::string class_name(float number) { return format("%.0f", double{number} + 0.0); }  // no negative zero

Result<void> check_count(const std::string& column, std::size_t n_classes) {
  if (n_classes > kMostClasses) return fail_at(column, "more than %zu classes", kMostClasses);
  if (n_classes < 2) return fail_at(column, "only one class: at least two are needed");
  return {};
}

// Ascending; nothing above the most classes there can be is told.
std::vector<float> different(std::span<const float> numbers) {
  std::vector<float> values;
  for (const float number : numbers) {
    const auto at = std::ranges::lower_bound(values, number);
    if (at != values.end() && *at == number) continue;
    values.insert(at, number);
    if (values.size() > kMostClasses) break;
  }
  return values;
}

void renumber(std::span<float> targets, std::span<const float> numbers) {
  for (float& target : targets) target = numbers[static_cast<std::size_t>(target)];
}

}  // namespace

Result<std::vector<std::string>> classes_of_numbers(const std::string& column, std::span<float> targets) {
  constexpr float kAllWhole = 1U << 24U;  // beyond it f32 skips whole numbers
  for (const float target : targets) {
    if (target != std::trunc(target)) {
      return fail_at(column, "%g is not a whole number: classes are whole numbers or texts", double{target});
    }
    if (std::fabs(target) >= kAllWhole) {
      return fail_at(column, "%.0f is too large for the number of a class", double{target});
    }
  }
  const std::vector<float> values = different(targets);
  if (auto checked = check_count(column, values.size()); !checked) return std::unexpected(checked.error());
  for (float& target : targets) {
    target = static_cast<float>(std::ranges::lower_bound(values, target) - values.begin());
  }
  std::vector<std::string> classes;
  classes.reserve(values.size());
  for (const float value : values) classes.push_back(class_name(value));
  return classes;
}

Result<std::vector<std::string>> classes_of_texts(const std::string& column, std::vector<std::string> texts,
                                                  std::span<float> targets) {
  if (auto checked = check_count(column, texts.size()); !checked) return std::unexpected(checked.error());
  std::vector<float> numbers(texts.size());
  std::vector<std::string> classes;
  for (const std::size_t i : ordered_places(texts, std::vector<double>(texts.size()))) {
    numbers[i] = static_cast<float>(classes.size());
    classes.push_back(std::move(texts[i]));
  }
  renumber(targets, numbers);
  return classes;
}

Result<void> match_classes(const std::string& column, std::span<const std::string> texts,
                           std::span<const std::string> classes, std::span<float> targets) {
  const Categories known(std::vector<std::string>(classes.begin(), classes.end()));
  const auto unknown = [&](const std::string& text) {
    return fail_at(column, "%s is not one of the model's classes", quoted(text).c_str());
  };
  if (!texts.empty()) {
    std::vector<float> numbers;
    numbers.reserve(texts.size());
    for (const std::string& text : texts) {
      const auto number = known.find(text);
      if (!number) return unknown(text);
      numbers.push_back(static_cast<float>(*number));
    }
    renumber(targets, numbers);
    return {};
  }
  const std::vector<float> values = different(targets);
  std::vector<float> numbers;
  numbers.reserve(values.size());
  for (const float value : values) {
    const std::string text = value == std::trunc(value) ? class_name(value) : format("%.9g", double{value});
    const auto number = known.find(text);
    if (!number) return unknown(text);
    numbers.push_back(static_cast<float>(*number));
  }
  for (float& target : targets) {
    target = numbers[static_cast<std::size_t>(std::ranges::lower_bound(values, target) - values.begin())];
  }
  return {};
}

}  // namespace wasm_ml
