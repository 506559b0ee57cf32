// Graph and Value, and their storage GraphData: recording of nodes, interning, the key of the
// structure, and checks of what users give.
#include <sinter/ir/graph.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include <sinter/ir/assert.h>
#include <sinter/ir/element.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/hash.h>
#include <sinter/ir/rethrow.h>

#include "graph/data.h"
#include "graph/layout.h"
#include "graph/merging.h"

namespace sinter {
namespace detail {
namespace {

std::uint64_t hash_of(const Node& node) {
  std::uint64_t hash =
      mix(static_cast<std::uint64_t>(node.op) << 8 | static_cast<std::uint64_t>(node.dtype),
          node.shape.index);
  for (NodeId operand : node.inputs()) hash = mix(hash, operand.index);
  return mix(hash, node.payload);
}

std::uint64_t hash_of(const Shape& shape) {
  std::uint64_t hash = static_cast<std::uint64_t>(shape.rank());
  for (std::int64_t length : shape) hash = mix(hash, static_cast<std::uint64_t>(length));
  return hash;
}

// Tags of the records in a key that are not nodes. A record of a node begins with its op, whose
// value is smaller.
enum class Record : std::uint8_t { donation = 0xfc, table = 0xfd, shape = 0xfe, output = 0xff };

/// An input or output, by kind and name, for messages such as "input 'x' has ...".
struct Port {
  std::string_view kind, name;
  [[nodiscard]] std::string text() const { return fmt::format("{} '{}'", kind, name); }
};

void check_strides(const Port& port, const Shape& shape, const Strides& strides) {
  if (strides.empty()) return;
  if (strides.rank() != shape.rank()) {
    fail(ErrorCode::invalid_argument,
         fmt::format("{} has shape {} but strides {}: give one stride per axis, or none",
                     port.text(), to_string(shape), to_string(strides)));
  }
  if (reach(shape, strides).elements() > kMaxElements) {
    fail(ErrorCode::unsupported,
         fmt::format("{} of shape {} has strides {}: strides may reach at most 2^48 elements",
                     port.text(), to_string(shape), to_string(strides)));
  }
}

/// True if, from the shortest stride to the longest, each stride is longer than the range that the
/// shorter ones cover. Then no two elements overlap. Some layouts without overlap fail this test.
bool elements_lie_apart(const Shape& shape, const Strides& strides) {
  std::vector<std::pair<std::int64_t, std::int64_t>> axes;  // magnitude of the stride, length
  for (int axis = 0; axis < strides.rank(); ++axis) {
    if (shape[axis] == 0) return true;
    if (shape[axis] > 1) axes.emplace_back(std::abs(strides[axis]), shape[axis]);
  }
  std::ranges::sort(axes);
  std::int64_t reached = 0;
  for (const auto& [distance, length] : axes) {
    if (distance <= reached) return false;
    reached += distance * (length - 1);
  }
  return true;
}

/// Replaces explicit dense strides by empty ones, so that both have the same key.
Strides canonical(const Shape& shape, const Strides& strides) {
  return strides == dense_strides(shape) ? Strides() : strides;
}

void check_name(std::string_view what, std::string_view name, bool taken) {
  if (name.empty()) {
    fail(ErrorCode::invalid_argument, fmt::format("an {} needs a name", what));
  }
  if (taken) {
    fail(ErrorCode::invalid_argument, fmt::format("there is an {} '{}' already", what, name));
  }
}

}  // namespace

namespace {

/// Reserves room for `more` elements and, like push_back, at least doubles the capacity.
void make_room(auto& vector, std::size_t more) {
  if (vector.capacity() - vector.size() >= more) return;
  vector.reserve(std::max(2 * vector.capacity(), vector.size() + more));
}

}  // namespace

void KeyBuilder::make_room(std::size_t bytes) { detail::make_room(bytes_, bytes); }

void check_input_strides(std::string_view name, const Shape& shape, const Strides& strides) {
  check_strides({"input", name}, shape, strides);
}

void check_output_strides(std::string_view name, const Shape& shape, const Strides& strides) {
  check_strides({"output", name}, shape, strides);
  if (strides.empty() || elements_lie_apart(shape, strides)) return;
  fail(ErrorCode::invalid_argument,
       fmt::format("output '{}' of shape {} has strides {}, by which elements overlap: each "
                   "stride must step over all that shorter ones reach",
                   name, to_string(shape), to_string(strides)));
}

void KeyBuilder::append(std::span<const std::byte> bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, 8);
    hash_ = mix(hash_, word);
  }
  std::uint64_t rest = bytes.size();
  for (; i < bytes.size(); ++i) rest = rest << 8 | static_cast<std::uint64_t>(bytes[i]);
  hash_ = mix(hash_, rest);
}

