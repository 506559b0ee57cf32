// The iteration space of a kernel: the shape of its outputs with as few axes as its buffers allow.
//
// Each argument walks the space with one stride per axis, 0 where it repeats. Axes of length 1
// disappear; the others come in the order in which the first output lies in memory; two neighbours
// become one where every argument walks them as one.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include <sinter/codegen/schedule.h>
#include <sinter/ir/assert.h>

namespace sinter {
namespace {

/// What transposed blocks may take of the second-level cache, and of the stack.
constexpr std::int64_t kTileBytes = std::int64_t{128} << 10;
/// Elements of two axes that no cache holds.
constexpr std::int64_t kLargePlane = std::int64_t{8} << 20;

/// Which part of a space with a reduction an axis belongs to.
enum class Role : std::uint8_t { outer, group, inner };

struct Axis {
  Role role = Role::outer;
  std::int64_t extent = 1;
  std::vector<std::int64_t> strides;  // [argument]
};

/// An argument as it is stored.
struct Layout {
  Shape shape;
  Strides strides;
};

/// Memory in which every element would be at its own number along `axis`.
Layout counted(const Shape& shape, std::uint64_t axis) {
  Layout layout{shape, {}};
  for (int k = 0; k < shape.rank(); ++k) {
    layout.strides.push_back(static_cast<std::uint64_t>(k) == axis ? 1 : 0);
  }
  return layout;
}

std::vector<Layout> layouts(const Graph& body) {
  std::vector<Layout> arguments;
  for (const GraphInput& input : body.inputs()) {
    const Shape& shape = body.shape(input.node);
    arguments.push_back({shape, input.strides.empty() ? dense_strides(shape) : input.strides});
  }
  for (const GraphOutput& output : body.outputs()) {
    const Shape& shape = body.shape(output.node);
    arguments.push_back({shape, output.strides.empty() ? dense_strides(shape) : output.strides});
  }
  for (const Node& node : body.nodes()) {
    if (node.op == Op::iota) arguments.push_back(counted(body.shape(node.shape), node.payload));
  }
  return arguments;
}

/// Stride along an axis of the space, counted from the last.
std::int64_t stride_from_last(const Layout& layout, int position) {
  const int axis = layout.shape.rank() - 1 - position;
  return axis < 0 || layout.shape[axis] == 1 ? 0 : layout.strides[axis];
}

/// What the reductions of a body reduce, all alike, if there are some.
struct Frame {
  Shape shape;
  int first = 0;  ///< axis that is reduced
  int count = 0;  ///< of such axes

