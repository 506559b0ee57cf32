// Memory between two inaccessible pages: a kernel that accesses a byte beyond the guarded edge
// crashes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sinter::fuzz {

/// The side of a buffer that borders on a guard page.
enum class Guard : std::uint8_t {
  after,   ///< a guard page follows the last byte
  before,  ///< a guard page precedes the first byte
};

/// A buffer of `bytes` bytes, filled with 0xa5. `offset` is the number of bytes between the buffer
/// and its guard page. All bytes around the buffer hold the same pattern, which `intact` checks.
class GuardedBuffer {
 public:
  GuardedBuffer(std::size_t bytes, Guard guard, std::size_t offset = 0);
  ~GuardedBuffer();
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return bytes_; }
  /// Copies `bytes` to the beginning of the buffer.
  void fill(std::span<const std::byte> bytes) const;
  /// Makes the pages read-only: a later write to the buffer crashes.
  void make_read_only() const;
  /// True if no byte around the buffer, within its pages, has changed.
  [[nodiscard]] bool intact() const;

 private:
  std::byte* pages_ = nullptr;  ///< accessible part of the mapping
  std::size_t page_bytes_ = 0;
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
  std::byte* mapping_ = nullptr;
  std::size_t mapping_bytes_ = 0;
};

}  // namespace sinter::fuzz
