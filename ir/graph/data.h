// GraphData: the storage of Graph and Value, with nodes, interned shapes and tables, and the key
// that grows with them.
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
  /// Reserves memory, so that appending the next `bytes` bytes does not allocate.
  void make_room(std::size_t bytes);
  template <typename T>
    requires std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T>
  void append_value(const T& value) {
    append(std::as_bytes(std::span(&value, 1)));
  }
  /// Appends the length, then the text, so that different sequences of texts have different bytes.
  void append_text(std::string_view text);
  /// Appends the rank, then the values, for the same reason.
  void append_dims(const Dims& dims);
  [[nodiscard]] GraphKey key() const { return {bytes_, hash_}; }

 private:
  std::vector<std::byte> bytes_;
  std::uint64_t hash_ = 0x9e3779b97f4a7c15;
};

/// Hash of a set of names that string_views can look up.
struct NameHash : std::hash<std::string_view> {
  using is_transparent = void;
};
using NameSet = std::unordered_set<std::string, NameHash, std::equal_to<>>;

/// The storage of a graph. `apply`, `donate` and the add_ functions implement the functions of
/// Graph that record nodes, inputs and outputs.
struct GraphData {
  std::vector<Node> nodes;
  StableList<Shape> shapes;  ///< stable, since Value::shape returns references while it grows
  std::vector<GraphInput> inputs;
  std::vector<GraphOutput> outputs;
  std::vector<double> parameters;
  std::vector<LookupTable> tables;
  KeyBuilder key;

  /// Throws Error(invalid_argument) for a node that this graph does not have.
  void check_node(NodeId id) const;
  /// Appends the node, even if an equal one exists. While a Merging exists, returns the equal node
  /// instead; inputs and parameters are never equal, since their payloads differ.
  NodeId add(const Node& node);
  /// Starts or stops the merging of equal nodes.
  void merge_equal_nodes(bool merges);
  /// Returns the id of `shape`, which is stored once.
  ShapeId intern_shape(const Shape& shape);
  /// Returns the index of `table`, which is stored once. Its numbers are exact in the dtype of its
  /// node.
  std::uint64_t intern_table(const LookupTable& table);
  /// Checks the operands against the op's row and adds the node. Throws Error.
  NodeId apply(Op op, std::span<const NodeId> operands, const Attributes& attributes);
  NodeId add_input(std::string_view name, DType dtype, const Shape& shape, const Strides& strides);
  void donate(NodeId input);
  /// Throws Error(limit_exceeded) if the graph has kMaxNodes nodes.
  void check_node_count() const;
  NodeId add_parameter(double value, DType dtype);
  NodeId add_iota(DType dtype, const Shape& shape, int axis);
  NodeId add_constant(double value, DType dtype);
  void add_output(std::string_view name, NodeId node, const Strides& strides);

 private:
  /// Reserves memory for one more node with its shape and attribute lists, and for a declaration
  /// (input or output) whose name has `text_bytes` bytes. So recording fails before it changes
  /// anything, or not at all. The sets of names allocate by themselves.
  void make_room(std::size_t text_bytes = 0);

  std::optional<InternTable> node_index_;  ///< has a value while equal nodes merge
  InternTable shape_index_;
  std::map<std::array<std::uint64_t, std::tuple_size_v<LookupTable>>, std::uint64_t> table_index_;
  NameSet input_names_;
  NameSet output_names_;
};

/// Returns `value` rounded to the compute dtype of `dtype`, as f64.
[[nodiscard]] double round_to(double value, DType dtype);
/// Returns `value` as a graph keeps it, every NaN as the same quiet NaN. Throws
/// Error(invalid_argument) if `dtype` is an integer that cannot hold it.
[[nodiscard]] double checked_scalar(double value, DType dtype);
/// Returns checked_scalar, rounded by round_to: the number that a constant or a table holds.
[[nodiscard]] double canonical_number(double value, DType dtype);

/// Throws Error for leaves, and unless `op` takes this number of operands.
void check_arity(Op op, std::size_t operands);
/// Throws Error for an op that users may not record, only passes may.
void check_recorded(Op op);

/// Throws Error unless `strides` are empty, or have one entry per axis and cover at most
/// kMaxElements.
void check_input_strides(std::string_view name, const Shape& shape, const Strides& strides);
/// As check_input_strides; also throws Error if two elements may overlap.
void check_output_strides(std::string_view name, const Shape& shape, const Strides& strides);

struct ResultType {
  DType dtype{};
  Shape shape;
};
/// Checks the operands of `op` against its row, brings `attributes` to canonical form, and returns
/// the dtype and shape of the result. Builders and `verify` both use this function, so all
/// attributes in graphs pass through it. Throws Error that names op, dtypes and shapes.
[[nodiscard]] ResultType infer(const GraphData& graph, Op op, std::span<const NodeId> operands,
                               Attributes& attributes);

/// As `sinter::verify`, on the storage, so that tests can check graphs that builders refuse.
void verify(const GraphData& graph);

}  // namespace sinter::detail