void KeyBuilder::append_text(std::string_view text) {
  append_value(static_cast<std::uint64_t>(text.size()));
  append(std::as_bytes(std::span(text)));
}

void KeyBuilder::append_dims(const Dims& dims) {
  append_value(static_cast<std::uint8_t>(dims.rank()));
  append(std::as_bytes(std::span(dims.begin(), dims.end())));
}

double round_to(double value, DType dtype) {
  const DType compute = compute_dtype(dtype);
  return element_value(element_bits(value, compute), compute);
}

double checked_scalar(double value, DType dtype) {
  const FloatEnvironment environment;
  // Results do not depend on the bits of a NaN, so neither should keys.
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  if (!is_integer(dtype) || round_to(value, dtype) == value) return value;
  const DTypeInfo& type = info(dtype);
  const int bits = type.bytes * 8 - (type.kind == DTypeKind::signed_integer ? 1 : 0);
  const std::string range = type.kind == DTypeKind::signed_integer
                                ? fmt::format("-2^{} to 2^{} - 1", bits, bits)
                                : fmt::format("0 to 2^{} - 1", bits);
  fail(ErrorCode::invalid_argument,
       fmt::format("{} with a tensor of {}: it takes whole numbers from {}; for fractions convert "
                   "the tensor to a floating dtype",
                   value, type.name, range));
}

void GraphData::make_room(std::size_t text_bytes) {
  constexpr std::size_t kShapes = 1 + kMaxLists;        // the shape of the node, and its lists
  constexpr std::size_t kDimsBytes = sizeof(Dims) + 8;  // bound for a shape in the key
  constexpr std::size_t kNodeBytes = 2 * sizeof(Node);  // bound for a node and an output in it
  detail::make_room(nodes, 1);
  shapes.make_room(kShapes);
  if (node_index_.has_value()) node_index_->make_room(1);
  shape_index_.make_room(kShapes);
  key.make_room(kNodeBytes + (kShapes + 1) * kDimsBytes + text_bytes);
}

double canonical_number(double value, DType dtype) {
  return round_to(checked_scalar(value, dtype), dtype);
}

ShapeId GraphData::intern_shape(const Shape& shape) {
  const std::uint64_t hash = hash_of(shape);
  const auto known =
      shape_index_.find(hash, [&](std::uint32_t position) { return shapes[position] == shape; });
  if (known.has_value()) return {*known};
  const ShapeId id{static_cast<std::uint32_t>(shapes.size())};
  shapes.push_back(shape);
  shape_index_.insert(hash, id.index);
  key.append_value(Record::shape);
  key.append_dims(shape);
  return id;
}

std::uint64_t GraphData::intern_table(const LookupTable& table) {
  const auto bits = std::bit_cast<decltype(table_index_)::key_type>(table);
  detail::make_room(tables, 1);
  key.make_room(1 + sizeof bits);
  const auto [found, added] = table_index_.emplace(bits, tables.size());
  if (added) {
    tables.push_back(table);
    key.append_value(Record::table);
    key.append_value(bits);
  }
  return found->second;
}

void GraphData::check_node_count() const {
  if (nodes.size() < kMaxNodes) return;
  fail(ErrorCode::limit_exceeded, fmt::format("a graph holds at most {} nodes", kMaxNodes));
}

void GraphData::check_node(NodeId id) const {
  if (id.index < nodes.size()) return;
  fail(ErrorCode::invalid_argument,
       fmt::format("node {} of a graph of {} nodes", id.index, nodes.size()));
}

void GraphData::merge_equal_nodes(bool merges) {
  node_index_.reset();
  if (merges) node_index_.emplace();
}

