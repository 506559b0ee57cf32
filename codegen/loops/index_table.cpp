// Interning and folding of index expressions, and walks over the indices of a nest.
#include "loops/index_table.h"

#include <algorithm>
#include <type_traits>

#include <sinter/ir/assert.h>

namespace sinter::detail {

std::size_t IndexTable::Hash::operator()(const Index& index) const {
  std::uint64_t hash = static_cast<std::uint64_t>(index.op) << 8 | index.argument;
  for (std::uint64_t word : {static_cast<std::uint64_t>(index.a.index) << 32 | index.b.index,
                             static_cast<std::uint64_t>(index.immediate)}) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
  }
  return hash;
}

bool IndexTable::is(IndexId id, std::int64_t value) const {
  const Index& index = indices_[id.index];
  return index.op == IndexOp::constant && index.immediate == value;
}

std::optional<IndexId> IndexTable::simpler(const Index& index) {
  const auto [op, argument, a, b, immediate] = index;
  switch (op) {
    case IndexOp::add:
      if (is(a, 0)) return b;
      if (is(b, 0)) return a;
      break;
    case IndexOp::sub:
      if (is(b, 0)) return a;
      if (a == b) return constant(0);
      break;
    case IndexOp::mul:
      if (is(a, 0) || is(b, 1)) return a;
      if (is(b, 0) || is(a, 1)) return b;
      break;
    case IndexOp::min:
    case IndexOp::max:
      if (a == b) return a;
      break;
    case IndexOp::div:
      if (is(b, 1)) return a;
      break;
    case IndexOp::round_down:
    case IndexOp::blocks:
      if (immediate == 1) return a;
      break;
    case IndexOp::constant:
    case IndexOp::begin:
    case IndexOp::end:
    case IndexOp::extent:
    case IndexOp::stride:
    case IndexOp::variable:
    case IndexOp::to_alignment:
    case IndexOp::aligned:
    case IndexOp::distinct: return std::nullopt;
  }
  return folded(index);
}

std::optional<IndexId> IndexTable::folded(const Index& index) {
  const auto known = [this](IndexId id) { return indices_[id.index].op == IndexOp::constant; };
  if (!known(index.a) || (operand_count(index.op) == 2 && !known(index.b))) return std::nullopt;
  const std::int64_t a = indices_[index.a.index].immediate;
  const std::int64_t b = indices_[index.b.index].immediate;
  switch (index.op) {
    case IndexOp::add: return constant(a + b);
    case IndexOp::sub: return constant(a - b);
    case IndexOp::mul: return constant(a * b);
    case IndexOp::min: return constant(std::min(a, b));
    case IndexOp::max: return constant(std::max(a, b));
    case IndexOp::div: return constant(a / b);
    case IndexOp::round_down: return constant(a & -index.immediate);
    case IndexOp::blocks: return constant((a + index.immediate - 1) / index.immediate);
    default: return std::nullopt;
  }
}

IndexId IndexTable::make(const Index& index) {
  if (const std::optional<IndexId> other = simpler(index)) return *other;
  const IndexId next{static_cast<std::uint32_t>(indices_.size())};
  const auto [entry, added] = entries_.emplace(index, next);
  if (added) indices_.push_back(index);
  return entry->second;
}

int operand_count(IndexOp op) {
  switch (op) {
    case IndexOp::constant:
    case IndexOp::begin:
    case IndexOp::end:
    case IndexOp::extent:
    case IndexOp::stride:
    case IndexOp::variable:
    case IndexOp::distinct: return 0;
    case IndexOp::round_down:
    case IndexOp::blocks:
    case IndexOp::to_alignment:
    case IndexOp::aligned: return 1;
    case IndexOp::add:
    case IndexOp::sub:
    case IndexOp::mul:
    case IndexOp::min:
    case IndexOp::max:
    case IndexOp::div: return 2;
  }
  SINTER_ASSERT(false, "an index has an op");
}

namespace {

/// Visits the indices of one statement, which may be const.
template <typename Visit>
struct StatementIndices {
  const Visit& visit;

  void operator()(auto& statement) const {
    using T = std::remove_cvref_t<decltype(statement)>;
    if constexpr (std::is_same_v<T, Loop>) {
      for (auto* id : {&statement.variable, &statement.from, &statement.to}) visit(*id);
      for (auto& digit : statement.digits) {
        visit(digit.variable);
        visit(digit.radix);
      }
      for (auto& limit : statement.limits) {
        visit(limit.place);
        visit(limit.end);
      }
      for_each_index(statement.body, visit);
    } else if constexpr (std::is_same_v<T, Count>) {
      visit(statement.from);
    } else if constexpr (std::is_same_v<T, Transpose>) {
      visit(statement.offset);
      visit(statement.stride);
      visit(statement.to);
    } else if constexpr (std::is_same_v<T, Load> || std::is_same_v<T, Store>) {
      visit(statement.offset);
      if (statement.lanes == LaneStride::strided) visit(statement.lane_stride);
    }
  }
};

}  // namespace

void for_each_index(Block& block, const std::function<void(IndexId&)>& visit) {
  for (Statement& statement : block) std::visit(StatementIndices{visit}, statement);
}

void for_each_index(const Block& block, const std::function<void(IndexId)>& visit) {
  for (const Statement& statement : block) std::visit(StatementIndices{visit}, statement);
}

void drop_unused_indices(LoopNest& nest) {
  std::vector<bool> used(nest.indices.size());
  for_each_index(nest.body, [&used](IndexId& id) { used[id.index] = true; });
  for (std::size_t i = nest.indices.size(); i-- > 0;) {
    const Index& index = nest.indices[i];
    if (!used[i] || operand_count(index.op) == 0) continue;
    used[index.a.index] = true;
    if (operand_count(index.op) == 2) used[index.b.index] = true;
  }
  std::vector<IndexId> position(nest.indices.size());
  std::vector<Index> kept;
  for (std::size_t i = 0; i < nest.indices.size(); ++i) {
    if (!used[i]) continue;
    Index index = nest.indices[i];
    index.a = position[index.a.index];
    index.b = position[index.b.index];
    position[i].index = static_cast<std::uint32_t>(kept.size());
    kept.push_back(index);
  }
  nest.indices = std::move(kept);
  for_each_index(nest.body, [&position](IndexId& id) { id = position[id.index]; });
}

}  // namespace sinter::detail
