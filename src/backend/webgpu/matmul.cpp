// A product that exceeds a window or a launch is halved until its parts do not. Each part
// takes tiles, or single elements where C is small or thin.
#include <algorithm>
#include <bit>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/arithmetic.hpp"
#include "backend/webgpu/kernels.hpp"
#include "backend/webgpu/shaders.hpp"

namespace gpu_host::webgpu {
namespace {

// As in the shader.
struct Parameters {
  std::uint32_t m;
  std::uint32_t n;
  std::uint32_t k;
  std::uint32_t lda;
  std::uint32_t ldb;
  std::uint32_t ldc;
  std::uint32_t a_first;
  std::uint32_t b_first;
  std::uint32_t c_first;
  float alpha;
  float beta;
  std::uint32_t width;
  std::uint32_t part;
  std::uint32_t part_size;
  std::uint32_t n_parts;
};
constexpr std::uint64_t kLargeTile = 128;
constexpr std::uint64_t kSmallTile = 64;
constexpr std::uint64_t kInvocations = 256;

// Fewer large tiles leave a large device idle.
constexpr std::uint64_t kEnoughLargeTiles = 64;
// C of at most so many elements, or with so few rows or columns, wastes a tile.
constexpr std::uint64_t kFewElements = 256;
constexpr std::uint64_t kThin = 2;
// With fewer workgroups k is cut into parts, of at least so many steps, which are whole slices.
constexpr std::uint64_t kEnoughWorkgroups = 256;
constexpr std::uint64_t kLeastPart = 2048;
constexpr std::uint64_t kMostSlice = 32;

struct Range {
  std::uint64_t begin;
  std::uint64_t size;
};

// The part of the product that has these rows and columns of C and this part of k.
struct Product {
  Range m;
  Range n;
  Range k;
  float beta;
};

// A part of a matrix in memory.
struct Area {
  Range rows;
  Range columns;
  std::uint64_t stride;

  [[nodiscard]] std::uint64_t first() const { return rows.begin * stride + columns.begin; }
  [[nodiscard]] std::uint64_t span() const {
    return rows.size == 0 || columns.size == 0 ? 0 : (rows.size - 1) * stride + columns.size;
  }
};

class Matmul {
 public:
  Matmul(Commands& commands, const MatmulParams& params, const WebGpuBuffer& a, const WebGpuBuffer& b,
         const WebGpuBuffer& c)
      : commands_(commands), params_(params), a_(a), b_(b), c_(c) {}

  GpuResult<void> multiply(const Product& part) {
    if (part.m.size == 0 || part.n.size == 0) return {};
    Range Product::* const too_large = dimension_to_halve(part);
    if (too_large == nullptr) return launch(part);
    Product first = part;
    Product second = part;
    const std::uint64_t size = (part.*too_large).size;
    // Whole tiles, and vectors, as long as there are some.
    const std::uint64_t half = size > kLargeTile ? divide_up(size / 2, kLargeTile) * kLargeTile : size / 2;
    (first.*too_large).size = half;
    (second.*too_large).begin += half;
    (second.*too_large).size -= half;
    if (too_large == &Product::k) second.beta = 1;
    if (auto done = multiply(first); !done) return done;
    return multiply(second);
  }

 private:
  [[nodiscard]] Area area_of_a(const Product& part) const {
    return params_.trans_a ? Area{part.k, part.m, params_.m} : Area{part.m, part.k, params_.k};
  }
  [[nodiscard]] Area area_of_b(const Product& part) const {
    return params_.trans_b ? Area{part.n, part.k, params_.k} : Area{part.k, part.n, params_.n};
  }
  [[nodiscard]] Area area_of_c(const Product& part) const { return {part.m, part.n, params_.n}; }

  // About: what a tile reads serves several multiplications. The area of C fits a window.
  [[nodiscard]] static std::uint64_t work(const Product& part) {
    return part.m.size * part.n.size * (part.k.size / 2 + 1);
  }

  // Null where the part fits one launch.
  [[nodiscard]] Range Product::* dimension_to_halve(const Product& part) const {
    const std::uint64_t window = commands_.max_window();
    // A matrix gets smaller by its rows, as they lie in memory, as long as it has several.
    const auto halve = [&part](Range Product::* rows, Range Product::* columns) {
      return (part.*rows).size > 1 ? rows : columns;
    };
    if (area_of_c(part).span() > window) return halve(&Product::m, &Product::n);
    if (area_of_a(part).span() > window)
      return params_.trans_a ? halve(&Product::k, &Product::m) : halve(&Product::m, &Product::k);
    if (area_of_b(part).span() > window)
      return params_.trans_b ? halve(&Product::n, &Product::k) : halve(&Product::k, &Product::n);
    const std::uint64_t most = kMaxWorkgroups * kSmallTile;
    if (part.m.size > most) return &Product::m;
    if (part.n.size > most) return &Product::n;
    if (work(part) <= commands_.max_work()) return nullptr;
    if (std::max(part.m.size, part.n.size) > kLargeTile) return part.m.size > part.n.size ? &Product::m : &Product::n;
    return &Product::k;
  }

  // Which entry point over how many workgroups.
  struct Shape {
    std::string_view entry_point;
    Grid grid;
    std::uint32_t width = 0;
  };

