// From one kernel of a plan to a LoopNest: collapsing of axes, then the CPU scheduler, which alone
// decides vector width, unrolling, peeling, placement of row-constant work, and streaming.
#pragma once

#include <cstdint>
#include <vector>

#include <sinter/codegen/loop_nest.h>
#include <sinter/codegen/target.h>
#include <sinter/ir/graph.h>

namespace sinter {

/// Rows of a strip of blocks, a multiple of the side of any block.
inline constexpr std::int64_t kStripRows = 1024;

/// Rows of a block of a product, a multiple of the rows of any tile.
inline constexpr std::int64_t kProductRows = 168;
/// Bytes of a row of such a block.
inline constexpr std::int64_t kProductRowBytes = 1024;

/// Columns whose reduction is one unit of work.
inline constexpr std::int64_t kColumnBlock = 512;

/// The iteration space of a kernel after axes of length 1 are dropped, the others put in the order
/// in which the first output lies in memory, and those merged that every buffer walks as one. These
/// are the numbers that a call passes; the nest holds only their classes. Rank is at least 1.
struct SINTER_API LoopSpace {
  std::vector<std::int64_t> extents;
  std::vector<std::int64_t> strides;  ///< [argument][axis], in elements; 0 repeats. Behind the
                                      ///< arguments each iota, as if it lay in memory
  /// Of a kernel with reductions: the number of axes that are reduced, and of those behind them.
  /// The axes of the group keep their order, and are merged with each other alone.
  int reduced = 0;
  int inner = 0;
  /// Not 0 where the reductions stop at the results of chunks of so many elements. The axis in
  /// front of the group then counts the chunks, and outputs alone walk it.
  std::int64_t chunk = 0;
  /// Not 0 where an input lies across the rows: side of the square blocks of the last two axes that
  /// are walked in turn. The last axis but one is the one along which that input is contiguous.
  std::int64_t tile = 0;
  /// Of a kernel with a product: the axes are what is summed, those in front of the matrices, rows
  /// and columns of the result; these are there with length 1 too.
  bool product = false;
  /// The columns of the result are the rows of its first operand: it lies that way.
  bool swapped = false;
  std::int64_t column_block = 0;  ///< columns of one unit of a product

  [[nodiscard]] int rank() const { return static_cast<int>(extents.size()); }
  /// What begin and end of a call count: elements for rank 1, else rows (all axes but the last), or
  /// strips of blocks where the space is tiled. Where it is reduced, what is reduced to one, or
  /// blocks of columns. Of a product, blocks of its result.
  [[nodiscard]] std::int64_t parallel_extent() const;
  /// Elements, or where the space is reduced the groups that become one each: what the blocks of a
  /// GPU cover.
  [[nodiscard]] std::int64_t unreduced_extent() const;
  /// Of a product: tiles of so many rows and columns that cover the result, of all matrices.
  [[nodiscard]] std::int64_t product_tiles(std::int64_t rows, std::int64_t columns) const;
  /// Of a reduction: elements that become one, those of the group or of a chunk of it.
  [[nodiscard]] std::int64_t reduced_extent() const;
  /// Elements per parallel index, in a strip or a block at most.
  [[nodiscard]] std::int64_t inner_extent() const;
  /// Multiplications of a product, else 0.
  [[nodiscard]] std::int64_t multiplications() const;
};

/// The collapsed space of a kernel body: all its outputs have one shape, against which its inputs
/// broadcast, or that of the rows that it reduces and that of what is left of them. Arguments are
/// inputs, then outputs.
[[nodiscard]] SINTER_API LoopSpace collapse(const Graph& body);

/// The classes of lengths that machine code depends on.
struct ScheduleOptions {
  bool streaming = false;  ///< outputs do not fit the cache: peel to alignment, store around it
};

/// Whether a kernel with these outputs should stream on this target.
[[nodiscard]] SINTER_API bool should_stream(const Graph& body, const Target& target);

/// `body` is expanded (primitives only). Deterministic; depends on `space` only by its rank, its
/// tile and chunk and by which strides are 0, 1, -1 or none of these.
[[nodiscard]] SINTER_API LoopNest schedule_cpu(const Graph& body, const LoopSpace& space,
                                               const Target& target,
                                               const ScheduleOptions& options = {});

/// Replaces lengths and strides by the constants of `space`: what `Specialize::shape` asks for.
[[nodiscard]] SINTER_API LoopNest specialize_shape(LoopNest nest, const LoopSpace& space);

}  // namespace sinter
