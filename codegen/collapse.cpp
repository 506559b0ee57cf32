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

struct Axis {
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

/// The axes whose length is not 1, outermost first.
std::vector<Axis> walked_axes(const Shape& shape, const std::vector<Layout>& arguments) {
  std::vector<Axis> axes;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == 1) continue;
    Axis& axis = axes.emplace_back(Axis{shape[i], {}});
    for (const Layout& layout : arguments) {
      axis.strides.push_back(stride_from_last(layout, shape.rank() - 1 - i));
    }
  }
  return axes;
}

/// Outermost first by the distance that the first output steps: its elements are next to each other
/// along the last axis, however its axes are permuted. Equal distances keep their order.
void order_by_output(std::vector<Axis>& axes, std::size_t first_output) {
  const auto steps_further = [first_output](const Axis& a, const Axis& b) {
    return std::abs(a.strides[first_output]) > std::abs(b.strides[first_output]);
  };
  for (auto axis = axes.begin(); axis != axes.end(); ++axis) {
    std::rotate(std::upper_bound(axes.begin(), axis, *axis, steps_further), axis, axis + 1);
  }
}

/// Whether every argument walks the two axes as one.
bool continues(const Axis& outer, const Axis& inner) {
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
  if (rank() == 1) return extents[0];
  if (tile == 0) return product(extents.begin(), extents.end() - 1);
  const auto parts = [](std::int64_t extent, std::int64_t size) {
    return (extent + size - 1) / size;
  };
  return product(extents.begin(), extents.end() - 2) * parts(*(extents.end() - 2), kStripRows) *
         parts(extents.back(), tile);
}

std::int64_t LoopSpace::inner_extent() const {
  if (tile > 0) return tile * std::min(kStripRows, *(extents.end() - 2));
  return rank() == 1 ? 1 : extents.back();
}

LoopSpace collapse(const Graph& body) {
  SINTER_ASSERT(!body.outputs().empty(), "a kernel has an output");
  const std::vector<Layout> arguments = layouts(body);
  std::vector<Axis> axes = walked_axes(body.shape(body.outputs()[0].node), arguments);
  order_by_output(axes, body.inputs().size());
  axes = merge(std::move(axes));
  if (axes.empty()) axes.push_back(single_element(arguments, body.inputs().size()));
  LoopSpace space;
  space.tile = tile(axes, body);
  for (const Axis& axis : axes) space.extents.push_back(axis.extent);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    for (const Axis& axis : axes) space.strides.push_back(axis.strides[i]);
  }
  return space;
}

bool should_stream(const Graph& body, const LoopSpace& space, const Target& target) {
  const std::int64_t elements = product(space.extents.begin(), space.extents.end());
  std::int64_t bytes = 0;
  for (const GraphOutput& output : body.outputs()) {
    bytes += elements * info(body.node(output.node).dtype).bytes;
  }
  return bytes > target.streaming_bytes;
}

}  // namespace sinter
