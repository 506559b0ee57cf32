// Random graphs over every op in ops.def, and random data for them, the same on every platform.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <sinter/ir/graph.h>
#include <sinter/ir/interpret.h>

namespace sinter::fuzz {

struct RandomGraphOptions {
  int min_ops = 2;
  int max_ops = 40;
  int max_rank = 4;
  std::int64_t max_elements = 2048;  ///< of the largest shape
  bool random_strides = false;       ///< give inputs strides: permuted, with gaps, or 0
  bool reductions = true;            ///< unless there are no structural ops either
  bool structural = true;            ///< ops that move elements; a kernel's body has none
  bool gradients = true;             ///< of itself, as outputs of one graph in six; these need both
  bool repeats = false;              ///< some ops twice, over the same operands
  bool products = false;             ///< more of them than of other ops; structural too
  std::optional<DType> floating = {};  ///< of all floats; left out, any
  /// One graph in so many is narrow: lengths are mostly 1, where [], [1] and [1, 1] meet and no
  /// shape tells what was reduced; with more reductions and outputs, and fewer dtypes. 0 for none.
  int narrow_in = 5;
};

/// Ops, shapes (broadcasting, lengths of 0 and 1), fan-out, scalars (special values too) and
/// outputs are drawn from `seed`. The graph has at least one output and may have unused inputs and
/// dead ops.
[[nodiscard]] Graph random_graph(std::uint64_t seed, const RandomGraphOptions& options = {});

/// One dense tensor per input: values in ±[0.1, 3], one in eight a special one (±0, subnormal,
/// ±inf, NaN, the largest).
[[nodiscard]] std::vector<TensorData> random_inputs(const Graph& graph, std::uint64_t seed);

}  // namespace sinter::fuzz
