// Sources: how many bytes each node of a graph is computed from.
//
// A tensor that nobody asked for need not be stored if storing it takes more memory than all that
// it is computed from: a sum of two vectors, broadcast to a matrix, say. See Trace::split_live.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <sinter/ir/graph.h>

namespace sinter::detail {

class Sources {
 public:
  /// Linear in the nodes, times a word for every 64 inputs. `input_bytes` are those of the graph's
  /// inputs, by position.
  Sources(const Graph& graph, std::span<const std::size_t> input_bytes);

  /// Bytes of all inputs that a node is computed from, each counted once.
  [[nodiscard]] std::size_t bytes(NodeId id) const;
  /// True if a node is computed from this input.
  [[nodiscard]] bool reads(NodeId id, std::size_t input) const;

 private:
  std::vector<std::size_t> input_bytes_;
  std::size_t words_;                 ///< of a mask
  std::vector<std::uint64_t> masks_;  ///< by node: a bit for each input
};

}  // namespace sinter::detail
