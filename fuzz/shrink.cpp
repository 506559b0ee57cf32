// Shrinking: edits that make a case smaller, tried one at a time until none keeps the failure.
//
// An edit describes a change of nodes. The graph is recorded again with this change, with only the
// nodes and inputs that its outputs need. An edit whose graph throws Error does not apply.
#include <algorithm>
#include <cstring>
#include <optional>

#include <sinter/fuzz/case.h>
#include <sinter/ir/element.h>
#include <sinter/ir/passes.h>

namespace sinter::fuzz {
namespace {

struct Edit {
  std::optional<NodeId> only_output = {};          ///< node that becomes the only output
  std::optional<std::size_t> dropped_output = {};  ///< by position
  std::optional<NodeId> replaced = {};             ///< node replaced by its operand number `by`
  std::size_t by = 0;
  std::optional<NodeId> cut = {};  ///< node that becomes an input with its value
  bool dense = false;              ///< inputs and outputs become dense
  std::int64_t length = 0;         ///< length of the axes to shorten; 0 for none
  std::int64_t shorter = 0;        ///< new length of these axes
  bool plain_scalars = false;      ///< parameters become 1
};

Shape shortened(const Shape& shape, const Edit& edit) {
  Shape result = shape;
  for (int axis = 0; axis < shape.rank() && edit.length != 0; ++axis) {
    if (shape[axis] == edit.length) result[axis] = edit.shorter;
  }
  return result;
}

/// `shape` with another length of one axis, so that it has `elements` elements; unchanged if no
/// axis allows it.
Shape refitted(const Shape& shape, std::int64_t elements) {
  for (int axis = shape.rank() - 1; axis >= 0 && shape.elements() != elements; --axis) {
    Shape others = shape;
    others[axis] = 1;
    if (others.elements() == 0 || elements % others.elements() != 0) continue;
    others[axis] = elements / others.elements();
    return others;
  }
  return shape;
}

/// The first elements of `from` along every axis.
TensorData cropped(const TensorData& from, const Shape& shape) {
  if (from.shape == shape) return from;
  Graph graph;
  Value value = graph.input("x", from.dtype, from.shape);
  for (int axis = 0; axis < shape.rank(); ++axis) value = value.slice(axis, 0, shape[axis]);
  graph.output("y", value);
  return interpret(graph, std::span(&from, 1))[0];
}

class Rebuilder {
 public:
  Rebuilder(const Case& from, const Edit& edit)
      : from_(from), edit_(edit), moved_(from.graph.nodes().size()) {
    result_.rounding = from.rounding;
    mark_needed();
  }

  Case run() && {
    for (std::uint32_t i = 0; i < moved_.size(); ++i) {
      if (needed_[i]) moved_[i] = rebuilt({i});
    }
    add_outputs();
    return std::move(result_);
  }

 private:
  [[nodiscard]] std::span<const NodeId> operands(NodeId id) const {
    const std::span<const NodeId> all = from_.graph.node(id).inputs();
    if (edit_.cut == id) return {};
    return edit_.replaced == id ? all.subspan(edit_.by, 1) : all;
  }

  [[nodiscard]] bool keeps(std::size_t output) const { return edit_.dropped_output != output; }

  void mark_needed() {
    needed_.resize(moved_.size());
    const auto outputs = from_.graph.outputs();
    for (std::size_t i = 0; i < outputs.size() && !edit_.only_output; ++i) {
      if (keeps(i)) needed_[outputs[i].node.index] = true;
    }
    if (edit_.only_output) needed_[edit_.only_output->index] = true;
    for (std::size_t i = needed_.size(); i-- > 0;) {
      if (!needed_[i]) continue;
      for (NodeId operand : operands({static_cast<std::uint32_t>(i)})) {
        needed_[operand.index] = true;
      }
    }
  }

  NodeId add_input(std::string_view name, const TensorData& data, const Strides& strides) {
    const Shape shape = shortened(data.shape, edit_);
    result_.inputs.push_back(cropped(data, shape));
    return result_.graph
        .input(name, data.dtype, shape, edit_.dense || edit_.length != 0 ? Strides() : strides)
        .id();
  }

