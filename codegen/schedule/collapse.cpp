// The iteration space of a kernel: the shape of its outputs with as few axes as its buffers allow.
//
// Each argument walks the space with one stride per axis, 0 where it is broadcast. Axes of length 1
// are dropped. The others are ordered as the first output lies in memory, and two neighbours are
// merged where every argument walks them as one.
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <vector>

#include <sinter/codegen/schedule.h>
#include <sinter/ir/assert.h>
#include <sinter/ir/rethrow.h>

#include "schedule/placement.h"

namespace sinter {
namespace {

/// The part of the space that an axis belongs to, in the order of the parts; `summed` is K.
enum class Role : std::uint8_t { summed, outer, chunks, group, inner, rows, columns };

struct Axis {
  Role role = Role::outer;
  std::int64_t extent = 1;
  std::vector<std::int64_t> strides;  // [argument]
};

/// Layout of an argument in memory.
struct Layout {
  Shape shape;
  Strides strides;
  bool is_output = false;
};

/// Returns the layout of an iota: as if it were stored in memory, with the element of number i
/// along `axis` at offset i.
Layout counted(const Shape& shape, std::uint64_t axis) {
  Layout layout{shape, {}, false};
  for (int k = 0; k < shape.rank(); ++k) {
    layout.strides.push_back(static_cast<std::uint64_t>(k) == axis ? 1 : 0);
  }
  return layout;
}

/// Returns the layout of an input. Along an axis without elements its stride is 1, never 0:
/// otherwise it would be uniform, and its first element would be loaded.
Layout input_layout(const Shape& shape, const Strides& strides) {
  Layout layout{shape, strides.empty() ? dense_strides(shape) : strides, false};
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == 0) layout.strides[axis] = 1;
  }
  return layout;
}

/// Returns the layout of an output. Without elements it may have any strides, also 0, which would
/// make it uniform: it gets those of a dense one.
Layout output_layout(const Shape& shape, const Strides& strides) {
  const bool dense = strides.empty() || shape.elements() == 0;
  return {shape, dense ? dense_strides(shape) : strides, true};
}

std::vector<Layout> layouts(const Graph& body) {
  std::vector<Layout> arguments;
  for (const GraphInput& input : body.inputs()) {
    arguments.push_back(input_layout(body.shape(input.node), input.strides));
  }
  for (const GraphOutput& output : body.outputs()) {
    arguments.push_back(output_layout(body.shape(output.node), output.strides));
  }
  for (const Node& node : body.nodes()) {
    if (node.op == Op::iota) arguments.push_back(counted(body.shape(node.shape), node.payload));
  }
  return arguments;
}

/// Returns the stride along axis `position` of the space, counted from the last axis.
std::int64_t stride_from_last(const Layout& layout, int position) {
  const int axis = layout.shape.rank() - 1 - position;
  return axis < 0 || layout.shape[axis] == 1 ? 0 : layout.strides[axis];
}

bool is_product(const KernelFrame& frame) { return frame.kind == KernelFrame::Kind::product; }

/// Last reduced axis.
int last_of(const KernelFrame& frame) { return frame.first + frame.count - 1; }

/// Number of chunks in the group.
std::int64_t chunks_in(const KernelFrame& frame) {
  std::int64_t elements = 1;
  for (int axis = frame.first; axis <= last_of(frame); ++axis) elements *= frame.shape[axis];
  return detail::chunks_of(elements, frame.chunk);
}

Role role_of(const KernelFrame& frame, int axis) {
  if (is_product(frame)) {
    constexpr Role kLast[] = {Role::summed, Role::columns, Role::rows};
    const int from_last = frame.shape.rank() - 1 - axis;
    return from_last < 3 ? kLast[from_last] : Role::outer;
  }
  if (axis < frame.first) return Role::outer;
  return axis < frame.first + frame.count ? Role::group : Role::inner;
}

