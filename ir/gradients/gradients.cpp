// The backward walk, from the loss to the values with respect to which it is differentiated.
//
// Two loops over the nodes in between find those that carry a gradient. A third, from the last node
// to the first, applies the rules. All checks precede the first recorded node.
#include <sinter/ir/gradients.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <string>
#include <unordered_map>

#include <fmt/format.h>

#include <sinter/ir/assert.h>
#include <sinter/ir/float_environment.h>
#include <sinter/ir/rethrow.h>

#include "gradients/rules.h"

namespace sinter {
namespace {

using detail::gradient::Flow;
using detail::gradient::Step;

/// Sums `value`, which has the shape of an op's result, over the axes along which an operand of
/// shape `shape` was broadcast. The result has that shape.
Value sum_to(const Value& value, const Shape& shape) {
  const Shape from = value.shape();
  if (from == shape) return value;
  if (shape.elements() == 1) return value.sum().reshape(shape);
  const int missing = from.rank() - shape.rank();
  Dims axes;
  bool keeps = false;
  for (int axis = 0; axis < from.rank(); ++axis) {
    const bool own = axis >= missing;
    if (from[axis] == 1 || (own && shape[axis - missing] == from[axis])) continue;
    axes.push_back(axis);
    keeps = keeps || own;
  }
  const bool all_new = !keeps && axes.rank() == missing;
  const Value summed = axes.empty() ? value : value.sum(Axes(axes), !all_new);
  return summed.shape() == shape ? summed : summed.reshape(shape);
}

class Backward {
 public:
  Backward(Graph graph, NodeId loss, std::vector<NodeId> of)
      : graph_(std::move(graph)),
        loss_(loss),
        of_(std::move(of)),
        first_(std::ranges::min(of_).index),
        marks_(loss.index < first_ ? 0 : loss.index - first_ + 1),
        gradients_(marks_.size()) {
    mark_what_reaches_the_loss();
    check_of();
    mark_what_is_wanted();
  }

  std::vector<Value> run() {
    accumulate(loss_, graph_.constant(1, graph_.node(loss_).dtype));
    for (std::uint32_t i = loss_.index + 1; i-- > first_;) propagate({i});
    std::vector<Value> results;
    for (NodeId id : of_) {
      const Value value = result(id);
      // Each result is a node of its own, because two results may be one node: two values of `of`
      // may be the same, or one value may be on the path from another to the loss.
      results.push_back(of_.size() == 1 ? value : value.convert(value.dtype()));
    }
    return results;
  }

 private:
  struct Mark {
    bool connected = false;  ///< true if the loss depends on the node
    bool defined = false;    ///< true if on a path to the loss every op has a gradient, maybe 0
    bool wanted = false;     ///< true if the node depends on one of `of` through smooth ops
  };

  [[nodiscard]] bool is_between(NodeId id) const {
    return id.index >= first_ && id.index <= loss_.index;
  }
  [[nodiscard]] Mark& mark(NodeId id) { return marks_[id.index - first_]; }

  [[nodiscard]] Flow flow(NodeId id, std::size_t i) const {
    return detail::gradient::flow(graph_, id, i);
  }

  void mark_what_reaches_the_loss() {
    if (!is_between(loss_)) return;
    mark(loss_) = {.connected = true, .defined = true};
    for (std::uint32_t id = loss_.index + 1; id-- > first_;) {
      const Mark own = mark({id});
      const Node& node = graph_.node({id});
      for (std::size_t i = 0; own.connected && i < node.operand_count; ++i) {
        if (!is_between(node.operands[i])) continue;
        Mark& operand = mark(node.operands[i]);
        operand.connected = true;
        if (own.defined && flow({id}, i) != Flow::none) operand.defined = true;
      }
    }
  }

  void mark_what_is_wanted() {
    for (NodeId id : of_) mark(id).wanted = true;
    for (std::uint32_t id = first_; id <= loss_.index; ++id) {
      const Node& node = graph_.node({id});
      for (std::size_t i = 0; i < node.operand_count; ++i) {
        const NodeId operand = node.operands[i];
        if (is_between(operand) && mark(operand).wanted && flow({id}, i) == Flow::smooth) {
          mark({id}).wanted = true;
        }
      }
    }
  }

