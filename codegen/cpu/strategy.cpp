// The decisions of the CPU scheduler, one function each.
#include "cpu/strategy.h"

#include <algorithm>
#include <optional>
#include <ranges>

namespace sinter::detail {
namespace {

std::vector<NodeId> reductions(const Graph& body) {
  std::vector<NodeId> result;
  for (std::uint32_t i = 0; i < body.nodes().size(); ++i) {
    if (info(body.node({i}).op).kind == OpKind::reduction) result.push_back({i});
  }
  return result;
}

/// Returns the number of elements in one vector: as many as a register holds of the widest dtype
/// that the kernel has in vectors.
int choose_lanes(const Graph& body, const Placement& placement, const Target& target) {
  int bytes = 1;
  const auto widen = [&](NodeId node) {
    bytes = std::max<int>(bytes, info(body.node(node).dtype).bytes);
  };
  for (NodeId node : placement.order) {
    if (placement.level(node) == Level::lane) widen(node);
  }
  for (const GraphOutput& output : body.outputs()) widen(output.node);
  for (NodeId reduction : reductions(body)) widen(reduction);
  return target.vector_bytes / bytes;
}

/// Returns how many vectors in flight the registers hold; a chain counts on twice the registers.
int choose_unroll(const Pressure& pressure, const Target& target) {
  const CpuModel& model = target.model;
  if (pressure.operations > model.large_body || pressure.instructions > model.large_code) return 1;
  const bool chain = pressure.operations >= model.chain;
  const int registers = target.vector_registers * (chain ? 2 : 1);
  const int invariant = chain ? 0 : pressure.invariant;
  for (int unroll = model.unroll; unroll > 1; unroll /= 2) {
    if (unroll * pressure.live + invariant <= registers) return unroll;
  }
  return 1;
}

/// Returns the unroll factor of a reduction over columns. Accumulators take at most half of the
/// registers. The code repeats each op for every vector, so its size is bounded. A narrow row gets
/// no more vectors than it fills.
int choose_column_unroll(const Graph& body, const LoopSpace& space, const Pressure& pressure,
                         int lanes, const Target& target) {
  const auto accumulators = static_cast<int>(reductions(body).size());
  const int most = std::min({target.vector_registers / 2 / accumulators,
                             target.model.large_body / std::max(pressure.operations, 1),
                             target.model.large_code / std::max(pressure.instructions, 1)});
  int unroll = 1;
  while (2 * unroll <= most && std::int64_t{unroll} * lanes < space.extents.back()) unroll *= 2;
  return unroll;
}

DType output_dtype(const Graph& body, std::size_t output) {
  return body.node(body.outputs()[output].node).dtype;
}

LaneStride output_stride(const Graph& body, const LoopSpace& space, std::size_t output) {
  return store_stride(space, body.inputs().size() + output);
}

bool is_contiguous(const Graph& body, const LoopSpace& space, std::size_t output) {
  return output_stride(body, space, output) == LaneStride::contiguous;
}

bool is_one_access(LaneStride stride) {
  return stride == LaneStride::contiguous || stride == LaneStride::reversed;
}

/// True if an output varies along the innermost axis. Where rows are reduced, other outputs have
/// one element for each row.
bool walks_rows(const Graph& body, const LoopSpace& space, std::size_t output) {
  const std::size_t argument = body.inputs().size() + output;
  return stride_class(space, argument, space.rank() - 1) != LaneStride::uniform;
}

/// True if AVX2 has masked loads and stores of this dtype: elements of 4 and 8 bytes.
bool has_masked_access(DType dtype) { return info(dtype).bytes >= 4; }

/// Without cheap masks for every dtype, a masked vector pays only if each access is one masked
/// instruction. For bytes and gathers, single elements are cheaper.
bool choose_masks(const Graph& body, const LoopSpace& space, const Placement& placement,
                  const Target& target) {
  if (target.masked_memory || !target.masked_words) return target.masked_memory;
  const auto one_instruction = [&](NodeId id) {
    const Node& node = body.node(id);
    if (node.op != Op::input || placement.level(id) != Level::lane) return true;
    return has_masked_access(node.dtype) && is_one_access(load_stride(space, node.payload));
  };
  const auto is_maskable = [&](NodeId id) { return has_masked_access(body.node(id).dtype); };
  return std::ranges::all_of(placement.order, one_instruction) &&
         std::ranges::all_of(reductions(body), is_maskable) &&
         std::ranges::all_of(std::views::iota(std::size_t{0}, body.outputs().size()),
                             [&](std::size_t output) {
                               return has_masked_access(output_dtype(body, output)) &&
                                      is_one_access(output_stride(body, space, output));
                             });
}

/// Prefetches pay where few loads are in flight: a long body leaves room for few iterations in the
/// core, and an iteration of a reduction waits for the one before it. They pay only for inputs that
/// exceed the second-level cache and that are read densely.
std::vector<std::uint16_t> choose_prefetch(const Graph& body, const LoopSpace& space,
                                           const Pressure& pressure, const CpuModel& model) {
  std::vector<std::uint16_t> prefetch(body.inputs().size());
  const bool reduces_rows = space.reduced > 0 && space.inner == 0;
  const bool waits = reduces_rows || (space.reduced == 0 && pressure.operations >= model.chain);
  if (!waits || space.product || space.tile > 0) return prefetch;
  const int inner = space.rank() - 1;
  for (const GraphInput& input : body.inputs()) {
    const std::size_t argument = body.node(input.node).payload;
    const std::int64_t length = space.extents.back();
    const bool dense = inner == 0 ||
                       space.strides[stride_slot(space, argument, inner - 1)] == length ||
                       length * info(body.node(input.node).dtype).bytes >= model.long_row_bytes;
    const bool pays = dense && load_stride(space, argument) == LaneStride::contiguous &&
                      value_bytes(body, input.node) > model.prefetched_bytes;
    prefetch[argument] = pays ? static_cast<std::uint16_t>(model.prefetch_distance) : 0;
  }
  return prefetch;
}

/// Non-temporal stores of less than half a register do not pay: booleans, and dtypes of less than
/// half the width of the widest one, are stored through the cache.
std::vector<bool> choose_streamed(const Graph& body, const LoopSpace& space, int lanes,
                                  const Target& target, const ScheduleOptions& options) {
  std::vector<bool> streamed;
  for (std::size_t i = 0; i < body.outputs().size(); ++i) {
    const DType dtype = output_dtype(body, i);
    const bool wide = lanes * info(dtype).bytes * 2 >= target.vector_bytes;
    streamed.push_back(options.streaming && dtype != DType::boolean && wide &&
                       is_contiguous(body, space, i) && walks_rows(body, space, i));
  }
  return streamed;
}

/// Returns the contiguous output with the widest elements, whose alignment pays most.
std::optional<std::size_t> choose_anchor(const Graph& body, const LoopSpace& space) {
  std::optional<std::size_t> widest;
  for (std::size_t i = 0; i < body.outputs().size(); ++i) {
    if (!is_contiguous(body, space, i) || !walks_rows(body, space, i)) continue;
    const bool wider = !widest.has_value() ||
                       info(output_dtype(body, i)).bytes > info(output_dtype(body, *widest)).bytes;
    if (wider) widest = i;
  }
  return widest;
}

/// Interleaving pays only if all inputs and outputs are bf16. A shift widens the even elements of a
/// load to f32, and a mask the odd ones. f16 has instructions that widen elements in order.
bool choose_interleave(const Graph& body, const LoopSpace& space, const Placement& placement,
                       int unroll) {
  const auto fits = [&](DType dtype, LaneStride stride) {
    return dtype == DType::bf16 && stride == LaneStride::contiguous;
  };
  const auto input_fits = [&](NodeId id) {
    const Node& node = body.node(id);
    if (placement.level(id) != Level::lane) return true;
    if (node.op == Op::iota) return false;
    if (node.op != Op::input) return true;
    return fits(node.dtype, load_stride(space, node.payload));
  };
  if (unroll % 2 != 0 || !std::ranges::all_of(placement.order, input_fits)) return false;
  for (std::size_t i = 0; i < body.outputs().size(); ++i) {
    if (!fits(output_dtype(body, i), output_stride(body, space, i))) return false;
  }
  return true;
}

}  // namespace

std::ptrdiff_t CpuStrategy::streams() const { return std::ranges::count(streamed, true); }

CpuStrategy choose_strategy(const Graph& body, const LoopSpace& space, const Placement& placement,
                            const Target& target, const ScheduleOptions& options) {
  const Pressure need = pressure(body, placement);
  CpuStrategy strategy;
  strategy.vector_bytes = target.vector_bytes;
  strategy.kept_operations = target.model.kept_operations;
  strategy.kept_bytes = target.model.kept_bytes;
  strategy.lanes = choose_lanes(body, placement, target);
  strategy.unroll = space.reduced > 0 && space.inner > 0
                        ? choose_column_unroll(body, space, need, strategy.lanes, target)
                        : choose_unroll(need, target);
  // A kernel that streams is bound by memory, and pairs would need alignment to two vectors.
  strategy.interleave = !options.streaming && space.reduced == 0 && !space.product &&
                        choose_interleave(body, space, placement, strategy.unroll);
  strategy.masks = choose_masks(body, space, placement, target);
  strategy.middle = strategy.unroll > 1 && !target.masked_memory;
  strategy.prefetch = choose_prefetch(body, space, need, target.model);
  strategy.streamed = choose_streamed(body, space, strategy.lanes, target, options);
  strategy.streamed_in_place = options.streaming_in_place;
  const std::optional<std::size_t> anchor = choose_anchor(body, space);
  strategy.anchor = anchor.value_or(0);
  // Rows begin at any alignment, and a peel in each of them would cost more than it gains.
  const bool pays =
      space.rank() == 1 && space.reduced == 0 && need.operations <= target.model.large_body;
  strategy.peel = anchor.has_value() && (strategy.streams() > 0 || pays);
  return strategy;
}

}  // namespace sinter::detail
