// KeyView: the canonical bytes of a cache key, given in parts.
//
// A lookup borrows the parts and copies nothing; only a new entry joins them. The maker of a key
// puts the lengths of the parts into the first part, so keys that differ in any part differ in
// their joined bytes, too.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include <sinter/ir/hash.h>

namespace sinter::detail {

[[nodiscard]] inline std::uint64_t hash_bytes(std::span<const std::byte> bytes,
                                              std::uint64_t hash = 0x9e3779b97f4a7c15) {
  hash = mix(hash, bytes.size());
  for (; !bytes.empty(); bytes = bytes.subspan(std::min<std::size_t>(8, bytes.size()))) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), std::min<std::size_t>(8, bytes.size()));
    hash = mix(hash, word);
  }
  return hash;
}

struct KeyView {
  std::array<std::span<const std::byte>, 3> parts;
  std::uint64_t hash = 0;

  [[nodiscard]] std::size_t size() const {
    return parts[0].size() + parts[1].size() + parts[2].size();
  }
  [[nodiscard]] bool equals(std::span<const std::byte> bytes) const {
    if (bytes.size() != size()) return false;
    for (std::span<const std::byte> part : parts) {
      if (!part.empty() && std::memcmp(part.data(), bytes.data(), part.size()) != 0) return false;
      bytes = bytes.subspan(part.size());
    }
    return true;
  }
  [[nodiscard]] std::vector<std::byte> bytes() const {
    std::vector<std::byte> joined;
    joined.reserve(size());
    for (std::span<const std::byte> part : parts) {
      joined.insert(joined.end(), part.begin(), part.end());
    }
    return joined;
  }
};

}  // namespace sinter::detail
