// The reference interpreter: one loop over the nodes, one loop over the elements of each.
//
// A tensor lives from its node to the last node that reads it, so a long chain needs memory for few
// tensors at a time. Operands are read with strides in bytes, which are 0 along broadcast axes.
#include <sinter/ir/interpret.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <stdexcept>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include <sinter/ir/enum.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/passes.h>
#include <sinter/ir/rethrow.h>
#include <sinter/ir/verify.h>

#include "graph/primitives.h"
#include "interpret/move_elements.h"
#include "interpret/multiply_elements.h"
#include "interpret/reduce_elements.h"

namespace sinter {
namespace {

using detail::Types;

template <typename T>
T load(const std::byte* from) {
  if constexpr (std::is_same_v<T, bool>) {
    return *from != std::byte{0};
  } else {
    T value;
    std::memcpy(static_cast<void*>(&value), from, sizeof value);
    return value;
  }
}

template <typename T>
void store(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

/// Dense memory of a tensor, with its shape.
struct Operand {
  const std::byte* data = nullptr;
  const Shape* shape = nullptr;
  std::size_t element_bytes = 0;
};

/// Strides of `operand` in bytes along the axes of `target`; 0 where it is broadcast.
Strides byte_steps(const Operand& operand, const Shape& target) {
  const Strides dense = dense_strides(*operand.shape);
  const int missing = target.rank() - operand.shape->rank();
  Strides steps;
  for (int axis = 0; axis < target.rank(); ++axis) {
    const int own = axis - missing;
    const bool repeats = own < 0 || (*operand.shape)[own] == 1;
    steps.push_back(repeats ? 0 : dense[own] * static_cast<std::int64_t>(operand.element_bytes));
  }
  return steps;
}

/// Iterates over the rows (the last axis) of a shape in row-major order, with one pointer per
/// operand.
class RowWalk {
 public:
  RowWalk(const Shape& shape, std::span<const Operand> operands) : shape_(shape) {
    for (std::size_t i = 0; i < operands.size(); ++i) {
      steps_[i] = byte_steps(operands[i], shape);
      row_[i] = operands[i].data;
    }
    while (at_.rank() < shape.rank()) at_.push_back(0);
  }
  [[nodiscard]] std::int64_t rows() const {
    return row_length() == 0 ? 0 : shape_.elements() / row_length();
  }
  [[nodiscard]] std::int64_t row_length() const {
    return shape_.empty() ? 1 : shape_[shape_.rank() - 1];
  }
  [[nodiscard]] const std::byte* row(std::size_t operand) const { return row_[operand]; }
  [[nodiscard]] std::int64_t step(std::size_t operand) const {
    return shape_.empty() ? 0 : steps_[operand][shape_.rank() - 1];
  }
  void next_row() {
    for (int axis = shape_.rank() - 2; axis >= 0; --axis) {
      const bool wraps = ++at_[axis] == shape_[axis];
      for (std::size_t i = 0; i < row_.size(); ++i) {
        if (steps_[i].empty()) continue;
        row_[i] += wraps ? -steps_[i][axis] * (shape_[axis] - 1) : steps_[i][axis];
      }
      if (!wraps) return;
      at_[axis] = 0;
    }
  }

 private:
  const Shape& shape_;
  Shape at_;
  std::array<Strides, kMaxOperands> steps_;
  std::array<const std::byte*, kMaxOperands> row_{};
};

/// A primitive on elements of given dtypes: a function object, and the function that calls it on
/// elements in memory. Loops over elements are compiled once and call it by its address.
class ElementFunction {
 public:
  ElementFunction(Op op, DType dtype, DType to, const LookupTable* table) {
    detail::visit_primitive(
        op, dtype, to,
        [this]<typename F, typename... T>(const F& f, Types<T...>) {
          static_assert(sizeof(F) <= sizeof object_ && std::is_trivially_copyable_v<F>);
          new (object_.data()) F(f);
          compute_ = compute<F, T...>;
        },
        table);
  }
  void operator()(const std::byte* const* operands, std::byte* out) const {
    compute_(object_.data(), operands, out);
  }

 private:
  template <typename F, typename... T>
  static void compute(const void* f, const std::byte* const* operands, std::byte* out) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      using Result = std::invoke_result_t<F, T...>;
      store<Result>(out, (*static_cast<const F*>(f))(load<T>(operands[I])...));
    }(std::index_sequence_for<T...>());
  }

