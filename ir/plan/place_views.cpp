// place_views: transposes, reshapes and slices become ways of walking memory.
//
// Elementwise ops do the same to every element, so a structural op moves through them towards the
// inputs, where it is a view: strides and an offset, which cost nothing. It stops, and what it is
// applied to is stored, where no strides say what it does (some reshapes), where it would compute
// much a second time, where as much would be stored at the end of its way (a product, say), or
// where fusion is off. A concat is the other way round: ops behind it move
// into its parts, so that what is stored in the end is what the parts write next to each other. A
// pad is a concat with repeated numbers.
#include <algorithm>
#include <optional>
#include <unordered_map>
#include <vector>

#include <sinter/ir/enum.h>
#include <sinter/ir/passes.h>

#include "graph/layout.h"
#include "passes/rewrite.h"
#include "plan/frame.h"

namespace sinter {
namespace {

using detail::Layout;
using detail::Memory;
using detail::memory_of;

/// Ops that one structural op moves through, and those of them that are computed elsewhere too.
constexpr int kMaxMoved = 64;
constexpr int kMaxRecomputed = 4;
/// Parts into which the ops behind a concat move.
constexpr int kMaxParts = 16;

bool computes(Op op) {
  const OpKind kind = info(op).kind;
  return kind == OpKind::primitive || kind == OpKind::composite;
}

/// The integer that `value` is in `dtype`, modulo its width.
double wrapped(std::int64_t value, DType dtype) {
  switch (dtype) {
    case DType::i8: return static_cast<std::int8_t>(value);
    case DType::u8: return static_cast<std::uint8_t>(value);
    case DType::i16: return static_cast<std::int16_t>(value);
    case DType::i32: return static_cast<std::int32_t>(value);
    default: return static_cast<double>(value);
  }
}

class ViewPlacer {
 public:
  ViewPlacer(const Graph& from, Fuse fuse)
      : from_(from), fuses_(fuse == Fuse::all), uses_(detail::count_uses(from)) {}

  NodeId operator()(Graph& to, NodeId id, std::span<const NodeId> operands) {
    const NodeId made = replace(to, id, operands);
    if (uses_[id.index] > 1) set(shared_, made, char{1});
    return made;
  }

 private:
  /// One structural op on its way through the ops before it.
  struct Move {
    Op op;
    const Attributes& attributes;
    Shape from;  ///< the shape that it is applied to
    std::unordered_map<std::uint32_t, NodeId> made;
    int moved = 0;
    int recomputed = 0;
    std::int64_t stored = 0;  ///< bytes of values that somebody computes, and views would walk
  };
  using Moved = std::optional<NodeId>;

  NodeId replace(Graph& to, NodeId id, std::span<const NodeId> operands) {
    const Op op = from_.node(id).op;
    switch (op) {
      case Op::transpose:
      case Op::reshape:
      case Op::slice: return walk(to, op, from_.attributes(id), from_.shape(id), operands[0]);
      case Op::pad: return pad(to, from_.attributes(id), operands[0], operands[1]);
      case Op::concat: return concat(to, operands[0], operands[1], from_.attributes(id));
      default: return computes(op) ? compute(to, id, operands) : to.copy_node(from_, id, operands);
    }
  }

  // --- Towards the inputs ------------------------------------------------------------------------

  NodeId walk(Graph& to, Op op, const Attributes& attributes, const Shape& shape, NodeId x) {
    if (to.shape(x).empty()) return to.value(x).broadcast_to(shape).id();
    Move move{op, attributes, to.shape(x), {}};
    const Moved made = moved(to, move, x, false);
    if (made && !stores_more(to, move, x)) {
      return to.shape(*made) == shape ? *made : to.value(*made).broadcast_to(shape).id();
    }
    const Layout dense = detail::dense_layout(to.shape(x));
    // Of an input that lies in another order a dense copy: a view of it that is stored.
    if (to.node(x).op == Op::input) x = to.view(x, memory_of(to, x).layout);
    if (to.node(x).op == Op::iota) x = stored_iota(to, x);
    return to.view(x, detail::restructured(op, attributes, dense).value());
  }

  /// Whether the values that would have to be stored where the move ends are no smaller than `x`,
  /// which is stored where it does not begin.
  static bool stores_more(const Graph& to, const Move& move, NodeId x) {
    return move.moved > 0 && move.stored > 0 && move.stored >= bytes_of(to, x);
  }
  static std::int64_t bytes_of(const Graph& to, NodeId x) {
    return to.shape(x).elements() * info(to.node(x).dtype).bytes;
  }

