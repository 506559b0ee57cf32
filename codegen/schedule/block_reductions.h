// BlockReductions: the reductions in the epilogue of a kernel's product, and what they reduce.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <sinter/ir/graph.h>

namespace sinter::detail {

/// What a reduction after a product reduces: each row of the product's result, each column, or the
/// whole result.
enum class Reduces : std::uint8_t { rows, columns, all };
/// Returns what `reduction`, which follows a product, reduces.
[[nodiscard]] Reduces reduction_kind(const Graph& body, NodeId reduction);

/// The reductions that follow the product of a body. A value follows reductions of one kind only.
class BlockReductions {
 public:
  explicit BlockReductions(const Graph& body);
  [[nodiscard]] bool any() const { return any_; }
  /// Returns the kind of `node` if it is a reduction, else the kind of the reductions that it
  /// follows, if there are any.
  [[nodiscard]] std::optional<Reduces> of(NodeId node) const { return of_[node.index]; }

 private:
  std::vector<std::optional<Reduces>> of_;
  bool any_ = false;
};

}  // namespace sinter::detail
