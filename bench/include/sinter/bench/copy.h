// The copy: the bandwidth bound of a fused kernel. It moves the same bytes and computes next to
// nothing.
//
// y = a | b | ...: reads every read stream once and writes every write stream once, in 64-byte
// vectors, four in flight, by AVX-512 or AVX2, whichever the machine has. A kernel with the same
// streams cannot move its bytes faster, so kernels are measured as a ratio to their copy.
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

/// How a copy stores: through the caches, or by non-temporal stores.
enum class Stores : std::uint8_t { plain, streaming };
[[nodiscard]] std::string_view to_string(Stores stores);

/// A copy, prepared once and called often. Byte k of every write stream becomes the bitwise or of
/// byte k of all read streams that are longer than k, or 0 if none is. Streams may differ in
/// length: only their own bytes are accessed. Streams must not overlap, and must outlive the copy.
///
/// The constructor throws Error(unsupported) on a machine without AVX2, and Error(invalid_buffer)
/// for streaming stores to memory that is not 64-byte aligned.
class Copy {
 public:
  /// `executor` splits the copy among its threads; if it is null, the calling thread does all.
  Copy(std::span<const ReadStream> reads, std::span<const WriteStream> writes, Stores stores,
       std::shared_ptr<Executor> executor = nullptr);
  void operator()() const;
  [[nodiscard]] Stores stores() const { return stores_; }

 private:
  using Loop = void (*)(std::span<const std::byte* const> reads, std::span<std::byte* const> writes,
                        std::int64_t begin, std::int64_t end);
  /// Bytes [begin, end) of all streams that have at least `end` bytes.
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
