// The hash of keys: of graphs, shapes and nodes in `ir`, of cache entries in `runtime`.
#pragma once

#include <cstdint>

namespace sinter::detail {

/// The hash of what `hash` stands for, followed by `word`. Not for keys that an adversary chooses.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0xff51afd7ed558ccd;
  return hash ^ (hash >> 32);
}

}  // namespace sinter::detail
