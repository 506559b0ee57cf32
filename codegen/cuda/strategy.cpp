// The decisions of the CUDA schedulers, one function each.
#include "cuda/strategy.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>

#include <sinter/ir/reduction.h>

namespace sinter::detail {
namespace {

constexpr std::int64_t kWarp = 32;

/// An input that changes along the innermost axis, or an output.
struct Walked {
  std::size_t argument;
  DType dtype;
  bool output;
};

std::vector<Walked> walked_arguments(const Graph& body, const LoopSpace& space,
                                     const Placement& placement) {
  std::vector<Walked> walked;
  for (NodeId id : placement.order) {
    const Node& node = body.node(id);
    if (node.op != Op::input) continue;
    const std::size_t argument = placement.walks[id.index];
    if (stride_class(space, argument, space.rank() - 1) == LaneStride::uniform) continue;
    walked.push_back({argument, node.dtype, false});
  }
  for (std::size_t i = 0; i < body.outputs().size(); ++i) {
    const DType dtype = body.node(body.outputs()[i].node).dtype;
    walked.push_back({body.inputs().size() + i, dtype, true});
  }
  return walked;
}

bool exceeds_cache(const Graph& body, const GpuModel& model) {
  std::int64_t bytes = 0;
  for (const GraphInput& input : body.inputs()) bytes += value_bytes(body, input.node);
  for (const GraphOutput& output : body.outputs()) bytes += value_bytes(body, output.node);
  return bytes > model.cache_bytes;
}

/// The fields that do not depend on the kind of the kernel.
CudaStrategy new_strategy(const Graph& body, const GpuModel& model) {
  CudaStrategy strategy;
  strategy.threads = model.block_threads;
  strategy.streaming = exceeds_cache(body, model);
  strategy.vectors.resize(body.inputs().size() + body.outputs().size());
  return strategy;
}

/// The largest power of two, up to `most`, that divides the innermost length and the strides of the
/// outer axes. A vector of as many elements lies within one row, and all vectors are aligned if the
/// first one is.
int divisor(const LoopSpace& space, std::size_t argument, int most) {
  if (space.rank() == 1) return most;
  std::int64_t bits = most | space.extents.back();
  for (int axis = 0; axis + 1 < space.rank(); ++axis) {
    bits |= space.strides[stride_slot(space, argument, axis)];
  }
  return static_cast<int>(bits & -bits);
}

bool is_contiguous(const LoopSpace& space, const Walked& walked) {
  const auto stride = walked.output ? store_stride(space, walked.argument)
                                    : stride_class(space, walked.argument, space.rank() - 1);
  return stride == LaneStride::contiguous;
}

/// Elements in one access: as many of the widest contiguous dtype as `access_bytes` hold, but so
/// few that the vectors of at least one argument stay within rows.
int choose_lanes(const LoopSpace& space, const std::vector<Walked>& walked, int access_bytes) {
  int bytes = 1;
  int lanes = 1;
  for (const Walked& one : walked) {
    if (!is_contiguous(space, one)) continue;
    bytes = std::max<int>(bytes, info(one.dtype).bytes);
    lanes = std::max(lanes, divisor(space, one.argument, access_bytes));
  }
  return std::min(lanes, access_bytes / bytes);
}

/// Bytes of one vector of every input in `walked` together; of every output if there is no input.
int vector_bytes(const std::vector<Walked>& walked, int lanes) {
  const bool reads = std::ranges::any_of(walked, [](const Walked& one) { return !one.output; });
  int bytes = 0;
  for (const Walked& one : walked) {
    if (one.output != reads) bytes += lanes * info(one.dtype).bytes;
  }
  return bytes;
}

int choose_unroll(const LoopSpace& space, const std::vector<Walked>& walked, int lanes,
                  const GpuModel& model) {
  const std::int64_t elements = std::accumulate(space.extents.begin(), space.extents.end(),
                                                std::int64_t{1}, std::multiplies<>());
  // With few elements, more threads beat more vectors a thread: they use all multiprocessors.
  const std::int64_t per_thread = elements / (model.resident_threads() * lanes);
  const auto pays = [&](int unroll) {
    return unroll * vector_bytes(walked, lanes) <= model.bytes_in_flight && unroll <= per_thread;
  };
  int unroll = 1;
  while (unroll < model.unroll && pays(2 * unroll)) unroll *= 2;
  return unroll;
}

int choose_singles(const std::vector<Walked>& walked, const GpuModel& model) {
  int singles = 1;
  while (singles < model.unroll &&
         singles * vector_bytes(walked, 1) < model.single_bytes_in_flight) {
    singles *= 2;
  }
  return singles;
}

// --- Reductions ----------------------------------------------------------------------------------

std::int64_t product(auto begin, auto end) {
  return std::accumulate(begin, end, std::int64_t{1}, std::multiplies<>());
}

/// Like `divisor`, for the vectors of a reduced row. The last vector of a row may be partial, so
/// the innermost length counts only if the reduced group has several axes. A chunk begins where the
/// chunk before it ends, so the length of a chunk counts.
int row_divisor(const LoopSpace& space, std::size_t argument, int most) {
  std::int64_t bits = most | space.chunk;
  if (space.reduced > 1) bits |= space.extents.back();
  for (int axis = 0; axis + 1 < space.rank(); ++axis) {
    bits |= space.strides[stride_slot(space, argument, axis)];
  }
  return static_cast<int>(bits & -bits);
}

/// The arguments that are contiguous along the row.
std::vector<Walked> row_arguments(const Graph& body, const LoopSpace& space,
                                  const Placement& placement) {
  std::vector<Walked> walked = walked_arguments(body, space, placement);
  std::erase_if(walked, [&](const Walked& one) {
    return stride_class(space, one.argument, space.rank() - 1) != LaneStride::contiguous;
  });
  return walked;
}

/// The dtype of each reduction that the kernel needs.
std::vector<DType> accumulators(const Graph& body, const Placement& placement) {
  std::vector<DType> dtypes;
  for (std::uint32_t i = 0; i < body.nodes().size(); ++i) {
    const bool reduces = info(body.node({i}).op).kind == OpKind::reduction;
    if (reduces && placement.is_needed({i})) dtypes.push_back(body.node({i}).dtype);
  }
  return dtypes;
}

/// Elements in one access of a reduced row: so few that the W lanes of every pass are a multiple of
/// the elements that the threads of a team access at once.
int choose_row_lanes(const LoopSpace& space, const std::vector<Walked>& walked,
                     const std::vector<DType>& accumulators, int access_bytes) {
  int bytes = 1;
  int lanes = 1;
  for (const Walked& one : walked) {
    bytes = std::max<int>(bytes, info(one.dtype).bytes);
    lanes = std::max(lanes, row_divisor(space, one.argument, access_bytes));
  }
  for (DType dtype : accumulators) bytes = std::max<int>(bytes, info(dtype).bytes);
  return std::min(lanes, access_bytes / bytes);
}

/// Threads in a block: `threads`, halved until `units` of `unit_threads` each make enough blocks
/// for the device, but at least a warp.
int choose_threads(std::int64_t units, std::int64_t unit_threads, int threads,
                   const GpuModel& model) {
  const std::int64_t blocks = model.resident_threads() / model.reduction_block_threads;
  while (threads > kWarp && units * unit_threads / threads < blocks) {
    threads /= 2;
  }
  return threads;
}

// --- Products ------------------------------------------------------------------------------------

/// The smallest power of two that is at least `length`, but at most `most`.
int up_to(std::int64_t length, int most) {
  const auto covering =
      std::bit_ceil(static_cast<std::uint64_t>(std::max<std::int64_t>(length, 1)));
  return static_cast<int>(std::min<std::uint64_t>(covering, static_cast<std::uint64_t>(most)));
}

/// The smallest tile that covers the result, or the largest one allowed. Up to 8 threads lie along
/// the rows; the threads of a warp lie along the columns, if there are enough columns.
CudaProductStrategy covering_tile(std::int64_t rows, std::int64_t columns, int bytes,
                                  const GpuModel& model) {
  CudaProductStrategy tile;
  tile.across = std::max(16, up_to(columns, model.block_threads / up_to(rows, 8)));
  tile.down = model.block_threads / tile.across;
  const auto more_columns = [&] {
    return tile.lanes < model.access_bytes / bytes && tile.tile_columns() < columns &&
           2 * tile.tile_columns() <= model.tile_columns;
  };
  while (more_columns()) tile.lanes *= 2;
  while (tile.rows < model.thread_rows && tile.tile_rows() < rows) tile.rows *= 2;
  return tile;
}

/// Halves one side of the tile, the longer one if possible, but to no less than `side`. Returns
/// false if neither side can be halved.
bool halve(CudaProductStrategy& tile, std::int64_t side) {
  const bool by_rows = tile.tile_rows() >= tile.tile_columns();
  if (by_rows && tile.rows > 1 && tile.tile_rows() > side) {
    tile.rows /= 2;
  } else if (tile.lanes > 1 && tile.tile_columns() > side) {
    tile.lanes /= 2;
  } else if (tile.rows > 1 && tile.tile_rows() > side) {
    tile.rows /= 2;
  } else {
    return false;
  }
  return true;
}

/// True if `holds` is true for the argument of any input on this side of the product.
bool any_walked(const Graph& body, const std::vector<bool>& side, auto&& holds) {
  return std::ranges::any_of(body.inputs(), [&](const GraphInput& input) {
    return side[input.node.index] && holds(body.node(input.node).payload);
  });
}

}  // namespace

CudaProductStrategy choose_cuda_product_strategy(const Graph& body, const LoopSpace& space,
                                                 const ProductSides& sides,
                                                 const GpuTarget& target) {
  const std::int64_t columns = space.extents.back();
  const std::int64_t rows = *(space.extents.end() - 2);
  const int bytes = info(body.node(sides.dot).dtype).bytes;
  const GpuModel& model = target.model;
  CudaProductStrategy tile = covering_tile(rows, columns, bytes, model);
  tile.ahead = model.product_ahead;
  tile.staged_in_flight = model.staged_in_flight;
  tile.padding_bytes = model.padding_bytes;
  const auto blocks = [&] { return space.product_tiles(tile.tile_rows(), tile.tile_columns()); };
  const std::int64_t wanted = model.resident_threads() / model.tile_threads;
  while (blocks() < wanted && halve(tile, model.tile_side)) {
  }
  const auto by_depth = [&](const std::vector<bool>& side, int axis) {
    return any_walked(body, side, [&](std::size_t input) {
      return stride_class(space, input, 0) == LaneStride::contiguous &&
             stride_class(space, input, axis) != LaneStride::contiguous;
    });
  };
  tile.rows_by_depth = by_depth(sides.rows, space.rank() - 2);
  tile.columns_by_depth = by_depth(sides.columns, space.rank() - 1);
  return tile;
}

CudaStrategy choose_epilogue_strategy(const Graph& body, const LoopSpace& space,
                                      const Placement& placement, const ProductSides& sides,
                                      const CudaProductStrategy& product, const GpuTarget& target) {
  CudaStrategy strategy = new_strategy(body, target.model);
  strategy.threads = product.threads();
  strategy.lanes = product.lanes;
  strategy.unroll = product.rows;
  std::vector<bool> in_epilogue(strategy.vectors.size(), true);
  for (const GraphInput& input : body.inputs()) {
    in_epilogue[body.node(input.node).payload] = sides.after[input.node.index];
  }
  for (const Walked& one : walked_arguments(body, space, placement)) {
    if (one.argument >= in_epilogue.size() || !in_epilogue[one.argument]) continue;
    strategy.vectors[one.argument] =
        strategy.lanes > 1 && is_contiguous(space, one) &&
        divisor(space, one.argument, target.model.access_bytes) >= strategy.lanes;
  }
  return strategy;
}

CudaStrategy choose_cuda_reduction_strategy(const Graph& body, const LoopSpace& space,
                                            const Placement& placement, const GpuTarget& target) {
  const GpuModel& model = target.model;
  CudaStrategy strategy = new_strategy(body, model);
  const bool small = pressure(body, placement).operations <= model.large_body;
  strategy.ahead = small ? model.reduction_ahead : 1;
  strategy.shared_bytes = model.shared_bytes;
  const auto inner = space.extents.end() - space.inner;
  const std::int64_t outer = product(space.extents.begin(), inner - space.reduced);
  if (space.inner > 0) {
    strategy.ahead *= 2;
    const std::int64_t columns = outer * product(inner, space.extents.end());
    strategy.threads = choose_threads(columns, 1, strategy.threads, model);
    return strategy;
  }
  const std::vector<Walked> walked = row_arguments(body, space, placement);
  const std::vector<DType> dtypes = accumulators(body, placement);
  strategy.lanes = choose_row_lanes(space, walked, dtypes, model.access_bytes);
  for (const Walked& one : walked) {
    strategy.vectors[one.argument] =
        strategy.lanes > 1 &&
        row_divisor(space, one.argument, model.access_bytes) >= strategy.lanes;
  }
  std::int64_t chunk = kChunkSteps * reduction_lanes(DType::u8);
  for (DType dtype : dtypes) chunk = std::min(chunk, kChunkSteps * reduction_lanes(dtype));
  const std::int64_t row = space.reduced_extent();
  if (row > chunk) {
    const auto chunks = static_cast<std::uint64_t>((row + chunk - 1) / chunk);
    const std::uint64_t teams = std::bit_ceil(std::min<std::uint64_t>(chunks, 16));
    strategy.threads = static_cast<int>(teams) * kTeam;
  } else {
    strategy.threads = choose_threads(outer, kTeam, strategy.threads, model);
    strategy.rows = strategy.threads / kTeam;
  }
  return strategy;
}

CudaStrategy choose_cuda_strategy(const Graph& body, const LoopSpace& space,
                                  const Placement& placement, const GpuTarget& target) {
  const std::vector<Walked> walked = walked_arguments(body, space, placement);
  const GpuModel& model = target.model;
  CudaStrategy strategy = new_strategy(body, model);
  strategy.lanes = choose_lanes(space, walked, model.access_bytes);
  if (pressure(body, placement).operations <= model.large_body) {
    strategy.unroll = choose_unroll(space, walked, strategy.lanes, model);
    if (strategy.lanes > 1) strategy.singles = choose_singles(walked, model);
  }
  for (const Walked& one : walked) {
    strategy.vectors[one.argument] =
        strategy.lanes > 1 && is_contiguous(space, one) &&
        divisor(space, one.argument, model.access_bytes) >= strategy.lanes;
  }
  return strategy;
}

}  // namespace sinter::detail
