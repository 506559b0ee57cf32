// Plan: a graph cut into kernels, and the buffers between them.
//
// `partition` walks the graph in topological order and grows segments; a value that crosses from
// one segment to a later one is stored, unless it is cheaper to compute it again. Within a segment
// there is one kernel per shape of stored value, or one for rows and what they reduce to. Every
// stored value names the rule that made it so. The plan depends on the structure of the graph
// alone, never on parameter values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sinter/ir/graph.h>

namespace sinter {

/// What a target allows in one kernel. Filled in by codegen's Target.
struct PlanLimits {
  int arguments = 24;    ///< buffers, inputs and outputs together; values open at once count, too
  int operations = 192;  ///< ops, composites counted as one
  /// Operations of the ops, as `count_operations` (op_cost.h) counts them; any single op fits.
  int instructions = 2048;
  /// A value of up to so many bytes is expected in a cache by who reads it.
  std::int64_t cache_bytes = std::int64_t{1} << 20;
  /// A row of up to so many bytes is walked again by what waits for a reduction over it.
  std::int64_t row_bytes = std::int64_t{128} << 10;
  /// The block of a product's result that one unit of work holds, in rows and bytes of a row. What
  /// reduces rows of it follows in the product's kernel, and so does what reduces columns or all,
  /// where one block is everything. 0 where nothing does.
  std::int64_t product_rows = 0;
  std::int64_t product_row_bytes = 0;
  /// Results of a reduction that keep all threads busy; one to fewer, of so many bytes, goes by
  /// chunks.
  std::int64_t units = 64;
  std::int64_t chunked_bytes = std::int64_t{1} << 20;
  /// A block of columns of more bytes goes by the shortest chunks: a few columns on their way down
  /// all rows would come back to each row, and its page, when it is far away again.
  std::int64_t column_bytes = std::int64_t{1} << 20;
};

enum class Fuse : std::uint8_t {
  all,   ///< as few kernels as the limits allow
  none,  ///< one kernel per op that the user wrote
};

/// Why a value is stored rather than kept in a register.
enum class CutRule : std::uint8_t {
  output,      ///< the user asked for it
  operations,  ///< its kernel is full: PlanLimits::operations
  arguments,   ///< its kernel is full: PlanLimits::arguments
  broadcast,   ///< storing it once moves less than recomputing it for every row that reads it
  unfused,     ///< Fuse::none
  view,        ///< it is read in another order, through a view
  concat,      ///< it is a part of a concat, whose parts lie in one buffer
  product,     ///< a product would compute it more than once, or it is one that is read as more
               ///< than its elements, each by itself
  reduction,   ///< who reads it waits for a reduction, or reduces something else than its kernel
  order,       ///< who reads it is in a later kernel, for its other data
};
[[nodiscard]] SINTER_API std::string_view to_string(CutRule rule);

struct BufferId {
  std::uint32_t index = 0;
  friend auto operator<=>(BufferId, BufferId) = default;
};

struct PlanBuffer {
  enum class Kind : std::uint8_t { input, output, temporary };
  Kind kind{};
  DType dtype{};
  Shape shape;
  Strides strides;             ///< of an input or output, as declared; empty for dense
  std::uint32_t position = 0;  ///< among the graph's inputs or outputs
  /// Of a temporary: the buffer in whose memory it lies, an output that is not written yet or a
  /// donated input after its last read; without one the temporary lies in the workspace.
  std::optional<BufferId> within = {};
  std::int64_t offset = 0;  ///< of a temporary in that memory, in bytes, 64-byte aligned
  NodeId node;              ///< the value it holds, in Plan::graph; parts of a concat are
                            ///< written by several kernels
  CutRule rule{};           ///< of an output or a temporary
};

/// What a kernel reads or writes: the elements of a buffer that the strides of its body's input or
/// output reach from element `offset`.
struct PlanOperand {
  BufferId buffer;
  std::int64_t offset = 0;
  /// The kernel is done with an element of an input by the time that it writes the output's in the
  /// same place. Of a product's operands it is not.
  bool in_place = true;
};

struct PlanKernel {
  /// The kernel's ops with composites intact. Inputs and outputs are its operands, in the order of
  /// the two lists below. All outputs have one shape; in a kernel that reduces rows, each has that
  /// of the rows or that of what is left of them, and in one with a product that of its result, or
  /// that of what is left of its rows, its columns, or all. Its parameters are the plan's,
  /// renumbered.
  Graph body;
  std::vector<PlanOperand> inputs;
  std::vector<PlanOperand> outputs;
  std::vector<std::uint32_t> parameters;  ///< kernel parameter -> parameter of Plan::graph
};

/// A value that a kernel computes again, from what is stored, rather than have it kept for it.
struct PlanRepeat {
  NodeId node;
  std::uint32_t kernel = 0;
};

struct Plan {
  Graph graph;  ///< simplified; parameter values in it are those of whoever planned first
  std::vector<PlanBuffer> buffers;
  std::vector<PlanKernel> kernels;  ///< in an order in which they may run
  std::vector<PlanRepeat> repeats;
  std::int64_t workspace_bytes = 0;  ///< all that a run needs beside inputs and outputs
};

/// Cuts a verified graph without structural ops but views and concats. Linear time. The plan is
/// verified.
[[nodiscard]] SINTER_API Plan partition(Graph graph, const PlanLimits& limits, Fuse fuse);

/// Throws Error(internal) with the plan's text unless `plan` runs as it stands:
/// - its buffers are those that the graph declares, then temporaries; what kernels read and write
///   lies inside them, in their dtype
/// - a kernel reads inputs, and elements that earlier kernels wrote: a buffer that is complete, or
///   what one of them stored there
/// - every element of an output or a temporary is written once, and none of an input
/// - the outputs of a kernel have one shape, or those that its reductions have before and after
/// - an input that a product reads is none that may be overwritten in place
/// - temporaries that are alive at once lie apart, in the workspace, in donated inputs that no
///   later kernel reads, or in outputs that no kernel has written yet and that are no input to be
///   read
/// - a kernel that reads a donated input and writes a temporary over it does so element by element
/// Time: n log n in operands and buffers.
SINTER_API void verify(const Plan& plan);

/// The plan of any verified graph without ops on 16-bit floats (see `widen`): simplify,
/// place_views, chunk_reductions, partition. What an engine runs is this plan.
[[nodiscard]] SINTER_API Plan plan_graph(const Graph& graph, const PlanLimits& limits, Fuse fuse);

/// The plan as text: kernels with their ops, buffers with bytes, the rule for every stored value,
/// and for every donated input the temporaries that lie in it, or why none does.
[[nodiscard]] SINTER_API std::string print(const Plan& plan);

}  // namespace sinter
