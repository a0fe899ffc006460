#include "model_file.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "byte_reader.hpp"
#include "crc32.hpp"
#include "files.hpp"
#include "model_file_v1.hpp"
#include "model_info_bytes.hpp"
#include "model_layout.hpp"
#include "packed_trees.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

using layout::Prefix;

// The prefix, the length of what is said of the model, that, zeros, the packed model.
struct Head {
  Prefix prefix;
  std::uint64_t info_size;
};
static_assert(sizeof(Head) == 32);

constexpr std::uint64_t kMostInfo = std::uint64_t{1} << 30U;

constexpr std::uint64_t aligned(std::uint64_t size) {
  return (size + layout::kAlignment - 1) / layout::kAlignment * layout::kAlignment;
}

unsigned long long printable(std::uint64_t value) { return value; }

Result<void> check_prefix(const Prefix& prefix, std::string_view bytes, std::uint64_t file_size) {
  if (bytes.empty()) return fail("the file is empty");
  if (!bytes.starts_with(layout::kMagic.substr(0, bytes.size()))) {
    return fail("not a model of wasm_ml: it does not begin with the format's signature");
  }
  if (bytes.size() < sizeof(Prefix)) {
    return fail(format("truncated: %zu bytes, the smallest model has more", bytes.size()));
  }
  if (prefix.version < 1 || prefix.version > kModelVersion) {
    return fail(format("format version %llu; this program reads versions 1 to %llu", printable(prefix.version),
                       printable(kModelVersion)));
  }
  if (prefix.file_size > file_size) {
    return fail(format("truncated: %llu of %llu bytes", printable(file_size), printable(prefix.file_size)));
  }
  if (prefix.file_size < file_size) {
    return fail(format("%llu bytes, but its header says %llu", printable(file_size), printable(prefix.file_size)));
  }
  return {};
}

}  // namespace

std::string encode_head(const ModelInfo& info, std::uint64_t packed_size) {
  const std::string encoded = encode_info(info);
  const std::uint64_t packed_at = aligned(sizeof(Head) + encoded.size());
  Head head{.prefix = {.magic = {}, .version = kModelVersion, .checksum = 0, .file_size = packed_at + packed_size},
            .info_size = encoded.size()};
  layout::kMagic.copy(head.prefix.magic, sizeof(head.prefix.magic));
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof(head));
  bytes += encoded;
  bytes.resize(static_cast<std::size_t>(packed_at), '\0');
  head.prefix.checksum = crc32(std::string_view(bytes).substr(layout::kChecked));
  std::memcpy(bytes.data(), &head.prefix, sizeof(head.prefix));
  return bytes;
}

std::string encode_model(const Model& model) { return encode_head(model.info, model.packed.size()) + model.packed; }

Result<void> save_model(const std::string& path, const Model& model) {
  if (auto checked = check_info(model.info); !checked) {
    return fail("model " + quoted(path) + ": " + checked.error().message);
  }
  return write_file(path, encode_model(model));
}

Result<ModelFile> ModelFile::open(const std::string& path) {
  auto source = ByteSource::open(path);
  if (!source) return std::unexpected(std::move(source.error()));
  return open(*std::move(source));
}

Result<ModelFile> ModelFile::open(ByteSource source) {
  ModelFile file(std::move(source));
  if (auto read = file.read_head(); !read) {
    return fail("model " + quoted(file.name()) + ": " + read.error().message);
  }
  return file;
}

