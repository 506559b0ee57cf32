// Graph and Value: the op IR that users build and passes transform.
//
// A Graph is a list of nodes in topological order: operands have smaller ids than their users, so a
// pass is one loop, without recursion. Each recorded op is a node of its own, even if an equal node
// exists: gradients distinguish `h1 = x.relu()` from `h2 = x.relu()`. Passes merge equal nodes, so
// a program computes the value once. Numbers that a user gives are `parameter` nodes. Their values
// are kept outside the nodes, so graphs that differ only in a slope have the same structure.
// Coefficients in the bodies of composites are `constant` nodes, part of the structure.
//
// One thread at a time may record into a Graph, by its own methods or those of its Values. While no
// thread records, several threads may read the Graph, for example to compile it. Values keep the
// nodes of their graph alive.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sinter/ir/dtype.h>
#include <sinter/ir/elementwise.h>
#include <sinter/ir/op.h>
#include <sinter/ir/product.h>
#include <sinter/ir/reduction.h>
#include <sinter/ir/shape.h>
#include <sinter/ir/structure.h>

namespace sinter {

/// Largest number of nodes of a graph.
inline constexpr std::size_t kMaxNodes = std::size_t{1} << 24;

/// Index of a node in Graph::nodes().
struct NodeId {
  std::uint32_t index = 0;
  friend auto operator<=>(NodeId, NodeId) = default;
};

/// Index of a shape in a graph, which stores equal shapes once.
struct ShapeId {
  std::uint32_t index = 0;
  friend auto operator<=>(ShapeId, ShapeId) = default;
};

/// One op with its operands and result type. The meaning of `payload` depends on the op:
///   input                     index among the inputs
///   parameter                 index among the parameters
///   constant                  bits of the value as f64, which is exact in the node's compute dtype
///   iota                      the axis
///   structural op, reduction  ids of its lists, 32 bits each (see Graph::attributes)
///   lut16                     index among the tables
///   other ops                 0
struct Node {
  Op op{};
  DType dtype{};
  std::uint8_t operand_count = 0;
  ShapeId shape;
  std::array<NodeId, kMaxOperands> operands{};
  std::uint64_t payload = 0;

  [[nodiscard]] std::span<const NodeId> inputs() const { return {operands.data(), operand_count}; }
  friend bool operator==(const Node&, const Node&) = default;
};
static_assert(sizeof(Node) == 32);

/// A declared input.
struct GraphInput {
  std::string name;
  NodeId node;
  Strides strides;       ///< in elements; empty if dense and row-major
  bool donated = false;  ///< see Graph::donate
};

/// A declared output.
struct GraphOutput {
  std::string name;
  NodeId node;
  Strides strides;  ///< in elements; empty if dense and row-major
};

class Graph;
class Value;
SINTER_API void verify(const Graph& graph);
SINTER_API std::vector<Value> gradients(const Value& loss, std::span<const Value> of);
namespace detail {
struct GraphData;
struct Layout;
class Merging;
}  // namespace detail

/// A tensor in a graph: it has a shape and a dtype, but no data. Cheap to copy. Its methods record
/// ops and return new Values; none works in place. To compare elements use `x.equal(y)`; `==` does
/// not compile.
class SINTER_API Value : public ElementwiseMethods<Value>,
                         public StructuralMethods<Value>,
                         public ReductionMethods<Value>,
                         public ProductMethods<Value> {
 public:
  /// A Value without a tensor. Every use of it but assignment throws Error(invalid_graph).
  Value() = default;

  [[nodiscard]] DType dtype() const;
  [[nodiscard]] const Shape& shape() const;
  [[nodiscard]] NodeId id() const { return id_; }

  /// Records `op`: the generic form of all methods.
  ///
  /// An operand that is an attribute (see ops.def) must come from `scalar`, `constant`,
  /// `Graph::parameter` or `Graph::constant`. In `attributes`, axes may count from the end, and one
  /// length of a reshape may be -1; the node gets their canonical form, which Graph::attributes
  /// returns. Throws Error for enum values that do not exist, and for a number of operands, lists
  /// or a table that `op` does not take.
  static Value apply(Op op, std::span<const Value> operands, const Attributes& attributes = {});
  /// Records a rank-0 parameter in the same graph, of this value's dtype, or f32 if that is bool.
  [[nodiscard]] Value scalar(Scalar number) const;
  /// As `scalar`, but records a constant, which is part of the structure.
  [[nodiscard]] Value constant(Scalar number) const;
  /// As Graph::iota, in the graph of this value.
  [[nodiscard]] Value iota(DType dtype, const Shape& shape, std::int64_t axis = 0) const;

  friend bool operator==(const Value&, const Value&) = delete;

 private:
  friend class Graph;
  friend std::vector<Value> gradients(const Value& loss, std::span<const Value> of);
  Value(std::shared_ptr<detail::GraphData> data, NodeId id) : data_(std::move(data)), id_(id) {}
  [[nodiscard]] detail::GraphData& data() const;

  std::shared_ptr<detail::GraphData> data_;
  NodeId id_;
};

/// Canonical bytes of a graph's structure: equal bytes mean equal nodes, shapes, strides, names,
/// donations and outputs. Values of parameters are not part of the key. `bytes` is valid until the
/// graph changes.
struct GraphKey {
  std::span<const std::byte> bytes;
  std::uint64_t hash = 0;
};

/// A list of nodes, with declared inputs and outputs.
class SINTER_API Graph {
 public:
  Graph();
  ~Graph();
  Graph(Graph&&) noexcept;
  Graph& operator=(Graph&&) noexcept;
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  /// Returns a deep copy. Values of this graph do not belong to the copy.
  [[nodiscard]] Graph clone() const;
  /// Returns a deep copy whose parameters have the values `parameters`, one per parameter. Throws
  /// Error(invalid_argument) for another number of values, and for a value that an integer
  /// parameter cannot hold.
  [[nodiscard]] Graph clone(std::span<const double> parameters) const;

