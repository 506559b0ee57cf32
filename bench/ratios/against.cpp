// Rows that compare speeds: contestants are interleaved, and the row gets the paired ratio.
#include "against.h"

#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "../onednn.h"

namespace sinter::bench {

Row at_least(std::string what, double target) {
  return {.what = std::move(what), .bound = Bound::at_least, .target = target, .unit = "x"};
}

std::string times(const Samples& ours, const Samples& theirs, std::string_view peer) {
  return fmt::format("{:.4g} ns; {} {:.4g} ns", spread_of(ours).median, peer,
                     spread_of(theirs).median);
}

Row against_copies(Row row, const Race& race, const Contestant& ours, const Timing& timing,
                   const std::shared_ptr<Executor>& executor) {
  const std::vector<Contestant> contestants{ours, race.copy(Stores::plain, executor),
                                            race.copy(Stores::streaming, executor)};
  const std::vector<Samples> samples = interleave(contestants, timing);
  const bool plain = spread_of(samples[1]).median <= spread_of(samples[2]).median;
  const Samples& copy = samples[plain ? 1 : 2];
  row.reached = paired_ratio(copy, samples[0]);
  row.note = times(samples[0], copy, plain ? "plain copy" : "streaming copy");
  return row;
}

Row against_onednn(Row row, const Race& race, const Engine& engine, const Contestant& ours,
                   OneDnnCall call, const Timing& timing) {
  constexpr double kRoundings = 1e-5;  // largest absolute difference that rounding explains
  const std::optional<Contestant> peer = race.onednn(call);
  if (!peer.has_value()) return not_run(std::move(row), onednn_version());
  if (const double difference = race.difference(engine, *peer); difference > kRoundings) {
    return not_run(std::move(row), fmt::format("oneDNN's results are off by {}", difference));
  }
  const std::vector<Contestant> contestants{ours, *peer};
  const std::vector<Samples> samples = interleave(contestants, timing);
  row.reached = paired_ratio(samples[1], samples[0]);
  row.note = times(samples[0], samples[1], "oneDNN");
  return row;
}

}  // namespace sinter::bench
