// BlockReductions: the reductions that follow the product of a body, and what they reduce.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <sinter/ir/graph.h>

namespace sinter::detail {

/// What a reduction behind a product reduces: each row of its result, each column, or all of it.
enum class Reduces : std::uint8_t { rows, columns, all };
[[nodiscard]] Reduces what_it_reduces(const Graph& body, NodeId reduction);

/// The reductions behind the product of a body. What comes after one comes after none of another
/// kind.
class BlockReductions {
 public:
  explicit BlockReductions(const Graph& body);
  [[nodiscard]] bool any() const { return any_; }
  /// The kind of those that the value is or comes after, if there are such.
  [[nodiscard]] std::optional<Reduces> of(NodeId node) const { return of_[node.index]; }

 private:
  std::vector<std::optional<Reduces>> of_;
  bool any_ = false;
};

}  // namespace sinter::detail
