// Graph and Value: the op IR that users build and passes transform.
//
// A Graph is a list of small nodes in topological order: a node's operands always have smaller ids,
// so every pass is one loop and nothing recurses over a graph's depth. Every op that is recorded is
// a node of its own, equal ones too: a Value is an identity, and gradients tell `h1 = x.relu()`
// from `h2 = x.relu()`. Passes merge equal nodes, so a program computes such a value once. Numbers
// that a user gives are `parameter` nodes, whose values lie beside the nodes, so that two graphs
// that differ in a slope have the same structure. Coefficients inside composites are `constant`
// nodes and belong to the structure.
//
// A Graph is used by one thread at a time. Values keep their graph's nodes alive.
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

inline constexpr std::size_t kMaxNodes = std::size_t{1} << 24;

struct NodeId {
  std::uint32_t index = 0;
  friend auto operator<=>(NodeId, NodeId) = default;
};

struct ShapeId {
  std::uint32_t index = 0;
  friend auto operator<=>(ShapeId, ShapeId) = default;
};

/// One op. Plain data; what `payload` holds depends on the op: the position among the inputs
/// (input), the f64 bits of a value exact in the node's dtype (constant), the position among the
/// parameters (parameter), the axis (iota), the lists of a structural op or a reduction, the table
/// (lut16), else 0.
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

struct GraphInput {
  std::string name;
  NodeId node;
  Strides strides;  ///< in elements; empty for dense row-major
  bool donated = false;
};

