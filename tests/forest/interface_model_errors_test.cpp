// What a model predicts for, and where it writes to: bad, and just good enough.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "forest/interface.hpp"
#include "forest/refusals.hpp"
#include "wasi_gpu/compute.hpp"

namespace gpu_host::forest_test {
namespace {

using wasi_gpu::PartFlags;

constexpr PartFlags kWeights{1};
constexpr PartFlags kLeafTargets{2};

class Models : public testing::Test {
 protected:
  ResourceHandle grow_model(const Case& one, bool leaf_targets = false) {
    GrowthParams params = growth_params(one, one.parameters.n_draws.has_value());
    params.leaf_targets = leaf_targets;
    return forest_test::grow_model(tenant_, one, params);
  }

  // Its bytes, read-only.
  BufferId packed(ResourceHandle model, PartFlags parts) {
    const std::uint64_t size = must(wasi_gpu::model_packed_size(session(), model, parts));
    return tenant_.share(
        written<std::byte>(tenant_, size,
                           [&](BufferId to) { return wasi_gpu::model_pack(session(), model, parts, to, 0); }),
        true);
  }

  Session& session() { return tenant_.session(); }

  Tenant tenant_;
};

TEST_F(Models, PredictForTablesInsideTheirBuffers) {
  Case one = small_case();
  one.parameters.n_trees = 2;
  const ResourceHandle model = grow_model(one, true);
  const BufferId rows = tenant_.share(std::vector<std::byte>(240));
  const BufferId output = tenant_.share(std::vector<std::byte>(160));
  struct BadTable {
    std::string text;
    std::function<void(Table&)> change;
    GpuErrorCode code = GpuErrorCode::invalid_params;
  };
  const auto block = [&](std::uint64_t offset, std::int64_t row, std::int64_t column, std::uint32_t n) {
    return [=](Table& table) { table.features = {{rows, ElementType::float32, offset, row, column, n}}; };
  };
  const std::vector<BadTable> bad{
      {"n-rows: 2147483648 is not from 0 to 2147483647", [](auto& table) { table.n_rows = 0x8000'0000; }},
      {"n-rows: 4294967295 is not", [](auto& table) { table.n_rows = kMost32; }},
      {"features: 2, the model has 3", [](auto& table) { table.features[0].n_columns = 2; }},
      {"features: 4, the model has 3", [](auto& table) { table.features[0].n_columns = 4; }},
      {"features: 0, the model has 3", [](auto& table) { table.features.clear(); }},
      {"features: 4294967295, the model has 3", [](auto& table) { table.features[0].n_columns = kMost32; }},
      {"features: 4294967299, the model has 3",
       [](auto& table) {
         table.features.assign(2, table.features[0]);
         table.features[0].n_columns = kMost32;
         table.features[1].n_columns = 4;
       }},
      {"features[1]: n-columns must not be 0",
       [](auto& table) {
         table.features.assign(2, table.features[0]);
         table.features[1].n_columns = 0;
       }},
      {"features[0]", [](auto& table) { table.features[0].buffer = 99; }, GpuErrorCode::invalid_buffer},
      {"features[1]",
       [](auto& table) {
         table.features.assign(2, table.features[0]);
         table.features[0].n_columns = 2;
         table.features[1].n_columns = 1;
         table.features[1].buffer = 0;
       },
       GpuErrorCode::invalid_buffer},
      {"features[0]: 21 rows of 3 columns", [](auto& table) { table.n_rows = 21; }},
      {"features[0]: 2147483647 rows of 3", [](auto& table) { table.n_rows = 0x7fff'ffff; }},
      {"features[0]: 20 rows of 3", block(1, 12, 4, 3)},
      {"features[0]: 20 rows of 3", block(0, 13, 4, 3)},
      {"features[0]: 20 rows of 3", block(0, 12, -4, 3)},
      {"features[0]: 20 rows of 3", block(kMost64, 12, 4, 3)},
      {"features[0]: 20 rows of 3", block(0, kLeast, kLeast, 3)},
      {"features[0]: 20 rows of 3", block(0, kMost, kMost, 3)},
  };
  for (const auto& [text, change, code] : bad) {
    Table table = table_of(rows, 20, 3);
    change(table);
    for (const auto what : {ForestPrediction::outputs, ForestPrediction::trees, ForestPrediction::leaves}) {
      EXPECT_TRUE(is_refused(wasi_gpu::model_predict(session(), model, table, what, output, 0), text, code)) << text;
    }
    EXPECT_TRUE(is_refused(wasi_gpu::model_quantiles(session(), model, table, {0.5}, output, 0), text, code)) << text;
  }
  // To the last byte, from the last one, and one row for all.
  for (const auto& change : {block(0, 12, 4, 3), block(228, -12, 4, 3), block(236, -12, -4, 3), block(0, 0, 118, 3)}) {
    Table table = table_of(rows, 20, 3);
    change(table);
    EXPECT_TRUE(wasi_gpu::model_predict(session(), model, table, ForestPrediction::outputs, output, 0));
    EXPECT_TRUE(wasi_gpu::model_quantiles(session(), model, table, {0, 1}, output, 0));
  }
}

// Of these nothing is read, wherever they would be.
TEST_F(Models, PredictForNoRows) {
  const ResourceHandle model = grow_model(small_case(), true);
  const BufferId rows = tenant_.share(std::vector<std::byte>(4));
  const BufferId output = tenant_.share(std::vector<std::byte>(4, std::byte{7}));
  Table none = table_of(rows, 0, 3);
  none.features[0].row_stride = none.features[0].column_stride = kLeast;
  const auto predict = [&](std::uint64_t offset) {
    return wasi_gpu::model_predict(session(), model, none, ForestPrediction::trees, output, offset);
  };
  const auto quantiles = [&](std::uint64_t offset) {
    return wasi_gpu::model_quantiles(session(), model, none, {0.5}, output, offset);
  };
  EXPECT_TRUE(predict(4));
  EXPECT_TRUE(quantiles(4));
  EXPECT_TRUE(is_refused(predict(5), "output: 0 bytes at offset 5"));
  EXPECT_TRUE(is_refused(quantiles(5), "output: 0 bytes at offset 5"));
  none.features[0].offset = 4;
  EXPECT_TRUE(predict(0));
  none.features[0].offset = 5;
  EXPECT_TRUE(is_refused(predict(0), "features[0]: 0 rows of 3 columns"));
  std::array<std::byte, 4> bytes{};
  must(wasi_gpu::buffer_read(session(), output, 0, 4, [&]() -> GpuResult<std::span<std::byte>> { return bytes; }));
  EXPECT_EQ(bytes[0], std::byte{7});
}

TEST_F(Models, PredictIntoBuffersThatMayBeWritten) {
  Case one = small_case();
  one.parameters.n_trees = 3;
  one.parameters.n_classes = 10;
  const ResourceHandle classes = grow_model(one);
  one.parameters.n_classes = 0;
  const ResourceHandle regression = grow_model(one, true);
  const BufferId rows = tenant_.share(std::vector<std::byte>(240));
  const Table table = table_of(rows, 20, 3);
  const BufferId constant = tenant_.share(std::vector<std::byte>(1 << 16), true);
  const auto size_of_buffer = [&](std::uint64_t size) { return tenant_.share(std::vector<std::byte>(size)); };
  const struct {
    ResourceHandle model;
    ForestPrediction what;
    std::uint64_t size;
  } cases[] = {
      {regression, ForestPrediction::outputs, 80}, {classes, ForestPrediction::outputs, 800},
      {regression, ForestPrediction::trees, 240},  {classes, ForestPrediction::trees, 2400},
      {regression, ForestPrediction::leaves, 240}, {classes, ForestPrediction::leaves, 240},
  };
  for (const auto& [model, what, size] : cases) {
    const auto predict = [&](BufferId to, std::uint64_t offset) {
      return wasi_gpu::model_predict(session(), model, table, what, to, offset);
    };
    const BufferId exact = size_of_buffer(size + 3);
    EXPECT_TRUE(predict(exact, 0));
    EXPECT_TRUE(predict(exact, 3));  // no alignment is asked for
    const std::string text = "output: " + std::to_string(size) + " bytes at offset ";
    EXPECT_TRUE(is_refused(predict(exact, 4), text));
    EXPECT_TRUE(is_refused(predict(exact, kMost64), text));
    EXPECT_TRUE(is_refused(predict(size_of_buffer(size - 1), 0), text));
    EXPECT_TRUE(is_refused(predict(constant, 0), "output: the buffer is read-only"));
    EXPECT_TRUE(is_refused(predict(99, 0), "output", GpuErrorCode::invalid_buffer));
  }
  const BufferId both = size_of_buffer(4096);
  Table apart = table_of(rows, 20, 3);
  apart.features = {{rows, ElementType::float32, 0, 4, 4, 2}, {both, ElementType::uint8, 0, 1, 1, 1}};
  const std::string is_input = "output: buffer " + std::to_string(both) + " is an input of the same call";
  EXPECT_TRUE(
      is_refused(wasi_gpu::model_predict(session(), classes, apart, ForestPrediction::outputs, both, 2048), is_input));
  EXPECT_TRUE(is_refused(wasi_gpu::model_quantiles(session(), regression, apart, {0.5}, both, 2048), is_input));
  // More bytes than 32 bits count.
  Table many = table_of(rows, 0x7fff'ffff, 3);
  many.features[0].row_stride = 0;
  EXPECT_TRUE(is_refused(wasi_gpu::model_predict(session(), classes, many, ForestPrediction::trees, both, 0),
                         "output: 257698037640 bytes"));
}

TEST_F(Models, TellQuantilesFromNoneToAll) {
  Case one = small_case();
  one.parameters.max_depth = 0;
  for (int row = 0; row < 20; ++row) one.data.targets[static_cast<std::size_t>(row)] = row;
  const ResourceHandle with = grow_model(one, true);
  const ResourceHandle without = grow_model(one);
  EXPECT_TRUE(must(wasi_gpu::model_shape(session(), with)).has_leaf_targets);
  EXPECT_FALSE(must(wasi_gpu::model_shape(session(), without)).has_leaf_targets);
  const Table table = table_of(tenant_.share(std::vector<std::byte>(24)), 2, 3);
  const BufferId output = tenant_.share(std::vector<std::byte>(40));
  const auto quantiles = [&](const std::vector<double>& of, std::uint64_t offset = 0) {
    return wasi_gpu::model_quantiles(session(), with, table, of, output, offset);
  };
  const auto extremes = written<float>(
      tenant_, 4, [&](BufferId to) { return wasi_gpu::model_quantiles(session(), with, table, {0, 1}, to, 0); });
  ASSERT_EQ(extremes.size(), 4U);
  for (const std::size_t i : {0U, 2U}) {
    EXPECT_NEAR(extremes[i], 0, 1e-6);
    EXPECT_NEAR(extremes[i + 1], 19, 1e-6);
  }
  EXPECT_TRUE(quantiles({}, 40));
  EXPECT_TRUE(quantiles({-0.0, 0.5, 1, 0.5, 5e-324}));
  EXPECT_TRUE(is_refused(quantiles({0, 0, 0, 0, 0, 0}), "output: 48 bytes at offset 0"));
  EXPECT_TRUE(is_refused(quantiles({0.5, 1.0000000000000002}), "quantiles[1]: 1.0000000000000002 is not from 0 to 1"));
  EXPECT_TRUE(is_refused(quantiles({-5e-324}), "quantiles[0]: -5e-324 is not"));
  EXPECT_TRUE(is_refused(quantiles({0, 1, std::nan("")}), "quantiles[2]: nan is not"));
  EXPECT_TRUE(is_refused(quantiles({HUGE_VAL}), "quantiles[0]: inf is not"));
  EXPECT_TRUE(is_refused(wasi_gpu::model_quantiles(session(), without, table, {0.5}, output, 0),
                         "self: the model has no leaf-targets"));
}

TEST_F(Models, ArePackedWithPartsThatTheyHave) {
  Case one = small_case();
  one.parameters.n_classes = 10;
  const ResourceHandle model = grow_model(one);
  const auto pack = [&](std::uint32_t parts, BufferId to, std::uint64_t offset = 0) {
    return wasi_gpu::model_pack(session(), model, PartFlags{parts}, to, offset);
  };
  const std::uint64_t size = must(wasi_gpu::model_packed_size(session(), model, kWeights));
  const BufferId exact = tenant_.share(std::vector<std::byte>(size + 1));
  for (const std::uint32_t unknown : {4U, 8U, 0x80U, 0x100U, 0x8000'0000U}) {
    const std::string text = fmt::format("parts: unknown bits {:#x}", unknown);
    EXPECT_TRUE(is_refused(wasi_gpu::model_packed_size(session(), model, PartFlags{unknown | 1}), text));
    EXPECT_TRUE(is_refused(pack(unknown | 1, exact), text));
  }
  EXPECT_TRUE(
      is_refused(wasi_gpu::model_packed_size(session(), model, kLeafTargets), "parts: the model has no leaf-t"));
  EXPECT_TRUE(is_refused(pack(3, exact), "parts: the model has no leaf-targets"));
  EXPECT_TRUE(pack(1, exact, 1));
  const std::string text = fmt::format("output: {} bytes at offset ", size);
  EXPECT_TRUE(is_refused(pack(1, exact, 2), text + "2"));
  EXPECT_TRUE(is_refused(pack(1, exact, kMost64), "output: "));
  EXPECT_TRUE(is_refused(pack(1, tenant_.share(std::vector<std::byte>(size - 1))), text + "0"));
  EXPECT_TRUE(
      is_refused(pack(1, tenant_.share(std::vector<std::byte>(size), true)), "output: the buffer is read-only"));
  EXPECT_TRUE(is_refused(pack(1, 99), "output", GpuErrorCode::invalid_buffer));

  const BufferId small = packed(model, {});
  const std::uint64_t small_size = must(wasi_gpu::model_packed_size(session(), model, {}));
  const ResourceHandle unpacked = must(wasi_gpu::model_unpack(session(), small, 0, small_size));
  EXPECT_FALSE(must(wasi_gpu::model_shape(session(), unpacked)).has_weights);
  EXPECT_TRUE(
      is_refused(wasi_gpu::model_packed_size(session(), unpacked, kWeights), "parts: the model has no weights"));
  EXPECT_TRUE(is_refused(wasi_gpu::model_write_leaf_values(session(), unpacked, 0, 0, exact, 0),
                         "self: the model has no weights"));
}

TEST_F(Models, AreUnpackedFromBytesInsideBuffers) {
  const ResourceHandle model = grow_model(small_case());
  const std::uint64_t size = must(wasi_gpu::model_packed_size(session(), model, kWeights));
  const BufferId bytes = packed(model, kWeights);
  const std::uint64_t used = tenant_.used();
  const auto unpack = [&](BufferId from, std::uint64_t offset, std::uint64_t n) {
    return wasi_gpu::model_unpack(session(), from, offset, n);
  };
  EXPECT_TRUE(is_refused(unpack(99, 0, size), "from", GpuErrorCode::invalid_buffer));
  EXPECT_TRUE(is_refused(unpack(bytes, 1, size), fmt::format("from: {} bytes at offset 1 exceed", size)));
  EXPECT_TRUE(is_refused(unpack(bytes, 0, size + 1), "from: "));
  EXPECT_TRUE(is_refused(unpack(bytes, kMost64, 2), "from: 2 bytes at offset 18446744073709551615"));
  EXPECT_TRUE(is_refused(unpack(bytes, 1, kMost64), "from: 18446744073709551615 bytes"));
  // What is not all of a packed model.
  for (const std::uint64_t n : {std::uint64_t{0}, std::uint64_t{1}, size / 2, size - 1}) {
    EXPECT_TRUE(is_refused(unpack(bytes, 0, n), "")) << n;
  }
  const BufferId zeros = tenant_.share(std::vector<std::byte>(1000));
  EXPECT_TRUE(is_refused(unpack(zeros, 0, 1000), ""));
  EXPECT_EQ(tenant_.used(), used);
  const ResourceHandle same = must(unpack(bytes, 0, size));
  EXPECT_GT(tenant_.used(), used);
  EXPECT_EQ(trees_of(tenant_, same), trees_of(tenant_, model));
  EXPECT_TRUE(wasi_gpu::model_drop(session(), same));
  EXPECT_EQ(tenant_.used(), used);
}

TEST_F(Models, AreWrittenInsideBuffersThatMayBeWritten) {
  Case one = small_case();
  one.parameters.n_classes = 10;
  one.parameters.n_draws = 20;
  const ResourceHandle model = grow_model(one);
  const ForestShape shape = must(wasi_gpu::model_shape(session(), model));
  const std::uint64_t n_nodes = shape.n_nodes;
  const std::uint64_t n_leaves = shape.n_leaves;
  const BufferId small = tenant_.share(std::vector<std::byte>(64));
  const BufferId constant = tenant_.share(std::vector<std::byte>(1 << 16), true);
  const auto nodes = [&](std::uint64_t first, std::uint64_t n, BufferId to, std::uint64_t offset) {
    return wasi_gpu::model_write_nodes(session(), model, first, n, to, offset);
  };
  const auto leaves = [&](std::uint64_t first, std::uint64_t n, BufferId to, std::uint64_t offset) {
    return wasi_gpu::model_write_leaf_values(session(), model, first, n, to, offset);
  };
  const std::string not_there = "are not in the model's";
  EXPECT_TRUE(is_refused(nodes(0, n_nodes + 1, small, 0), not_there));
  EXPECT_TRUE(is_refused(nodes(n_nodes + 1, 0, small, 0), not_there));
  EXPECT_TRUE(is_refused(nodes(kMost64, 1, small, 0), not_there));
  EXPECT_TRUE(is_refused(nodes(1, kMost64, small, 0), not_there));
  EXPECT_TRUE(is_refused(nodes(0, 0xcccc'cccc'cccc'cccd, small, 0), not_there));
  EXPECT_TRUE(is_refused(leaves(0, n_leaves + 1, small, 0), not_there));
  EXPECT_TRUE(is_refused(leaves(n_leaves, 1, small, 0), not_there));
  EXPECT_TRUE(is_refused(nodes(0, 3, small, 5), "output: 60 bytes at offset 5"));
  EXPECT_TRUE(is_refused(nodes(0, 1, small, kMost64), "output: 20 bytes"));
  EXPECT_TRUE(is_refused(leaves(0, 1, small, 25), "output: 40 bytes at offset 25"));
  EXPECT_TRUE(is_refused(wasi_gpu::model_write_out_of_bag(session(), model, small, 0), "output: 1600 bytes"));
  EXPECT_TRUE(is_refused(nodes(0, 1, constant, 0), "read-only"));
  EXPECT_TRUE(is_refused(leaves(0, 1, constant, 0), "read-only"));
  EXPECT_TRUE(is_refused(wasi_gpu::model_write_out_of_bag(session(), model, constant, 0), "read-only"));
  EXPECT_TRUE(is_refused(nodes(0, 0, 99, 0), "output", GpuErrorCode::invalid_buffer));
  EXPECT_TRUE(nodes(n_nodes, 0, small, 64));
  EXPECT_TRUE(leaves(n_leaves, 0, small, 64));
  EXPECT_TRUE(nodes(n_nodes - 3, 3, small, 4));
  EXPECT_TRUE(leaves(n_leaves - 1, 1, small, 24));
  EXPECT_TRUE(nodes(0, 3, small, 1));  // no alignment is asked for
  const ResourceHandle plain = grow_model(small_case());
  EXPECT_TRUE(
      is_refused(wasi_gpu::model_write_leaf_values(session(), plain, 0, 0, small, 0), "its leaves hold numbers"));
  EXPECT_TRUE(is_refused(wasi_gpu::model_write_out_of_bag(session(), plain, small, 0), "without out-of-bag"));
}

}  // namespace
}  // namespace gpu_host::forest_test