NodeId GraphData::add(const Node& node) {
  const std::uint64_t hash = node_index_.has_value() ? hash_of(node) : 0;
  if (node_index_.has_value()) {
    const auto known =
        node_index_->find(hash, [&](std::uint32_t position) { return nodes[position] == node; });
    if (known.has_value()) return {*known};
  }
  check_node_count();
  const NodeId id{static_cast<std::uint32_t>(nodes.size())};
  nodes.push_back(node);
  if (node_index_.has_value()) node_index_->insert(hash, id.index);
  // Node has padding bytes, which must not enter the key.
  struct Packed {
    std::uint8_t op, dtype, operand_count, zero;
    std::uint32_t shape, operands[kMaxOperands];
    std::uint32_t payload[2];
  };
  const Packed packed{
      static_cast<std::uint8_t>(node.op),
      static_cast<std::uint8_t>(node.dtype),
      node.operand_count,
      0,
      node.shape.index,
      {node.operands[0].index, node.operands[1].index, node.operands[2].index},
      {static_cast<std::uint32_t>(node.payload), static_cast<std::uint32_t>(node.payload >> 32)}};
  key.append_value(packed);
  return id;
}

NodeId GraphData::apply(Op op, std::span<const NodeId> operands, const Attributes& given) {
  Attributes attributes = given;
  const ResultType type = infer(*this, op, operands, attributes);
  make_room();
  Node node{op, type.dtype, static_cast<std::uint8_t>(operands.size()), intern_shape(type.shape)};
  std::ranges::copy(operands, node.operands.begin());
  const OpInfo& row = info(op);
  for (std::size_t i = 0; i < kMaxLists && !row.lists[i].empty(); ++i) {
    const ShapeId list = intern_shape(Shape(std::span(attributes.lists[i])));
    node.payload |= std::uint64_t{list.index} << (32 * i);
  }
  if (row.rule == DTypeRule::lookup) node.payload = intern_table(*attributes.table);
  return add(node);
}

NodeId GraphData::add_input(std::string_view name, DType dtype, const Shape& shape,
                            const Strides& strides) {
  check_name("input", name, input_names_.contains(name));
  static_cast<void>(info(dtype));  // throws for a value that is not an enumerator
  if (!is_possible(shape)) check_shape(shape, Port{"input", name}.text());
  check_input_strides(name, shape, strides);
  make_room(name.size());
  detail::make_room(inputs, 1);
  GraphInput input{std::string(name), {}, canonical(shape, strides), false};
  check_node_count();
  input_names_.emplace(name);  // the last call that may throw
  input.node = add({Op::input, dtype, 0, intern_shape(shape), {}, inputs.size()});
  const NodeId id = input.node;
  inputs.push_back(std::move(input));
  key.append_text(name);
  key.append_dims(inputs.back().strides);
  return id;
}

void GraphData::donate(NodeId input) {
  const Node& node = nodes[input.index];
  if (node.op != Op::input) {
    fail(ErrorCode::invalid_argument,
         fmt::format("donate: the value is the result of {}, and only inputs are donated",
                     to_string(node.op)));
  }
  GraphInput& donated = inputs[node.payload];
  if (donated.donated) return;
  make_room();
  donated.donated = true;
  key.append_value(Record::donation);
  key.append_value(input.index);
}

NodeId GraphData::add_parameter(double value, DType dtype) {
  if (dtype == DType::boolean) {
    fail(ErrorCode::dtype_mismatch,
         "a parameter must be a number, not bool; for a mask of one element use a constant");
  }
  const double checked = checked_scalar(value, dtype);
  make_room();
  detail::make_room(parameters, 1);
  const NodeId id = add({Op::parameter, dtype, 0, intern_shape({}), {}, parameters.size()});
  parameters.push_back(checked);
  return id;
}

NodeId GraphData::add_iota(DType dtype, const Shape& shape, int axis) {
  make_room();
  return add({Op::iota, dtype, 0, intern_shape(shape), {}, static_cast<std::uint64_t>(axis)});
}

NodeId GraphData::add_constant(double value, DType dtype) {
  const auto bits = std::bit_cast<std::uint64_t>(canonical_number(value, dtype));
  make_room();
  return add({Op::constant, dtype, 0, intern_shape({}), {}, bits});
}

void GraphData::add_output(std::string_view name, NodeId node, const Strides& strides) {
  const Shape& shape = shapes[nodes[node.index].shape.index];
  check_name("output", name, output_names_.contains(name));
  check_output_strides(name, shape, strides);
  make_room(name.size());
  detail::make_room(outputs, 1);
  GraphOutput output{std::string(name), node, canonical(shape, strides)};
  output_names_.emplace(name);  // the last call that may throw
  outputs.push_back(std::move(output));
  key.append_value(Record::output);
  key.append_value(node.index);
  key.append_text(name);
  key.append_dims(outputs.back().strides);
}