  [[nodiscard]] TensorData value_of(NodeId id) const {
    Graph upto = from_.graph.clone();
    upto.output("the value that is cut", upto.value(id));
    return interpret(upto, from_.inputs, from_.rounding).back();
  }

  NodeId rebuilt(NodeId id) {
    const Node& node = from_.graph.node(id);
    if (edit_.cut == id) return add_input("cut" + std::to_string(id.index), value_of(id), {});
    if (edit_.replaced == id) return moved_[operands(id)[0].index];
    switch (node.op) {
      case Op::input: {
        const GraphInput& input = from_.graph.inputs()[node.payload];
        return add_input(input.name, from_.inputs[node.payload], input.strides);
      }
      case Op::parameter: {
        const double value = from_.graph.parameters()[node.payload];
        return result_.graph.parameter(edit_.plain_scalars ? 1 : value, node.dtype).id();
      }
      case Op::constant: return result_.graph.copy_node(from_.graph, id, {});
      case Op::iota:
        return result_.graph
            .iota(node.dtype, shortened(from_.graph.shape(id), edit_),
                  static_cast<std::int64_t>(node.payload))
            .id();
      default: return applied(id);
    }
  }

  NodeId applied(NodeId id) {
    const Node& node = from_.graph.node(id);
    std::vector<Value> values;
    for (NodeId operand : node.inputs()) {
      values.push_back(result_.graph.value(moved_[operand.index]));
    }
    Attributes attributes = from_.graph.attributes(id);
    attributes.shape = shortened(*attributes.shape, edit_);
    if (node.op == Op::reshape) {
      attributes.shape = refitted(*attributes.shape, values[0].shape().elements());
    }
    return Value::apply(node.op, values, attributes).id();
  }

  void add_outputs() {
    if (edit_.only_output) {
      result_.graph.output("y", result_.graph.value(moved_[edit_.only_output->index]));
      return;
    }
    const auto outputs = from_.graph.outputs();
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (!keeps(i)) continue;
      const bool dense = edit_.dense || edit_.length != 0;
      result_.graph.output(outputs[i].name, result_.graph.value(moved_[outputs[i].node.index]),
                           dense ? Strides() : outputs[i].strides);
    }
  }

  const Case& from_;
  const Edit& edit_;
  Case result_;
  std::vector<NodeId> moved_;
  std::vector<bool> needed_;
};

std::optional<Case> edited(const Case& from, const Edit& edit) {
  try {
    return Rebuilder(from, edit).run();
  } catch (const Error&) {
    return std::nullopt;
  }
}

class Shrinker {
 public:
  Shrinker(const Case& failing, const std::function<bool(const Case&)>& fails, int attempts)
      : best_(failing.clone()), fails_(fails), left_(attempts) {}

  Case run() && {
    for (bool changed = true; changed;) {
      changed = outputs();
      changed |= nodes();
      changed |= lengths();
      changed |= layout();
      changed |= elements();
    }
    return std::move(best_);
  }

 private:
  bool keep(std::optional<Case> smaller) {
    if (!smaller || left_ <= 0) return false;
    --left_;
    if (!fails_(*smaller)) return false;
    best_ = std::move(*smaller);
    return true;
  }
  bool attempt(const Edit& edit) { return keep(edited(best_, edit)); }

  [[nodiscard]] std::uint32_t node_count() const {
    return static_cast<std::uint32_t>(best_.graph.nodes().size());
  }
  [[nodiscard]] const Node& node(std::uint32_t id) const { return best_.graph.node({id}); }
  [[nodiscard]] static bool is_leaf(const Node& node) { return info(node.op).kind == OpKind::leaf; }

  /// Makes the first node that still fails the only output. If there is none, drops an output.
  bool outputs() {
    const auto outputs = best_.graph.outputs();
    for (std::uint32_t i = 0; i < node_count(); ++i) {
      const bool is_it = outputs.size() == 1 && outputs[0].node.index == i;
      if (is_it) break;
      if (!is_leaf(node(i)) && attempt({.only_output = NodeId{i}})) return true;
    }
    for (std::size_t i = 0; best_.graph.outputs().size() > 1 && i < outputs.size(); ++i) {
      if (attempt({.dropped_output = i})) return true;
    }
    return false;
  }