  void (*compute_)(const void* f, const std::byte* const* operands, std::byte* out) = nullptr;
  alignas(void*) std::array<std::byte, sizeof(void*)> object_{};
};

/// Computes each element of the result.
void map_elements(const ElementFunction& f, std::size_t operands, RowWalk walk, std::byte* out,
                  std::int64_t out_bytes) {
  std::array<const std::byte*, kMaxOperands> at{};
  for (std::int64_t row = walk.rows(); row > 0; --row, walk.next_row()) {
    for (std::size_t j = 0; j < operands; ++j) at[j] = walk.row(j);
    for (std::int64_t i = walk.row_length(); i > 0; --i, out += out_bytes) {
      f(at.data(), out);
      for (std::size_t j = 0; j < operands; ++j) at[j] += walk.step(j);
    }
  }
}

class Interpreter {
 public:
  Interpreter(const Graph& graph, std::span<const TensorData> inputs)
      : graph_(graph), inputs_(inputs), tensors_(graph.nodes().size()), last_use_(last_uses()) {}

  std::vector<TensorData> run() {
    const auto count = static_cast<std::uint32_t>(tensors_.size());
    for (std::uint32_t i = 0; i < count; ++i) {
      make({i});
      for (NodeId operand : graph_.node({i}).inputs()) {
        if (last_use_[operand.index] == i) tensors_[operand.index] = {};
      }
    }
    std::vector<TensorData> results;
    for (const GraphOutput& output : graph_.outputs()) results.push_back(copy(output.node));
    return results;
  }

 private:
  /// The id of the last reader of each node. Outputs get 0, so that they are kept: node 0 is a leaf
  /// and reads nothing.
  [[nodiscard]] std::vector<std::uint32_t> last_uses() const {
    const std::span<const Node> nodes = graph_.nodes();
    std::vector<std::uint32_t> last(nodes.size(), 0);
    for (std::uint32_t i = 0; i < nodes.size(); ++i) {
      for (NodeId operand : nodes[i].inputs()) last[operand.index] = i;
    }
    for (const GraphOutput& output : graph_.outputs()) last[output.node.index] = 0;
    return last;
  }

  [[nodiscard]] Operand operand(NodeId id) const {
    const Node& node = graph_.node(id);
    const TensorData& data = node.op == Op::input ? inputs_[node.payload] : tensors_[id.index];
    return {data.bytes.data(), &graph_.shape(id), info(node.dtype).bytes};
  }

  void make(NodeId id) {
    const Node& node = graph_.node(id);
    switch (info(node.op).kind) {
      case OpKind::leaf:
        if (node.op != Op::input) tensors_[id.index] = leaf(id);
        return;
      case OpKind::structural: tensors_[id.index] = move(id); return;
      case OpKind::reduction: tensors_[id.index] = reduce(id); return;
      case OpKind::product: tensors_[id.index] = multiply(id); return;
      case OpKind::primitive: tensors_[id.index] = compute(id, node.op, node.inputs()); return;
      case OpKind::composite: break;
    }
    SINTER_ASSERT(false, "the graph has no composites after expand");
  }

  [[nodiscard]] TensorData leaf(NodeId id) const {
    const Node& node = graph_.node(id);
    if (node.op != Op::iota) return scalar(node);
    return detail::count_along(node.dtype, graph_.shape(id), static_cast<int>(node.payload));
  }

  [[nodiscard]] TensorData move(NodeId id) const {
    std::array<detail::DenseTensor, kMaxOperands> operands;
    const auto inputs = graph_.node(id).inputs();
    std::ranges::transform(inputs, operands.begin(), [&](NodeId at) {
      const Operand from = operand(at);
      return detail::DenseTensor{from.data, from.shape};
    });
    return detail::move_elements(graph_, id, {operands.data(), inputs.size()});
  }

