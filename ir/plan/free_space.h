// Free memory of one buffer over the kernels of a plan. Temporaries may be placed in any order of
// their lifetimes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

namespace sinter::detail {

/// Alignment of temporaries, in bytes: the offset of each is a multiple of it.
inline constexpr std::int64_t kTemporaryAlignment = 64;

[[nodiscard]] constexpr std::int64_t round_up_to_alignment(std::int64_t bytes) {
  return (bytes + kTemporaryAlignment - 1) / kTemporaryAlignment * kTemporaryAlignment;
}

/// A rectangle of bytes by kernels. Taking a part of it cuts the rest into smaller free rectangles
/// (guillotine packing). Callers take large parts first; small ones then fill the gaps.
class FreeSpace {
 public:
  /// `bytes` bytes, free during kernels `from` to `until` - 1.
  FreeSpace(std::int64_t from, std::int64_t until, std::int64_t bytes);

  /// Takes `bytes` bytes for kernels `begin` to `end` inclusive and returns their offset in bytes.
  /// Returns nullopt if none of the free rectangles tried is large enough. Time: O(log n), since it
  /// tries a bounded number.
  [[nodiscard]] std::optional<std::int64_t> take(std::int64_t begin, std::int64_t end,
                                                 std::int64_t bytes);

 private:
  struct Rectangle {
    std::int64_t from = 0;
    std::int64_t until = 0;
    std::int64_t offset = 0;
  };
  using Free = std::multimap<std::int64_t, Rectangle>;  // by size in bytes

  [[nodiscard]] Free::iterator find(std::int64_t begin, std::int64_t end, std::int64_t bytes);

  Free free_;
};

}  // namespace sinter::detail