struct GraphOutput {
  std::string name;
  NodeId node;
  Strides strides;  ///< in elements; empty for dense row-major
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

/// A tensor in a graph: shape and dtype are known, data is not. Cheap to copy. The fluent methods
/// record ops, and each call gives a Value of its own; there is no in-place form. Equality is
/// `x.equal(y)`, never `==`.
class SINTER_API Value : public ElementwiseMethods<Value>,
                         public StructuralMethods<Value>,
                         public ReductionMethods<Value>,
                         public ProductMethods<Value> {
 public:
  /// Stands for no tensor; any use but assignment throws Error.
  Value() = default;

  [[nodiscard]] DType dtype() const;
  [[nodiscard]] const Shape& shape() const;
  [[nodiscard]] NodeId id() const { return id_; }

  /// Records `op`; the generic form of every method. An operand that is an attribute (see ops.def)
  /// must be a scalar from `scalar`, `Graph::parameter` or `Graph::constant`. `attributes` may have
  /// axes that count from the end, and one length of -1 in a reshape; the node has their canonical
  /// form, which Graph::attributes gives. Throws Error for anything that `op` does not take: enum
  /// values that do not exist, another number of operands, lists or a table that `op` has not.
  static Value apply(Op op, std::span<const Value> operands, const Attributes& attributes = {});
  /// A rank-0 parameter of this value's dtype in the same graph (f32 beside a mask).
  [[nodiscard]] Value scalar(Scalar number) const;
  /// As `scalar`, but a constant: part of the structure, for bodies of composites.
  [[nodiscard]] Value constant(Scalar number) const;
  /// As Graph::iota, in this value's graph.
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

/// Identity of a graph's structure as canonical bytes: equal bytes mean equal nodes, shapes,
/// strides, names and outputs. Parameter values are not part of it. Valid until the graph grows.
struct GraphKey {
  std::span<const std::byte> bytes;
  std::uint64_t hash = 0;
};

class SINTER_API Graph {
 public:
  Graph();
  ~Graph();
  Graph(Graph&&) noexcept;
  Graph& operator=(Graph&&) noexcept;
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  /// A deep copy, node by node; Values of this graph do not belong to it.
  [[nodiscard]] Graph clone() const;
  /// The same with other values of its parameters, one for each. Throws Error(invalid_argument) for
  /// more or fewer, and for a value that the parameter's dtype does not hold.
  [[nodiscard]] Graph clone(std::span<const double> parameters) const;

  /// Declares the next input. Buffers are bound in the order of declaration. `strides` are in
  /// elements, one per axis, 0 to repeat, negative to walk backwards from the element that the
  /// buffer points to; left out, the buffer is dense and row-major.
  Value input(std::string_view name, DType dtype, const Shape& shape, const Strides& strides = {});
  /// Gives up what an input's buffer holds: a program may write over it once it has been read, and
  /// so needs less memory of its own. Throws Error(invalid_argument) for another value.
  void donate(const Value& input);
  /// A rank-0 number, not bool, that a user may vary without changing the structure.
  Value parameter(Scalar value, DType dtype);
  /// A rank-0 number that belongs to the structure; rounded to `dtype`, of f16 and bf16 as
  /// Rounding says.
  Value constant(Scalar value, DType dtype);
  /// Counts 0, 1, 2, ... along one axis and repeats along the others. Integers wrap at their width;
  /// floats are the count, rounded.
  Value iota(DType dtype, const Shape& shape, std::int64_t axis = 0);
  /// Declares the next output. A value may be an output more than once. `strides` as for an input,
  /// but no two elements may share memory.
  void output(std::string_view name, const Value& value, const Strides& strides = {});
  /// True if `value` is a node of this graph; false for one of another, and the default-made one.
  [[nodiscard]] bool holds(const Value& value) const;
  /// The Value of a node of this graph.
  [[nodiscard]] Value value(NodeId id) const;

  [[nodiscard]] std::span<const Node> nodes() const;
  [[nodiscard]] const Node& node(NodeId id) const { return nodes()[id.index]; }
  [[nodiscard]] const Shape& shape(ShapeId id) const;
  [[nodiscard]] const Shape& shape(NodeId id) const { return shape(node(id).shape); }
  /// With which `apply` records the node again over the same operands: in canonical form, axes
  /// counting from the first.
  [[nodiscard]] Attributes attributes(NodeId id) const;
  [[nodiscard]] std::span<const GraphInput> inputs() const;
  [[nodiscard]] std::span<const GraphOutput> outputs() const;
  /// Values of the parameter nodes, by their payload, as given by the user.
  [[nodiscard]] std::span<const double> parameters() const;
  /// The tables of lut16 nodes, by their payload.
  [[nodiscard]] std::span<const LookupTable> tables() const;
  /// That of a node, if it has one. Valid until the graph grows.
  [[nodiscard]] const LookupTable* table(NodeId id) const;

  /// Kept up to date as the graph grows: reading it costs nothing.
  [[nodiscard]] GraphKey key() const;

  /// For passes: as Value::apply, over nodes of this graph. Throws Error for nodes that it has not.
  NodeId apply(Op op, std::span<const NodeId> operands, const Attributes& attributes = {});
  /// For passes: records a copy of `node` (of graph `from`) over `operands` of this graph, with
  /// shape and dtype inferred anew. Inputs and parameters are recorded afresh.
  NodeId copy_node(const Graph& from, NodeId node, std::span<const NodeId> operands);
  /// For passes: a way of walking the memory of node `of`, an input, or a value that is stored
  /// dense for this.
  NodeId view(NodeId of, const detail::Layout& layout);
  /// For passes: an mm in the body of a kernel, whose operands align to rows, columns and what is
  /// summed; see product.cpp.
  NodeId dot(NodeId a, NodeId b);

 private:
  friend class Value;
  friend class detail::Merging;
  friend void verify(const Graph& graph);
  friend std::vector<Value> gradients(const Value& loss, std::span<const Value> of);
  /// Another handle on the storage of a graph.
  explicit Graph(std::shared_ptr<detail::GraphData> data) : data_(std::move(data)) {}
  [[nodiscard]] detail::GraphData& data() const;
  std::shared_ptr<detail::GraphData> data_;
};

}  // namespace sinter
