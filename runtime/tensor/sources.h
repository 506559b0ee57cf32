// Sources: the inputs, and their bytes, that each node of a graph is computed from.
//
// Trace::split_live uses them: a tensor that was not asked for is not stored if it takes more
// memory than all inputs it is computed from, such as a matrix broadcast from two vectors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <sinter/ir/graph.h>

namespace sinter::detail {

class Sources {
 public:
  /// `input_bytes`: bytes of each input of the graph, by position. Time and memory: one 64-bit word
  /// for each node and 64 inputs.
  Sources(const Graph& graph, std::span<const std::size_t> input_bytes);

  /// Sum of the bytes of all inputs that a node is computed from.
  [[nodiscard]] std::size_t bytes(NodeId id) const;
  /// True if a node is computed from this input.
  [[nodiscard]] bool reads(NodeId id, std::size_t input) const;

 private:
  std::vector<std::size_t> input_bytes_;
  std::size_t words_;                 ///< words of one mask
  std::vector<std::uint64_t> masks_;  ///< by node: a bit for each input
};

}  // namespace sinter::detail
