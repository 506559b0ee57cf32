// One walk over the nodes of a run, with a bit for each tensor that a node was computed from.
#include "tensor_past.h"

#include <algorithm>
#include <functional>

#include <sinter/ir/gradients.h>

namespace sinter::detail {
namespace {

constexpr std::size_t kWordBits = 64;

void set_bit(std::span<std::uint64_t> mask, std::size_t bit) {
  mask[bit / kWordBits] |= std::uint64_t{1} << (bit % kWordBits);
}

bool is_empty(std::span<const std::uint64_t> mask) {
  return std::ranges::all_of(mask, [](std::uint64_t word) { return word == 0; });
}

}  // namespace

Past::Past(const Graph& graph, std::vector<Source> inputs, std::uint64_t first_age)
    : sources_(std::move(inputs)),
      words_((sources_.size() + graph.outputs().size() + kWordBits - 1) / kWordBits) {
  masks_.reserve(graph.outputs().size() * words_);
  const std::size_t input_count = sources_.size();
  const std::size_t results = graph.outputs().size();
  const std::span<const Node> nodes = graph.nodes();
  std::vector<std::uint64_t> masks(nodes.size() * words_);
  std::size_t result = 0;
  for (std::uint32_t id = 0; id < nodes.size() && result < results; ++id) {
    const std::span own = std::span(masks).subspan(id * words_, words_);
    if (nodes[id].op == Op::input) set_bit(own, nodes[id].payload);
    for (std::size_t i = 0; i < nodes[id].operand_count; ++i) {
      const std::span<const std::uint64_t> operand =
          std::span(masks).subspan(nodes[id].operands[i].index * words_, words_);
      if (!is_empty(operand) && passes_gradient(graph, {id}, i)) {
        std::ranges::transform(own, operand, own.begin(), std::bit_or());
      }
    }
    if (graph.outputs()[result].node.index != id) continue;
    masks_.insert(masks_.end(), own.begin(), own.end());
    set_bit(own, input_count + result);
    sources_.push_back({first_age + result, !is_empty(mask(result))});
    ++result;
  }
}

bool Past::is_led_to(std::size_t result) const { return !is_empty(mask(result)); }

bool Past::may_lead(std::uint64_t age, std::size_t result) const {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if ((mask(result)[i / kWordBits] >> (i % kWordBits) & 1) == 0) continue;
    const Source& source = sources_[i];
    if (source.age == age || (source.computed && source.age > age)) return true;
  }
  return false;
}

}  // namespace sinter::detail
