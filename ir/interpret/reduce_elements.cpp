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

/// Accumulates a chunk in lanes, and folds the lanes by halves.
template <typename T, typename F>
T reduce_chunk(F combine, std::span<const Boxed<T>> x, std::int64_t lanes, T identity) {
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
template <typename T, typename F>
T reduce_group(F combine, std::vector<Boxed<T>> x, std::int64_t lanes, T identity) {
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

}  // namespace

TensorData reduce_elements(const Graph& graph, NodeId id, const DenseTensor& from) {
  const Node& node = graph.node(id);
  const Attributes attributes = graph.attributes(id);
  const GroupExtents n = group_extents(*from.shape, attributes.lists[0]);
  const std::int64_t lanes = n.inner == 1 ? reduction_lanes(node.dtype) : 1;
  const std::int64_t given = reduction_chunk(attributes);
  const std::int64_t chunk = given == 0 ? std::max<std::int64_t>(n.group, 1) : given;
  const std::int64_t chunks = chunks_of(n.group, chunk);
  TensorData result = TensorData::zeros(node.dtype, graph.shape(id));
  visit_primitive(
      combiner(node.op), node.dtype, node.dtype, [&]<typename... T>(auto combine, Types<T...>) {
        if constexpr (sizeof...(T) == 2) {
          using Element = std::tuple_element_t<0, std::tuple<T...>>;
          const auto identity = from_bits<Element>(identity_bits(node.op, node.dtype));
          const auto element = [&](std::int64_t at) {
            std::uint64_t bits = 0;
            std::memcpy(&bits, from.data + at * static_cast<std::int64_t>(sizeof(Element)),
                        sizeof(Element));
            return Boxed<Element>{from_bits<Element>(bits)};
          };
          for (std::int64_t to = 0; to < n.outer * chunks * n.inner; ++to) {
            const std::int64_t inner = to % n.inner;
            const std::int64_t outer = to / n.inner / chunks;
            const std::int64_t first = to / n.inner % chunks * chunk;
            std::vector<Boxed<Element>> x;
            for (std::int64_t g = first; g < std::min(n.group, first + chunk); ++g) {
              x.push_back(element((outer * n.group + g) * n.inner + inner));
            }
            const Element total = reduce_group<Element>(
                [&](Element a, Element b) { return static_cast<Element>(combine(a, b)); },
                std::move(x), lanes, identity);
            const std::uint64_t bits = to_bits(total);
            std::memcpy(result.bytes.data() + to * static_cast<std::int64_t>(sizeof(Element)),
                        &bits, sizeof(Element));
          }
        }
      });
  return result;
}

}  // namespace sinter::detail
