// Timing: contestants are interleaved in rounds, and ratios are taken within a round.
//
// A machine drifts: other processes, clock frequency and memory traffic change. Times that were
// taken minutes apart cannot be compared. So every round times each contestant once, each ratio is
// of two times of one round, and reports have the median over rounds with the 10th and 90th
// percentile.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sinter::bench {

/// Median, 10th and 90th percentile of samples.
struct Spread {
  double median = 0;
  double low = 0;   ///< 10th percentile
  double high = 0;  ///< 90th percentile
};

/// Returns the spread of `samples`; all zero if there are none.
[[nodiscard]] Spread spread_of(std::vector<double> samples);

/// Something to time: `repeat(n)` runs it n times in a row.
struct Contestant {
  std::string name;
  std::function<void(std::int64_t count)> repeat;
};

/// A contestant from a callable without arguments. The loop is inside the std::function, so that
/// its cost is paid once per sample, not once per call.
template <typename F>
[[nodiscard]] Contestant contestant(std::string name, F call) {
  const auto shared = std::make_shared<F>(std::move(call));
  return {std::move(name), [shared](std::int64_t count) {
            F& each = *shared;
            for (std::int64_t i = 0; i < count; ++i) each();
          }};
}

struct Timing {
  int rounds = 51;
  /// Approximate duration of a sample, in seconds. A sample repeats a call until it takes this
  /// long, because a clock cannot resolve a single short call.
  double sample_seconds = 200e-6;
};

/// Times of one contestant in nanoseconds per call, one for each round.
using Samples = std::vector<double>;

/// Times contestants in rounds, each after one untimed call of its own, in an order that rotates
/// from round to round. Returns the Samples of each contestant, in the order of `contestants`.
[[nodiscard]] std::vector<Samples> interleave(std::span<const Contestant> contestants,
                                              const Timing& timing = {});

/// The spread of a[i] / b[i] over all rounds i. Both are of the same `interleave`.
[[nodiscard]] Spread paired_ratio(const Samples& a, const Samples& b);
/// The spread of a[i] - b[i], likewise.
[[nodiscard]] Spread paired_difference(const Samples& a, const Samples& b);

}  // namespace sinter::bench