/// Returns the axes whose length is not 1, outermost first. Two exceptions keep axes of length 1:
/// the group has at least one axis, and a product has all of M, N and K.
std::vector<Axis> walked_axes(const KernelFrame& frame, const std::vector<Layout>& arguments) {
  const Shape& shape = frame.shape;
  std::vector<Axis> axes;
  const auto add = [&](Role role, std::int64_t extent, int position, auto&& is_walked) {
    Axis& axis = axes.emplace_back(Axis{role, extent, {}});
    for (const Layout& layout : arguments) {
      const std::int64_t stride = stride_from_last(layout, shape.rank() - 1 - position);
      axis.strides.push_back(is_walked(layout) ? stride : 0);
    }
  };
  bool has_group = frame.count == 0;
  for (int i = 0; i < shape.rank(); ++i) {
    // Only outputs vary with the chunk, by their stride along the last axis of the group.
    if (frame.chunk > 0 && i == frame.first) {
      add(Role::chunks, chunks_in(frame), last_of(frame),
          [](auto& layout) { return layout.is_output; });
    }
    const Role role = role_of(frame, i);
    const bool may_go = is_product(frame) ? role == Role::outer : has_group || i != last_of(frame);
    if (shape[i] == 1 && may_go) continue;
    has_group = has_group || role == Role::group;
    const bool chunked = frame.chunk > 0 && role == Role::group;
    add(role, shape[i], i, [&](auto& layout) { return !chunked || !layout.is_output; });
  }
  return axes;
}

/// Sorts the axes by role, then by the stride of the first output, largest first. So the elements
/// of that output are contiguous along the last axis, however its axes are permuted. Axes with
/// equal strides keep their order, and so do the axes of a reduced group.
void order_by_output(std::vector<Axis>& axes, std::size_t first_output) {
  const auto steps_further = [first_output](const Axis& a, const Axis& b) {
    if (a.role != b.role || a.role == Role::group) return a.role < b.role;
    return std::abs(a.strides[first_output]) > std::abs(b.strides[first_output]);
  };
  for (auto axis = axes.begin(); axis != axes.end(); ++axis) {
    std::rotate(std::upper_bound(axes.begin(), axis, *axis, steps_further), axis, axis + 1);
  }
}

/// True if every argument walks the two axes as one.
bool continues(const Axis& outer, const Axis& inner) {
  const bool into_rows = outer.role == Role::outer && inner.role == Role::rows;
  if (outer.role != inner.role && !into_rows) return false;
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

/// Returns the axis of a space of one element. All arguments but inputs of rank 0 have stride 1
/// along it, so that length 1 shares its code with larger lengths.
Axis single_element(const std::vector<Layout>& arguments, std::size_t inputs) {
  Axis axis;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    axis.strides.push_back(i < inputs && arguments[i].shape.empty() ? 0 : 1);
  }
  return axis;
}

/// Decides whether to transpose. If an input is contiguous along another axis than the last, but
/// varies along the last, moves that axis before the last one and returns the side of the blocks in
/// elements. Else returns 0.
///
/// Large blocks read and write long pieces of memory. Blocks of 128 x 128 were up to 1.3 times as
/// fast as 64 x 64 over large tensors, and no slower within the second-level cache.
std::int64_t tile(std::vector<Axis>& axes, const Graph& body, const CpuModel& model) {
  if (axes.size() < 2) return 0;
  const Axis& inner = axes.back();
  const auto needs_transpose = [&inner](const Axis& axis, std::size_t input) {
    return axis.strides[input] == 1 && inner.strides[input] != 0 && inner.strides[input] != 1;
  };
  for (std::size_t input = 0; input < body.inputs().size(); ++input) {
    const auto rows =
        std::ranges::find_if(axes, [&](const Axis& axis) { return needs_transpose(axis, input); });
    if (rows == axes.end()) continue;
    std::int64_t bytes = 0;
    for (std::size_t other = 0; other < body.inputs().size(); ++other) {
      if (needs_transpose(*rows, other))
        bytes += info(body.node(body.inputs()[other].node).dtype).bytes;
    }
    for (const std::int64_t side : {128, 64, 32, 16}) {
      if (rows->extent < side || inner.extent < side) continue;
      if (side > 64 && rows->extent * inner.extent < model.large_plane) continue;
      if (side > 16 && side * side * bytes > model.block_bytes) continue;
      std::rotate(rows, rows + 1, axes.end() - 1);
      return side;
    }
  }
  return 0;
}

/// Exchanges M and N if the first output is contiguous along M and not along N. Returns true if so.
bool swap_sides(std::vector<Axis>& axes, std::size_t first_output) {
  const auto end = axes.end();
  Axis& rows = *(end - 3);
  Axis& columns = *(end - 2);
  const bool along_rows = rows.strides[first_output] == 1 && columns.strides[first_output] != 1;
  if (!along_rows) return false;
  std::swap(rows.role, columns.role);
  return true;
}

