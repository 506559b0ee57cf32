// Merging: a pass that records finds the nodes that are there.
//
// What a user records twice is two values, with a gradient each; for the numbers that come out it
// is one. So passes merge equal nodes: common subexpressions are computed once. When a pass is
// done, its graph records like any other.
#pragma once

#include <memory>

#include <sinter/ir/graph.h>

namespace sinter::detail {

class Merging {
 public:
  /// `graph`, which holds no node yet, merges equal nodes as long as this lives.
  explicit Merging(Graph& graph);
  ~Merging();
  Merging(const Merging&) = delete;
  Merging& operator=(const Merging&) = delete;

 private:
  std::shared_ptr<GraphData> data_;
};

}  // namespace sinter::detail