  [[nodiscard]] Role role(int axis) const {
    if (axis < first) return Role::outer;
    return axis < first + count ? Role::group : Role::inner;
  }
};

Frame frame_of(const Graph& body) {
  for (std::uint32_t i = 0; i < body.nodes().size(); ++i) {
    const Node& node = body.node({i});
    if (info(node.op).kind != OpKind::reduction) continue;
    const Dims axes = body.attributes({i}).lists[0];
    return {body.shape(node.operands[0]), static_cast<int>(axes[0]), axes.rank()};
  }
  const Shape& shape = body.shape(body.outputs()[0].node);
  return {shape, shape.rank(), 0};
}

/// The axes whose length is not 1, outermost first, and one for the group at least.
std::vector<Axis> walked_axes(const Frame& frame, const std::vector<Layout>& arguments) {
  const Shape& shape = frame.shape;
  std::vector<Axis> axes;
  bool has_group = frame.count == 0;
  for (int i = 0; i < shape.rank(); ++i) {
    const bool last_of_group = i == frame.first + frame.count - 1;
    if (shape[i] == 1 && (has_group || !last_of_group)) continue;
    has_group = has_group || frame.role(i) == Role::group;
    Axis& axis = axes.emplace_back(Axis{frame.role(i), shape[i], {}});
    for (const Layout& layout : arguments) {
      axis.strides.push_back(stride_from_last(layout, shape.rank() - 1 - i));
    }
  }
  return axes;
}

/// Outermost first by the distance that the first output steps: its elements are next to each other
/// along the last axis, however its axes are permuted. Equal distances keep their order, and so do
/// the axes of a group that is reduced.
void order_by_output(std::vector<Axis>& axes, std::size_t first_output) {
  const auto steps_further = [first_output](const Axis& a, const Axis& b) {
    if (a.role != b.role || a.role == Role::group) return a.role < b.role;
    return std::abs(a.strides[first_output]) > std::abs(b.strides[first_output]);
  };
  for (auto axis = axes.begin(); axis != axes.end(); ++axis) {
    std::rotate(std::upper_bound(axes.begin(), axis, *axis, steps_further), axis, axis + 1);
  }
}

/// Whether every argument walks the two axes as one.
bool continues(const Axis& outer, const Axis& inner) {
  if (outer.role != inner.role) return false;
  return std::ranges::equal(outer.strides, inner.strides,
                            [&inner](std::int64_t outer_stride, std::int64_t stride) {
                              return outer_stride == stride * inner.extent;
                            });
}

std::vector<Axis> merge(std::vector<Axis> axes) {
  std::vector<Axis> merged;
  for (Axis& axis : axes) {
    if (!merged.empty() && continues(merged.back(), axis))
      axis.extent *= merged.back().extent;
    else
      merged.emplace_back();
    merged.back() = std::move(axis);
  }
  return merged;
}

/// The axis of a space of one element: arguments with axes of their own count as walking it, so
/// that a length of 1 needs no other code than longer ones.
Axis single_element(const std::vector<Layout>& arguments, std::size_t inputs) {
  Axis axis;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    axis.strides.push_back(i < inputs && arguments[i].shape.empty() ? 0 : 1);
  }
  return axis;
}

/// Moves the axis along which an input is contiguous next to the last one where that input lies
/// across the rows; returns the side of the blocks in which this space is walked then, 0 for none.
///
/// Large blocks read and write long pieces of memory: 128 by 128 is up to 1.3 times as fast as 64
/// by 64 over large tensors, and no slower within the second-level cache.
std::int64_t tile(std::vector<Axis>& axes, const Graph& body) {
  if (axes.size() < 2) return 0;
  const Axis& inner = axes.back();
  const auto is_across = [&inner](const Axis& axis, std::size_t input) {
    return axis.strides[input] == 1 && inner.strides[input] != 0 && inner.strides[input] != 1;
  };
  for (std::size_t input = 0; input < body.inputs().size(); ++input) {
    const auto rows =
        std::ranges::find_if(axes, [&](const Axis& axis) { return is_across(axis, input); });
    if (rows == axes.end()) continue;
    std::int64_t bytes = 0;
    for (std::size_t other = 0; other < body.inputs().size(); ++other) {
      if (is_across(*rows, other)) bytes += info(body.node(body.inputs()[other].node).dtype).bytes;
    }
    for (const std::int64_t side : {128, 64, 32, 16}) {
      if (rows->extent < side || inner.extent < side) continue;
      if (side > 64 && rows->extent * inner.extent < kLargePlane) continue;
      if (side > 16 && side * side * bytes > kTileBytes) continue;
      std::rotate(rows, rows + 1, axes.end() - 1);
      return side;
    }
  }
  return 0;
}

std::int64_t product(auto begin, auto end) {
  std::int64_t result = 1;
  for (; begin != end; ++begin) result *= *begin;
  return result;
}

}  // namespace

std::int64_t LoopSpace::parallel_extent() const {
  const auto parts = [](std::int64_t extent, std::int64_t size) {
    return (extent + size - 1) / size;
  };
  if (reduced > 0) {
    const std::int64_t outer = product(extents.begin(), extents.end() - reduced - inner);
    if (inner == 0) return outer;
    return outer * product(extents.end() - inner, extents.end() - 1) *
           parts(extents.back(), kColumnBlock);
  }
  if (rank() == 1) return extents[0];
  if (tile == 0) return product(extents.begin(), extents.end() - 1);
  return product(extents.begin(), extents.end() - 2) * parts(*(extents.end() - 2), kStripRows) *
         parts(extents.back(), tile);
}

std::int64_t LoopSpace::inner_extent() const {
  if (reduced > 0) {
    const std::int64_t group = product(extents.end() - inner - reduced, extents.end() - inner);
    const std::int64_t columns = inner == 0 ? 1 : std::min(kColumnBlock, extents.back());
    return std::max<std::int64_t>(group, 1) * columns;  // of nothing comes an identity
  }
  if (tile > 0) return tile * std::min(kStripRows, *(extents.end() - 2));
  return rank() == 1 ? 1 : extents.back();
}

LoopSpace collapse(const Graph& body) {
  SINTER_ASSERT(!body.outputs().empty(), "a kernel has an output");
  const std::vector<Layout> arguments = layouts(body);
  const Frame frame = frame_of(body);
  std::vector<Axis> axes = walked_axes(frame, arguments);
  order_by_output(axes, body.inputs().size());
  axes = merge(std::move(axes));
  if (axes.empty()) axes.push_back(single_element(arguments, body.inputs().size()));
  LoopSpace space;
  if (frame.count == 0) space.tile = tile(axes, body);
  const auto with_role = [&axes](Role role) {
    return static_cast<int>(std::ranges::count(axes, role, &Axis::role));
  };
  space.reduced = with_role(Role::group);
  space.inner = with_role(Role::inner);
  for (const Axis& axis : axes) space.extents.push_back(axis.extent);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    for (const Axis& axis : axes) space.strides.push_back(axis.strides[i]);
  }
  return space;
}

bool should_stream(const Graph& body, const Target& target) {
  std::int64_t bytes = 0;
  for (const GraphOutput& output : body.outputs()) {
    bytes += body.shape(output.node).elements() * info(body.node(output.node).dtype).bytes;
  }
  return bytes > target.streaming_bytes;
}

}  // namespace sinter
