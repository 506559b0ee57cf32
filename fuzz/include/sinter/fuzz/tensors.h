// A graph computed over Tensors, op by op as a user would, whose traces are cut where they happen
// to run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <sinter/ir/interpret.h>
#include <sinter/sinter.h>

namespace sinter::fuzz {

/// Where a trace is cut: after one op in so many, drawn from `seed`; never for 0. After every op
/// the newest tensor is evaluated, else any tensor, and tensors that no later op uses are dropped.
/// Or a tensor aside is evaluated, so that all of the graph's stay pending in traces that have run.
struct Cuts {
  std::size_t one_in = 0;
  std::uint64_t seed = 0;
  bool aside = false;
};

/// A Tensor for each node of `graph`. Inputs hold the elements of `inputs`.
[[nodiscard]] std::vector<Tensor> record_tensors(const Engine& engine, const Graph& graph,
                                                 std::span<const TensorData> inputs,
                                                 const Cuts& cuts = {});
[[nodiscard]] TensorData read_tensor(const Tensor& tensor);

/// The outputs of `graph`: what `interpret` gives under Rounding::each_op, wherever it is cut.
[[nodiscard]] std::vector<TensorData> run_tensors(const Engine& engine, const Graph& graph,
                                                  std::span<const TensorData> inputs,
                                                  const Cuts& cuts = {});

}  // namespace sinter::fuzz
