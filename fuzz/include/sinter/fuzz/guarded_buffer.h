// Memory between two inaccessible pages: a kernel that reads or writes one byte outside crashes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sinter::fuzz {

/// Where in its pages a buffer lies.
enum class Guard : std::uint8_t {
  behind,  ///< the last byte is followed by the guard page
  before,  ///< the first byte follows the guard page
};

/// `bytes` bytes, filled with 0xa5. `offset` moves the buffer away from the guarded edge by that
/// many bytes; offset bytes on that side then hold a pattern that `intact` checks.
class GuardedBuffer {
 public:
  GuardedBuffer(std::size_t bytes, Guard guard, std::size_t offset = 0);
  ~GuardedBuffer();
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return bytes_; }
  void fill(std::span<const std::byte> bytes) const;
  /// From here on a write to the buffer crashes.
  void make_read_only() const;
  /// Whether every byte around the buffer, within its pages, is as it was.
  [[nodiscard]] bool intact() const;

 private:
  std::byte* pages_ = nullptr;  ///< readable part
  std::size_t page_bytes_ = 0;
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
  std::byte* mapping_ = nullptr;
  std::size_t mapping_bytes_ = 0;
};

}  // namespace sinter::fuzz
