#include "categories.hpp"

#include <utility>

namespace wasm_ml {
namespace {

std::uint32_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;  // FNV-1a
  hash *= 0x9e3779b97f4a7c15U;                                                               // into the upper half
  return static_cast<std::uint32_t>(hash >> 32U);
}

}  // namespace

// Where the text is, or would be.
const Categories::Slot& Categories::slot_of(std::string_view text, std::uint32_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    const Slot& slot = slots_[i];
    if (slot.number == 0 || (slot.hash == hash && texts_[slot.number - 1] == text)) return slot;
  }
}

std::optional<std::uint32_t> Categories::find(std::string_view text) const {
  const Slot& slot = slot_of(text, hash_of(text));
  if (slot.number == 0) return std::nullopt;
  return slot.number - 1;
}

std::uint32_t Categories::add(std::string_view text) {
  const std::uint32_t hash = hash_of(text);
  const Slot& slot = slot_of(text, hash);
  if (slot.number != 0) return slot.number - 1;
  texts_.emplace_back(text);
  const auto number = static_cast<std::uint32_t>(texts_.size());
  slots_[static_cast<std::size_t>(&slot - slots_.data())] = {.hash = hash, .number = number};
  if (texts_.size() * 2 > slots_.size()) grow();
  return number - 1;
}

void Categories::grow() {
  std::vector<Slot> slots(slots_.size() * 2);
  const std::size_t mask = slots.size() - 1;
  for (const Slot& slot : slots_) {
    if (slot.number == 0) continue;
    std::size_t i = slot.hash & mask;
    while (slots[i].number != 0) i = (i + 1) & mask;
    slots[i] = slot;
  }
  slots_ = std::move(slots);
}

}  // namespace wasm_ml
