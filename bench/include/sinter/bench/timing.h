// How times are taken: contestants in turn, ratios of neighbours.
//
// A machine drifts: other processes, clock frequency, memory traffic. Times that were taken minutes
// apart say little about each other, so contestants are interleaved in rounds, each ratio is taken
// within a round, and what is reported is the median over rounds with the 10th and 90th percentile.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace sinter::bench {

/// Median and the 10th and 90th percentile of some samples.
struct Spread {
  double median = 0;
  double low = 0;
  double high = 0;
};

/// All zero for no samples.
[[nodiscard]] Spread spread_of(std::vector<double> samples);

/// Something to time: `repeat(n)` does it n times in a row.
struct Contestant {
  std::string name;
  std::function<void(std::int64_t count)> repeat;
};

/// A contestant from a callable without arguments. The loop is around the callable itself, so that
/// the price of std::function is paid once a sample, not once a call.
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
  /// A sample repeats a call until it takes about this long: clocks have a resolution.
  double sample_seconds = 200e-6;
};

/// Nanoseconds a call, of one contestant, by round.
using Samples = std::vector<double>;

/// Times contestants in rounds, each after one untimed call of its own, in an order that rotates
/// from round to round. Returns one Samples a contestant, in their order.
[[nodiscard]] std::vector<Samples> interleave(std::span<const Contestant> contestants,
                                              const Timing& timing = {});

/// The spread of a[i] / b[i] and of a[i] - b[i]. Both from the same `interleave`.
[[nodiscard]] Spread paired_ratio(const Samples& a, const Samples& b);
[[nodiscard]] Spread paired_difference(const Samples& a, const Samples& b);

}  // namespace sinter::bench