  /// `x`, repeated to the shape that the move began with, under its op; possibly with lengths of 1
  /// where that repeats. `again` where other users compute it too.
  Moved moved(Graph& to, Move& move, NodeId x, bool again) {
    if (to.shape(x).empty()) return x;
    if (const auto known = move.made.find(x.index); known != move.made.end()) return known->second;
    const Op op = to.node(x).op;
    Moved made;
    if (op == Op::iota) {
      made = moved_iota(to, move, x);
    } else if (op == Op::concat && move.op == Op::slice && to.shape(x) == move.from) {
      made = slice_of_part(to, move, x);
    } else if (info(op).kind == OpKind::reduction && move.op == Op::reshape) {
      made = moved_reduction(to, move, x);
    } else if (computes(op)) {
      return moved_compute(to, move, x, again || get(shared_, x));
    }
    if (!made && op != Op::iota) made = moved_memory(to, move, x);
    if (made) move.made.emplace(x.index, *made);
    return made;
  }

  /// A reduction that keeps its axes with length 1, without those, is one that drops them; and the
  /// other way round.
  Moved moved_reduction(Graph& to, const Move& move, NodeId x) {
    if (to.shape(x) != move.from) return std::nullopt;
    Attributes attributes = to.attributes(x);
    if (reduction_chunk(attributes) > 0) return std::nullopt;
    const bool keeps = attributes.lists[1][0] == 1;
    const Value operand = to.value(to.node(x).operands[0]);
    const detail::Frame frame{operand.shape(), attributes.lists[0]};
    const Shape other = frame.reduced(!keeps);
    const Shape& asked = *move.attributes.shape;
    const bool single =
        keeps && other.elements() == 1 && asked.elements() == 1 && other.rank() <= asked.rank();
    if (other != asked && !single) return std::nullopt;
    attributes.lists[1][0] = keeps ? 0 : 1;
    return Value::apply(to.node(x).op, std::span(&operand, 1), attributes).id();
  }

  std::optional<Layout> moved_layout(const Move& move, const Layout& layout) const {
    return detail::restructured(move.op, move.attributes, detail::broadcast(layout, move.from));
  }

  Moved moved_memory(Graph& to, Move& move, NodeId x) {
    const Memory memory = memory_of(to, x);
    const std::optional<Layout> layout = moved_layout(move, memory.layout);
    if (!layout) return std::nullopt;
    const OpKind kind = info(to.node(memory.base).op).kind;
    const bool computed = kind == OpKind::product || kind == OpKind::reduction;
    if (computed) move.stored += bytes_of(to, memory.base);
    if (*layout == memory_of(to, memory.base).layout) return memory.base;
    return to.view(memory.base, detail::without_repetition(*layout));
  }

  /// A layout of counted numbers is a sum of counts, times their strides.
  Moved moved_iota(Graph& to, const Move& move, NodeId x) {
    const Node node = to.node(x);
    Layout counted{to.shape(x), {}, 0};
    for (int axis = 0; axis < counted.shape.rank(); ++axis) {
      counted.strides.push_back(axis == static_cast<int>(node.payload) ? 1 : 0);
    }
    const std::optional<Layout> layout = moved_layout(move, counted);
    if (!layout) return std::nullopt;
    Value sum = to.constant(wrapped(layout->offset, node.dtype), node.dtype);
    const Shape lengths = detail::without_repetition(*layout).shape;
    for (int axis = 0; axis < lengths.rank(); ++axis) {
      if (lengths[axis] == 1) continue;
      Shape along;
      for (int k = 0; k < lengths.rank(); ++k) along.push_back(k == axis ? lengths[k] : 1);
      const Value stride = to.constant(wrapped(layout->strides[axis], node.dtype), node.dtype);
      sum = to.iota(node.dtype, along, axis) * stride + sum;
    }
    return sum.id();
  }

  /// Counted numbers have no memory that a view could be of; a value that is computed has.
  static NodeId stored_iota(Graph& to, NodeId x) {
    return (to.value(x) + to.constant(0, to.node(x).dtype)).id();
  }

  Moved moved_compute(Graph& to, Move& move, NodeId x, bool again) {
    if (!fuses_ || ++move.moved > kMaxMoved) return std::nullopt;
    if (again && ++move.recomputed > kMaxRecomputed) return std::nullopt;
    const Node node = to.node(x);
    std::array<NodeId, kMaxOperands> operands;
    for (std::size_t i = 0; i < node.operand_count; ++i) {
      const Moved made = moved(to, move, node.operands[i], again);
      if (!made) return std::nullopt;
      operands[i] = *made;
    }
    const NodeId made = node.op == Op::broadcast
                            ? operands[0]
                            : to.copy_node(to, x, {operands.data(), node.operand_count});
    move.made.emplace(x.index, made);
    return made;
  }

  /// A slice that lies in one of the two parts of a concat is a slice of that part.
  Moved slice_of_part(Graph& to, const Move& move, NodeId x) {
    const Node node = to.node(x);
    const auto axis = static_cast<int>(to.attributes(x).lists[0][0]);
    const std::int64_t seam = to.shape(node.operands[0])[axis];
    const Shape shape = *move.attributes.shape;
    if (shape.elements() == 0) return std::nullopt;
    const std::int64_t first = move.attributes.lists[0][axis];
    const std::int64_t last = first + (shape[axis] - 1) * move.attributes.lists[1][axis];
    if ((first < seam) != (last < seam)) return std::nullopt;
    Attributes inside = move.attributes;
    if (first >= seam) inside.lists[0][axis] -= seam;
    return walk(to, Op::slice, inside, shape, node.operands[first < seam ? 0 : 1]);
  }

