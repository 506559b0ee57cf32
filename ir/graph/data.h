// The storage of Graph and Value: nodes, interned shapes, and the key that grows with them.
#pragma once

#include <cstddef>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include <sinter/ir/graph.h>

#include "graph/intern_table.h"
#include "graph/stable_list.h"

namespace sinter::detail {

/// Canonical bytes with a running hash.
class KeyBuilder {
 public:
  void append(std::span<const std::byte> bytes);
  /// From here on so many bytes more allocate nothing.
  void make_room(std::size_t bytes);
  template <typename T>
    requires std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T>
  void append_value(const T& value) {
    append(std::as_bytes(std::span(&value, 1)));
  }
  /// Length first, so that no two sequences of texts share their bytes.
  void append_text(std::string_view text);
  /// Rank first, for the same reason.
  void append_dims(const Dims& dims);
  [[nodiscard]] GraphKey key() const { return {bytes_, hash_}; }

 private:
  std::vector<std::byte> bytes_;
  std::uint64_t hash_ = 0x9e3779b97f4a7c15;
};

/// Names, to be asked for by string_view.
struct NameHash : std::hash<std::string_view> {
  using is_transparent = void;
};
using NameSet = std::unordered_set<std::string, NameHash, std::equal_to<>>;

struct GraphData {
  std::vector<Node> nodes;
  StableList<Shape> shapes;  ///< Value::shape refers to them while the graph grows
  std::vector<GraphInput> inputs;
  std::vector<GraphOutput> outputs;
  std::vector<double> parameters;
  std::vector<LookupTable> tables;
  KeyBuilder key;

  /// Throws Error(invalid_argument) for a node that this graph does not have.
  void check_node(NodeId id) const;
  /// Appends the node: what a user records twice is two values. While a Merging lives, finds the
  /// equal node that is there instead; inputs and parameters differ by payload and stay apart.
  NodeId add(const Node& node);
  void merge_equal_nodes(bool merges);
  ShapeId intern_shape(const Shape& shape);
  /// The position of the table, whose numbers its node's dtype holds.
  std::uint64_t intern_table(const LookupTable& table);
  /// Checks operands against the op's row and adds the node. Throws Error.
  NodeId apply(Op op, std::span<const NodeId> operands, const Attributes& attributes);
  NodeId add_input(std::string_view name, DType dtype, const Shape& shape, const Strides& strides);
  void donate(NodeId input);
  /// Throws Error(limit_exceeded) where one node more is too many.
  void check_node_count() const;
  NodeId add_parameter(double value, DType dtype);
  NodeId add_iota(DType dtype, const Shape& shape, int axis);
  NodeId add_constant(double value, DType dtype);
  void add_output(std::string_view name, NodeId node, const Strides& strides);

 private:
  /// All the memory that a node and what is declared with it may take, so that adding them fails
  /// before anything is changed, or not at all. Names take some more, see their sets.
  void make_room(std::size_t text_bytes = 0);

  std::optional<InternTable> node_index_;  ///< while equal nodes merge
  InternTable shape_index_;
  std::map<std::array<std::uint64_t, std::tuple_size_v<LookupTable>>, std::uint64_t> table_index_;
  NameSet input_names_;
  NameSet output_names_;
};

/// `value` rounded to the compute dtype of `dtype` and widened back to f64.
[[nodiscard]] double round_to(double value, DType dtype);
/// `value` as a graph keeps it. Throws Error(invalid_argument) for what an integer does not hold.
[[nodiscard]] double checked_scalar(double value, DType dtype);
/// That, rounded: the number that a constant or a table holds.
[[nodiscard]] double canonical_number(double value, DType dtype);

/// Throws Error unless apply records `op` over this many operands.
void check_arity(Op op, std::size_t operands);
/// Throws Error for an op that only passes record.
void check_recorded(Op op);

/// Throws Error(invalid_argument) unless `strides` are none, or walk `shape` and reach at most
/// kMaxElements; those of an output, unless each element has memory of its own, too.
void check_input_strides(std::string_view name, const Shape& shape, const Strides& strides);
void check_output_strides(std::string_view name, const Shape& shape, const Strides& strides);

/// Checks the operands of `op` against its row, brings `attributes` to canonical form, and gives
/// the dtype and shape of the result. The one way in which attributes become part of a graph, and
/// in which `verify` looks at them. Throws Error that names op, dtypes and shapes.
struct ResultType {
  DType dtype{};
  Shape shape;
};
[[nodiscard]] ResultType infer(const GraphData& graph, Op op, std::span<const NodeId> operands,
                               Attributes& attributes);

/// `sinter::verify`, on the storage itself: tests reach what no builder would record.
void verify(const GraphData& graph);

}  // namespace sinter::detail