void check_recorded(Op op) {
  if (op == Op::view) {
    fail(ErrorCode::invalid_graph,
         "view is made by the planner: record transpose, reshape or slice");
  }
  if (op == Op::dot) fail(ErrorCode::invalid_graph, "dot is made by the planner: record mm");
}

void refuse_inexact_scalar() {
  fail(
      ErrorCode::invalid_argument,
      "a number beside a tensor is kept as f64, which does not hold this integer: beyond 2^53 give "
      "a tensor of i64");
}

}  // namespace detail

// --- Value ---------------------------------------------------------------------------------------

detail::GraphData& Value::data() const {
  if (data_ == nullptr)
    fail(ErrorCode::invalid_graph, "a default-constructed Value stands for no tensor");
  return *data_;
}

DType Value::dtype() const { return data().nodes[id_.index].dtype; }
const Shape& Value::shape() const { return data().shapes[data().nodes[id_.index].shape.index]; }

Value Value::apply(Op op, std::span<const Value> operands, const Attributes& attributes) try {
  detail::check_arity(op, operands.size());
  detail::check_recorded(op);
  std::array<NodeId, kMaxOperands> ids;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (&operands[i].data() != &operands[0].data()) {
      fail(ErrorCode::invalid_graph,
           fmt::format("{}: operand '{}' is a Value of another Graph than '{}'", to_string(op),
                       info(op).operands[i].name, info(op).operands[0].name));
    }
    ids[i] = operands[i].id_;
  }
  detail::GraphData& data = operands[0].data();
  return {operands[0].data_, data.apply(op, {ids.data(), operands.size()}, attributes)};
} catch (...) {
  detail::rethrow_as_error();
}

Value Value::scalar(Scalar number) const try {
  const DType own = dtype();
  return {data_, data_->add_parameter(number.value(), own == DType::boolean ? DType::f32 : own)};
} catch (...) {
  detail::rethrow_as_error();
}

Value Value::constant(Scalar number) const try {
  const DType own = dtype();
  return {data_, data_->add_constant(number.value(), own == DType::boolean ? DType::f32 : own)};
} catch (...) {
  detail::rethrow_as_error();
}

Value Value::iota(DType dtype, const Shape& shape, std::int64_t axis) const {
  static_cast<void>(data());
  return Graph(data_).iota(dtype, shape, axis);
}

// --- Graph ---------------------------------------------------------------------------------------

Graph::Graph() try : data_(std::make_shared<detail::GraphData>()) {
} catch (...) {
  detail::rethrow_as_error();
}
Graph::~Graph() = default;
Graph::Graph(Graph&&) noexcept = default;
Graph& Graph::operator=(Graph&&) noexcept = default;

detail::GraphData& Graph::data() const {
  if (data_ == nullptr) fail(ErrorCode::invalid_graph, "this Graph was moved from");
  return *data_;
}

detail::Merging::Merging(Graph& graph) : data_(graph.data_) {
  SINTER_ASSERT(data_->nodes.empty(), "merging begins with the first node");
  data_->merge_equal_nodes(true);
}
detail::Merging::~Merging() { data_->merge_equal_nodes(false); }

Graph Graph::clone() const try {
  Graph copy;
  *copy.data_ = data();
  return copy;
} catch (...) {
  detail::rethrow_as_error();
}

Graph Graph::clone(std::span<const double> parameters) const try {
  Graph copy = clone();
  std::vector<double>& values = copy.data_->parameters;
  if (parameters.size() != values.size()) {
    fail(ErrorCode::invalid_argument,
         fmt::format("clone: {} values for the {} parameters of a graph", parameters.size(),
                     values.size()));
  }
  for (const Node& node : copy.nodes()) {
    if (node.op != Op::parameter) continue;
    values[node.payload] = detail::checked_scalar(parameters[node.payload], node.dtype);
  }
  return copy;
} catch (...) {
  detail::rethrow_as_error();
}

Value Graph::input(std::string_view name, DType dtype, const Shape& shape,
                   const Strides& strides) try {
  return {data_, data().add_input(name, dtype, shape, strides)};
} catch (...) {
  detail::rethrow_as_error();
}

void Graph::donate(const Value& input) try {
  if (&input.data() != &data()) {
    fail(ErrorCode::invalid_graph, "donate: the value belongs to another Graph");
  }
  data().donate(input.id_);
} catch (...) {
  detail::rethrow_as_error();
}