  // --- Errors ------------------------------------------------------------------------------------

  void check_of() {
    for (std::size_t k = 0; k < of_.size(); ++k) {
      if (!is_floating(graph_.node(of_[k]).dtype)) {
        fail(ErrorCode::dtype_mismatch,
             fmt::format("gradients: by {}: only floats have gradients", text(k)));
      }
      if (!is_between(of_[k]) || !mark(of_[k]).connected) {
        fail(ErrorCode::invalid_argument,
             fmt::format("gradients: the loss does not depend on {}", text(k)));
      }
      if (!mark(of_[k]).defined) refuse_undefined(k);
    }
  }

  /// "value 0 of the list, input 'w': f32[4]" or "value 1 of the list, mul: f32[4]"
  [[nodiscard]] std::string text(std::size_t k) const {
    const Node& node = graph_.node(of_[k]);
    const std::string name = node.op == Op::input
                                 ? fmt::format("input '{}'", graph_.inputs()[node.payload].name)
                                 : std::string(to_string(node.op));
    return fmt::format("value {} of the list, {}: {}", k, name, type_text(of_[k]));
  }

  [[nodiscard]] std::string type_text(NodeId id) const {
    return fmt::format("{}{}", to_string(graph_.node(id).dtype), to_string(graph_.shape(id)));
  }

  /// Throws an error that names the first op on the way from of_[k] to the loss that has no
  /// gradient.
  [[noreturn]] void refuse_undefined(std::size_t k) {
    std::vector<bool> reached(marks_.size(), false);
    reached[of_[k].index - first_] = true;
    for (std::uint32_t id = of_[k].index + 1; id <= loss_.index; ++id) {
      const Node& node = graph_.node({id});
      for (std::size_t i = 0; i < node.operand_count; ++i) {
        const NodeId operand = node.operands[i];
        if (!is_between(operand) || !reached[operand.index - first_]) continue;
        if (flow({id}, i) != Flow::none) {
          reached[id - first_] = true;
        } else if (mark({id}).connected) {
          refuse_at(k, {id}, i);
        }
      }
    }
    SINTER_ASSERT(false, "an op without a gradient is on the way to the loss");
  }

  [[noreturn]] void refuse_at(std::size_t k, NodeId id, std::size_t i) const {
    const Node& node = graph_.node(id);
    fail(ErrorCode::invalid_argument,
         fmt::format("gradients: the loss depends on {} only through {} of {} = {}, which has no "
                     "gradient there",
                     text(k), info(node.op).operands[i].name, to_string(node.op), type_text(id)));
  }

  // --- The walk ----------------------------------------------------------------------------------

  void accumulate(NodeId id, const Value& contribution) {
    std::optional<NodeId>& sum = gradients_[id.index - first_];
    sum = sum.has_value() ? graph_.value(*sum).add(contribution).id() : contribution.id();
  }

  [[nodiscard]] std::optional<double> number(const Node& node) const {
    if (node.op == Op::parameter) return graph_.parameters()[node.payload];
    if (node.op == Op::constant) return std::bit_cast<double>(node.payload);
    return std::nullopt;
  }

  /// A value as the rule of `node` gets it: 16-bit floats as f32, unless the op changes the dtype.
  [[nodiscard]] Value seen_by(const Node& node, NodeId id) {
    const DType dtype = graph_.node(id).dtype;
    const DTypeRule rule = info(node.op).rule;
    const bool converts = rule == DTypeRule::convert || rule == DTypeRule::recast;
    if (converts || !is_storage_float(dtype)) return graph_.value(id);
    const auto [known, added] = wide_.try_emplace(id.index);
    if (added) {
      known->second = graph_.value(id).recast(compute_dtype(dtype)).id();
      narrow_.emplace(known->second.index, id);
    }
    return graph_.value(known->second);
  }