  [[nodiscard]] Shape shape_of(const Product& part) const {
    const std::uint64_t elements = part.m.size * part.n.size;
    if (elements <= kFewElements || std::min(part.m.size, part.n.size) <= kThin) {
      const std::uint32_t width = width_of_dots(part);
      return {.entry_point = "dots", .grid = line_of(divide_up(elements, width)), .width = width};
    }
    const auto tiles = [&part](std::uint64_t size) {
      return Grid{.x = low(divide_up(part.n.size, size)), .y = low(divide_up(part.m.size, size))};
    };
    const Grid large = tiles(kLargeTile);
    if (std::uint64_t{large.x} * large.y >= kEnoughLargeTiles) return {.entry_point = "tile_128", .grid = large};
    return {.entry_point = "tile_64", .grid = tiles(kSmallTile)};
  }

  GpuResult<void> launch(const Product& part) {
    const Shape shape = shape_of(part);
    const std::uint64_t workgroups = std::uint64_t{shape.grid.x} * shape.grid.y;
    const std::uint64_t wanted =
        std::max<std::uint64_t>(std::min(kEnoughWorkgroups / workgroups, part.k.size / kLeastPart), 1);
    const std::uint64_t steps =
        std::max<std::uint64_t>(divide_up(divide_up(part.k.size, wanted), kMostSlice), 1) * kMostSlice;
    const std::uint64_t n_parts = std::max<std::uint64_t>(divide_up(part.k.size, steps), 1);

    const Area area = area_of_c(part);
    const Window c = commands_.window(2, c_, area.first(), area.span());
    Parameters parameters{.m = low(part.m.size),
                          .n = low(part.n.size),
                          .k = low(part.k.size),
                          .lda = 0,
                          .ldb = 0,
                          .ldc = low(area.stride),
                          .a_first = 0,
                          .b_first = 0,
                          .c_first = c.first,
                          .alpha = params_.alpha,
                          .beta = part.beta,
                          .width = shape.width,
                          .part = low(steps),
                          .part_size = 0,
                          .n_parts = low(n_parts)};
    if (n_parts == 1) return launch(part, shape, parameters, c.binding);

    // Each part's plain product first.
    const std::uint64_t elements = part.m.size * part.n.size;
    auto scratch = commands_.scratch(n_parts * elements * 4);
    if (!scratch) return std::unexpected(std::move(scratch.error()));
    Parameters plain = parameters;
    plain.ldc = plain.n;
    plain.c_first = 0;
    plain.alpha = 1;
    plain.beta = 0;
    plain.part_size = low(elements);
    auto launched = launch(part, shape, plain, commands_.window(2, **scratch, 0, n_parts * elements).binding);
    if (!launched) return launched;
    parameters.part_size = low(elements);
    const Binding parts = commands_.window(5, **scratch, 0, n_parts * elements).binding;
    return commands_.launch({.shader = &shaders::matmul, .entry_point = "add_parts"}, {parts, c.binding},
                            bytes_of(parameters), line_of(divide_up(elements, kInvocations)), n_parts * elements);
  }

  GpuResult<void> launch(const Product& part, const Shape& shape, Parameters parameters, const Binding& c) {
    const Area area_a = area_of_a(part);
    const Area area_b = area_of_b(part);
    const Window a = commands_.window(0, a_, area_a.first(), area_a.span());
    const Window b = commands_.window(1, b_, area_b.first(), area_b.span());
    parameters.lda = low(area_a.stride);
    parameters.ldb = low(area_b.stride);
    parameters.a_first = a.first;
    parameters.b_first = b.first;
    const auto in_vectors = [](const Window& window, const Area& area) {
      return window.first % 4 == 0 && area.stride % 4 == 0 && area.columns.size % 4 == 0;
    };
    const auto constant = [](std::string_view name, bool value) {
      return Constant{.name = name, .value = value ? 1.0 : 0.0};
    };
    const Kernel kernel{.shader = &shaders::matmul,
                        .entry_point = shape.entry_point,
                        .constants = {{constant("kTransA", params_.trans_a), constant("kTransB", params_.trans_b),
                                       constant("kVectors", in_vectors(a, area_a) && in_vectors(b, area_b))}}};
    Grid grid = shape.grid;
    grid.z = parameters.n_parts;
    std::vector<Binding> bindings{a.binding, b.binding, c};
    if (shape.width == 0) {  // tiles
      bindings.insert(bindings.end(), {a.binding, b.binding});
      bindings[3].slot = 3;
      bindings[4].slot = 4;
    }
    return commands_.launch(kernel, bindings, bytes_of(parameters), grid, work(part));
  }

  // Elements of C per workgroup: the other invocations share the way along k, as far as
  // that is long, and so that neighbours in memory are read together.
  [[nodiscard]] std::uint32_t width_of_dots(const Product& part) const {
    const std::uint64_t elements = part.m.size * part.n.size;
    const bool along_k = part.m.size <= part.n.size ? params_.trans_b : !params_.trans_a;
    const std::uint64_t lanes_that_fill =
        along_k ? kInvocations
                : kInvocations / std::clamp<std::uint64_t>(std::bit_floor(elements / 256), 8, kInvocations);
    const std::uint64_t lanes_of_use = std::bit_ceil(std::max<std::uint64_t>(part.k.size / 8, 1));
    return low(kInvocations / std::min(lanes_that_fill, lanes_of_use));
  }

  Commands& commands_;
  const MatmulParams& params_;
  const WebGpuBuffer& a_;
  const WebGpuBuffer& b_;
  const WebGpuBuffer& c_;
};

}  // namespace

GpuResult<void> matmul(Commands& commands, const MatmulParams& params, const WebGpuBuffer& a, const WebGpuBuffer& b,
                       const WebGpuBuffer& c) {
  return Matmul(commands, params, a, b, c)
      .multiply({.m = {0, params.m}, .n = {0, params.n}, .k = {0, params.k}, .beta = params.beta});
}

}  // namespace gpu_host::webgpu
