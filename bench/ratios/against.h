// What rows of speeds share: a kernel in one interleaved run with the copy of its streams, with
// oneDNN, or with another kernel.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "../workloads.h"
#include "rows.h"

namespace sinter::bench {

[[nodiscard]] Row at_least(std::string what, double target);

/// "12 ns; peer 34 ns"
[[nodiscard]] std::string times(const Samples& ours, const Samples& theirs, std::string_view peer);

/// Speed of `ours` over that of the faster of two copies.
[[nodiscard]] Row against_copies(Row row, const Race& race, const Contestant& ours,
                                 const Timing& timing,
                                 const std::shared_ptr<Executor>& executor = nullptr);

/// Speed of `ours` over that of oneDNN, if it computes the same.
[[nodiscard]] Row against_onednn(Row row, const Race& race, const Engine& engine,
                                 const Contestant& ours, OneDnnCall call, const Timing& timing);

}  // namespace sinter::bench
