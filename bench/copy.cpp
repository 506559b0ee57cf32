// Copy: the choice of a loop for given streams, and the division into segments and chunks.
#include <sinter/bench/copy.h>

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include <sinter/ir/error.h>

namespace sinter::bench {
namespace {

using Reads = std::span<const std::byte* const>;
using Writes = std::span<std::byte* const>;
using CopyLoop = void (*)(Reads, Writes, std::int64_t begin, std::int64_t end);

/// Bytes of a vector, and of the vectors in flight.
constexpr std::int64_t kVector = 64;
constexpr std::int64_t kBlock = 4 * kVector;
/// Largest number of read streams for which there is a loop of its own.
constexpr std::size_t kFixedReads = 6;

/// Chunks for each thread of a copy on several threads. There are more chunks than threads, so that
/// an interrupted thread does not delay the others.
constexpr std::int64_t kChunksPerThread = 4;
/// Chunks are a multiple of this many bytes.
constexpr std::int64_t kPage = 4096;

/// Copies bytes [begin, end) one by one: the tail after the last full vector.
void copy_bytes(Reads reads, Writes writes, std::int64_t begin, std::int64_t end) {
  for (std::int64_t k = begin; k < end; ++k) {
    std::byte value{};
    for (const std::byte* read : reads) value |= read[k];
    for (std::byte* out : writes) out[k] = value;
  }
}

namespace avx512 {
#define SINTER_COPY_TARGET __attribute__((target("avx512f")))
struct Vector {
  __m512i bits;
  SINTER_COPY_TARGET static Vector load(const std::byte* from) {
    return {_mm512_loadu_si512(from)};
  }
  SINTER_COPY_TARGET void combine(const std::byte* from) {
    bits = _mm512_or_si512(bits, _mm512_loadu_si512(from));
  }
  template <bool kStreaming>
  SINTER_COPY_TARGET void put(std::byte* to) const {
    if constexpr (kStreaming) {
      _mm512_stream_si512(reinterpret_cast<__m512i*>(to), bits);
    } else {
      _mm512_storeu_si512(to, bits);
    }
  }
  /// Prevents the compiler from removing loads whose value is not stored.
  SINTER_COPY_TARGET void keep() const { asm volatile("" : : "x"(bits)); }
};
#include "copy_loop.inc"
#undef SINTER_COPY_TARGET
}  // namespace avx512

namespace avx2 {
#define SINTER_COPY_TARGET __attribute__((target("avx2")))
struct Vector {
  __m256i low;
  __m256i high;
  SINTER_COPY_TARGET static __m256i load_half(const std::byte* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  SINTER_COPY_TARGET static Vector load(const std::byte* from) {
    return {load_half(from), load_half(from + 32)};
  }
  SINTER_COPY_TARGET void combine(const std::byte* from) {
    low = _mm256_or_si256(low, load_half(from));
    high = _mm256_or_si256(high, load_half(from + 32));
  }
  template <bool kStreaming>
  SINTER_COPY_TARGET void put(std::byte* to) const {
    auto* out = reinterpret_cast<__m256i*>(to);
    if constexpr (kStreaming) {
      _mm256_stream_si256(out, low);
      _mm256_stream_si256(out + 1, high);
    } else {
      _mm256_storeu_si256(out, low);
      _mm256_storeu_si256(out + 1, high);
    }
  }
  SINTER_COPY_TARGET void keep() const { asm volatile("" : : "x"(low), "x"(high)); }
};
#include "copy_loop.inc"
#undef SINTER_COPY_TARGET
}  // namespace avx2

std::span<const CopyLoop> loops_for(Stores stores) {
  const bool streaming = stores == Stores::streaming;
  if (__builtin_cpu_supports("avx512f")) {
    return streaming ? avx512::kLoops<true> : avx512::kLoops<false>;
  }
  if (__builtin_cpu_supports("avx2")) {
    return streaming ? avx2::kLoops<true> : avx2::kLoops<false>;
  }
  fail(ErrorCode::unsupported, "the copy loop needs AVX2, which this machine lacks");
}

/// The loop for segments with these numbers of read and write streams.
CopyLoop choose_loop(std::size_t reads, std::size_t writes, Stores stores) {
  const bool fixed = writes == 1 && reads >= 1 && reads <= kFixedReads;
  return loops_for(stores)[fixed ? reads : 0];
}

void check_aligned(std::span<const WriteStream> writes) {
  for (const WriteStream& write : writes) {
    if (reinterpret_cast<std::uintptr_t>(write.data) % kVector == 0) continue;
    fail(ErrorCode::invalid_buffer,
         fmt::format("a streaming copy writes to memory aligned to {} bytes, got {}", kVector,
                     fmt::ptr(write.data)));
  }
}

constexpr std::int64_t round_up(std::int64_t value, std::int64_t to) {
  return (value + to - 1) / to * to;
}

/// Boundaries of segments in bytes, ascending: the end of each stream, and that end rounded up to a
/// vector. Segments that begin at a multiple of a vector may be streamed; the others are shorter
/// than a vector.
std::vector<std::int64_t> boundaries(std::span<const ReadStream> reads,
                                     std::span<const WriteStream> writes) {
  std::vector<std::int64_t> ends{0};
  for (const ReadStream& read : reads) ends.push_back(read.bytes);
  for (const WriteStream& write : writes) ends.push_back(write.bytes);
  const std::int64_t last = std::ranges::max(ends);
  for (std::size_t i = 0, count = ends.size(); i < count; ++i) {
    ends.push_back(std::min(last, round_up(ends[i], kVector)));
  }
  std::ranges::sort(ends);
  const auto repeated = std::ranges::unique(ends);
  ends.erase(repeated.begin(), repeated.end());
  return ends;
}

/// Pointers of the streams of at least `end` bytes.
template <typename Pointer>
std::vector<Pointer> reaching(std::int64_t end, const auto& streams) {
  std::vector<Pointer> pointers;
  for (const auto& stream : streams) {
    if (stream.bytes >= end) pointers.push_back(stream.data);
  }
  return pointers;
}

}  // namespace

std::string_view to_string(Stores stores) {
  return stores == Stores::streaming ? "streaming" : "plain";
}

Copy::Copy(std::span<const ReadStream> reads, std::span<const WriteStream> writes, Stores stores,
           std::shared_ptr<Executor> executor)
    : stores_(stores), executor_(std::move(executor)) {
  if (stores == Stores::streaming) check_aligned(writes);
  const std::vector<std::int64_t> ends = boundaries(reads, writes);
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
    Segment segment{nullptr, ends[i], ends[i + 1], reaching<const std::byte*>(ends[i + 1], reads),
                    reaching<std::byte*>(ends[i + 1], writes)};
    const Stores own = segment.begin % kVector == 0 ? stores : Stores::plain;
    segment.loop = choose_loop(segment.reads.size(), segment.writes.size(), own);
    segments_.push_back(std::move(segment));
  }
}

void Copy::operator()() const {
  for (const Segment& segment : segments_) {
    if (executor_ == nullptr) {
      segment.loop(segment.reads, segment.writes, segment.begin, segment.end);
    } else {
      split(segment);
    }
  }
}

void Copy::split(const Segment& segment) const {
  struct Task {
    const Segment& segment;
    std::int64_t chunk;
  };
  const std::int64_t chunks = std::int64_t{kChunksPerThread} * executor_->concurrency();
  Task task{segment, round_up((segment.end - segment.begin + chunks - 1) / chunks, kPage)};
  const auto run = [](void* context, std::int64_t i) {
    const Task& self = *static_cast<const Task*>(context);
    const Segment& whole = self.segment;
    const std::int64_t begin = std::min(whole.end, whole.begin + i * self.chunk);
    whole.loop(whole.reads, whole.writes, begin, std::min(whole.end, begin + self.chunk));
  };
  executor_->parallel_for(chunks, run, &task, 0);
}

}  // namespace sinter::bench
