// vector_sum adds in vectors of 64 bytes, with four vectors in flight.
#include "vector_sum.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace sinter::bench {
namespace {

/// Parts per thread, if several threads compute a sum. There are more parts than threads, so that
/// an interrupted thread does not delay the others.
constexpr std::int64_t kPartsPerThread = 4;

__attribute__((target_clones("avx512f", "avx2", "default"))) float sum_of(const float* x,
                                                                          std::int64_t n) {
  using Vector __attribute__((vector_size(64))) = float;
  constexpr std::int64_t kLanes = 16;
  constexpr int kVectors = 4;
  Vector sums[kVectors] = {};
  std::int64_t i = 0;
  for (; i + kVectors * kLanes <= n; i += kVectors * kLanes) {
    for (int v = 0; v < kVectors; ++v) {
      Vector loaded;
      std::memcpy(&loaded, x + i + v * kLanes, sizeof(Vector));
      sums[v] += loaded;
    }
  }
  const Vector lanes = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  float total = 0;
  for (std::int64_t lane = 0; lane < kLanes; ++lane) total += lanes[lane];
  for (; i < n; ++i) total += x[i];
  return total;
}

struct Parts {
  std::span<const float> x;
  std::vector<float> sums;

  static void sum(void* context, std::int64_t part) {
    Parts& self = *static_cast<Parts*>(context);
    const auto n = static_cast<std::int64_t>(self.x.size());
    const auto parts = static_cast<std::int64_t>(self.sums.size());
    const std::int64_t from = n * part / parts;
    self.sums[static_cast<std::size_t>(part)] =
        sum_of(self.x.data() + from, n * (part + 1) / parts - from);
  }
};

}  // namespace

float vector_sum(std::span<const float> x, Executor* executor) {
  if (executor == nullptr) return sum_of(x.data(), static_cast<std::int64_t>(x.size()));
  const std::int64_t count = executor->concurrency() * kPartsPerThread;
  Parts parts{x, std::vector<float>(static_cast<std::size_t>(count))};
  executor->parallel_for(count, Parts::sum, &parts, 0);
  float total = 0;
  for (float sum : parts.sums) total += sum;
  return total;
}

}  // namespace sinter::bench
