// Reductions: copies the elements that make up a result, then reduces them chunk by chunk.
#include "interpret/reduce_elements.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include <sinter/ir/element.h>

#include "graph/primitives.h"

namespace sinter::detail {
namespace {

/// A value of type T. A vector of these is contiguous for bool too, unlike std::vector<bool>.
template <typename T>
struct Boxed {
  T value;
};

/// A combiner of elements. Reductions are compiled once for each type, and call it by its address.
template <typename T>
using Combine = T (*)(T, T);

/// Accumulates a chunk in lanes, and folds the lanes by halves.
template <typename T>
T reduce_chunk(Combine<T> combine, std::span<const Boxed<T>> x, std::int64_t lanes, T identity) {
  std::vector<Boxed<T>> a(static_cast<std::size_t>(lanes), {identity});
  for (std::size_t i = 0; i < x.size(); ++i) {
    Boxed<T>& lane = a[i % a.size()];
    lane.value = combine(lane.value, x[i].value);
  }
  for (std::size_t half = a.size() / 2; half > 0; half /= 2) {
    for (std::size_t j = 0; j < half; ++j) a[j].value = combine(a[j].value, a[j + half].value);
  }
  return a[0].value;
}

/// Reduces the chunks of a group, and their results in the same way, until one result remains.
template <typename T>
T reduce_group(Combine<T> combine, std::vector<Boxed<T>> x, std::int64_t lanes, T identity) {
  const auto chunk = static_cast<std::size_t>(kChunkSteps * lanes);
  do {
    std::vector<Boxed<T>> results;
    const std::span<const Boxed<T>> all(x);
    for (std::size_t from = 0; from < x.size() || from == 0; from += chunk) {
      const auto part = all.subspan(from, std::min(chunk, x.size() - from));
      results.push_back({reduce_chunk(combine, part, lanes, identity)});
    }
    x = std::move(results);
  } while (x.size() > 1);
  return x[0].value;
}

/// The groups of a reduction, and the chunks into which its attributes divide each.
struct Groups {
  GroupExtents extents;
  std::int64_t lanes = 1;
  std::int64_t chunk = 1;
  std::int64_t chunks = 1;
};

/// Reduces every chunk of `from` to an element of `result`.
template <typename T>
void reduce_all(Combine<T> combine, T identity, const Groups& groups, const std::byte* from,
                TensorData& result) {
  const GroupExtents& n = groups.extents;
  for (std::int64_t to = 0; to < n.outer * groups.chunks * n.inner; ++to) {
    const std::int64_t inner = to % n.inner;
    const std::int64_t outer = to / n.inner / groups.chunks;
    const std::int64_t first = to / n.inner % groups.chunks * groups.chunk;
    std::vector<Boxed<T>> x;
    for (std::int64_t g = first; g < std::min(n.group, first + groups.chunk); ++g) {
      const std::int64_t at = (outer * n.group + g) * n.inner + inner;
      std::uint64_t bits = 0;
      std::memcpy(&bits, from + at * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
      x.push_back({from_bits<T>(bits)});
    }
    const std::uint64_t bits = to_bits(reduce_group(combine, std::move(x), groups.lanes, identity));
    std::memcpy(result.bytes.data() + to * static_cast<std::int64_t>(sizeof(T)), &bits, sizeof(T));
  }
}

}  // namespace

TensorData reduce_elements(const Graph& graph, NodeId id, const DenseTensor& from) {
  const Node& node = graph.node(id);
  const auto reduction = ReductionAttributes::of(graph, id);
  Groups groups{.extents = group_extents(*from.shape, reduction.axes)};
  if (groups.extents.inner == 1) groups.lanes = reduction_lanes(node.dtype);
  const bool whole = reduction.chunk == 0;
  groups.chunk = whole ? std::max<std::int64_t>(groups.extents.group, 1) : reduction.chunk;
  groups.chunks = chunks_of(groups.extents.group, groups.chunk);
  TensorData result = TensorData::zeros(node.dtype, graph.shape(id));
  const auto reduce = [&]<typename F, typename... T>(F, Types<T...>) {
    if constexpr (sizeof...(T) == 2) {
      using Element = std::tuple_element_t<0, std::tuple<T...>>;
      reduce_all<Element>([](Element a, Element b) { return static_cast<Element>(F{}(a, b)); },
                          from_bits<Element>(identity_bits(node.op, node.dtype)), groups, from.data,
                          result);
    }
  };
  visit_primitive(combiner(node.op), node.dtype, node.dtype, reduce);
  return result;
}

}  // namespace sinter::detail