  // --- Concats -----------------------------------------------------------------------------------

  NodeId concat(Graph& to, NodeId a, NodeId b, const Attributes& attributes) {
    const auto axis = static_cast<int>(attributes.lists[0][0]);
    if (to.shape(a)[axis] == 0) return b;
    if (to.shape(b)[axis] == 0) return a;
    const Value operands[] = {to.value(a), to.value(b)};
    const NodeId made = Value::apply(Op::concat, operands, attributes).id();
    set(parts_, made, std::min(parts(a) + parts(b), kMaxParts + 1));
    return made;
  }

  int parts(NodeId id) const { return std::max(get(parts_, id), 1); }

  NodeId pad(Graph& to, const Attributes& attributes, NodeId x, NodeId value) {
    for (int axis = 0; axis < to.shape(x).rank(); ++axis) {
      Attributes along;
      along.lists[0].push_back(axis);
      const auto filled = [&](std::int64_t length) {
        Shape shape = to.shape(x);
        shape[axis] = length;
        return to.value(value).broadcast_to(shape).id();
      };
      x = concat(to, filled(attributes.lists[0][axis]), x, along);
      x = concat(to, x, filled(attributes.lists[1][axis]), along);
    }
    return x;
  }

  NodeId compute(Graph& to, NodeId id, std::span<const NodeId> operands) {
    for (NodeId operand : operands) {
      if (to.node(operand).op != Op::concat || !fuses_ || get(shared_, operand)) continue;
      if (parts(operand) > kMaxParts || to.shape(operand) != from_.shape(id)) continue;
      return compute_parts(to, id, operands, operand);
    }
    return to.copy_node(from_, id, operands);
  }

  /// The op on each part of `joined`, one of its operands, over slices of the others.
  NodeId compute_parts(Graph& to, NodeId id, std::span<const NodeId> operands, NodeId joined) {
    const Attributes attributes = to.attributes(joined);
    const auto axis = static_cast<int>(attributes.lists[0][0]);
    const auto ends = to.node(joined).operands;
    const std::int64_t seam = to.shape(ends[0])[axis];
    std::array<NodeId, 2> made;
    for (std::size_t part = 0; part < 2; ++part) {
      std::array<NodeId, kMaxOperands> inside;
      for (std::size_t i = 0; i < operands.size(); ++i) {
        const std::int64_t start = part == 0 ? 0 : seam;
        inside[i] = operands[i] == joined
                        ? ends[part]
                        : slice_along(to, operands[i], axis - to.shape(joined).rank(), start,
                                      to.shape(ends[part])[axis]);
      }
      made[part] = compute_part(to, id, {inside.data(), operands.size()}, to.shape(ends[part]));
    }
    return concat(to, made[0], made[1], attributes);
  }

  NodeId compute_part(Graph& to, NodeId id, std::span<const NodeId> operands, Shape shape) {
    for (NodeId operand : operands) {
      if (to.node(operand).op == Op::concat && to.shape(operand) == shape &&
          !get(shared_, operand)) {
        return compute_parts(to, id, operands, operand);
      }
    }
    if (from_.node(id).op == Op::broadcast) return to.value(operands[0]).broadcast_to(shape).id();
    return to.copy_node(from_, id, operands);
  }

  /// `length` elements along an axis counted from behind; all of them where `x` repeats.
  NodeId slice_along(Graph& to, NodeId x, int axis_from_last, std::int64_t start,
                     std::int64_t length) {
    const int axis = to.shape(x).rank() + axis_from_last;
    if (axis < 0 || to.shape(x)[axis] == 1) return x;
    const Attributes attributes =
        detail::slice_attributes(to.shape(x), axis, start, start + length, 1);
    return walk(to, Op::slice, attributes, *attributes.shape, x);
  }

  // --- What is known of new nodes ----------------------------------------------------------------

  template <typename T>
  static void set(std::vector<T>& table, NodeId id, T value) {
    if (table.size() <= id.index) table.resize(id.index + 1);
    table[id.index] = value;
  }
  template <typename T>
  static T get(const std::vector<T>& table, NodeId id) {
    return id.index < table.size() ? table[id.index] : T{};
  }

  const Graph& from_;
  const bool fuses_;
  const std::vector<std::uint32_t> uses_;  // by node of `from`
  std::vector<char> shared_;               // by new node: has several users
  std::vector<int> parts_;                 // by new node: of a concat
};

bool has_structure(const Graph& graph) {
  return std::ranges::any_of(
      graph.nodes(), [](const Node& node) { return info(node.op).kind == OpKind::structural; });
}

}  // namespace

Graph place_views(Graph graph, Fuse fuse) {
  detail::check_enum("Fuse", fuse, Fuse::none);
  if (!has_structure(graph)) return graph;
  return simplify(detail::rewrite(graph, ViewPlacer(graph, fuse)));
}

}  // namespace sinter
