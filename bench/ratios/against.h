// Rows that compare speeds: a kernel timed in turn with a copy that reads and writes the same
// bytes, or with oneDNN.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "../workloads.h"
#include "rows.h"

namespace sinter::bench {

/// A row for a ratio of speeds that should be at least `target`.
[[nodiscard]] Row at_least(std::string what, double target);

/// Note of a row: the median times, as in "12 ns; oneDNN 34 ns".
[[nodiscard]] std::string times(const Samples& ours, const Samples& theirs, std::string_view peer);

/// Fills in `row`: speed of `ours` over that of the faster of the plain and the streaming copy.
/// `executor` runs the copies; null for one thread.
[[nodiscard]] Row against_copies(Row row, const Race& race, const Contestant& ours,
                                 const Timing& timing,
                                 const std::shared_ptr<Executor>& executor = nullptr);

/// Fills in `row`: speed of `ours` over that of oneDNN. The row is not run if oneDNN is missing or
/// its results differ from sinter's by more than rounding explains.
[[nodiscard]] Row against_onednn(Row row, const Race& race, const Engine& engine,
                                 const Contestant& ours, OneDnnCall call, const Timing& timing);

}  // namespace sinter::bench
