// InternTable: a hash table from elements of a list to their positions in it.
//
// It stores positions and 32 bits of each hash; the list, which the caller owns, stores the
// elements. Open addressing in one array of 8-byte slots, at most half full. A look-up reads an
// element only if these 32 bits of the hashes agree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace sinter::detail {

class InternTable {
 public:
  /// Returns the position of an entry with this hash for which equals(position) is true, if any.
  template <typename Equals>
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t hash, Equals&& equals) const {
    if (slots_.empty()) return std::nullopt;
    const std::uint32_t tag = tag_of(hash);
    for (std::size_t i = tag & mask();; i = (i + 1) & mask()) {
      const Slot& slot = slots_[i];
      if (slot.position == kFree) return std::nullopt;
      if (slot.tag == tag && equals(slot.position)) return slot.position;
    }
  }
  /// Reserves memory, so that the next `entries` insertions do not allocate.
  void make_room(std::size_t entries) {
    while (2 * (count_ + entries) > slots_.size()) grow();
  }
  /// Adds an entry. The caller has checked that there is no equal one.
  void insert(std::uint64_t hash, std::uint32_t position) {
    make_room(1);
    place({tag_of(hash), position});
    ++count_;
  }

 private:
  static constexpr std::uint32_t kFree = UINT32_MAX;
  static constexpr std::size_t kMinSlots = 32;
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t position = kFree;
  };

  /// Mixes all bits of the hash, because hashes of small numbers as doubles may differ only in the
  /// upper bits.
  [[nodiscard]] static std::uint32_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint32_t>((hash * 0x9e3779b97f4a7c15) >> 32);
  }
  [[nodiscard]] std::size_t mask() const { return slots_.size() - 1; }
  void place(Slot slot) {
    std::size_t i = slot.tag & mask();
    while (slots_[i].position != kFree) i = (i + 1) & mask();
    slots_[i] = slot;
  }
  void grow() {
    std::vector<Slot> larger(slots_.empty() ? kMinSlots : 2 * slots_.size());
    const std::vector<Slot> old = std::exchange(slots_, std::move(larger));
    for (const Slot& slot : old) {
      if (slot.position != kFree) place(slot);
    }
  }

  std::vector<Slot> slots_;  ///< empty, or a power of two of slots
  std::size_t count_ = 0;
};

}  // namespace sinter::detail
