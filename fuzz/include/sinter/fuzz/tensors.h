// Computes a graph with Tensors, op by op as a user would, and cuts the trace by evaluating tensors
// on the way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <sinter/ir/interpret.h>
#include <sinter/sinter.h>

namespace sinter::fuzz {

/// Where the trace is cut by evaluating a tensor.
struct Cuts {
  /// Cuts after one op in this many; 0 for never. With 1, evaluates the newest tensor after every
  /// op. With more, evaluates a random tensor, and drops tensors that no later op uses.
  std::size_t one_in = 0;
  std::uint64_t seed = 0;
  /// Evaluates an unrelated tensor instead, so that all tensors of the graph stay pending in traces
  /// that have run.
  bool aside = false;
};

/// Records `graph` and returns a Tensor for each node; a default-constructed one where `cuts`
/// dropped the tensor. Inputs have the elements of `inputs`.
[[nodiscard]] std::vector<Tensor> record_tensors(const Engine& engine, const Graph& graph,
                                                 std::span<const TensorData> inputs,
                                                 const Cuts& cuts = {});
/// The elements of a tensor.
[[nodiscard]] TensorData read_tensor(const Tensor& tensor);

/// The outputs of `graph`: the same bits as `interpret` under Rounding::each_op, for all cuts.
[[nodiscard]] std::vector<TensorData> run_tensors(const Engine& engine, const Graph& graph,
                                                  std::span<const TensorData> inputs,
                                                  const Cuts& cuts = {});

}  // namespace sinter::fuzz
