// Conversions between the generic and the typed forms of attributes. Beside this file, only the
// checks of calls in structure.cpp know which list of an op is which.
#include <sinter/ir/attributes.h>

#include <fmt/format.h>

#include <sinter/ir/assert.h>

#include "graph/infer_call.h"

namespace sinter {
namespace {

/// What a node or its generic attributes hold, without a copy.
struct Parts {
  Parts(const Graph& graph, NodeId id)
      : shape(&graph.shape(id)), first(list(graph, id, 0)), second(list(graph, id, 1)) {}
  explicit Parts(const Attributes& attributes)
      : shape(attributes.shape.has_value() ? &*attributes.shape : nullptr),
        first(attributes.lists[0]),
        second(attributes.lists[1]) {}

  /// List i of a node. Any shape of the graph if the op has no such list.
  static const Dims& list(const Graph& graph, NodeId id, int i) {
    return graph.shape(ShapeId{static_cast<std::uint32_t>(graph.node(id).payload >> (32 * i))});
  }

  const Shape* shape;
  const Dims& first;
  const Dims& second;
};

const Shape& own_shape(const Parts& parts) {
  SINTER_ASSERT(parts.shape != nullptr, "the attributes have a shape");
  return *parts.shape;
}

std::int64_t single(const Dims& list) {
  SINTER_ASSERT(list.rank() == 1, "the list has one entry");
  return list[0];
}

/// True for the forms of the list `keep` that ops.def names.
bool is_keep(const Dims& keep) {
  if (keep.rank() == 2) return keep[0] == 1 && keep[1] >= 1;
  return keep.rank() == 1 && (keep[0] == 0 || keep[0] == 1);
}

TransposeAttributes transpose(const Parts& parts) { return {parts.first}; }
ReshapeAttributes reshape(const Parts& parts) { return {own_shape(parts)}; }
SliceAttributes slice(const Parts& parts) { return {own_shape(parts), parts.first, parts.second}; }
ConcatAttributes concat(const Parts& parts) { return {static_cast<int>(single(parts.first))}; }
PadAttributes pad(const Parts& parts) { return {parts.first, parts.second}; }
ViewAttributes view(const Parts& parts) {
  return {own_shape(parts), Strides(std::span(parts.first)), single(parts.second)};
}
ReductionAttributes reduction(const Parts& parts) {
  const Dims& keep = parts.second;
  SINTER_ASSERT(is_keep(keep), "the list says whether axes are kept");
  return {parts.first, keep[0] == 1, keep.rank() == 2 ? keep[1] : 0};
}

}  // namespace

TransposeAttributes TransposeAttributes::of(const Graph& graph, NodeId id) {
  return transpose({graph, id});
}
TransposeAttributes TransposeAttributes::of(const Attributes& attributes) {
  return transpose(Parts(attributes));
}
Attributes TransposeAttributes::generic() const { return {.lists = {axes}}; }

ReshapeAttributes ReshapeAttributes::of(const Graph& graph, NodeId id) {
  return reshape({graph, id});
}
ReshapeAttributes ReshapeAttributes::of(const Attributes& attributes) {
  return reshape(Parts(attributes));
}
Attributes ReshapeAttributes::generic() const { return {.shape = shape}; }

SliceAttributes SliceAttributes::of(const Graph& graph, NodeId id) { return slice({graph, id}); }
SliceAttributes SliceAttributes::of(const Attributes& attributes) {
  return slice(Parts(attributes));
}
Attributes SliceAttributes::generic() const { return {.shape = shape, .lists = {start, step}}; }

ConcatAttributes ConcatAttributes::of(const Graph& graph, NodeId id) { return concat({graph, id}); }
ConcatAttributes ConcatAttributes::of(const Attributes& attributes) {
  return concat(Parts(attributes));
}
Attributes ConcatAttributes::generic() const { return {.lists = {Dims{axis}}}; }

PadAttributes PadAttributes::of(const Graph& graph, NodeId id) { return pad({graph, id}); }
PadAttributes PadAttributes::of(const Attributes& attributes) { return pad(Parts(attributes)); }
Attributes PadAttributes::generic() const { return {.lists = {low, high}}; }

ViewAttributes ViewAttributes::of(const Graph& graph, NodeId id) { return view({graph, id}); }
ViewAttributes ViewAttributes::of(const Attributes& attributes) { return view(Parts(attributes)); }
Attributes ViewAttributes::generic() const {
  return {.shape = shape, .lists = {strides, Dims{offset}}};
}

ReductionAttributes ReductionAttributes::of(const Graph& graph, NodeId id) {
  return reduction({graph, id});
}
ReductionAttributes ReductionAttributes::of(const Attributes& attributes) {
  return reduction(Parts(attributes));
}
Attributes ReductionAttributes::generic() const {
  Dims keep{keeps ? 1 : 0};
  if (chunk != 0) keep.push_back(chunk);  // a chunk without `keeps` is refused when it is applied
  return {.lists = {axes, keep}};
}

namespace detail {

ReductionAttributes checked_reduction(const OpCall& call, const Attributes& attributes) {
  const auto refuse = [&](const std::string& reason) {
    fail(ErrorCode::shape_mismatch, fmt::format("{}: {}", call.text(), reason));
  };
  const auto& [axes, keep] = attributes.lists;
  if (axes.empty()) refuse("it takes one axis or more");
  if (!is_keep(keep)) {
    refuse(fmt::format("keep is {}, not [0], [1] or [1, elements of a chunk]", to_string(keep)));
  }
  return ReductionAttributes::of(attributes);
}

}  // namespace detail
}  // namespace sinter
