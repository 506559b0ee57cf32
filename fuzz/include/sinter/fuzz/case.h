// Case: a graph with input data, the ways to compute it, and their comparison with the interpreter.
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

/// A graph with its input data.
struct Case {
  Graph graph;
  std::vector<TensorData> inputs;  ///< dense, and consistent with strides, see settle_on_strides
  Rounding rounding = Rounding::at_store;
  [[nodiscard]] Case clone() const { return {graph.clone(), inputs, rounding}; }
};

/// A way to compute a graph. It may throw: an exception counts as a difference.
struct Way {
  std::string name;
  std::function<std::vector<TensorData>(const Case&)> compute;
  std::optional<Rounding> rounding = {};  ///< its rounding, if not that of the case
};

/// All ways to compute a graph on this machine:
/// - the text form, read back, in the interpreter;
/// - the planner alone, which compiles nothing;
/// - planned loops in the loop interpreter, and whole programs on a backend that interprets loops;
/// - machine code for every target that runs here, and for a machine with tiny caches: fused and op
///   by op; on one thread and on three;
///   on stacks of the size that executor.h requires; with outputs interleaved; with scalars and
///   lengths as arguments and as constants;
/// - Tensors, whose traces run at the end, at random, and when they are full;
/// - for every named target, a way that fails if its code is too large.
[[nodiscard]] std::vector<Way> all_ways();

/// The case drawn from `seed`, the same on every platform.
[[nodiscard]] Case random_case(std::uint64_t seed);

/// Returns "" if `way` gives the same bits as the interpreter, else the difference or the exception
/// as text.
[[nodiscard]] std::string difference(const Case& given, const Way& way);

/// Returns a smaller case for which `fails` is still true. Removes outputs, ops, lengths, strides
/// and special numbers one at a time, as long as a step keeps the failure. Calls `fails` at most
/// `attempts` times.
[[nodiscard]] Case shrink(const Case& failing, const std::function<bool(const Case&)>& fails,
                          int attempts = 3000);

/// The case as text that `parse_case` reads back: the graph's text form, the rounding, and the bits
/// of all input elements.
[[nodiscard]] std::string print(const Case& given);
/// Reads a case back from the text of `print`. Throws Error(parse_error).
[[nodiscard]] Case parse_case(std::string_view text);

}  // namespace sinter::fuzz
