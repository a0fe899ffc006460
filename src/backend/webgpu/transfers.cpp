#include "backend/webgpu/transfers.hpp"

#include <algorithm>
#include <cstring>

#include "backend/webgpu/shaders.hpp"

namespace gpu_host::webgpu {
namespace {

constexpr std::uint64_t kWord = 4;
// What a copy within one buffer takes of scratch memory.
constexpr std::uint64_t kMoveBytes = std::uint64_t{32} << 20U;
constexpr std::uint32_t kWorkgroupSize = 256;

constexpr std::uint64_t round_down(std::uint64_t value) { return value / kWord * kWord; }
constexpr std::uint64_t round_up(std::uint64_t value) { return round_down(value + kWord - 1); }

// Of bytes [begin, end) of a word, the lowest first.
constexpr std::uint32_t byte_mask(std::uint64_t begin, std::uint64_t end) {
  const auto below = [](std::uint64_t bytes) { return bytes >= kWord ? 0xffffffffU : (1U << 8 * bytes) - 1; };
  return below(end) & ~below(begin);
}

// Bytes that lie within one word of the buffer.
GpuResult<void> write_in_word(Commands& commands, const WebGpuBuffer& buffer, std::uint64_t offset,
                              std::span<const std::byte> data) {
  static constexpr Kernel kKernel{&shaders::merge_words, "merge_word"};
  const std::uint64_t begin = offset % kWord;
  std::uint32_t word = 0;
  std::memcpy(reinterpret_cast<std::byte*>(&word) + begin, data.data(), data.size());
  const Window window = commands.window(0, buffer.memory(), offset / kWord, 1);
  const struct {
    std::uint32_t position;
    std::uint32_t mask;
    std::uint32_t bytes;
  } params{window.first, byte_mask(begin, begin + data.size()), word};
  return commands.launch(kKernel, {window.binding}, bytes_of(params), {}, 1);
}

struct Place {
  const DeviceMemory& memory;
  std::uint64_t offset;
};

// Between different buffers.
GpuResult<void> copy_range(Commands& commands, const Place& source, const Place& target, std::uint64_t size) {
  if ((source.offset | target.offset | size) % kWord == 0) {
    return commands.copy(source.memory.buffer.get(), source.offset, target.memory.buffer.get(), target.offset, size);
  }
  static constexpr Kernel kKernel{&shaders::copy_bytes, "copy_bytes"};
  const std::uint64_t first = target.offset / kWord;
  const std::uint64_t end = round_up(target.offset + size) / kWord;
  // Where the first byte of the first word comes from; up to 3 bytes before the source's
  // beginning, so counted from a word before it.
  const std::uint64_t from = source.offset + kWord - target.offset % kWord;
  const std::uint64_t words_at_once = std::min(commands.max_window() - 2, commands.max_work());
  for (std::uint64_t at = first; at < end; at += words_at_once) {
    const std::uint64_t words = std::min(words_at_once, end - at);
    const std::uint64_t position = from / kWord + (at - first);  // and 1 more than the word's number
    const std::uint64_t from_word = std::max<std::uint64_t>(position, 1) - 1;
    const Window read = commands.window(0, source.memory, from_word, words + 1);
    const Window written = commands.window(1, target.memory, at, words);
    const struct {
      std::uint32_t words;
      std::uint32_t source_position;
      std::uint32_t shift;
      std::uint32_t target_position;
      std::uint32_t first_mask;
      std::uint32_t last_mask;
    } params{static_cast<std::uint32_t>(words),
             static_cast<std::uint32_t>(read.first + position - from_word),
             static_cast<std::uint32_t>(from % kWord * 8),
             written.first,
             at == first ? byte_mask(target.offset % kWord, kWord) : byte_mask(0, kWord),
             byte_mask(0, std::min(kWord, target.offset + size - (at + words - 1) * kWord))};
    auto launched = commands.launch(kKernel, {read.binding, written.binding}, bytes_of(params),
                                    line_of((words + kWorkgroupSize - 1) / kWorkgroupSize), words);
    if (!launched) return launched;
  }
  return {};
}

}  // namespace

GpuResult<void> write(Commands& commands, const WebGpuBuffer& buffer, std::uint64_t offset,
                      std::span<const std::byte> data) {
  const auto head = static_cast<std::size_t>(std::min<std::uint64_t>(round_up(offset) - offset, data.size()));
  if (head > 0) {
    if (auto written = write_in_word(commands, buffer, offset, data.first(head)); !written) return written;
  }
  const std::size_t body = round_down(data.size() - head);
  if (auto written = commands.upload(buffer.handle(), offset + head, data.subspan(head, body)); !written)
    return written;
  const auto tail = data.subspan(head + body);
  return tail.empty() ? GpuResult<void>() : write_in_word(commands, buffer, offset + head + body, tail);
}

GpuResult<void> copy(Commands& commands, const WebGpuBuffer& source, std::uint64_t source_offset,
                     const WebGpuBuffer& target, std::uint64_t target_offset, std::uint64_t size) {
  if (&source != &target) {
    return copy_range(commands, {source.memory(), source_offset}, {target.memory(), target_offset}, size);
  }
  if (source_offset == target_offset || size == 0) return {};
  // Piece by piece, so that none is overwritten before it is read.
  const bool backwards = target_offset > source_offset;
  for (std::uint64_t done = 0; done < size;) {
    const std::uint64_t piece = std::min(kMoveBytes, size - done);
    const std::uint64_t at = backwards ? size - done - piece : done;
    const std::uint64_t from = source_offset + at;
    const std::uint64_t in_scratch = from % kWord;
    auto scratch = commands.scratch(piece + 2 * kWord);
    if (!scratch) return std::unexpected(std::move(scratch.error()));
    // Whole words: the device copies those itself.
    const std::uint64_t words = round_up(in_scratch + piece);
    auto copied = commands.copy(source.handle(), from - in_scratch, (**scratch).buffer.get(), 0, words);
    if (!copied) return copied;
    copied = copy_range(commands, {**scratch, in_scratch}, {target.memory(), target_offset + at}, piece);
    if (!copied) return copied;
    done += piece;
  }
  return {};
}

GpuResult<void> read(Commands& commands, const WebGpuBuffer& buffer, std::uint64_t offset, std::uint64_t size,
                     const ReadDestination& destination) {
  std::span<std::byte> to;
  std::uint64_t done = 0;
  do {
    const std::uint64_t begin = round_down(offset + done);
    const std::uint64_t end = std::min(round_up(offset + size), begin + Commands::kMaxReadback);
    auto result = commands.read_back(size == 0 ? nullptr : buffer.handle(), begin, size == 0 ? 0 : end - begin,
                                     [&](std::span<const std::byte> bytes) -> GpuResult<void> {
                                       if (done == 0) {
                                         const auto given = destination();
                                         if (!given) return std::unexpected(given.error());
                                         to = *given;
                                       }
                                       if (size == 0) return {};
                                       const std::uint64_t skipped = offset + done - begin;
                                       const std::uint64_t taken = std::min(size - done, bytes.size() - skipped);
                                       std::memcpy(to.data() + done, bytes.data() + skipped, taken);
                                       done += taken;
                                       return {};
                                     });
    if (!result) return result;
  } while (done < size);
  return {};
}

}  // namespace gpu_host::webgpu
