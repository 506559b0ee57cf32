// Plan: a graph cut into kernels, and the buffers between them.
//
// `partition` walks the graph in topological order and groups ops into segments. A value that a
// later segment uses is stored, unless it is cheaper to rematerialise it there. A segment becomes
// one kernel per shape of stored value, or one kernel for rows and their reductions together. Every
// stored value names a CutRule: why it is stored. The plan depends only on the limits and on the
// structure of the graph, never on values of parameters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sinter/ir/graph.h>

namespace sinter {

/// Ratios of times, by which the planner chooses. The unit is the time in which the machine moves
/// one byte of a large vector between its registers and its caches.
struct PlanCosts {
  double operations_per_move = 4;  ///< operations on a vector in the time of moving the vector once
  double far_memory = 8;           ///< cost of a byte in memory
  double kernel_start = 4096;      ///< cost of starting a kernel
  double keeping =
      1.5;            ///< of a value, per kernel between writer and reader, times its moving cost
  int most_kept = 4;  ///< most kernels for which keeping is counted
  /// Operations per element that overlap with the memory accesses of any kernel, so cost no time.
  int hidden = 3;
  /// Most operations per element of a product's operand that are rematerialised for every block of
  /// rows or columns that reads it; with more, the operand is stored.
  int before_product = 3;