  bool nodes() {
    bool changed = false;
    for (std::uint32_t i = node_count(); i-- > 0;) {
      if (i >= node_count() || is_leaf(node(i))) continue;
      for (std::size_t k = 0; k < node(i).operand_count; ++k) {
        const NodeId operand = node(i).operands[k];
        const bool alike = best_.graph.node(operand).dtype == node(i).dtype &&
                           best_.graph.shape(operand) == best_.graph.shape(NodeId{i});
        if (alike && attempt({.replaced = NodeId{i}, .by = k})) {
          changed = true;
          break;
        }
      }
    }
    // A cut adds an input, so it is kept only if the number of ops decreases.
    for (std::uint32_t i = node_count(); i-- > 0;) {
      if (i >= node_count() || is_leaf(node(i))) continue;
      std::optional<Case> cut = edited(best_, {.cut = NodeId{i}});
      if (cut && operations(*cut) < operations(best_) && keep(std::move(cut))) changed = true;
    }
    return changed;
  }

  static std::ptrdiff_t operations(const Case& of) {
    return std::ranges::count_if(of.graph.nodes(), [](const Node& node) { return !is_leaf(node); });
  }

  bool lengths() {
    std::vector<std::int64_t> all;
    for (const TensorData& input : best_.inputs) {
      all.insert(all.end(), input.shape.begin(), input.shape.end());
    }
    std::ranges::sort(all, std::greater<>());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    bool changed = false;
    for (std::int64_t length : all) {
      if (length < 2) continue;
      for (const std::int64_t shorter : {std::int64_t{1}, length / 2, length - 1}) {
        if (shorter < length && attempt({.length = length, .shorter = shorter})) {
          changed = true;
          break;
        }
      }
    }
    return changed;
  }

  bool layout() {
    const auto strided = [](const auto& declared) { return !declared.strides.empty(); };
    const bool has_strides = std::ranges::any_of(best_.graph.inputs(), strided) ||
                             std::ranges::any_of(best_.graph.outputs(), strided);
    const auto special = [](double value) { return !(value == 1); };
    bool changed = has_strides && attempt({.dense = true});
    if (std::ranges::any_of(best_.graph.parameters(), special)) {
      changed |= attempt({.plain_scalars = true});
    }
    if (best_.rounding == Rounding::each_op) {
      Case at_store = best_.clone();
      at_store.rounding = Rounding::at_store;
      changed |= keep(std::move(at_store));
    }
    return changed;
  }

  /// Sets halves, quarters, ... of every input to 0.
  bool elements() {
    bool changed = false;
    for (std::size_t input = 0; input < best_.inputs.size(); ++input) {
      const auto bytes = static_cast<std::int64_t>(best_.inputs[input].bytes.size());
      const std::int64_t size = info(best_.inputs[input].dtype).bytes;
      for (std::int64_t run = bytes; run >= size; run = run / 2 / size * size) {
        for (std::int64_t at = 0; at < bytes; at += run) {
          changed |= clear(input, at, std::min(at + run, bytes));
        }
      }
    }
    return changed;
  }

  bool clear(std::size_t input, std::int64_t first, std::int64_t last) {
    const auto begin = best_.inputs[input].bytes.begin();
    const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
    if (std::all_of(begin + first, begin + last, is_zero)) return false;
    Case cleared = best_.clone();
    std::fill(cleared.inputs[input].bytes.begin() + first,
              cleared.inputs[input].bytes.begin() + last, std::byte{0});
    return keep(std::move(cleared));
  }

  Case best_;
  const std::function<bool(const Case&)>& fails_;
  int left_;
};

}  // namespace

Case shrink(const Case& failing, const std::function<bool(const Case&)>& fails, int attempts) {
  return Shrinker(failing, fails, attempts).run();
}

}  // namespace sinter::fuzz