  [[nodiscard]] TensorData reduce(NodeId id) const {
    const Operand from = operand(graph_.node(id).operands[0]);
    return detail::reduce_elements(graph_, id, {from.data, from.shape});
  }

  [[nodiscard]] TensorData multiply(NodeId id) const {
    const Operand a = operand(graph_.node(id).operands[0]);
    const Operand b = operand(graph_.node(id).operands[1]);
    return detail::multiply_elements(graph_, id, {a.data, a.shape}, {b.data, b.shape});
  }

  [[nodiscard]] TensorData scalar(const Node& node) const {
    const double value = node.op == Op::constant ? std::bit_cast<double>(node.payload)
                                                 : graph_.parameters()[node.payload];
    TensorData data = TensorData::zeros(node.dtype, {});
    detail::visit_type(node.dtype, [&]<typename T>(T) {
      store(data.bytes.data(), detail::convert_element<T>(value));
    });
    return data;
  }

  [[nodiscard]] TensorData compute(NodeId id, Op op, std::span<const NodeId> operand_ids) const {
    const DType dtype = graph_.node(operand_ids[0]).dtype;
    TensorData result = TensorData::zeros(graph_.node(id).dtype, graph_.shape(id));
    std::array<Operand, kMaxOperands> operands;
    std::ranges::transform(operand_ids, operands.begin(), [&](NodeId at) { return operand(at); });
    const RowWalk walk(result.shape, {operands.data(), operand_ids.size()});
    const ElementFunction f(op, dtype, result.dtype, graph_.table(id));
    map_elements(f, operand_ids.size(), walk, result.bytes.data(), info(result.dtype).bytes);
    return result;
  }

  /// A copy for the caller. In masks every true is stored as 1, even if an input held another byte.
  [[nodiscard]] TensorData copy(NodeId id) const {
    return compute(id, Op::broadcast, std::span(&id, 1));
  }

  const Graph& graph_;
  std::span<const TensorData> inputs_;
  std::vector<TensorData> tensors_;  ///< by node; empty before it is computed and after last use
  std::vector<std::uint32_t> last_use_;
};

[[noreturn]] void refuse_memory(DType dtype, const Shape& shape, std::size_t bytes) {
  fail(ErrorCode::limit_exceeded,
       fmt::format("no memory for a tensor of {}{}, which takes {} bytes", to_string(dtype),
                   to_string(shape), bytes));
}

void check_input(const GraphInput& declared, DType dtype, const Shape& shape,
                 const TensorData& given) {
  if (given.dtype != dtype) {
    fail(ErrorCode::dtype_mismatch, fmt::format("input '{}' is {}, not {}", declared.name,
                                                to_string(dtype), to_string(given.dtype)));
  }
  if (given.shape != shape) {
    fail(ErrorCode::shape_mismatch, fmt::format("input '{}' has shape {}, not {}", declared.name,
                                                to_string(shape), to_string(given.shape)));
  }
  const auto bytes = static_cast<std::size_t>(shape.elements()) * info(dtype).bytes;
  if (given.bytes.size() != bytes) {
    fail(ErrorCode::invalid_argument,
         fmt::format("input '{}' has {} bytes, not {}", declared.name, given.bytes.size(), bytes));
  }
}

void check_inputs(const Graph& graph, std::span<const TensorData> inputs) {
  if (inputs.size() != graph.inputs().size()) {
    fail(ErrorCode::invalid_argument, fmt::format("the graph has {} inputs, but {} were given",
                                                  graph.inputs().size(), inputs.size()));
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const GraphInput& declared = graph.inputs()[i];
    check_input(declared, graph.node(declared.node).dtype, graph.shape(declared.node), inputs[i]);
  }
}

/// Throws Error unless `op` is a primitive with this number of operands, and the dtypes exist.
void check_primitive(Op op, DType dtype, DType to, std::size_t operands) {
  static_cast<void>(info(dtype));
  static_cast<void>(info(to));
  const OpInfo& row = info(op);
  if (row.kind != OpKind::primitive) {
    fail(ErrorCode::invalid_argument,
         fmt::format("evaluate of {}, which is not a primitive", row.name));
  }
  if (operands == static_cast<std::size_t>(row.arity)) return;
  fail(ErrorCode::invalid_argument,
       fmt::format("evaluate: {} takes {} operands, not {}", row.name, row.arity, operands));
}

}  // namespace