std::int64_t parts(std::int64_t extent, std::int64_t size) { return (extent + size - 1) / size; }

std::int64_t elements(auto begin, auto end) {
  std::int64_t result = 1;
  for (; begin != end; ++begin) result *= *begin;
  return result;
}

}  // namespace

double LoopSpace::multiplications() const {
  double count = product ? 1 : 0;
  for (const std::int64_t extent : extents) count *= static_cast<double>(extent);
  return count;
}

std::int64_t LoopSpace::product_tiles(std::int64_t rows, std::int64_t columns) const {
  const auto matrices = extents.end() - 2;
  return elements(extents.begin() + 1, matrices) * parts(matrices[0], rows) *
         parts(matrices[1], columns);
}

std::int64_t LoopSpace::parallel_extent() const {
  if (product) return product_tiles(kProductRows, column_block);
  if (reduced > 0) {
    const std::int64_t outer = elements(extents.begin(), extents.end() - reduced - inner);
    if (inner == 0) return outer;
    return outer * elements(extents.end() - inner, extents.end() - 1) *
           parts(extents.back(), kColumnBlock);
  }
  if (rank() == 1) return extents[0];
  if (tile == 0) return elements(extents.begin(), extents.end() - 1);
  return elements(extents.begin(), extents.end() - 2) * parts(*(extents.end() - 2), kStripRows) *
         parts(extents.back(), tile);
}

std::int64_t LoopSpace::unreduced_extent() const {
  const auto group_end = extents.end() - inner;
  return elements(extents.begin(), group_end - reduced) * elements(group_end, extents.end());
}

std::int64_t LoopSpace::reduced_extent() const {
  const std::int64_t group = elements(extents.end() - inner - reduced, extents.end() - inner);
  return chunk > 0 ? std::min(group, chunk) : group;
}

std::int64_t LoopSpace::inner_extent() const {
  if (product) {
    return std::min(*(extents.end() - 2), kProductRows) * std::min(extents.back(), column_block);
  }
  if (reduced > 0) {
    const std::int64_t columns = inner == 0 ? 1 : std::min(kColumnBlock, extents.back());
    // An empty group has a result too: the identity.
    return std::max<std::int64_t>(reduced_extent(), 1) * columns;
  }
  if (tile > 0) return tile * std::min(kStripRows, *(extents.end() - 2));
  return rank() == 1 ? 1 : extents.back();
}

LoopSpace collapse(const Graph& body, const CpuModel& model) {
  return collapse(body, frame_of(body), model);
}

LoopSpace collapse(const Graph& body, const KernelFrame& frame, const CpuModel& model) try {
  const std::vector<Layout> arguments = layouts(body);
  std::vector<Axis> axes = walked_axes(frame, arguments);
  LoopSpace space;
  space.product = is_product(frame);
  if (space.product) {
    space.swapped = !frame.reduces_product && swap_sides(axes, body.inputs().size());
    space.column_block = kProductRowBytes / info(frame.accumulator).bytes;
  }
  order_by_output(axes, body.inputs().size());
  axes = merge(std::move(axes));
  if (axes.empty()) axes.push_back(single_element(arguments, body.inputs().size()));
  if (frame.count == 0) space.tile = tile(axes, body, model);
  const auto with_role = [&axes](Role role) {
    return static_cast<int>(std::ranges::count(axes, role, &Axis::role));
  };
  space.chunk = frame.chunk;
  space.reduced = with_role(Role::group);
  space.inner = with_role(Role::inner);
  for (const Axis& axis : axes) space.extents.push_back(axis.extent);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    for (const Axis& axis : axes) space.strides.push_back(axis.strides[i]);
  }
  return space;
} catch (...) {
  detail::rethrow_as_error();
}

namespace {

std::int64_t output_bytes(const Graph& body) {
  std::int64_t bytes = 0;
  for (const GraphOutput& output : body.outputs()) {
    bytes += detail::value_bytes(body, output.node);
  }
  return bytes;
}

}  // namespace

bool should_stream(const Graph& body, const Target& target) {
  return output_bytes(body) > target.model.streaming_bytes;
}

bool should_stream_in_place(const Graph& body, const Target& target) {
  return output_bytes(body) > target.model.in_place_streaming_bytes;
}

}  // namespace sinter