  /// Declares the next input; buffers are bound in the order of declaration. Names of inputs must
  /// differ. `strides` are in elements, one per axis, and relative to the element that the buffer
  /// points to: 0 broadcasts an axis, a negative stride goes backwards. Without strides the buffer
  /// is dense and row-major.
  Value input(std::string_view name, DType dtype, const Shape& shape, const Strides& strides = {});
  /// Allows a program to overwrite the buffer of an input after its last read, so that the program
  /// needs less memory of its own. Throws Error(invalid_argument) if `input` is not an input.
  void donate(const Value& input);
  /// Records a rank-0 number whose value may change without a change of the structure. `dtype` must
  /// not be bool.
  Value parameter(Scalar value, DType dtype);
  /// Records a rank-0 number that is part of the structure. It is rounded to the compute dtype of
  /// `dtype`; Rounding says when it is rounded to f16 or bf16.
  Value constant(Scalar value, DType dtype);
  /// Records a tensor that counts 0, 1, 2, ... along one axis and is uniform along the others.
  /// Integers wrap at their width; floats are rounded counts. `dtype` must not be bool.
  Value iota(DType dtype, const Shape& shape, std::int64_t axis = 0);
  /// Declares the next output. Names of outputs must differ; several outputs may have the same
  /// value. `strides` are as for an input, but no two elements may overlap in memory.
  void output(std::string_view name, const Value& value, const Strides& strides = {});
  /// True if `value` belongs to this graph; false for a Value of another graph or without a tensor.
  [[nodiscard]] bool holds(const Value& value) const;
  /// Returns the Value of a node of this graph.
  [[nodiscard]] Value value(NodeId id) const;

  [[nodiscard]] std::span<const Node> nodes() const;
  [[nodiscard]] const Node& node(NodeId id) const { return nodes()[id.index]; }
  [[nodiscard]] const Shape& shape(ShapeId id) const;
  [[nodiscard]] const Shape& shape(NodeId id) const { return shape(node(id).shape); }
  /// Returns the attributes of a node in canonical form. `apply` with these attributes and the same
  /// operands records an equal node.
  [[nodiscard]] Attributes attributes(NodeId id) const;
  [[nodiscard]] std::span<const GraphInput> inputs() const;
  [[nodiscard]] std::span<const GraphOutput> outputs() const;
  /// Values of the parameters as the user gave them, by the payload of parameter nodes.
  [[nodiscard]] std::span<const double> parameters() const;
  /// Tables of lut16 nodes, by their payload.
  [[nodiscard]] std::span<const LookupTable> tables() const;
  /// The table of a lut16 node; null for other ops. Valid until the graph grows.
  [[nodiscard]] const LookupTable* table(NodeId id) const;

  /// The key of the graph's structure. It grows with the graph, so this call takes constant time.
  [[nodiscard]] GraphKey key() const;

  /// For passes: as Value::apply, on nodes of this graph. Throws Error for ids that do not exist.
  NodeId apply(Op op, std::span<const NodeId> operands, const Attributes& attributes = {});
  /// For passes: records a copy of `node` of graph `from` with operands of this graph, and infers
  /// its shape and dtype again. An input or parameter becomes a new input or parameter.
  NodeId copy_node(const Graph& from, NodeId node, std::span<const NodeId> operands);
  /// For passes: records a view, which reads the memory of node `of` with the strides and offset of
  /// `layout`. `of` is an input, or a value that the plan stores densely for its views.
  NodeId view(NodeId of, const detail::Layout& layout);
  /// For passes: records a dot, the form that an mm has in the body of a kernel. Its operands are
  /// aligned to the axes M, N and K; see product.cpp.
  NodeId dot(NodeId a, NodeId b);

 private:
  friend class Value;
  friend class detail::Merging;
  friend void verify(const Graph& graph);
  friend std::vector<Value> gradients(const Value& loss, std::span<const Value> of);
  /// A Graph that shares the storage `data`.
  explicit Graph(std::shared_ptr<detail::GraphData> data) : data_(std::move(data)) {}
  [[nodiscard]] detail::GraphData& data() const;
  std::shared_ptr<detail::GraphData> data_;
};

}  // namespace sinter
