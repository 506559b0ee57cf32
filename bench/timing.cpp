// Interleaved timing and its statistics.
#include <sinter/bench/timing.h>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace sinter::bench {
namespace {

using Clock = std::chrono::steady_clock;

double nanoseconds(const Contestant& contestant, std::int64_t count) {
  const auto begin = Clock::now();
  contestant.repeat(count);
  return std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
}

/// Number of calls in a sample of `sample_ns`. Doubles a count until that many calls take half of
/// `sample_ns`, which also warms up caches, and then scales the count.
std::int64_t calibrate(const Contestant& contestant, double sample_ns) {
  contestant.repeat(1);
  std::int64_t count = 1;
  double elapsed = nanoseconds(contestant, count);
  while (elapsed < sample_ns / 2) {
    count *= 2;
    elapsed = nanoseconds(contestant, count);
  }
  return std::max<std::int64_t>(1, std::llround(static_cast<double>(count) * sample_ns / elapsed));
}

double quantile(const std::vector<double>& sorted, double q) {
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

template <typename Combine>
Spread paired(const Samples& a, const Samples& b, Combine combine) {
  Samples combined(std::min(a.size(), b.size()));
  std::transform(a.begin(), a.begin() + std::ssize(combined), b.begin(), combined.begin(), combine);
  return spread_of(std::move(combined));
}

}  // namespace

Spread spread_of(std::vector<double> samples) {
  if (samples.empty()) return {};
  std::ranges::sort(samples);
  return {quantile(samples, 0.5), quantile(samples, 0.1), quantile(samples, 0.9)};
}

std::vector<Samples> interleave(std::span<const Contestant> contestants, const Timing& timing) {
  std::vector<std::int64_t> counts;
  for (const Contestant& each : contestants) {
    counts.push_back(calibrate(each, timing.sample_seconds * 1e9));
  }
  std::vector<Samples> samples(contestants.size());
  for (int round = 0; round < timing.rounds; ++round) {
    for (std::size_t turn = 0; turn < contestants.size(); ++turn) {
      const std::size_t i = (turn + static_cast<std::size_t>(round)) % contestants.size();
      contestants[i].repeat(1);
      samples[i].push_back(nanoseconds(contestants[i], counts[i]) / static_cast<double>(counts[i]));
    }
  }
  return samples;
}

Spread paired_ratio(const Samples& a, const Samples& b) {
  return paired(a, b, [](double x, double y) { return x / y; });
}

Spread paired_difference(const Samples& a, const Samples& b) {
  return paired(a, b, [](double x, double y) { return x - y; });
}

}  // namespace sinter::bench
