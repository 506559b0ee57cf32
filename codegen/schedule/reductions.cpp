#include "schedule/reductions.h"

#include <bit>
#include <utility>

#include <sinter/ir/element.h>
#include <sinter/ir/reduction.h>

namespace sinter::detail {
namespace {

[[nodiscard]] bool is_reduction(const NestDraft& draft, NodeId node) {
  return info(draft.body.node(node).op).kind == OpKind::reduction;
}

ValueId new_identity(NestDraft& draft, NodeId reduction, Block& block) {
  const auto [op, dtype] =
      std::pair(draft.body.node(reduction).op, draft.body.node(reduction).dtype);
  const std::uint64_t bits = identity_bits(op, dtype);
  const auto constant = [&, type = dtype](double value) {
    const ValueId id = draft.new_value(type);
    block.emplace_back(Compute{id, Op::constant, 0, {}, std::bit_cast<std::uint64_t>(value)});
    return id;
  };
  const double value = element_value(bits, dtype);
  if (element_bits(value, dtype) == bits && value != 0x1p63) return constant(value);
  // An f64 payload cannot hold the highest i64, which is the complement of the lowest.
  const ValueId lowest = constant(-0x1p63);
  const ValueId result = draft.new_value(dtype);
  block.emplace_back(Compute{result, Op::bit_not, 1, {lowest}, 0});
  return result;
}

std::int64_t power(std::int64_t base, int exponent) {
  std::int64_t result = 1;
  for (int i = 0; i < exponent; ++i) result *= base;
  return result;
}

}  // namespace

// --- Values --------------------------------------------------------------------------------------

void define_identities(NestDraft& draft, Block& block) {
  for (std::uint32_t i = 0; i < draft.body.nodes().size(); ++i) {
    if (!is_reduction(draft, {i}) || !draft.placement.is_needed({i})) continue;
    draft.identities[i] = new_identity(draft, {i}, block);
  }
}

Values identities(const NestDraft& draft, const ReductionPass& pass) {
  Values values;
  for (NodeId reduction : pass.reductions) values.push_back(draft.identities[reduction.index]);
  return values;
}

Values operand_values(const NestDraft& draft, const ReductionPass& pass) {
  Values values;
  for (NodeId reduction : pass.reductions) {
    values.push_back(draft.value_of(draft.body.node(reduction).operands[0]));
  }
  return values;
}

void set_results(NestDraft& draft, const ReductionPass& pass, const Values& results) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    draft.values[pass.reductions[i].index] = results[i];
    draft.defined[pass.reductions[i].index] = true;
  }
}

Wanted missing(const NestDraft& draft, const std::vector<bool>& cone, Level level) {
  return [&draft, &cone, level](NodeId node) {
    return cone[node.index] && draft.placement.level(node) == level && !draft.defined[node.index] &&
           !is_reduction(draft, node);
  };
}

void set_defined(NestDraft& draft, const std::vector<bool>& cone, Level level) {
  for (std::uint32_t i = 0; i < cone.size(); ++i) {
    const bool defines = cone[i] && draft.placement.level({i}) == level;
    if (defines && !is_reduction(draft, {i})) draft.defined[i] = true;
  }
}

Locals new_locals(NestDraft& draft, const ReductionPass& pass, std::int64_t elements) {
  Locals locals;
  for (NodeId reduction : pass.reductions) {
    locals.push_back(draft.new_local(draft.body.node(reduction).dtype, elements));
  }
  return locals;
}

void store_results(const Values& values, const Locals& locals, IndexId place, Block& block) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    block.emplace_back(Store{.value = values[i],
                             .argument = locals[i],
                             .lanes = LaneStride::uniform,
                             .offset = place,
                             .lane_stride = {}});
  }
}

// --- Loops ---------------------------------------------------------------------------------------

Values accumulated(NestDraft& draft, const ReductionPass& pass, Loop loop, const Values& first,
                   const LoopOperands& operands, Block& block) {
  for (std::size_t i = 0; i < first.size(); ++i) {
    const DType dtype = draft.body.node(pass.reductions[i]).dtype;
    loop.carried.push_back({first[i], draft.new_value(dtype), {}, draft.new_value(dtype)});
  }
  const Values x = operands(loop);
  Values results;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Node& node = draft.body.node(pass.reductions[i]);
    Carry& carry = loop.carried[i];
    carry.next = draft.new_value(node.dtype);
    loop.body.emplace_back(Compute{carry.next, combiner(node.op), 2, {carry.value, x[i]}, 0});
    results.push_back(carry.result);
  }
  block.emplace_back(std::move(loop));
  return results;
}

Values fold(NestDraft& draft, const ReductionPass& pass, const Values& lanes, Block& block) {
  Values results;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const Node& node = draft.body.node(pass.reductions[i]);
    results.push_back(draft.new_value(node.dtype));
    block.emplace_back(Fold{results.back(), combiner(node.op), lanes[i]});
  }
  return results;
}

Span reduced_span(NestDraft& draft, const ReductionPasses& over, IndexId chunk) {
  IndexId length = draft.number(1);
  for (int axis = over.outer(); axis < over.outer() + over.axes().reduced; ++axis) {
    length = draft.indices.mul(length, draft.indices.extent(axis));
  }
  const Span group{draft.number(0), length};
  return draft.space.chunk == 0 ? group : draft.part(group, chunk, draft.space.chunk);
}

Values reduce_row(NestDraft& draft, const ReductionPass& pass, int level, Span range,
                  const RowReduction& target, Block& block) {
  if (level == 0) return target.reduce_chunk(range, block);
  const std::int64_t size = power(pass.chunk(), level);
  const IndexId count = draft.indices.blocks(draft.indices.sub(range.to, range.from), size);
  const Locals results = target.new_results(level, count, block);
  Loop chunks = target.chunk_loop(level, count);
  const Span chunk = draft.part(range, chunks.variable, size);
  const Values values = reduce_row(draft, pass, level - 1, chunk, target, chunks.body);
  store_results(values, results, chunks.variable, chunks.body);
  // The next chunk overwrites the results of the level below.
  if (target.barriers && level > 1) chunks.body.emplace_back(Barrier{});
  block.emplace_back(std::move(chunks));
  if (target.barriers) block.emplace_back(Barrier{});
  return target.reduce_results(results, count, block);
}

Values reduce_columns(NestDraft& draft, const ReductionPass& pass, int level, Span rows,
                      const LoopOperands& operands, Block& block) {
  const std::int64_t size = power(kChunkSteps, level);
  const IndexId count = draft.indices.blocks(draft.indices.sub(rows.to, rows.from), size);
  const Span steps = level == 0 ? rows : Span{draft.number(0), count};
  const auto reduced = [&](Loop& loop) {
    if (level == 0) return operands(loop);
    const Span chunk = draft.part(rows, loop.variable, size);
    return reduce_columns(draft, pass, level - 1, chunk, operands, loop.body);
  };
  return accumulated(draft, pass, draft.new_loop(LoopKind::serial, steps), identities(draft, pass),
                     reduced, block);
}

}  // namespace sinter::detail