Value Graph::parameter(Scalar value, DType dtype) try {
  return {data_, data().add_parameter(value.value(), dtype)};
} catch (...) {
  detail::rethrow_as_error();
}

Value Graph::iota(DType dtype, const Shape& shape, std::int64_t axis) try {
  check_shape(shape, "iota");
  if (dtype == DType::boolean) {
    fail(ErrorCode::dtype_mismatch, "iota counts in an integer or floating dtype, not in bool");
  }
  const int along = detail::checked_axis("iota", shape, axis);
  if (is_integer(dtype)) return {data_, data().add_iota(dtype, shape, along)};
  const bool narrow = shape[along] <= std::numeric_limits<std::int32_t>::max();
  return iota(narrow ? DType::i32 : DType::i64, shape, along).convert(dtype);
} catch (...) {
  detail::rethrow_as_error();
}

Value Graph::constant(Scalar value, DType dtype) try {
  return {data_, data().add_constant(value.value(), dtype)};
} catch (...) {
  detail::rethrow_as_error();
}

void Graph::output(std::string_view name, const Value& value, const Strides& strides) try {
  if (&value.data() != &data()) {
    fail(ErrorCode::invalid_graph, fmt::format("output '{}' is a Value of another Graph", name));
  }
  data().add_output(name, value.id_, strides);
} catch (...) {
  detail::rethrow_as_error();
}

bool Graph::holds(const Value& value) const {
  return value.data_ != nullptr && value.data_ == data_;
}

NodeId Graph::apply(Op op, std::span<const NodeId> operands, const Attributes& attributes) try {
  detail::check_recorded(op);
  return data().apply(op, operands, attributes);
} catch (...) {
  detail::rethrow_as_error();
}

Value Graph::value(NodeId id) const {
  data().check_node(id);
  return {data_, id};
}

std::span<const Node> Graph::nodes() const { return data().nodes; }
const Shape& Graph::shape(ShapeId id) const { return data().shapes[id.index]; }
Attributes Graph::attributes(NodeId id) const {
  const Node& of = node(id);
  Attributes attributes{.dtype = of.dtype, .shape = shape(id)};
  for (std::size_t i = 0; i < kMaxLists && !info(of.op).lists[i].empty(); ++i) {
    attributes.lists[i] = shape(ShapeId{static_cast<std::uint32_t>(of.payload >> (32 * i))});
  }
  if (const LookupTable* of_node = table(id)) attributes.table = *of_node;
  return attributes;
}
std::span<const GraphInput> Graph::inputs() const { return data().inputs; }
std::span<const GraphOutput> Graph::outputs() const { return data().outputs; }
std::span<const double> Graph::parameters() const { return data().parameters; }
std::span<const LookupTable> Graph::tables() const { return data().tables; }
const LookupTable* Graph::table(NodeId id) const {
  const Node& of = node(id);
  return info(of.op).rule == DTypeRule::lookup ? &tables()[of.payload] : nullptr;
}
GraphKey Graph::key() const { return data().key.key(); }

NodeId Graph::view(NodeId of, const detail::Layout& layout) try {
  const ViewAttributes view{layout.shape, layout.strides, layout.offset};
  return data().apply(Op::view, std::span(&of, 1), view.generic());
} catch (...) {
  detail::rethrow_as_error();
}

NodeId Graph::dot(NodeId a, NodeId b) try {
  const NodeId operands[] = {a, b};
  return data().apply(Op::dot, operands, {});
} catch (...) {
  detail::rethrow_as_error();
}

NodeId Graph::copy_node(const Graph& from, NodeId id, std::span<const NodeId> operands) try {
  from.data().check_node(id);
  const Node& node = from.node(id);
  if (node.op == Op::input) {
    const GraphInput& input = from.inputs()[node.payload];
    const NodeId copy = data().add_input(input.name, node.dtype, from.shape(id), input.strides);
    if (input.donated) data().donate(copy);
    return copy;
  }
  if (node.op == Op::parameter) {
    return data().add_parameter(from.parameters()[node.payload], node.dtype);
  }
  if (node.op == Op::constant) {
    return data().add_constant(std::bit_cast<double>(node.payload), node.dtype);
  }
  if (node.op == Op::iota) {
    return data().add_iota(node.dtype, from.shape(id), static_cast<int>(node.payload));
  }
  return data().apply(node.op, operands, from.attributes(id));
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