  friend bool operator==(const PlanCosts&, const PlanCosts&) = default;
};

/// Limits of one kernel on a target, and sizes by which the planner decides. `plan_limits()` of a
/// codegen Target fills them in.
struct PlanLimits {
  /// Largest number of buffers of a kernel, inputs and outputs together. While the planner adds
  /// ops, values of the segment that are live count as well.
  int arguments = 24;
  int operations = 192;  ///< largest number of ops in a kernel; a composite counts as one
  /// Largest sum of `count_operations` (op_cost.h) over the ops of a kernel with several ops. It
  /// bounds the time to compile the kernel.
  int instructions = 2048;
  /// Bytes of the largest value that is expected to be in a cache when its consumer reads it.
  std::int64_t cache_bytes = std::int64_t{1} << 20;
  /// Bytes of the longest row that a kernel may reduce and then read again, for ops that follow the
  /// reduction. Such a row should still be in a cache.
  std::int64_t row_bytes = std::int64_t{128} << 10;
  /// Rows of the block of a product's result that one unit of work computes. A reduction of
  /// columns, or of the whole result, fuses with the product if the result has at most so many
  /// rows.
  std::int64_t product_rows = 0;
  /// Bytes of a row of that block. No reduction fuses with a product whose rows are longer; 0: none
  /// fuses at all.
  std::int64_t product_row_bytes = 0;
  /// Units of work that keep all threads busy. A reduction with fewer of them is computed in chunks
  /// if its operand has `chunked_bytes` or more, and a row of it more than `row_bytes`.
  std::int64_t units = 64;
  /// Bytes of the smallest operand whose reduction is computed in chunks.
  std::int64_t chunked_bytes = std::int64_t{1} << 20;
  /// Bytes of a block of columns, over all rows, above which it is reduced by chunks of C elements
  /// (reduction.h), the shortest ones.
  /// A loop down a taller block would return to a row, and to its page, after both left the caches.
  std::int64_t column_bytes = std::int64_t{1} << 20;
  std::int64_t column_block = 512;  ///< columns of a reduction that are one unit of work
  PlanCosts costs = {};
};

/// Which ops may share a kernel.
enum class Fuse : std::uint8_t {
  all,   ///< as few kernels as the limits allow
  none,  ///< one kernel per op that the user wrote
};

/// Why a value is stored in memory instead of kept in a register.
enum class CutRule : std::uint8_t {
  output,      ///< it is an output of the graph
  operations,  ///< its kernel is full: PlanLimits::operations or PlanLimits::instructions
  arguments,   ///< its kernel is full: PlanLimits::arguments
  broadcast,   ///< storing it is cheaper than recomputing it for every row that reads it
  unfused,     ///< Fuse::none
  view,        ///< a view reads it with other strides
  concat,      ///< it is part of a concat, whose parts are stored in one buffer
  product,     ///< a product that reads it would recompute it, or it is computed from a product and
               ///< its consumer is not elementwise
  reduction,   ///< its consumer waits for a reduction, or reduces other axes than its kernel does
  order,       ///< its consumer is in a later kernel because of other values that it reads
};
/// Returns the name of the enumerator, as the text of a plan shows it.
[[nodiscard]] SINTER_API std::string_view to_string(CutRule rule);

/// Index of a buffer in Plan::buffers.
struct BufferId {
  std::uint32_t index = 0;
  friend auto operator<=>(BufferId, BufferId) = default;
};

/// Memory that kernels of a plan read or write.
struct PlanBuffer {
  enum class Kind : std::uint8_t { input, output, temporary };
  Kind kind{};
  DType dtype{};
  Shape shape;
  Strides strides;             ///< as declared, for an input or output; empty if dense
  std::uint32_t position = 0;  ///< index among the graph's inputs or outputs
  /// Buffer whose memory a temporary uses: an output that is not written yet, or a donated input
  /// after its last read. Without a value the temporary lies in the workspace.
  std::optional<BufferId> within = {};
  std::int64_t offset = 0;  ///< of a temporary in that memory, in bytes; a multiple of 64
  NodeId node;              ///< value in Plan::graph that the buffer holds; of a concat, several
                            ///< kernels may write the parts
  CutRule rule{};           ///< why the value is stored; not used for inputs
};

/// Elements of a buffer that a kernel reads or writes. The first one is element `offset` of the
/// buffer; the strides of the input or output of the kernel's body give the others.
struct PlanOperand {
  BufferId buffer;
  std::int64_t offset = 0;  ///< in elements
  /// True if the kernel has read an element of this input for the last time when it writes the
  /// output element at the same position. False for operands of a product.
  bool in_place = true;
};

/// What a kernel computes beside elementwise ops, and the index space in which it does. Without a
/// product, all reductions of a kernel reduce the same axes of the same shape.
struct KernelFrame {
  enum class Kind : std::uint8_t { elementwise, reduction, product };
  Kind kind = Kind::elementwise;
  /// Elementwise: shape of the outputs. Reduction: shape of its operands. Product: batch axes, M, N
  /// and K.
  Shape shape = {};
  int first = 0;           ///< first reduced axis; K of a product; the rank if nothing is reduced
  int count = 0;           ///< number of reduced axes
  std::int64_t chunk = 0;  ///< elements per result if reduced in chunks; else 0
  bool reduces_product = false;    ///< true if reductions follow the product
  DType accumulator = DType::f32;  ///< dtype of the product
  friend bool operator==(const KernelFrame&, const KernelFrame&) = default;
};

/// Finds the frame of a kernel body, for bodies that no planner made.
[[nodiscard]] SINTER_API KernelFrame frame_of(const Graph& body);

/// One kernel: what it computes, and the memory that it reads and writes.
struct PlanKernel {
  /// Ops of the kernel, with composites intact. Its inputs and outputs correspond to the lists
  /// `inputs` and `outputs`, its parameters to the list `parameters`. All outputs have the same
  /// shape, with these exceptions. In a kernel that reduces rows, an output has the shape before or
  /// after the reduction. In a kernel with a product, an output has the shape of the product, or
  /// that of a reduction of its rows, of its columns, or of all its elements.
  Graph body;
  std::vector<PlanOperand> inputs;
  std::vector<PlanOperand> outputs;
  std::vector<std::uint32_t> parameters;  ///< kernel parameter -> parameter of Plan::graph
  KernelFrame frame;
};

/// A value that a kernel rematerialises: it computes the value anew instead of reading it from
/// memory.
struct PlanRepeat {
  NodeId node;               ///< the value, in Plan::graph
  std::uint32_t kernel = 0;  ///< index in Plan::kernels
};

/// A graph as kernels and buffers.
struct Plan {
  /// The simplified graph. Graphs of the same structure share a plan, so the values of its
  /// parameters are those of the graph that was planned.
  Graph graph;
  std::vector<PlanBuffer> buffers;  ///< inputs, then outputs, then temporaries
  std::vector<PlanKernel> kernels;  ///< each after the kernels whose results it reads
  std::vector<PlanRepeat> repeats;  ///< values that kernels rematerialise
  /// Bytes that temporaries need beside inputs and outputs. Executable::workspace_bytes also has
  /// the scratch blocks of kernels.
  std::int64_t workspace_bytes = 0;
};

/// Cuts a verified graph into kernels. Its only structural ops may be views and concats, as after
/// `place_views`. Takes linear time. The returned plan has passed `verify`.
[[nodiscard]] SINTER_API Plan partition(Graph graph, const PlanLimits& limits, Fuse fuse);

/// Throws Error(internal), with the text of the plan, unless all of the following hold:
/// - Buffers are the inputs and outputs of the graph as declared, then temporaries. All elements
///   that kernels read and write lie inside their buffers and have the dtype of these.
/// - A kernel reads inputs, complete buffers that earlier kernels wrote, and regions of a buffer
///   that one earlier kernel wrote.
/// - Each element of an output or a temporary is written once; no element of an input is written.
/// - The outputs of a kernel have the same shape, or the shapes of the operands and results of its
///   reductions.
/// - No input that a product reads is marked `in_place`.
/// - Temporaries with overlapping lifetimes have disjoint memory. They lie in the workspace, in
///   donated inputs that no later kernel reads, or in outputs that no kernel has written yet. Such
///   an output must not be able to alias an input that is still to be read.
/// - A kernel that writes a temporary over a donated input that it reads does so element by
///   element.
/// Takes O(n log n) time for n operands and buffers.
SINTER_API void verify(const Plan& plan);

/// Plans a verified graph that has no ops on 16-bit floats (see `widen`), by the passes simplify,
/// place_views, chunk_reductions and partition. An engine runs the plan that this returns.
[[nodiscard]] SINTER_API Plan plan_graph(const Graph& graph, const PlanLimits& limits, Fuse fuse);

/// Returns the plan as text: kernels with their ops, buffers with their sizes in bytes, the rule
/// for every stored value, and for every donated input the temporaries that lie in it or the reason
/// why there are none.
[[nodiscard]] SINTER_API std::string print(const Plan& plan);

}  // namespace sinter
