// The copy that a fused kernel is held against: what moving the same bytes costs, and nothing more.
//
// y = a | b | ...: every read stream is read once, every write stream written once, 64-byte
// vectors, four in flight, AVX-512 or AVX2 as the machine has it. A kernel of as many streams
// cannot move its bytes faster; how near it comes is the measure of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <sinter/runtime/executor.h>

namespace sinter::bench {

struct ReadStream {
  const std::byte* data = nullptr;
  std::int64_t bytes = 0;
};

struct WriteStream {
  std::byte* data = nullptr;
  std::int64_t bytes = 0;
};

/// How a copy stores: through the caches, or around them.
enum class Stores : std::uint8_t { plain, streaming };
[[nodiscard]] std::string_view to_string(Stores stores);

/// A copy, prepared once and called often. Byte k of every write stream becomes the bitwise or of
/// byte k of all read streams that are longer than k, 0 where none is. Streams may differ in
/// length: each moves its own bytes only. Streams do not overlap and outlive the copy.
///
/// Throws Error(unsupported) on a machine without AVX2, and Error(invalid_buffer) for streaming to
/// memory that is not 64-byte aligned.
class Copy {
 public:
  /// `executor` splits the copy among its threads; without one, all is done by the caller.
  Copy(std::span<const ReadStream> reads, std::span<const WriteStream> writes, Stores stores,
       std::shared_ptr<Executor> executor = nullptr);
  void operator()() const;
  [[nodiscard]] Stores stores() const { return stores_; }

 private:
  using Loop = void (*)(std::span<const std::byte* const> reads, std::span<std::byte* const> writes,
                        std::int64_t begin, std::int64_t end);
  /// Bytes [begin, end) of the streams that reach so far.
  struct Segment {
    Loop loop;
    std::int64_t begin;
    std::int64_t end;
    std::vector<const std::byte*> reads;
    std::vector<std::byte*> writes;
  };
  void split(const Segment& segment) const;

  std::vector<Segment> segments_;
  Stores stores_;
  std::shared_ptr<Executor> executor_;
};

}  // namespace sinter::bench
