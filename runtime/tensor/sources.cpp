// The constructor walks the nodes once, with a bit for each input that a node is computed from.
#include "tensor/sources.h"

namespace sinter::detail {
namespace {

constexpr std::size_t kWordBits = 64;

}  // namespace

Sources::Sources(const Graph& graph, std::span<const std::size_t> input_bytes)
    : input_bytes_(input_bytes.begin(), input_bytes.end()),
      words_((input_bytes.size() + kWordBits - 1) / kWordBits),
      masks_(graph.nodes().size() * words_) {
  const std::span<const Node> nodes = graph.nodes();
  for (std::size_t id = 0; id < nodes.size(); ++id) {
    std::uint64_t* own = masks_.data() + id * words_;
    if (nodes[id].op == Op::input) {
      const std::uint64_t input = nodes[id].payload;
      own[input / kWordBits] |= std::uint64_t{1} << (input % kWordBits);
    }
    for (NodeId operand : nodes[id].inputs()) {
      const std::uint64_t* read = masks_.data() + operand.index * words_;
      for (std::size_t word = 0; word < words_; ++word) own[word] |= read[word];
    }
  }
}

std::size_t Sources::bytes(NodeId id) const {
  std::size_t total = 0;
  for (std::size_t input = 0; input < input_bytes_.size(); ++input) {
    if (reads(id, input)) total += input_bytes_[input];
  }
  return total;
}

bool Sources::reads(NodeId id, std::size_t input) const {
  const std::uint64_t word = masks_[id.index * words_ + input / kWordBits];
  return (word >> (input % kWordBits) & 1) != 0;
}

}  // namespace sinter::detail
