#include "backend/kernel_errors.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace gpu_host::kernel_errors {
namespace {

GpuError bad_value(const std::string& name, std::int64_t value, const std::string& what, std::uint64_t bound) {
  return {GpuErrorCode::kernel_error,
          name + " = " + std::to_string(value) + " is not " + what + ": there are " + std::to_string(bound)};
}

std::string element(std::string_view array, std::uint64_t position) {
  return std::string(array) + "[" + std::to_string(position) + "]";
}

std::string node(std::uint64_t position) { return element("tree-nodes", position); }

GpuError bad_child(const std::string& name, std::uint32_t child, std::uint64_t root, std::uint64_t n_nodes) {
  return bad_value(name, child, "a node of the tree that starts at " + std::to_string(root), n_nodes);
}

}  // namespace

GpuError bad_row(std::uint64_t position, std::uint32_t index, std::uint64_t n_rows) {
  return bad_value(element("indices", position), index, "a row", n_rows);
}

GpuError bad_offset(std::uint64_t tree, std::uint32_t offset, std::uint64_t n_nodes) {
  return bad_value(element("tree-offsets", tree), offset, "a node", n_nodes);
}

GpuError bad_feature(std::uint64_t position, std::int32_t feature, std::uint32_t n_features) {
  return bad_value(node(position) + ".feature", feature, "a feature", n_features);
}

GpuError bad_left(std::uint64_t position, std::uint32_t child, std::uint64_t root, std::uint64_t n_nodes) {
  return bad_child(node(position) + ".left", child, root, n_nodes);
}

GpuError bad_right(std::uint64_t position, std::uint32_t child, std::uint64_t root, std::uint64_t n_nodes) {
  return bad_child(node(position) + ".right", child, root, n_nodes);
}

GpuError no_leaf(std::uint64_t position, std::uint32_t max_depth, std::uint64_t root) {
  return {GpuErrorCode::kernel_error, "the tree that starts at " + node(root) + " reaches no leaf within max-depth = " +
                                          std::to_string(max_depth) + " edges: a row stands at " + node(position)};
}

}  // namespace gpu_host::kernel_errors
