// Random graphs over every op in ops.def, and random input data for them. The same on every
// platform.
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
  std::int64_t max_elements = 2048;    ///< most elements of a value
  bool random_strides = false;         ///< strides of inputs and outputs: permuted, with gaps, ...
  bool reductions = true;              ///< include reductions; requires `structural`
  bool structural = true;              ///< include ops that move elements
  bool gradients = true;               ///< one graph in six has gradients of its values as outputs;
                                       ///< requires `reductions` and `structural`
  bool repeats = false;                ///< record some ops twice over the same operands
  bool products = false;               ///< before about one op in eight, record an extra product;
                                       ///< requires `structural`
  std::optional<DType> floating = {};  ///< dtype of all floats; any if not given
  /// One graph in this many is narrow; 0 for none. Its lengths are mostly 1, so shapes such as [],
  /// [1] and [1, 1] are combined and a shape does not show which axes were reduced. It has more
  /// reductions and outputs, and fewer dtypes.
  int narrow_in = 5;
};

/// A graph whose ops, shapes (broadcasting, lengths of 0 and 1), fan-out, scalars (special values
/// too) and outputs are drawn from `seed`. It has at least one output, and may have unused inputs
/// and dead ops.
[[nodiscard]] Graph random_graph(std::uint64_t seed, const RandomGraphOptions& options = {});

/// One dense tensor per input. Of f32 and f64 elements, one in eight is special (±0, subnormal,
/// ±inf, NaN, the largest); the others are in ±[0.1, 3]. Of f16 and bf16 elements, one in four has
/// random bits; the others are as those of f32. Of integer elements, one in six is -1, 0, 1, the
/// lowest, the highest or the one below; of the others, half are in ±8 and half have random bits.
[[nodiscard]] std::vector<TensorData> random_inputs(const Graph& graph, std::uint64_t seed);

}  // namespace sinter::fuzz
