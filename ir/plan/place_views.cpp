// place_views: transposes, reshapes and slices become views, that is strides and an offset.
//
// Elementwise ops treat all elements alike, so a structural op can move through them towards the
// inputs, where it is a view and costs nothing. It does not move, and its operand is stored, if
// no strides express it (some reshapes), if the move would duplicate many ops, if at least as many
// bytes would be stored at the values where the move ends (a product, say), or if fusion is off.
//
// A concat is the other way round: ops that follow it move into its parts, and the kernels of the
// parts write their results next to each other. A pad is a concat with broadcast numbers.
#include <algorithm>
#include <optional>
#include <unordered_map>
#include <variant>
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
using detail::Restructuring;

constexpr int kMaxMoved = 64;      ///< most ops through which one structural op moves
constexpr int kMaxRecomputed = 4;  ///< most of these ops that have other users, so are duplicated
constexpr int kMaxParts = 16;      ///< most parts of a concat into which the ops after it move

bool computes(Op op) {
  const OpKind kind = info(op).kind;
  return kind == OpKind::primitive || kind == OpKind::composite;
}

/// `value` modulo 2^width, as an integer of `dtype`.
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
  /// One structural op that moves through the ops before it.
  struct Move {
    const Restructuring& op;
    Shape from;                                      ///< shape of its operand
    std::unordered_map<std::uint32_t, NodeId> made;  ///< by node: the op applied to it
    int moved = 0;                                   ///< number of ops passed
    int recomputed = 0;                              ///< number of these that have other users
    std::int64_t stored = 0;  ///< bytes of products and reductions that views would read
  };
  using Moved = std::optional<NodeId>;

  NodeId replace(Graph& to, NodeId id, std::span<const NodeId> operands) {
    const Op op = from_.node(id).op;
    const Shape& shape = from_.shape(id);
    switch (op) {
      case Op::transpose: return walk(to, TransposeAttributes::of(from_, id), shape, operands[0]);
      case Op::reshape: return walk(to, ReshapeAttributes::of(from_, id), shape, operands[0]);
      case Op::slice: return walk(to, SliceAttributes::of(from_, id), shape, operands[0]);
      case Op::pad: return pad(to, PadAttributes::of(from_, id), operands[0], operands[1]);
      case Op::concat:
        return concat(to, operands[0], operands[1], ConcatAttributes::of(from_, id).axis);
      default: return computes(op) ? compute(to, id, operands) : to.copy_node(from_, id, operands);
    }
  }

  // --- Moving towards the inputs -----------------------------------------------------------------

  NodeId walk(Graph& to, const Restructuring& op, const Shape& shape, NodeId x) {
    if (to.shape(x).empty()) return to.value(x).broadcast_to(shape).id();
    Move move{op, to.shape(x), {}};
    const Moved made = moved(to, move, x, false);
    if (made && !stores_more(to, move, x)) {
      return to.shape(*made) == shape ? *made : to.value(*made).broadcast_to(shape).id();
    }
    const Layout dense = detail::dense_layout(to.shape(x));
    // The operand is read as dense memory. An input with strides is copied: the copy is a view of
    // it that is stored.
    if (to.node(x).op == Op::input) x = to.view(x, memory_of(to, x).layout);
    if (to.node(x).op == Op::iota) x = stored_iota(to, x);
    return to.view(x, detail::restructured(op, dense).value());
  }

  /// True if the move does not reduce the bytes that are stored: without it `x` is stored, with it
  /// the values at which it ends.
  static bool stores_more(const Graph& to, const Move& move, NodeId x) {
    return move.moved > 0 && move.stored > 0 && move.stored >= bytes_of(to, x);
  }
  static std::int64_t bytes_of(const Graph& to, NodeId x) {
    return to.shape(x).elements() * info(to.node(x).dtype).bytes;
  }

  /// Applies the moving op to `x` broadcast to `move.from`. The result may have length 1 along axes
  /// that broadcast. Returns nullopt if the op cannot move here. `duplicated` says that other users
  /// compute `x` too.
  Moved moved(Graph& to, Move& move, NodeId x, bool duplicated) {
    if (to.shape(x).empty()) return x;
    if (const auto known = move.made.find(x.index); known != move.made.end()) return known->second;
    const Op op = to.node(x).op;
    const auto* slice = std::get_if<SliceAttributes>(&move.op);
    const auto* reshape = std::get_if<ReshapeAttributes>(&move.op);
    const bool whole = to.shape(x) == move.from;
    Moved made;
    if (op == Op::iota) {
      made = moved_iota(to, move, x);
    } else if (op == Op::concat && slice != nullptr && whole) {
      made = slice_of_part(to, *slice, x);
    } else if (info(op).kind == OpKind::reduction && reshape != nullptr && whole) {
      made = moved_reduction(to, reshape->shape, x);
    } else if (computes(op)) {
      return moved_compute(to, move, x, duplicated || get(shared_, x));
    }
    if (!made && op != Op::iota) made = moved_memory(to, move, x);
    if (made) move.made.emplace(x.index, *made);
    return made;
  }

  /// A reshape to `asked` that removes the reduced axes, kept with length 1, or inserts them,
  /// becomes part of the reduction `x`: it then drops its axes instead of keeping them, or the
  /// reverse.
  static Moved moved_reduction(Graph& to, const Shape& asked, NodeId x) {
    ReductionAttributes reduction = ReductionAttributes::of(to, x);
    if (reduction.chunk > 0) return std::nullopt;
    const Value operand = to.value(to.node(x).operands[0]);
    const detail::Frame frame{operand.shape(), reduction.axes};
    const Shape other = frame.reduced(!reduction.keeps);
    const bool single = reduction.keeps && other.elements() == 1 && asked.elements() == 1 &&
                        other.rank() <= asked.rank();
    if (other != asked && !single) return std::nullopt;
    reduction.keeps = !reduction.keeps;
    return Value::apply(to.node(x).op, std::span(&operand, 1), reduction.generic()).id();
  }

  std::optional<Layout> moved_layout(const Move& move, const Layout& layout) const {
    return detail::restructured(move.op, detail::broadcast(layout, move.from));
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

  /// An iota read in another layout is the sum of the offset and, for each axis, an iota times the
  /// stride.
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

  /// A view reads memory, which an iota does not have. A sum with 0 is a computed value, which a
  /// kernel can store.
  static NodeId stored_iota(Graph& to, NodeId x) {
    return (to.value(x) + to.constant(0, to.node(x).dtype)).id();
  }

  Moved moved_compute(Graph& to, Move& move, NodeId x, bool duplicated) {
    if (!fuses_ || ++move.moved > kMaxMoved) return std::nullopt;
    if (duplicated && ++move.recomputed > kMaxRecomputed) return std::nullopt;
    const Node node = to.node(x);
    std::array<NodeId, kMaxOperands> operands;
    for (std::size_t i = 0; i < node.operand_count; ++i) {
      const Moved made = moved(to, move, node.operands[i], duplicated);
      if (!made) return std::nullopt;
      operands[i] = *made;
    }
    const NodeId made = node.op == Op::broadcast
                            ? operands[0]
                            : to.copy_node(to, x, {operands.data(), node.operand_count});
    move.made.emplace(x.index, made);
    return made;
  }

  /// A slice that takes elements of only one of the two parts of a concat is a slice of that part.
  Moved slice_of_part(Graph& to, const SliceAttributes& slice, NodeId x) {
    const Node node = to.node(x);
    const int axis = ConcatAttributes::of(to, x).axis;
    const std::int64_t seam = to.shape(node.operands[0])[axis];
    if (slice.shape.elements() == 0) return std::nullopt;
    const std::int64_t first = slice.start[axis];
    const std::int64_t last = first + (slice.shape[axis] - 1) * slice.step[axis];
    if ((first < seam) != (last < seam)) return std::nullopt;
    SliceAttributes inside = slice;
    if (first >= seam) inside.start[axis] -= seam;
    return walk(to, inside, slice.shape, node.operands[first < seam ? 0 : 1]);
  }

  // --- Concats -----------------------------------------------------------------------------------

  NodeId concat(Graph& to, NodeId a, NodeId b, int axis) {
    if (to.shape(a)[axis] == 0) return b;
    if (to.shape(b)[axis] == 0) return a;
    const Value operands[] = {to.value(a), to.value(b)};
    const NodeId made = Value::apply(Op::concat, operands, ConcatAttributes{axis}.generic()).id();
    set(parts_, made, std::min(parts(a) + parts(b), kMaxParts + 1));
    return made;
  }

  int parts(NodeId id) const { return std::max(get(parts_, id), 1); }

  NodeId pad(Graph& to, const PadAttributes& counts, NodeId x, NodeId value) {
    for (int axis = 0; axis < to.shape(x).rank(); ++axis) {
      const auto filled = [&](std::int64_t length) {
        Shape shape = to.shape(x);
        shape[axis] = length;
        return to.value(value).broadcast_to(shape).id();
      };
      x = concat(to, filled(counts.low[axis]), x, axis);
      x = concat(to, x, filled(counts.high[axis]), axis);
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

  /// Applies the op to each part of `joined`, one of its operands, with slices of the others, and
  /// concatenates the results.
  NodeId compute_parts(Graph& to, NodeId id, std::span<const NodeId> operands, NodeId joined) {
    const int axis = ConcatAttributes::of(to, joined).axis;
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
    return concat(to, made[0], made[1], axis);
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

  /// `length` elements of `x` from `start` along an axis that is counted from the last one; all of
  /// `x` if it broadcasts along that axis.
  NodeId slice_along(Graph& to, NodeId x, int axis_from_last, std::int64_t start,
                     std::int64_t length) {
    const int axis = to.shape(x).rank() + axis_from_last;
    if (axis < 0 || to.shape(x)[axis] == 1) return x;
    const SliceAttributes part =
        detail::slice_attributes(to.shape(x), axis, start, start + length, 1);
    return walk(to, part, part.shape, x);
  }

  // --- Facts about new nodes ---------------------------------------------------------------------

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
  std::vector<char> shared_;               // by new node: 1 if it has several users
  std::vector<int> parts_;                 // by new node: number of parts of a concat
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
