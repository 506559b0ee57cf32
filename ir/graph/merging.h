// Merging: common-subexpression elimination while a pass records its graph.
//
// Two equal ops that a user records are two nodes, because each has a gradient of its own. Their
// results are equal, so passes merge them into one node. After the pass, the graph records a node
// for every op again.
#pragma once

#include <memory>

#include <sinter/ir/graph.h>

namespace sinter::detail {

class Merging {
 public:
  /// Makes `graph`, which has no nodes yet, merge equal nodes for the lifetime of this object.
  explicit Merging(Graph& graph);
  ~Merging();
  Merging(const Merging&) = delete;
  Merging& operator=(const Merging&) = delete;

 private:
  std::shared_ptr<GraphData> data_;
};

}  // namespace sinter::detail
