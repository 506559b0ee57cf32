// One walk over the nodes of a run, with a bit for each tensor that a node was computed from.
#include "tensor_past.h"

#include <algorithm>

#include <sinter/ir/gradients.h>

namespace sinter::detail {
namespace {

constexpr std::size_t kWordBits = 64;

void set_bit(std::uint64_t* mask, std::size_t bit) {
  mask[bit / kWordBits] |= std::uint64_t{1} << (bit % kWordBits);
}

bool is_empty(const std::uint64_t* mask, std::size_t words) {
  return std::all_of(mask, mask + words, [](std::uint64_t word) { return word == 0; });
}

}  // namespace

// Runs after every run of a trace, so it asks for a gradient only where there is a bit to pass on.
Past::Past(const Graph& graph, std::vector<Source> inputs, std::uint64_t first_age)
    : sources_(std::move(inputs)),
      words_((sources_.size() + graph.outputs().size() + kWordBits - 1) / kWordBits) {
  const std::size_t input_count = sources_.size();
  const std::span<const GraphOutput> outputs = graph.outputs();
  const std::span<const Node> nodes = graph.nodes();
  masks_.reserve(outputs.size() * words_);
  std::vector<std::uint64_t> masks(nodes.size() * words_);
  std::size_t result = 0;
  for (std::uint32_t id = 0; id < nodes.size() && result < outputs.size(); ++id) {
    const Node& node = nodes[id];
    std::uint64_t* own = &masks[id * words_];
    if (node.op == Op::input) set_bit(own, node.payload);
    for (std::size_t i = 0; i < node.operand_count; ++i) {
      const std::uint64_t* operand = &masks[node.operands[i].index * words_];
      if (is_empty(operand, words_) || !passes_gradient(graph, {id}, i)) continue;
      for (std::size_t word = 0; word < words_; ++word) own[word] |= operand[word];
    }
    if (outputs[result].node.index != id) continue;
    masks_.insert(masks_.end(), own, own + words_);
    set_bit(own, input_count + result);
    sources_.push_back({first_age + result, is_led_to(result)});
    ++result;
  }
}

bool Past::is_led_to(std::size_t result) const {
  return !is_empty(&masks_[result * words_], words_);
}

bool Past::may_lead(std::uint64_t age, std::size_t result) const {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const std::uint64_t word = masks_[result * words_ + i / kWordBits];
    if ((word >> (i % kWordBits) & 1) == 0) continue;
    const Source& source = sources_[i];
    if (source.age == age || (source.computed && source.age > age)) return true;
  }
  return false;
}

}  // namespace sinter::detail
