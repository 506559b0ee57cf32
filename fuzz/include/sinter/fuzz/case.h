// Case: a graph with data for it, the ways to compute it, and what a difference between them is.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sinter/ir/graph.h>
#include <sinter/ir/interpret.h>

namespace sinter::fuzz {

struct Case {
  Graph graph;
  std::vector<TensorData> inputs;  ///< dense; see settle_on_strides
  Rounding rounding = Rounding::at_store;
  [[nodiscard]] Case clone() const { return {graph.clone(), inputs, rounding}; }
};

/// Something that computes a graph. It may throw; what it throws is a difference too.
struct Way {
  std::string name;
  std::function<std::vector<TensorData>(const Case&)> compute;
  std::optional<Rounding> rounding = {};  ///< where it does not follow the case's
};

/// Every way that sinter has on this machine: the planned loops in the loop interpreter, and
/// machine code for every target that runs here, fused and op by op, on one thread and on three,
/// these also with stacks no larger than an Executor's need be, with scalars and lengths as
/// arguments and built in; and Tensors, whose traces are cut nowhere, at random and when they are
/// full. Each has an engine of its own, with caches. And for every named target one that fails
/// where its code is too large.
[[nodiscard]] std::vector<Way> all_ways();

/// The case that `seed` stands for, the same on every platform.
[[nodiscard]] Case random_case(std::uint64_t seed);

/// "" where `way` gives the interpreter's bits, else what differs or was thrown.
[[nodiscard]] std::string difference(const Case& given, const Way& way);

/// A smaller case for which `fails` is still true. Drops outputs, ops, axes, strides and special
/// numbers, one at a time, as long as any such step keeps the failure; asks at most `attempts`
/// times.
[[nodiscard]] Case shrink(const Case& failing, const std::function<bool(const Case&)>& fails,
                          int attempts = 3000);

/// The case as text that `parse_case` reads back: the graph's text, the rounding, and the bits of
/// every input's elements.
[[nodiscard]] std::string print(const Case& given);
/// Throws Error(parse_error).
[[nodiscard]] Case parse_case(std::string_view text);

}  // namespace sinter::fuzz
