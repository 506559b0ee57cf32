// specialize_shape: makes a nest for one shape, with lengths and strides as constants.
#include <algorithm>
#include <vector>

#include <sinter/codegen/schedule.h>
#include <sinter/ir/rethrow.h>

#include "loops/enums.h"
#include "loops/index_table.h"

namespace sinter {
namespace {

/// Returns the index, or the constant of `space` if it is an extent or a stride.
Index with_numbers(Index index, const LoopSpace& space) {
  const auto position = static_cast<std::size_t>(index.immediate);
  if (index.op == IndexOp::extent) return {IndexOp::constant, 0, {}, {}, space.extents[position]};
  if (index.op == IndexOp::stride) return {IndexOp::constant, 0, {}, {}, space.strides[position]};
  return index;
}

/// Drops loops whose range is empty, such as a tail if the length is a multiple of the vector
/// width.
void drop_empty_loops(Block& block) {
  std::erase_if(block, [](const Statement& statement) {
    const Loop* loop = std::get_if<Loop>(&statement);
    return loop != nullptr && loop->from == loop->to && loop->carried.empty();
  });
  for (Statement& statement : block) {
    if (Loop* loop = std::get_if<Loop>(&statement)) drop_empty_loops(loop->body);
  }
}

}  // namespace

LoopNest specialize_shape(LoopNest nest, const LoopSpace& space) try {
  detail::check_enums(nest);
  detail::IndexTable table;
  std::vector<IndexId> known;
  for (Index index : nest.indices) {
    const int operands = detail::operand_count(index.op);
    if (operands > 0) index.a = known[index.a.index];
    if (operands > 1) index.b = known[index.b.index];
    known.push_back(table.make(with_numbers(index, space)));
  }
  detail::for_each_index(nest.body, [&known](IndexId& id) { id = known[id.index]; });
  nest.indices = table.take();
  drop_empty_loops(nest.body);
  detail::drop_unused_indices(nest);
  return nest;
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
