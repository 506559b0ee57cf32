// Free memory of one buffer over the kernels of a plan, for temporaries that are placed in any
// order.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

namespace sinter::detail {

/// Temporaries start at multiples of so many bytes.
inline constexpr std::int64_t kTemporaryAlignment = 64;

[[nodiscard]] constexpr std::int64_t round_up_to_alignment(std::int64_t bytes) {
  return (bytes + kTemporaryAlignment - 1) / kTemporaryAlignment * kTemporaryAlignment;
}

/// A rectangle of bytes and kernels, cut into smaller free ones as parts of it are taken
/// (guillotine packing). Pack large pieces first: small ones then fill the gaps.
class FreeSpace {
 public:
  /// All `bytes` bytes, from kernel `from` up to but without kernel `until`.
  FreeSpace(std::int64_t from, std::int64_t until, std::int64_t bytes);

  /// Takes `bytes` bytes for kernels `begin` to `end` inclusive, and returns their offset; none if
  /// no free rectangle that was tried is large enough. Time: O(log n), for it tries few.
  [[nodiscard]] std::optional<std::int64_t> take(std::int64_t begin, std::int64_t end,
                                                 std::int64_t bytes);

 private:
  struct Rectangle {
    std::int64_t from = 0;
    std::int64_t until = 0;
    std::int64_t offset = 0;
  };
  using Free = std::multimap<std::int64_t, Rectangle>;  // by bytes

  [[nodiscard]] Free::iterator find(std::int64_t begin, std::int64_t end, std::int64_t bytes);

  Free free_;
};

}  // namespace sinter::detail
