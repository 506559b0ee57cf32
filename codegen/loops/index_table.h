// IndexTable: makes the index expressions of a nest. Equal expressions share one entry, and
// expressions over constants are folded.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <sinter/codegen/loop_nest.h>

namespace sinter::detail {

/// The table of index expressions of a nest under construction.
class IndexTable {
 public:
  /// Returns the entry for `index`, whose operands are entries of this table.
  [[nodiscard]] IndexId make(const Index& index);

  [[nodiscard]] IndexId constant(std::int64_t value) { return leaf(IndexOp::constant, value); }
  [[nodiscard]] IndexId begin() { return leaf(IndexOp::begin, 0); }
  [[nodiscard]] IndexId end() { return leaf(IndexOp::end, 0); }
  [[nodiscard]] IndexId extent(int axis) { return leaf(IndexOp::extent, axis); }
  [[nodiscard]] IndexId stride(std::size_t slot) {
    return leaf(IndexOp::stride, static_cast<std::int64_t>(slot));
  }
  /// Returns a variable that no loop has yet.
  [[nodiscard]] IndexId new_variable() { return leaf(IndexOp::variable, variables_++); }
  [[nodiscard]] IndexId add(IndexId a, IndexId b) { return make({IndexOp::add, 0, a, b, 0}); }
  [[nodiscard]] IndexId sub(IndexId a, IndexId b) { return make({IndexOp::sub, 0, a, b, 0}); }
  [[nodiscard]] IndexId mul(IndexId a, IndexId b) { return make({IndexOp::mul, 0, a, b, 0}); }
  [[nodiscard]] IndexId min(IndexId a, IndexId b) { return make({IndexOp::min, 0, a, b, 0}); }
  [[nodiscard]] IndexId max(IndexId a, IndexId b) { return make({IndexOp::max, 0, a, b, 0}); }
  [[nodiscard]] IndexId div(IndexId a, IndexId b) { return make({IndexOp::div, 0, a, b, 0}); }
  [[nodiscard]] IndexId round_down(IndexId a, std::int64_t multiple) {
    return make({IndexOp::round_down, 0, a, {}, multiple});
  }
  [[nodiscard]] IndexId blocks(IndexId a, std::int64_t size) {
    return make({IndexOp::blocks, 0, a, {}, size});
  }
  [[nodiscard]] IndexId to_alignment(std::uint8_t argument, IndexId offset, std::int64_t bytes) {
    return make({IndexOp::to_alignment, argument, offset, {}, bytes});
  }
  [[nodiscard]] IndexId aligned(std::uint8_t argument, IndexId offset, std::int64_t bytes) {
    return make({IndexOp::aligned, argument, offset, {}, bytes});
  }

  [[nodiscard]] IndexId distinct(std::uint8_t argument, std::uint8_t other) {
    return make({IndexOp::distinct, argument, {}, {}, other});
  }

  [[nodiscard]] const Index& operator[](IndexId id) const { return indices_[id.index]; }
  [[nodiscard]] std::vector<Index> take() { return std::move(indices_); }

 private:
  struct Hash {
    [[nodiscard]] std::size_t operator()(const Index& index) const;
  };

  [[nodiscard]] IndexId leaf(IndexOp op, std::int64_t immediate) {
    return make({op, 0, {}, {}, immediate});
  }
  [[nodiscard]] bool is(IndexId id, std::int64_t value) const;
  /// Returns a simpler entry that always equals `index`, if there is one.
  [[nodiscard]] std::optional<IndexId> simpler(const Index& index);
  /// Returns the constant that equals `index`, if its operands are constants.
  [[nodiscard]] std::optional<IndexId> folded(const Index& index);

  std::vector<Index> indices_;
  std::unordered_map<Index, IndexId, Hash> entries_;
  std::int64_t variables_ = 0;
};

/// Number of operands of an index with this op: 0, 1 (a) or 2 (a and b).
[[nodiscard]] int operand_count(IndexOp op);

/// Calls `visit` for every index that the statements of `block` and of its inner blocks name.
void for_each_index(Block& block, const std::function<void(IndexId&)>& visit);
void for_each_index(const Block& block, const std::function<void(IndexId)>& visit);

/// Drops the indices that no statement depends on, and renumbers the others.
void drop_unused_indices(LoopNest& nest);

}  // namespace sinter::detail