  /// The result of a rule in the dtype of its operand. The recast ends what counts as one op. A
  /// value that the rule passed on unchanged is returned as it was before seen_by().
  [[nodiscard]] Value as_result(const Value& given, DType dtype) const {
    if (given.dtype() == dtype) return given;
    const auto passed_on = narrow_.find(given.id().index);
    const bool same = passed_on != narrow_.end() && graph_.node(passed_on->second).dtype == dtype;
    return same ? graph_.value(passed_on->second) : given.recast(dtype);
  }

  [[nodiscard]] Step step_at(NodeId id, const Node& node) {
    const NodeId gradient = *gradients_[id.index - first_];
    Step step{{}, seen_by(node, id), seen_by(node, gradient), {}, {}, {}};
    for (std::size_t i = 0; i < node.operand_count; ++i) {
      step.x[i] = seen_by(node, node.operands[i]);
      step.numbers[i] = number(graph_.node(node.operands[i]));
      step.given[i] = graph_.node(node.operands[i]).op == Op::input;
    }
    step.attributes = graph_.attributes(id);
    return step;
  }

  void propagate(NodeId id) {
    if (!gradients_[id.index - first_].has_value()) return;
    const Node node = graph_.node(id);  // a copy: nodes move as the graph grows
    for (std::size_t i = 0; i < node.operand_count; ++i) {
      const NodeId operand = node.operands[i];
      if (!is_between(operand) || !mark(operand).wanted || flow(id, i) != Flow::smooth) continue;
      const auto body = detail::gradient::rule(node.op).body;
      const Shape shape = graph_.shape(operand);
      const DType dtype = graph_.node(operand).dtype;
      const Value given = sum_to(body(step_at(id, node), static_cast<int>(i)), shape);
      accumulate(operand, as_result(given, dtype));
    }
  }

  [[nodiscard]] Value result(NodeId id) {
    const std::optional<NodeId> gradient = gradients_[id.index - first_];
    if (gradient.has_value()) return graph_.value(*gradient);
    const Shape shape = graph_.shape(id);
    return graph_.constant(0, graph_.node(id).dtype).broadcast_to(shape);
  }

  Graph graph_;
  NodeId loss_;
  std::vector<NodeId> of_;
  std::uint32_t first_;      ///< index of the first node that matters; the loss is the last
  std::vector<Mark> marks_;  ///< by node from first_ on
  std::vector<std::optional<NodeId>> gradients_;      ///< sums so far, by node from first_ on
  std::unordered_map<std::uint32_t, NodeId> wide_;    ///< f32 recast of a 16-bit value, by its node
  std::unordered_map<std::uint32_t, NodeId> narrow_;  ///< 16-bit value, by the node of its recast
};

void check_loss(const Value& loss) {
  if (!is_floating(loss.dtype())) {
    fail(ErrorCode::dtype_mismatch,
         fmt::format("gradients: the loss is {}: only floats have gradients",
                     to_string(loss.dtype())));
  }
  if (!loss.shape().empty()) {
    fail(ErrorCode::shape_mismatch,
         fmt::format("gradients: the loss has shape {}: it takes a scalar, of shape []; reduce it, "
                     "by sum() or mean()",
                     to_string(loss.shape())));
  }
}

}  // namespace

bool passes_gradient(const Graph& graph, NodeId node, std::size_t operand) {
  return detail::gradient::flow(graph, node, operand) == Flow::smooth;
}

std::vector<Value> gradients(const Value& loss, std::span<const Value> of) try {
  const detail::FloatEnvironment environment;
  check_loss(loss);
  if (of.empty()) {
    fail(ErrorCode::invalid_argument, "gradients: by no values: give one or more");
  }
  std::vector<NodeId> ids;
  for (const Value& value : of) {
    if (&value.data() != &loss.data()) {
      fail(ErrorCode::invalid_graph,
           fmt::format("gradients: value {} of the list is a Value of another Graph than the loss",
                       ids.size()));
    }
    ids.push_back(value.id());
  }
  return Backward(Graph(loss.data_), loss.id(), std::move(ids)).run();
} catch (...) {
  detail::rethrow_as_error();
}

}  // namespace sinter
