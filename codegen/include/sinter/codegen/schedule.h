// From one kernel of a plan to a LoopNest: `collapse` makes the iteration space, and the CPU
// scheduler makes the loops. The scheduler alone decides vector width, unrolling, peeling, where
// values that are constant along a row are computed, and non-temporal stores.
#pragma once

#include <cstdint>
#include <vector>

#include <sinter/codegen/loop_nest.h>
#include <sinter/codegen/target.h>
#include <sinter/ir/graph.h>
#include <sinter/ir/plan.h>

namespace sinter {

/// Rows of a strip: the square blocks, one below another, that are one unit of work of a tiled
/// space. A multiple of the side of every block.
inline constexpr std::int64_t kStripRows = 1024;

/// Rows of the block of a product's result that is one unit of work; a multiple of the rows of
/// every tile.
inline constexpr std::int64_t kProductRows = 168;
/// Bytes of one row of that block.
inline constexpr std::int64_t kProductRowBytes = 1024;

/// Columns that one unit of work reduces, in a kernel that reduces along columns.
inline constexpr std::int64_t kColumnBlock = 512;

/// The iteration space of a kernel. Axes of length 1 are dropped, the others are ordered as the
/// first output lies in memory, and neighbouring axes are merged where every buffer walks them as
/// one. Calls pass these numbers; the nest depends on their classes only. Rank is at least 1.
struct SINTER_API LoopSpace {
  std::vector<std::int64_t> extents;  ///< [axis], outermost first
  /// [argument][axis], in elements; 0 broadcasts. After the arguments, each iota has a row of its
  /// own: the strides of a buffer that held its counts.
  std::vector<std::int64_t> strides;
  /// Number of axes that the kernel reduces (the group), and of axes that follow the group. The
  /// axes of the group keep their order, and are merged only with each other.
  int reduced = 0;
  int inner = 0;
  /// Elements of a chunk if the reductions stop at the results of chunks, else 0. The axis before
  /// the group then counts the chunks, and only outputs vary along it.
  std::int64_t chunk = 0;
  /// Side, in elements, of the square blocks into which the last two axes are cut if an input has
  /// to be transposed, else 0. That input is contiguous along the last axis but one.
  std::int64_t tile = 0;
  /// True for a kernel with a product. The axes are then K, the batch axes, M and N. K, M and N are
  /// present even with length 1.
  bool product = false;
  /// True if M and N are exchanged, because the first output is contiguous along M. M then counts
  /// the columns of the product's second operand, and N the rows of the first.
  bool swapped = false;
  std::int64_t column_block = 0;  ///< columns of the block that is one unit of work of a product

  [[nodiscard]] int rank() const { return static_cast<int>(extents.size()); }
  /// Number of units of work; begin and end of a call count them. A unit is
  ///   - without reductions: an element if the rank is 1, a strip of blocks if the space is tiled,
  ///     else a row (a position along all axes but the last)
  ///   - with reductions: the elements that become one result, or a block of columns
  ///   - with a product: a block of its result
  [[nodiscard]] std::int64_t parallel_extent() const;
  /// Number of elements, or, with reductions, of results of each reduction. The blocks of a GPU
  /// cover this range.
  [[nodiscard]] std::int64_t unreduced_extent() const;
  /// Number of tiles of `rows` x `columns` that cover a product's result, over all matrices.
  [[nodiscard]] std::int64_t product_tiles(std::int64_t rows, std::int64_t columns) const;
  /// Number of elements that a reduction combines to one result: of the group, or of a chunk.
  [[nodiscard]] std::int64_t reduced_extent() const;
  /// Largest number of elements that one unit of work covers.
  [[nodiscard]] std::int64_t inner_extent() const;
  /// Number of multiplications of a product; 0 for other kernels.
  [[nodiscard]] double multiplications() const;
};

/// Returns the iteration space of a kernel body. All outputs have one shape, to which the inputs
/// broadcast; in a kernel with reductions an output has the shape of the operands that are reduced,
/// or of the results. Arguments are the inputs, then the outputs. `frame` is that of the PlanKernel
/// whose body was expanded. `model` decides the side of the blocks of a transpose.
[[nodiscard]] SINTER_API LoopSpace collapse(const Graph& body, const KernelFrame& frame,
                                            const CpuModel& model = {});
/// The same for a body that no planner made.
[[nodiscard]] SINTER_API LoopSpace collapse(const Graph& body, const CpuModel& model = {});

/// The classes of lengths that callers of schedule_cpu decide.
struct ScheduleOptions {
  /// True to use non-temporal stores, after a peel to their alignment: for outputs that do not fit
  /// the cache.
  bool streaming = false;
  /// True to use non-temporal stores even if an output aliases an input. Otherwise the kernel tests
  /// at each call whether it does, and then uses ordinary stores.
  bool streaming_in_place = false;
};

/// True if the outputs of `body` together exceed CpuModel::streaming_bytes.
[[nodiscard]] SINTER_API bool should_stream(const Graph& body, const Target& target);
/// True if they exceed CpuModel::in_place_streaming_bytes.
[[nodiscard]] SINTER_API bool should_stream_in_place(const Graph& body, const Target& target);

/// Returns the estimated time of a kernel on one thread, in nanoseconds, by the numbers of the
/// target's model. `body` is expanded. A rough figure: it decides on how many threads a kernel
/// runs.
[[nodiscard]] SINTER_API double estimate_nanoseconds(const Graph& body, const LoopSpace& space,
                                                     const Target& target);

/// Returns the loops of a kernel for a CPU. `body` is expanded (primitives only). Deterministic.
/// Depends on `space` by its rank, tile and chunk, by which strides are 0, 1, -1 or another number,
/// and otherwise by classes of lengths alone:
///   - whether a buffer that is read densely exceeds CpuModel::prefetched_bytes
///   - with reductions: the levels of chunks, whether a row fits one step, the bytes of rows that
///     are kept in local memory, up to a power of two, and the vectors that a row of columns fills
///   - with a product: how M and N fill the tiles, and whether K and the operands fit the blocks
[[nodiscard]] SINTER_API LoopNest schedule_cpu(const Graph& body, const LoopSpace& space,
                                               const Target& target,
                                               const ScheduleOptions& options = {});

/// Returns `nest` with the lengths and strides of `space` as constants, for `Specialize::shape`.
[[nodiscard]] SINTER_API LoopNest specialize_shape(LoopNest nest, const LoopSpace& space);

}  // namespace sinter