Result<void> ModelFile::read_head() {
  auto bytes = source_.read_text(sizeof(Prefix));
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  Prefix prefix{};
  std::memcpy(&prefix, bytes->data(), std::min(bytes->size(), sizeof(prefix)));
  if (auto checked = check_prefix(prefix, *bytes, source_.size()); !checked) return checked;
  version_ = prefix.version;
  if (version_ == 1) return read_version_1(*std::move(bytes));

  Head head{.prefix = prefix, .info_size = 0};
  auto rest = source_.read_text(sizeof(head.info_size));
  if (!rest) return std::unexpected(std::move(rest.error()));
  if (rest->size() == sizeof(head.info_size)) std::memcpy(&head.info_size, rest->data(), rest->size());
  const std::uint64_t packed_at = aligned(sizeof(Head) + std::min(head.info_size, kMostInfo));
  if (head.info_size == 0 || head.info_size > kMostInfo || packed_at > prefix.file_size) {
    return fail(format("%llu bytes that tell of the model do not fit into the file", printable(head.info_size)));
  }
  auto info = source_.read_text(packed_at - sizeof(Head));
  if (!info) return std::unexpected(std::move(info.error()));
  std::string checked(reinterpret_cast<const char*>(&head), sizeof(head));
  checked += *info;
  const std::uint32_t checksum = crc32(std::string_view(checked).substr(layout::kChecked));
  if (checksum != prefix.checksum) {
    return fail(format("corrupted: the checksum is %08llx, the header says %08llx", printable(checksum),
                       printable(prefix.checksum)));
  }
  const auto padding = std::string_view(*info).substr(static_cast<std::size_t>(head.info_size));
  if (padding.find_first_not_of('\0') != std::string_view::npos) return fail("padding in it is not zeros");
  auto decoded = decode_info(std::string_view(*info).substr(0, static_cast<std::size_t>(head.info_size)));
  if (!decoded) return std::unexpected(std::move(decoded.error()));
  info_ = *std::move(decoded);
  packed_size_ = prefix.file_size - packed_at;
  return {};
}

Result<void> ModelFile::read_version_1(std::string head) {
  auto rest = source_.read_text(source_.size() - head.size());
  if (!rest) return std::unexpected(std::move(rest.error()));
  auto forest = decode_model_v1(head + *rest);
  if (!forest) return std::unexpected(std::move(forest.error()));
  converted_ = pack_trees(*forest);
  packed_size_ = converted_.size();
  info_ = {.target_name = std::move(forest->target_name),
           .features = numeric_features(forest->feature_names),
           .params = forest->params,
           .n_train_rows = forest->n_train_rows};
  return {};
}

template <class Take>
Result<void> ModelFile::for_packed(const Take& take) {
  if (version_ == 1) return take(std::string_view(converted_));
  // Small enough for a processor's cache between the file and the device.
  constexpr std::size_t kBlock = std::size_t{1} << 18U;
  std::vector<char> block(static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, packed_size_)));
  for (std::uint64_t left = packed_size_; left > 0;) {
    const auto count =
        source_.read(std::span(block).first(static_cast<std::size_t>(std::min<std::uint64_t>(left, block.size()))));
    if (!count) return std::unexpected(count.error());
    if (*count == 0) return fail("model " + quoted(name()) + ": it became shorter while it was read");
    if (auto taken = take(std::string_view(block.data(), *count)); !taken) return taken;
    left -= *count;
  }
  return {};
}

Result<std::string> ModelFile::read_packed() {
  std::string packed;
  packed.reserve(static_cast<std::size_t>(packed_size_));
  auto read = for_packed([&](std::string_view bytes) -> Result<void> {
    packed += bytes;
    return {};
  });
  if (!read) return std::unexpected(std::move(read.error()));
  return packed;
}

Result<wasi_gpu::Buffer> ModelFile::upload_packed() {
  auto buffer = wasi_gpu::Buffer::create(packed_size_);
  if (!buffer) return fail_device("making room for the model on the device", buffer.error());
  std::uint64_t at = 0;
  auto read = for_packed([&](std::string_view bytes) -> Result<void> {
    if (auto written = buffer->write(std::span(bytes), at); !written) {
      return fail_device("putting the model on the device", written.error());
    }
    at += bytes.size();
    return {};
  });
  if (!read) return std::unexpected(std::move(read.error()));
  return *std::move(buffer);
}

}  // namespace wasm_ml