TensorData TensorData::zeros(DType dtype, const Shape& shape) try {
  check_shape(shape, "a tensor");
  TensorData data;
  data.dtype = dtype;
  data.shape = shape;
  const std::size_t bytes = static_cast<std::size_t>(shape.elements()) * info(dtype).bytes;
  try {
    data.bytes.resize(bytes);
  } catch (const std::bad_alloc&) {
    refuse_memory(dtype, shape, bytes);
  } catch (const std::length_error&) {
    refuse_memory(dtype, shape, bytes);
  }
  return data;
} catch (...) {
  detail::rethrow_as_error();
}

void TensorData::size_mismatch(const Shape& shape, std::size_t values) {
  fail(ErrorCode::invalid_argument,
       fmt::format("{} values for a tensor of shape {}, which holds {}", values, to_string(shape),
                   shape.elements()));
}

void TensorData::check_type(std::optional<DType> asked) const {
  if (asked == dtype) return;
  fail(ErrorCode::dtype_mismatch,
       fmt::format("a tensor of {} was read as {}", to_string(dtype),
                   asked.has_value() ? to_string(*asked) : "a type that is not a dtype"));
}

std::vector<TensorData> interpret(const Graph& graph, std::span<const TensorData> inputs,
                                  Rounding rounding) try {
  const detail::FloatEnvironment environment;
  detail::check_enum("Rounding", rounding, Rounding::each_op);
  verify(graph);
  check_inputs(graph, inputs);
  const Graph primitives = has_storage_floats(graph)
                               ? expand(widen(graph, rounding), graph.parameters())
                               : expand(graph, graph.parameters());
  return Interpreter(primitives, inputs).run();
} catch (...) {
  detail::rethrow_as_error();
}

std::uint64_t evaluate_bits(Op op, DType dtype, DType to, std::span<const std::uint64_t> operands,
                            const LookupTable* table) {
  const detail::FloatEnvironment environment;
  check_primitive(op, dtype, to, operands.size());
  std::array<const std::byte*, kMaxOperands> at{};
  for (std::size_t i = 0; i < operands.size(); ++i) {
    at[i] = reinterpret_cast<const std::byte*>(&operands[i]);  // the lowest byte comes first
  }
  std::uint64_t result = 0;
  ElementFunction(op, dtype, to, table)(at.data(), reinterpret_cast<std::byte*>(&result));
  return result;
}

double evaluate(Op op, DType dtype, DType to, std::span<const double> operands) {
  check_primitive(op, dtype, to, operands.size());
  std::array<std::uint64_t, kMaxOperands> bits{};
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const bool condition = op == Op::select && i == 0;
    bits[i] = element_bits(operands[i], condition ? DType::boolean : dtype);
  }
  return element_value(evaluate_bits(op, dtype, to, {bits.data(), operands.size()}), to);
}

std::int64_t first_difference(const TensorData& a, const TensorData& b) {
  if (a.dtype != b.dtype || a.shape != b.shape) return -2;
  const std::size_t size = info(a.dtype).bytes;
  const auto is_nan = [&](const std::byte* element) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, element, size);
    return is_floating(a.dtype) && std::isnan(element_value(bits, a.dtype));
  };
  for (std::size_t at = 0; at < a.bytes.size(); at += size) {
    const std::byte* x = a.bytes.data() + at;
    const std::byte* y = b.bytes.data() + at;
    if (std::memcmp(x, y, size) == 0 || (is_nan(x) && is_nan(y))) continue;
    return static_cast<std::int64_t>(at / size);
  }
  return -1;
}

}  // namespace sinter
